"""The screen of what waits: its numbers, who may ask for it, and its Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sbrt_qa.office.rights import MATRIX, Scope
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.web.review_office.office_doors import OfficePages
from sbrt_qa.web.review_office.waiting_screen import DOORS

from .playing_office import PlayingOffice

NUMBERS = re.compile(r"<dd>(\d+)</dd>")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OfficePages, "doors", (*OfficePages.doors, *DOORS))
        made = PlayingOffice(tmp_path_factory.mktemp("waiting") / "audit", 28)
    yield made
    made.close()


def test_a_coordinator_sees_every_case_and_a_reader_only_some(office: PlayingOffice) -> None:
    every = NUMBERS.findall(office.somebody("coordinator").get("/waiting").text)
    mine, seen = NUMBERS.findall(office.somebody("reviewer1").get("/waiting").text)
    assert every[1] == "28"
    assert int(mine) <= int(seen) < 28


def test_who_sees_no_case_finds_no_such_page(office: PlayingOffice) -> None:
    assert MATRIX[Right.SEE_CASE].get(Role.ADMIN, Scope.NO) is Scope.NO
    assert office.somebody("admin").get("/waiting").status == 404


def test_what_is_not_translated_yet_is_marked(office: PlayingOffice) -> None:
    assert "What waits [en]" in office.somebody("coordinator").get("/waiting", "zh").text
