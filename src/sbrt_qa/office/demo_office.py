"""A demo: the accounts of an office, and work in every state on the submissions of an audit.

Nothing here is made up beside the office: each step is taken by its use case, by the account that
would take it, so that rights, events and signatures are those of real work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.accounts import OfficeAccount, add_account, found_office
from sbrt_qa.office.acting import Acting, session_hash
from sbrt_qa.office.assigning import ADJUDICATOR, assign, plan_review
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.checklist import set_checklist
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.granting import grant_role
from sbrt_qa.office.reader_forms import Judgement, judge, open_reading, reading_form
from sbrt_qa.office.roles import Role
from sbrt_qa.office.signing import FreshProof, begin_signing, sign, signing_view
from sbrt_qa.office.states import State
from sbrt_qa.office.threads import answer_thread, ask_site

PEOPLE: Final = (
    ("coordinator", "Demo Coordinator", Role.COORDINATOR, ""),
    ("reviewer1", "Demo Reviewer One", Role.REVIEWER, "physics"),
    ("reviewer2", "Demo Reviewer Two", Role.REVIEWER, "oncology"),
    ("reviewer3", "Demo Reviewer Three", Role.REVIEWER, "physics"),
    ("adjudicator", "Demo Adjudicator", Role.ADJUDICATOR, "oncology"),
    ("statistician", "Demo Statistician", Role.STATISTICIAN, ""),
    ("auditor", "Demo Auditor", Role.AUDITOR, ""),
)
"""Code, name, role and profession of those who are not of a site."""

ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class DemoOffice:
    """The accounts of a demo by their codes: all that need a way to sign in."""

    accounts: dict[str, OfficeAccount]


def play_demo(engine: Database, at: str) -> DemoOffice:
    """Found an office on an audit's store, and play work of every kind on its submissions.

    Of the newest submissions in order, the states repeat: waiting, assigned, in review, asked,
    answered, decided by one reader, decided by two who agree, with the adjudicator, adjudicated.

    Parameters
    ----------
    at
        When it begins, UTC; each step is a second later.

    Raises
    ------
    UsageError
        The office has accounts already.
    """
    play = _Play(engine, at)
    play.people()
    take_in(engine, play.now())
    scenes = (
        play.waits, play.assigned, play.in_review, play.asked, play.answered, play.decided,
        play.agreed, play.in_adjudication, play.adjudicated,
    )  # fmt: skip
    for number, submission in enumerate(play.waiting()):
        scenes[number % len(scenes)](submission)
    return DemoOffice(play.accounts)


class _Play:
    def __init__(self, engine: Database, at: str) -> None:
        self.engine = engine
        self.accounts: dict[str, OfficeAccount] = {}
        self._at = datetime.fromisoformat(at)

    def now(self) -> str:
        self._at += timedelta(seconds=1)
        return self._at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def by(self, who: str) -> Acting:
        return Acting(self.accounts[who].key, self.now(), session_hash(f"demo {who}"))

    def people(self) -> None:
        self.accounts[ADMIN] = found_office(self.engine, ADMIN, "Demo Admin", self.now())
        for code, name, role, profession in PEOPLE:
            self._person(code, name, [(role, "*")], profession)
        with reading(self.engine) as connection:
            sites = list(connection.scalars(sa.select(t.sites.c.code).order_by(t.sites.c.code)))
        for site in sites:
            code = f"physicist.{site.lower()}"
            self._person(code, f"Demo Physicist {site}", [(Role.PHYSICIST, site)], "")
        structures = {"Liver": ["cranial", "caudal"], "Duodenum": ["excluded organ"]}
        set_checklist(self.engine, self.by("coordinator"), structures)

    def _person(
        self, code: str, name: str, roles: Iterable[tuple[Role, str]], profession: str
    ) -> None:
        made = add_account(self.engine, self.by(ADMIN), code, name, profession=profession)
        self.accounts[code] = made
        for role, site in roles:
            grant_role(self.engine, self.by(ADMIN), made.key, role, site=site)

    def waiting(self) -> list[int]:
        s = t.submissions.c
        with reading(self.engine) as connection:
            every = list(connection.scalars(sa.select(s.id).order_by(s.id)))
            return [
                one
                for one in every
                if standing_in(connection, one).state is State.REVIEWED_BY_ENGINE
            ]

    def waits(self, submission: int) -> None:
        """Leave it where it is."""

    def assigned(self, submission: int) -> None:
        reader = self.accounts["reviewer1"].key
        assign(self.engine, self.by("coordinator"), [submission], reader)

    def in_review(self, submission: int) -> None:
        self.assigned(submission)
        open_reading(self.engine, self.by("reviewer1"), submission)

    def asked(self, submission: int) -> int:
        self.in_review(submission)
        due = (self._at + timedelta(days=7)).isoformat(timespec="seconds").replace("+00:00", "Z")
        return ask_site(
            self.engine, self.by("reviewer1"), submission, "margin",
            "Which margin was added to the gross tumour volume?", due,
        )  # fmt: skip

    def answered(self, submission: int) -> None:
        thread = self.asked(submission)
        with reading(self.engine) as connection:
            site = standing_in(connection, submission).site
        answer_thread(self.engine, self.by(f"physicist.{site.lower()}"), thread, "5 mm.")

    def decided(self, submission: int) -> None:
        self.assigned(submission)
        self._signed("reviewer1", submission, "accepted", "physics")

    def agreed(self, submission: int) -> None:
        self._two(submission, "accepted with deviation", "accepted with deviation")

    def in_adjudication(self, submission: int) -> None:
        self._two(submission, "accepted", "rejected")

    def adjudicated(self, submission: int) -> None:
        self.in_adjudication(submission)
        judge_key = self.accounts["adjudicator"].key
        assign(self.engine, self.by("coordinator"), [submission], judge_key, part=ADJUDICATOR)
        self._signed("adjudicator", submission, "accepted with deviation", "decision")

    def _two(self, submission: int, first: str, second: str) -> None:
        coordinator = self.by("coordinator")
        plan_review(self.engine, coordinator, submission, "retrospective", 2, blind=True)
        for who in ("reviewer2", "reviewer3"):
            key = self.accounts[who].key
            assign(self.engine, self.by("coordinator"), [submission], key)
        self._signed("reviewer3", submission, first, "physics")
        self._signed("reviewer2", submission, second, "contours")

    def _signed(self, who: str, submission: int, grade: str, meaning: str) -> None:
        key = open_reading(self.engine, self.by(who), submission)
        form = reading_form(self.engine, self.by(who), key)
        said = [Judgement("engine", one.item.key, one.item.engine) for one in form.items]
        said = [one for one in said if one.after in list(Verdict)]
        said += [Judgement("contour", one.key, "acceptable") for one in form.questions if one.asked]
        judge(self.engine, self.by(who), key, [*said, Judgement("grade", "grade", grade)])
        view = signing_view(self.engine, self.by(who), key, meaning)
        token = begin_signing(self.engine, self.by(who), key, meaning, view.sha256)
        by = self.by(who)
        proof = FreshProof(by.account, "password", by.at)
        sign(self.engine, by, key, token, proof, by.at)
