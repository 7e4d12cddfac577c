"""Checks register and describe themselves, and run as a protocol wants them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import (
    CHECKS,
    Check,
    Found,
    Group,
    Passed,
    Untold,
    check,
    finding_of,
)
from sbrt_qa.checks.run_checks import configured, listed, run_checks
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import ProtocolError, UsageError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode, Severity, Verdict
from sbrt_qa.protocol.definition import CheckRule, Protocol

NOTHING = Reason(ReasonCode.NO_DOSE, "nothing")


def example(_: CheckContext, limit_mm: float = 2.0, names: tuple[str, ...] = ("a",)) -> Iterator:
    """Say what it was told.

    Second paragraph.

    Parameters
    ----------
    limit_mm, names
        Both mean
        this.
    """
    yield Passed("x", f"{limit_mm:g} mm {names}")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Check:
    """Only the example is registered."""
    for code in list(CHECKS):
        monkeypatch.delitem(CHECKS, code)
    check("EXAMPLE", title="An example", group=Group.GRID, severity=Severity.MAJOR)(example)
    yield CHECKS["EXAMPLE"]
    CHECKS.pop("EXAMPLE", None)


def with_rule(liver: Protocol, **rule: object) -> Protocol:
    return liver.model_copy(update={"checks": {"EXAMPLE": CheckRule(**rule)}})


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_every_check_describes_itself(code: str) -> None:
    one = CHECKS[code]
    assert one.description.endswith(".")
    assert one.title
    assert one.source
    assert all(p.meaning.endswith(".") for p in one.parameters)
    assert all(p.accepts(p.default) for p in one.parameters)


def _severities(examine: Callable[..., object], seen: set[str]) -> set[str]:
    """Return the severities that a check or its helpers in the same file name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(examine)))
    body = [node for stated in tree.body[0].body for node in ast.walk(stated)]
    named = {
        n.attr for n in body
        if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "Severity"
    }  # fmt: skip
    for name in {n.id for n in body if isinstance(n, ast.Name)} - seen:
        helper = getattr(sys.modules[examine.__module__], name, None)
        if inspect.isfunction(helper) and helper.__module__ == examine.__module__:
            seen.add(name)
            named |= _severities(helper, seen)
    return named


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_a_check_names_every_severity_that_its_finds_can_have(code: str) -> None:
    """`checks list` and the page say what a find can mean: it must be what the code does."""
    one = CHECKS[code]
    assert {s.name for s in one.milder} == _severities(one.examine, set())
    assert all(s.rank <= one.severity.rank for s in one.milder)


def test_what_finds_mean_under_a_protocol() -> None:
    spacing = CHECKS["DOSE_GRID_SPACING"]
    assert spacing.severities(Severity.MAJOR) == (Severity.MINOR, Severity.MAJOR)
    assert spacing.severities(Severity.BLOCK) == (Severity.MINOR, Severity.BLOCK)
    assert spacing.severities(Severity.MINOR) == (Severity.MINOR,)
    assert spacing.severities(Severity.INFO) == (Severity.INFO,)


def test_a_protocol_raises_what_a_check_finds_at_worst(liver: Protocol) -> None:
    """A coarse grid is the worst of its check: a protocol that blocks on it is obeyed."""
    axis = np.arange(-40.0, 41.0, 8.0)
    dose = DoseGrid(np.full((11, 11, 11), 50.0), axis, axis, axis)
    rules = {"DOSE_GRID_SPACING": CheckRule(severity="block")}
    context = CheckContext(
        CaseDoses(Case("coarse", NOTHING, NOTHING, dose)),
        protocol=liver.model_copy(update={"checks": rules}),
    )
    found = {f.code: f.verdict for f in run_checks(context).findings}
    assert found["DOSE_GRID_SPACING"] is Verdict.NOT_EVALUABLE


def test_checks_are_listed_as_a_protocol_has_them(registered: Check, liver: Protocol) -> None:
    off = with_rule(liver, applies=False, note="not here", parameters={"limit_mm": 3})
    (one,) = listed(off)
    assert (one.applies, one.note, one.settings["limit_mm"]) == (False, "not here", 2.0)
    (one,) = listed(with_rule(liver, severity="minor", parameters={"limit_mm": 3}))
    assert (one.applies, one.severity, one.settings["limit_mm"]) == (True, Severity.MINOR, 3.0)
    (one,) = listed(None)
    assert one.settings == {"limit_mm": 2.0, "names": ("a",)}


def test_a_code_is_given_once() -> None:
    with pytest.raises(ValueError, match="two checks called REPAIRED"):
        check("REPAIRED", title="", group=Group.LINKS)(lambda _: iter(()))


def test_parameters_come_from_the_signature_and_the_docstring(registered: Check) -> None:
    assert [(p.name, p.default, p.meaning) for p in registered.parameters] == [
        ("limit_mm", 2.0, "Both mean this."),
        ("names", ("a",), "Both mean this."),
    ]
    assert registered.page == "Say what it was told.\n\nSecond paragraph."


def test_a_protocol_sets_parameters_and_severity(registered: Check, liver: Protocol) -> None:
    rule = {"parameters": {"limit_mm": 3, "names": ("b", "c")}, "severity": "minor"}
    context = CheckContext(CaseDoses(empty()), protocol=with_rule(liver, **rule))
    (only,) = configured(context.protocol)
    assert only.severity is Severity.MINOR
    (passed,) = run_checks(context).passed
    assert passed.found == "3 mm ('b', 'c')"


def test_a_protocol_switches_a_check_off(registered: Check, liver: Protocol) -> None:
    assert configured(with_rule(liver, applies=False)) == ()
    assert len(configured(with_rule(liver))) == 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"parameters": {"limit_cm": 3}}, "no such parameter; got 'limit_cm'"),
        ({"parameters": {"limit_mm": "3"}}, "of the wrong kind; got '3'; expected a value like"),
        ({"parameters": {"limit_mm": True}}, "of the wrong kind"),
        ({"parameters": {"names": (1, 2)}}, "of the wrong kind"),
    ],
)
def test_a_protocol_that_asks_for_what_is_not_there_is_refused(
    registered: Check, liver: Protocol, rule: dict, message: str
) -> None:
    with pytest.raises(ProtocolError, match=message):
        configured(with_rule(liver, **rule))


def test_a_protocol_that_names_no_check_is_refused(liver: Protocol) -> None:
    with pytest.raises(ProtocolError, match="no such check"):
        configured(with_rule(liver))


def empty() -> Case:
    return Case("empty", NOTHING, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("outcome", "severity", "verdict", "message"),
    [
        (Passed("x", "2 mm"), Severity.BLOCK, Verdict.PER_PROTOCOL, "2 mm"),
        (Passed("x", "2 mm", message="fine"), Severity.BLOCK, Verdict.PER_PROTOCOL, "fine"),
        (Found("x", "far"), Severity.MAJOR, Verdict.MAJOR, "far"),
        (Found("x", "far"), Severity.INFO, None, "far"),
        (Found("x", "far"), Severity.BLOCK, Verdict.NOT_EVALUABLE, "far"),
        (Found("x", "far", severity=Severity.MINOR), Severity.MAJOR, Verdict.MINOR, "far"),
        (Found("x", "far", severity=Severity.MAJOR), Severity.MINOR, Verdict.MINOR, "far"),
        (Untold("x", "no plan"), Severity.MAJOR, Verdict.NOT_EVALUABLE, "cannot be told: no plan"),
        (Untold("x", "no plan"), Severity.MINOR, None, "cannot be told: no plan"),
    ],
)
def test_what_an_outcome_means(registered, outcome, severity, verdict, message) -> None:
    finding = finding_of(registered, severity, outcome)
    assert (finding.verdict, finding.message) == (verdict, message)
    assert (finding.code, finding.title, finding.group) == ("EXAMPLE", "An example", "dose grid")


def test_a_check_that_breaks_off_is_named_and_stops_nothing(registered: Check) -> None:
    def broken(_: CheckContext) -> Iterator[Found]:
        """Break off."""
        yield Found("x", "kept")
        raise ZeroDivisionError

    check("BROKEN", title="A broken one", group=Group.LINKS)(broken)
    try:
        done = run_checks(CheckContext(CaseDoses(empty())))
    finally:
        CHECKS.pop("BROKEN")
    assert [f.code for f in done.passed] == ["EXAMPLE"]
    assert [(f.code, f.verdict) for f in done.findings] == [
        ("BROKEN", Verdict.NOT_EVALUABLE),
        ("BROKEN", None),
    ]
    assert "sbrt_qa failed (ZeroDivisionError" in done.findings[0].message


def test_no_check_breaks_off_where_there_is_nothing() -> None:
    done = run_checks(CheckContext(CaseDoses(empty())))
    assert [f for f in done.findings if "broke off" in f.message] == []


def test_no_check_breaks_off_with_a_protocol_of_few_names() -> None:
    """A check may ask for any structure; that the protocol has none of the name stops nothing."""
    asked = CheckContext(CaseDoses(empty()), find=_refusing)
    assert [f for f in run_checks(asked).findings if "broke off" in f.message] == []
    assert isinstance(asked.look("Liver"), Reason)


def _refusing(name: str) -> Reason:
    raise UsageError("not an expression", got=name)
