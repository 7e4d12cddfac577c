"""What a planning system sends is recorded before it is answered for, and sorted afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from sbrt_qa.intake.landing import DiskSpace, Landing
from sbrt_qa.web.review_office.sorting_work import SortingPlace, sort_arrivals
from sbrt_qa.web.working.arrival_rows import LANDED, SORTED, Arrivals
from sbrt_qa.web.working.study_rows import Studies
from sbrt_qa.web.working.working_store import WorkingStore

from .raw_dicom import receiver, stored

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "beams"


@pytest.mark.skipif(shutil.which("storescu") is None, reason="apt-get install dcmtk")
def test_what_is_answered_for_is_recorded_and_put_together(tmp_path: Path) -> None:
    sent = sorted(SAMPLE.glob("*.dcm"))
    other = tmp_path / "other.dcm"
    changed = dcmread(sent[0])
    changed.StudyDescription = "Other"
    changed.save_as(other)
    with receiver(tmp_path) as running:
        assert stored(running.port, *sent)[0] == 0
        assert stored(running.port, *sent)[0] == 0, "the same again"
        stored(running.port, other)
        assert running.counted("answered C110") == 1, "its sender is told"
    store = WorkingStore.in_folder(tmp_path / "AUDIT")
    rows = Arrivals(store)
    known = rows.in_state(LANDED)
    assert {(one.source.door, one.source.site, one.source.peer) for one in known} == {
        ("c-store", "S01", "TPS1")
    }
    assert len(known) == len(sent)
    vault = Landing(running.root, lambda _: DiskSpace(10**12, 10**12))
    sort_arrivals(SortingPlace(vault, store))
    assert len(rows.in_state(SORTED)) == len(sent)
    studies = {one.state: one for one in Studies(store).all()}
    assert len(studies["open"].members) == len(sent)
    assert "content is not the same" in studies["quarantined"].why
    store.close()
