"""What the trial office states of one submission, in columns of the manifest.

The columns are called like the options of ``sbrt-qa check``: ``dose_is``, ``rx``, ``far``,
``not_a_target``, ``course``, ``alternatives`` (yes or no) and ``map``. Those that may hold several
values, ``rx``, ``far``, ``not_a_target`` and ``map``, have them with semicolons between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.stated import (
    NOTHING_STATED,
    UserStatements,
    read_dose_is,
    read_mapping,
    read_not_targets,
)
from sbrt_qa.model.stated_rx import read_rx

COLUMNS: Final = ("dose_is", "rx", "far", "not_a_target", "course", "alternatives", "map")
"""Columns of the manifest that state something of a plan."""

_YES_NO: Final = {"": False, "no": False, "yes": True}


@dataclass(frozen=True, slots=True)
class OfficeWords:
    """Statements on the plans of a submission, and names in the plan with those they stand for."""

    stated: UserStatements = NOTHING_STATED
    mapping: tuple[tuple[str, str], ...] = ()


NO_WORDS: Final = OfficeWords()


def column_name(title: str) -> str:
    """Return the name of a column as the manifest's reader knows it: ``Dose-is`` is `dose_is`."""
    return "_".join(title.strip().casefold().replace("-", " ").replace("_", " ").split())


def read_words(values: Mapping[str, str], where: str) -> OfficeWords:
    """Read what a row of the manifest states of a submission.

    Parameters
    ----------
    values
        Texts by the name of the column.
    where
        The row, for messages.

    Raises
    ------
    UsageError
        A value is none that can be stated.
    """
    if not any(values.get(name) for name in COLUMNS):
        return NO_WORDS
    try:
        return _read(values)
    except UsageError as error:
        raise UsageError(
            error.what, where=where, got=error.got, expected=error.expected, advice=error.advice
        ) from None


def _read(values: Mapping[str, str]) -> OfficeWords:
    alternatives = values.get("alternatives", "").casefold()
    if alternatives not in _YES_NO:
        raise UsageError("not yes or no", got=quoted(alternatives), expected="alternatives: yes")
    stated = UserStatements(
        dose_is=read_dose_is(values.get("dose_is", "").casefold()),
        not_targets=read_not_targets(_several(values, "not_a_target")),
        far=tuple(dict.fromkeys(_several(values, "far"))),
        rx=read_rx(_several(values, "rx")),
        course=values.get("course", ""),
        alternatives=_YES_NO[alternatives],
        by_office=True,
    )
    return OfficeWords(stated, tuple(read_mapping(_several(values, "map")).items()))


def _several(values: Mapping[str, str], column: str) -> list[str]:
    parts = (part.strip() for part in values.get(column, "").split(";"))
    return [part for part in parts if part]
