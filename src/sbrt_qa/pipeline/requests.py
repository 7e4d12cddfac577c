"""What the pipeline is asked for, and what it tells meanwhile.

Frozen values that are checked when they are made and reach another process unchanged: the command
line, a child with caps and a server ask in the same way.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sbrt_qa.errors import DicomError
from sbrt_qa.model.setup_errors import Shifts
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements

DEFAULT_PROTOCOL: Final = "liver_sbrt"


class ReviewStage(enum.StrEnum):
    """What the pipeline is doing."""

    READING = "reading"
    """Files are found, read and linked."""
    REVIEWING = "reviewing"
    """Doses, limits and plan checks of one plan are computed."""
    SECOND_ENGINE = "second engine"
    """The second engine computes the metrics of one plan."""
    GATHERING = "gathering"
    """What a report draws of one plan is gathered."""
    DONE = "done"
    """One plan is done."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the pipeline is: what it begins to do, with which of how many plans.

    While files are read nobody knows how many plans there are: `number` and `plans` are 0 then, and
    `plan` is empty.
    """

    stage: ReviewStage
    plan: str = ""
    number: int = 0
    plans: int = 0


Tell = Callable[[Progress], object]
"""Is told each step as it begins. What it raises ends the work, so that a server can cancel it."""


def tell_nobody(_: Progress) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What to review, and how.

    Parameters
    ----------
    paths
        Files and folders.
    protocol
        Name in the library, ``NAME@VERSION``, a file, or a folder of versions. Of several versions
        each plan is held against the one in force at its planning date.
    mapping
        Structure name in the plan -> name in the protocol.
    site_values
        CSV of the site's own values, see `sbrt_qa.second_opinion.site_csv`.
    bands
        Say of every metric where it may lie, and flag borderline verdicts.
    cross_check
        Compute every metric a second time, with dicompyler-core.
    stated
        What the user states by hand of every plan there.
    single, plan
        Whether only one plan is wanted, and its label or UID where there are several.
    evidence
        Keep what a report draws.
    shifts
        Hold every limit against the patient lying elsewhere; what the protocol asks for unless
        given.

    Raises
    ------
    DicomError
        No path is given.
    """

    paths: tuple[Path, ...]
    protocol: str = DEFAULT_PROTOCOL
    mapping: Mapping[str, str] = field(default_factory=dict)
    site_values: Path | None = None
    bands: bool = True
    cross_check: bool = False
    stated: UserStatements = NOTHING_STATED
    single: bool = False
    plan: str | None = None
    evidence: bool = False
    shifts: Shifts | None = None

    def __post_init__(self) -> None:
        _refuse_no_paths(self.paths)

    def absolute(self) -> ReviewRequest:
        """Return the request for a process that may work in another folder."""
        sent = self.site_values
        return replace(
            self,
            paths=tuple(path.absolute() for path in self.paths),
            site_values=sent and sent.absolute(),
        )


@dataclass(frozen=True, slots=True)
class DvhRequest:
    """What to compute of the structures of one plan.

    Parameters
    ----------
    paths
        Files and folders.
    structures
        Keys or names; all when empty.
    metrics
        Expressions such as ``D95%[Gy]``.
    plan
        Label or UID, where there are several plans.
    curve_bin_gy
        Step of the curves in Gy; no curves when None.
    bands
        Say of every metric where it may lie in other plausible readings.
    stated
        What the user states by hand.

    Raises
    ------
    DicomError
        No path is given.
    """

    paths: tuple[Path, ...]
    structures: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plan: str | None = None
    curve_bin_gy: float | None = None
    bands: bool = False
    stated: UserStatements = NOTHING_STATED

    def __post_init__(self) -> None:
        _refuse_no_paths(self.paths)


def _refuse_no_paths(paths: tuple[Path, ...]) -> None:
    if not paths:
        raise DicomError("no path given")
