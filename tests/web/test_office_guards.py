"""Guards of the office's pages: sessions, logs, errors, headers, drafts, the user it runs as."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import html
import io
import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.responses import StreamingResponse

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.words import Words
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.assigning import plan_review, set_due
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import RequestHead
from sbrt_qa.web.review_office import export_screen, trail_screen
from sbrt_qa.web.review_office.event_words import EVENT_KINDS, change_text
from sbrt_qa.web.review_office.office_service import OfficeServed, refuse_plain
from sbrt_qa.web.visits import Visit
from sbrt_qa.web.working.password_rows import Failures, PasswordRows
from sbrt_qa.web.working.working_store import WorkingStore

from .playing_office import SECRET, Page, PlayingOffice, opened

PLANTED = "Meier^Johanna 1951-03-02"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("guards") / "A", 29)
    yield made
    made.close()


def given(office: PlayingOffice, who: str) -> int:
    """Give somebody a submission that waits."""
    submission = office.in_state("reviewed by engine")[0]
    reader = f"reader:{office.accounts[who].key}"
    answer = office.somebody("coordinator").post(office.case(submission) + "/assign", who=reader)
    assert answer.status == 303
    return submission


def test_case_s7__a_session_has_another_id_after_signing_in(office):
    before = office.somebody("reviewer1")
    office.app.sessions.end(before.cookie)
    code = office.accounts["reviewer1"].code
    answer = before.post("/login", code=code, password=SECRET)
    assert answer.status == 303
    after = re.search(r"sbrtqa=([^;]+)", answer.headers["set-cookie"])[1]
    assert after != before.cookie
    assert before.get("/").location.startswith("/login")


def test_case_s18__planted_names_are_in_no_log_address_or_title(office, caplog):
    caplog.set_level(logging.DEBUG)
    reader, case = office.somebody("reviewer2"), office.case(given(office, "reviewer2"))
    path = reader.post(case + "/reading").location
    answers = [
        reader.get("/queue?search=" + PLANTED.replace("^", "%5E").replace(" ", "+")),
        reader.get("/cases/" + PLANTED.replace("^", "%5E").replace(" ", "%20")),
        reader.post(path, comment=PLANTED, visibility="office"),
        reader.post("/login", code=PLANTED, password=PLANTED),
        reader.get(path),
    ]
    office.app.access.flush()
    seen = " ".join(str(row) for row in office.app.access.log.rows())
    told = caplog.text + seen + " ".join(answer.location for answer in answers)
    titles = "".join(re.findall(r"<title>.*?</title>", "".join(a.text for a in answers)))
    for part in ("Meier", "Johanna", "1951"):
        assert part not in told
        assert part not in titles
    assert "Meier" in answers[-1].text  # it was recorded, for who may read it


def test_case_s19__an_error_shows_the_number_of_its_request_alone(office, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(PLANTED)

    monkeypatch.setattr(trail_screen, "trail_page", broken)
    page = office.somebody("auditor").get("/trail")
    assert page.status == 500
    assert re.search(r"<code>\w{12}</code>", page.text)
    for told in ("Meier", "RuntimeError", "Traceback", "trail_screen", ".py"):
        assert told not in page.text


def test_case_s20__pages_of_cases_are_kept_by_no_browser_and_tell_nobody(office):
    case = office.case(office.in_state("reviewed by engine")[0])
    coordinator = office.somebody("coordinator")
    for page in (
        coordinator.get(case),
        coordinator.get("/nothing"),
        office.somebody("admin").get(case),
    ):
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert page.headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_case_s32__pages_load_nothing_from_elsewhere(office):
    case = office.case(office.in_state("reviewed by engine")[0])
    for path in ("/queue", case, "/trail", "/second-factor"):
        page = office.somebody("coordinator").get(path)
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
        assert loaded
        assert all(one.startswith(("/", "?", "#")) and not one.startswith("//") for one in loaded)


@pytest.mark.parametrize(("root", "told", "refused"), [
    (True, False, True), (True, True, False), (False, False, False),
])  # fmt: skip
def test_case_s33__beyond_this_machine_root_has_to_be_told(monkeypatch, root, told, refused):
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    how = OfficeServed(address="0.0.0.0", behind_proxy=("10.0.0.0/8",), as_root=told)  # noqa: S104
    if refused:
        with pytest.raises(UsageError, match="does not run as root"):
            refuse_plain(how)
    else:
        refuse_plain(how)


def test_case_s33__files_of_working_state_are_their_owners(office):
    folder = office.app.audit.folder
    for name in ("working.db", "access.db"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_case_p38__a_half_filled_form_returns_after_the_session_ended(office):
    reader = office.somebody("reviewer3")
    path = opened(reader, given(office, "reviewer3"))
    form = reader.get(path).text
    name = re.search(
        r'name="(i\d+)\.v"><option value="">[^<]*</option><option value="([^"]+)"', form
    )
    words = "half a sentence on the"
    other = "major" if html.unescape(name[2]) != "major" else "minor"
    saved = reader.send(path, {f"{name[1]}.v": other, f"{name[1]}.w": words})
    assert saved.status == 400  # a reason is missing; nothing of it is lost
    office.app.sessions.end(reader.cookie)
    assert reader.get(path).location.startswith("/login")
    assert words in office.somebody("reviewer3").get(path).text


def test_case_s36__a_statistician_sees_no_code_no_name_and_no_words_of_a_site(office):
    statistician = office.somebody("statistician")
    auditor = office.somebody("auditor")
    queue = statistician.get("/queue")
    assert queue.status == 200
    rows = re.findall(r"/cases/\w{32}", queue.text)
    assert len(set(rows)) >= 20
    pages = [queue, *(statistician.get(one) for one in sorted(set(rows)))]
    subjects = {f"/{number:03}/" for number in range(29)} | {"S1/", "S2/", ">S1<", ">S2<"}
    names = [one.name for one in office.accounts.values() if one.code != "statistician"]
    for page in pages:
        assert page.status == 200
        for told in (*subjects, *names):
            assert told not in page.text, told
    assert "/cases/" in auditor.get("/queue").text
    for asked in ("search=S1", "order=code", "site=S1", "subject=001"):
        assert statistician.get(f"/queue?{asked}").status == 400
    assert statistician.post(rows[0] + "/reading").status == 404
    assert re.search(r"X-[0-9A-F]{10}", queue.text)


# --- tables to keep -------------------------------------------------------------------------------


def table(page: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.text, newline="")))


def test_case_s36__an_export_is_of_what_one_sees_and_coded_for_a_statistician(office):
    whole = office.somebody("coordinator").get("/export/submissions")
    assert whole.headers["content-disposition"] == 'attachment; filename="submissions.csv"'
    coded = office.somebody("statistician").get("/export/submissions")
    assert len(table(coded)) == len(table(whole)) == 29
    names = [one.name for one in office.accounts.values()]
    for name in ("submissions", "limits"):
        page = office.somebody("statistician").get(f"/export/{name}")
        assert page.status == 200
        assert page.headers["content-type"] == "text/csv; charset=utf-8"
        for row in table(page):
            assert re.fullmatch(r"X-[0-9A-F]{10}", row["subject"])
            assert row["site"].startswith("Y-")
            assert row["code"] == f"{row['site']}/{row['subject']}/v{row['version']}"
            assert not {"arm", "reason", "text", "readers"} & set(row)
        assert not [one for one in names if one in page.text]
    with_values = table(office.somebody("auditor").get("/export/limits"))
    assert {row["code"] for row in with_values} == {row["code"] for row in table(whole)}
    assert all(row["verdict"] and row["limit"] for row in with_values)
    office.app.access.flush()
    seen = [one.access for one in office.app.access.log.rows()]
    assert {one.account for one in seen if one.action == "export"} >= {"statistician", "auditor"}


def test_case_s36__cells_that_a_spreadsheet_would_run_are_quoted(office, monkeypatch):
    hostile = ['=HYPERLINK("x")', "+1", "-1+2", "@SUM(A1)", "\t=1", "plain", -1.5]
    rows = lambda *_: iter([tuple(hostile)])  # noqa: E731
    monkeypatch.setattr(export_screen, "exported_rows", rows)
    page = office.somebody("coordinator").get("/export/limits")
    cells = next(iter(list(csv.reader(io.StringIO(page.text, newline="")))[1:]))
    assert all(one[:1] == "'" for one in cells[:5])
    assert cells[5:] == ["plain", "-1.5"]


def test_who_may_not_export_finds_no_table(office):
    for who in ("reviewer1", "adjudicator", "physicist.s1", "admin"):
        assert office.somebody(who).get("/export/limits").status == 404
    assert office.somebody("coordinator").get("/export/passwords").status == 400


def test_case_p44__a_slow_client_of_an_export_holds_no_transaction_open(office):
    """While a client has not taken the table, the journal can be written back to its end."""
    coordinator = office.somebody("coordinator")
    visit = Visit(
        "n", "GET", "/export/limits", RequestHead(office.host, secure=False, address="127.0.0.1"),
        {"table": "limits"}, session=office.app.sessions.of(coordinator.cookie),
        cookie=coordinator.cookie,
    )  # fmt: skip
    answer = export_screen.export(office.app, office.app.known(visit))
    assert isinstance(answer, StreamingResponse)  # nothing of it was taken yet
    lock = office.in_state("reviewed by engine")[0]
    set_due(office.engine, office.app.acting(office.app.known(visit)), lock, "2031-01-01T00:00:00Z")
    for path in (office.app.audit.folder / "audit.db", office.app.audit.folder / "working.db"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        assert path.with_name(path.name + "-wal").stat().st_size == 0

    async def taken() -> bytes:
        return b"".join([part async for part in answer.body_iterator])

    assert len(asyncio.run(taken()).splitlines()) > 29


def test_a_plan_of_one_reader_is_recorded_as_one(office):
    case = office.in_state("reviewed by engine")[0]
    by = Acting(office.accounts["coordinator"].key, now())
    plan_review(office.engine, by, case, "retrospective", 1, blind=True)
    page = office.somebody("coordinator").get("/trail?kind=review+planned").text
    assert "retrospective, 1 reader, blind" in page
    assert "1 readers" not in page


def test_case_p33__several_cases_are_assigned_at_once_or_none(office):
    coordinator, reader = office.somebody("coordinator"), office.accounts["reviewer3"].key
    waiting = office.in_state("reviewed by engine")
    assert len(waiting) >= 2
    form = coordinator.get("/queue?state=reviewed+by+engine").text
    chosen = re.findall(r'type="checkbox" name="case" value="(\w{32})"', form)
    assert len(chosen) == len(waiting)
    taken = office.app.address_of("case", office.in_state("accepted")[0])

    def sent(cases: list[str], who: int = reader) -> int:
        fields = [("case", one) for one in cases] + [("who", str(who)), ("next", "/queue?view=all")]
        return coordinator.send("/queue/assign", fields).status

    assert sent([*chosen, taken]) == 409  # one of them takes no reader: none is assigned
    assert sent([*chosen, "0" * 32]) == 404
    assert sent([]) == 400
    assert sent(chosen, office.accounts["auditor"].key) == 409
    assert office.in_state("reviewed by engine") == waiting
    assert sent(chosen) == 303
    assert not office.in_state("reviewed by engine")
    assert office.somebody("reviewer1").post("/queue/assign").status == 404
    assert 'name="case"' not in office.somebody("auditor").get("/queue").text


def test_case_p35__the_trail_shows_what_a_step_changed(office):
    page = office.somebody("coordinator").get("/trail?kind=submission+moved").text
    assert "waits for a reader → assigned" in page
    said = office.somebody("auditor").get("/trail?kind=case+decided").text
    told = office.somebody("coordinator").get("/trail?kind=case+decided").text
    assert "→" in said
    assert "→" not in told  # what readers said is for the auditor


@pytest.mark.parametrize(
    ("recorded", "en", "zh"),
    [
        ("retrospective, 1 reader, blind", "retrospective, 1 reader, blind",
         "回顾性，1 名审核者，盲法"),
        ("retrospective, 1 readers, open", "retrospective, 1 reader, open to each other",
         "回顾性，1 名审核者，互相可见"),
        ("coordinator", "coordinator", "协调员"),
        ("coordinator from 2026-03-02T08:00:00.000Z", "coordinator from 2026-03-02 08:00",
         "协调员，自 2026-03-02 08:00 起"),
        ("waits", "waits for confirmation", "等待确认"),
        ("somebody.else", "somebody.else", "somebody.else"),
        ("", "–", "–"),
    ],
)  # fmt: skip
def test_what_an_event_changed_is_told_in_the_language_of_the_reader(recorded, en, zh):
    assert change_text("of any kind", recorded, Words()) == en
    assert change_text("of any kind", recorded, Words("zh")) == zh
    assert change_text("reader assigned", recorded, Words("zh")) in (recorded, "–")


def test_every_kind_of_event_in_the_trail_has_a_name_in_the_catalogue(office):
    rows = re.findall(r'<th scope="row">([^<]+)', office.somebody("auditor").get("/trail").text)

    assert len(rows) > 5
    assert {html.unescape(one).strip() for one in rows} <= set(EVENT_KINDS)


def test_what_is_still_to_be_said_is_called_by_its_name(office):
    reader = office.somebody("reviewer1")
    path = opened(reader, next(filter(reader.may_read, office.in_state("in review"))))
    page = reader.get(f"{path}/sign").text
    assert "you agree with the program on every item" not in page
    assert "<li>limit:" not in page
    assert "Liver" in page


# --- who guesses ----------------------------------------------------------------------------------


def test_case_s26__tries_at_once_are_all_counted(tmp_path):
    store = WorkingStore.in_folder(tmp_path)
    counted = Failures(store)
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(lambda _: counted.add("account x"), range(40)))
    assert numbers == list(range(1, 41))
    assert counted.count("account x")[0] == 40
    store.close()


class CountingHasher(PasswordHasher):
    """Counts how often a password was held against a hash."""

    verified = 0

    def verify(self, *given: Any) -> Any:
        self.verified += 1
        return super().verify(*given)


def test_case_s26__a_name_that_there_is_not_takes_the_same_work(office):
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    words = Passwords(PasswordRows(office.store), hasher)
    for account in (str(office.accounts["reviewer1"].key), "", "77777"):
        before = hasher.verified
        assert not words.holds(account, "not the password at all")
        assert hasher.verified == before + 1, account


def test_case_s26__an_account_that_is_slowed_is_told_to_the_admin(office):
    guest = office.somebody("reviewer1")
    office.app.sessions.end(guest.cookie)
    for code in ("statistician", "nobody-of-that-name"):
        told = [guest.post("/login", code=code, password="x" * 20).status for _ in range(6)]
        assert told == [403] * 5 + [429]
    page = office.somebody("admin").get("/accounts").text
    slowed = page.partition("Accounts slowed down after wrong passwords")[2]
    assert "statistician" in slowed
    assert "nobody-of-that-name" not in page
    assert office.somebody("coordinator").get("/accounts").status == 404
