"""The sample patients: plans as DICOM folders, and what a review should find in them.

Four plans differ by what was planned; seven more are the compliant plan with the faults of one
family of checks; two show what a protocol decides about several lesions and a small liver. All
share one synthetic anatomy; each is written as a subject of its own, with its own UIDs.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.write.amend import amend
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions
from sbrt_qa.dicom.write.rtplan_file import Aperture
from sbrt_qa.dicom.write.rtstruct_file import RtStructOptions
from sbrt_qa.errors import DicomError
from sbrt_qa.testing.phantoms.liver_dose import FieldOpening, bev_raster
from sbrt_qa.testing.phantoms.liver_patient import LiverCase, PlanIdea, build
from sbrt_qa.testing.sample.cases import SAMPLES, Sample

LEAF_MM: Final = 5.0
LEAF_PAIRS: Final = 32

MANIFEST: Final = "SHA256SUMS"
EXPECTED: Final = "expected.json"

COLOURS: Final = {
    "External": (120, 200, 120), "CTV": (255, 120, 200), "PTV": (230, 30, 30),
    "CTV1": (255, 120, 200), "PTV1": (230, 30, 30), "CTV2": (255, 180, 120), "PTV2": (230, 120, 30),
    "Liver": (180, 110, 50), "Stomach": (200, 60, 200), "Duodenum": (240, 220, 40),
    "Bowel_Small": (60, 210, 150), "Bowel_Large": (30, 140, 80), "Kidney_L": (40, 160, 240),
    "Kidney_R": (40, 110, 200), "SpinalCord": (250, 250, 250), "Heart": (240, 90, 90),
    "Lungs": (130, 190, 250), "GreatVes": (90, 90, 250), "Spleen": (150, 80, 220),
}  # fmt: skip
"""Display colours; the remaining structures get one in turn."""


def write_samples(out: Path) -> None:
    """Write all sample cases, the expected findings, a README and a manifest of hashes.

    The bytes are the same on every run. About 20 MB and a minute.

    Raises
    ------
    DicomError
        The folder or a file cannot be written.
    """
    for name in SAMPLES:
        write_sample(name, out / name)
    try:
        (out / EXPECTED).write_text(expected_json(), encoding="utf-8")
        (out / "README.md").write_text(README, encoding="utf-8")
        (out / MANIFEST).write_text(manifest(out), encoding="utf-8")
    except OSError as error:
        raise DicomError("the sample cannot be written", where=out.name) from error


def write_sample(name: str, folder: Path) -> tuple[Path, ...]:
    """Write one sample case, by its name in `SAMPLES`, and return the files.

    Raises
    ------
    DicomError
        The folder or a file cannot be written.
    """
    subject = f"SAMPLE{list(SAMPLES).index(name) + 1:02d}"
    ids = CaseIds(f"sbrt_qa sample {name}", subject, f"SBRTQA^{subject}", subject)
    sample = SAMPLES[name]
    case = _labelled(sample.spoil(_built(sample.idea)), label_of(name))
    written = write_case(_content(case, sample), folder, ids)
    for file, amendments in sample.amendments.items():
        amend(folder / file, amendments)
    return written


def label_of(name: str) -> str:
    """Return the plan label of a sample."""
    return name.upper()


def _labelled(case: LiverCase, label: str) -> LiverCase:
    return replace(
        case,
        plan=replace(case.plan, label=label),
        structures=replace(case.structures, label=label),
    )


@functools.cache
def _built(idea: PlanIdea) -> LiverCase:
    return build(idea)


def manifest(folder: Path) -> str:
    """SHA-256 of every file below a folder but the manifest, as ``sha256sum`` prints it."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    rows = ((hashlib.sha256(p.read_bytes()).hexdigest(), p) for p in files)
    return "".join(f"{digest}  {path.relative_to(folder).as_posix()}\n" for digest, path in rows)


def expected_json() -> str:
    """Return what is expected as JSON: per case verdict, limits not met, checks with a finding."""
    cases = {
        name: {
            "plan": label_of(name),
            "what": sample.what,
            "verdict": sample.verdict.value,
            "minor": list(sample.minor),
            "major": list(sample.major),
            "not_evaluable": list(sample.not_evaluable),
            "found": list(sample.found),
        }
        for name, sample in SAMPLES.items()
    }
    return json.dumps({"protocol": "liver_sbrt", "cases": cases}, indent=2) + "\n"


def _content(case: LiverCase, sample: Sample) -> CaseContent:
    beams = zip(case.plan.beams, case.openings, strict=True)
    colours = {s.roi_number: COLOURS.get(s.name) for s in case.structures.structures}
    deflated = sample.compact or sample.deflated
    known = {number: colour for number, colour in colours.items() if colour is not None}
    return CaseContent(
        structures=case.structures,
        dose=case.dose,
        plan=case.plan,
        image=case.image if sample.image else None,
        hu=case.hu if sample.image else None,
        apertures={beam.number: aperture_of(opened) for beam, opened in beams},
        rtdose=RtDoseOptions(
            offsets=sample.offsets,
            comment="modelled, not calculated by a TPS",
            gy_per_unit=Decimal(sample.step_gy) if sample.compact else None,
            deflated=deflated,
            names_structures=any(
                path.startswith("ReferencedStructureSetSequence")
                for path in sample.amendments.get("RTDOSE.dcm", ())
            ),
        ),
        rtstruct=RtStructOptions(colours=known, approval="APPROVED", deflated=deflated),
        sessions=sample.delivered(case.plan),
    )


def aperture_of(opened: FieldOpening) -> Aperture:
    """Jaws and leaves that follow the outline of a field, to half a millimetre."""
    axis = bev_raster()
    inside = opened.edge_mm >= 0
    columns, rows = axis[inside.any(axis=0)], axis[inside.any(axis=1)]
    boundaries = (np.arange(LEAF_PAIRS + 1) - LEAF_PAIRS / 2) * LEAF_MM
    low, high = [], []
    for start, end in pairwise(boundaries.tolist()):
        band = inside[(axis >= start) & (axis < end)].any(axis=0)
        open_mm = axis[band] if band.any() else axis[inside.any(axis=0)].mean(keepdims=True)
        low.append(float(np.floor(open_mm[0] * 2) / 2))
        high.append(float(np.ceil(open_mm[-1] * 2) / 2))
    return Aperture(
        (float(columns[0]) - 2, float(columns[-1]) + 2),
        (float(rows[0]) - 2, float(rows[-1]) + 2),
        tuple(boundaries.tolist()),
        (*low, *high),
    )


README: Final = (
    """\
# Sample patients

Plans on one synthetic anatomy, as a planning system would export them: `RTPLAN.dcm`,
`RTSTRUCT.dcm`, `RTDOSE.dcm`, and a folder `CT` in some, `RTRECORD_1.dcm` upwards in one. Each case
is a subject of its own and linked by UIDs, so it can be checked alone or with the others:

    sbrt-qa check sample_dicom/compliant
    sbrt-qa check sample_dicom

| folder | subject | what it shows |
|---|---|---|
"""
    + "".join(
        f"| `{name}` | SAMPLE{number:02d} | {sample.what} |\n"
        for number, (name, sample) in enumerate(SAMPLES.items(), start=1)
    )
    + """
No real patient is behind any of it: the organs are smooth solids, the Hounsfield units are painted,
the dose is a sum of eleven modelled photon fields (depth dose, penumbra, inverse square law,
conformal apertures) normalised to the target. The patient is slim and the scan short, so that the
2 mm dose grid holds the whole body in little space; lungs and heart end with the scan.

The first four differ by what was planned, and so do the last two, which show what the protocol
decides about several lesions and about a small liver. Those between are the compliant plan with the
faults of one family of plan checks. All but the first are deflated, and most are without an image,
to save space.

- `expected.json`: per case the verdict, the limits not met, the plan checks that find something.
- `SHA256SUMS`: `sha256sum -c SHA256SUMS` checks the files. `scripts/make_sample_dicom.py` writes
  the same bytes again; `sbrt-qa sample OUT` does so elsewhere.
"""
)
