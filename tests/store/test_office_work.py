"""The work of an office on a real store: readings, signatures, decisions, what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import entry
from forging import Change, changes, forge, updating
from office_rows import (
    AT,
    SmallOffice,
    answered,
    copied,
    fill_office,
    fill_office_at,
    kept,
    office_of_three,
    override,
    signed,
    state,
    waiting,
)
from test_store import NOW, recorder

from sbrt_qa.audit.store import covered
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import events
from sbrt_qa.audit.store.connection import open_engine, reading, writing
from sbrt_qa.audit.store.verify_office import REOPENED, REVIEWED_ANEW, VALID, signature_state
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.errors import SbrtQaError, StoreError, UsageError
from sbrt_qa.office.accounts import add_account, all_accounts, found_office, lock_account
from sbrt_qa.office.acting import Acting, MovedOnError, RightsError
from sbrt_qa.office.assigning import ADJUDICATOR, assign, end_assignment, plan_review, take_case
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.checklist import set_checklist
from sbrt_qa.office.closing_steps import reopen, withdraw
from sbrt_qa.office.conflicts import declare_conflict
from sbrt_qa.office.entering import name_sender, take_in
from sbrt_qa.office.granting import (
    confirm_grant,
    end_grant,
    grant_role,
    grants_of,
)
from sbrt_qa.office.reader_forms import (
    Judgement,
    accept_automatic,
    comment,
    judge,
    open_reading,
    reading_form,
)
from sbrt_qa.office.roles import Role
from sbrt_qa.office.signing import FreshProof, begin_signing, sign, signing_view
from sbrt_qa.office.threads import answer_thread, ask_site, threads_of
from sbrt_qa.office.trial_options import set_option

LOCAL = "2026-03-02T11:00:00+01:00"


def made(engine: sa.Engine) -> SmallOffice:
    """An office with three submissions of two sites."""
    office = office_of_three(engine)
    take_in(engine, AT)
    return office


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    return kept(tmp_path_factory.mktemp("office") / "audit.db", made)


@pytest.fixture
def office(template: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[SmallOffice]:
    with copied(template, tmp_path / "audit.db") as office:
        yield office


def told(office: SmallOffice, kind: str) -> list[dict]:
    with reading(office.engine) as connection:
        return [one.data for one in events(connection) if one.kind == kind]


def both_assigned(office: SmallOffice, submission: int = 1) -> None:
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, submission, "retrospective", 2, blind=True)
    for who in ("reader1", "reader2"):
        assign(office.engine, coordinator, [submission], office.keys[who])


# --- accounts and grants -------------------------------------------------------------------------


def test_an_office_is_founded_once(engine):
    found_office(engine, "first", "First Admin", AT)
    with pytest.raises(UsageError, match="has accounts"):
        found_office(engine, "other", "Other Admin", AT)
    assert [one.code for one in all_accounts(engine)] == ["first"]
    assert verify(engine).difference == ""


@pytest.mark.parametrize(
    ("code", "name"),
    [("A", "X"), ("a b", "X"), ("../x", "X"), ("ok-code", ""), ("ok-code", "engine 0.1"),
     ("ok-code", "a\u202eb"), ("reader1", "Again")],
)  # fmt: skip
def test_what_is_no_account_is_refused(office, code, name):
    with pytest.raises(UsageError):
        add_account(office.engine, office.by("admin"), code, name)


def test_p30__nothing_happens_without_an_account(office):
    nobody = Acting(10_000, AT, "s")
    with pytest.raises(RightsError):
        assign(office.engine, nobody, [1], office.keys["reader1"])
    for table in o.OFFICE_TABLES:
        for column in table.c:
            if column.name in ("account_id", "by_account_id"):
                assert not column.nullable, f"{table.name}.{column.name}"
    row = {
        "submission_id": 1, "from_state": "x", "to_state": "y", "account_id": None, "role": "r",
        "reason": "", "at": AT, "expected": 9,
    }  # fmt: skip
    with pytest.raises(StoreError), writing(office.engine) as connection:
        connection.execute(o.transitions.insert(), row)


def test_p34__what_the_program_does_is_never_a_persons(office):
    with reading(office.engine) as connection:
        rows = connection.execute(
            sa.select(o.transitions.c.role, o.accounts.c.kind, o.accounts.c.code).join_from(
                o.transitions, o.accounts, o.transitions.c.account_id == o.accounts.c.id
            )
        ).all()
    assert rows
    assert all((r.role, r.kind) == ("engine", "engine") for r in rows)
    assert all(r.code.startswith("engine ") for r in rows)
    for data in told(office, "submissions taken in"):
        assert (data["by"]["kind"], data["by"]["role"]) == ("engine", "engine")


def test_grants_to_oneself_are_refused(office):
    with pytest.raises(RightsError, match="themselves"):
        grant_role(office.engine, office.by("admin"), office.keys["admin"], Role.AUDITOR)


@pytest.mark.parametrize("role", [Role.VIEW_PHI, Role.ADMIN, Role.UNBLINDING])
def test_some_grants_wait_for_a_second_account(office, role):
    key = office.keys["coordinator"]
    grant = grant_role(office.engine, office.by("admin"), key, role)
    assert not grant.holds(AT)
    for who in ("admin", "coordinator", "reader1"):  # gave it, would gain by it, is no admin
        with pytest.raises(RightsError):
            confirm_grant(office.engine, office.by(who), grant.id)
    assert confirm_grant(office.engine, office.by("second"), grant.id).holds(AT)
    with pytest.raises(UsageError, match="waits"):
        confirm_grant(office.engine, office.by("second"), grant.id)


def test_s9__a_grant_that_ended_counts_from_the_next_request_on(office):
    reviewer = office.keys["reader1"]
    assign(office.engine, office.by("coordinator"), [1], reviewer)
    key = open_reading(office.engine, office.by("reader1"), 1)
    (grant,) = grants_of(office.engine, reviewer)
    end_grant(office.engine, office.by("admin"), grant.id, "left the trial")
    for attempt in (
        lambda: judge(office.engine, office.by("reader1"), key, []),
        lambda: reading_form(office.engine, office.by("reader1"), key),
    ):
        with pytest.raises(RightsError):
            attempt()


def test_s8__a_locked_account_can_do_nothing(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    before = reading_form(office.engine, office.by("reader1"), key)
    lock_account(office.engine, office.by("admin"), office.keys["reader1"], "lost laptop")
    with pytest.raises(RightsError, match="locked"):  # s14: and what it wrote stays
        signing_view(office.engine, office.by("reader1"), key, "physics")
    with reading(office.engine) as connection:
        n = connection.scalar(sa.select(sa.func.count()).select_from(o.judgements))
    assert n == len([one for one in before.items if one.verdict]) + 2


# --- assigning -----------------------------------------------------------------------------------


def test_p31__own_site_own_submission_and_conflicts_are_not_assigned(office):
    coordinator = office.by("coordinator")
    admin = office.by("admin")
    at_home = add_account(office.engine, admin, "home", "At Home", home_site="S1")
    grant_role(office.engine, admin, at_home.key, Role.REVIEWER)
    grant_role(office.engine, admin, office.keys["physicist"], Role.REVIEWER)
    grant_role(office.engine, admin, office.keys["reader3"], Role.SUBMITTER, site="S2")
    name_sender(office.engine, office.by("reader3"), 3)
    declare_conflict(office.engine, office.by("reader2"), office.keys["reader2"], "kin", site="S1")
    for account in (at_home.key, office.keys["physicist"], office.keys["reader2"]):
        with pytest.raises(RightsError):
            assign(office.engine, coordinator, [1], account)
    with pytest.raises(RightsError):
        assign(office.engine, coordinator, [3], office.keys["reader3"])
    assert {state(office, n) for n in (1, 2, 3)} == {"reviewed by engine"}


def test_a_conflict_declared_later_closes_the_case(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    declare_conflict(office.engine, office.by("reader1"), office.keys["reader1"], "kin", site="S1")
    with pytest.raises(RightsError, match="conflict"):
        signing_view(office.engine, office.by("reader1"), key, "physics")


def test_p33__assigning_many_is_all_or_nothing(office):
    assign(office.engine, office.by("coordinator"), [2], office.keys["reader2"])
    with pytest.raises(MovedOnError):
        assign(office.engine, office.by("coordinator"), [1, 2, 3], office.keys["reader1"])
    assert [state(office, n) for n in (1, 2, 3)] == [
        "reviewed by engine", "assigned", "reviewed by engine",
    ]  # fmt: skip
    assign(office.engine, office.by("coordinator"), [1, 3], office.keys["reader1"])
    assert state(office, 3) == "assigned"


def test_taking_from_the_pool_needs_the_trials_leave(office):
    with pytest.raises(RightsError):
        take_case(office.engine, office.by("reader1"), 1)
    set_option(office.engine, office.by("admin"), "pool", value=True)
    with reading(office.engine) as connection:
        last = standing_in(connection, 1).last
    take_case(office.engine, office.by("reader1"), 1, expected=last)
    with pytest.raises(MovedOnError):
        take_case(office.engine, office.by("reader2"), 1, expected=last)


# --- readings ------------------------------------------------------------------------------------


def test_p35__history_holds_the_old_and_the_new_value(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    item = override(office, "reader1", key, "major")
    judge(office.engine, office.by("reader1"), key, [Judgement("grade", "grade", "rejected")])
    with reading(office.engine) as connection:
        rows = connection.execute(
            sa.select(o.judgements).where(o.judgements.c.item.in_([item, "grade"]))
        ).all()
    told_values = [(r.item, r.engine, r.before, r.after) for r in rows]
    first = next(r.engine for r in rows if r.item == item)
    assert told_values[-2:] == [
        (item, first, first, "major"),
        ("grade", "", "accepted", "rejected"),
    ]
    last = told(office, "reading changed")[-1]
    assert last["items"][0]["before"] == "accepted"
    assert last["items"][0]["after"] == "rejected"
    assert (last["by"]["role"], last["account"]) == ("reviewer", "reader1")
    assert last["by"]["session"] == office.by("reader1").session
    assert last["request"] == "1"


def test_the_programs_verdict_is_never_overwritten(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    with reading(office.engine) as connection:
        before = connection.execute(sa.select(t.metric_values)).all()
    key = answered(office, "reader1", 1)
    item = override(office, "reader1", key)
    form = reading_form(office.engine, office.by("reader1"), key)
    (one,) = [x for x in form.items if x.is_override]
    assert one.item.key == item
    assert one.verdict == "major" != one.item.engine
    with reading(office.engine) as connection:
        assert connection.execute(sa.select(t.metric_values)).all() == before


@pytest.mark.parametrize(
    "said",
    [
        Judgement("engine", "limit:1:MEAN", "major", "other", "too short"),
        Judgement("engine", "limit:1:MEAN", "major", "", "a sentence that is long enough"),
        Judgement("engine", "limit:1:MEAN", "wonderful", "other", "a sentence long enough"),
        Judgement("engine", "limit:1:NONE", "major", "other", "a sentence long enough"),
        Judgement("contour", "contour:Spleen", "acceptable"),
        Judgement("contour", "contour:Liver", "nice"),
        Judgement("grade", "grade", "wonderful"),
        Judgement("other", "x", "major"),
    ],
)
def test_words_that_say_nothing_are_refused(office, said):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = open_reading(office.engine, office.by("reader1"), 1)
    with pytest.raises(UsageError):
        judge(
            office.engine,
            office.by("reader1"),
            key,
            [Judgement("grade", "grade", "accepted"), said],
        )
    form = reading_form(office.engine, office.by("reader1"), key)
    assert form.grade == ""  # all of it or nothing


def test_an_item_that_changed_meanwhile_is_refused(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = open_reading(office.engine, office.by("reader1"), 1)
    by = office.by("reader1")
    judge(office.engine, by, key, [Judgement("grade", "grade", "accepted", before="")])
    with pytest.raises(MovedOnError):
        judge(office.engine, by, key, [Judgement("grade", "grade", "rejected", before="")])


def test_p33__accepting_many_takes_only_what_is_per_protocol_and_signs_nothing(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = open_reading(office.engine, office.by("reader1"), 1)
    number = accept_automatic(office.engine, office.by("reader1"), key)
    form = reading_form(office.engine, office.by("reader1"), key)
    said = [one for one in form.items if one.verdict]
    assert len(said) == number > 0
    assert {one.verdict for one in said} == {"per_protocol"}
    assert form.unanswered
    assert not form.signed
    assert accept_automatic(office.engine, office.by("reader1"), key) == 0


def test_p36__an_old_reading_keeps_the_questions_it_was_asked(office):
    assign(office.engine, office.by("coordinator"), [1, 2], office.keys["reader1"])
    old = answered(office, "reader1", 1)
    set_checklist(office.engine, office.by("coordinator"), {"Duodenum": []})
    new = open_reading(office.engine, office.by("reader1"), 2)
    by = office.by("reader1")
    names = [
        {one.structure for one in reading_form(office.engine, by, key).questions}
        for key in (old, new)
    ]
    assert names == [{"Liver"}, {"Duodenum"}]
    assert reading_form(office.engine, by, old).answers == {"contour:Liver": "acceptable"}


# --- blind reading and adjudication --------------------------------------------------------------


def test_p39__s35__nothing_of_the_other_reader_before_both_signed(office):
    both_assigned(office)
    second = open_reading(office.engine, office.by("reader2"), 1)

    def seen() -> str:
        by = office.by("reader2")
        return repr((
            reading_form(office.engine, by, second),
            signing_view_or_words(office, second),
            threads_of(office.engine, by, 1),
        ))  # fmt: skip

    first = open_reading(office.engine, office.by("reader1"), 1)
    before = seen().replace("signed=frozenset()", "").replace("signed=frozenset({5})", "")
    answered(office, "reader1", 1, "rejected")
    comment(office.engine, office.by("reader1"), first, "for the site", visibility="site")
    signed(office, "reader1", first)
    with pytest.raises(RightsError):
        reading_form(office.engine, office.by("reader2"), first)
    key = str(office.keys["reader1"])
    after = seen().replace(f"signed=frozenset({{{key}}})", "").replace("signed=frozenset()", "")
    assert after == before
    for who in ("coordinator", "physicist", "reader3", "statistician", "admin", "judge"):
        with pytest.raises(RightsError):
            reading_form(office.engine, office.by(who), first)
    answered(office, "reader2", 1)
    signed(office, "reader2", second, "contours")
    for who in ("reader2", "coordinator", "auditor"):
        assert reading_form(office.engine, office.by(who), first).grade == "rejected"
    with pytest.raises(RightsError):
        reading_form(office.engine, office.by("reader3"), first)


def signing_view_or_words(office: SmallOffice, key: int) -> object:
    try:
        return signing_view(office.engine, office.by("reader2"), key, "contours")
    except SbrtQaError as error:
        return str(error)


def test_two_readings_that_agree_decide(office):
    both_assigned(office)
    for who, meaning in (("reader1", "physics"), ("reader2", "contours")):
        key = answered(office, who, 1, "accepted with deviation")
        assert state(office, 1) == "in review"
        signed(office, who, key, meaning)
    assert state(office, 1) == "accepted with deviation"
    with reading(office.engine) as connection:
        (row,) = connection.execute(sa.select(o.decisions)).all()
    assert (row.outcome, row.how) == ("accepted with deviation", "readings agree")
    assert verify(office.engine).difference == ""


@pytest.mark.parametrize("differ", ["grade", "major"])
def test_two_readings_that_differ_go_to_an_adjudicator_who_read_neither(office, differ):
    both_assigned(office)
    first = answered(office, "reader1", 1)
    second = answered(office, "reader2", 1, "rejected" if differ == "grade" else "accepted")
    if differ == "major":
        override(office, "reader2", second)
    for who, key in (("reader1", first), ("reader2", second)):
        signed(office, who, key)
    assert state(office, 1) == "adjudication"
    grant_role(office.engine, office.by("admin"), office.keys["reader1"], Role.ADJUDICATOR)
    with pytest.raises(RightsError, match="none of the readers"):
        assign(
            office.engine, office.by("coordinator"), [1], office.keys["reader1"], part=ADJUDICATOR
        )
    assign(office.engine, office.by("coordinator"), [1], office.keys["judge"], part=ADJUDICATOR)
    for key in (first, second):
        assert reading_form(office.engine, office.by("judge"), key).signed
    mine = answered(office, "judge", 1, "rejected")
    with pytest.raises(UsageError, match="decides"):
        judge(
            office.engine, office.by("judge"), mine, [Judgement("grade", "grade", "cannot judge")]
        )
    signed(office, "judge", mine, "decision")
    assert state(office, 1) == "rejected"
    assert verify(office.engine).difference == ""


# --- signatures ----------------------------------------------------------------------------------


@pytest.fixture
def ready(office: SmallOffice) -> tuple[SmallOffice, int]:
    """A reading of submission 1 in which everything is said."""
    assign(office.engine, office.by("coordinator"), [1, 2], office.keys["reader1"])
    return office, answered(office, "reader1", 1)


def begun(office: SmallOffice, key: int, by: Acting | None = None) -> str:
    by = by or office.by("reader1")
    shown = signing_view(office.engine, by, key, "physics").sha256
    return begin_signing(office.engine, by, key, "physics", shown)


def proof(office: SmallOffice, who: str = "reader1", at: str = AT) -> FreshProof:
    return FreshProof(office.keys[who], "password", at)


def test_a_signature_prints_who_when_and_what_it_means(ready):
    office, key = ready
    made = signed(office, "reader1", key)
    document = json.loads(made.document)
    assert document["content"]["name"] == made.name == "Reader1 Person"
    assert made.sentence == "I reviewed the dose and plan as physicist."
    assert (made.at, made.local_at, made.role) == (AT, LOCAL, "reviewer")
    assert document["content"]["input_sha256"]
    assert document["content"]["reviews"][0]["sha256"]
    with reading(office.engine) as connection:
        assert signature_state(connection, made.id) == VALID
    assert state(office, 1) == "accepted"


def test_p40__a_second_signature_is_refused_with_words(ready):
    office, key = ready
    token = begun(office, key)
    sign(office.engine, office.by("reader1"), key, token, proof(office), LOCAL)
    for again in (token, "another"):
        with pytest.raises(MovedOnError, match="signed"):
            sign(office.engine, office.by("reader1"), key, again, proof(office), LOCAL)
    with pytest.raises(MovedOnError):
        judge(office.engine, office.by("reader1"), key, [Judgement("grade", "grade", "rejected")])
    assert len(told(office, "signing refused")) == 2


def test_s11__a_token_works_for_one_case_account_and_session(ready):
    office, key = ready
    assign(office.engine, office.by("coordinator"), [3], office.keys["reader2"])
    other = answered(office, "reader1", 2)
    theirs = answered(office, "reader2", 3)
    tokens = {"case": begun(office, other), "account": begun(office, theirs, office.by("reader2"))}
    tokens["session"] = begun(office, key, office.by("reader1", session="another"))
    tokens["none"] = "x" * 43
    for token in tokens.values():
        with pytest.raises(RightsError, match="not shown"):
            sign(office.engine, office.by("reader1"), key, token, proof(office), LOCAL)
    assert len(told(office, "signing refused")) == len(tokens)
    assert state(office, 1) == "in review"


def test_s13__what_changed_since_it_was_shown_is_not_signed(ready):
    office, key = ready
    by = office.by("reader1")
    shown = signing_view(office.engine, by, key, "physics").sha256
    token = begun(office, key)
    comment(office.engine, by, key, "one word more")
    with pytest.raises(MovedOnError, match="changed since it was shown"):
        sign(office.engine, by, key, token, proof(office), LOCAL)
    with pytest.raises(MovedOnError, match="changed since it was shown"):
        begin_signing(office.engine, by, key, "physics", shown)
    sign(office.engine, by, key, begun(office, key), proof(office), LOCAL)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ("2026-03-02T10:04:59.000Z", None),
        ("2026-03-02T10:05:00.000Z", MovedOnError),
        ("2026-03-03T10:00:00.000Z", MovedOnError),
        ("2026-03-01T10:00:00.000Z", MovedOnError),
    ],
)
def test_s10__a_token_counts_for_five_minutes_whatever_the_clock_does(ready, now, kind):
    office, key = ready
    token = begun(office, key)
    by = office.by("reader1", now)
    if kind is None:
        assert sign(office.engine, by, key, token, proof(office, at=now), LOCAL).at == now
    else:
        with pytest.raises(kind):
            sign(office.engine, by, key, token, proof(office, at=now), LOCAL)


@pytest.mark.parametrize(
    ("who", "how", "at"),
    [
        ("reader2", "password", AT),
        ("reader1", "", AT),
        ("reader1", "password", "2026-03-02T09:59:59.999Z"),
        ("reader1", "password", "2026-03-02T10:02:00.000Z"),
    ],
)
def test_p41__a_signature_needs_its_own_fresh_proof(ready, who, how, at):
    office, key = ready
    token = begun(office, key)
    with pytest.raises(RightsError, match="proved"):
        sign(
            office.engine,
            office.by("reader1"),
            key,
            token,
            FreshProof(office.keys[who], how, at),
            LOCAL,
        )
    sign(office.engine, office.by("reader1"), key, token, proof(office), LOCAL)


def test_what_is_not_said_to_the_end_is_not_signed(office):
    assign(office.engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = open_reading(office.engine, office.by("reader1"), 1)
    view = signing_view(office.engine, office.by("reader1"), key, "physics")
    assert view.unanswered
    with pytest.raises(MovedOnError, match="not answered yet"):
        begin_signing(office.engine, office.by("reader1"), key, "physics", view.sha256)
    for meaning, language in (("decision", "en"), ("physics", "xx"), ("none", "en")):
        with pytest.raises(UsageError):
            signing_view(office.engine, office.by("reader1"), key, meaning, language)


def test_p40__reopening_and_a_new_review_mark_a_signature(ready):
    office, key = ready
    made = signed(office, "reader1", key)
    recorder(office.engine, "2").record(entry("S1", "001", content="0", rules="2"), NOW)
    with reading(office.engine) as connection:
        assert signature_state(connection, made.id) == REVIEWED_ANEW
    assert reopen(office.engine, office.by("coordinator"), 1, "a new protocol") == 2
    with reading(office.engine) as connection:
        assert signature_state(connection, made.id) == REOPENED
    assert state(office, 1) == "in review"
    assert open_reading(office.engine, office.by("reader1"), 1) != key
    assert verify(office.engine).difference == ""


def race(office: SmallOffice, key: int, number: int) -> list[str]:
    """Sign one reading in several threads at once, each with an engine and a token of its own."""
    tokens = [begun(office, key) for _ in range(number)]
    start, ends = threading.Barrier(number), []

    def attempt(token: str) -> None:
        engine = open_engine(office.engine.url.render_as_string(hide_password=False))
        start.wait()
        try:
            sign(engine, office.by("reader1"), key, token, proof(office), LOCAL)
            ends.append("signed")
        except MovedOnError:
            ends.append("refused")
        finally:
            engine.dispose()

    threads = [threading.Thread(target=attempt, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_s12__of_several_at_once_exactly_one_signs(engine):
    office = made(engine)
    assign(engine, office.by("coordinator"), [1, 2], office.keys["reader1"])
    for submission in (1, 2):
        key = answered(office, "reader1", submission)
        assert race(office, key, 3) == ["refused", "refused", "signed"]
    assert verify(engine).difference == ""


# --- questions, withdrawing ----------------------------------------------------------------------


def test_a_question_stops_the_reading_until_the_site_answers(ready):
    office, key = ready
    by = office.by("reader1")
    thread = ask_site(office.engine, by, 1, "margin", "Which margin?", "2026-03-05T12:00:00Z")
    assert state(office, 1) == "queried"
    with pytest.raises(MovedOnError):
        signing_view(office.engine, by, key, "physics")
    with pytest.raises(MovedOnError, match="topic"):
        ask_site(office.engine, office.by("coordinator"), 1, "margin", "Again?", "")
    for who in ("reader1", "submitter", "auditor", "coordinator"):  # the last without a reason
        with pytest.raises(RightsError):
            answer_thread(office.engine, office.by(who), thread, "5 mm")
    answer_thread(office.engine, office.by("physicist"), thread, "5 mm")
    assert state(office, 1) == "in review"
    (one,) = threads_of(office.engine, office.by("physicist"), 1)
    assert [(m.side, m.text) for m in one.messages] == [
        ("office", "Which margin?"),
        ("site", "5 mm"),
    ]


def test_a_site_withdraws_until_somebody_has_signed(ready):
    office, key = ready
    withdraw(office.engine, office.by("physicist"), 2, "sent by mistake")
    assert state(office, 2) == "withdrawn"
    signed(office, "reader1", key)
    with pytest.raises(MovedOnError, match="signed"):
        withdraw(office.engine, office.by("physicist"), 1, "sent by mistake")
    withdraw(office.engine, office.by("coordinator"), 1, "the site asks")
    with pytest.raises(MovedOnError):
        withdraw(office.engine, office.by("coordinator"), 1, "again")


def test_a_newer_version_takes_the_place_of_an_open_one(ready):
    office, _ = ready
    recorder(office.engine).record(entry("S1", "001", content="anew", version=2), NOW)
    found = take_in(office.engine, AT)
    assert (found.entered, found.resubmitted) == (1, 1)
    assert state(office, 1) == "resubmitted"
    assert take_in(office.engine, AT) == type(found)(0, 0, 0)


def test_an_assignment_ends_before_the_signature_only(ready):
    office, key = ready
    end_assignment(office.engine, office.by("coordinator"), 2, office.keys["reader1"], "ill")
    signed(office, "reader1", key)
    with pytest.raises(MovedOnError):
        end_assignment(office.engine, office.by("coordinator"), 1, office.keys["reader1"], "ill")


# --- proof ---------------------------------------------------------------------------------------


def test_s15__every_column_of_the_office_is_covered(office):
    fill_office_at(office)
    with reading(office.engine) as connection:
        tried = changes(connection, tables=o.OFFICE_TABLES)
    by_column = {(one.table, one.column): one for one in tried}
    by_column["comments", "replaces_id"] = Change("comments", "replaces_id", 1, 99)
    assert set(by_column) >= {(one.name, c.name) for one in o.OFFICE_TABLES for c in one.c}
    rounds = zip_longest(*([by_column[one.name, c.name] for c in one.c] for one in o.OFFICE_TABLES))
    for changed in ([one for one in some if one] for some in rounds):
        old = [current(office.engine, one) for one in changed]
        forge(office.engine, *map(updating, changed))
        named = "; ".join(uncovered(office.engine))
        assert [one for one in changed if f"of the table {one.table} " not in named] == []
        back = [
            Change(one.table, one.column, one.value if one.column == "id" else one.key, value)
            for one, value in zip(changed, old, strict=True)
        ]
        forge(office.engine, *map(updating, back))
    assert verify(office.engine).difference == ""


def uncovered(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        covers = [c for e in events(connection) for c in covered.covers_of(e.seq, e.data)]
        return list(covered.differences(connection, covers, {}))


def current(engine: sa.Engine, change: Change) -> object:
    table = t.metadata.tables[change.table]
    with reading(engine) as connection:
        return connection.scalar(sa.select(table.c[change.column]).where(table.c.id == change.key))


def test_s15__a_signature_whose_reading_was_changed_is_named(ready):
    office, key = ready
    made = signed(office, "reader1", key)
    j = o.judgements
    forge(office.engine, j.update().where(j.c.kind == "grade").values(after="rejected"))
    assert verify(office.engine).difference.startswith(f"signature {made.id}: what was signed is")
    with reading(office.engine) as connection:
        assert signature_state(connection, made.id) == "what was signed is not what is recorded"


def test_the_whole_life_is_recorded_and_verified_on_both_databases(engine):
    for number, place in enumerate((("S1", "001"), ("S2", "001"))):
        recorder(engine).record(entry(*place, content=str(number)), NOW)
    office = fill_office(engine)
    assert verify(engine).difference == ""
    assert [state(office, n) for n in (1, 2)] == ["in review", "in review"]
    assert waiting(office) == []
