"""What SBRT may do to the liver: ALBI, grades of liver tests, radiation-induced liver disease.

ALBI: Johnson 2015 (J Clin Oncol 33:550). Grades: CTCAE 5.0, which counts multiples of the upper
limit of normal where the test was normal at baseline, and of the baseline where it was not. Classic
and non-classic liver disease: Pan 2010 (Int J Radiat Oncol Biol Phys 76:S94).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import AnalysisError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.trial.partial_dates import PartialDate, add_months
from sbrt_qa.trial.trial_data import TrialRow

UMOL_L_PER_MG_DL: Final = 17.1
"""Of bilirubin."""

JAUNDICE_UMOL_L: Final = 2.0 * UMOL_L_PER_MG_DL
"""Bilirubin above which somebody is taken to be jaundiced; proposed."""

CLASSIC_FROM_DAYS: Final = 14
WINDOW_MONTHS: Final = 3
"""Classic liver disease is looked for from 2 weeks to 3 months after the last fraction,
non-classic up to 3 months after it."""

_BOUNDS: Final = {
    "ALT": ((1.0, 3.0, 5.0, 20.0), (1.5, 3.0, 5.0, 20.0)),
    "AST": ((1.0, 3.0, 5.0, 20.0), (1.5, 3.0, 5.0, 20.0)),
    "ALP": ((1.0, 2.5, 5.0, 20.0), (2.0, 2.5, 5.0, 20.0)),
    "GGT": ((1.0, 2.5, 5.0, 20.0), (2.0, 2.5, 5.0, 20.0)),
    "BILI": ((1.0, 1.5, 3.0, 10.0), (1.0, 1.5, 3.0, 10.0)),
}
"""Where grades 1 to 4 begin: in multiples of the upper limit of normal for who was normal at
baseline, and in multiples of the baseline for who was not."""

_REACHED: Final = frozenset({("ALT", 1), ("AST", 1), ("ALP", 1), ("GGT", 1)})
"""Bounds of an abnormal baseline that belong to the grade themselves."""


def bilirubin_umol_l(value: float, unit: str) -> float:
    """Return bilirubin in micromol per litre.

    Raises
    ------
    AnalysisError
        The unit is missing or not one of bilirubin: a number alone may be either.
    """
    if not math.isfinite(value) or value <= 0:
        raise AnalysisError("no bilirubin", got=str(value), expected="a positive number")
    if unit == "umol/L":
        return value
    if unit == "mg/dL":
        return value * UMOL_L_PER_MG_DL
    raise AnalysisError("no unit of bilirubin", got=quoted(unit), expected="umol/L or mg/dL")


def albi_score(bilirubin: float, albumin_g_l: float) -> float:
    """Return 0.66 log10(bilirubin in micromol/L) - 0.085 albumin in g/L.

    Raises
    ------
    AnalysisError
        One of them is not positive.
    """
    for name, value in (("bilirubin", bilirubin), ("albumin", albumin_g_l)):
        if not math.isfinite(value) or value <= 0:
            raise AnalysisError("no value of ALBI", where=name, got=str(value), expected="> 0")
    return 0.66 * math.log10(bilirubin) - 0.085 * albumin_g_l


def albi_grade(score: float) -> int:
    """Return the grade: 1 up to -2.60, 2 up to -1.39, 3 above."""
    if score <= -2.60:
        return 1
    return 2 if score <= -1.39 else 3


def liver_test_grade(
    test: str, value: float, uln: float | None, baseline: float | None
) -> int | Reason:
    """Return the CTCAE grade of a liver test, 0 where it has none.

    Parameters
    ----------
    test
        ALT, AST, ALP, GGT or BILI.
    value, uln, baseline
        In one unit; `uln` is the upper limit of normal.

    Returns
    -------
    A Reason where the limit of normal or the baseline is not known: the scale depends on both.
    """
    if test not in _BOUNDS:
        return Reason(ReasonCode.NOT_APPLICABLE, say("{0} is no liver test", quoted(test)))
    if uln is None or uln <= 0 or baseline is None or baseline <= 0:
        text = say("a grade needs the upper limit of normal and the value at baseline")
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    normal, abnormal = _BOUNDS[test]
    if baseline <= uln:
        return sum(value > bound * uln for bound in normal)
    grade = sum(value > bound * baseline for bound in abnormal)
    reached = (test, 1) in _REACHED and value == abnormal[0] * baseline
    return 1 if reached and grade == 0 else grade


@dataclass(frozen=True, slots=True)
class LiverDisease:
    """Radiation-induced liver disease of one subject, each form found or not, or why that is open.

    Parameters
    ----------
    classic
        Ascites without jaundice, and ALP above twice its limit of normal.
    non_classic
        ALT or AST above five times its limit of normal, or Child-Pugh higher by 2 or more.
    """

    classic: bool | Reason
    non_classic: bool | Reason


def liver_disease(
    labs: Iterable[TrialRow],
    last_fraction: dt.date | None,
    *,
    baseline_child_pugh: int | None,
    liver_progression: PartialDate | None = None,
) -> LiverDisease:
    """Return whether a subject had radiation-induced liver disease.

    Parameters
    ----------
    labs
        Rows of the table ``labs`` of the subject.
    last_fraction
        Day from which the window counts; for the control arm the matched day.
    liver_progression
        When the liver progressed. Within the window or before it explains the same findings, and
        neither form can be told.
    """
    if last_fraction is None:
        why = Reason(ReasonCode.NOT_APPLICABLE, say("no fraction: there is no window"))
        return LiverDisease(why, why)
    end = add_months(last_fraction, WINDOW_MONTHS)
    if liver_progression is not None and liver_progression.first <= end:
        text = say("the liver progressed within the window, which explains the same findings")
        why = Reason(ReasonCode.NOT_RELIED_ON, text)
        return LiverDisease(why, why)
    inside = [
        (day, row)
        for row in labs
        if (day := row.day("date")) is not None and last_fraction < day <= end
    ]
    later = last_fraction + dt.timedelta(days=CLASSIC_FROM_DAYS)
    return LiverDisease(
        _classic([(day, row) for day, row in inside if day >= later]),
        _non_classic([row for _, row in inside], baseline_child_pugh),
    )


def _classic(inside: Sequence[tuple[dt.date, TrialRow]]) -> bool | Reason:
    high = [(d, r) for d, r in inside if (_times_normal(r, "ALP") or 0.0) > 2.0]
    known = [r for _, r in inside if _times_normal(r, "ALP") is not None]
    if not known:
        return _unknown("ALP")
    if not high:
        return False
    ascites = {r.text("ascites") for _, r in inside} - {""}
    if not ascites:
        return _unknown(say("ascites"))
    if ascites <= {"none"}:
        return False
    levels = [b for _, r in inside if (b := _bilirubin(r)) is not None]
    return max(levels) <= JAUNDICE_UMOL_L if levels else _unknown(say("bilirubin"))


def _non_classic(inside: Sequence[TrialRow], baseline: int | None) -> bool | Reason:
    times = [t for row in inside for test in ("ALT", "AST") if (t := _times_normal(row, test))]
    points = [p for row in inside if (p := row.whole("child_pugh")) is not None]
    worse = baseline is not None and any(p >= baseline + 2 for p in points)
    if worse or any(t > 5.0 for t in times):
        return True
    if not times:
        return _unknown(say("transaminases"))
    if baseline is None or not points:
        return _unknown("Child-Pugh")
    return False


def _times_normal(row: TrialRow, test: str) -> float | None:
    value, uln = row.number("value"), row.number("uln")
    if row.text("test") != test or value is None or not uln:
        return None
    return value / uln


def _bilirubin(row: TrialRow) -> float | None:
    value = row.number("value")
    if row.text("test") != "BILI" or value is None or value <= 0:
        return None
    return bilirubin_umol_l(value, row.text("unit"))


def _unknown(what: str) -> Reason:
    text = say("not known within the window: {0}", what)
    return Reason(ReasonCode.REFERENCE_MISSING, text)
