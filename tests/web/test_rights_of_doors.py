"""Every address of an office for every role: the matrix is made from the table of doors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.audit.times import now
from sbrt_qa.office.accounts import add_account, found_office
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.granting import grant_role
from sbrt_qa.office.rights import MATRIX, Scope
from sbrt_qa.office.roles import OF_A_SITE, ROLES, Right, Role
from sbrt_qa.web.desk.desk_app import DeskApp
from sbrt_qa.web.doors import ANYONE, SIGNED_IN, Door
from sbrt_qa.web.pages_app import COMMON
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import ServedAt, loopback_hosts
from sbrt_qa.web.review_office.office_doors import DOORS, office_app
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.working.password_rows import PasswordRows
from sbrt_qa.web.working.working_store import WorkingStore

HOST = "127.0.0.1:8765"
LOOKED_UP = re.compile(r"\{\w+\}")


class Office:
    """An office in this process with an account of every role."""

    def __init__(self, folder: Path) -> None:
        audit = begin(folder, AuditSettings("trial"))
        self.engine = audit.engine()
        self.store = WorkingStore.in_folder(folder)
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        where = ServedAt(loopback_hosts(8765))
        words = Passwords(PasswordRows(self.store), quick)
        self.app = office_app(where, audit, self.engine, self.store, words)
        self.framed = self.app.framed()
        first = found_office(self.engine, "first", "First Admin", now())
        self.keys = {Role.ADMIN: first.key}
        for role in ROLES:
            if role is Role.ADMIN:
                continue
            by = Acting(first.key, now())
            code = role.value.replace(" ", "-")
            made = add_account(self.engine, by, code, f"One {role.value.title()}")
            site = "A01" if role in OF_A_SITE else "*"
            grant_role(self.engine, by, made.key, role, site=site)
            self.keys[role] = made.key

    def ask(self, method: str, path: str, role: Role | None) -> tuple[int, str]:
        """Ask as an account of a role, with the token that its pages would hold."""
        cookie = self.app.sessions.begin(str(self.keys[role])) if role else ""
        return asyncio.run(self._ask(method, path, cookie))

    async def _ask(self, method: str, path: str, cookie: str) -> tuple[int, str]:
        headers = [(b"host", HOST.encode())]
        if cookie:
            headers += [
                (b"cookie", f"sbrtqa={cookie}".encode()),
                (b"x-form-token", form_token(cookie).encode()),
            ]
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.framed(scope, receive, send)
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return int(sent[0]["status"]), found.get("location", "")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("matrix") / "audit")
    yield made
    made.engine.dispose()
    made.store.close()


def test_every_door_declares_a_right() -> None:
    known = {ANYONE, SIGNED_IN, *(right.value for right in Right)}
    for door in (*COMMON, *DOORS, *DeskApp.doors):
        assert door.right in known, door
    with pytest.raises(ValueError, match="declares no right"):
        Door("GET", "/new", "", lambda _app, _visit: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("door", DOORS, ids=lambda d: f"{d.method} {d.path}")
def test_case_s3__each_door_opens_for_its_right_alone(office: Office, door: Door) -> None:
    path = LOOKED_UP.sub("0" * 32, door.path)
    status, location = office.ask(door.method, path, None)
    if door.right != ANYONE:
        # without a session there is no token either: what changes something is refused
        assert status == (403 if door.method != "GET" else 303)
        assert door.method != "GET" or location.startswith("/login")
    for role in ROLES:
        status, location = office.ask(door.method, path, role)
        if door.right in (ANYONE, SIGNED_IN):
            continue
        brings = MATRIX[Right(door.right)].get(role, Scope.NO) is not Scope.NO
        if role is Role.AUDITOR and door.method != "GET":
            assert status == 403, role  # case S34
        elif not brings:
            assert status == 404, role
        else:
            assert (status in (200, 303, 400, 422)) or "{" in door.path, role
            assert not location.startswith("/login")


def test_case_s34__an_auditor_changes_nothing(office: Office) -> None:
    own = ("/logout", "/password", "/second-factor", "/login", "/setup")
    for door in DOORS:
        if door.method != "GET" and door.path not in own:
            path = LOOKED_UP.sub("0" * 32, door.path)
            assert office.ask(door.method, path, Role.AUDITOR)[0] == 403


def test_case_s4__numbers_in_addresses_are_not_guessed(office: Office) -> None:
    app = office.app
    made = app.address_of("case", 7)
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert app.number_of("case", made) == 7
    assert app.number_of("thread", made) is None
    assert app.address_of("case", 8)[:8] != made[:8]
    for other in ("7", "", "0" * 32, made[:-1] + ("0" if made[-1] != "0" else "1"), "é" * 32):
        assert app.number_of("case", other) is None
