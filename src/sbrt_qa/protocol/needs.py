"""Whether a plan must have a structure: always, near the targets only, or not at all."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


class When(enum.StrEnum):
    """When a structure is needed: stable names."""

    ALWAYS = "always"
    NEAR = "near"
    """Unless it cannot break its limits wherever it lies, or the user says that it is far."""
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Need:
    """When a structure is needed; `within_mm` is how near, None where nothing states a distance."""

    when: When
    within_mm: float | None = None


PATTERN: Final = r"^(always|optional|near [0-9]{1,3}(\.[0-9])?mm)$"
"""How `needed` is written: ``always``, ``near 30mm`` or ``optional``."""

_NEAR: Final = re.compile(r"near (\d{1,3}(?:\.\d)?)mm")
_WITHIN_CM: Final = re.compile(r"if within (\d{1,2}(?:\.\d)?) cm of PTV")


def need_of(needed: str | None, required: bool | str, optional: Sequence[str]) -> Need:  # noqa: FBT001
    """Return when a structure is needed.

    Parameters
    ----------
    needed
        As `PATTERN`; None in files that do not state it.
    required
        What older files state instead: yes, no, or a condition for the reader. Under a condition
        the structure is needed near the targets.
    optional
        Conditions that require nothing.
    """
    if needed is not None:
        near = _NEAR.fullmatch(needed)
        return Need(When.NEAR, float(near[1])) if near else Need(When(needed))
    if required is True:
        return Need(When.ALWAYS)
    if required is False or required in optional:
        return Need(When.OPTIONAL)
    within = _WITHIN_CM.fullmatch(str(required))
    return Need(When.NEAR, 10 * float(within[1]) if within else None)
