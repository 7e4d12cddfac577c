"""Metrics, checks and report formats of others, registered at run time.

A decorator registers a function wherever it is run, in a notebook as well::

    from sbrt_qa.plugins import a_dose, metric

    @metric("Median", units=("Gy", "%"), example="Median[Gy]", meaning=a_dose())
    def median(spec, dvh, context): ...

An installed package registers itself by an entry point of the group ``sbrt_qa.plugins`` that names
a module with such functions; it is imported before the first review, DVH or format is asked for.
See `docs/scripting.md`.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Final

from sbrt_qa.errors import UsageError, quoted

GROUP: Final = "sbrt_qa.plugins"
"""Group of entry points."""

_HOME: Final = {
    "metric": "dosimetry.metric_registry",
    "MetricContext": "dosimetry.metric_registry",
    "MetricSpec": "dosimetry.metric_registry",
    "a_dose": "dosimetry.metrics.meanings",
    "a_model": "dosimetry.metrics.meanings",
    "Direction": "dosimetry.metric_meaning",
    "Meaning": "dosimetry.metric_meaning",
    "Quantity": "dosimetry.metric_meaning",
    "dose_outcome": "dosimetry.metrics.conversions",
    "check": "checks.registry",
    "CheckContext": "checks.registry",
    "Found": "checks.registry",
    "Group": "checks.registry",
    "Passed": "checks.registry",
    "Untold": "checks.registry",
    "format": "reports.registry",
    "Measured": "model.outcome",
    "Reason": "model.outcome",
    "ReasonCode": "model.outcome",
    "Severity": "model.outcome",
}
"""Room of every name that an extension needs."""

_NAMED: Final = {"format": "add_format"}
"""Names that are others in their rooms."""

__all__ = [*_HOME, "load"]  # noqa: PLE0604 - names of the table above


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as the language defines it
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"sbrt_qa.{_HOME[name]}"), _NAMED.get(name, name))


@cache
def load() -> tuple[str, ...]:
    """Import what installed packages register, once; return the names of their entry points.

    Raises
    ------
    UsageError
        One cannot be imported: what it would have judged must not be missing in silence.
    """
    names = []
    from importlib.metadata import entry_points  # start-up: it loads a mail library

    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:
            raise UsageError(
                f"the extension {quoted(point.name)} cannot be loaded",
                got=quoted(f"{type(error).__name__}: {error}"),
                advice="Mend it or uninstall it",
            ) from error
        names.append(point.name)
    return tuple(names)
