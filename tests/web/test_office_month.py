"""What came to light when a month of work was played by hand in every role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest
import sqlalchemy as sa

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.times import now
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.trial_options import OfficeOptions, options_of, set_option
from sbrt_qa.web.review_office.event_words import EVENT_KINDS
from sbrt_qa.web.review_office.option_screen import OPTION_WORDS
from sbrt_qa.web.session_tokens import new_session_id
from sbrt_qa.web.working.study_rows import RELEASED, Studies

from .playing_office import PLAYED, PlayingOffice, Somebody, agreed, opened, ready

TOMORROW = "2999-01-01"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("month") / "A", PLAYED + 8)
    yield made
    made.close()


def of_site(office: PlayingOffice, state: str, site: str) -> int:
    with reading(office.engine) as connection:
        return next(
            one for one in office.in_state(state) if standing_in(connection, one).site == site
        )


def give(office: PlayingOffice, submission: int, who: str) -> None:
    key = f"reader:{office.accounts[who].key}"
    assert (
        office.somebody("coordinator").post(f"{office.case(submission)}/assign", who=key).status
        == 303
    )


# --- what a site is told ------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["assigned", "in review", "adjudication"])
def test_a_site_is_told_no_step_of_the_office(office: PlayingOffice, state: str) -> None:
    """Neither how many read its case, nor whether they agree: page, queue, filter and order."""
    submission = office.in_state(state)[0]
    with reading(office.engine) as connection:
        case = standing_in(connection, submission)
    site = office.somebody(f"physicist.{case.site.lower()}")
    page = site.get(office.case(submission)).text.partition("<main")[2]
    assert "in review at the office" in page
    for told in ("adjudicat", "assigned", ">read<", "reviewer", "waits for a reader"):
        assert told not in page, told
    rows = site.get("/queue").text
    assert "adjudication" not in rows
    row = rows.partition(case.code)[2].partition("</tr>")[0]
    assert "in review at the office" in row
    assert case.code not in site.get(f"/queue?state={state.replace(' ', '+')}x").text
    if state != "in review":
        assert case.code not in site.get(f"/queue?state={state.replace(' ', '+')}").text
    assert case.code in site.get("/queue?state=in+review").text


def test_a_site_orders_by_the_states_it_is_told(office: PlayingOffice) -> None:
    site = office.somebody("physicist.s1")
    for falling in ("", "yes"):
        page = site.get(f"/queue?order=state&falling={falling}")
        assert page.status == 200
        told = re.findall(r"<td>([^<]+)</td>\n<td class=\"small\">", page.text)
        assert len(told) > 5
        groups = [one for n, one in enumerate(told) if n == 0 or told[n - 1] != one]
        assert len(groups) == len(set(groups)), groups


# --- questions -----------------------------------------------------------------------------------


def test_lines_of_a_text_stay_lines(office: PlayingOffice) -> None:
    """Browsers send them with a carriage return, which is no part of what somebody wrote."""
    submission = of_site(office, "reviewed by engine", "S1")
    give(office, submission, "reviewer1")
    reader = office.somebody("reviewer1")
    opened(reader, submission)
    asked = {"topic": "Two lines", "text": "first\r\nsecond <b>", "due": TOMORROW}
    assert reader.send(f"{office.case(submission)}/questions", asked).status == 303
    with reading(office.engine) as connection:
        text = connection.scalar(
            sa.select(o.thread_messages.c.text).order_by(o.thread_messages.c.id.desc()).limit(1)
        )
    assert text == "first\nsecond <b>"
    for who in ("reviewer1", "physicist.s1"):
        page = office.somebody(who).get(office.case(submission)).text
        assert '<span class="said">first\nsecond &lt;b&gt;</span>' in page
        assert "\\x0" not in page


def test_a_refusal_leads_back_to_the_page_of_its_form(office: PlayingOffice) -> None:
    submission = of_site(office, "in review", "S1")
    coordinator, case = office.somebody("coordinator"), office.case(submission)
    page = coordinator.post(f"{case}/questions", topic="T", text="by when?", due="soon")
    assert page.status == 400
    assert f'href="{case}"' in page.text
    assert f'min="{now()[:10]}"' in coordinator.get(case).text  # no day that is over is offered


# --- two windows, and a session that ended ------------------------------------------------------


def test_what_a_second_window_typed_is_kept(office: PlayingOffice) -> None:
    submission = of_site(office, "reviewed by engine", "S2")
    give(office, submission, "reviewer2")
    reader = office.somebody("reviewer2")
    path = opened(reader, submission)
    seen = {"g.b": "", "g.v": "accepted"}
    assert reader.send(path, {**seen, "step": "save"}).status == 303
    typed = {**seen, "g.v": "rejected", "comment": "of the second window", "step": "save"}
    page = reader.send(path, typed)
    assert page.status == 409
    assert "was recorded meanwhile" in page.text
    for shown in (page.text, reader.get(path).text):
        assert "of the second window" in shown
        assert re.search(r'value="accepted" checked', shown)


def test_a_link_for_a_password_that_was_used_says_so(office: PlayingOffice) -> None:
    guest = Somebody(office, new_session_id())
    page = guest.get("/password?token=" + "x" * 43)
    assert page.status == 403
    assert "This link was used, or is over." in page.text
    assert guest.get("/password").location == "/login"


# --- readers that leave, cases that are withdrawn -----------------------------------------------


def test_a_case_is_taken_from_a_reader_who_leaves(office: PlayingOffice) -> None:
    submission = of_site(office, "reviewed by engine", "S1")
    case, coordinator = office.case(submission), office.somebody("coordinator")
    give(office, submission, "reviewer3")
    who = str(office.accounts["reviewer3"].key)
    assert "Demo Reviewer Three" in coordinator.get("/queue").text
    assert coordinator.post(f"{case}/unassign", who=who, reason="").status == 400
    assert office.somebody("reviewer1").post(f"{case}/unassign", who=who, reason="x").status == 404
    assert coordinator.post(f"{case}/unassign", who=who, reason="has left").status == 303
    assert office.somebody("reviewer3").get(case).status == 404
    give(office, submission, "reviewer1")
    reader = office.somebody("reviewer1")
    path, token = ready(reader, submission)
    assert office.somebody("coordinator").get(case).text.count(f"{case}/unassign") == 1
    from .playing_office import SECRET

    assert reader.post(f"{path}/sign", challenge=token, password=SECRET).status == 303
    page = coordinator.get(case).text
    assert f"{case}/unassign" not in page  # who has signed has read it
    key = str(office.accounts["reviewer1"].key)
    assert coordinator.post(f"{case}/unassign", who=key, reason="late").status == 409
    assert "Go on with my reading" not in reader.get(case).text


def test_a_site_withdraws_what_nobody_signed(office: PlayingOffice) -> None:
    submission = of_site(office, "reviewed by engine", "S2")
    case, site = office.case(submission), office.somebody("physicist.s2")
    assert "Withdraw this submission" in site.get(case).text
    assert site.post(f"{case}/withdraw", reason=" ").status == 400
    assert office.somebody("physicist.s1").post(f"{case}/withdraw", reason="x").status == 404
    assert site.post(f"{case}/withdraw", reason="wrong patient").status == 303
    page = site.get(case).text
    assert "withdrawn" in page
    assert "Withdraw this submission" not in page


def test_who_adjudicates_sees_where_the_readers_differ(office: PlayingOffice) -> None:
    submission = of_site(office, "reviewed by engine", "S1")
    case, coordinator = office.case(submission), office.somebody("coordinator")
    coordinator.post(f"{case}/plan", kind="retrospective", readers="2", blind="yes")
    from .playing_office import SECRET

    for who, grade in (("reviewer2", "accepted"), ("reviewer3", "rejected")):
        give(office, submission, who)
        reader = office.somebody(who)
        path, token = ready(reader, submission, grade)
        assert reader.post(f"{path}/sign", challenge=token, password=SECRET).status == 303
    key = f"adjudicator:{office.accounts['adjudicator'].key}"
    assert coordinator.post(f"{case}/assign", who=key).status == 303
    judge = office.somebody("adjudicator")
    path = opened(judge, submission)
    page = judge.get(path).text
    table = page.partition('id="h-differ"')[2].partition("</section>")[0]
    told = re.findall(r"<t[hd][^>]*>([^<]+)</t[hd]>", table)
    assert told[:6] == [
        "item", "Demo Reviewer Two", "Demo Reviewer Three", "Verdict on the case", "accepted",
        "rejected",
    ]  # fmt: skip
    assert judge.send(path, agreed(judge.get(path), "rejected")).status == 303


# --- options, and originals that are kept -------------------------------------------------------


def test_every_option_has_a_place_on_the_page(office: PlayingOffice) -> None:
    assert [one.name for one in fields(OfficeOptions)] == list(OPTION_WORDS)
    admin = office.somebody("admin")
    for language in ("en", "zh"):
        page = admin.get("/options", language).text
        assert page.count('name="reason"') == len(OPTION_WORDS)
        assert "[en]" not in page
    for who in ("coordinator", "auditor", "reviewer1", "physicist.s1", "statistician"):
        assert office.somebody(who).get("/options").status == 404


SET = {
    "default_kind": ({"value": "retrospective"}, "retrospective"),
    "readers": ({"value.pre-treatment": "2"}, {"pre-treatment": 2}),
    "due_days": ({"value.pre-treatment": "3", "value.retrospective": ""}, {"pre-treatment": 3}),
    "holidays": ({"value": "2026-12-25\r\n2026-12-26"}, ["2026-12-25", "2026-12-26"]),
    "second_factor_roles": ({"value": "adjudicator"}, ["adjudicator"]),
    "keep_originals_days": ({"value": "7"}, 7),
    "pool": ({"value": "yes"}, True),
    "blind": ({"value": "no"}, False),
}


@pytest.mark.parametrize("name", SET)
def test_an_option_is_set_with_a_reason(office: PlayingOffice, name: str) -> None:
    admin, (said, wanted) = office.somebody("admin"), SET[name]
    before = getattr(options_of(office.engine), name)
    assert admin.send("/options", {"name": name, **said}).status == 400  # no reason
    assert getattr(options_of(office.engine), name) == before
    assert admin.send("/options", {"name": name, "reason": f"why {name}", **said}).status == 303
    assert getattr(options_of(office.engine), name) == wanted
    assert f"why {name}" in admin.get("/options").text
    by = Acting(office.accounts["admin"].key, now())
    set_option(office.engine, by, name, before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("keep_originals_days", "-1"), ("keep_originals_days", "soon"), ("holidays", "Christmas"),
        ("default_kind", "x"), ("keep_originals_days", "99999999999999999999"),
    ],
)  # fmt: skip
def test_what_an_option_cannot_be_is_refused(office: PlayingOffice, name: str, value: str) -> None:
    before = options_of(office.engine)
    page = office.somebody("admin").post("/options", name=name, value=value, reason="because")
    assert page.status == 400
    assert 'role="alert"' in page.text
    assert options_of(office.engine) == before
    assert office.somebody("admin").post("/options", name="nothing", reason="x").status == 400


def test_originals_are_held_and_let_go(office: PlayingOffice) -> None:
    import io

    from sbrt_qa.intake.landing import ArrivalSource, land
    from sbrt_qa.web.working.arrival_rows import record_arrival

    source = ArrivalSource("web", "S1", "account 1")
    landed = land(office.app.vault, source, io.BytesIO(b"an original"), max_bytes=100)
    arrival = record_arrival(office.store, source, landed, batch="")
    studies = Studies(office.store)
    study = studies.begin("S1", [arrival.id], state=RELEASED, subject="S1-900")
    coordinator, path = office.somebody("coordinator"), ""
    path = f"/intake/{office.app.address_of('study', study.id)}"
    assert "S1/S1-900" in coordinator.get("/intake").text
    assert coordinator.post(path, decision="hold", reason="").status == 400
    assert coordinator.post(path, decision="let go", reason="x").status == 400  # is not held
    assert coordinator.post(path, decision="hold", reason="an inspection").status == 303
    assert studies.with_id(study.id).hold
    assert "on hold" in coordinator.get("/intake").text
    assert coordinator.post(path, decision="let go", reason="is over").status == 303
    assert not studies.with_id(study.id).hold
    with reading(office.engine) as connection:
        told = [
            json.loads(text)["decision"]
            for text in connection.scalars(
                sa.select(t.audit_events.c.details).where(
                    t.audit_events.c.kind == "arrival decided"
                )
            )
        ]
    assert told == ["hold", "let go"]


# --- the trail ------------------------------------------------------------------------------------


def test_every_kind_of_event_is_told_in_the_language_of_the_page(office: PlayingOffice) -> None:
    with reading(office.engine) as connection:
        kinds = set(connection.scalars(sa.select(t.audit_events.c.kind).distinct()))
    assert kinds <= set(EVENT_KINDS)
    page = office.somebody("auditor").get("/trail", "zh").text
    table = page.partition("<tbody>")[2]
    heads = re.findall(r'<th scope="row">([^<]+)', table)
    assert len(heads) > 50
    assert not [one for one in heads if re.search("[a-z]{4}", one)]
    assert "[en]" not in page
