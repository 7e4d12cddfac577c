"""Where checks register themselves, what they yield, and how they are run.

A check is one function in a file of `sbrt_qa.checks`, decorated with :func:`check`. It looks at a
:class:`~sbrt_qa.checks.context.CheckContext` and yields, for every object it looked at, one of

- :class:`Found`: something is wrong, or worth knowing;
- :class:`Passed`: nothing is wrong, and this is what was seen;
- :class:`Untold`: it matters and cannot be told, and this is why.

It yields nothing where there is nothing to look at, which is told as such (`not_told` of a review),
never as passed. Its docstring is its published page; its
parameters are keyword arguments with a default, which a protocol may set.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding, Severity, Verdict

__all__ = [
    "CHECKS", "Check", "CheckContext", "Found", "Group", "Outcome", "Parameter", "Passed", "Untold",
    "check", "finding_of",
]  # fmt: skip


class Group(enum.StrEnum):
    """Families of checks, in the order in which reports show them."""

    LINKS = "links and provenance"
    PRESCRIPTION = "prescription"
    BEAMS = "beams"
    GRID = "dose grid"
    IMAGES = "images"
    STRUCTURES = "structures"
    CONTOURS = "contours"
    DELIVERY = "delivery"


class Found(NamedTuple):
    """One find.

    Parameters
    ----------
    where
        The object or structure.
    message
        One plain sentence.
    advice
        What to do about it.
    found, expected, tolerance
        The numbers behind it, with units.
    severity
        What this finding means, where that is less than what the check's findings mean at worst;
        one of those that the check names as `milder`.
    z_mm
        Height of the slice that shows it, where one does.
    """

    where: str
    message: str
    advice: str = ""
    found: str = ""
    expected: str = ""
    tolerance: str = ""
    severity: Severity | None = None
    z_mm: float | None = None


class Passed(NamedTuple):
    """One object in which nothing is wrong; fields as in :class:`Found`."""

    where: str
    found: str = ""
    expected: str = ""
    tolerance: str = ""
    message: str = ""


class Untold(NamedTuple):
    """One object of which it cannot be told, and why."""

    where: str
    message: str
    advice: str = ""


Outcome: TypeAlias = Found | Passed | Untold
Value: TypeAlias = float | int | bool | str | tuple[str, ...] | tuple[float, ...]
Examine: TypeAlias = Callable[..., Iterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or text that a protocol may set; `meaning` is from the function's docstring."""

    name: str
    default: Value
    meaning: str

    def accepts(self, value: object) -> bool:
        """Tell whether a value is of the kind of the default; a whole number is a number."""
        return _alike(value, self.default)


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check.

    Parameters
    ----------
    code
        Stable, for machines and protocols.
    title
        A few words for people.
    severity, milder
        What a finding means at worst, and what less other findings of the check mean.
    source
        Where the rule comes from.
    rows
        Rows of the published list of checks that it covers, see docs/checks.md.
    """

    code: str
    title: str
    group: Group
    severity: Severity
    source: str
    rows: tuple[int, ...]
    examine: Examine
    parameters: tuple[Parameter, ...] = ()
    milder: tuple[Severity, ...] = ()

    def severities(self, at_worst: Severity) -> tuple[Severity, ...]:
        """Return what findings mean where a protocol has `at_worst`, from least to most."""
        capped = {min(one, at_worst, key=lambda s: s.rank) for one in (*self.milder, at_worst)}
        return tuple(sorted(capped, key=lambda s: s.rank))

    @property
    def page(self) -> str:
        """The function's docstring up to its parameters."""
        return _sections(self.examine)[0]

    @property
    def description(self) -> str:
        """First paragraph of the docstring."""
        return " ".join(self.page.partition("\n\n")[0].split())


CHECKS: dict[str, Check] = {}
"""All checks by code, filled as their files are imported."""

CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,39}")

TG275: Final = "AAPM TG-275, MPPG 11.a"
"""Source of checks that every plan review makes."""


def check(
    code: str,
    *,
    title: str,
    group: Group,
    severity: Severity = Severity.INFO,
    milder: tuple[Severity, ...] = (),
    source: str = TG275,
    rows: tuple[int, ...] = (),
) -> Callable[[Examine], Examine]:
    """Register the decorated function as a check.

    Raises
    ------
    ValueError
        The code is taken or not in capitals, or a parameter has no default.
    """

    def register(examine: Examine) -> Examine:
        if code in CHECKS:
            msg = f"there are two checks called {code}"
            raise ValueError(msg)
        if not CODE.fullmatch(code):
            msg = f"{code} is no code of a check"
            raise ValueError(msg)
        parameters = tuple(_parameters(examine))
        CHECKS[code] = Check(
            code, title, group, severity, source, rows, examine, parameters, milder
        )
        return examine

    return register


def finding_of(one: Check, severity: Severity, outcome: Outcome) -> Finding:
    """Return the outcome of a check as a finding; a finding is never worse than `severity`."""
    if isinstance(outcome, Passed):
        message, verdict = outcome.message or outcome.found, Verdict.PER_PROTOCOL
    elif isinstance(outcome, Untold):
        message = say("cannot be told: {0}", outcome.message)
        return _finding(one, _untold_verdict(severity), outcome.where, message, outcome.advice)
    else:
        own = outcome.severity or severity
        message = outcome.message
        found = _finding(
            one, min(own, severity, key=lambda s: s.rank).verdict, outcome.where, message,
            outcome.advice, outcome.found, outcome.expected, outcome.tolerance,
        )  # fmt: skip
        return found if outcome.z_mm is None else replace(found, z_mm=outcome.z_mm)
    return _finding(
        one, verdict, outcome.where, message, "", outcome.found, outcome.expected, outcome.tolerance
    )


def _finding(one: Check, verdict: Verdict | None, *texts: str) -> Finding:
    where, message, advice, found, expected, tolerance = (*texts, "", "", "")[:6]
    return Finding(
        one.code, verdict, where, message, advice, one.title, found, expected, tolerance,
        one.source, str(one.group),
    )  # fmt: skip


def _untold_verdict(severity: Severity) -> Verdict | None:
    """Return what not knowing means: it may hide whatever the check could find at worst."""
    return Verdict.NOT_EVALUABLE if severity.rank >= Severity.MAJOR.rank else None


def _parameters(examine: Examine) -> Iterator[Parameter]:
    meanings = _sections(examine)[1]
    for name, stated in list(inspect.signature(examine).parameters.items())[1:]:
        if stated.default is inspect.Parameter.empty:
            msg = f"{examine.__name__}: the parameter {name} has no default"
            raise ValueError(msg)
        yield Parameter(name, stated.default, meanings.get(name, ""))


def _sections(examine: Examine) -> tuple[str, Mapping[str, str]]:
    """Return the page of a docstring, and the meaning of each parameter."""
    page, _, rest = (inspect.getdoc(examine) or "").partition("\n\nParameters\n----------\n")
    meanings: dict[str, list[str]] = {}
    names: list[str] = []
    for line in rest.split("\n"):
        if line and not line.startswith(" "):
            names = line.split(", ")
            meanings |= {name: [] for name in names}
        else:
            for name in names:
                meanings[name].append(line.strip())
    return page, {name: " ".join(filter(None, lines)) for name, lines in meanings.items()}


def _alike(value: object, default: Any) -> bool:  # noqa: ANN401
    if isinstance(default, tuple):
        kind = default[0] if default else ""
        return isinstance(value, tuple | list) and all(_alike(v, kind) for v in value)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, float | int)
    return isinstance(value, type(default))
