"""``sbrt-qa check``: every plan of a folder against a protocol."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa import workflows
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.options import Format, Inputs, Out, check_format, read_mapping
from sbrt_qa.cli.output import emit, page_for, refuse_overwriting, tell, tell_compiling
from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.registry import render_reviews


def check(
    case: Inputs,
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Protocol to hold against.")
    ] = workflows.DEFAULT_PROTOCOL,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="A=B", help="Structure A of the plan is B of the protocol."),
    ] = None,
    output_format: Format = "table",
    out: Out = None,
) -> None:
    """Hold every plan in CASE against a protocol, limit by limit, worst first.

    Exit code: 0 per protocol, 10 minor, 20 major, 30 not evaluable (of several plans: major before
    not evaluable before minor), 1 unreadable input or no dose in it, 2 wrong usage.
    """
    structure_names = read_mapping(mapping or [])
    check_format(output_format)
    refuse_overwriting(out, case)
    workflows.start_kernels_fast()
    workflows.when_compiling(tell_compiling)
    reviews = workflows.check(case, protocol, structure_names)
    emit(render_reviews(output_format, reviews, page_for(out)), out)
    code = exit_codes.of_reviews(reviews)
    if code == exit_codes.UNREADABLE:
        whys = dict.fromkeys(r.dose.detail for r in reviews if isinstance(r.dose, Reason))
        tell(f"{visible('; '.join(whys))}. Export the plan again with its dose.")
    raise typer.Exit(code)
