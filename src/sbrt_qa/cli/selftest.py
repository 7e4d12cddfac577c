"""``sbrt-qa selftest``: commissioning on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.output import (
    emit,
    refuse_overwriting,
    tell,
    tell_compiled,
    tell_compiling,
    write_whole,
)
from sbrt_qa.pipeline import acceptance_file, first_look

FAILED = 1


def selftest(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Every phantom (minutes), not a selection of them.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Also write it: .json, .html or .pdf."),
    ] = None,
) -> None:
    """Compute phantoms with known answers on this machine and print an acceptance report.

    Later results cite its id. Exit code: 0 when the promised rates are met, else 1.
    """
    from sbrt_qa.selftest.acceptance_text import as_text  # start-up: numpy and scipy

    refuse_overwriting(out, [])
    if out is not None:
        acceptance_file.check_suffix(out)
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    found, kept = first_look.self_test(full=full)
    emit(as_text(found))
    if out is not None:
        write_whole(out, acceptance_file.document(found, out))
    if not kept:
        tell("the report could not be stored for later results to cite")
    raise typer.Exit(0 if found.passed else FAILED)
