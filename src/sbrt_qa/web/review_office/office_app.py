"""The application of an office: who is signed in, what their grants allow now, set-up first."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, Response

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.office.accounts import OfficeAccount, account_by_key, all_accounts
from sbrt_qa.office.acting import Acting, session_hash
from sbrt_qa.office.granting import grants_of
from sbrt_qa.office.queue_page import make_queue
from sbrt_qa.office.rights import MATRIX, Scope
from sbrt_qa.office.roles import Grant, Right, Role
from sbrt_qa.web.doors import SIGNED_IN
from sbrt_qa.web.page_templates import error_page
from sbrt_qa.web.pages_app import PagesApp
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import READING, ServedAt
from sbrt_qa.web.review_office.kept_head import KeptHead
from sbrt_qa.web.sign_in_throttle import Throttle
from sbrt_qa.web.visits import Visit, see_other
from sbrt_qa.web.working.draft_rows import Drafts
from sbrt_qa.web.working.password_rows import Failures, OneTimeLinks, PasswordRows
from sbrt_qa.web.working.session_rows import Sessions
from sbrt_qa.web.working.working_store import WorkingStore

ADDRESS_KEY: Final = "address key"
SETUP: Final = "setup"
PASSWORD_LINK: Final = "password"  # noqa: S105 - what a link is for

OWN_ACCOUNT: Final = frozenset({"/logout", "/password", "/language"})
"""What also an auditor sends: nothing of the trial changes by it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and the grants that hold at this moment."""

    account: OfficeAccount
    grants: tuple[Grant, ...]

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
    """

    def __init__(
        self,
        place: ServedAt,
        audit: AuditFolder,
        engine: Database,
        store: WorkingStore,
        passwords: Passwords | None = None,
    ) -> None:
        secure = place.secure or bool(place.proxies)
        cookie = "__Host-sbrtqa" if secure else "sbrtqa"
        super().__init__(place, Sessions(store), cookie)
        self.audit, self.engine, self.store = audit, engine, store
        self.passwords = passwords or Passwords(PasswordRows(store))
        self.links = OneTimeLinks(store)
        self.throttle = Throttle(Failures(store))
        self.drafts = Drafts(store)
        make_queue(store.engine)
        self._head = KeptHead(audit.folder, engine)
        self._head.write()
        self._is_set_up = False
        self._addresses = Addresses(_address_key(store))

    def after_form(self) -> None:
        """Let `HEAD` name the last event, for `sbrt-qa verify`."""
        self._head.write()

    def acting(self, visit: Visit) -> Acting:
        """Return who acts by a request, as the records keep it."""
        person: Person = visit.who
        return Acting(person.account.key, now(), session_hash(visit.cookie), visit.number)

    def address_of(self, kind: str, number: int) -> str:
        """Return what stands for a row in an address: 128 bits that nobody guesses."""
        return self._addresses.text(kind, number)

    def number_of(self, kind: str, text: str) -> int | None:
        """Return the row that an address stands for, None for any other text."""
        return self._addresses.number(kind, text)

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
        return None

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

    def allows(self, visit: Visit, right: str) -> bool:
        """Tell whether a right is brought by some grant that holds now."""
        if right == SIGNED_IN:
            return visit.who is not None
        person: Person | None = visit.who
        return person is not None and person.might(Right(right))

    def stranger(self, visit: Visit) -> Response:
        """Lead to sign-in, the same for every address."""
        after = {"next": visit.path} if visit.method == "GET" and visit.path != "/" else {}
        return see_other("/login", **after)


class Addresses:
    """Numbers of rows as texts of 128 bits, and back; only who has the key makes one.

    Parameters
    ----------
    key
        Secret of the installation.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def text(self, kind: str, number: int) -> str:
        """Return the text of a number."""
        mark = self._mac(kind, number.to_bytes(8, "big"))
        return (mark + _mixed(number.to_bytes(8, "big"), self._mac("mix", mark))).hex()

    def number(self, kind: str, text: str) -> int | None:
        """Return the number of a text that we made; None of any other."""
        try:
            held = bytes.fromhex(text) if len(text) == 32 and text.isascii() else b""
        except ValueError:
            held = b""
        if len(held) != 16:
            return None
        plain = _mixed(held[8:], self._mac("mix", held[:8]))
        is_ours = hmac.compare_digest(held[:8], self._mac(kind, plain))
        return int.from_bytes(plain, "big") if is_ours else None

    def _mac(self, kind: str, data: bytes) -> bytes:
        return hmac.new(self._key, kind.encode() + b"\0" + data, hashlib.sha256).digest()[:8]


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _address_key(store: WorkingStore) -> bytes:
    kept = store.setting(ADDRESS_KEY)
    if not kept:
        store.keep_setting(ADDRESS_KEY, secrets.token_hex(32))
        kept = store.setting(ADDRESS_KEY)
    return bytes.fromhex(kept)
