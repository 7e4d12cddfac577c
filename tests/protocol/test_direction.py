"""Every metric says what is wrong where a limit is missed, in every language (cases 128, 129)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest

from sbrt_qa.dosimetry.metric_meaning import Direction, Quantity
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import METRICS, Metric, meaning_of
from sbrt_qa.evidence.failing import failing_of
from sbrt_qa.i18n.words import Words, languages
from sbrt_qa.model.outcome import Measured, Verdict
from sbrt_qa.protocol.definition import Constraint
from sbrt_qa.protocol.grading import grade, verdict_of
from sbrt_qa.protocol.limit_result import ConstraintResult, direction_of
from sbrt_qa.reports.compose.advice import action
from sbrt_qa.reports.compose.meaning import harm
from sbrt_qa.reports.compose.plain import statement

OPERATORS = ("<=", "<", ">=", ">", "==")
RX_GY = 50.0


def expressions(entry: Metric) -> Iterator[str]:
    """Yield a metric with every unit of its argument, small and large, and of its result."""
    arguments = [""] if not entry.argument_units else []
    for unit in entry.argument_units:
        amounts = ("0.03", "30") if unit == "cc" else ("30",)
        arguments += ["_8"] if unit == "1" else [f"{amount}{unit}" for amount in amounts]
    for argument in arguments:
        for unit in entry.units:
            yield f"{entry.name}{argument}" + ("" if unit == "1" else f"[{unit}]")


EXPRESSIONS = tuple(text for entry in METRICS.values() for text in expressions(entry))
"""Every registered metric with every unit of its argument and of its result."""

HOT = {
    "en": re.compile(r"hot spot|is higher than|spills|off PTV|Lower the|may get more|overdos"),
    "zh": re.compile("热点|高于|溢入|降低"),
}
COLD = {
    "en": re.compile(r"less than was prescribed|Raise the dose|less dose than|gets less"),
    "zh": re.compile("低于处方|提高剂量|复发"),
}


def missed(metric: str, op: str, structure: str = "PTV") -> ConstraintResult:
    """Return a limit that is missed by a fifth; of a yes or no one that asked for a yes."""
    spec = parse_metric(metric)
    yes = spec.unit == "bool"
    low = op in (">=", ">", "==")
    limit = (1.0 if low else 0.0) if yes else 20.0
    value = (0.0 if low else 1.0) if yes else limit * (0.8 if low else 1.2)
    return ConstraintResult(
        id="L", structure=structure, metric=metric, op=op, match=None, value=value,
        unit=spec.unit, reason=None, per_protocol_limit=limit, minor_limit=None,
        beyond=Verdict.MAJOR, margin=-4.0, verdict=Verdict.MAJOR, priority=1, counts=True,
        source="", confidence="",
    )  # fmt: skip


def test_every_metric_is_among_those_tried() -> None:
    assert {parse_metric(text).kind for text in EXPRESSIONS} == set(METRICS)


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("metric", EXPRESSIONS)
def test_case_128__direction_sentence_and_isodose_follow_from_the_metric(
    metric: str, op: str
) -> None:
    """Each states what is wrong, why it matters and what settles it; cold never says hot."""
    meaning = meaning_of(parse_metric(metric))
    for structure in ("PTV", "Liver", "External"):
        result = missed(metric, op, structure)
        direction = direction_of(result)
        assert isinstance(direction, Direction)
        for language in languages():
            words = Words(language)
            assert harm(result), structure
            why, advice = words(harm(result)), action(result, None, (), words)
            assert statement(result, words)
            assert advice
            if direction.is_cold:
                assert not HOT[language].search(why + advice), (structure, why, advice)
            if direction in (Direction.TOO_HOT, Direction.SPILLS):
                assert not COLD[language].search(why + advice), (structure, why, advice)
        failing = failing_of(result, RX_GY)
        if failing is not None:
            assert failing.too_hot is not direction.is_cold
    assert isinstance(meaning.quantity, Quantity)


@pytest.mark.parametrize(
    ("metric", "op", "direction"),
    [
        ("CV95%[%]", "<=", Direction.TOO_COLD),
        ("CV15Gy[cc]", ">=", Direction.TOO_HOT),
        ("D95%[Gy]", ">=", Direction.TOO_COLD),
        ("D0.03cc[%]", ">=", Direction.TOO_FLAT),
        ("DC700cc[Gy]", "<=", Direction.TOO_HOT),
        ("DC30%[Gy]", ">=", Direction.TOO_COLD),
        ("NearMin[Gy]", ">=", Direction.TOO_COLD),
        ("R100", ">=", Direction.TOO_COLD),
        ("R50", "<=", Direction.SPILLS),
        ("PaddickCI", ">=", Direction.MISFITS),
        ("HI", "<=", Direction.UNEVEN),
        ("MDPD", ">=", Direction.TOO_FLAT),
        ("Volume[cc]", ">=", Direction.TOO_SMALL),
        ("CriticalVolume15Gy[bool]", "==", Direction.TOO_HOT),
        ("GlobalMaxInPTV[bool]", "==", Direction.MISPLACED),
        ("NTCPliverMets[%]", "<=", Direction.MODEL),
        ("LCliver3y[%]", ">=", Direction.MODEL),
        ("EQD2_10(D95%)[Gy]", ">=", Direction.TOO_COLD),
    ],
)
def test_case_128__what_is_wrong(metric: str, op: str, direction: Direction) -> None:
    assert direction_of(missed(metric, op)) is direction


def test_case_128__an_underdosed_target_is_never_told_to_cool_down() -> None:
    """`CV95%[%] <= 1`: more than 1 % of the target gets less than 95 % of the prescription."""
    result = missed("CV95%[%]", "<=")
    assert "less than was prescribed" in harm(result)
    assert action(result, None, (), Words("en")).startswith("Raise the dose")
    found = failing_of(result, RX_GY)
    assert found is not None
    assert not found.too_hot
    assert found.level_gy == pytest.approx(47.5)


@pytest.mark.parametrize(
    ("metric", "level_gy"),
    [
        ("V95%[%]", 47.5),
        ("V20Gy[%PTV]", 20.0),
        ("CV15Gy[cc]", 15.0),
        ("D95%[Gy]", 20.0),
        ("D95%[%]", 10.0),
        ("Max[cGy]", 0.2),
        ("NearMax[Gy]", 20.0),
        ("R100", 50.0),
        ("R50", 25.0),
        ("CriticalVolume15Gy[bool]", 15.0),
        ("NTCPliverMets[%]", None),
        ("NTCPliverEnzymes[%]", None),
        ("TCPliver2y[%]", None),
        ("LCliver3y[%]", None),
        ("Veff_1[%]", None),
        ("HI", None),
        ("MDPD", None),
        ("GI", None),
        ("Volume[cc]", None),
        ("EQD2_10(D95%)[Gy]", None),
    ],
)
def test_case_129__a_probability_or_a_ratio_is_no_isodose(
    metric: str, level_gy: float | None
) -> None:
    """The isodose of an index is the one whose volume it takes, never its limit."""
    for op in ("<=", ">="):
        found = failing_of(missed(metric, op), RX_GY)
        assert (None if found is None else found.level_gy) == (
            None if level_gy is None else pytest.approx(level_gy)
        )


@pytest.mark.parametrize("metric", EXPRESSIONS)
def test_more_dose_breaks_a_hot_limit_and_never_a_cold_one(metric: str) -> None:
    """What is said and what a course of several plans takes for final must not contradict."""
    meaning = meaning_of(parse_metric(metric))
    for op in ("<=", ">="):
        direction = meaning.direction(parse_metric(metric), op)
        worse = meaning.worse_with_dose(op)
        if worse is True:
            assert direction not in (Direction.TOO_COLD, Direction.TOO_FLAT)
        if worse is False:
            assert direction not in (Direction.TOO_HOT, Direction.SPILLS)


@pytest.mark.parametrize(
    ("metric", "most"),
    [
        ("V20Gy[%]", 100.0), ("CV20Gy[%]", 100.0), ("V105%[%PTV]", float("inf")),
        ("NTCPliverMets[%]", 100.0), ("LCliver3y[%]", 100.0), ("PaddickCI", 1.0),
        ("D95%[%]", float("inf")), ("R50", float("inf")),
    ],
)  # fmt: skip
def test_case_131__no_value_is_above_its_cap(metric: str, most: float) -> None:
    spec = parse_metric(metric)
    assert meaning_of(spec).highest(spec) == most


@pytest.mark.parametrize(
    ("priority", "verdict"),
    [(1, Verdict.MAJOR), (2, Verdict.MAJOR), (3, Verdict.MINOR), (4, Verdict.MINOR)],
)
def test_case_132__a_row_is_no_worse_than_its_priority_lets_it(
    priority: int, verdict: Verdict
) -> None:
    """The row, and the verdict that another value of it would have."""
    limit = Constraint(
        id="L", structure="PTV", metric="Max[Gy]", op="<=", per_protocol=20.0,
        priority=priority, source=("T",), confidence="T",
    )  # fmt: skip
    assert grade(limit, Measured(30.0, "Gy")).verdict is verdict
    row = dataclasses.replace(missed("Max[Gy]", "<="), priority=priority)
    assert verdict_of(row, 30.0) is verdict
