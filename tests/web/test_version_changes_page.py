"""The limits of a resubmission on its page, held against the version before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbrt_qa.audit.store.write import Recorder, add_protocol
from sbrt_qa.audit.times import now
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.site_uploads import versions_of

from .playing_office import NOW, PlayingOffice, entry, exceeding, limits, protocol, reviewed


@pytest.fixture
def resubmitted(tmp_path: Path) -> Iterator[tuple[PlayingOffice, dict[int, int]]]:
    """Subject 100 of S1: v1 exceeds a limit by far, v2 is per protocol under wider limits."""
    office = PlayingOffice(tmp_path / "audit", 28)
    known = {
        one.content_hash: add_protocol(office.engine, one, NOW) for one in (protocol(), limits())
    }
    recorder = Recorder(office.engine, known, "0.1")
    recorder.record(entry("S1", "100", 1, "one", cases=(exceeding(),)), NOW)
    recorder.record(entry("S1", "100", 2, "two", cases=(reviewed(),)), NOW)
    take_in(office.engine, now())
    yield office, versions_of(office.engine, "S1", "100")
    office.close()


def test_limits_are_held_against_the_version_before(
    resubmitted: tuple[PlayingOffice, dict[int, int]],
) -> None:
    office, versions = resubmitted
    coordinator = office.somebody("coordinator")
    page = coordinator.get(office.case(versions[2])).text
    section = page.partition('id="h-since"')[2].partition("</section>")[0]
    assert "S1/100/v1" in section
    assert "Verdicts that are worse: 0; better: 1." in section
    row = section.partition("Mean[Gy]")[2].partition("</tr>")[0]
    assert "better verdict" in row
    assert "≤ 30" in row and "before: ≤ 20" in " ".join(row.replace("<", " <").split())  # noqa: PT018
    assert "MAJOR" in row.upper()
    assert "h-since" not in coordinator.get(office.case(versions[1])).text
    chinese = coordinator.get(office.case(versions[2]), "zh").text
    assert "[en]" not in chinese
    assert "与上一版本对比" in chinese


def test_a_reader_of_the_later_version_sees_it_and_a_site_only_where_the_trial_says(
    resubmitted: tuple[PlayingOffice, dict[int, int]],
) -> None:
    office, versions = resubmitted
    case = office.case(versions[2])
    who = f"reader:{office.accounts['reviewer1'].key}"
    assert office.somebody("coordinator").post(f"{case}/assign", who=who).status == 303
    reader = office.somebody("reviewer1")
    assert "h-since" in reader.get(case).text
    form = reader.post(f"{case}/reading").location
    assert f"{case}#h-since" in reader.get(form).text
    assert "h-since" not in office.somebody("physicist.s1").get(case).text
