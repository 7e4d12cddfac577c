"""``sbrt-qa sample``: a synthetic patient, or a synthetic trial, to try the program on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sbrt_qa.cli.output import tell
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.pipeline import first_look

OUTCOMES: Final = "outcomes"


def sample(
    out: Annotated[Path, typer.Argument(metavar="[outcomes] OUT", help="A new or empty folder.")],
    folder: Annotated[
        Path | None, typer.Argument(hidden=True, help="The folder of ``sample outcomes``.")
    ] = None,
) -> None:
    """Write the synthetic liver patient: plans as they should be, deviating, and full of faults.

    ``sample outcomes OUT`` writes the data of a synthetic trial of two arms in five forms, with
    faults, and the truth beside them; and plans, treatment records and recurrences as DICOM.
    """
    if folder is None:
        first_look.sample(out)
        tell(f"sample written; try: sbrt-qa check {out}")
        return
    if str(out) != OUTCOMES:
        raise UsageError("no such sample", got=quoted(out), expected=OUTCOMES)
    for form in first_look.outcome_sample(folder):
        tell(f"{form} left out: install it with pip install 'sbrt-qa[excel]'")
    tell(
        f"sample written; try: sbrt-qa audit {folder / 'plans'} --manifest {folder / 'plans.csv'} "
        f"-p {folder / 'plans_protocol.yaml'} --out AUDIT"
    )
    tell(f"then: sbrt-qa trial import AUDIT {folder / 'csv'} --records {folder / 'records'}")
