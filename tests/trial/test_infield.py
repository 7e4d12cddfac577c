"""Recurrences in the field against the dose of the bed: who counts as what, and who is left out."""

from __future__ import annotations

import datetime as dt

import pytest

from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.testing.outcomes.latent_trial import CUT
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial
from sbrt_qa.trial.analysis_set import AnalysisSet, analysis_set
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.data_cut import data_cut
from sbrt_qa.trial.failure_schemes import FailureClass
from sbrt_qa.trial.infield import InFieldTimes, infield_times
from sbrt_qa.trial.validate import validate

from .small_trial import RULES
from .treated_trial import plans_of

SAMPLE = sample_trial(faults=False)


@pytest.fixture(scope="module")
def found() -> AnalysisSet:
    """The trial without faults, with plans."""
    tables = [
        TextTable(name, f"{name}.csv", tuple(c.name for c in TABLES[name].columns),
                  tuple(enumerate(rows, 2)))
        for name, rows in SAMPLE.tables.items()
    ]  # fmt: skip
    read = validate(assemble(tables, dt.date(2025, 1, 1)))
    return analysis_set(data_cut(read, CUT), RULES, plans_of(SAMPLE))


def local(found: AnalysisSet) -> list[str]:
    """Return those of the SBRT arm with a recurrence at the edge, each once."""
    rows = found.cut.data.of("recurrences")
    return [code for code in found.treated
            if any(r.subject == code and r.text("site") == "MARGIN" for r in rows)]  # fmt: skip


def told(found: AnalysisSet, what: FailureClass | Reason) -> InFieldTimes:
    made = infield_times(found, dict.fromkeys(local(found), what))
    assert made is not None
    return made


def test_a_recurrence_in_the_field_is_the_event_and_any_other_competes(found: AnalysisSet) -> None:
    inside, margin = told(found, FailureClass.CENTRAL), told(found, FailureClass.MARGINAL)
    both = [*inside.below, *inside.from_it]
    events = sum(one.event for one in both)
    assert events >= 5
    assert not any(one.event for one in (*margin.below, *margin.from_it))
    competing = sum(one.cause == 2 for one in (*margin.below, *margin.from_it))
    assert competing == events + sum(one.cause == 2 for one in both)
    codes = [one.subject for one in both] + [code for code, _ in inside.left_out]
    assert sorted(codes) == sorted(found.treated)


def test_groups_are_split_at_the_median_dose(found: AnalysisSet) -> None:
    made = told(found, FailureClass.IN_FIELD)
    mean = {one.code: one.mean_liver_gy for one in SAMPLE.latent.subjects}
    assert made.split_gy is not None
    highest = max(45.0 + mean[one.subject] / 10.0 for one in made.below)
    lowest = min(45.0 + mean[one.subject] / 10.0 for one in made.from_it)
    assert highest < made.split_gy <= lowest + 1e-9
    assert abs(len(made.below) - len(made.from_it)) <= 1


def test_a_recurrence_without_a_class_is_left_out_with_the_reason(found: AnalysisSet) -> None:
    made = told(found, Reason(ReasonCode.REFERENCE_MISSING, "no registration"))
    nothing = infield_times(found, {})
    assert nothing is not None
    for one in (made, nothing):
        why = [
            code
            for code, reason in one.left_out
            if reason == "a local recurrence without a dose class"
        ]
        assert set(why) <= set(local(found))
        assert len(why) >= 5
