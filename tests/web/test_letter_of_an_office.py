"""The letter about a submission of which the office asked the site already: due as it was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sbrt_qa.audit.letters import write_letter
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.model.actor import Actor, Doing
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.reports.sheet.plain_text import sheet_text

from .playing_office import PlayingOffice


def test_a_letter_is_due_when_the_office_asked_for_an_answer(tmp_path: Path) -> None:
    office = PlayingOffice(tmp_path / "A", 30)
    major = 29
    with reading(office.engine) as connection:
        code = standing_in(connection, major).code
    today = datetime.now(UTC).date()
    soon, later = ((today + timedelta(days=days)).isoformat() for days in (5, 9))
    coordinator = office.somebody("coordinator")
    for topic, due in (("margin", later), ("liver", soon)):
        asked = coordinator.post(
            office.case(major) + "/questions", topic=topic, text="Which?", due=due
        )
        assert asked.status == 303, asked.text
    by = Doing(Actor("Office Person"))
    text = sheet_text(write_letter(tmp_path / "A", code, 14, by=by).sheet)
    assert soon in text
    assert later not in text
    assert (today + timedelta(days=14)).isoformat() not in text
    office.close()
