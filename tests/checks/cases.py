"""Small cases for checks: boxes in a body, a flat dose, a plan of two beams; all sound.

Every table changes one thing and says what must come of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import CHECKS, Found, Passed, Untold
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.case import Case, Provenance
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.header import ObjectHeader, Stamp
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.opening import Opening
from sbrt_qa.model.outcome import Reason, ReasonCode, Severity
from sbrt_qa.model.plan import (
    Beam,
    ControlPoint,
    FractionGroup,
    PatientSetup,
    Plan,
    Prescription,
    PrescriptionSource,
)
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.matching import Matcher
from sbrt_qa.protocol.protocol_files import load_protocol

NOTHING = Reason(ReasonCode.NO_DOSE, "not there")
LIVER = load_protocol("liver_sbrt")
NOON = Stamp(dt.date(2026, 1, 5), dt.time(12))

Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def box(number: int, name: str, sides: Box, kind: str = "ORGAN", step: float = 2.0) -> Structure:
    """Return a cuboid by its (low, high) along x, y and z, drawn so that it has these ends."""
    (x0, x1), (y0, y1), (z0, z1) = sides
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)
    planes = np.arange(z0 + step / 2, z1, step)
    return Structure(number, name, tuple(Contour(float(z), corners) for z in planes), kind)


BODY = box(1, "External", ((-100, 100), (-60, 60), (-60, 60)), "EXTERNAL")
PTV = box(2, "PTV", ((-60, -30), (-15, 15), (-15, 15)), "PTV")
CTV = box(3, "CTV", ((-55, -35), (-10, 10), (-10, 10)), "CTV")
LIVER_ORGAN = box(4, "Liver", ((-90, -10), (-40, 40), (-30, 30)))
SOUND = (BODY, PTV, CTV, LIVER_ORGAN)


def dose(value_gy: float = 55.0, **changes: Any) -> DoseGrid:
    """Return a flat dose on 2 mm that holds the body."""
    x, y, z = np.arange(-104, 105, 2.0), np.arange(-64, 65, 2.0), np.arange(-64, 65, 2.0)
    grid = DoseGrid(np.full((z.size, y.size, x.size), value_gy), x, y, z, heterogeneity=("IMAGE",))
    return replace(grid, **changes)


def image(**changes: Any) -> ImageSeries:
    """Return slices every 2 mm that hold the body."""
    made = ImageSeries(
        np.arange(-61, 62, 2.0), (-110, -70), (1, 1), (140, 220), patient_position="HFS"
    )
    return replace(made, **changes)


def beam(number: int = 1, **changes: Any) -> Beam:
    """Return one of two beams: 500 MU, 5 Gy per fraction, an opening of 40 mm."""
    points = (ControlPoint(0.0, 0.0, opening=Opening(1600.0, 40.0, 40.0)), ControlPoint(1.0))
    made = Beam(
        number, f"B{number}", "PHOTON", "TREATMENT", "STATIC", "LINAC", (6.0,), "FFF",
        ((-45.0, 0.0, 0.0),), (300.0,), (0.0,), (0.0,), 2, 500.0, "MU", 5.0,
        final_weight=1.0, points=points,
    )  # fmt: skip
    return replace(made, **changes)


def plan(*beams: Beam, **changes: Any) -> Plan:
    """Return a plan of 50 Gy in 5 fractions, of two sound beams unless others are given."""
    used = beams or (beam(1), beam(2))
    made = Plan(
        "1.2", "LIVER", approval="APPROVED", patient_position="HFS",
        prescription=Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE), fractions=5,
        fraction_groups=(FractionGroup(1, 5, tuple(b.number for b in used)),), beams=used,
        setups=(PatientSetup("HFS", "BREATH_HOLD"),),
    )  # fmt: skip
    return replace(made, **changes)


def header(modality: str, **changes: Any) -> ObjectHeader:
    """Return the sound header of one object."""
    uids = {"RTPLAN": "1.2", "RTSTRUCT": "1.3", "RTDOSE": "1.4"}
    made = ObjectHeader(
        f"{modality}.dcm", modality, uids.get(modality, ""), f"9.{modality}", "1.1",
        NOON if modality in ("RTPLAN", "RTSTRUCT") else None, NOON, "", "", True, "YES", True, True,
        plan_uids=("1.2",) if modality == "RTDOSE" else (),
        structure_set_uids=("1.3",) if modality in ("RTPLAN", "RTDOSE") else (),
        series_uids=("9.CT",) if modality == "RTSTRUCT" else (),
    )  # fmt: skip
    return replace(made, **changes)


def headers(**changes: dict[str, Any]) -> Provenance:
    """Return sound headers, changed by modality."""
    kinds = ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT")
    return Provenance(headers=tuple(header(k, **changes.get(k, {})) for k in kinds))


def case(*structures: Structure, **changes: Any) -> Case:
    """Return a sound case, with other structures if any are given, and other parts."""
    parts = StructureSet(structures or SOUND)
    made = Case("LIVER", plan(), parts, dose(), image(), provenance=headers())
    return replace(made, **changes)


def with_beams(*beams: Beam, **changes: Any) -> Case:
    """Return a sound case with other beams."""
    return case(plan=plan(*beams, **changes))


def severity_of(code: str, found: Found) -> Severity:
    """Return what a finding means: the worst of its check, where it does not say less."""
    return found.severity or CHECKS[code].severity


def outcomes(code: str, tried: Case, /, **options: Any) -> list[Found | Passed | Untold]:
    """Run one check; `results` and `told` go to the context, everything else is a parameter."""
    given = {k: options.pop(k) for k in ("results", "told", "site_differences") if k in options}
    return list(CHECKS[code].examine(context_of(tried, **given), **options))


def context_of(tried: Case, **given: Any) -> CheckContext:
    """Return what checks look at, with all structures used; a review has one for all checks."""
    structures = tried.structures
    if isinstance(structures, Reason):
        return CheckContext(CaseDoses(tried), protocol=LIVER, **given)
    find = Matcher(LIVER, structures, {}).find
    used = frozenset(s.roi_number for s in structures.structures)
    return CheckContext(CaseDoses(tried), used, LIVER, find, **given)


def told(code: str, tried: Case, /, **options: Any) -> str:
    """Return what a check says in one word: pass, find, untold, or nothing; a find outweighs."""
    kinds = {type(one) for one in outcomes(code, tried, **options)}
    words = ((Found, "find"), (Untold, "untold"), (Passed, "pass"))
    return next((word for kind, word in words if kind in kinds), "nothing")
