"""Cases on plausibility, names, many patients, and what is written."""

from __future__ import annotations

import ast
import csv
import io
import tomllib
from pathlib import Path

import builders as b
import numpy as np
import pydicom
import pytest
from cases import drawn, export, grid, loaded, plan

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.cli.main import run
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.reports.as_csv import REVIEW_COLUMNS
from sbrt_qa.testing.phantoms.shapes import Sphere

ROOT = Path(__file__).parents[2]
CENTRE = (1.3, -0.7, 2.9)


def findings(case, code):
    reviewed = review_case(case, load_protocol("liver_sbrt"))
    return [f for f in reviewed.findings if f.code == code]


@pytest.mark.parametrize(("prescribed", "found"), [(68.0, 1), (50.0, 0), (20.0, 1)])
def test_case_66__a_dose_far_from_the_prescription_is_told(tmp_path, prescribed, found):
    """The dose reaches 60 Gy, at a side of the grid: that it leaves out the ball is told, too."""
    dose = grid()
    case = loaded(tmp_path, drawn(Sphere(CENTRE, 5.0)), dose=dose, plan=plan(prescribed))
    told = [
        f for f in findings(case, "DOSE_FAR_FROM_PRESCRIPTION")
        if "lies beside the target" not in f.message
    ]  # fmt: skip
    assert len(told) == found
    if told:
        assert told[0].verdict is Verdict.NOT_EVALUABLE
        assert f"{prescribed:g} Gy prescribed" in told[0].message


def test_case_66__without_prescription_or_dose_nothing_is_compared(tmp_path):
    part = {"targets": []}
    (case,) = load_cases(b.save_case(tmp_path, RP=b.plan(**part)))
    assert not findings(case, "DOSE_FAR_FROM_PRESCRIPTION")


@pytest.mark.parametrize("kind", ["PTV", "ORGAN", "EXTERNAL", "", None])
def test_case_92__the_type_of_an_roi_decides_nothing(tmp_path, kind):
    """The name decides, and the user's map overrules the name."""
    organ = b.roi(1, "Duodenum", b.stack(), kind)
    case = loaded_case(tmp_path, organ, b.roi(2, "Leber", b.stack(), kind))
    reviewed = review_case(case, load_protocol("liver_sbrt"), mapping={"Leber": "Stomach"})
    matched = {c.structure: c.match.plan_names for c in reviewed.constraints if c.match}
    assert matched["Duodenum"] == ("Duodenum",)
    assert matched["Stomach"] == ("Leber",)
    assert not any(names == ("Leber",) for name, names in matched.items() if name != "Stomach")


def loaded_case(folder, *rois):
    (case,) = load_cases(b.save_case(folder, RS=b.structure_set(*rois)))
    return case


def rows_of(capsys, *arguments):
    code = run([str(a) for a in arguments])
    out = capsys.readouterr().out
    return code, list(csv.DictReader(io.StringIO(out, newline="")))


def test_case_93__one_bad_patient_stops_no_other(tmp_path, capsys):
    for number in range(3):
        structure = drawn(Sphere(CENTRE, 8.0), name="Duodenum")
        export(tmp_path / f"S{number}", structure, seed=f"S{number}", plan=plan(50.0, f"P{number}"))
    bad = tmp_path / "S1" / "RTDOSE.dcm"
    bad.write_bytes(bad.read_bytes()[:2000])
    (tmp_path / "S2" / "notes.dcm").write_bytes(bytes(128) + b"DICM nonsense")
    code, rows = rows_of(capsys, "check", tmp_path, "-f", "csv")
    assert code in (20, 30)
    plans = {row["plan"] for row in rows}
    assert plans == {"P0", "P1", "P2"}
    values = {p: sum(bool(r["value"]) for r in rows if r["plan"] == p) for p in plans}
    assert values["P0"] == values["P2"] > 0
    assert values["P1"] == 0
    assert all(r["reason_code"] for r in rows if r["plan"] == "P1")


@pytest.mark.parametrize("absent", ["RP", "RS", "RD"])
def test_case_94__a_case_without_a_part_fills_every_column_of_the_export(tmp_path, capsys, absent):
    b.save_case(tmp_path, **{absent: None})
    code, rows = rows_of(capsys, "check", tmp_path, "-f", "csv")
    assert code in (1, 20, 30)
    assert rows
    for row in rows:
        assert tuple(row) == REVIEW_COLUMNS
        assert None not in row.values()
        assert row["value"] or row["reason_code"]


def test_case_98__written_objects_keep_every_reference_and_link_again(tmp_path):
    """Also when the order of writing and the file names say nothing."""
    structures = StructureSet((drawn(Sphere(CENTRE, 8.0)),))
    content = CaseContent(structures=structures, dose=grid(), plan=plan(), image=None)
    write_case(content, tmp_path, CaseIds(seed="again"))
    for number, path in enumerate(sorted(tmp_path.glob("*.dcm"))):
        path.rename(tmp_path / f"{9 - number}")
    (case,) = load_cases(tmp_path)
    assert {link.kind for link in case.provenance.links} == {LinkKind.BY_UID}
    assert len(case.provenance.files) == 3
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        assert dataset.FrameOfReferenceUID == CaseIds(seed="again").frame_uid


REMOVED = {"read_file", "write_file", "pixel_data_handlers", "read_preamble", "float_", "unicode_"}
"""Names of pydicom 2 and numpy 1 that their next major versions no longer have."""


def test_case_101__the_current_pydicom_and_numpy_are_used_and_no_laggard_is_needed():
    assert int(pydicom.__version__.partition(".")[0]) >= 3
    assert int(np.__version__.partition(".")[0]) >= 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {one.partition(">")[0].lower() for one in project["dependencies"]}
    assert not needed & {"dicompyler-core", "rt-utils", "pymedphys", "platipy"}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "module", None) or ""
            assert not REMOVED & set(name.split(".")), f"{path.name}: {name}"
