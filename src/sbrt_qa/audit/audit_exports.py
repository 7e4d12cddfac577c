"""Forms of other systems in which an audit goes out, beside plain tables: each is registered.

A writer gets the submissions and values of an audit, as rows, and returns files by their names.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.audit.what_can_be_asked import Row

Write = Callable[[Sequence[Row], Sequence[Row]], Mapping[str, str]]
"""Takes rows of ``submissions`` and of ``metrics``."""


@dataclass(frozen=True, slots=True)
class AuditExport:
    """A registered form: its name, what it is, and its writer."""

    name: str
    meaning: str
    write: Write


EXPORTS: Final[dict[str, AuditExport]] = {}
"""All forms by name, filled as their modules are imported."""


def audit_export(name: str, meaning: str) -> Callable[[Write], Write]:
    """Register the decorated function as the writer of a form.

    Raises
    ------
    ValueError
        The name is taken.
    """

    def register(write: Write) -> Write:
        if name in EXPORTS:
            msg = f"there are two exports of an audit called {name}"
            raise ValueError(msg)
        EXPORTS[name] = AuditExport(name, meaning, write)
        return write

    return register


def audit_exports() -> Mapping[str, AuditExport]:
    """Return all forms by name: those of the modules of this folder called ``..._export``."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.endswith("_export"):
            importlib.import_module(f"{__package__}.{module.name}")
    return dict(sorted(EXPORTS.items()))
