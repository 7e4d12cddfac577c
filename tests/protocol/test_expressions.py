"""Structure expressions and conditions: small grammars, nothing executed."""

from __future__ import annotations

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.protocol.conditions import holds, parse_condition
from sbrt_qa.protocol.expressions import (
    Combined,
    Leaf,
    Operator,
    fold,
    leaves,
    parse_expression,
    substitute,
    written,
)

KNOWN = {"Liver", "GTV", "Liver-GTV", "PTV", "External", "Kidney_L", "Kidney_R", "A B"}


@pytest.mark.parametrize(
    ("text", "names", "spelled"),
    [
        ("Liver", ("Liver",), "Liver"),
        ("Liver-GTV", ("Liver-GTV",), "Liver-GTV"),
        ("Liver - GTV", ("Liver", "GTV"), "Liver - GTV"),
        ("External-PTV", ("External", "PTV"), "External - PTV"),
        ("Kidney_L+Kidney_R", ("Kidney_L", "Kidney_R"), "Kidney_L + Kidney_R"),
        ("Liver&PTV", ("Liver", "PTV"), "Liver & PTV"),
        ("Liver-GTV-PTV", ("Liver-GTV", "PTV"), "Liver-GTV - PTV"),
        ("A B+PTV", ("A B", "PTV"), "A B + PTV"),
        (" External - PTV - GTV ", ("External", "PTV", "GTV"), "External - PTV - GTV"),
    ],
)
def test_expressions_take_the_longest_name(text: str, names: tuple[str, ...], spelled: str) -> None:
    tree = parse_expression(text, KNOWN)
    assert leaves(tree) == names
    assert written(tree) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "Liver-",
        "-GTV",
        "Liver--GTV",
        "Spleen",
        "Liver GTV",
        "(Spleen)",
        "LiverX",
        "Liver|GTV",
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(UsageError, match="not a structure of the protocol"):
        parse_expression(text, KNOWN)


def test_a_long_expression_is_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        parse_expression("+".join(["PTV"] * 9), KNOWN)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("(Liver)", "Liver"),
        ("GTV+5mm", "GTV + 5mm"),
        ("GTV - 3 mm", "GTV - 3mm"),
        ("GTV + (5, 5,8)mm", "GTV + (5,5,8)mm"),
        ("GTV + (5,5,5,5,5,5)mm", "GTV + 5mm"),
        ("GTV + (1,2,3,4,5,6)mm", "GTV + (1,2,3,4,5,6)mm"),
        ("(PTV + 30mm) - (PTV + 20mm)", "(PTV + 30mm) - (PTV + 20mm)"),
        ("PTV+30mm-PTV", "(PTV + 30mm) - PTV"),
        ("Liver - (GTV + 5mm)", "Liver - (GTV + 5mm)"),
        ("(Liver - GTV) + 2.5mm", "(Liver - GTV) + 2.5mm"),
        ("GTV + 10mm - 5mm", "(GTV + 10mm) - 5mm"),
        ("Liver-GTV + 5mm", "Liver-GTV + 5mm"),
        ("PTV - (GTV & (Liver - A B))", "PTV - (GTV & (Liver - A B))"),
    ],
)
def test_margins_and_parentheses(text: str, spelled: str) -> None:
    tree = parse_expression(text, KNOWN)
    assert written(tree) == spelled
    assert parse_expression(spelled, KNOWN) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("External - PTV + 5mm", r"could belong to one structure .* at character 16"),
        ("External - (PTV) + 5mm", "could belong to one structure"),
        ("GTV + 5", "not a margin, at character 5"),
        ("GTV + 0.5cm", "a number of mm"),
        ("GTV + 1,5mm", "a number of mm"),
        ("GTV + 0mm", "0.1 to 100 mm"),
        ("GTV + (0,0,0)mm", "0.1 to 100 mm"),
        ("GTV + 101mm", "0.1 to 100 mm"),
        ("GTV + (5,5)mm", "1, 3 or 6 numbers"),
        ("(GTV + 5mm", "opened and not closed, at character 1"),
        ("GTV + 5mm)", "closed that was not opened, at character 10"),
        ("GTV + 5mm PTV", "a sign is missing, at character 11"),
        ("(" * 20 + "GTV" + ")" * 20, "too many parentheses"),
        ("GTV" + " + 5mm" * 20, "too many margins"),
        ("Liver - (Spleen + 5mm)", "not a structure of the protocol, at character 10"),
    ],
)
def test_a_message_says_where_a_margin_is_wrong(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_expression(text, KNOWN)


def test_a_name_with_a_margin_in_it_is_that_structure() -> None:
    assert parse_expression("PTV+5mm", {"PTV", "PTV+5mm"}) == Leaf("PTV+5mm")
    with pytest.raises(UsageError, match="both a margin and the name of a structure"):
        parse_expression("PTV + 5mm", {"PTV", "5mm"})


def test_expressions_are_read_from_left_to_right() -> None:
    """(5 - 2) - 1, not 5 - (2 - 1)."""
    values = {"External": 5, "PTV": 2, "GTV": 1}
    tree = parse_expression("External-PTV-GTV", KNOWN)
    assert fold(tree, values.__getitem__, lambda _, left, right: left - right) == 2


def test_an_expression_takes_the_place_of_a_name() -> None:
    kidneys = Combined(Operator.UNION, Leaf(1), Leaf(2))
    tree = parse_expression("External-PTV", KNOWN)
    made = substitute(tree, {"External": Leaf(0), "PTV": kidneys}.__getitem__)
    assert made == Combined(Operator.WITHOUT, Leaf(0), kidneys)


@pytest.mark.parametrize(
    ("text", "fractions", "prescription_gy", "expected"),
    [
        ("", 5, 50, True),
        ("fractions == 5", 5, 50, True),
        ("fractions == 5", 3, 54, False),
        ("fractions==5 and prescription_gy==50", 5, 50, True),
        ("fractions == 5 and prescription_gy == 50", 5, 45, False),
        ("prescription_gy == 50", 5, 50.24, True),
        ("prescription_gy == 50", 5, 50.26, False),
        ("prescription_gy < 50", 5, 49.9, False),
        ("prescription_gy >= 50", 5, 49.9, True),
        ("prescription_gy != 50", 5, 49.9, False),
        ("fractions <= 5", 5, 50, True),
        ("fractions < 5", 5, 50, False),
        ("fractions != 5", 3, 50, True),
        ("fractions > 2 and fractions < 6", 5, 50, True),
    ],
)
def test_conditions(text: str, fractions: float, prescription_gy: float, expected: bool) -> None:
    facts = {"fractions": fractions, "prescription_gy": prescription_gy}
    assert holds(parse_condition(text), facts) is expected


@pytest.mark.parametrize(
    ("fractions", "expected"),
    [(5, "unknown"), (3, False)],
)
def test_an_unknown_fact_is_a_reason_unless_it_cannot_matter(
    fractions: float, expected: object
) -> None:
    unknown = Reason(ReasonCode.NO_PRESCRIPTION, "none stated")
    facts = {"fractions": fractions, "prescription_gy": unknown}
    found = holds(parse_condition("fractions == 5 and prescription_gy == 50"), facts)
    assert found == (unknown if expected == "unknown" else expected)


@pytest.mark.parametrize(
    "text",
    [
        "fractions",
        "fractions == five",
        "dose == 5",
        "fractions = 5",
        "fractions == 5 or fractions == 3",
        "fractions == 5 and",
        "5 == fractions",
        "fractions == -5",
        "fractions == 1e9",
        "__import__('os').system('ls')",
        "fractions == 5" + " " * 300,
    ],
)
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(UsageError, match="not a condition"):
        parse_condition(text)
