"""``sbrt-qa check``: every plan of a folder against a protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli import options
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.one_case import finish, made_today, need_file, without_pictures, write_document
from sbrt_qa.cli.output import (
    emit,
    page_for,
    refuse_overwriting,
    tell,
    tell_compiled,
    tell_compiling,
)
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline import reporting
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.untrusted import check_untrusted
from sbrt_qa.reports.registry import is_document, render_reviews


def check(
    context: typer.Context,
    case: options.Inputs,
    protocol: options.ProtocolName = DEFAULT_PROTOCOL,
    mapping: options.MapOption = None,
    untrusted: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--untrusted", help="Read and review in processes with time, memory and CPU caps."
        ),
    ] = False,
    site_values: options.SiteValues = None,
    cross_check: options.CrossCheck = False,  # noqa: FBT002
    all_checks: Annotated[  # noqa: FBT002
        bool, typer.Option("--all-checks", help="List plan checks without a finding, too.")
    ] = False,
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
    mask: options.MaskOption = None,
    height_cm: options.HeightOption = None,
    weight_kg: options.WeightOption = None,
    output_format: options.Format = "",
    out: options.Out = None,
    language: Language = "en",
) -> None:
    """Hold every plan in CASE against a protocol, limit by limit, worst first.

    A document (``--out report.html``) is about one plan; without its files, as with --untrusted, it
    has no pictures.

    Exit code: 0 per protocol, 10 minor, 20 major, 30 not evaluable (of several plans: major before
    not evaluable before minor), 1 unreadable input or no dose in it, 2 wrong usage.
    """
    kept, taken = options.read_settings(context, case, config, trusted=not untrusted)
    protocol = protocol if options.was_given(context, "protocol") else kept.protocol or protocol
    names = read_mapping(mapping or [*kept.map])
    stated = options.read_statements(
        kept, taken, dose_is=dose_is, not_targets=not_a_target, far=far, rx=rx, course=course,
        alternatives=alternatives, masks=mask, height_cm=height_cm, weight_kg=weight_kg,
    )  # fmt: skip
    asked = options.read_shifts(shifts, setup)
    name = options.choose_format(output_format, out)
    refuse_overwriting(out, [*case, *([site_values] if site_values else [])])
    document = need_file(name, out) if is_document(name) else None
    if untrusted:
        if not pipeline.caps_hold():
            tell("this system cannot cap memory and processor time: only the time limit holds")
        reviews = check_untrusted(
            case,
            protocol,
            names,
            site_values,
            cross_check=cross_check,
            bands=bands,
            prepare=_get_ready,
            stated=stated,
            shifts=asked,
        )
        if document:
            write_document(name, document, language, without_pictures(reviews, kept.site))
    else:
        pipeline.start_kernels_fast()
        pipeline.when_compiling(tell_compiling, tell_compiled)
        if document:
            reviewed = reporting.report(
                case, protocol, names, site_values, cross_check=cross_check, bands=bands,
                site=kept.site, stated=stated, shifts=asked,
            )  # fmt: skip
            reviews = (reviewed.review,)
            write_document(name, document, language, reviewed)
        else:
            reviews = pipeline.check(
                case, protocol, names, site_values, cross_check=cross_check, bands=bands,
                stated=stated, shifts=asked,
            )  # fmt: skip
    reviews = tuple(replace(one, site=kept.site or one.site) for one in reviews)
    if not document:
        page = replace(page_for(out, language), all_checks=all_checks, occasion=made_today())
        emit(render_reviews(name, reviews, page), out)
    raise typer.Exit(finish(reviews))


def _get_ready() -> None:
    """Run in each process first: say if kernels are compiled, and have them ready."""
    pipeline.when_compiling(tell_compiling, tell_compiled)
    pipeline.warm_up()
