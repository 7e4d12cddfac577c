"""The liver of each subject from baseline to worst: ALBI, Child-Pugh, grades of tests, RILD.

The window of radiation-induced liver disease runs from the last fraction. A control subject has
none; its matched day lies as long after randomisation as the median last fraction of the irradiated
does, and is told as matched.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.trial.anchor_days import fraction_days
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.partial_dates import PartialDate
from sbrt_qa.trial.scan_history import scans_of
from sbrt_qa.trial.toxicity_liver import (
    UMOL_L_PER_MG_DL,
    LiverDisease,
    albi_score,
    bilirubin_umol_l,
    liver_disease,
    liver_test_grade,
)
from sbrt_qa.trial.trial_data import TrialRow

TESTS: Final = ("ALT", "AST", "ALP", "BILI", "GGT")
BASELINE: Final = {
    "ALT": ("alt_u_l", "alt_uln"), "AST": ("ast_u_l", ""), "ALP": ("alp_u_l", ""),
    "BILI": ("bilirubin_umol_l", "bilirubin_uln"), "GGT": ("", ""),
}  # fmt: skip
"""Columns of the baseline: the value of a test and its upper limit of normal."""

GRAMS_PER_DL: Final = 10.0
"""Of albumin: g/dL in g/L."""


@dataclass(frozen=True, slots=True)
class TestShift:
    """The grade of a liver test at baseline and at its worst after it, or why one is not known."""

    test: str
    baseline: int | Reason
    worst: int | Reason


@dataclass(frozen=True, slots=True)
class LiverCourse:
    """What became of the liver of one subject.

    Parameters
    ----------
    window_from
        Day that the window of radiation-induced disease begins with; None without one.
    matched
        Whether that day is matched, for want of a fraction.
    albi
        Scores at baseline and at their worst (highest) afterwards.
    child_pugh
        Points at baseline and at their highest afterwards.
    """

    subject: str
    window_from: dt.date | None
    matched: bool
    disease: LiverDisease
    albi: tuple[float | Reason, float | Reason]
    child_pugh: tuple[int | None, int | None]
    shifts: tuple[TestShift, ...]

    @property
    def had_disease(self) -> bool | Reason:
        """Whether either form of radiation-induced disease was there; open where one is."""
        told = (self.disease.classic, self.disease.non_classic)
        if any(one is True for one in told):
            return True
        return next((one for one in told if isinstance(one, Reason)), False)

    @property
    def worst_grade(self) -> int | Reason:
        """The highest grade of any liver test that can be graded."""
        known = [one.worst for one in self.shifts if isinstance(one.worst, int)]
        if known:
            return max(known)
        return Reason(ReasonCode.REFERENCE_MISSING, say("no liver test can be graded"))


def liver_courses(cut: DataCut, subjects: Sequence[TrialRow]) -> tuple[LiverCourse, ...]:
    """Return the course of the liver of subjects."""
    lasts = _last_fractions(cut, subjects)
    waits = [
        (last - origin).days for row in subjects
        if (last := lasts.get(row.subject)) and (origin := randomised_on(row))
    ]  # fmt: skip
    wait = round(statistics.median(waits)) if waits else None
    return tuple(_course(cut, row, lasts.get(row.subject), wait) for row in subjects)


def _last_fractions(cut: DataCut, subjects: Sequence[TrialRow]) -> Mapping[str, dt.date]:
    return {
        row.subject: days[-1].last for row in subjects if (days := fraction_days(cut, row.subject))
    }


def _course(cut: DataCut, row: TrialRow, last: dt.date | None, wait: int | None) -> LiverCourse:
    code, origin = row.subject, randomised_on(row)
    labs = cut.data.of_subject("labs", code)
    baseline = cut.data.one("baseline", code)
    begin, matched = last, False
    if begin is None and wait is not None and origin is not None:
        begin, matched = origin + dt.timedelta(wait), True
    points = baseline.whole("child_pugh") if baseline else None
    disease = liver_disease(
        labs, begin, baseline_child_pugh=points, liver_progression=_progression(cut, code, origin)
    )
    after = [one.whole("child_pugh") for one in labs if _is_after(one, origin)]
    later = [one for one in after if one is not None]
    return LiverCourse(
        code, begin, matched, disease, (_albi_before(baseline), _albi_after(labs, origin)),
        (points, max(later, default=None)),
        tuple(_shift(test, baseline, labs, origin) for test in TESTS),
    )  # fmt: skip


def _is_after(row: TrialRow, origin: dt.date | None) -> bool:
    day = row.day("date")
    return day is not None and origin is not None and day > origin


def _progression(cut: DataCut, code: str, origin: dt.date | None) -> PartialDate | None:
    if origin is None:
        return None
    days = [
        scan.days for scan in scans_of(cut.data, code, origin)
        if scan.result == "RECURRENCE" and scan.places & {"MARGIN", "LIVER_OTHER"}
    ]  # fmt: skip
    return min(days, default=None)


def _missing(what: str) -> Reason:
    return Reason(ReasonCode.REFERENCE_MISSING, say("{0} is missing", what))


def _albi_before(baseline: TrialRow | None) -> float | Reason:
    bilirubin = baseline.number("bilirubin_umol_l") if baseline else None
    albumin = baseline.number("albumin_g_l") if baseline else None
    if not bilirubin or not albumin:
        return _missing("bilirubin_umol_l" if not bilirubin else "albumin_g_l")
    return albi_score(bilirubin, albumin)


def _albi_after(labs: Sequence[TrialRow], origin: dt.date | None) -> float | Reason:
    """Return the highest score of a day on which both were measured."""
    both: dict[dt.date, dict[str, float]] = {}
    for row in labs:
        day, value = row.day("date"), row.number("value")
        if day is None or not value or not _is_after(row, origin):
            continue
        if row.text("test") == "BILI":
            try:
                both.setdefault(day, {})["BILI"] = bilirubin_umol_l(value, row.text("unit"))
            except AnalysisError:
                continue  # a value without a unit says nothing
        elif row.text("test") == "ALB":
            factor = GRAMS_PER_DL if row.text("unit") == "g/dL" else 1.0
            both.setdefault(day, {})["ALB"] = factor * value
    scores = [albi_score(one["BILI"], one["ALB"]) for one in both.values() if len(one) == 2]
    return max(scores) if scores else _missing(say("bilirubin and albumin of one day"))


def _shift(
    test: str, baseline: TrialRow | None, labs: Sequence[TrialRow], origin: dt.date | None
) -> TestShift:
    value_column, uln_column = BASELINE[test]
    before = baseline.number(value_column) if baseline and value_column else None
    normal = baseline.number(uln_column) if baseline and uln_column else None
    first: int | Reason = _missing(say("{0} at baseline, or its limit of normal", test))
    if before is not None and normal:
        first = liver_test_grade(test, before, normal, min(before, normal))
    grades = [
        liver_test_grade(test, value, uln, before) for row in labs
        if row.text("test") == test and _is_after(row, origin)
        for value, uln in _in_umol(test, row)
    ]  # fmt: skip
    known = [one for one in grades if isinstance(one, int)]
    worst: int | Reason = max(known) if known else next(
        (one for one in grades if isinstance(one, Reason)),
        _missing(say("{0} after randomisation", test)),
    )  # fmt: skip
    return TestShift(test, first, worst)


def _in_umol(test: str, row: TrialRow) -> Iterator[tuple[float, float | None]]:
    """Yield a value and its limit of normal, bilirubin in micromol/L as at baseline."""
    value, uln = row.number("value"), row.number("uln")
    if value is None:
        return
    factor = UMOL_L_PER_MG_DL if test == "BILI" and row.text("unit") == "mg/dL" else 1.0
    yield factor * value, None if uln is None else factor * uln
