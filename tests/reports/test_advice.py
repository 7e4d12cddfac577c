"""What a report advises: the sentence of a limit follows from its volume, in every language."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa import load_protocol
from sbrt_qa.i18n.words import Words, languages
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.compose.advice import action, actions
from sbrt_qa.reports.compose.meaning import harm
from sbrt_qa.review.case_review import CaseReview

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_advice_page.py"
specification = importlib.util.spec_from_file_location("make_advice_page", SCRIPT)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)

LIMITS = {result.id: result for _, result in script.limits(load_protocol("liver_sbrt"))}
EN, ZH = Words("en"), Words("zh")


def limit(structure: str, metric: str, bound: float, **changes: object) -> ConstraintResult:
    some = next(iter(LIMITS.values()))
    unit = metric.partition("[")[2].removesuffix("]")
    fields = {
        "op": "<=", "structure": structure, "metric": metric, "unit": unit, "value": 1.2 * bound,
        "per_protocol_limit": bound, "minor_limit": None, "margin": -0.2 * bound, "priority": 1,
    }  # fmt: skip
    return replace(some, **(fields | changes))


def test_the_page_is_what_the_program_says() -> None:
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(), "run scripts/make_advice_page.py"


@pytest.mark.parametrize("result", LIMITS.values(), ids=LIMITS.keys())
def test_every_limit_has_its_harm_and_its_advice(result: ConstraintResult) -> None:
    assert harm(result)
    for language in languages():
        assert action(result, None, (), Words(language))
    english, chinese = action(result, None, (), EN), action(result, None, (), ZH)
    assert english != chinese
    for text in (english, chinese):
        assert not re.search(r"smaller target|less coverage|较小的靶区|缩小靶区", text)


@pytest.mark.parametrize(
    ("metric", "bound", "says"),
    [
        ("D0.1cc[Gy]", 33, "Bring the 33 Gy isodose off Stomach: at most 0.1 cc may get more."),
        ("D0.5cc[Gy]", 30, "Bring the 30 Gy isodose off Stomach: at most 0.5 cc may get more."),
        ("Max[Gy]", 33, "Bring the 33 Gy isodose off Stomach: no part of it may get more."),
        ("D5cc[Gy]", 22, "At most 5 cc of Stomach may get more than 22 Gy."),
        ("D50cc[Gy]", 12, "At most 50 cc of Stomach may get more than 12 Gy."),
        ("V30Gy[cc]", 5, "At most 5 cc of Stomach may get 30 Gy or more; 6.00 cc do."),
        ("Mean[Gy]", 10, "Lower the mean dose of Stomach from 12.00 Gy to 10 Gy at most"),
        ("DC700cc[Gy]", 15, "At least 700 cc of Stomach must stay below 15 Gy; as planned"),
    ],
)
def test_the_sentence_follows_from_the_volume(metric: str, bound: float, says: str) -> None:
    """An isodose is brought off an organ only where next to nothing of it may get the dose."""
    assert action(limit("Stomach", metric, bound), None, (), EN).startswith(says)


def test_the_paralysis_of_the_cord_is_named_in_chinese() -> None:
    assert "放射性脊髓病" in ZH(harm(limit("SpinalCord", "D0.035cc[Gy]", 25.3)))


COST = Finding(
    "COVERAGE_COST", None, "Stomach", "V100% of the PTV falls to 90 %.", group="prescription"
)


@pytest.mark.parametrize(
    ("priority", "structure", "offered"),
    [(1, "Stomach", True), (3, "Stomach", False), (1, "Chestwall", False)],
)
def test_coverage_gives_way_only_to_a_serial_organ_of_priority_1(
    review: CaseReview, priority: int, structure: str, offered: bool
) -> None:
    missed = limit(structure, "D0.1cc[Gy]", 33, priority=priority)
    told = actions([missed], [], replace(review, findings=(COST,)), None, EN)
    assert any("falls to 90 %" in text for text in told) is offered


@pytest.mark.parametrize(
    ("priority", "value_gy", "says"),
    [
        (1, 34.0, "met at 45 Gy, a level of the protocol (90 % of the dose)"),
        (1, 40.6, "met at 40 Gy, a level of the protocol (80 % of the dose)"),
        (1, 99.0, "no level of the protocol is as low as 16.7 Gy"),
        (3, 34.0, ""),
    ],
)
def test_the_level_that_would_meet_a_limit_is_named(
    review: CaseReview, priority: int, value_gy: float, says: str
) -> None:
    rules = replace(review.protocol, levels=((50.0, 5), (45.0, 5), (40.0, 5), (30.0, 3)))
    missed = limit("Stomach", "D0.1cc[Gy]", 33, value=value_gy, priority=priority)
    told = " ".join(actions([missed], [], replace(review, protocol=rules), None, EN))
    assert says in told
    assert ("level of the protocol" in told) is bool(says)
