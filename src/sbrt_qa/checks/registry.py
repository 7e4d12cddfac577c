"""Where checks register themselves, and what they are given.

A check is one function in a file of `sbrt_qa.checks`, decorated with :func:`check`. It yields what
it found; its code, and what a find means for the case, stand in the decorator. Its docstring is
its published description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.model.structure import Structure


@dataclass(frozen=True, slots=True, eq=False)
class CheckContext:
    """What a check may look at.

    Parameters
    ----------
    doses
        The case's regions and DVHs.
    evaluated
        ROI numbers of the structures that limits use.
    """

    doses: CaseDoses
    evaluated: frozenset[int] = frozenset()

    @property
    def case(self) -> Case:
        """The case."""
        return self.doses.case

    @property
    def evaluated_structures(self) -> dict[str, Structure]:
        """Structures that limits use, by display key."""
        known = structures_of(self.case)
        return {key: s for key, s in known.items() if s.roi_number in self.evaluated}


class Found(NamedTuple):
    """One find: the object or structure, one sentence, and what to do about it."""

    where: str
    message: str
    advice: str = ""


Examine = Callable[[CheckContext], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check; `verdict` is what a find means for the case, None for information."""

    code: str
    verdict: Verdict | None
    examine: Examine

    @property
    def description(self) -> str:
        """First line of the function's docstring."""
        return (self.examine.__doc__ or "").strip().partition("\n")[0]


CHECKS: dict[str, Check] = {}
"""All checks by code, filled as their files are imported."""


def check(code: str, *, verdict: Verdict | None = None) -> Callable[[Examine], Examine]:
    """Register the decorated function as a check.

    Raises
    ------
    ValueError
        The code is taken.
    """

    def register(examine: Examine) -> Examine:
        if code in CHECKS:
            msg = f"there are two checks called {code}"
            raise ValueError(msg)
        CHECKS[code] = Check(code, verdict, examine)
        return examine

    return register


def run_checks(context: CheckContext) -> tuple[Finding, ...]:
    """Run every check; those that decide something come first, then by code."""
    ordered = sorted(CHECKS.values(), key=lambda c: (c.verdict is None, c.code))
    return tuple(
        Finding(one.code, one.verdict, *found) for one in ordered for found in one.examine(context)
    )
