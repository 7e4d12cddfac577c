"""The life of submissions as a machine of states: whoever tries whatever, in any order.

A model of a few lines says what has to be allowed; after each try, allowed or refused, the records
hold together. `scripts/fuzz office LIVES` does the same for longer.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from office_rows import AT, SmallOffice, answered, kept, office_of_three, signed, state

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import open_engine, reading
from sbrt_qa.audit.store.verify_office import office_differences
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import MovedOnError, RightsError
from sbrt_qa.office.assigning import ADJUDICATOR, READER, assign, end_assignment
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.case_view import case_view
from sbrt_qa.office.closing_steps import reopen, withdraw
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.roles import Role
from sbrt_qa.office.states import MOVES, OUTCOMES, State
from sbrt_qa.office.threads import answer_thread, ask_site, close_thread, threads_in

EXAMPLES = int(os.environ.get("SBRT_QA_LIVES", "4"))
STEPS = 14
CASES = (1, 2)
READERS = ("reader1", "reader2", "reader3")
EVERYBODY = ("admin", "coordinator", *READERS, "judge", "physicist", "submitter", "statistician",
             "auditor")  # fmt: skip
REFUSALS = (RightsError, MovedOnError, UsageError)

who = st.sampled_from((*EVERYBODY, *READERS, *["coordinator"] * 5))
case = st.sampled_from(CASES)


class OfficeLife(RuleBasedStateMachine):
    """Two submissions, and everybody."""

    template: tuple[Path, dict[str, int]]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        copy = shutil.copy(self.template[0], self.folder / "audit.db")
        self.office = SmallOffice(open_engine(f"sqlite:///{copy}"), self.template[1])
        self.program = self._program()
        assign(self.office.engine, self.office.by("coordinator"), [1], self.office.keys["reader1"])

    def _program(self) -> list[Any]:
        r = t.reviews.c
        with reading(self.office.engine) as connection:
            return list(connection.execute(sa.select(r.id, r.verdict, r.sha256).order_by(r.id)))

    def _tried(self, allowed: bool | None, work: Any, *arguments: Any, **options: Any) -> bool:
        """Try something; what the model says of it, where it says anything, has to hold."""
        try:
            work(self.office.engine, *arguments, **options)
        except REFUSALS:
            assert allowed is not True, f"{work.__name__} {arguments[1:]} was refused"
            return False
        assert allowed is not False, f"{work.__name__} {arguments[1:]} was allowed"
        return True

    def _standing(self, submission: int) -> Any:
        with reading(self.office.engine) as connection:
            return standing_in(connection, submission)

    def _signatures(self, submission: int) -> int:
        s = o.signatures.c
        with reading(self.office.engine) as connection:
            query = sa.select(sa.func.count()).where(s.submission_id == submission)
            return connection.scalar(query) or 0

    # --- what is tried ---------------------------------------------------------------------------

    @rule(by=who, submission=case, reader=st.sampled_from((*READERS, "judge", "physicist")))
    def somebody_assigns(self, by: str, submission: int, reader: str) -> None:
        part = ADJUDICATOR if reader == "judge" else READER
        never = by != "coordinator" or reader == "physicist"
        account = self.office.keys[reader]
        self._tried(False if never else None, assign, self.office.by(by), [submission], account,
                    part=part)  # fmt: skip

    @rule(by=who, submission=case, reader=st.sampled_from(READERS))
    def somebody_takes_it_from_a_reader(self, by: str, submission: int, reader: str) -> None:
        never = by != "coordinator"
        self._tried(False if never else None, end_assignment, self.office.by(by), submission,
                    self.office.keys[reader], "ill")  # fmt: skip

    @rule(by=who, submission=case, grade=st.sampled_from(("accepted", "rejected")))
    def somebody_reads_and_signs(self, by: str, submission: int, grade: str) -> None:
        before = self._standing(submission)
        key = self.office.keys[by]
        mine = key in (before.facts.readers | before.facts.adjudicators)
        signatures = self._signatures(submission)
        try:
            reading_key = answered(self.office, by, submission, grade)
            signed(self.office, by, reading_key, "decision" if by == "judge" else "physics")
        except REFUSALS:
            assert self._signatures(submission) == signatures
            return
        assert mine
        assert before.state in (State.ASSIGNED, State.IN_REVIEW, State.ADJUDICATION)
        assert self._signatures(submission) == signatures + 1

    @rule(by=who, submission=case)
    def somebody_asks_the_site(self, by: str, submission: int) -> None:
        before = self._standing(submission)
        reads = self.office.keys[by] in (before.facts.readers | before.facts.adjudicators)
        never = not (by == "coordinator" or reads)
        self._tried(False if never else None, ask_site, self.office.by(by), submission, "margin",
                    "Which margin?", "2026-03-05T12:00:00Z")  # fmt: skip

    @rule(by=who, submission=case, closes=st.booleans())
    def somebody_answers_or_closes(self, by: str, submission: int, closes: bool) -> None:
        with reading(self.office.engine) as connection:
            found = [one.id for one in threads_in(connection, submission) if not one.closed]
        if not found:
            return
        if closes:
            never = by != "coordinator"
            self._tried(False if never else None, close_thread, self.office.by(by), found[0], "ok")
        else:
            never = by not in ("physicist", "coordinator")
            self._tried(False if never else None, answer_thread, self.office.by(by), found[0], "5")

    @rule(by=who, submission=case)
    def somebody_reopens(self, by: str, submission: int) -> None:
        allowed = by == "coordinator" and self._standing(submission).state in OUTCOMES
        self._tried(allowed, reopen, self.office.by(by), submission, "the site wrote again")

    @rule(by=who, submission=case, sure=st.integers(0, 5))
    def somebody_withdraws(self, by: str, submission: int, sure: int) -> None:
        if sure:  # seldom: little happens to a case that is withdrawn
            return
        open_ = self._standing(submission).state is not State.WITHDRAWN
        signed_ = self._signatures(submission) > 0
        of_site = submission in CASES and by == "physicist"
        allowed = open_ and (by == "coordinator" or (of_site and not signed_))
        self._tried(allowed, withdraw, self.office.by(by), submission, "consent was taken back")

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    def the_records_hold_together(self) -> None:
        with reading(self.office.engine) as connection:
            assert list(office_differences(connection)) == []
            steps = connection.execute(sa.select(o.transitions).order_by(o.transitions.c.id)).all()
        assert self._program() == self.program
        for one in steps:
            begin = State(one.from_state) if one.from_state else None
            moves = [m for m in MOVES if begin in m.begin and m.end.value == one.to_state]
            assert any(Role(one.role) in move.roles for move in moves), one

    @invariant()
    def a_blind_reader_sees_no_other(self) -> None:
        for submission in CASES:
            standing = self._standing(submission)
            for name in READERS:
                key = self.office.keys[name]
                facts = standing.facts
                if key not in facts.readers or not facts.blind or facts.complete:
                    continue
                try:
                    view = case_view(self.office.engine, self.office.by(name), submission)
                except RightsError:
                    continue
                assert all(one.row.account == key for one in view.signatures)
                assert all(one.mine for one in view.readings)

    def teardown(self) -> None:
        if hasattr(self, "office"):
            assert verify(self.office.engine).difference == ""
            self.office.engine.dispose()
            shutil.rmtree(self.folder)


def test_whoever_tries_whatever_the_records_hold(tmp_path: Path) -> None:
    def made(engine: sa.Engine) -> SmallOffice:
        office = office_of_three(engine)
        take_in(engine, AT)
        assert state(office, 1) == "reviewed by engine"
        return office

    OfficeLife.template = kept(tmp_path / "audit.db", made)
    run_state_machine_as_test(
        OfficeLife,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), database=None,
        ),
    )  # fmt: skip
