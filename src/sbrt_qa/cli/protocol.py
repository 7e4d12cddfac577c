"""``sbrt-qa protocol``: the limits as data, listed, shown, validated, described."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import MapOption, Out
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    page_for,
    refuse_overwriting,
    refuse_wrong_suffix,
    row_format,
    tell,
    tell_compiled,
    tell_compiling,
    unless_stated,
    write_whole,
)
from sbrt_qa.errors import ProtocolError, UsageError, quoted, visible
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline.protocol_loading import protocol_differences

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import Protocol

app = typer.Typer(
    help="Show, validate and describe protocols.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A protocol by name, or a file.")]


ROW_FORMATS: Final = ("table", "csv", "json", "xlsx")
RowFormat = Annotated[
    str,
    typer.Option(
        "--format", "-f", callback=unless_stated, help=f"One of: {', '.join(ROW_FORMATS)}."
    ),
]
LIST_COLUMNS: Final = dict.fromkeys(
    ("id", "version", "effective", "approved_by", "approved_on", "title"), "text"
)


@app.command("list")
def list_all(
    output_format: RowFormat = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """List the protocols that come with this program: id, version, effective date, title."""
    from sbrt_qa.i18n.words import Words  # start-up: babel only when it speaks

    output_format = row_format(output_format, out, ROW_FORMATS)
    refuse_overwriting(out, [])
    rows = [
        {
            "id": p.id, "version": p.version, "effective": str(p.effective),
            "approved_by": p.approved_by, "approved_on": str(p.approved_on or ""),
            "title": p.title,
        }
        for p in pipeline.protocols()
    ]  # fmt: skip
    if output_format != "table":
        emit_rows(rows, output_format, out, LIST_COLUMNS)
        return
    words = Words(language)
    lines = (
        f"{row['id']}  {row['version']}  {row['effective']}  {words.value(stated(row['title']))}"
        for row in rows
    )
    emit("".join(f"{visible(line)}\n" for line in lines), out)


@app.command()
def show(
    protocol: Name,
    output_format: RowFormat = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """Show the limits of a protocol with their sources."""
    from sbrt_qa.reports.protocol_table import render_protocol  # start-up: rich only when it prints
    from sbrt_qa.reports.rows_of_protocol import LIMIT_COLUMNS, limit_rows

    refuse_overwriting(out, [Path(protocol)])
    output_format = row_format(output_format, out, ROW_FORMATS)
    if output_format != "table":
        emit_rows(limit_rows(pipeline.protocol(protocol)), output_format, out, LIMIT_COLUMNS)
        return
    emit(render_protocol(pipeline.protocol(protocol), page_for(out, language)), out)


@app.command()
def new(
    template: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TEMPLATE",
            help="lung, liver, spine, prostate, oligometastases, hytec, "
            "quantec, blank, or a protocol of the library.",
        ),
    ],
    out: Out = None,
    name: Annotated[
        str, typer.Option("--id", help="Its id; that of the file to write unless given.")
    ] = "",
    title: Annotated[str, typer.Option("--title", help="Its title.")] = "",
) -> None:
    """Begin a protocol of your own: a copy of a template, as a draft in force from today."""
    from sbrt_qa.protocol.new_protocol import id_of, new_protocol  # start-up: pydantic

    refuse_wrong_suffix(out, "yaml", ("yaml", "yml"))
    if out is not None and out.exists():
        raise UsageError("the file is there already", got=quoted(out.name))
    today = dt.datetime.now(dt.UTC).date()
    emit(new_protocol(template, name or id_of(template, out), title, today), out)
    if out is not None:
        tell(f"written; next: sbrt-qa protocol validate {visible(str(out))}")


@app.command()
def diff(
    before: Name,
    after: Name,
    case: Annotated[
        list[Path] | None,
        typer.Option(
            "--case", metavar="CASE", help="Show which verdicts of this case change; repeatable."
        ),
    ] = None,
    mapping: MapOption = None,
    sources: Annotated[  # noqa: FBT002
        bool, typer.Option("--sources", help="Show what differs in citations, too.")
    ] = False,
    output_format: RowFormat = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """Show in words what differs between two protocols or versions (NAME@VERSION).

    csv and xlsx hold the differences; table and json also what they do to cases.
    """
    from sbrt_qa.reports.protocol_diff_text import differences_json, render_differences  # pydantic
    from sbrt_qa.reports.rows_of_protocol import DIFFERENCE_COLUMNS, difference_rows

    output_format = row_format(output_format, out, ROW_FORMATS)
    refuse_overwriting(out, [*map(Path, (before, after)), *(case or [])])
    if case:
        pipeline.start_kernels_fast()
        pipeline.when_compiling(tell_compiling, tell_compiled)
    found = protocol_differences(before, after, case or (), read_mapping(mapping or []))
    if output_format == "json":
        emit(differences_json(*found), out)
    elif output_format != "table":
        emit_rows(difference_rows(found[1]), output_format, out, DIFFERENCE_COLUMNS)
    else:
        page = page_for(out, language)
        emit(render_differences(*found, sources=sources, width=page.width, language=language), out)


@app.command()
def validate(protocol: Name, language: Language = "en") -> None:
    """Check a protocol file: every error with file, line and path, then what is unlikely."""
    from sbrt_qa.i18n.words import Words  # start-up: babel, pydantic
    from sbrt_qa.protocol.unread import warnings

    valid = _valid(protocol)
    limits = len(valid.all_constraints) + len(valid.conformity)
    words = Words(language)
    named = f"{valid.id} {valid.version}"
    emit(words.value(say("valid: {0}, {1}", named, counted(limits, "limit"))) + "\n")
    told = (say("warning: {0}", stated(line)) for line in warnings(valid))
    emit("".join(f"{words.value(line)}\n" for line in told))


def _valid(protocol: str) -> Protocol:
    """Return a protocol; of a broken one all errors are told, one line each."""
    try:
        return pipeline.protocol(protocol)
    except ProtocolError as error:
        if len(error.problems) < 2:
            raise
        for line in error.problems:
            tell(line)
        found = counted(len(error.problems), "error")
        raise ProtocolError(
            f"{found}, all of them above", where=visible(Path(protocol).name)
        ) from None


@app.command()
def decisions(
    protocol: Name,
    output_format: Annotated[
        str, typer.Option("--format", "-f", callback=unless_stated, help="One of: json, md, table.")
    ] = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """List what the trial group has to decide: choices, what is in force, unread numbers."""
    from sbrt_qa.reports import protocol_decisions as shown  # start-up: rich only when it prints

    output_format = row_format(output_format, out, ("table", "json", "md"))
    refuse_overwriting(out, [Path(protocol)])
    asked = pipeline.protocol(protocol)
    if output_format == "json":
        emit(shown.decisions_json(asked), out)
    elif output_format == "md":
        emit(shown.decisions_page(asked), out)
    else:
        emit(shown.decisions_table(asked, page_for(out, language)), out)


@app.command()
def goals(
    protocol: Name,
    system: Annotated[
        str,
        typer.Option("--for", metavar="SYSTEM", help="eclipse, raystation, planscorecard, sheet."),
    ],
    prescription: Annotated[
        str,
        typer.Option(
            "--prescription", metavar="LEVEL", help="Limits of one level only, as 50Gy/5fx."
        ),
    ] = "",
    out: Out = None,
) -> None:
    """Write the limits as goals for a planning system, and say what that system cannot express."""
    from sbrt_qa.reports.goals.goal_formats import formats_of_goals, write_goals  # pydantic

    refuse_overwriting(out, [Path(protocol)])
    if (known := formats_of_goals().get(system)) is not None:
        written = known.suffix.removeprefix(".")
        refuse_wrong_suffix(out, written, (written,))
    file = write_goals(pipeline.protocol(protocol), system, prescription)
    emit(file.content, out)
    for line in (*file.remarks, *file.told):
        tell(line)
    left = len({one.goal.id for one in file.unsaid if one.left_out})
    tell(f"{counted(file.written, 'limit')} written, {left} left out")


@app.command()
def sheet(
    protocol: Name,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.pdf", help="To write.")],
    prescription: Annotated[
        str,
        typer.Option(
            "--prescription", metavar="LEVEL", help="Limits of one level only, as 50Gy/5fx."
        ),
    ] = "",
    lang: Language = "en",
) -> None:
    """Print the plan sheet for sites, one page: limits, names to use, grid, what to export."""
    from sbrt_qa.i18n.words import Words
    from sbrt_qa.reports.sheet.plan_sheet import plan_sheet  # start-up: pydantic, typst

    refuse_overwriting(out, [Path(protocol)])
    refuse_wrong_suffix(out, "pdf", ("pdf",))
    write_whole(out, plan_sheet(pipeline.protocol(protocol), Words(lang), prescription))


@app.command("import")
def import_limits(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A PlanScoreCard template (JSON).")],
    out: Out = None,
) -> None:
    """Make a draft protocol of a score card, to be read by a person before it is used.

    Every line that could not be read stands in the draft and on standard error.
    """
    from sbrt_qa.protocol.scorecard_draft import draft_of_file  # start-up: pydantic

    refuse_overwriting(out, [file])
    refuse_wrong_suffix(out, "yaml", ("yaml", "yml"))
    draft = draft_of_file(file, dt.datetime.now(dt.UTC).date())
    emit(draft.text, out)
    for line in draft.unread:
        tell(line)
    for line in draft.remarks:
        tell(f"the score card says: {line}")
    read, left = counted(draft.limits, "limit"), len(draft.unread)
    tell(f"{read} read, {left} not read: a draft, to be read by a person")


@app.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of protocol files."""
    refuse_overwriting(out, [])
    refuse_wrong_suffix(out, "json", ("json",))
    emit(json.dumps(pipeline.protocol_schema(), indent=2, ensure_ascii=False) + "\n", out)
