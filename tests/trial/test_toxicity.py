"""Adverse events and the liver: which count, for whom, at what grade."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.errors import AnalysisError
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode
from sbrt_qa.trial.partial_dates import PartialDate, parse_partial
from sbrt_qa.trial.toxicity_dose import dose_pairs
from sbrt_qa.trial.toxicity_events import (
    Emergence,
    ToxicEvent,
    TreatmentSpan,
    attribution_matrix,
    emergence,
    highest_grades,
    toxic_events,
    toxicity_rates,
)
from sbrt_qa.trial.toxicity_liver import (
    albi_grade,
    albi_score,
    bilirubin_umol_l,
    liver_disease,
    liver_test_grade,
)
from sbrt_qa.trial.trial_data import TrialRow

from .small_trial import base, cut_of, event, fraction

ALBI = json.loads(
    (Path(__file__).parents[1] / "survival" / "reference_values.json").read_text(encoding="utf-8")
)["albi"]


def events_of(*rows: dict[str, str], first: str = "2026-03-20") -> tuple[ToxicEvent, ...]:
    """Return the events of one subject whose first fraction was on a day."""
    trial = base(randomised="2026-03-15")
    trial["adverse_events"] = list(rows)
    trial["rt_course"] = [
        {
            "subject": "001", "course": "1", "rx_gy": "50", "fractions_planned": "5",
            "fractions_given": "1", "dose_given_gy": "10", "completed": "N",
        }
    ]  # fmt: skip
    trial["rt_fractions"] = [fraction(1, first)]
    cut = cut_of(trial)
    (subject,) = cut.randomised
    return toxic_events(cut, subject)


def test_t5__a_start_known_in_part_counts_by_convention_and_is_marked() -> None:
    (one,) = events_of(event(start="2026-03", grade="3", rel_chemo="possible"))
    assert one.emergence is Emergence.BY_CONVENTION
    assert one.counts
    rates = toxicity_rates([one], ["001"])
    assert (rates.registered, rates.registered_dated) == (1, 0)


def test_t61__an_event_before_treatment_is_not_emergent() -> None:
    early, on_the_day, later = events_of(
        event(ae="1", start="2026-03-19"),
        event(ae="2", start="2026-03-20"),
        event(ae="3", start="2026-04-02"),
    )
    assert early.emergence is Emergence.NOT_EMERGENT
    assert not early.counts
    assert on_the_day.emergence is later.emergence is Emergence.EMERGENT


@pytest.mark.parametrize(
    ("grade", "baseline", "expected"),
    [("2", "2", "not_emergent"), ("3", "2", "emergent"), ("2", "3", "not_emergent"),
     ("1", "0", "emergent"), ("1", "", "emergent")],
)  # fmt: skip
def test_t62__an_event_must_be_worse_than_at_baseline(
    grade: str, baseline: str, expected: str
) -> None:
    (one,) = events_of(event(grade=grade, baseline_grade=baseline, start="2026-04-01"))
    assert one.emergence == expected


SPAN = TreatmentSpan(dt.date(2026, 1, 1), parse_partial("2026-01-10"), parse_partial("2026-03-01"))


@pytest.mark.parametrize(
    ("start", "laid_to_sbrt", "expected"),
    [
        ("2026-05-30", False, "emergent"),  # 90 days after the last dose
        ("2026-05-31", False, "not_emergent"),
        ("2026-05-31", True, "emergent"),
        ("2026-05-31", None, "emergent"),  # nobody said: it may be SBRT
        ("2026-05", False, "by_convention"),
        ("2029-01-01", True, "emergent"),  # the anniversary itself
        ("2029-01-02", True, "not_emergent"),
        ("2026", True, "by_convention"),
        ("2025", True, "not_emergent"),
    ],
)
def test_how_long_after_treatment_an_event_counts(
    start: str, laid_to_sbrt: bool | None, expected: str
) -> None:
    found = emergence(parse_partial(start), 2, None, SPAN, laid_to_sbrt=laid_to_sbrt)
    assert found == expected


def test_who_was_not_treated_has_no_emergent_event() -> None:
    nothing = TreatmentSpan(dt.date(2026, 1, 1), None, None)
    found = emergence(parse_partial("2026-02-01"), 3, None, nothing, laid_to_sbrt=None)
    assert found is Emergence.UNTREATED


def made(subject: str, soc: str, term: str, grade: int, **related: bool | None) -> ToxicEvent:
    laid = {"chemo": False, "sbrt": False, "io": False} | related
    return ToxicEvent(subject, 1, soc, term, grade, laid, Emergence.EMERGENT)


def test_t59__one_term_in_two_grades_is_one_patient_at_the_highest() -> None:
    found = highest_grades([made("1", "GI", "Nausea", 2), made("1", "GI", "Nausea", 3)])
    assert found["GI", "Nausea"] == found["GI", ""] == found["", ""] == {"1": 3}


def test_t60__two_terms_of_a_class_are_one_patient_of_the_class_and_one_of_each_term() -> None:
    found = highest_grades([made("1", "GI", "Nausea", 3), made("1", "GI", "Ileus", 4)])
    assert found["GI", ""] == {"1": 4}
    assert (found["GI", "Nausea"], found["GI", "Ileus"]) == ({"1": 3}, {"1": 4})


def test_t63__overlapping_records_of_one_event_are_one_patient() -> None:
    one, other = events_of(
        event(ae="1", start="2026-04-01", end="2026-04-10", grade="3"),
        event(ae="2", start="2026-04-05", end="2026-04-20", grade="3"),
    )
    assert highest_grades([one, other])["", ""] == {"001": 3}
    assert toxicity_rates([one, other], ["001"]).severe == 1


def test_t65__a_missing_attribution_counts_as_related_and_is_told_apart() -> None:
    judged, unjudged, unrelated = (
        made("1", "GI", "A", 3, chemo=True),
        made("2", "GI", "A", 3, io=None),
        made("3", "GI", "A", 3),
    )
    rates = toxicity_rates([judged, unjudged, unrelated], ["1", "2", "3", "4"])
    assert (rates.n, rates.registered, rates.registered_judged, rates.severe) == (4, 2, 1, 3)
    (said,) = events_of(event(start="2026-04-01", rel_chemo="unlikely", rel_sbrt="definite"))
    assert said.related == {"chemo": False, "sbrt": True, "io": None}
    assert attribution_matrix([said]) == {(False, True, None): 1}


def test_t67__grade_5_is_not_in_the_registered_rate_but_in_the_line_beside_it() -> None:
    rates = toxicity_rates([made("1", "GI", "A", 5, chemo=True)], ["1", "2"])
    assert (rates.registered, rates.severe, rates.fatal) == (0, 1, 1)


def test_a_group_counts_only_its_own() -> None:
    rates = toxicity_rates([made("9", "GI", "A", 4, io=True)], ["1"])
    assert (rates.n, rates.registered, rates.severe) == (1, 0, 0)


@pytest.mark.parametrize("row", ALBI)
def test_albi_agrees_with_the_reference(row: dict[str, float]) -> None:
    found = albi_score(row["bili_umol"], row["albumin_g_l"])
    assert found == pytest.approx(row["score"], rel=1e-9)


@pytest.mark.parametrize(
    ("score", "grade"), [(-2.61, 1), (-2.60, 1), (-2.59, 2), (-1.39, 2), (-1.38, 3)]
)
def test_grades_of_albi(score: float, grade: int) -> None:
    assert albi_grade(score) == grade


def test_t66__bilirubin_needs_its_unit() -> None:
    assert bilirubin_umol_l(1.2, "mg/dL") == pytest.approx(20.52)
    assert bilirubin_umol_l(20.0, "umol/L") == 20.0
    for value, unit in ((1.2, ""), (1.2, "mg/L"), (0.0, "mg/dL"), (float("nan"), "mg/dL")):
        with pytest.raises(AnalysisError):
            bilirubin_umol_l(value, unit)
    with pytest.raises(AnalysisError):
        albi_score(0.0, 40.0)


@pytest.mark.parametrize(
    ("test", "value", "uln", "baseline", "grade"),
    [
        ("ALT", 40, 40, 30, 0), ("ALT", 41, 40, 30, 1), ("ALT", 120, 40, 30, 1),
        ("ALT", 121, 40, 30, 2), ("ALT", 201, 40, 30, 3), ("ALT", 801, 40, 30, 4),
        # abnormal at baseline: multiples of the baseline
        ("ALT", 149, 40, 100, 0), ("ALT", 150, 40, 100, 1), ("ALT", 301, 40, 100, 2),
        ("AST", 501, 40, 100, 3), ("AST", 2001, 40, 100, 4),
        ("ALP", 300, 120, 100, 1), ("ALP", 301, 120, 100, 2), ("ALP", 399, 120, 200, 0),
        ("ALP", 400, 120, 200, 1), ("BILI", 21, 20, 10, 1), ("BILI", 31, 20, 10, 2),
        ("BILI", 61, 20, 10, 3), ("BILI", 201, 20, 10, 4), ("BILI", 40, 20, 40, 0),
        ("BILI", 41, 20, 40, 1),
    ],
)  # fmt: skip
def test_grades_of_liver_tests_by_normal_and_by_baseline(
    test: str, value: float, uln: float, baseline: float, grade: int
) -> None:
    assert liver_test_grade(test, value, uln, baseline) == grade


def test_a_grade_without_limit_or_baseline_is_not_guessed() -> None:
    for uln, baseline in ((None, 30.0), (40.0, None), (0.0, 30.0)):
        found = liver_test_grade("ALT", 100.0, uln, baseline)
        assert isinstance(found, Reason)
        assert found.code is ReasonCode.REFERENCE_MISSING
    assert isinstance(liver_test_grade("INR", 2.0, 1.0, 1.0), Reason)


LAST = dt.date(2026, 3, 1)


def lab(day: str, test: str, value: float, **cells: Any) -> TrialRow:
    values = {"date": dt.date.fromisoformat(day), "test": test, "value": value, **cells}
    return TrialRow("labs", {"subject": "001", **values})


def disease(*rows: TrialRow, **told: Any) -> tuple[bool | None, bool | None]:
    found = liver_disease(rows, LAST, **{"baseline_child_pugh": 5, **told})
    classic, other = found.classic, found.non_classic
    return (
        None if isinstance(classic, Reason) else classic,
        None if isinstance(other, Reason) else other,
    )


def sick(day: str = "2026-04-01", ascites: str = "mild", bilirubin: float = 15.0) -> list[TrialRow]:
    return [
        lab(day, "ALP", 300.0, uln=120.0, ascites=ascites, child_pugh=5),
        lab(day, "BILI", bilirubin, uln=20.0, unit="umol/L"),
        lab(day, "ALT", 50.0, uln=40.0),
    ]


def test_classic_liver_disease_is_ascites_without_jaundice_and_high_alp() -> None:
    assert disease(*sick()) == (True, False)
    assert disease(*sick(ascites="none")) == (False, False)
    assert disease(*sick(bilirubin=60.0)) == (False, False)
    assert disease(*sick(ascites="")) == (None, False)
    assert disease(*sick(day="2026-03-10"))[0] is None  # within two weeks: not looked at
    assert disease(*sick(day="2026-06-01"))[0] is True  # three months to the day
    assert disease(*sick(day="2026-06-02")) == (None, None)


def test_non_classic_liver_disease_is_high_transaminases_or_child_pugh() -> None:
    assert disease(lab("2026-03-05", "ALT", 201.0, uln=40.0))[1] is True
    assert disease(lab("2026-03-05", "AST", 200.0, uln=40.0, child_pugh=6))[1] is False
    assert disease(lab("2026-03-05", "AST", 40.0, uln=40.0, child_pugh=7))[1] is True
    assert disease(lab("2026-03-05", "AST", 40.0, uln=40.0))[1] is None
    assert disease(lab("2026-03-05", "AST", 40.0))[1] is None
    unknown = disease(
        lab("2026-03-05", "AST", 40.0, uln=40.0, child_pugh=7), baseline_child_pugh=None
    )
    assert unknown[1] is None


def test_t69__liver_progression_within_the_window_leaves_it_open() -> None:
    day = dt.date(2026, 5, 1)
    assert disease(*sick(), liver_progression=PartialDate(day, day)) == (None, None)
    later = dt.date(2026, 6, 2)
    assert disease(*sick(), liver_progression=PartialDate(later, later)) == (True, False)
    month = PartialDate(dt.date(2026, 6, 1), dt.date(2026, 6, 30))  # perhaps within
    assert disease(*sick(), liver_progression=month) == (None, None)
    nothing = liver_disease(sick(), None, baseline_child_pugh=5)
    assert isinstance(nothing.classic, Reason)


def test_doses_with_a_reason_are_left_out_and_counted() -> None:
    unusable = Reason(ReasonCode.NO_DOSE, "no dose")
    pairs = dose_pairs(
        {"1": Measured(12.0, "Gy"), "2": unusable, "3": Measured(8.0, "Gy")},
        {"1": True, "2": False, "4": False},
    )
    assert (pairs.subjects, pairs.doses, pairs.happened) == (("1",), (12.0,), (True,))
    assert [subject for subject, _ in pairs.left_out] == ["2", "3", "4"]
    assert pairs.left_out[0][1] is unusable
    assert dose_pairs({}, {}).doses == ()
