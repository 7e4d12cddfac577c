"""Every fault of the data that the cases name is planted, and it and nothing else is told."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest

from sbrt_qa.model.outcome import Reason
from sbrt_qa.testing.outcomes.latent_trial import CUT
from sbrt_qa.testing.outcomes.planted_courses import PLANTED
from sbrt_qa.testing.outcomes.sample_outcomes import SampleTrial, sample_trial, truth_of
from sbrt_qa.trial.analysis_set import AnalysisSet, analysis_set
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.data_cut import data_cut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import Censored, EndpointTime
from sbrt_qa.trial.landmark import landmark_set
from sbrt_qa.trial.liver_course import liver_courses
from sbrt_qa.trial.scan_history import discordant, scans_of
from sbrt_qa.trial.toxicity_events import (
    Emergence,
    highest_grades,
    toxic_events,
    toxicity_rates,
)
from sbrt_qa.trial.toxicity_liver import bilirubin_umol_l
from sbrt_qa.trial.treated import PlanVerdict
from sbrt_qa.trial.validate import Imported, validate

from .small_trial import RULES

SAMPLE = sample_trial()
CASES = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    37, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73,
)  # fmt: skip
"""Cases of one subject's data; the others are of files, estimators, geometry and reports."""


def read(sample: SampleTrial) -> Imported:
    tables = [
        TextTable(name, f"{name}.csv", tuple(c.name for c in TABLES[name].columns),
                  tuple(enumerate(rows, 2)))
        for name, rows in sample.tables.items()
    ]  # fmt: skip
    return validate(assemble(tables, dt.date(2025, 1, 1)))


def derived(found: Imported) -> AnalysisSet:
    plans = [
        PlanVerdict(f"{one.site}/{one.code}/v{version}", one.code, f"202{version}-01-01",
                    one.deviation)
        for one in SAMPLE.latent.subjects if one.deviation for version in (0, 1)
    ]  # fmt: skip
    return analysis_set(data_cut(found, CUT), RULES, tuple(plans))


@pytest.fixture(scope="module")
def spoiled() -> tuple[Imported, AnalysisSet]:
    """The sample with all that is planted."""
    found = read(SAMPLE)
    return found, derived(found)


@pytest.fixture(scope="module")
def clean() -> AnalysisSet:
    """The same trial without anything planted."""
    found = read(sample_trial(faults=False))
    assert not found.problems
    return derived(found)


def test_every_case_of_a_subjects_data_is_planted_and_named_by_the_truth() -> None:
    planted = truth_of(SAMPLE)["planted"]
    assert isinstance(planted, list)
    assert {one["case"] for one in planted} == {f"T{number}" for number in CASES}
    assert len(planted) == len(PLANTED)
    alone = [code for code, fault in SAMPLE.planted if not fault.shares]
    assert len(set(alone)) == len(alone)


def test_problems_are_those_planted_and_nothing_else(
    spoiled: tuple[Imported, AnalysisSet],
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for code, fault in SAMPLE.planted:
        for what, times in fault.codes:
            expected["" if what == "UNMAPPED" else code.lstrip("0"), what] += times
    told = Counter((one.subject.lstrip("0"), one.code) for one in spoiled[0].problems)
    assert told == expected
    words = " ".join(one.message for one in spoiled[0].problems if one.code == "UNMAPPED")
    for word in ("'Grade III'", "'3.0'", "'0'", "'4.0'", "'Arm A'"):  # one error for each column
        assert words.count(word) == 1


def test_rules_change_as_planted_and_nowhere_else(
    spoiled: tuple[Imported, AnalysisSet], clean: AnalysisSet
) -> None:
    before = {(one.subject, one.rule): str(one.verdict) for one in clean.results}
    after = {(one.subject, one.rule): str(one.verdict) for one in spoiled[1].results}
    gone = {code for code, fault in SAMPLE.planted if fault.blocks_subject}
    assert {code for code, _ in before} - {code for code, _ in after} == gone
    changed = {key: verdict for key, verdict in after.items() if before[key] != verdict}
    expected = {(code, rule): verdict for code, fault in SAMPLE.planted
                for rule, verdict in fault.rules}  # fmt: skip
    assert changed == expected


def test_endpoints_change_as_planted_and_nowhere_else(
    spoiled: tuple[Imported, AnalysisSet], clean: AnalysisSet
) -> None:
    changed: dict[str, dict[str, object]] = {}
    for name, times in spoiled[1].endpoints.items():
        before = {one.subject: one for one in clean.endpoints[name]}
        for one in times:
            told = (one.time_days, one.code)
            if told != (before[one.subject].time_days, before[one.subject].code):
                changed.setdefault(one.subject, {})[name] = "reason" if one.reason else told
    expected: dict[str, dict[str, object]] = {
        code: dict.fromkeys(fault.endpoints, "reason")
        for code, fault in SAMPLE.planted if fault.endpoints
    }  # fmt: skip
    for code, times in SAMPLE.times.items():
        expected.setdefault(code, {}).update(times)
    assert changed == {code: told for code, told in expected.items() if told}


def subject_of(case: str) -> str:
    """Return the subject that the first fault of a case was put into."""
    return next(code for code, fault in SAMPLE.planted if fault.case == case)


def test_adverse_events_count_as_planted(spoiled: tuple[Imported, AnalysisSet]) -> None:
    cut, code = spoiled[1].cut, subject_of("T59")
    (subject,) = (row for row in cut.randomised if row.subject == code)
    events = [one for one in toxic_events(cut, subject) if one.number >= 90]
    told: dict[str, list[tuple[int, str]]] = {}
    for one in events:
        told.setdefault(one.term, []).append((one.grade, str(one.emergence)))
    assert told == {
        "Rash": [(2, "by_convention")],  # T5
        "Colitis": [(2, "emergent"), (3, "emergent")],  # T59
        "Anaemia": [(3, "emergent")], "Leukocytosis": [(4, "emergent")],  # T60
        "Cough": [(2, "not_emergent")],  # T61
        "Hypertension": [(2, "not_emergent")], "Hypotension": [(3, "emergent")],  # T62
        "Insomnia": [(2, "emergent"), (2, "emergent")],  # T63
        "Headache": [(3, "emergent")],  # T65
    }  # fmt: skip
    highest = highest_grades(one for one in events if one.counts)
    assert highest["Gastrointestinal disorders", "Colitis"] == {code: 3}
    assert highest["Blood disorders", ""] == {code: 4}
    assert highest["Psychiatric disorders", "Insomnia"] == {code: 2}
    (alone,) = (one for one in events if one.term == "Headache")
    assert (alone.is_related, alone.is_surely_related) == (True, False)
    rates = toxicity_rates([one for one in events if one.term == "Headache"], [code])
    assert (rates.registered, rates.registered_judged) == (1, 0)


def test_a_planted_death_of_toxicity_is_beside_the_registered_rate(
    spoiled: tuple[Imported, AnalysisSet],
) -> None:
    cut, code = spoiled[1].cut, subject_of("T67")
    (subject,) = (row for row in cut.randomised if row.subject == code)
    (fatal,) = (one for one in toxic_events(cut, subject) if one.grade == 5)
    rates = toxicity_rates([replace(fatal, emergence=Emergence.EMERGENT)], [code])
    assert (rates.registered, rates.severe, rates.fatal) == (0, 1, 1)


def test_plans_and_arms_are_as_planted(spoiled: tuple[Imported, AnalysisSet]) -> None:
    found = spoiled[1]
    missing, unnamed = found.treated[subject_of("T27")], found.treated[subject_of("T28")]
    assert missing.plan is None
    assert "Z99/999/v7" in missing.reason
    assert unnamed.plan is not None
    assert (unnamed.plan.submission[-2:], unnamed.named) == ("v1", False)
    crossed = found.lists.by_subject[subject_of("T24")]
    assert (crossed.arm, crossed.treated, crossed.per_protocol) == ("CONTROL", "SBRT", "N")
    never = found.lists.by_subject[subject_of("T25")]
    assert (never.arm, never.treated, never.per_protocol) == ("SBRT", "CONTROL", "N")
    stopped = found.lists.by_subject[subject_of("T71")]
    assert (stopped.arm, stopped.per_protocol) == ("SBRT", "N")
    without = found.lists.by_subject[subject_of("T22")]
    assert without.arm == ""
    left_out = dict(landmark_set(found, "PFS12").left_out)
    assert "completed" in left_out[subject_of("T70")]


def test_flags_and_sensitivities_are_as_planted(spoiled: tuple[Imported, AnalysisSet]) -> None:
    found = spoiled[1]

    def time(case: str, times: tuple[EndpointTime, ...]) -> EndpointTime:
        return next(one for one in times if one.subject == subject_of(case))

    other = {(one.endpoint, one.name): one.times for one in found.sensitivities}
    assert time("T3", found.endpoints["OS36"]).imputed
    assert time("T15", found.endpoints["PFS12"]).flags
    assert time("T15", other["PFS12", "censored"]).code == Censored.MISSED_SCANS
    assert time("T16", found.endpoints["PFS12"]).flags
    assert time("T18", other["PFS12", "censored"]).code == Censored.NEW_THERAPY
    origin = randomised_on(found.cut.data.one("subjects", subject_of("T17")))
    scans = scans_of(found.cut.data, subject_of("T17"), origin)
    assert [one.site_result for one in discordant(scans)] == ["RECURRENCE"]
    rows = [row for row in found.cut.randomised if row.subject == subject_of("T69")]
    (liver,) = liver_courses(found.cut, rows)
    assert isinstance(liver.had_disease, Reason)
    in_mg = [row for row in found.cut.data.of_subject("labs", subject_of("T66"))
             if row.text("unit") == "mg/dL"]  # fmt: skip
    (value,) = (bilirubin_umol_l(row.number("value") or 0.0, row.text("unit")) for row in in_mg)
    assert value == pytest.approx(1.2 * 17.1, rel=1e-12)
