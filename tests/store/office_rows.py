"""A small office at work on a store that holds reviews: every table of it gets rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from entries import entry
from test_store import NOW, recorder

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import open_engine, reading
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.office.accounts import add_account, found_office, lock_account, unlock_account
from sbrt_qa.office.acting import Acting, session_hash
from sbrt_qa.office.assigning import ADJUDICATOR, assign, end_assignment, plan_review, set_due
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.checklist import set_checklist
from sbrt_qa.office.closing_steps import reopen
from sbrt_qa.office.conflicts import declare_conflict, end_conflict
from sbrt_qa.office.entering import name_sender, take_in
from sbrt_qa.office.granting import (
    confirm_grant,
    end_grant,
    grant_role,
)
from sbrt_qa.office.reader_forms import Judgement, comment, judge, open_reading, reading_form
from sbrt_qa.office.roles import Role
from sbrt_qa.office.signing import (
    FreshProof,
    SignatureRow,
    begin_signing,
    sign,
    signing_view,
)
from sbrt_qa.office.threads import answer_thread, ask_site, close_thread
from sbrt_qa.office.trial_options import set_option

AT = "2026-03-02T10:00:00.000Z"


@dataclass(frozen=True)
class SmallOffice:
    """Accounts of an office by what they are; two admins, a coordinator, readers, a site."""

    engine: sa.Engine
    keys: dict[str, int]

    def by(self, who: str, at: str = AT, session: str = "") -> Acting:
        """Return an account at work; each in a session of its own."""
        return Acting(self.keys[who], at, session_hash(session or who), "1")


PEOPLE = (
    ("second", Role.ADMIN, "*"), ("coordinator", Role.COORDINATOR, "*"),
    ("reader1", Role.REVIEWER, "*"), ("reader2", Role.REVIEWER, "*"),
    ("reader3", Role.REVIEWER, "*"), ("judge", Role.ADJUDICATOR, "*"),
    ("physicist", Role.PHYSICIST, "S1 S2"), ("submitter", Role.SUBMITTER, "S1 S2"),
    ("statistician", Role.STATISTICIAN, "*"), ("auditor", Role.AUDITOR, "*"),
)  # fmt: skip


def small_office(engine: sa.Engine, at: str = AT) -> SmallOffice:
    """Found an office with one account of each role."""
    keys = {"admin": found_office(engine, "admin", "Ada Min", at).key}
    office = SmallOffice(engine, keys)
    for code, role, site in PEOPLE:
        made = add_account(engine, office.by("admin", at), code, f"{code.title()} Person")
        keys[code] = made.key
        for one in site.split():
            grant_role(engine, office.by("admin", at), made.key, role, site=one)
    return office


def office_of_three(engine: sa.Engine) -> SmallOffice:
    """Found an office with a checklist, on three submissions of two sites."""
    upgrade(engine)
    for number, place in enumerate((("S1", "001"), ("S1", "002"), ("S2", "001"))):
        recorder(engine).record(entry(*place, content=str(number)), NOW)
    office = small_office(engine)
    set_checklist(engine, office.by("coordinator"), {"Liver": ["cranial"]})
    return office


def kept(path: Path, make: Callable[[sa.Engine], SmallOffice]) -> tuple[Path, dict[str, int]]:
    """Make an office in a file that can be copied, and return it with the keys of its accounts."""
    engine = open_engine(f"sqlite:///{path}")
    office = make(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path, office.keys


@contextmanager
def copied(office: tuple[Path, dict[str, int]], path: Path) -> Iterator[SmallOffice]:
    """Give a copy of an office."""
    engine = open_engine(f"sqlite:///{shutil.copy(office[0], path)}")
    yield SmallOffice(engine, office[1])
    engine.dispose()


def state(office: SmallOffice, submission: int) -> str:
    with reading(office.engine) as connection:
        return str(standing_in(connection, submission).state)


def answered(
    office: SmallOffice, who: str, submission: int, grade: str = "accepted", at: str = AT
) -> int:
    """Open a reading and agree with everything; return its key."""
    by = office.by(who, at)
    key = open_reading(office.engine, by, submission)
    form = reading_form(office.engine, by, key)
    said = [
        Judgement("engine", one.item.key, one.item.engine) for one in form.items if one.item.asked
    ]
    said += [Judgement("contour", one.key, "acceptable") for one in form.questions if one.asked]
    judge(office.engine, by, key, [*said, Judgement("grade", "grade", grade)])
    return key


def signed(office: SmallOffice, who: str, key: int, meaning: str = "physics") -> SignatureRow:
    """Sign a reading as it stands."""
    by = office.by(who)
    view = signing_view(office.engine, by, key, meaning)
    token = begin_signing(office.engine, by, key, meaning, view.sha256)
    proof = FreshProof(by.account, "password", AT)
    return sign(office.engine, by, key, token, proof, "2026-03-02T11:00:00+01:00")


def override(office: SmallOffice, who: str, key: int, verdict: str = "major") -> str:
    """Override the first item that is asked; return its key."""
    by = office.by(who)
    form = reading_form(office.engine, by, key)
    item = next(one.item for one in form.items if one.item.asked and one.item.engine != verdict)
    words = "the contour is cut off at the last slice"
    judge(office.engine, by, key, [Judgement("engine", item.key, verdict, "other", words)])
    return item.key


def fill_office(engine: sa.Engine) -> SmallOffice:
    """Put at least two rows into every table of the office, as the program itself does."""
    office = small_office(engine)
    take_in(engine, AT)
    fill_office_at(office)
    return office


def fill_office_at(office: SmallOffice) -> None:
    """Do everything once or twice that an office does; its submissions are taken in."""
    engine = office.engine
    admin, coordinator = office.by("admin"), office.by("coordinator")
    for word in ("pool", "sites_see_verdict"):
        set_option(engine, admin, word, value=True, reason="agreed")
    for who in ("statistician", "auditor"):
        made = grant_role(engine, admin, office.keys[who], Role.UNBLINDING)
        confirm_grant(engine, office.by("second"), made.id)
        end_grant(engine, admin, made.id, "analysis done")
        lock_account(engine, admin, office.keys[who], "on leave")
        unlock_account(engine, admin, office.keys[who], "back")
        declared = declare_conflict(engine, coordinator, office.keys[who], "kin", site="S9")
        end_conflict(engine, coordinator, declared, "moved")
    set_checklist(engine, coordinator, {"Liver": ["cranial"]})
    set_checklist(engine, coordinator, {"Liver": []})
    for submission in waiting(office)[:2]:
        _played(office, submission)


def waiting(office: SmallOffice) -> list[int]:
    """Return the submissions that wait for a reader."""
    with reading(office.engine) as connection:
        query = sa.select(t.submissions.c.id).order_by(t.submissions.c.id)
        found = list(connection.scalars(query))
    return [one for one in found if state(office, one) == "reviewed by engine"]


def _played(office: SmallOffice, submission: int) -> None:
    engine, coordinator = office.engine, office.by("coordinator")
    name_sender(engine, office.by("submitter"), submission)
    plan_review(engine, coordinator, submission, "retrospective", 2, blind=True)
    set_due(engine, coordinator, submission, "2026-03-09T12:00:00Z")
    for who in ("reader3", "reader1"):
        assign(engine, coordinator, [submission], office.keys[who])
    end_assignment(engine, coordinator, submission, office.keys["reader3"], "too busy")
    assign(engine, coordinator, [submission], office.keys["reader2"])
    first = answered(office, "reader1", submission)
    old = comment(engine, office.by("reader1"), first, "see the last slice")
    comment(engine, office.by("reader1"), first, "see the two last slices", replaces=old)
    thread = ask_site(
        engine, office.by("reader1"), submission, "margin", "Which margin?", "2026-03-05T12:00:00Z"
    )
    answer_thread(engine, office.by("physicist"), thread, "5 mm")
    close_thread(engine, coordinator, thread, "answered")
    signed(office, "reader1", first)
    second = answered(office, "reader2", submission, "rejected")
    signed(office, "reader2", second, "contours")
    assign(engine, coordinator, [submission], office.keys["judge"], part=ADJUDICATOR)
    signed(office, "judge", answered(office, "judge", submission), "decision")
    reopen(engine, coordinator, submission, "the site wrote again")
