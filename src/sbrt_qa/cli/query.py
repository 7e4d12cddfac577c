"""``sbrt-qa query``, and ``sbrt-qa export`` of an audit: what it has to say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from sbrt_qa.audit.audit_exports import audit_exports
from sbrt_qa.audit.columns import dictionary, kinds
from sbrt_qa.audit.questions import ABOUT, ask
from sbrt_qa.audit.standings import standing_lines
from sbrt_qa.audit.what_can_be_asked import Question, Row
from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    page_for,
    refuse_overwriting,
    row_format,
    tell,
    unless_stated,
)
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import counted, stated

Site = Annotated[str, typer.Option("--site", metavar="CODE", help="Only of this site.")]
Subject = Annotated[str, typer.Option("--subject", metavar="CODE", help="Only of this subject.")]
Limit = Annotated[str, typer.Option("--limit", metavar="ID", help="Only of this limit.")]
Verdict = Annotated[
    str, typer.Option("--verdict", metavar="VERDICT", help="Only with this verdict of the program.")
]
Decision = Annotated[
    str,
    typer.Option(
        "--decision",
        metavar="DECISION",
        help="Only with this decision of the review office: accepted, 'accepted with deviation', "
        "rejected or undecided.",
    ),
]
Latest = Annotated[bool, typer.Option("--latest", help="Only the last submission of each subject.")]
OfProtocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="HASH",
        help="Only reviews under this protocol; else under the newest.",
    ),
]
FORMATS: Final = ("table", "csv", "json", "xlsx")
TABLE_FORMATS: Final = ("csv", "parquet", "json")
EXPORTED: Final = (
    "submissions", "metrics", "deviations", "completeness", "changes", "differences", "queries",
    "places", "unreviewed", "sites", "limits", "periods", "approvals",
)  # fmt: skip
"""What an export holds, one file each, beside one that says what their columns hold."""


def query(
    audit: AuditFolder,
    about: Annotated[str, typer.Argument(metavar="ABOUT", help=f"One of: {', '.join(ABOUT)}.")],
    site: Site = "",
    subject: Subject = "",
    limit: Limit = "",
    verdict: Verdict = "",
    decision: Decision = "",
    latest: Latest = False,  # noqa: FBT002
    protocol: OfProtocol = "",
    output_format: Annotated[
        str,
        typer.Option(
            "--format", "-f", callback=unless_stated, help=f"One of: {', '.join(FORMATS)}."
        ),
    ] = "table",
    out: Out = None,
    database: Database = "",
    language: Language = "en",
) -> None:
    """Answer a question from what is recorded: submissions, values, rates, the review office.

    Rates have exact (Clopper-Pearson) 95 % intervals. A plan passes when it is per protocol; it is
    approved when it is per protocol or has minor deviations only.
    """
    from sbrt_qa.i18n.words import Words  # start-up: babel only when it speaks
    from sbrt_qa.reports.table_of_rows import render_rows

    output_format = row_format(output_format, out, FORMATS)
    refuse_overwriting(out, [audit])
    question = Question(about, site, subject, limit, verdict, latest, protocol, decision)
    rows = list(ask(audit, question, database))
    first = standing_lines(audit, database)
    shown = kinds(about)
    if output_format != "table":
        for text in first:
            tell(text)
        emit_rows(rows, output_format, out, shown)
        return
    aside = {"draft", *(() if any(row.get("course") for row in rows) else ("course",))}
    shown = {name: kind for name, kind in shown.items() if name not in aside}
    page = page_for(out, language)
    words = Words(language)
    table = render_rows(rows, output_format, page, shown)
    emit("".join(f"{words.value(stated(text))}\n" for text in first) + table, out)


def export_audit(
    audit: Path, output_format: str, out: Path, *, latest: bool = False, database: str = ""
) -> None:
    """Write what an audit holds as files of a folder, one for each of `EXPORTED`.

    A format of `audit_exports` writes the files of that system instead.

    The folder is made when it is not there.

    Raises
    ------
    UsageError
        The format is unknown, or the folder is a file or cannot be made.
    """
    forms = audit_exports()
    if output_format not in (*TABLE_FORMATS, *forms):
        got, expected = quoted(output_format), ", ".join((*TABLE_FORMATS, *forms))
        raise UsageError("unknown --format", got=got, expected=expected)
    _make_folder(out)
    if output_format in forms:
        asked = (Question(about, latest=latest) for about in ("submissions", "metrics"))
        submissions, metrics = (list(ask(audit, question, database)) for question in asked)
        for name, text in forms[output_format].write(submissions, metrics).items():
            emit(text, out / name)
            tell(f"{name}: {counted(max(text.count(chr(10)) - 1, 0), 'row')}")
        return
    for about in EXPORTED:
        narrowed = latest and "latest" in ABOUT[about].narrowed_by
        rows = ask(audit, Question(about, latest=narrowed), database)
        _write(rows, out / f"{about}.{output_format}", kinds(about))
    names = dict.fromkeys(("table", "column", "kind", "meaning"), "text")
    _write(dictionary(EXPORTED), out / f"columns.{output_format}", names)


def _make_folder(out: Path) -> None:
    advice = "Give a folder; it is made when it is not there."
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        what = "--out is a file, and an audit is exported to a folder"
        raise UsageError(what, got=quoted(out.name), advice=advice) from error
    except OSError as error:
        what = f"the folder cannot be made ({error.strerror})"
        raise UsageError(what, got=quoted(out.name), advice=advice) from error


def _write(rows: Iterable[Row], path: Path, columns: dict[str, str]) -> None:
    """Write rows in the form that a file's suffix names."""
    from sbrt_qa.reports.table_of_rows import render_rows, write_parquet

    if path.suffix == ".parquet":
        count = write_parquet(rows, path, columns)
    else:
        listed = list(rows)
        count = len(listed)
        emit(render_rows(listed, path.suffix[1:], page_for(path), columns), path)
    tell(f"{path.name}: {counted(count, 'row')}")
