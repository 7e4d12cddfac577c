"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.reports.registry import format_names

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="CASE...", help="DICOM files or folders; read, never changed."),
]
Format = Annotated[
    str, typer.Option("--format", "-f", help=f"One of: {', '.join(format_names())}.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write to FILE, not the terminal."),
]
PlanOption = Annotated[
    str | None,
    typer.Option("--plan", metavar="LABEL|UID", help="Which plan, where there are several."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="A=B", help="Structure A of the plan is B of the protocol."),
]


def read_mapping(pairs: list[str]) -> dict[str, str]:
    """Read ``--map "name in the plan=name in the protocol"``.

    Raises
    ------
    UsageError
        A pair has no ``=``, an empty side, or contradicts another.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        plan_name, equals, protocol_name = (part.strip() for part in pair.rpartition("="))
        if not (equals and plan_name and protocol_name):
            raise UsageError(
                "--map needs two names",
                got=quoted(pair),
                expected="NAME_IN_PLAN=NAME_IN_PROTOCOL",
                advice='Example: --map "Leber=Liver".',
            )
        if mapping.setdefault(plan_name, protocol_name) != protocol_name:
            raise UsageError("--map gives one structure two meanings", got=quoted(plan_name))
    return mapping


def check_format(name: str) -> str:
    """Return the name of a format.

    Raises
    ------
    UsageError
        There is no such format.
    """
    if name not in format_names():
        raise UsageError("unknown --format", got=quoted(name), expected=", ".join(format_names()))
    return name
