"""How likely each limit is met with setup errors: courses drawn from a fixed seed.

The systematic part of a course of n fractions has the variance S^2 + s^2 / n, with S and s the
standard deviations of the systematic and the random part, because n random shifts have a mean; the
random part left blurs the dose with s^2 (1 - 1 / n). (Gordon and Siebers, Phys Med Biol
2007;52:1967, after van Herk, Semin Radiat Oncol 2004;14:52.) The dose is static; nothing deforms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.blurring import blurred
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict
from sbrt_qa.model.setup_errors import SetupErrors, Vector
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.review.course_rows import is_of_course
from sbrt_qa.review.robust_limits import AS_PLANNED, Rows, Run, rows_at
from sbrt_qa.review.robustness import Chance, SetupDrawn

DRAWS: Final = 200
"""Courses drawn; the standard error of a chance is at most 3.5 percentage points."""

SEED: Final = 20_170

NORMAL_95: Final = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


def chances(
    doses: CaseDoses,
    protocol: Protocol,
    limits: Sequence[ConstraintResult],
    setup: SetupErrors,
    run: Run,
) -> tuple[dict[str, Chance], SetupDrawn | None]:
    """Return how likely each limit is met, by its key, and what that rests on; None if nothing."""
    why, dose, n = _known(doses)
    if isinstance(dose, Reason) or why is not None:
        return {row.key: Chance(None, None, None, None, 0, why) for row in limits}, None
    spread, left = _parts(setup, n)
    shifts = _drawn(spread)
    bench = doses.with_dose(blurred(dose, left))
    reach = max(max(map(abs, shift)) for shift in shifts)
    rules = protocol.model_copy(update={"conformity": ()})
    found = rows_at(bench, rules, limits, shifts, reach, run)
    drawn = SetupDrawn(setup.systematic_mm, setup.random_mm, n, DRAWS, SEED)
    return {row.key: _chance(row, found) for row in limits}, drawn


def _known(doses: CaseDoses) -> tuple[Reason | None, DoseGrid | Reason, int]:
    """Return why nothing can be drawn, if so, the dose and the number of fractions."""
    case = doses.case
    if isinstance(case.dose, Reason):
        return case.dose, case.dose, 0
    fractions = case.plan if isinstance(case.plan, Reason) else case.plan.fractions
    if is_of_course(case):
        text = say("setup errors are not drawn for a course of several plans")
        return Reason(ReasonCode.COURSE_UNKNOWN, text), case.dose, 0
    if not isinstance(fractions, int):
        text = say("the plan does not state its number of fractions")
        return fractions or Reason(ReasonCode.NO_PRESCRIPTION, text), case.dose, 0
    return None, case.dose, fractions


def _parts(setup: SetupErrors, fractions: int) -> tuple[Vector, Vector]:
    """Return the standard deviations of a whole course's shift, and of the blur that is left."""
    pairs = list(zip(setup.systematic_mm, setup.random_mm, strict=True))
    x, y, z = (math.sqrt(fixed**2 + own**2 / fractions) for fixed, own in pairs)
    u, v, w = (own * math.sqrt(1 - 1 / fractions) for _, own in pairs)
    return (x, y, z), (u, v, w)


def _drawn(spread_mm: Vector) -> list[Vector]:
    """Return the shifts of all courses, the same for the same standard deviations."""
    normal = np.random.Generator(np.random.PCG64(SEED)).standard_normal((DRAWS, 3))
    return [(x, y, z) for x, y, z in (normal * np.array(spread_mm)).tolist()]


def _chance(row: ConstraintResult, found: Sequence[Rows]) -> Chance:
    if row.value is None or not row.is_relied_on:
        why = row.reason or Reason(ReasonCode.NOT_APPLICABLE, AS_PLANNED)
        return Chance(None, None, None, None, 0, why)
    there = [rows.get(row.key) for rows in found]
    if not any(there):
        why = Reason(ReasonCode.NOT_APPLICABLE, AS_PLANNED)
        return Chance(None, None, None, None, 0, why)
    without = [one for one in there if one is None or one.value is None]
    reason = next((one.reason for one in without if one is not None), None)
    if without and reason is None:
        reason = Reason(ReasonCode.NOT_APPLICABLE, AS_PLANNED)
    if len(without) == len(there):
        return Chance(None, None, None, None, len(without), reason)
    met = sum(one is not None and one.verdict is Verdict.PER_PROTOCOL for one in there)
    n = len(there)
    low, high = wilson(met, n)[0], wilson(met + len(without), n)[1]
    if without:
        return Chance(None, None, low, high, len(without), reason)
    p = met / n
    return Chance(p, math.sqrt(p * (1 - p) / n), low, high)


def wilson(met: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of Wilson (J Am Stat Assoc 1927;22:209) of a proportion."""
    p, z2 = met / n, NORMAL_95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)
