"""Every metric from dicompyler-core beside ours; where a known fault of it explains more, said so.

A fault is named only where it shows: what its own curve gives when read with interpolation, how far
the slices of the structure are apart, how much of it lies outside the dose grid.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from sbrt_qa.crosscheck.process import Request, ask
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.phrase import say
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.review.second_opinion import Comparison, with_causes
from sbrt_qa.review.site_values import comparison, metrics_of

ENGINE: Final = "dicompyler-core"
UNEVEN_MM: Final = 0.05
"""Difference between slice gaps that is more than rounding."""
FEW_SAMPLES: Final = 500
"""Dose voxels in a structure below which counting them is coarse."""


VOXEL_PART: Final = 0.2
"""Largest part of a dose by which the next voxel centre may differ, in the steepest plans."""


def cross_check(
    case: Case, limits: Sequence[ConstraintResult], paths: Sequence[Path]
) -> tuple[Comparison, ...]:
    """Compare all metrics of the structures that limits use, one by one with a single ROI.

    Parameters
    ----------
    paths
        Where the files of the case lie.

    Raises
    ------
    UsageError
        dicompyler-core is not installed.
    InputError
        Its process fails as a whole.
    """
    used = {limit.match.roi_numbers for limit in limits if limit.match}
    known = {
        s.roi_number: (key, s)
        for key, s in structures_of(case).items()
        if (s.roi_number,) in used and s.contours
    }
    files = _files(case, paths)
    if files is None or not known:
        return (nothing_compared(_why_nothing(has_files=files is not None)),)
    wanted = {number: metrics_of(limits, number) for number in known}
    answers = ask(
        *files, {n: [r for s in specs if (r := _request(s, case))] for n, specs in wanted.items()}
    )
    doses = CaseDoses(case)
    rows = [
        row
        for number, (key, structure) in known.items()
        for row in _rows(doses, key, structure, wanted[number], answers.get(number, {}))
    ]
    plan, rx_gy = case.plan, doses.metric_context.prescription_gy
    fractions = plan.fractions if isinstance(plan, Plan) else None
    return with_causes(
        rows,
        prescription_gy=rx_gy if isinstance(rx_gy, float | int) else None,
        fractions=fractions if isinstance(fractions, int) else None,
    )


def nothing_compared(reason: Reason) -> Comparison:
    """Return the one row that says why nothing was compared."""
    return Comparison("all", "all", "", None, None, ENGINE, reason=reason)


def _why_nothing(*, has_files: bool) -> Reason:
    if has_files:
        why = say("no limit uses a structure with contours")
    else:
        why = say("{0} needs one RTSTRUCT and one RTDOSE as files outside an archive", ENGINE)
    return Reason(ReasonCode.NOT_APPLICABLE, why)


def _files(case: Case, paths: Sequence[Path]) -> tuple[Path, Path] | None:
    """Return structure set and dose of a case; None where there is not exactly one of each."""
    wanted = {kind: _hashes(case, kind) for kind in ("RTSTRUCT", "RTDOSE")}
    if any(len(hashes) != 1 for hashes in wanted.values()):
        return None
    listed = (f for p in paths for f in ([p] if p.is_file() else sorted(p.rglob("*"))))
    names = {file.name for file in case.provenance.files}
    at = {_sha256(file): file for file in listed if file.name in names and file.is_file()}
    found = [at.get(hashes[0]) for hashes in wanted.values()]
    structures, dose = found
    return None if structures is None or dose is None else (structures, dose)


def _hashes(case: Case, modality: str) -> list[str]:
    return [file.sha256 for file in case.provenance.files if file.modality == modality]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _request(spec: MetricSpec, case: Case) -> Request | None:
    """Return what to ask the engine itself; None for what follows from its curve."""
    if spec.argument is None or spec.kind not in ("D", "V") or spec.relative_to:
        return None
    if spec.kind == "D":
        return "D", spec.argument, spec.argument_unit
    rx_gy = CaseDoses(case).metric_context.prescription_gy
    if spec.argument_unit == "Gy":
        return "V", spec.argument, "Gy"
    return ("V", spec.argument / 100 * rx_gy, "Gy") if isinstance(rx_gy, float | int) else None


def _rows(
    doses: CaseDoses,
    key: str,
    structure: Structure,
    specs: Sequence[MetricSpec],
    answer: Mapping[str, Any],
) -> list[Comparison]:
    ours, context = doses.dvh(structure), doses.metric_context
    values = iter(answer.get("values", ()))
    rows = []
    for spec in specs:
        asked = _request(spec, doses.case) is not None
        own = next(values, None) if asked else None
        other = _outcome(spec, answer, own, doses)
        row = comparison(key, spec, ours, other, ENGINE, context)
        if row.agrees is False:
            row = dataclasses.replace(row, cause=_fault(row, spec, structure, ours, answer, doses))
        rows.append(row)
    return rows


def _outcome(
    spec: MetricSpec, answer: Mapping[str, Any], own: float | None, doses: CaseDoses
) -> Outcome:
    if "volume_cc" not in answer:
        error = answer.get("error", "no answer")
        text = say(
            "{0} fails on this structure ({1}); known of absolute frame offsets", ENGINE, error
        )
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, text)
    plain = {"Volume": "volume_cc", "Mean": "mean_gy", "Min": "min_gy", "Max": "max_gy"}
    value = answer[plain[spec.kind]] if spec.kind in plain else own
    if value is None:
        return Reason(ReasonCode.METRIC_UNKNOWN, say("{0} has no {1}", ENGINE, spec.text))
    rx_gy = doses.metric_context.prescription_gy
    if spec.unit == "cGy":
        return Measured(100 * value, "cGy")
    if spec.unit == "%" and spec.kind == "V":
        whole = answer["volume_cc"]
        return Measured(100 * value / whole if whole else 0.0, "%")
    if spec.unit == "%" and isinstance(rx_gy, float | int):
        return Measured(100 * value / rx_gy, "%")
    if spec.unit == "%":
        return Reason(ReasonCode.NO_PRESCRIPTION, say("no prescribed dose is known"))
    return Measured(value, spec.unit)


def _fault(
    row: Comparison,
    spec: MetricSpec,
    structure: Structure,
    ours: DVH | Reason,
    answer: Mapping[str, Any],
    doses: CaseDoses,
) -> str:
    """Return the known fault of the engine that shows in this structure; empty without one."""
    planes = np.unique(np.round([c.z_mm for c in structure.contours], 2))
    gaps = np.diff(planes)
    if planes.size == 1:
        return say("known fault of {0}: a structure of one contour plane has volume 0", ENGINE)
    if gaps.max() - gaps.min() > UNEVEN_MM:
        return say(
            "known fault of {0}: the smallest slice gap, {1} mm, is taken for every slice, "
            "although gaps reach {2} mm",
            ENGINE,
            f"{gaps.min():g}",
            f"{gaps.max():g}",
        )
    if isinstance(ours, DVH) and ours.outside_grid_cc > 0:
        return say(
            "known fault of {0}: the {1} cc outside the dose grid are lost, or dose is invented "
            "for them",
            ENGINE,
            f"{ours.outside_grid_cc:.2f}",
        )
    if spec.kind == "D" and _reads_right(row, spec, answer, doses):
        return say(
            "known fault of {0}: the nearest bin is taken; its own curve, read with "
            "interpolation, agrees",
            ENGINE,
        )
    dose = doses.case.dose
    if not isinstance(dose, Reason) and isinstance(ours, DVH):
        x_mm, y_mm, _ = dose.spacing_mm
        samples = ours.volume_cc * 1000 / max(x_mm * y_mm * float(gaps.min()), 1e-9)
        if samples < FEW_SAMPLES:
            return say(
                "{0} counts dose voxels; this structure has about {1} of them",
                ENGINE,
                f"{samples:.0f}",
            )
    if _near(row) and (spec.kind in ("Max", "Min") or _tight(row, spec)):
        return say("{0} sees the dose only at voxel centres inside the structure", ENGINE)
    return ""


def _near(row: Comparison) -> bool:
    """Tell whether two values are as near as a voxel explains."""
    if row.difference is None or row.ours is None:
        return False
    return abs(row.difference) <= VOXEL_PART * abs(row.ours)


def _tight(row: Comparison, spec: MetricSpec) -> bool:
    """Tell whether a dose to a small hot part came out lower, as it does without interpolation."""
    lower = row.difference is not None and row.difference < 0
    return lower and spec.kind == "D" and spec.argument_unit == "cc" and spec.amount <= 1


def _reads_right(
    row: Comparison, spec: MetricSpec, answer: Mapping[str, Any], doses: CaseDoses
) -> bool:
    """Tell whether the engine's own curve, interpolated, gives a value within the tolerance."""
    volumes, dose_gy = np.array(answer["volume_at_cc"]), np.array(answer["dose_gy"])
    if volumes.size < 2 or row.ours is None or row.tolerance is None:
        return False
    asked = spec.amount / 100 * answer["volume_cc"] if spec.argument_unit == "%" else spec.amount
    gy = float(np.interp(-asked, -volumes, dose_gy[: volumes.size]))
    rx_gy = doses.metric_context.prescription_gy
    scale = {"cGy": 100.0, "Gy": 1.0}.get(
        spec.unit, 100 / rx_gy if isinstance(rx_gy, float | int) else float("nan")
    )
    return abs(gy * scale - row.ours) <= row.tolerance
