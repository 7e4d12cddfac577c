"""When a limit applies: ``fractions == 5 and prescription_gy == 50``.

Comparisons of a named fact with a number, joined by ``and``. Nothing is executed.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol import variables as _all_variables  # noqa: F401 - registers them
from sbrt_qa.protocol.variables.registry import VARIABLES

SAME_PRESCRIPTION: Final = 0.005
"""Relative difference up to which two prescribed doses are the same level."""

LONGEST: Final = 200
"""Characters of a condition; longer ones are refused unread."""

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_COMPARISON: Final = re.compile(r"(\w+) ?(<=|>=|==|!=|<|>) ?(\d{1,9}(?:\.\d{1,9})?)")


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """One comparison of a fact with a number."""

    name: str
    sign: str
    number: float

    def holds(self, value: float) -> bool:
        """Tell whether it is true of a value; prescriptions are equal within a tolerance."""
        if self.name == "prescription_gy" and same_prescription(value, self.number):
            return self.sign in ("<=", ">=", "==")
        return _COMPARE[self.sign](value, self.number)


Condition = tuple[ValueComparison, ...]
"""All of them must hold; none at all always holds."""


def same_prescription(one_gy: float, other_gy: float) -> bool:
    """Tell whether two prescribed doses are the same level."""
    return abs(one_gy - other_gy) <= SAME_PRESCRIPTION * other_gy


def parse_condition(text: str) -> Condition:
    """Read a condition; an empty one always holds.

    Raises
    ------
    UsageError
        The text is not comparisons of known facts with numbers, joined by ``and``.
    """
    if not text.strip():
        return ()
    parts = " ".join(text.split()).split(" and ") if len(text) <= LONGEST else [text]
    return tuple(_comparison(part, text) for part in parts)


def holds(condition: Condition, facts: Mapping[str, float | Reason]) -> bool | Reason:
    """Tell whether a condition holds; an unknown fact that could decide it is the Reason."""
    unknown: Reason | None = None
    for comparison in condition:
        fact = facts[comparison.name]
        if isinstance(fact, Reason):
            unknown = unknown or fact
        elif not comparison.holds(fact):
            return False
    return True if unknown is None else unknown


def _comparison(part: str, whole: str) -> ValueComparison:
    found = _COMPARISON.fullmatch(part)
    if found is None or found[1] not in VARIABLES:
        names = " or ".join(sorted(VARIABLES))
        meant = _meant(whole)
        raise UsageError(
            "not a condition",
            got=quoted(whole),
            expected=f"comparisons of {names} with a number, joined by 'and'",
            advice=f"Did you mean {quoted(meant)}?" if meant else "",
        )
    return ValueComparison(found[1], found[2], float(found[3]))


def _meant(text: str) -> str:
    """Return the condition that a misspelt one may stand for; empty where nothing is near."""
    from difflib import get_close_matches  # start-up: only an error needs it

    if len(text) > LONGEST:
        return ""
    plain = re.sub(r"(\d),(\d)", r"\1.\2", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\s*(?:&&?|\bAND\b|,|;)\s*", " and ", plain)
    for typed, sign in (("≤", "<="), ("≥", ">="), ("=<", "<="), ("=>", ">=")):
        plain = plain.replace(typed, sign)
    plain = re.sub(r"(?<![<>=!])=(?!=)", "==", plain)
    known = {name.casefold(): name for name in VARIABLES}
    for word in set(re.findall(r"[A-Za-z_]+", plain)) - set(VARIABLES) - {"and", "or"}:
        near = get_close_matches(word.casefold(), known, 1, 0.6)
        if near:
            plain = re.sub(rf"\b{word}\b", known[near[0]], plain)
    parts = [_COMPARISON.fullmatch(part) for part in " ".join(plain.split()).split(" and ")]
    return plain if plain != text and all(p and p[1] in VARIABLES for p in parts) else ""
