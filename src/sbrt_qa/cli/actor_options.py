"""Options that say who acts, and where the chain's head is put."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sbrt_qa.audit.actors import ACTOR_VARIABLE, ROLE_VARIABLE

ANCHOR_FILE_VARIABLE: Final = "SBRT_QA_ANCHOR_FILE"
ANCHOR_COMMAND_VARIABLE: Final = "SBRT_QA_ANCHOR_COMMAND"

As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Who decides this; it is recorded.",
        envvar=ACTOR_VARIABLE,
    ),
]
Role = Annotated[
    str,
    typer.Option("--role", metavar="ROLE", help="What NAME is in the trial.", envvar=ROLE_VARIABLE),
]
AnchorFile = Annotated[
    Path | None,
    typer.Option(
        "--anchor-file",
        metavar="FILE",
        help="Add the chain's head to FILE, outside AUDIT, at the end.",
        envvar=ANCHOR_FILE_VARIABLE,
    ),
]
AnchorCommand = Annotated[
    str,
    typer.Option(
        "--anchor-command",
        metavar="PROGRAM",
        help="Run PROGRAM NUMBER HASH TIME TRIAL at the end; no shell.",
        envvar=ANCHOR_COMMAND_VARIABLE,
    ),
]
