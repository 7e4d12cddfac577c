"""``sbrt-qa check``: every plan of a folder against a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbrt_qa import workflows
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.options import Format, Inputs, MapOption, Out, check_format, read_mapping
from sbrt_qa.cli.output import emit, page_for, refuse_overwriting, tell, tell_compiling
from sbrt_qa.errors import UsageError, visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.registry import render_reviews

if TYPE_CHECKING:
    from sbrt_qa.review.result import CaseReview


def check(
    case: Inputs,
    protocol: Annotated[
        str,
        typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Protocol, or NAME@VERSION."),
    ] = workflows.DEFAULT_PROTOCOL,
    mapping: MapOption = None,
    untrusted: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--untrusted", help="Read and review in processes with time, memory and CPU caps."
        ),
    ] = False,
    site_values: Annotated[
        Path | None,
        typer.Option(
            "--site-values",
            metavar="FILE.csv",
            help="The site's own values (structure,metric,value,unit), shown beside ours.",
        ),
    ] = None,
    cross_check: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--cross-check", help="Compute every metric with dicompyler-core as well."),
    ] = False,
    bands: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--bands/--no-bands",
            help="Say where each value may lie, and which verdicts are borderline.",
        ),
    ] = True,
    output_format: Format = "table",
    out: Out = None,
) -> None:
    """Hold every plan in CASE against a protocol, limit by limit, worst first.

    Exit code: 0 per protocol, 10 minor, 20 major, 30 not evaluable (of several plans: major before
    not evaluable before minor), 1 unreadable input or no dose in it, 2 wrong usage.
    """
    structure_names = read_mapping(mapping or [])
    check_format(output_format)
    refuse_overwriting(out, [*case, *([site_values] if site_values else [])])
    if untrusted and (site_values or cross_check):
        what = "--site-values" if site_values else "--cross-check"
        raise UsageError(f"{what} cannot be combined with --untrusted")
    if untrusted:
        reviews = _check_untrusted(case, protocol, structure_names, bands=bands)
    else:
        workflows.start_kernels_fast()
        workflows.when_compiling(tell_compiling)
        reviews = workflows.check(
            case, protocol, structure_names, site_values, cross_check=cross_check, bands=bands
        )
    emit(render_reviews(output_format, reviews, page_for(out)), out)
    code = exit_codes.of_reviews(reviews)
    if code == exit_codes.UNREADABLE:
        whys = dict.fromkeys(r.dose.detail for r in reviews if isinstance(r.dose, Reason))
        tell(f"{visible('; '.join(whys))}. Export the plan again with its dose.")
    raise typer.Exit(code)


def _check_untrusted(
    case: list[Path], protocol: str, structure_names: dict[str, str], *, bands: bool
) -> tuple[CaseReview, ...]:
    if not workflows.caps_hold():
        tell("this system cannot cap memory and processor time: only the time limit holds")
    return workflows.check_untrusted(
        case, protocol, structure_names, bands=bands, prepare=_get_ready
    )


def _get_ready() -> None:
    """Run in each process first: say if kernels are compiled, and have them ready."""
    workflows.when_compiling(tell_compiling)
    workflows.warm_up()
