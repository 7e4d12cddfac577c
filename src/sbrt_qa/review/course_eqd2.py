"""EQD2 of a course, voxel by voxel: information beside the limits of organs in physical dose.

Parts that are given on the same days add up within each fraction; parts on different days have
fractions of their own. No file says which, so that both are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.course import PartDose
from sbrt_qa.model.dose_sum import read_at
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Measured, Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.evaluate import Evaluation
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.plan_targets import matcher_of
from sbrt_qa.protocol.sources import DvhSource
from sbrt_qa.protocol.trees import trees_of

ALPHA_BETA_GY: Final = 3.0
"""Of organs, which answer late."""

REFERENCE_GY: Final = 2.0


def with_eqd2(
    doses: CaseDoses,
    protocol: Protocol,
    mapping: Mapping[str, str],
    evaluation: Evaluation,
    source_of: Callable[[CaseDoses], DvhSource],
) -> Evaluation:
    """Return an evaluation with the EQD2 of the course in the notes of the limits of organs."""
    grids = eqd2_grids(doses.case.dose, doses.case.course_doses.parts)
    if grids is None:
        return evaluation
    same, apart = (doses.with_dose(grid) for grid in grids)
    organs = {s.name for s in protocol.structures if s.kind == "organ"}
    wanted = [r for r in evaluation.results if r.structure in organs and r.value is not None]
    matcher = matcher_of(protocol, doses.case, mapping, evaluation.lesions)
    trees = dict(trees_of(doses.case, protocol, matcher, wanted))
    sources = [(bench, source_of(bench)) for bench in (same, apart)]
    told = dict(_told(sources, trees))
    rows = tuple(
        replace(row, note=joined("; ", (row.note, told[row.key]))) if row.key in told else row
        for row in evaluation.results
    )
    return replace(evaluation, results=rows)


def eqd2_grids(
    total: DoseGrid | Reason, parts: tuple[PartDose, ...]
) -> tuple[DoseGrid, DoseGrid] | None:
    """Return the EQD2 of a course given on the same days, and on different days.

    EQD2 = D (D / n + 3 Gy) / (2 Gy + 3 Gy) at each voxel of the sum; None where a number of
    fractions or a dose is missing.
    """
    counts = [p.fractions for p in parts]
    known = [n for n in counts if n]
    if isinstance(total, Reason) or len(parts) < 2 or len(known) < len(parts):
        return None
    read = [_on(p.dose, total) for p in parts]
    together = _eqd2(np.sum(read, axis=0), max(known))
    apart = np.sum([_eqd2(d, n) for d, n in zip(read, known, strict=True)], axis=0)
    return replace(total, dose_gy=together), replace(total, dose_gy=apart)


def _on(dose: DoseGrid, total: DoseGrid) -> FloatArray:
    axes = (total.z_mm, total.y_mm, total.x_mm)
    same = dose.dose_gy.shape == total.dose_gy.shape and all(
        np.array_equal(a, b) for a, b in zip((dose.z_mm, dose.y_mm, dose.x_mm), axes, strict=True)
    )
    return dose.dose_gy if same else np.nan_to_num(read_at(dose, axes))


def _eqd2(dose_gy: FloatArray, fractions: int) -> FloatArray:
    per_fraction = dose_gy / fractions + ALPHA_BETA_GY
    return np.asarray(dose_gy * per_fraction / (REFERENCE_GY + ALPHA_BETA_GY))


def _told(
    sources: Sequence[tuple[CaseDoses, DvhSource]],
    trees: Mapping[str, tuple[ConstraintResult, Tree[Structure]]],
) -> Iterator[tuple[str, str]]:
    """Yield by id of the limit what its metric is in EQD2; of a volume the mean of the organ."""
    for id_, (row, tree) in trees.items():
        spec = parse_metric(row.metric)
        if spec.conversion is not None:
            continue
        asked = spec if spec.unit == "Gy" else parse_metric("Mean[Gy]")
        values = []
        for bench, source in sources:
            dvh = source(tree)
            if isinstance(dvh, Reason):
                value: Measured | Reason = dvh
            else:
                value = metrics.evaluate(asked, dvh, bench.metric_context)
            values.append(f"{value.value:.2f}" if isinstance(value, Measured) else "–")
        yield id_, say(
            "EQD2 of {0} (alpha/beta {1} Gy, voxel by voxel): {2} Gy if given on the same days, "
            "{3} Gy if not",
            asked.text, f"{ALPHA_BETA_GY:g}", *values,
        )  # fmt: skip
