"""The page of intake: what a coordinator decides of what is set aside, and tokens of sites."""

from __future__ import annotations

import html
import io
import re

import pytest
import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.intake.landing import ArrivalSource, land
from sbrt_qa.office.intake_trail import DECIDED
from sbrt_qa.web.working.arrival_rows import record_arrival
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import ReceivedStudy, Studies

from .playing_office import PlayingOffice

SOURCE = ArrivalSource("stow", "S1", "token 1")


def study_in(served: PlayingOffice, state: str, content: bytes) -> ReceivedStudy:
    landed = land(served.app.vault, SOURCE, io.BytesIO(content), max_bytes=100)
    one = record_arrival(served.store, SOURCE, landed, batch=f"test {content!r}")
    return Studies(served.store).begin("S1", [one.id], state=state, subject="S1-800", why="odd")


def address(served: PlayingOffice, study: ReceivedStudy) -> str:
    return f"/intake/{served.app.address_of('study', study.id)}"


def decided(served: PlayingOffice) -> list[str]:
    e = t.audit_events.c
    with reading(served.engine) as connection:
        return list(
            connection.scalars(sa.select(e.details).where(e.kind == DECIDED).order_by(e.seq))
        )


def test_everything_set_aside_has_an_owner_a_reason_and_an_age(served: PlayingOffice) -> None:
    study = study_in(served, "quarantined", b"first")
    office = served.somebody("coordinator")
    earlier = len(decided(served))
    page = office.get("/intake").text
    assert address(served, study) in page
    assert "odd" in page
    assert "0 d 0 h" in page
    for who in ("physicist.s1", "reviewer1", "statistician"):
        assert served.somebody(who).get("/intake").status == 404
        assert served.somebody(who).post(address(served, study), decision="own").status == 404
    assert "set aside" in served.somebody("physicist.s1").get("/site").text
    assert "S1-800" not in served.somebody("physicist.s2").get("/site").text
    assert office.post(address(served, study), decision="own", reason="").status == 400
    assert office.post(address(served, study), decision="own", reason="mine").status == 303
    assert Studies(served.store).with_id(study.id).owner == "coordinator"
    assert office.post(address(served, study), decision="release", reason="x").status == 404
    assert office.post(address(served, study), decision="withdraw", reason="wrong").status == 303
    assert Studies(served.store).with_id(study.id).state == "withdrawn"
    assert office.post(address(served, study), decision="withdraw", reason="x").status == 400
    told = decided(served)[earlier:]
    assert len(told) == 2
    assert all('"reason"' in one and '"files"' in one for one in told)
    assert office.post(f"/intake/{'0' * 32}", decision="own", reason="x").status == 404


def test_what_is_not_whole_is_taken_as_it_is_by_a_person(served: PlayingOffice) -> None:
    study = study_in(served, "incomplete", b"second")
    office = served.somebody("coordinator")
    assert office.post(address(served, study), decision="own", reason="x").status == 400
    assert office.post(address(served, study), decision="close", reason="all of it").status == 303
    assert Studies(served.store).with_id(study.id).state == "closed"
    job = Jobs(served.store).last_of("release", str(study.id))
    assert job is not None
    Studies(served.store).change(Studies(served.store).with_id(study.id), state="withdrawn")


@pytest.mark.parametrize(
    ("code", "site", "days", "status"),
    [
        ("physicist.s1", "S1", "30", 200), ("physicist.s1", "S2", "30", 400),
        ("physicist.s1", "S1", "0", 400), ("reviewer1", "S1", "30", 400),
        ("nobody", "S1", "30", 400), ("physicist.s1", "../x", "30", 400),
    ],
)  # fmt: skip
def test_a_token_is_made_for_who_sends_for_the_site_and_shown_once(
    served: PlayingOffice, code: str, site: str, days: str, status: int
) -> None:
    before = served.app.tokens.all()
    fields = {"step": "make", "code": code, "site": site, "days": days}
    for who in ("coordinator", "physicist.s1"):
        assert served.somebody(who).post("/tokens", **fields).status == 404
    answer = served.somebody("admin").post("/tokens", **fields)
    assert answer.status == status, answer.text
    shown = re.findall(r"sbrtqa-upload-[\w-]+", html.unescape(answer.text))
    assert len(shown) == (status == 200)
    assert len(served.app.tokens.all()) == len(before) + len(shown)
    for token in shown:
        held = served.app.tokens.of(token)
        assert held is not None
        ended = served.somebody("admin").post("/tokens", step="end", number=str(held.id))
        assert ended.status in (303, 404)
        served.app.tokens.end(held.id)
        assert served.app.tokens.of(token) is None
