"""``sbrt-qa compare``: what changed between two versions of a submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from sbrt_qa import pipeline
from sbrt_qa.audit.actors import doing
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import As, Role
from sbrt_qa.cli.audit import Database, write_dashboard
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.one_case import need_file
from sbrt_qa.cli.options import MapOption, Out, PlanOption
from sbrt_qa.cli.output import (
    emit,
    page_for,
    refuse_overwriting,
    row_format,
    tell,
    tell_compiled,
    tell_compiling,
    unless_stated,
    write_whole,
)
from sbrt_qa.errors import UsageError, visible
from sbrt_qa.i18n.words import refuse_unknown
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline import comparing as flow
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.reports.registry import comparison_formats, render_comparison

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.compare.reference_set import ReferenceComparison
    from sbrt_qa.model.actor import Doing


PLANS_FORMATS: Final = ("html", "pdf")
"""Formats that show plans side by side instead of what changed."""

BESIDE_FORMATS: Final = ("table", "json", "csv", "html")
FORMATS: Final = ("table", *sorted({*comparison_formats(), *PLANS_FORMATS} - {"table"}))
CompareFormat = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        callback=unless_stated,
        help=f"One of: {', '.join(FORMATS)}; else by the suffix of --out.",
    ),
]


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The earlier version.")],
    after: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="AFTER",
            help="The later version; not with --reference. In HTML and PDF several, or none where "
            "BEFORE holds alternatives.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="RS2.dcm",
            help="A second structure set, such as a reviewer's: its contours beside the case's.",
        ),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect",
            metavar="LIST",
            help='Changes that were requested, such as "structures:PTV,dose", or none.',
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Limits held against both.")
    ] = DEFAULT_PROTOCOL,
    mapping: MapOption = None,
    plan: PlanOption = None,
    gamma: Annotated[
        str, typer.Option("--gamma", metavar="C", help='Such as "2%/1mm", or none.')
    ] = "",
    short: Annotated[  # noqa: FBT002
        bool, typer.Option("--short", help="A few lines: verdict, limits, findings, facts.")
    ] = False,
    output_format: CompareFormat = "table",
    out: Out = None,
    language: Language = "en",
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit",
            metavar="AUDIT",
            help="With --reference: keep it in this audit, which holds BEFORE; with --as, --role, "
            "--reason.",
        ),
    ] = None,
    name: As = "",
    role: Role = "",
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORDS", help="Why it is recorded.")
    ] = "",
    database: Database = "",
) -> None:
    """Show what changed: verdict, prescription, beams, structures, dose, findings, every limit.

    As html and pdf: plans side by side, with a scorecard, their curves and where doses differ.

    Exit code, about what changed, not about either version: 0, or with --expect 20 when something
    else changed, a deviation is new, or a request was not carried out; 30 when the versions lie
    in different frames of reference; 10 when a UID stands for other content; 1 unreadable input,
    2 wrong usage.
    """
    structure_names = read_mapping(mapping or [])
    output_format = row_format(output_format, out, FORMATS if reference is None else BESIDE_FORMATS)
    if reference is not None:
        if after or expect is not None or gamma or short:
            raise UsageError("--reference goes with one case, without AFTER or other options")
        asked = BesideAsked(protocol, structure_names, plan, output_format, out, language)
        if audit is not None:
            keep = KeepIn(audit, doing(name, role, reason), database)
            _keep_reference(before, reference, asked, keep)
            return
        _beside_reference(before, reference, asked)
        return
    if audit is not None:
        raise UsageError("--audit keeps a reviewer's contours", expected="--reference RS2.dcm")
    if output_format in PLANS_FORMATS:
        if expect is not None or gamma or short:
            raise UsageError("--expect, --gamma and --short do not go with html or pdf")
        asked = BesideAsked(protocol, structure_names, plan, output_format, out, language)
        _plans_beside([before, *(after or [])], asked)
    if not after:
        raise UsageError("compare needs a later version", expected="AFTER, or --reference RS2.dcm")
    if len(after) > 1:
        raise UsageError(
            "several later versions are shown in html or pdf", expected="--format html"
        )
    if short and output_format != "table":
        raise UsageError("--short cannot be combined with --format")
    refuse_overwriting(out, [before, *after])
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    found = flow.compare(
        [before], after, protocol, structure_names, plan=plan, expect=expect, gamma=gamma
    )
    page = page_for(out, language)
    text = _short(found, language) if short else render_comparison(output_format, found, page)
    emit(text, out)
    raise typer.Exit(exit_codes.of_verdicts([found.verdict]))


def _plans_beside(paths: Sequence[Path], asked: BesideAsked) -> NoReturn:
    """Write plans side by side as a document, and stop with the code of a comparison."""
    from sbrt_qa.pipeline.plans_beside import plans_beside
    from sbrt_qa.reports.plans.write_plans import render_plans

    refuse_unknown(asked.language)
    file = need_file(asked.output_format, asked.out)
    refuse_overwriting(file, paths)
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    plans = plans_beside(paths, asked.protocol, asked.names, plan=asked.plan)
    write_whole(file, render_plans(asked.output_format, plans, asked.language))
    raise typer.Exit(exit_codes.of_verdicts([Verdict.PER_PROTOCOL]))


@dataclass(frozen=True, slots=True)
class BesideAsked:
    """How a case is held beside a reference, and how that is shown."""

    protocol: str
    names: dict[str, str]
    plan: str | None
    output_format: str
    out: Path | None
    language: str

    def check(self, case: Path, reference: Path) -> None:
        """Refuse what cannot be shown or written so."""
        refuse_unknown(self.language)
        refuse_overwriting(self.out, [case, reference])
        pipeline.start_kernels_fast()
        pipeline.when_compiling(tell_compiling, tell_compiled)

    def show(self, found: ReferenceComparison) -> None:
        """Write the comparison."""
        from sbrt_qa.reports.reference_table import render_reference

        emit(render_reference(self.output_format, found, self.language), self.out)


@dataclass(frozen=True, slots=True)
class KeepIn:
    """Where a comparison is recorded, and by whom."""

    audit: Path
    by: Doing
    database: str


def _beside_reference(case: Path, reference: Path, asked: BesideAsked) -> None:
    """Show the contours of a case beside a second structure set."""
    from sbrt_qa.pipeline.referencing import compare_reference

    asked.check(case, reference)
    found = compare_reference([case], reference, asked.protocol, asked.names, plan=asked.plan)
    asked.show(found)


def _keep_reference(case: Path, reference: Path, asked: BesideAsked, keep: KeepIn) -> None:
    """Record a second structure set in an audit, and show it beside the submission's."""
    from sbrt_qa.audit.reference_contours import record_reference

    if asked.names or asked.protocol != DEFAULT_PROTOCOL:
        raise UsageError(
            "--audit takes protocol and names of structures from the audit",
            advice="Leave out --protocol and --map.",
        )
    asked.check(case, reference)
    kept = record_reference(keep.audit, case, reference, keep.by, asked.plan, keep.database)
    asked.show(kept.comparison)
    done = "recorded with" if kept.is_new else "was recorded before with"
    tell(visible(f"{done} {kept.code}, plan {kept.plan}"))
    if kept.is_new:
        write_dashboard(keep.audit, keep.database)


def _short(found: CaseComparison, language: str) -> str:
    from sbrt_qa.reports.compose.versions_summary import summary_lines  # start-up: pydantic

    return "".join(f"{line}\n" for line in summary_lines(found, language))
