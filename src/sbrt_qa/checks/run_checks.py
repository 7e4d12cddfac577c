"""All checks over one case, as a protocol wants them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.disowned import DISOWNS
from sbrt_qa.checks.registry import CHECKS, Check, Found, Group, Parameter, finding_of
from sbrt_qa.errors import ProtocolError, did_you_mean, own_fault, quoted, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import THIS_PROGRAM, Finding, Reason, Severity, Verdict, worst_first
from sbrt_qa.protocol.definition import CheckRule, Protocol

NEEDS_STRUCTURES: Final = (Group.STRUCTURES, Group.CONTOURS, Group.IMAGES, Group.GRID)
"""Groups that look at nothing without structures."""


@dataclass(frozen=True, slots=True)
class ChecksDone:
    """What the checks of one case say: findings, worst first, and what passed, by group.

    ``not_told`` are the checks that had nothing to look at, one entry each with the reason; they
    have neither passed nor found anything.
    """

    findings: tuple[Finding, ...]
    passed: tuple[Finding, ...]
    not_told: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Configured:
    """A check with the severity and the parameters that a protocol gives it."""

    check: Check
    severity: Severity
    parameters: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Value of every parameter, where the protocol sets none that of the check."""
        return {p.name: self.parameters.get(p.name, p.default) for p in self.check.parameters}


@dataclass(frozen=True, slots=True)
class Listed(Configured):
    """A check as a protocol has it, for the reader; also one that it does not want."""

    applies: bool = True
    note: str = ""


def listed(protocol: Protocol | None) -> tuple[Listed, ...]:
    """Return all checks with the settings of a protocol, by group and code.

    Raises
    ------
    ProtocolError
        As :func:`configured`.
    """
    rules = {} if protocol is None else protocol.checks
    wanted = {one.check.code: one for one in configured(protocol)}
    everything = (wanted.get(c.code) or Configured(c, c.severity, {}) for c in _ordered(CHECKS))
    return tuple(
        Listed(
            one.check, one.severity, one.parameters, one.check.code in wanted,
            rules[one.check.code].note if one.check.code in rules else "",
        )
        for one in everything
    )  # fmt: skip


def configured(protocol: Protocol | None, file: str = "") -> tuple[Configured, ...]:
    """Return the checks that a protocol wants, all with their own defaults without one.

    Parameters
    ----------
    file
        What errors call the protocol.

    Raises
    ------
    ProtocolError
        The protocol names a check or a parameter that there is not, or gives a parameter a value
        of the wrong kind.
    """
    rules = {} if protocol is None else protocol.checks
    wrong = [
        error
        for code, rule in rules.items()
        for error in _unknown_parts(code, rule, f"{visible(file)} checks.{code}".strip())
    ]
    if wrong:
        wrong[0].problems = tuple(map(str, wrong))
        raise wrong[0]
    wanted = [code for code in CHECKS if code_applies(code, rules)]
    return tuple(_with_rule(one, rules.get(one.code)) for one in _ordered(wanted))


def _ordered(codes: Iterable[str]) -> list[Check]:
    """Return checks by group and code."""
    groups = list(Group)
    return sorted((CHECKS[c] for c in codes), key=lambda c: (groups.index(c.group), c.code))


def code_applies(code: str, rules: Mapping[str, CheckRule]) -> bool:
    """Tell whether rules leave a check on."""
    return code not in rules or rules[code].applies


def run_checks(context: CheckContext, only: Container[str] | None = None) -> ChecksDone:
    """Make every check that the protocol of a case wants.

    A check that breaks off stops nothing: it becomes a finding that is not evaluable.

    Parameters
    ----------
    only
        Codes of the checks to make, where not all are wanted.

    Raises
    ------
    ProtocolError
        As :func:`configured`.
    """
    wanted = configured(context.protocol)
    made = [one for one in wanted if only is None or one.check.code in only]
    each = [(one, list(_findings(one, context))) for one in made]
    told = [f for _, findings in each for f in findings]
    found = [f for f in told if f.verdict is not Verdict.PER_PROTOCOL]
    return ChecksDone(
        worst_first(found),
        tuple(f for f in told if f.verdict is Verdict.PER_PROTOCOL),
        tuple(_not_told(one.check, context) for one, findings in each if not findings),
    )


def _not_told(one: Check, context: CheckContext) -> Finding:
    """Return what is said of a check that had nothing to look at: not absent, and not passed."""
    missing = _nothing_there(one.group, context)
    message = say("these files hold nothing that these checks apply to")
    if missing:
        message = say("cannot be told: {0}", missing)
    return Finding(
        one.code, None, say("case"), message, title=one.title, source=one.source,
        group=str(one.group),
    )  # fmt: skip


def _nothing_there(group: Group, context: CheckContext) -> str:
    """Return what is missing that checks of a group look at, as far as it is a part of the case."""
    case = context.case
    if isinstance(case.plan, Reason) and group in (Group.BEAMS, Group.PRESCRIPTION):
        return say("there is no plan")
    if context.plan is not None and not context.plan.beams and group is Group.BEAMS:
        return say("no beam of the plan treats")
    if isinstance(case.dose, Reason) and group is Group.GRID:
        return say("there is no dose")
    if case.image is None and group is Group.IMAGES:
        return say("there is no image")
    if not context.structures and group in NEEDS_STRUCTURES:
        return say("there is no structure")
    if group is Group.CONTOURS and not context.organs.organs:
        return say("no organ that is known is drawn as an organ of a patient")
    if group is Group.CONTOURS and context.organs.why:
        return say("what lies inside the organs could not be looked at: {0}", context.organs.why)
    if not case.sessions and group is Group.DELIVERY:
        return say("there are no treatment records")
    return ""


def _findings(one: Configured, context: CheckContext) -> Iterator[Finding]:
    told: list[Finding] = []
    try:
        outcomes = one.check.examine(context, **one.parameters)
        for outcome in outcomes:
            finding = finding_of(one.check, one.severity, outcome)
            blocks = isinstance(outcome, Found) and finding.verdict is Verdict.NOT_EVALUABLE
            part = DISOWNS.get(one.check.code) if blocks else None
            told.append(replace(finding, disowns=part) if part else finding)
    except Exception as error:  # noqa: BLE001 - one broken check must not take the review with it
        told.append(_broken(one.check, error))
    yield from told


def _broken(one: Check, error: Exception) -> Finding:
    return Finding(
        one.code,
        Verdict.NOT_EVALUABLE,
        THIS_PROGRAM,
        say("the check broke off: {0}", own_fault(error).what),
        say(
            "Please report this line to the developers; what the check would have found is not "
            "known."
        ),
        title=one.title,
        source=one.source,
        group=str(one.group),
        own_fault=True,
    )


def _with_rule(one: Check, rule: CheckRule | None) -> Configured:
    if rule is None:
        return Configured(one, one.severity, {})
    severity = one.severity if rule.severity is None else Severity(rule.severity)
    known = {p.name: p for p in one.parameters}
    values = {name: _value(known[name], value) for name, value in rule.parameters.items()}
    return Configured(one, severity, values)


def _value(parameter: Parameter, value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return float(value) if isinstance(parameter.default, float) else value  # type: ignore[arg-type]


def _unknown_parts(code: str, rule: CheckRule, where: str) -> Iterator[ProtocolError]:
    """Yield what a protocol says of a check that there is not, or not so."""
    if code not in CHECKS:
        advice = did_you_mean(code, CHECKS) or "sbrt-qa checks list shows all codes"
        yield ProtocolError("there is no such check", where=where, got=quoted(code), advice=advice)
        return
    known = {p.name: p for p in CHECKS[code].parameters}
    for name, value in rule.parameters.items():
        if name not in known:
            yield ProtocolError(
                "the check has no such parameter",
                where=where,
                got=quoted(name),
                expected=", ".join(known) or "no parameters",
                advice=did_you_mean(name, known),
            )
        elif not known[name].accepts(value):
            yield ProtocolError(
                "a parameter of the wrong kind",
                where=f"{where}.parameters.{name}",
                got=quoted(value),
                expected=f"a value like {known[name].default!r}",
            )
