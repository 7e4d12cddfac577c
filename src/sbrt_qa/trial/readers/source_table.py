"""A table of a source before its names and words are those of the canonical tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sbrt_qa.trial.problem import Problem


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A sheet, item group, data set or instrument, with its texts by column."""

    name: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    problems: tuple[Problem, ...] = ()
