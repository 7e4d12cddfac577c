"""A reviewer's contours kept in an audit: recorded once, told again, shown and verified."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.questions import ask
from sbrt_qa.audit.reference_contours import record_reference
from sbrt_qa.audit.run_audit import Request, audit
from sbrt_qa.audit.store.reference_records import contours_of
from sbrt_qa.audit.verifying import verify
from sbrt_qa.audit.what_can_be_asked import Question
from sbrt_qa.cli.main import application
from sbrt_qa.errors import StoreError, UsageError

REVIEWER = doing("R. Viewer", "radiation oncologist", "the duodenum looked low")
NAME = "Duodenum"


def drawn_elsewhere(submission: Path, out: Path) -> Path:
    """Write the structure set with the duodenum 10 mm higher, and one organ that names somebody."""
    (path,) = [p for p in submission.rglob("*.dcm") if modality(p) == "RTSTRUCT"]
    data = pydicom.dcmread(path)
    names = {roi.ROINumber: roi.ROIName for roi in data.StructureSetROISequence}
    for roi in data.ROIContourSequence:
        for contour in roi.ContourSequence if names[roi.ReferencedROINumber] == NAME else ():
            values = [float(v) for v in contour.ContourData]
            values[2::3] = [z + 10.0 for z in values[2::3]]
            contour.ContourData = values
    named = next(r for r in data.StructureSetROISequence if r.ROIName == "Heart")
    named.ROIName = "Doe^Jane heart"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    data.save_as(out)
    return out


def modality(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).Modality)


@pytest.fixture
def audited(one_submission: Request) -> tuple[Path, Path, Path]:
    """An audit of one submission, its folder, and a reviewer's structure set."""
    for _ in audit(one_submission):
        pass
    (place,) = {p.parent for p in one_submission.submissions[0].rglob("*.dcm")}
    drawn = drawn_elsewhere(place, one_submission.out.parent / "RS2.dcm")
    return one_submission.out, place, drawn


def test_contours_of_a_reviewer_are_kept_told_shown_and_verified(audited):
    out, place, drawn = audited
    kept = record_reference(out, place, drawn, REVIEWER)
    assert kept.is_new
    assert not record_reference(out, place, drawn, REVIEWER).is_new
    assert record_reference(out, place, drawn, doing("S. Econd", "reviewer", "again")).is_new
    rows = list(ask(out, Question("reference")))
    assert {row["actor"] for row in rows} == {"R. Viewer", "S. Econd"}
    mine = [row for row in rows if row["actor"] == "R. Viewer"]
    assert {row["code"] for row in mine} == {kept.code}
    assert {(row["role"], row["why"]) for row in mine} == {
        ("radiation oncologist", "the duodenum looked low")
    }
    by_name = {row["structure"]: row for row in mine if row["limit"] is None}
    duodenum = next(r for r in kept.comparison.rows if r.structure == NAME).agreement
    assert by_name[NAME]["dice"] == duodenum.dice < 0.9
    assert by_name[NAME]["added_path_mm"] == duodenum.added_path_mm > 0
    assert by_name["Liver"]["dice"] == pytest.approx(1.0)
    (unknown,) = [row for name, row in by_name.items() if name.startswith("structure ")]
    assert (unknown["dice"], unknown["reason"]) == (None, "structure_missing")
    limits = {row["limit"]: row for row in mine if row["limit"]}
    assert {key for key, row in limits.items() if row["changes"]} == {
        one.limit for one in kept.comparison.limits if one.changes
    }
    assert len(limits) == len(kept.comparison.limits)
    only = list(ask(out, Question("reference", limit=next(iter(limits)))))
    assert {row["limit"] for row in only} == {next(iter(limits))}
    _is_kept(out)


def _is_kept(out: Path) -> None:
    """Look at what is in the store, on the page, and that it verifies; nobody is named."""
    place = open_audit(out)
    engine = place.engine()
    try:
        told = json.loads(contours_of(engine, 1))
    finally:
        engine.dispose()
    assert any(one["name"] == NAME and one["contours"] for one in told["structures"])
    assert "Doe" not in json.dumps(told)
    finish(out)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Contours beside those of reviewers" in page
    assert "R. Viewer, radiation oncologist" in page
    assert "Doe" not in page
    found = verify(out)
    assert (found.difference, found.reviews) == ("", 1)


def test_nobody_no_role_no_reason_and_other_files_are_refused(audited, tmp_path):
    out, place, drawn = audited
    for by in (None, doing(""), doing("R. Viewer"), doing("R. Viewer", "reviewer", " ")):
        with pytest.raises(UsageError):
            record_reference(out, place, drawn, by)
    other = tmp_path / "other"
    other.mkdir()
    (other / "RS.dcm").write_bytes(drawn.read_bytes())
    with pytest.raises(UsageError, match="no plan of this audit has these files"):
        record_reference(out, other, drawn, REVIEWER)
    assert list(ask(out, Question("reference"))) == []
    out.chmod(0o500)
    try:
        if not open_audit(out).is_writable:
            with pytest.raises(StoreError, match="read-only"):
                record_reference(out, place, drawn, REVIEWER)
    finally:
        out.chmod(0o700)


def test_the_command_takes_protocol_and_names_from_the_audit(tmp_path):
    for wrong in (
        ["--reference", "RS2.dcm", "--audit", "A", "--map", "a=Liver"],
        ["--reference", "RS2.dcm", "--audit", "A", "-p", "other"],
        ["AFTER", "--audit", "A"],
    ):
        done = CliRunner().invoke(
            application(), ["compare", str(tmp_path), *wrong, "--as", "R. Viewer"]
        )
        assert done.exit_code != 0
        assert isinstance(done.exception, UsageError | SystemExit)
