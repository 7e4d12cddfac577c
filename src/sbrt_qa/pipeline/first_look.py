"""The verbs for a first look at the program: its sample patient, and its test of itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError, quoted_name

if TYPE_CHECKING:
    from sbrt_qa.selftest.acceptance import SelfTest


def sample(out: Path) -> None:
    """Write the synthetic sample patient into the folder `out`.

    Raises
    ------
    UsageError
        The folder exists and holds something else.
    """
    from sbrt_qa.testing.sample import write_samples

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "the sample is written into a new or empty folder only", got=quoted_name(out)
        )
    write_samples(out)


def outcome_sample(out: Path) -> tuple[str, ...]:
    """Write the synthetic trial's data into the folder `out`; return the forms left out.

    Raises
    ------
    UsageError
        The folder exists and holds something else.
    """
    from sbrt_qa.testing.outcomes.sample_outcomes import write_outcomes

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "the sample is written into a new or empty folder only", got=quoted_name(out)
        )
    return write_outcomes(out)


WARMING: Final = ("compliant", "minor")
"""Samples whose reviews, and whose comparison, run every kernel of a usual run."""


def warm(told: Callable[[str], None]) -> int:
    """Compile the kernels of reviews and comparisons into the cache; return how many there were.

    Parameters
    ----------
    told
        Called with each kernel before it is compiled.
    """
    import numpy as np

    from sbrt_qa.geometry.compiling import start_fast
    from sbrt_qa.geometry.compiling._kernels import each_compiled
    from sbrt_qa.geometry.overlaps.pairs import areas_mm2
    from sbrt_qa.pipeline import DEFAULT_PROTOCOL
    from sbrt_qa.pipeline.comparing import compare
    from sbrt_qa.testing.sample import write_sample

    start_fast()
    names: list[str] = []

    def note(name: str) -> None:
        names.append(name)
        told(f"compiling kernel {len(names)}: {name}")

    with each_compiled(note), TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in WARMING]
        for name, folder in zip(WARMING, folders, strict=True):
            write_sample(name, folder)
        compare([folders[0]], [folders[1]], DEFAULT_PROTOCOL)
        square = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 2.0], [2.0, 0.0]])
        areas_mm2([square], [square + 1.0])  # contours that cross, which the samples have not
    return len(names)


def self_test(*, full: bool = False) -> tuple[SelfTest, bool]:
    """Run the self-test and store it; return the report and whether it could be stored."""
    from sbrt_qa.selftest.acceptance import run_self_test
    from sbrt_qa.selftest.state import keep

    date = datetime.now(UTC).isoformat(timespec="seconds")
    found = run_self_test(full=full, date=date)
    return found, keep(found.to_json())
