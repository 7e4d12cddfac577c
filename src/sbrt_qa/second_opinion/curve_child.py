"""Curves of a site read in a process of its own with caps, as all files from outside."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from sbrt_qa.errors import InputError
from sbrt_qa.sandbox import Limits, run_isolated
from sbrt_qa.second_opinion.curve_text import SiteCurve, read_curves

LIMITS: Final = Limits(seconds=300.0, cpu_seconds=60, memory_bytes=2 * 1024**3)


def read_curves_apart(
    path: Path, total_gy: float | None = None, dose_unit: str = ""
) -> tuple[SiteCurve, ...]:
    """Read curves as :func:`read_curves` does, in a process of their own.

    Raises
    ------
    InputError
        They cannot be read, or the process exceeded its caps.
    """
    call = (str(path.absolute()), total_gy, dose_unit)
    if multiprocessing.current_process().daemon:  # within caps already
        return tuple(_curve(values) for values in curves_here(*call))
    outcome = run_isolated(curves_here, call, LIMITS)
    if outcome.error is not None:
        raise outcome.error
    if outcome.failure:
        raise InputError(f"reading it {outcome.failure}", where=path.name)
    return tuple(_curve(values) for values in outcome.value)


def curves_here(path: str, total_gy: float | None, dose_unit: str) -> list[dict[str, Any]]:
    """Read curves in this process, as plain values."""
    return [
        {
            "plan": curve.plan, "structure": curve.structure, "dose_gy": curve.dose_gy.tolist(),
            "fraction": curve.fraction.tolist(), "volume_cc": curve.volume_cc, "line": curve.line,
            "prescribed_gy": curve.prescribed_gy, "percent_of_gy": curve.percent_of_gy,
        }
        for curve in read_curves(Path(path), total_gy, dose_unit)
    ]  # fmt: skip


def _curve(values: Mapping[str, Any]) -> SiteCurve:
    def number(name: str) -> float | None:
        return None if values[name] is None else float(values[name])

    return SiteCurve(
        str(values["plan"]), str(values["structure"]), np.array(values["dose_gy"], np.float64),
        np.array(values["fraction"], np.float64), number("volume_cc"), int(values["line"]),
        number("prescribed_gy"), number("percent_of_gy"),
    )  # fmt: skip
