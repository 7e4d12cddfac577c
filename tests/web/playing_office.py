"""A demo office in this process, and somebody who asks it for pages and sends its forms."""

from __future__ import annotations

import asyncio
import atexit
import functools
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from argon2 import PasswordHasher

sys.path.append(str(Path(__file__).parents[1] / "store"))

from entries import case, entry, protocol, reviewed
from test_store import NOW

from sbrt_qa.audit.case_reports import file_hash, relative_path
from sbrt_qa.audit.folder import AuditFolder, AuditSettings, begin, open_audit
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.records import ReviewedCase
from sbrt_qa.audit.store.write import Recorder, add_protocol
from sbrt_qa.audit.times import now
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.office.accounts import OfficeAccount
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.demo_office import play_demo
from sbrt_qa.office.entering import take_in
from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.reports.registry import render_report
from sbrt_qa.review.review import review_case
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import ServedAt, loopback_hosts
from sbrt_qa.web.review_office.office_doors import office_app
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.working.landing_place import LEAST_FREE
from sbrt_qa.web.working.password_rows import PasswordRows
from sbrt_qa.web.working.working_store import WorkingStore

PLAYED = 27
"""Submissions that the demo works on; those after it wait for a reader."""

MAJOR = PLAYED + 1
"""The submission of which a limit is exceeded by far, where there are so many."""

FORM = "application/x-www-form-urlencoded"
SECRET = "quartz lantern meadow 7"  # noqa: S105


@dataclass(frozen=True)
class Page:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def plain(self) -> str:
        """What a page says, without what differs with each request."""
        text = re.sub(r'name="token" value="\w+"', "", self.text)
        return re.sub(r"<code>\w{12}</code>", "", text)


def limits() -> Protocol:
    """Return limits that the liver of the case is beyond."""
    return protocol("2", mean=20, minor=25)


def exceeding() -> ReviewedCase:
    """Return the case against limits that its liver is beyond."""
    doses = CaseDoses(case())
    review = review_case(doses.case, limits(), doses=doses)
    return replace(reviewed("2"), review=review, document=review.to_json())


def _record(audit: AuditFolder, engine: Database, numbers: range) -> None:
    """Record submissions of the two sites in turn, each with its report."""
    known = {one.content_hash: add_protocol(engine, one, NOW) for one in (protocol(), limits())}
    one, cases, major = Recorder(engine, known, "0.1"), (reviewed(),), (exceeding(),)
    page = audit.folder / "one.html"
    if not page.exists():
        found = review_and_gather(case(), protocol(), Asked(bands=False))
        page.write_bytes(render_report("html", found, "en"))
    for number in numbers:
        place = f"S{number % 2 + 1}", f"{number:03}"
        made = entry(*place, content=str(number), cases=major if number == MAJOR else cases)
        code = one.record(replace(made, reports=(file_hash(page),)), NOW).code
        kept = audit.folder / relative_path(code, 1)
        kept.parent.mkdir(parents=True)
        kept.hardlink_to(page)


@functools.cache
def _played() -> tuple[Path, dict[str, OfficeAccount]]:
    """Make, once, the audit whose submissions the demo has worked on; return it with accounts."""
    folder = Path(tempfile.mkdtemp(prefix="played-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    audit = begin(folder / "A", AuditSettings("small"))
    engine = audit.engine()
    _record(audit, engine, range(PLAYED))
    accounts = play_demo(engine, "2026-03-02T08:00:00.000Z").accounts
    engine.dispose()
    return audit.folder, accounts


class PlayingOffice:
    """An office with the accounts and the work of the demo; more submissions than those wait.

    They are of two sites in turn.
    """

    def __init__(self, folder: Path, submissions: int, port: int = 8765) -> None:
        played, accounts = _played()
        self.accounts = dict(accounts)
        audit = open_audit(Path(shutil.copytree(played, folder)))
        self.engine = audit.engine()
        _record(audit, self.engine, range(PLAYED, submissions))
        take_in(self.engine, now())
        self.store = WorkingStore.in_folder(folder)
        self.store.keep_setting(LEAST_FREE, "1")  # however full the disk of this machine is
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        words = Passwords(PasswordRows(self.store), quick)
        place = ServedAt(loopback_hosts(port))
        self.upload = ""
        self.host = f"127.0.0.1:{port}"
        self.app = office_app(place, audit, self.engine, self.store, words)
        self.framed = self.app.framed()
        for account in self.accounts.values():
            words.set(str(account.key), SECRET)

    def somebody(self, code: str) -> Somebody:
        return Somebody(self, self.app.sessions.begin(str(self.accounts[code].key)))

    def case(self, submission: int) -> str:
        return f"/cases/{self.app.address_of('case', submission)}"

    def in_state(self, state: str) -> list[int]:
        with reading(self.engine) as connection:
            every = list(
                connection.scalars(sa.select(t.submissions.c.id).order_by(t.submissions.c.id))
            )
            return [one for one in every if str(standing_in(connection, one).state) == state]

    def close(self) -> None:
        self.app.work.close()
        self.engine.dispose()
        self.store.close()


@dataclass(frozen=True)
class Somebody:
    """A session of an account."""

    office: PlayingOffice
    cookie: str

    def get(self, path: str, language: str = "en") -> Page:
        return asyncio.run(self._ask("GET", path, b"", language))

    def put(self, path: str, body: bytes, method: str = "PUT", kind: str = "") -> Page:
        """Send a body as it is."""
        return asyncio.run(self._ask(method, path, body, "en", kind))

    def post(self, path: str, **fields: str) -> Page:
        return self.send(path, fields)

    def may_read(self, submission: int) -> bool:
        """Open the reading, if that is allowed; return whether it was."""
        return self.post(self.office.case(submission) + "/reading").status == 303

    def send(self, path: str, fields: Mapping[str, str], language: str = "en") -> Page:
        return asyncio.run(self._ask("POST", path, urlencode(fields).encode(), language))

    async def _ask(
        self, method: str, path: str, body: bytes, language: str, kind: str = FORM
    ) -> Page:
        bare, _, query = path.partition("?")
        headers = [
            (b"host", self.office.host.encode()), (b"cookie", f"sbrtqa={self.cookie}".encode()),
            (b"x-form-token", form_token(self.cookie).encode()),
            (b"accept-language", language.encode()),
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
        ]  # fmt: skip
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": bare, "raw_path": bare.encode(),
            "query_string": query.encode(), "root_path": "", "scheme": "http", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        sent: list[Any] = []

        asked: list[bool] = []

        async def receive() -> dict[str, Any]:
            if asked:  # whoever waits for the end of the connection waits
                await asyncio.Event().wait()
            asked.append(True)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.office.framed(scope, receive, send)
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        text = b"".join(one.get("body", b"") for one in sent[1:]).decode("utf-8", "replace")
        return Page(sent[0]["status"], found, text)


def opened(who: Somebody, submission: int) -> str:
    """Open the reading of somebody; return its address."""
    page = who.post(who.office.case(submission) + "/reading")
    assert page.status == 303
    return page.location


def agreed(form: Page, grade: str) -> dict[str, str]:
    """Return the fields that agree with every item, and answer and grade."""
    fields = {"g.v": grade, "step": "sign"}
    said = r'name="([iq]\d+)\.v"><option value="">[^<]*</option><option value="([^"]+)"'
    for name, value in re.findall(said, form.text):
        fields[f"{name}.v"] = html.unescape(value)
    return fields


def challenge(dialog: Page) -> str:
    found = re.search(r'name="challenge" value="([^"]+)"', dialog.text)
    assert found, dialog.text
    return found[1]


def ready(who: Somebody, submission: int, grade: str = "accepted") -> tuple[str, str]:
    """Fill a reading and ask to sign it; return its address and the token to sign with."""
    path = opened(who, submission)
    saved = who.send(path, agreed(who.get(path), grade))
    assert saved.location == f"{path}/sign", saved.text
    return path, challenge(who.post(f"{path}/sign"))
