"""Conflicts of interest by their page: declared, seen, told of where cases are given out, ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.office.case_standing import standing_in

from .playing_office import PlayingOffice


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("conflicts") / "audit", 30)
    yield made
    made.close()


def waiting(office: PlayingOffice, site: str) -> int:
    with reading(office.engine) as connection:
        every = office.in_state("reviewed by engine")
        return next(one for one in every if standing_in(connection, one).site == site)


def events(office: PlayingOffice, kind: str) -> list[str]:
    e = t.audit_events.c
    with reading(office.engine) as connection:
        return list(connection.scalars(sa.select(e.details).where(e.kind == kind)))


def test_a_reader_declares_their_own_and_sees_no_others(office: PlayingOffice) -> None:
    two, three = office.somebody("reviewer2"), office.somebody("reviewer3")
    assert "No conflict of interest is declared." in two.get("/conflicts").text
    mine = two.post("/conflicts", site="s1", reason="I trained there")
    assert mine.location == "/conflicts"
    page = two.get("/conflicts").text
    assert "site S1" in page, "as the office has it, however it was typed"
    assert "I trained there" in page
    assert "End this conflict" not in page
    assert "I trained there" not in three.get("/conflicts").text
    key = str(office.accounts["reviewer2"].key)
    assert three.post("/conflicts", who=key, site="S2", reason="gossip").status == 404
    assert two.post("/conflicts", conflict="1", reason="no longer").status == 404
    again = two.post("/conflicts", site="S1", reason="once more")
    assert again.status == 400
    assert "declared already" in again.text
    for who in ("physicist.s1", "admin", "statistician"):
        assert office.somebody(who).get("/conflicts").status == 404
    assert len(events(office, "conflict of interest declared")) == 1


def test_what_cannot_be_declared_is_told_and_what_was_typed_stays(office: PlayingOffice) -> None:
    coordinator = office.somebody("coordinator")
    nobody = coordinator.post("/conflicts", site="S1", reason="kin")
    assert nobody.status == 400
    assert "say who has it" in nobody.text
    key = str(office.accounts["reviewer1"].key)
    fields = {"who": key, "site": "S1", "subject": "999", "reason": "a cousin"}
    unknown = coordinator.post("/conflicts", **fields)
    assert "no submission of this subject is here" in unknown.text
    assert 'value="a cousin"' in unknown.text
    assert (
        "not the code of a site"
        in coordinator.post("/conflicts", who=key, site="General Hospital!", reason="kin").text
    )
    assert "needs a reason" in coordinator.post("/conflicts", who=key, site="S1", reason=" ").text
    assert events(office, "conflict of interest declared") == []
    to_come = coordinator.post("/conflicts", who=key, site="S9", reason="will work there")
    assert to_come.status == 303
    assert "Nothing came from this site yet." in coordinator.get("/conflicts").text


def test_a_case_is_not_assigned_against_a_conflict_and_the_page_says_why(
    office: PlayingOffice,
) -> None:
    coordinator, reader = office.somebody("coordinator"), office.somebody("reviewer1")
    submission = waiting(office, "S1")
    case, key = office.case(submission), office.accounts["reviewer1"].key
    assert coordinator.post(f"{case}/assign", who=f"reader:{key}").status == 303
    assert reader.get(case).status == 200
    declared = coordinator.post("/conflicts", who=str(key), site="S1", reason="moved there")
    assert declared.status == 303
    assert reader.get(case).status == 404, "closed at once"
    with reading(office.engine) as connection:
        code = standing_in(connection, submission).code
    assert "closed to you:" in reader.get("/conflicts").text
    listed = coordinator.get("/conflicts").text
    assert "find another reader" in listed
    assert code in listed
    assert "a conflict of interest is declared" in coordinator.get(case).text
    other = office.case(waiting(office, "S1"))
    told = coordinator.get(other)
    assert "Demo Reviewer One (a conflict of interest is declared)" in told.text
    for path, fields in (
        (f"{other}/assign", {"who": f"reader:{key}"}),
        ("/queue/assign", {"who": str(key), "case": other.rpartition("/")[2]}),
    ):
        refused = coordinator.post(path, **fields)
        assert refused.status == 409
        assert "a conflict of interest is declared" in refused.text
        chinese = coordinator.send(path, fields, "zh").text
        assert "已声明利益冲突" in chinese
        assert "a conflict" not in chinese


def test_a_conflict_is_ended_by_a_coordinator_with_a_reason_and_stays_in_the_records(
    office: PlayingOffice,
) -> None:
    coordinator, auditor = office.somebody("coordinator"), office.somebody("auditor")
    key = str(office.accounts["reviewer3"].key)
    with reading(office.engine) as connection:
        one = standing_in(connection, waiting(office, "S2"))
    fields = {"who": key, "site": one.site, "subject": one.subject, "reason": "kin"}
    assert coordinator.post("/conflicts", **fields).status == 303
    assert f"{one.site}/{one.subject}" in auditor.get("/conflicts").text
    assert '<form method="post" action="/conflicts"' not in auditor.get("/conflicts").text
    found = coordinator.get("/conflicts").text
    number = found.partition('name="conflict" value="')[2].partition('"')[0]
    assert "needs a reason" in coordinator.post("/conflicts", conflict=number, reason="").text
    assert coordinator.post("/conflicts", conflict=number, reason="retired").status == 303
    page = auditor.get("/conflicts").text
    assert "No conflict of interest is declared." in page
    for told in ("kin", "retired", "Demo Coordinator"):
        assert told in page, told
    trail = auditor.get("/trail?kind=conflict%20of%20interest%20ended").text
    assert "retired" in trail
    assert "[en]" not in auditor.get("/conflicts", "zh").text
