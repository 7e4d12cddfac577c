"""``sbrt-qa dvh``: statistics, metrics and curves of one plan."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import (
    AlternativesOption,
    Config,
    CourseOption,
    DoseIsOption,
    DvhFormat,
    Inputs,
    MaskOption,
    Out,
    PlanOption,
    RxOption,
    choose_format,
    read_settings,
    read_statements,
)
from sbrt_qa.cli.output import (
    emit,
    page_for,
    refuse_overwriting,
    tell,
    tell_compiled,
    tell_compiling,
)
from sbrt_qa.errors import visible
from sbrt_qa.reports.registry import render_dvh


def dvh(
    context: typer.Context,
    case: Inputs,
    structure: Annotated[
        list[str] | None,
        typer.Option("--structure", "-s", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics", "-m", metavar="LIST", help='Such as "D95%[Gy],V20Gy[cc],DC700cc[Gy]".'
        ),
    ] = "",
    plan: PlanOption = None,
    curve: Annotated[bool, typer.Option("--curve", help="Add the curves (JSON, CSV).")] = False,  # noqa: FBT002
    bin_gy: Annotated[
        float, typer.Option("--bin", metavar="GY", help="Step of the curves in Gy.")
    ] = 0.1,
    bands: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--bands", help="Show the range of each metric under other readings of the same files."
        ),
    ] = False,
    dose_is: DoseIsOption = "",
    rx: RxOption = None,
    config: Config = None,
    course: CourseOption = "",
    alternatives: AlternativesOption = False,  # noqa: FBT002
    mask: MaskOption = None,
    output_format: DvhFormat = "",
    out: Out = None,
    language: Language = "en",
) -> None:
    """Compute volume, minimum, mean, maximum and metrics of the structures of one plan."""
    kept, taken = read_settings(context, case, config)
    stated = read_statements(
        kept, taken, dose_is=dose_is, rx=rx, course=course, alternatives=alternatives, masks=mask
    )
    name = choose_format(output_format, out, function="render_dvh")
    refuse_overwriting(out, case)
    expressions = [text for part in metrics.split(",") if (text := part.strip())]
    if bands and not expressions:
        expressions = ["Volume[cc]", "Min[Gy]", "Mean[Gy]", "Max[Gy]"]
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    table = pipeline.dvh(
        case,
        structure or (),
        expressions,
        plan=plan,
        curve_bin_gy=bin_gy if curve else None,
        bands=bands,
        stated=stated,
    )
    emit(render_dvh(name, table, page_for(out, language)), out)
    found = [exit_codes.unreadable_part(row.reason) for row in table.structures.values()]
    if found and all(found):
        tell(
            f"{visible(found[0].detail if found[0] else '')}. Export the plan again with its dose."
        )
        raise typer.Exit(exit_codes.UNREADABLE)
