"""``sbrt-qa report``: one plan as a document to read, print and hand on."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli import options
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.one_case import finish, need_file, write_document
from sbrt_qa.cli.output import refuse_overwriting, tell_compiled, tell_compiling
from sbrt_qa.i18n.words import languages
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline import reporting
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL


class Colours(enum.StrEnum):
    """Whose colours structures are drawn in."""

    OURS = "ours"
    PLAN = "plan"


def report(
    context: typer.Context,
    case: options.Inputs,
    protocol: options.ProtocolName = DEFAULT_PROTOCOL,
    mapping: options.MapOption = None,
    plan: options.PlanOption = None,
    site_values: options.SiteValues = None,
    cross_check: options.CrossCheck = False,  # noqa: FBT002
    bands: options.Bands = True,  # noqa: FBT002
    shifts: options.ShiftsOption = None,
    setup: options.SetupOption = None,
    dose_is: options.DoseIsOption = "",
    not_a_target: options.NotATarget = None,
    far: options.Far = None,
    rx: options.RxOption = None,
    config: options.Config = None,
    course: options.CourseOption = "",
    alternatives: options.AlternativesOption = False,  # noqa: FBT002
    height_cm: options.HeightOption = None,
    weight_kg: options.WeightOption = None,
    mask: options.MaskOption = None,
    output_format: options.Format = "",
    out: options.Out = None,
    language: Language = "en",
    site: options.Site = "",
    submission: options.Submission = "",
    due: options.Due = "",
    question: options.Question = "",
    colours: Annotated[
        Colours,
        typer.Option(
            help="Draw structures in our colours, which all eyes tell apart, or in the plan's."
        ),
    ] = Colours.OURS,
) -> None:
    """Write the report of one plan: ``--out report.html``, or another format by its suffix.

    Exit codes are those of ``check``.
    """
    kept, taken = options.read_settings(context, case, config)
    protocol = protocol if options.was_given(context, "protocol") else kept.protocol or protocol
    names = read_mapping(mapping or [*kept.map])
    stated = options.read_statements(
        kept, taken, dose_is=dose_is, not_targets=not_a_target, far=far, rx=rx, course=course,
        alternatives=alternatives, masks=mask, height_cm=height_cm, weight_kg=weight_kg,
    )  # fmt: skip
    asked = options.read_shifts(shifts, setup)
    name = options.choose_format(output_format, out, "html")
    options.check_language(language, languages())
    file = need_file(name, out)
    refuse_overwriting(file, [*case, *([site_values] if site_values else [])])
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    reviewed = reporting.report(
        case, protocol, names, site_values, plan=plan, cross_check=cross_check, bands=bands,
        site=site or kept.site, submission=submission, stated=stated, shifts=asked,
        due=options.read_day(due), query=question,
    )  # fmt: skip
    if colours is Colours.PLAN and reviewed.evidence is not None:
        evidence = replace(reviewed.evidence, plan_colours=True)
        reviewed = replace(reviewed, evidence=evidence)
    write_document(name, file, language, reviewed)
    raise typer.Exit(finish([reviewed.review]))
