"""A synthetic trial: submissions of several sites as DICOM, with known deviations planted in them.

Every plan has the same simple anatomy: boxes in a dose that rises along x, so what each limit says
follows from where a box stands. Deviations are planted by moving, leaving out or spoiling one
thing; `expected` says what an audit has to list, and that it has to list nothing else.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import Contour, Structure, StructureSet

SITES: Final = tuple(f"S{n:02d}" for n in range(1, 9))
RX_GY: Final = 50.0
FRACTIONS: Final = 5
GY_PER_MM: Final = 0.5
"""Slope of the dose: 30 Gy at x = 0."""

PROTOCOL: Final = """\
schema: sbrt_qa.protocol/1
id: synthetic_trial
version: "{version}"
effective: {effective}
title: A synthetic trial
statement: Made up; the limits mean nothing.
sources: {{MADE: {{citation: made up, read_as: not read}}}}
confidence_terms: {{made_up: no confidence}}
prescriptions: [{{id: 50Gy/5fx, total_gy: 50, fractions: 5}}]
structures:
  - {{name: PTV, kind: target, required: true}}
  - {{name: Liver, kind: organ, required: true}}
  - {{name: Duodenum, kind: organ, required: true}}
  - {{name: Heart, kind: organ, required: true}}
checks:  # boxes in a ramp are no plan of a planning system
  ORGAN_VOLUME: {{applies: false}}
  DOSE_GRID_SPACING: {{applies: false}}
  DOSE_GRID_MARGIN: {{applies: false}}
  BEAM_DOSE_AT_POINT: {{applies: false}}
  MU_PER_GY: {{applies: false}}
  BREATHING: {{applies: false}}
  DOSE_CUT_OFF: {{applies: false}}
  NAME_NOT_TG263: {{applies: false}}
targets:
  - {{id: PTV_V100, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: made_up}}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - {{id: LIVER_MEAN, structure: Liver-PTV, metric: "Mean[Gy]", op: "<=", per_protocol: 20,
          minor: 24, priority: 1, source: [MADE], confidence: made_up}}
      - {{id: DUO_MAX, structure: Duodenum, metric: "Max[Gy]", op: "<=", per_protocol: {duodenum},
          minor: 35, priority: 1, source: [MADE], confidence: made_up}}
      - {{id: HEART_MAX, structure: Heart, metric: "Max[Gy]", op: "<=", per_protocol: 25,
          minor: 28, priority: 2, source: [MADE], confidence: made_up}}
"""
"""Limits of the trial; the amendment lowers that of the duodenum from 33 to 31 Gy."""

BEFORE, AFTER = 33, 31
EFFECTIVE: Final = ("2026-01-01", "2026-03-01")
PLANNED, PLANNED_LATER = "20260105", "20260401"
"""Dates of plans: under the first version of the protocol, and under its amendment."""

PLANES_MM: Final = np.arange(-15.0, 16.0, 2.5)
BOXES: Final = {
    "PTV": (41.0, 49.0),
    "Liver": (-50.0, -10.0),
    "Duodenum": (-20.0, -2.0),
    "Heart": (-40.0, -20.0),
}
"""Low and high x of each structure in mm, by which every limit is met."""

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Planted:
    """One submission, and what an audit has to find in it.

    Parameters
    ----------
    site, subject, version
        Whose it is.
    kind
        What is wrong with it, by name; empty for nothing.
    verdict, amended
        Of the case before and after the amendment.
    limits, amended_limits
        Limits that are not met, and how, before and after.
    planned
        Date of the plan, which says what version of the protocol was in force.
    findings
        Codes that are to be told of the submission or its plan.
    """

    site: str
    subject: str
    version: int
    kind: str
    verdict: str = "per_protocol"
    limits: dict[str, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    amended: str = ""
    amended_limits: dict[str, str] = field(default_factory=dict)
    planned: str = PLANNED

    @property
    def in_force(self) -> tuple[str, dict[str, str]]:
        """Verdict and limits under the version in force at the planning date."""
        if self.planned < PLANNED_LATER:
            return self.verdict, self.limits
        return self.amended, self.amended_limits

    @property
    def code(self) -> str:
        """What people call it."""
        return f"{self.site}/{self.subject}/v{self.version}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of deviation: how it is made, and what it leads to."""

    verdict: str = "per_protocol"
    limits: dict[str, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    amended: str = ""
    boxes: dict[str, Ends] = field(default_factory=dict)
    left_out: str = ""
    ids: Callable[[CaseIds], CaseIds] = lambda ids: ids
    renamed: dict[str, str] = field(default_factory=dict)
    fractions: int = FRACTIONS
    planned: str = PLANNED
    spoil: Callable[[Path], None] = lambda _: None


def _cut_off(folder: Path) -> None:
    data = (folder / "RTDOSE.dcm").read_bytes()
    (folder / "RTDOSE.dcm").write_bytes(data[: len(data) // 2])


def _no_dicom(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_bytes(b"this was not exported by a planning system\n")


def _packed(folder: Path) -> None:
    """Replace the folder by an archive of it."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
            file.unlink()
    folder.rmdir()


def _packed_and_cut(folder: Path) -> None:
    _packed(folder)
    archive = folder.with_suffix(".zip")
    archive.write_bytes(archive.read_bytes()[:-200])


def _file_name(folder: Path) -> None:
    (folder / "RTPLAN.dcm").rename(folder / "Muster^Erika 1963-08-12.dcm")


KINDS: Final = {
    "": _Kind(),
    "zip": _Kind(spoil=_packed),
    "amendment": _Kind(boxes={"Duodenum": (-20.0, 4.0)}, amended="minor"),
    "duodenum minor": _Kind("minor", {"DUO_MAX": "minor"}, boxes={"Duodenum": (-10.0, 8.0)}),
    "duodenum major": _Kind("major", {"DUO_MAX": "major"}, boxes={"Duodenum": (-10.0, 14.0)}),
    "liver minor": _Kind("minor", {"LIVER_MEAN": "minor"}, boxes={"Liver": (-40.0, 4.0)}),
    "liver major": _Kind("major", {"LIVER_MEAN": "major"}, boxes={"Liver": (-30.0, 18.0)}),
    "coverage minor": _Kind(
        "minor", {"PTV_V100": "minor"}, ("OAR_DRIVEN",), boxes={"PTV": (39.4, 47.4)}
    ),
    "coverage major": _Kind(
        "major", {"PTV_V100": "major"}, ("OAR_DRIVEN",), boxes={"PTV": (38.0, 46.0)}
    ),
    "organ missing": _Kind(
        "not_evaluable",
        {"HEART_MAX": "not_evaluable"},
        ("REQUIRED_MISSING",),
        left_out="Heart",
    ),
    "fractions": _Kind("not_evaluable", {}, ("RX_NOT_IN_PROTOCOL",), fractions=4),
    "dose cut off": _Kind(
        "not_evaluable",
        dict.fromkeys(("PTV_V100", "LIVER_MEAN", "DUO_MAX", "HEART_MAX"), "not_evaluable"),
        ("PART_MISSING",),
        spoil=_cut_off,
    ),
    "no DICOM": _Kind("not_evaluable", {}, ("NOT_REVIEWED",), spoil=_no_dicom),
    "broken archive": _Kind("not_evaluable", {}, ("NOT_REVIEWED",), spoil=_packed_and_cut),
    "name in header": _Kind(
        findings=("IDENTIFIER_PATIENT_NAME", "PATIENT_NAME"),
        ids=lambda ids: replace(ids, patient_name="Muster^Erika"),
    ),
    "name of a structure": _Kind(
        findings=("IDENTIFIER_IN_ROI_NAME",), renamed={"Marker": "Muster^Erika"}
    ),
    "name of a file": _Kind(findings=("IDENTIFIER_IN_FILE_NAME",), spoil=_file_name),
    "another subject": _Kind(
        findings=("SUBJECT_DIFFERS",), ids=lambda ids: replace(ids, subject="S99-999")
    ),
    "under the amendment": _Kind(
        boxes={"Duodenum": (-20.0, 4.0)}, amended="minor", planned=PLANNED_LATER
    ),
}  # fmt: skip
"""Everything that can be planted, by name."""

RESUBMITTED: Final = ("duodenum major", "coverage major", "dose cut off", "organ missing")
"""Kinds after which a site sends a second, sound version."""


def trial(submissions: int, sites: int = len(SITES)) -> tuple[Planted, ...]:
    """Return what a trial of so many submissions consists of, the same on every call.

    Every second submission is sound, the others go through all kinds in turn; after some of them
    the next submission is a second version of the same subject.
    """
    made: list[Planted] = []
    kinds = [name for name in KINDS if name]
    subject = turn = 0
    while len(made) < submissions:
        site = SITES[subject % sites]
        code = f"{site}-{subject // sites + 1:03d}"
        name = kinds[turn % len(kinds)] if subject % 2 else ""
        turn += subject % 2
        made.append(_planted(site, code, 1, name))
        if name in RESUBMITTED and len(made) < submissions:
            made.append(_planted(site, code, 2, ""))
        subject += 1
    return tuple(made)


def _planted(site: str, subject: str, version: int, name: str) -> Planted:
    kind = KINDS[name]
    after = kind.amended or kind.verdict
    limits = kind.limits | ({"DUO_MAX": "minor"} if kind.amended else {})
    return Planted(
        site, subject, version, name, kind.verdict, kind.limits, kind.findings, after, limits,
        kind.planned,
    )  # fmt: skip


def write_trial(out: Path, submissions: int = 200) -> tuple[Planted, ...]:
    """Write a trial: submissions under ``OUT/submissions``, and both versions of its protocol.

    OUT itself is a protocol of two versions: ``sbrt-qa audit OUT/submissions --protocol OUT``.

    Returns
    -------
    What is planted in each. About 25 kB and 30 ms a submission.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    made = trial(submissions)
    for number, one in enumerate(made):
        folder = out / "submissions" / one.site / one.subject / f"v{one.version}"
        _write(folder, one, number)
    for version, duodenum in ((1, BEFORE), (2, AFTER)):
        path = out / f"protocol_v{version}.yaml"
        effective = EFFECTIVE[version - 1]
        text = PROTOCOL.format(version=version, duodenum=duodenum, effective=effective)
        path.write_text(text, encoding="utf-8")
    return made


def _write(folder: Path, one: Planted, number: int) -> None:
    kind = KINDS[one.kind]
    ids = CaseIds(
        f"sbrt_qa trial {one.code}", one.subject, f"SBRTQA^{one.subject}", one.subject,
        date=kind.planned, study=f"sbrt_qa trial {one.subject}",
    )  # fmt: skip
    content = CaseContent(
        structures=StructureSet(tuple(_structures(kind, number)), label="TRIAL"),
        dose=_dose(),
        plan=_plan(kind),
    )
    write_case(content, folder, kind.ids(ids))
    kind.spoil(folder)


def _structures(kind: _Kind, number: int) -> Iterator[Structure]:
    """Return the boxes, each at a height of its own for every submission so that all differ."""
    shift_mm = 0.01 * (number % 97) + 0.001 * (number // 97 % 10) + 0.0001 * (number // 970)
    boxes = BOXES | kind.boxes | {"Marker": (0.0, 5.0)}
    for roi, (name, ends) in enumerate(boxes.items(), 1):
        if name != kind.left_out:
            yield _box(roi, kind.renamed.get(name, name), ends, shift_mm)


def _box(number: int, name: str, ends: Ends, shift_mm: float) -> Structure:
    low, high = ends
    square = [[low, -12 + shift_mm], [high, -12 + shift_mm], [high, 12], [low, 12]]
    planes = tuple(Contour(float(z), np.array(square)) for z in PLANES_MM)
    return Structure(number, name, planes, "PTV" if name == "PTV" else "ORGAN")


def _dose() -> DoseGrid:
    x_mm, y_mm, z_mm = (np.arange(-size, size + 1, 2.5) for size in (55.0, 25.0, 22.5))
    dose_gy = np.broadcast_to(30 + GY_PER_MM * x_mm, (z_mm.size, y_mm.size, x_mm.size))
    return DoseGrid(dose_gy, x_mm, y_mm, z_mm)


def _plan(kind: _Kind) -> Plan:
    beam = Beam(
        1, "B1", machine="SYNTHETIC", nominal_energies=(6.0,), isocentres_mm=((0.0, 0.0, 0.0),),
        gantry_deg=(0.0,), meterset=500.0, dose_gy=RX_GY / kind.fractions,
    )  # fmt: skip
    return Plan(
        "",
        "TRIAL",
        approval="APPROVED",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=RX_GY),),
        fraction_groups=(FractionGroup(1, kind.fractions, (1,)),),
        beams=(beam,),
    )
