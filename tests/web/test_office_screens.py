"""The working screens of an office: queue, case, reading, signing, questions, trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit import verifying
from sbrt_qa.audit.case_reports import relative_path
from sbrt_qa.audit.head import known_heads
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.times import now
from sbrt_qa.office.accounts import add_account
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.assigning import assign, plan_review
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.conflicts import declare_conflict, end_conflict
from sbrt_qa.office.granting import (
    end_grant,
    grant_role,
    grants_of,
)
from sbrt_qa.office.queue_page import queue_differences
from sbrt_qa.office.roles import Role
from sbrt_qa.web.review_office.office_doors import office_app
from sbrt_qa.web.working.working_store import WorkingStore

from .playing_office import SECRET, Page, PlayingOffice, Somebody, agreed, challenge, opened, ready

WRONG = "not it at all"
MOST_STATEMENTS = 12
MOST_BYTES = 120_000


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("screens") / "audit", 63)
    yield made
    made.close()


@pytest.fixture
def blind(office: PlayingOffice) -> int:
    """A submission that two blind readers have, none of whom has begun."""
    submission = office.in_state("reviewed by engine")[0]
    coordinator = Acting(office.accounts["coordinator"].key, now())
    plan_review(office.engine, coordinator, submission, "retrospective", 2, blind=True)
    for who in ("reviewer2", "reviewer3"):
        assign(office.engine, coordinator, [submission], office.accounts[who].key)
    return submission


def signatures(office: PlayingOffice, submission: int) -> int:
    with reading(office.engine) as connection:
        s = o.signatures.c
        query = sa.select(sa.func.count()).where(s.submission_id == submission)
        return int(connection.scalar(query) or 0)


# --- the queue ---------------------------------------------------------------------------------


def test_a_page_of_the_queue_takes_few_statements_and_bytes(office: PlayingOffice) -> None:
    someone = office.somebody("coordinator")
    someone.get("/queue")
    told: list[str] = []

    def count(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "COMMIT", "ROLLBACK")):
            told.append(statement)

    engines = (office.engine, office.store.engine)
    for one in engines:
        sa.event.listen(one, "before_cursor_execute", count)
    try:
        page = someone.get("/queue")
    finally:
        for one in engines:
            sa.event.remove(one, "before_cursor_execute", count)
    assert page.status == 200
    assert page.text.count('<th scope="row">') == 50
    assert "63 submissions" in page.text
    assert len(told) <= MOST_STATEMENTS, "\n".join(told)
    assert len(page.text.encode()) <= MOST_BYTES


@pytest.mark.parametrize("order", ["urgency", "code", "changed", "verdict"])
@pytest.mark.parametrize("falling", ["", "yes"])
def test_pages_hold_every_submission_once(office: PlayingOffice, order: str, falling: str) -> None:
    someone = office.somebody("auditor")
    first = someone.get(f"/queue?order={order}&falling={falling}")
    links = re.findall(r'href="(/cases/\w+)"', first.text)
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = someone.get(following[1].replace("&amp;", "&"))
    links += re.findall(r'href="(/cases/\w+)"', second.text)
    assert len(links) == len(set(links)) == 63
    assert 'rel="next"' not in second.text


@pytest.mark.parametrize(
    "asked",
    ["order=password", "order=code%3B--", "view=everything", f"search={'x' * 65}", "at=7",
     "state=" + "y" * 65],
)  # fmt: skip
def test_what_the_queue_does_not_know_is_refused(office: PlayingOffice, asked: str) -> None:
    assert office.somebody("coordinator").get(f"/queue?{asked}").status == 400


def test_the_queue_is_filtered_and_says_when_nothing_is_left(office: PlayingOffice) -> None:
    someone = office.somebody("coordinator")
    page = someone.get("/queue?state=queried&site=S2")
    assert 0 < page.text.count('<th scope="row">') < 10
    assert "S1/" not in page.text
    assert "No submission matches the filter." in someone.get("/queue?search=nobody").text
    assert "筛选后没有任何条目" in someone.get("/queue?search=nobody", "zh").text
    assert queue_differences(office.engine, office.store.engine) == ()


def test_case_p39__no_order_or_filter_tells_a_site_the_verdict(office: PlayingOffice) -> None:
    site = office.somebody("physicist.s1")
    page = site.get("/queue")
    assert "S1/000/v1" in page.text
    assert "S2/" not in page.text
    assert 'class="chip' not in page.text.replace('<span class="chip major">overdue</span>', "")
    assert site.get("/queue?order=verdict").status == 400
    assert site.get("/queue?verdict=minor").status == 400


# --- who sees what -----------------------------------------------------------------------------


def paths_of(office: PlayingOffice, submission: int) -> list[tuple[str, str]]:
    """Return every address that belongs to one submission."""
    case = office.case(submission)
    found = [("GET", case), ("GET", f"{case}/report/1")]
    steps_of_case = ("reading", "assign", "plan", "due", "reopen", "questions", "take")
    found += [("POST", f"{case}/{step}") for step in steps_of_case]
    with reading(office.engine) as connection:
        for kind, table, steps in (
            ("readings", o.readings, ("", "/sign", "/draft")), ("questions", o.threads, ()),
        ):  # fmt: skip
            rows = connection.scalars(
                sa.select(table.c.id).where(table.c.submission_id == submission)
            )
            for key in rows:
                at = (
                    f"/{kind}/{office.app.address_of(kind[:-1].replace('question', 'thread'), key)}"
                )
                found += [(m, at + s) for s in steps for m in ("GET", "POST")]
                if kind == "questions":
                    found += [("POST", f"{at}/{s}") for s in ("answer", "message", "close")]
    return found


@pytest.mark.parametrize("who", ["physicist.s2", "reviewer2", "adjudicator", "statistician"])
def test_case_p11__a_link_to_a_case_of_others_is_no_page(office: PlayingOffice, who: str) -> None:
    """Case S3 by case: every address of a submission, for those who have nothing to do with it."""
    submission = next(one for one in office.in_state("queried") if one % 2 == 1)  # site S1
    nothing = office.somebody(who).get("/nothing")
    paths = paths_of(office, submission)
    assert len(paths) > 10
    for method, path in paths:
        if who == "statistician" and (method, path) == ("GET", office.case(submission)):
            continue  # theirs has its codes replaced: test_office_guards.py
        someone = office.somebody(who)
        page = someone.get(path) if method == "GET" else someone.post(
            path, text="a text", reason="a reason", topic="t", due="2026-04-01", step="save",
            who="reader:1", kind="retrospective", readers="1",
        )  # fmt: skip
        assert page.status == 404, (method, path)
        assert page.plain == nothing.plain, (method, path)


def test_case_p31__nobody_of_the_site_reviews_its_case(office: PlayingOffice, blind: int) -> None:
    with reading(office.engine) as connection:
        site = standing_in(connection, blind).site
    of_site = office.somebody(f"physicist.{site.lower()}")
    assert of_site.get(office.case(blind)).status == 200  # its own submission, as a site sees it
    assert of_site.post(office.case(blind) + "/reading").status == 404
    admin = Acting(office.accounts["admin"].key, now())
    local = add_account(office.engine, admin, "local", "Lo Cal", home_site=site)
    grant_role(office.engine, admin, local.key, Role.REVIEWER)
    office.accounts["local"] = local
    at_home, case = office.somebody("local"), office.case(blind)
    coordinator = office.somebody("coordinator")
    refused = coordinator.post(f"{case}/assign", who=f"reader:{local.key}")
    assert refused.status == 409
    assert "nobody reviews a submission of their own site" in refused.text
    told = coordinator.get(case).text
    assert "Lo Cal (nobody reviews a submission of their own site)" in told
    assert f'value="reader:{local.key}"' not in told
    assert f"{site}/" not in at_home.get("/queue").text + at_home.get("/queue?view=pool").text
    assert at_home.get(case).status == at_home.post(f"{case}/reading").status == 404
    # so it is for a reader who declares a conflict after being assigned
    reader, key = office.somebody("reviewer2"), office.accounts["reviewer2"].key
    assert reader.get(case).status == 200
    by = Acting(office.accounts["coordinator"].key, now())
    declared = declare_conflict(office.engine, by, key, "kin", site=site)
    assert case not in reader.get("/queue").text
    assert reader.get(case).status == reader.post(f"{case}/reading").status == 404
    end_conflict(office.engine, by, declared, "moved")


def test_case_s35__a_blind_reader_gets_no_trace(office: PlayingOffice, blind: int) -> None:
    first, second = office.somebody("reviewer3"), office.somebody("reviewer2")
    path, token = ready(first, blind, "rejected")
    opened(second, blind)
    before = pages_of(office, second, blind)
    asked = first.post(path, comment="the liver is cut off", visibility="site")
    assert asked.status == 303
    token = challenge(first.post(f"{path}/sign"))
    assert first.post(f"{path}/sign", challenge=token, password=SECRET).status == 303
    after = pages_of(office, second, blind)
    assert [page.plain for page in before] == [page.plain for page in after]
    assert not any("Demo Reviewer Three" in page.text for page in after)
    assert second.get(path).status == 404  # the other's reading
    coordinator = office.somebody("coordinator")
    assert coordinator.get(path).status == 404  # case P39: nor before both have signed
    assert "cut off" not in coordinator.get("/trail").text
    mine, token = ready(second, blind, "rejected")
    assert second.post(f"{mine}/sign", challenge=token, password=SECRET).status == 303
    assert "Demo Reviewer Three" in second.get(office.case(blind)).text
    assert second.get(path).status == 200


def pages_of(office: PlayingOffice, who: Somebody, submission: int) -> list[Page]:
    reading_path = opened(who, submission)
    paths = ("/", "/queue", "/queue?view=mine&order=changed", office.case(submission), reading_path)
    return [who.get(path) for path in paths]


# --- reading and signing -----------------------------------------------------------------------


@pytest.fixture
def mine(office: PlayingOffice) -> int:
    """A submission that one reader has."""
    submission = office.in_state("reviewed by engine")[0]
    coordinator = office.somebody("coordinator")
    who = f"reader:{office.accounts['reviewer1'].key}"
    assert coordinator.post(office.case(submission) + "/assign", who=who).status == 303
    return submission


def test_a_case_is_read_with_an_override_and_signed(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    case = reader.get(office.case(mine))
    assert "Mean[Gy]" in case.text
    assert "≤ 30" in case.text
    path = opened(reader, mine)
    form = reader.get(path)
    fields = agreed(form, "accepted with deviation")
    name = next(name for name, value in fields.items() if value == "per_protocol")[:-2]
    # an override without its words is kept as typed, and nothing of it is recorded
    refused = reader.send(path, {**fields, f"{name}.v": "major", f"{name}.w": "<b>short"})
    assert refused.status == 400
    assert "&lt;b&gt;short" in refused.text
    assert "&lt;b&gt;short" in reader.get(path).text
    assert "not answered yet: 1" in reader.get(path).text
    blocked = reader.post(f"{path}/sign")
    assert "Something is not answered yet" in blocked.text
    assert 'name="challenge"' not in blocked.text
    why = "the contour ends one slice early"
    full = {**fields, f"{name}.v": "major", f"{name}.r": "other", f"{name}.w": why}
    assert reader.send(path, full).location == f"{path}/sign"
    dialog = reader.post(f"{path}/sign")
    assert why in dialog.text
    assert "I reviewed the dose and plan as physicist." in dialog.text
    wrong = reader.post(f"{path}/sign", challenge=challenge(dialog), password=WRONG)
    assert wrong.status == 403
    assert signatures(office, mine) == 0
    done = reader.post(f"{path}/sign", challenge=challenge(wrong), password=SECRET)
    assert done.location.startswith(office.case(mine))
    shown = reader.get(done.location)
    with reading(office.engine) as connection:
        row = connection.execute(
            sa.select(o.signatures).where(o.signatures.c.submission_id == mine)
        ).one()
    for told in (row.sha256, row.content_sha256, row.at, row.local_at, row.name, row.sentence):
        assert told in shown.text
    assert "accepted with deviation" in shown.text
    kept = reader.get(path)
    assert why in kept.text
    assert 'name="i0.v"' not in kept.text  # signed: nothing is to be written any more


def test_case_p40__who_signs_twice_is_refused_with_words(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    path, token = ready(reader, mine)
    assert reader.post(f"{path}/sign", challenge=token, password=SECRET).status == 303
    again = reader.post(f"{path}/sign", challenge=token, password=SECRET)  # case S11: a replay
    assert again.status == 409
    assert "this reading is signed" in again.text
    assert signatures(office, mine) == 1
    late = reader.send(path, {"g.v": "rejected", "step": "save"}, "zh")
    assert late.status == 409
    assert "此审阅已签署" in late.text
    assert "[en]" not in late.text
    coordinator = office.somebody("coordinator")
    case = office.case(mine)
    assert coordinator.post(f"{case}/reopen", reason="").status == 400
    assert coordinator.post(f"{case}/reopen", reason="the site wrote again").status == 303
    assert "superseded: the case was reopened" in office.somebody("auditor").get(case).text


def test_case_s11__a_token_of_another_place_signs_nothing(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    path, token = ready(reader, mine)
    elsewhere = office.somebody("reviewer1")  # another session of the same account
    assert elsewhere.post(f"{path}/sign", challenge=token, password=SECRET).status == 404
    assert reader.post(f"{path}/sign", challenge="x" * 43, password=SECRET).status == 404
    other = office.somebody("reviewer2")
    assert other.post(f"{path}/sign", challenge=token, password=SECRET).status == 404
    assert signatures(office, mine) == 0
    assert "signing refused" in office.somebody("auditor").get("/trail").text


def test_case_s12__of_two_tabs_one_signs(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    path, first = ready(reader, mine)
    second = challenge(reader.post(f"{path}/sign"))
    answers = [
        reader.post(f"{path}/sign", challenge=token, password=SECRET).status
        for token in (second, first)
    ]
    assert answers == [303, 409]
    assert signatures(office, mine) == 1


def test_case_s13__what_changed_since_is_shown(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    path, token = ready(reader, mine)
    changed = reader.send(path, {"g.v": "rejected", "g.w": "not like this", "step": "save"})
    assert changed.status == 303
    answer = reader.post(f"{path}/sign", challenge=token, password=SECRET)
    assert answer.status == 409
    assert "What is different now" in answer.text
    assert "not like this" in answer.text
    assert signatures(office, mine) == 0
    # two tabs of the form: the later one does not write over what it did not show
    stale = {"g.v": "accepted", "g.b": "accepted with deviation", "step": "save"}
    assert reader.send(path, stale).status == 409
    fresh = challenge(reader.post(f"{path}/sign"))
    assert reader.post(f"{path}/sign", challenge=fresh, password=SECRET).status == 303


def test_case_s14__a_pause_while_signing_keeps_the_draft(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("reviewer1")
    path, token = ready(reader, mine, "rejected")
    for _ in range(5):
        answer = reader.post(f"{path}/sign", challenge=token, password=WRONG)
        assert answer.status == 403
    held = reader.post(f"{path}/sign", challenge=token, password=SECRET)
    assert held.status == 429
    assert "Wait" in held.text
    assert re.search(r'value="rejected" checked', reader.get(path).text)
    office.app.throttle.succeeded("reviewer1")
    assert reader.post(f"{path}/sign", challenge=token, password=SECRET).status == 303


def test_case_s9__a_grant_that_ends_shuts_the_next_page(office: PlayingOffice, mine: int) -> None:
    reader = office.somebody("adjudicator")
    grant = grants_of(office.engine, office.accounts["adjudicator"].key)[0]
    waits = office.in_state("adjudication")
    who = f"adjudicator:{grant.account}"
    case = office.case(waits[0])
    assert office.somebody("coordinator").post(f"{case}/assign", who=who).status == 303
    assert reader.get(case).status == 200
    path = opened(reader, waits[0])
    admin = Acting(office.accounts["admin"].key, now())
    end_grant(office.engine, admin, grant.id, "has left")
    for page in (reader.get(case), reader.get(path), reader.post(path, **{"g.v": "rejected"})):
        assert page.status == 404


# --- questions and trail -----------------------------------------------------------------------


def test_a_question_goes_to_the_site_and_comes_back(office: PlayingOffice, mine: int) -> None:
    reader, case = office.somebody("reviewer1"), office.case(mine)
    opened(reader, mine)
    with reading(office.engine) as connection:
        site = office.somebody(f"physicist.{standing_in(connection, mine).site.lower()}")
    asked = {"topic": "margin", "text": "Which <margin>?", "due": "2026-04-01"}
    assert reader.send(f"{case}/questions", {**asked, "due": "soon"}).status == 400
    assert reader.send(f"{case}/questions", asked).status == 303
    assert reader.send(f"{case}/questions", asked).status == 409
    page = site.get(case)
    assert "Which &lt;margin&gt;?" in page.text
    assert "Demo Reviewer" not in page.text
    assert "waits for an answer of the site" in page.text
    answer = re.search(r'action="(/questions/\w+/answer)"', page.text)
    assert answer
    assert reader.post(answer[1], text="5 mm").status == 404
    assert site.post(answer[1], text=" ").status == 400
    assert site.post(answer[1], text="5 mm").status == 303
    back = reader.get(case)
    assert "5 mm" in back.text
    assert mine in office.in_state("in review")
    thread = answer[1].rpartition("/")[0]
    coordinator = office.somebody("coordinator")
    assert coordinator.post(f"{thread}/close", reason="answered").status == 303
    assert site.post(answer[1], text="6 mm").status == 409


def test_the_auditor_reads_and_verifies_the_trail(office: PlayingOffice) -> None:
    auditor = office.somebody("auditor")
    page = auditor.get("/trail?kind=reading+signed")
    rows = page.text.partition("<tbody")[2].partition("</tbody")[0]
    assert "Demo Reviewer One" in rows
    assert "reading opened" not in rows
    assert "reading signed" in rows
    verified = auditor.get("/trail/verified")
    assert "Verified: everything is as it was recorded." in verified.text
    assert "验证通过" in auditor.get("/trail/verified", "zh").text
    first = auditor.get("/trail")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older
    assert auditor.get(older[1].replace("&amp;", "&")).text != first.text
    assert auditor.post(office.case(1) + "/reopen", reason="x").status == 403
    assert office.somebody("reviewer1").get("/trail").status == 404


def test_head_outside_the_records_follows_every_step(office: PlayingOffice, mine: int) -> None:
    """An office at work is as recorded for ``sbrt-qa verify``, whoever looks and when."""
    folder = office.app.audit.folder
    before = known_heads(folder)
    assert not verifying.verify(folder).difference
    coordinator = office.somebody("coordinator")
    due = coordinator.post(f"{office.case(mine)}/due", due="2026-12-24", reason="holidays")
    assert due.status == 303
    assert known_heads(folder) != before
    assert not verifying.verify(folder).difference


@pytest.mark.parametrize("who", ["coordinator", "reviewer1", "auditor", "physicist.s1"])
def test_screens_are_whole_in_chinese(office: PlayingOffice, who: str) -> None:
    someone = office.somebody(who)
    queue = someone.get("/queue", "zh")
    case = re.search(r'href="(/cases/\w+)"', queue.text)
    assert case
    asked = {case[1]: 200, f"/queue?search={'x' * 65}": 400, "/no": 404}
    pages = [(queue, 200), *((someone.get(path, "zh"), status) for path, status in asked.items())]
    for page, status in pages:
        assert page.status == status
        assert 'lang="zh-Hans"' in page.text
        assert "[en]" not in page.text


# --- the report and the draft ------------------------------------------------------------------


def test_the_report_is_the_file_that_was_recorded(office: PlayingOffice, mine: int) -> None:
    reader, case = office.somebody("reviewer1"), office.case(mine)
    page = reader.get(f"{case}/report/1")
    with reading(office.engine) as connection:
        code = standing_in(connection, mine).code
    file = office.app.audit.folder / relative_path(code, 1)
    assert page.text == file.read_text(encoding="utf-8")
    assert "sandbox allow-scripts" in page.headers["content-security-policy"]
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert f'src="{case}/report/1"' in reader.get(case).text
    assert f'src="{case}/report/1"' in reader.get(opened(reader, mine)).text
    kept = reader.get(f"{case}/report/1?keep=yes")
    assert kept.headers["content-disposition"].startswith("attachment")
    nothing = reader.get("/nothing").plain
    for path in (f"{case}/report/2", f"{case}/report/0", f"{case}/report/x"):
        assert reader.get(path).plain == nothing
    with reading(office.engine) as connection:
        of_site = office.somebody(f"physicist.{standing_in(connection, mine).site.lower()}")
    assert of_site.get(f"{case}/report/1").plain == nothing  # the trial does not show sites
    # what something else wrote there is not shown as the report (case S15)
    kept_bytes = file.read_bytes()
    file.unlink()
    assert "its file is gone" in reader.get(case).text
    file.write_bytes(kept_bytes + b"<!-- -->")
    assert "not as it was recorded" in reader.get(f"{case}/report/1").text
    assert "<iframe" not in reader.get(case).text
    file.write_bytes(kept_bytes)


def test_case_p38__a_half_filled_form_is_kept_and_comes_back(
    office: PlayingOffice, mine: int
) -> None:
    """Whatever ends: the page, the session, the server. Nothing of a draft is recorded."""
    reader = office.somebody("reviewer1")
    path = opened(reader, mine)
    names = agreed(reader.get(path), "accepted")
    name = next(name for name, value in names.items() if value == "per_protocol")[:-2]
    fields = {
        f"{name}.v": "major",
        f"{name}.w": "half a sen",
        "g.w": "tail <b>",
        "comment": "to be",
    }
    assert reader.send(f"{path}/draft", {**fields, "visibility": "site"}).status == 200
    office.app.sessions.end_all_of(str(office.accounts["reviewer1"].key))
    assert reader.send(f"{path}/draft", fields).location.startswith("/login")
    again = Somebody(restarted(office), office.somebody("reviewer1").cookie)
    page = again.get(path)
    for told in ("half a sen", "tail &lt;b&gt;", ">to be</textarea>", "kept as a draft"):
        assert told in page.text
    assert 'value="site" selected' in page.text
    assert re.search(rf'name="{name}.v">.*?value="major" selected', page.text)
    with reading(office.engine) as connection:
        query = sa.select(sa.func.count()).select_from(o.judgements.join(o.readings))
        assert not connection.scalar(query.where(o.readings.c.submission_id == mine))
    assert office.somebody("reviewer2").send(f"{path}/draft", fields).status == 404
    # a draft does not go over what was recorded after it
    recorded = {**agreed(page, "accepted"), "step": "save"}
    other_tab = again.send(path, recorded)
    assert other_tab.status == 303
    stale = {"g.v": "rejected", "g.b": "", f"{name}.v": "major", f"{name}.b": ""}
    assert again.send(f"{path}/draft", stale).status == 200
    assert re.search(r'value="accepted" checked', again.get(path).text)


def restarted(office: PlayingOffice) -> PlayingOffice:
    """Return the office as another process would open it."""
    again = copy(office)
    again.store = WorkingStore.in_folder(office.app.audit.folder)
    again.app = office_app(office.app.place, office.app.audit, office.engine, again.store)
    again.framed = again.app.framed()
    return again
