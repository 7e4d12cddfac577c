"""``sbrt-qa sample``: a synthetic patient to try the program on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli.output import tell
from sbrt_qa.pipeline import first_look


def sample(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
) -> None:
    """Write the synthetic liver patient: plans as they should be, deviating, and full of faults."""
    first_look.sample(out)
    tell(f"sample written; try: sbrt-qa check {out}")
