"""Decisions of the office in every answer, beside what the program found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import entry, protocol, reviewed
from office_rows import (
    AT,
    SmallOffice,
    answered,
    copied,
    kept,
    office_of_three,
    override,
    signed,
    state,
)
from test_store import NOW, recorder

from sbrt_qa.audit import rates
from sbrt_qa.audit.store.answers import deviations, submissions, values
from sbrt_qa.audit.store.decided import (
    OTHER_PROTOCOL,
    REOPENED,
    REVIEWED_ANEW,
    VALID,
    WITHDRAWN,
    DecisionColumns,
)
from sbrt_qa.audit.store.treated_plans import plan_verdicts
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.what_can_be_asked import Question
from sbrt_qa.office.assigning import ADJUDICATOR, assign, plan_review
from sbrt_qa.office.closing_steps import reopen, withdraw
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.reader_forms import Judgement, judge, reading_form
from sbrt_qa.office.trial_options import set_option
from sbrt_qa.trial.treated import frozen_text, plans_from_text


def made(engine: sa.Engine) -> SmallOffice:
    office = office_of_three(engine)
    set_option(engine, office.by("admin"), "automatic_decision", value=True, reason="agreed")
    take_in(engine, AT)
    return office


@pytest.fixture(scope="session")
def of_three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    return kept(tmp_path_factory.mktemp("decided") / "audit.db", made)


@pytest.fixture
def office(of_three: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[SmallOffice]:
    with copied(of_three, tmp_path / "audit.db") as office:
        yield office


def decided(
    office: SmallOffice, grade: str = "accepted", verdict: str = "", submission: int = 1
) -> None:
    """Let one reader decide a case, with one verdict for all its items or the program's."""
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, submission, "retrospective", 1, blind=False)
    assign(office.engine, coordinator, [submission], office.keys["reader1"])
    key = answered(office, "reader1", submission, grade)
    if verdict:
        judge_all(office, key, verdict)
    signed(office, "reader1", key)


def judge_all(office: SmallOffice, key: int, verdict: str) -> None:
    """Override every item that is asked and has another verdict."""
    by = office.by("reader1")
    form = reading_form(office.engine, by, key)
    words = "measured again by hand on every slice"
    said = [
        Judgement("engine", one.item.key, verdict, "other", words)
        for one in form.items
        if one.item.asked and one.item.engine != verdict
    ]
    judge(office.engine, by, key, said)


def first(office: SmallOffice, submission: int = 1, protocol_hash: str = ""):
    return next(one for one in submissions(office.engine, protocol_hash) if one.id == submission)


def passed(office: SmallOffice) -> int:
    return sum(row["passed"] for row in rates.SUMS["sites"].rows(office.engine, "", Question("")))


def test_without_a_decision_the_programs_verdict_is_used(office):
    row = first(office)
    assert (row.decided, row.used_verdict) == (DecisionColumns(), row.verdict)


def test_an_accepted_case_whose_items_were_overridden_passes_everywhere(office):
    before, engine = first(office), {one.limit: one.verdict for one in values(office.engine)}
    assert before.verdict != "per_protocol"
    assert passed(office) == 0
    decided(office, verdict="per_protocol")
    row = first(office)
    assert row.verdict == before.verdict
    assert {one.limit: one.verdict for one in values(office.engine)} == engine
    assert row.decided == DecisionColumns("accepted", VALID, "per_protocol", "reader1", AT)
    assert passed(office) == 1
    plan = next(one for one in plan_verdicts(office.engine) if one.submission == row.code)
    assert (plan.verdict, plan.sources, plan.decision) == ("per_protocol", (), "accepted")
    assert plan.engine_verdict == before.verdict
    assert plans_from_text(frozen_text([plan])) == (plan,)
    others = frozen_text([one for one in plan_verdicts(office.engine) if one != plan])
    assert "decision" not in others


def test_a_met_limit_that_was_decided_major_is_a_deviation(office):
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, 1, "retrospective", 1, blind=False)
    assign(office.engine, coordinator, [1], office.keys["reader1"])
    key = answered(office, "reader1", 1, "rejected")
    form = reading_form(office.engine, office.by("reader1"), key)
    met = [one.item for one in form.items if one.item.asked and one.item.engine == "per_protocol"]
    listed = {(one.kind, one.what) for one in deviations(office.engine, submission=1)}
    words = "the contour is cut off at the last slice"
    judge(office.engine, office.by("reader1"), key, [
        Judgement("engine", met[0].key, "major", "other", words),
        Judgement("contour", "contour:Liver", "unacceptable"),
    ])  # fmt: skip
    signed(office, "reader1", key)
    new = [one for one in deviations(office.engine, submission=1)
           if (one.kind, one.what) not in listed]  # fmt: skip
    assert {one.kind: (one.verdict, one.used_verdict) for one in new} == {
        "limit": ("per_protocol", "major"), "contour": ("", "major"),
    }  # fmt: skip
    assert next(one.place for one in new if one.kind == "contour") == "Liver"
    rated = {r["limit"]: r for r in rates.SUMS["limits"].rows(office.engine, "", Question(""))}
    limit = next(one.what for one in new if one.kind == "limit")
    assert rated[limit]["not_met"] == 1
    plan = next(one for one in plan_verdicts(office.engine) if one.submission == "S1/001/v1")
    assert {limit, "contour:Liver"} <= set(plan.sources)
    assert "contour" in plan.kinds


@pytest.mark.parametrize(
    ("grade", "items", "verdict"),
    [
        ("accepted", "per_protocol", "per_protocol"),
        ("accepted with deviation", "per_protocol", "minor"),
        ("rejected", "per_protocol", "major"),
        ("accepted", "major", "major"),
    ],
)
def test_a_case_is_the_worst_of_its_grade_and_its_items(office, grade, items, verdict):
    decided(office, grade, items)
    assert first(office).used_verdict == verdict


def test_p40__a_superseded_decision_is_shown_and_not_used(office):
    decided(office, verdict="per_protocol")
    reopen(office.engine, office.by("coordinator"), 1, "the site wrote again")
    row = first(office)
    assert (row.decided.decision, row.decided.decision_state) == ("accepted", REOPENED)
    assert row.used_verdict == row.verdict
    assert {one.decided.decision_state for one in deviations(office.engine, submission=1)} == {
        REOPENED
    }
    assert passed(office) == 0
    assert next(iter(plan_verdicts(office.engine))).decision == ""


def test_a_new_review_and_another_protocol_do_not_inherit_a_decision(office):
    decided(office, verdict="per_protocol")
    recorder(office.engine, "1", "0.2").record(entry("S1", "001", content="0"), NOW)
    assert first(office).decided.decision_state == REVIEWED_ANEW
    decided(office, verdict="per_protocol", submission=2)
    again = entry("S1", "002", content="1", cases=(reviewed("2"),))
    recorder(office.engine, "2").record(again, NOW)
    old, new = (protocol(one).content_hash for one in ("1", "2"))
    assert first(office, 2).decided.decision_state == REVIEWED_ANEW
    assert first(office, 2, new).decided.decision_state == REVIEWED_ANEW
    assert first(office, 2, old).decided.decision_state == VALID
    decided(office, verdict="per_protocol", submission=3)
    assert first(office, 3, new).decided.decision_state == OTHER_PROTOCOL


def test_a_withdrawn_case_keeps_its_decision_in_sight_only(office):
    decided(office, verdict="per_protocol")
    withdraw(office.engine, office.by("coordinator"), 1, "consent was taken back")
    assert first(office).decided.decision_state == WITHDRAWN


def test_the_adjudicators_word_counts_not_the_readers(office):
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, 1, "retrospective", 2, blind=True)
    for who in ("reader1", "reader2"):
        assign(office.engine, coordinator, [1], office.keys[who])
    key = answered(office, "reader1", 1, "rejected")
    override(office, "reader1", key, "major")
    signed(office, "reader1", key)
    signed(office, "reader2", answered(office, "reader2", 1), "contours")
    assert first(office).decided == DecisionColumns()
    assign(office.engine, coordinator, [1], office.keys["judge"], part=ADJUDICATOR)
    signed(office, "judge", answered(office, "judge", 1, "accepted with deviation"), "decision")
    row = first(office)
    assert (row.decided.decision, row.decided.decided_by) == ("accepted with deviation", "judge")
    assert state(office, 1) == "accepted with deviation"
    assert verify(office.engine).difference == ""
