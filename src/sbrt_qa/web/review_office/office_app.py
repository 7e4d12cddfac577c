"""The application of an office: who is signed in, what their grants allow now, set-up first."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.store.access_log import Access, AccessLog
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.times import now
from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.intake.landing import Landed
from sbrt_qa.office.accounts import OfficeAccount, account_by_key, all_accounts
from sbrt_qa.office.acting import Acting, session_hash
from sbrt_qa.office.granting import grants_of
from sbrt_qa.office.looked_at import code_of, tell_access_head
from sbrt_qa.office.queue_page import make_queue
from sbrt_qa.office.rights import MATRIX, Scope
from sbrt_qa.office.roles import Grant, Right, Role
from sbrt_qa.office.security_events import tell_slowed
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.web.desk.desk_checks import DeskCheck
from sbrt_qa.web.doors import SIGNED_IN, Door
from sbrt_qa.web.identity.identity_provider import IdentityProvider
from sbrt_qa.web.instance_key import InstanceKey, key_path
from sbrt_qa.web.page_templates import error_page, shown
from sbrt_qa.web.pages_app import PagesApp
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import READING, ServedAt
from sbrt_qa.web.review_office.access_writer import AccessWriter
from sbrt_qa.web.review_office.image_packs import ImagePacks
from sbrt_qa.web.review_office.intake_place import RELEASED_FOLDER
from sbrt_qa.web.review_office.intake_work import Intake, IntakeWork, SentBy
from sbrt_qa.web.review_office.kept_head import KeptHead
from sbrt_qa.web.review_office.release_work import ReleasePlace
from sbrt_qa.web.review_office.row_addresses import Addresses
from sbrt_qa.web.sign_in_throttle import Throttle
from sbrt_qa.web.visits import PageError, Visit, page_of, see_other
from sbrt_qa.web.working.draft_rows import Drafts
from sbrt_qa.web.working.identity_rows import Identities, IdentityProofs, IdentityVisits
from sbrt_qa.web.working.landing_place import landing_of
from sbrt_qa.web.working.password_rows import Failures, OneTimeLinks, PasswordRows
from sbrt_qa.web.working.second_factor_rows import SecondFactors
from sbrt_qa.web.working.session_rows import OpenSession, Sessions
from sbrt_qa.web.working.token_rows import SiteToken, SiteTokens
from sbrt_qa.web.working.upload_rows import ChunkedUpload, Uploads
from sbrt_qa.web.working.working_store import WorkingStore

ADDRESS_KEY: Final = "address key"
SETUP: Final = "setup"
PASSWORD_LINK: Final = "password"  # noqa: S105 - what a link is for

AT_ONCE: Final[Mapping[str, str]] = {
    Right.DOWNLOAD: "download", Right.EXPORT: "export", Right.VIEW_PHI: "view PHI",
}  # fmt: skip
"""Rights whose pages are written down before they leave, and as what."""

MOST_PARTS_TOLD: Final = 100_000

ACCESS_TOLD_SECONDS: Final = 3600.0

SECOND_FACTOR: Final = "/second-factor"
IDENTITY: Final = "/identity"
SECOND: Final = "second"
"""What a link is for by which a code follows a right password."""

SECOND_ROLES_SECONDS: Final = 30.0
"""How long it is believed which roles need an authenticator."""

WITHOUT_SECOND: Final = frozenset({SECOND_FACTOR, "/logout", "/password", "/login"})
"""Where somebody gets without the authenticator that their role needs."""

OWN_ACCOUNT: Final = frozenset({"/logout", "/password", "/language", SECOND_FACTOR})
"""What also an auditor sends: nothing of the trial changes by it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and the grants that hold at this moment."""

    account: OfficeAccount
    grants: tuple[Grant, ...]
    token: SiteToken | None = None
    """With which a program came in place of a session; it uploads for one site and nothing else."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles that hold, each once."""
        return tuple(dict.fromkeys(grant.role for grant in self.grants))

    @property
    def only_looks(self) -> bool:
        """Whether this is an auditor, who changes nothing."""
        return bool(self.roles) and set(self.roles) == {Role.AUDITOR}

    def might(self, right: Right) -> bool:
        """Tell whether some role brings a right at all; the case decides the rest."""
        return any(MATRIX[right].get(role, Scope.NO) is not Scope.NO for role in self.roles)


class OfficeApp(PagesApp):
    """The pages of one audit.

    Parameters
    ----------
    audit, engine
        The folder and its records.
    store
        Working state.
    submissions
        Folders where the files of submissions lie besides those that were sent to the office.
    """

    def __init__(
        self,
        place: ServedAt,
        audit: AuditFolder,
        engine: Database,
        store: WorkingStore,
        passwords: Passwords | None = None,
        database: str = "",
        submissions: Sequence[Path] = (),
    ) -> None:
        secure = place.secure or bool(place.proxies)
        cookie = "__Host-sbrtqa" if secure else "sbrtqa"
        super().__init__(place, Sessions(store), cookie)
        self.audit, self.engine, self.store = audit, engine, store
        self.passwords = passwords or Passwords(PasswordRows(store))
        self.links = OneTimeLinks(store)
        self.throttle = Throttle(Failures(store))
        self.drafts = Drafts(store)
        self.second = SecondFactors(store, InstanceKey(key_path(audit.folder)))
        self.identity: IdentityProvider | None = None
        self.identities = Identities(store)
        self.identity_visits, self.identity_proofs = IdentityVisits(store), IdentityProofs(store)
        self._look_at_second_roles()
        make_queue(store.engine)
        self.vault = landing_of(audit.folder, store)
        self.checks = Intake(self.vault.root)
        self.checks.settle()
        releases = ReleasePlace(audit, engine, database, store, self.vault)
        self.work = IntakeWork(self.checks, releases)
        self.uploads = Uploads(store, self.vault.root / "uploads")
        self.tokens = SiteTokens(store)
        self.changing, self.finishing = threading.RLock(), threading.RLock()
        self.images = ImagePacks(audit.folder, (self.vault.root / RELEASED_FOLDER, *submissions))
        self._head = KeptHead(audit.folder, engine)
        self._head.write()
        self.access = AccessWriter(access_log(audit, store), self._after_access)
        self._access_told = time.monotonic()
        self._subjects: dict[tuple[str, int], str] = {}
        self._parts_told: set[tuple[str, str, str]] = set()
        self._is_set_up = False
        key = _address_key(store)
        self._addresses = Addresses(key)
        self.coding_key = hmac.new(key, b"codes for statisticians", hashlib.sha256).digest()

    def after_form(self) -> None:
        """Let `HEAD` name the last event, for `sbrt-qa verify`."""
        self._head.write()

    def looked_at(self, visit: Visit, door: Door) -> None:
        """Write down who looks at what; a download or export before it leaves."""
        person: Person | None = visit.who
        if person is None:
            return
        if door.is_part and not self._is_first_part(visit):
            return
        action = AT_ONCE.get(door.right, "download" if visit.asked("keep") else "read")
        seen = Access(
            now(), person.account.code, session_hash(visit.cookie), visit.number, action, door.path,
            self._subject(visit),
        )  # fmt: skip
        if action != "read":
            self.access.at_once(seen)
        else:
            self.access.soon(seen)

    def _is_first_part(self, visit: Visit) -> bool:
        """Tell whether a session looks at parts of a case for the first time in this hour."""
        part = session_hash(visit.cookie), visit.places.get("case", ""), now()[:13]
        if part in self._parts_told:
            return False
        if len(self._parts_told) >= MOST_PARTS_TOLD:
            self._parts_told.clear()
        self._parts_told.add(part)
        return True

    def _subject(self, visit: Visit) -> str:
        """Return the code of the submission that an address is about; empty where it is of none."""
        for kind in ("case", "reading"):
            number = self.number_of(kind, visit.places.get(kind, ""))
            if number is not None:
                key = kind, number
                if key not in self._subjects:
                    self._subjects[key] = code_of(self.engine, kind, number)
                return self._subjects[key]
        return ""

    def _after_access(self) -> None:
        """Tell the records the end of the access log, once an hour."""
        if time.monotonic() - self._access_told < ACCESS_TOLD_SECONDS:
            return
        self._access_told = time.monotonic()
        seq, digest = self.access.log.head()
        with suppress(SbrtQaError):
            tell_access_head(self.engine, now(), seq, digest)
            self._head.write()

    def acting(self, visit: Visit) -> Acting:
        """Return who acts by a request, as the records keep it."""
        person: Person = visit.who
        key = visit.cookie if person.token is None else f"token {person.token.id}"
        return Acting(person.account.key, now(), session_hash(key), visit.number)

    def address_of(self, kind: str, number: int) -> str:
        """Return what stands for a row in an address: 128 bits that nobody guesses."""
        return self._addresses.text(kind, number)

    def number_of(self, kind: str, text: str) -> int | None:
        """Return the row that an address stands for, None for any other text."""
        return self._addresses.number(kind, text)

    # --- what sites send -------------------------------------------------------------------------

    def upload(self, visit: Visit) -> DeskCheck:
        """Return the upload that an address names, to who began it.

        Raises
        ------
        PageError
            There is no such upload, or somebody else began it.
        """
        check = self.checks.find(visit.places["upload"])
        owner = None if check is None else self.checks.owner(check)
        person: Person = visit.who
        if check is None or owner is None or owner.account != person.account.key:
            raise PageError(HTTPStatus.NOT_FOUND)
        return check

    def look_at_landed(self, upload: ChunkedUpload, landed: Sequence[Landed]) -> str:
        """Begin to look at the files of an upload that landed; return the id of what is shown."""
        check = self.checks.begin()
        self.checks.keep_owner(check, SentBy(upload.account, upload.site, upload.subject))
        check = self.checks.take_landed(check, upload.manifest, landed)
        self.work.look(check)
        return check.id

    def owner_of(self, check: DeskCheck) -> SentBy:
        """Return whose an upload is.

        Raises
        ------
        PageError
            Nobody began it.
        """
        owner = self.checks.owner(check)
        if owner is None:
            raise PageError(HTTPStatus.NOT_FOUND)
        return owner

    # --- who comes through -----------------------------------------------------------------------

    @property
    def is_set_up(self) -> bool:
        """Whether the office has an account; once it has, it always has."""
        self._is_set_up = self._is_set_up or bool(all_accounts(self.engine))
        return self._is_set_up

    def before(self, visit: Visit) -> Response | None:
        """Lead everybody to set-up until there is an account; and let an auditor only look."""
        if not self.is_set_up:
            return None if visit.path == "/setup" else see_other("/setup")
        person: Person | None = visit.who
        changes = visit.method not in READING and visit.path not in OWN_ACCOUNT
        if person is not None and person.only_looks and changes:
            page = error_page(HTTPStatus.FORBIDDEN, visit.number, visit.language)
            return HTMLResponse(page, HTTPStatus.FORBIDDEN)
        if person is not None and visit.path not in WITHOUT_SECOND and self.needs_second(person):
            return see_other(SECOND_FACTOR)
        return None

    def needs_second(self, person: Person) -> bool:
        """Tell whether a role of somebody needs an authenticator that is not there."""
        if time.monotonic() - self._roles_looked > SECOND_ROLES_SECONDS:
            self._look_at_second_roles()
        asked, key = self._second_roles.intersection(person.roles), str(person.account.key)
        return bool(asked) and not (self.second.is_on(key) or self._asked_elsewhere(key))

    def _asked_elsewhere(self, account: str) -> bool:
        """Tell whether somebody signs in by a service that asks for a second proof itself."""
        asks = self.identity is not None and self.identity.settings.asks_second
        return asks and not self.passwords.has(account) and self.knows_elsewhere(account)

    def failed(self, code: str, visit: Visit) -> None:
        """Count a wrong try; the first that makes an account wait is an event of the records."""
        if self.throttle.failed(code, visit.known.address):
            with suppress(SbrtQaError):
                tell_slowed(self.engine, code, now())

    def knows_elsewhere(self, account: str) -> bool:
        """Tell whether the identity service knows the owner of an account."""
        service = self.identity
        return service is not None and self.identities.has(service.settings.issuer, account)

    def options_changed(self) -> None:
        """Take notice of an option that was set, where what it says is believed for a while."""
        self._look_at_second_roles()

    def _look_at_second_roles(self) -> None:
        self._second_roles = frozenset(options_of(self.engine).second_factor_roles)
        self._roles_looked = time.monotonic()

    def known(self, visit: Visit) -> Visit:
        """Find out who asks; a locked account has no session any more."""
        if visit.session is None:
            return visit
        try:
            account = account_by_key(self.engine, int(visit.session.account))
        except (UsageError, ValueError):
            account = None
        if account is None or account.locked:
            self.sessions.end(visit.cookie)
            return replace(visit, session=None)
        at = now()
        holding = tuple(g for g in grants_of(self.engine, account.key) if g.holds(at))
        return replace(visit, who=Person(account, holding))

    def by_token(self, visit: Visit, token: str) -> Visit:
        """Find out for which site a program uploads; a locked account's token does not hold."""
        held = self.tokens.of(token)
        if held is None:
            return visit
        try:
            account = account_by_key(self.engine, held.account)
        except UsageError:
            return visit
        if account.locked:
            return visit
        at = now()
        grants = tuple(g for g in grants_of(self.engine, account.key) if g.holds(at))
        session = OpenSession(str(account.key), f"token {held.id}", held.made)
        return replace(visit, session=session, who=Person(account, grants, held))

    def allows(self, visit: Visit, right: str) -> bool:
        """Tell whether a right is brought by some grant that holds now."""
        person: Person | None = visit.who
        if right == SIGNED_IN:
            return person is not None and person.token is None
        if person is not None and person.token is not None and right != Right.UPLOAD:
            return False
        return person is not None and person.might(Right(right))

    def ended(self, visit: Visit) -> Response:
        """Say that nobody is signed in, and lead to sign-in; before set-up only refuse."""
        if not self.is_set_up:
            return super().ended(visit)
        again = urlencode({"next": page_of(visit.path)})
        return shown(visit, "office_ended.j2", HTTPStatus.FORBIDDEN, again=again)

    def stranger(self, visit: Visit) -> Response:
        """Lead to sign-in, the same for every address."""
        after = {"next": visit.path} if visit.method == "GET" and visit.path != "/" else {}
        return see_other("/login", **after)


def access_log(audit: AuditFolder, store: WorkingStore) -> AccessLog:
    """Open the access log of an audit: a file beside the records, or a schema beside theirs."""
    if store.engine.dialect.name == "sqlite":
        return AccessLog.in_folder(audit.folder)
    return AccessLog.in_database(store.engine.url.render_as_string(hide_password=False))


def _address_key(store: WorkingStore) -> bytes:
    kept = store.setting(ADDRESS_KEY)
    if not kept:
        store.keep_setting(ADDRESS_KEY, secrets.token_hex(32))
        kept = store.setting(ADDRESS_KEY)
    return bytes.fromhex(kept)
