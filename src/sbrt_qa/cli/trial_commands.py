"""``sbrt-qa trial``: the trial's own data, its rules, endpoints and reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import As, Role
from sbrt_qa.cli.audit import AuditFolder, Database, KeyFile
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    refuse_overwriting,
    refuse_wrong_suffix,
    row_format,
    tell,
    unless_stated,
)
from sbrt_qa.cli.trial_failure import failure
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import counted

if TYPE_CHECKING:
    from sbrt_qa.trial.problem import Problem

app = typer.Typer(
    help="Data, endpoints and reports of the trial around the plans.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command()(failure)

FORMATS: Final = ("table", "csv", "json", "xlsx")
MOST_TOLD: Final = 20
"""Problems that an import tells one by one."""

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA", help="A folder of canonical CSV or XPT files, a CSV, ODM-XML or Excel file."
    ),
]
Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="M.yaml", help="What columns and values of the data mean."),
]
Number = Annotated[
    int, typer.Option("--import", metavar="N", min=0, help="Number of an import; 0: the last.")
]
Format = Annotated[
    str,
    typer.Option("--format", "-f", callback=unless_stated, help=f"One of: {', '.join(FORMATS)}."),
]


@app.command("import")
def import_(
    audit: AuditFolder,
    data: Data,
    mapping: Mapping = None,
    records: Annotated[
        Path | None,
        typer.Option(
            "--records",
            metavar="FOLDER",
            help="RT treatment records (DICOM): their fractions win over those of forms.",
        ),
    ] = None,
    key_file: KeyFile = None,
    database: Database = "",
    name: As = "",
    role: Role = "",
) -> None:
    """Import the data of the trial: all of it is recorded, as one event, or nothing.

    Rows that cannot be used are listed and left out; the others are imported. A correction is a
    further import. What would identify a patient is refused, and nothing is recorded then.

    Exit code: 0; 10 where there are queries to sites; 20 where rows were kept out.
    """
    from sbrt_qa.audit.trial_import import import_data

    done = import_data(
        audit,
        data,
        mapping=mapping,
        records=records,
        key_file=key_file,
        database=database,
        by=doing(name, role),
    )
    problems = done.imported.problems
    for one in problems[:MOST_TOLD]:
        tell(visible(f"{one.level} {one.code} {one.place}: {one.message}"))
    if len(problems) > MOST_TOLD:
        tell(f"{len(problems) - MOST_TOLD} more; see sbrt-qa trial problems")
    levels = [one.level for one in problems]
    tell(
        f"import {done.head.id}: {counted(done.head.rows, 'row')}, "
        f"{counted(levels.count('E'), 'error')}, {levels.count('W')} to ask about; "
        f"data {done.head.canonical_sha256[:12]}"
    )
    raise typer.Exit(_code(levels))


def _code(levels: Sequence[str]) -> int:
    from sbrt_qa.model.outcome import Verdict

    worst = Verdict.PER_PROTOCOL
    if "W" in levels:
        worst = Verdict.MINOR
    if "E" in levels:
        worst = Verdict.MAJOR
    return exit_codes.of_verdicts([worst])


@app.command()
def problems(
    audit: AuditFolder,
    number: Number = 0,
    site: Annotated[str, typer.Option("--site", metavar="CODE", help="Only of this site.")] = "",
    letters: Annotated[
        Path | None,
        typer.Option(
            "--letters", metavar="FOLDER", help="Write a letter to each site into FOLDER."
        ),
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="CODE", help="Language of the letters: en or zh.")
    ] = "en",
    output_format: Format = "table",
    out: Out = None,
    database: Database = "",
) -> None:
    """List what is wrong with the data: what, where, and whom to ask; as letters, too."""
    from sbrt_qa.audit.trial_import import problems_of
    from sbrt_qa.audit.trial_reports import refuse_unknown_site

    output_format = _check_format(output_format, out, audit)
    imported = problems_of(audit, database, number).imported
    found = imported.problems
    if site:
        refuse_unknown_site(imported.data, found, site)
    rows = [
        {
            "level": one.level, "code": one.code, "site": one.site, "subject": one.subject,
            "file": one.file, "row": one.row or None, "column": one.column,
            "message": str(one.message), "advice": str(one.advice),
        }
        for one in found if not site or one.site == site
    ]  # fmt: skip
    if letters is not None:
        asked = [one for one in found if not site or one.site == site]
        _write_letters(asked, letters, lang)
        return
    emit_rows(rows, output_format, out, PROBLEM_COLUMNS)


def _write_letters(found: Sequence[Problem], folder: Path, language: str) -> None:
    from sbrt_qa.cli.output import write_whole
    from sbrt_qa.reports.outcome.problem_letter import problem_letters

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("the folder cannot be made", got=quoted(folder.name)) from error
    for name, text in problem_letters(found, language).items():
        write_whole(folder / f"{name}.txt", text)
        tell(f"letter: {folder / name}.txt")


PROBLEM_COLUMNS: Final = {
    "level": "text", "code": "text", "site": "text", "subject": "text", "file": "text",
    "row": "number", "column": "text", "message": "text", "advice": "text",
}  # fmt: skip
CHANGE_COLUMNS: Final = dict.fromkeys(("table", "key", "what", "column", "before", "after"), "text")


@app.command()
def diff(
    audit: AuditFolder,
    before: Annotated[
        int, typer.Option("--before", metavar="N", help="Number of the earlier import.")
    ] = 0,
    after: Annotated[
        int, typer.Option("--after", metavar="N", help="Number of the later one.")
    ] = 0,
    output_format: Format = "table",
    out: Out = None,
    database: Database = "",
) -> None:
    """Show what differs between two imports, key by key; by default the last two."""
    from dataclasses import asdict

    from sbrt_qa.audit.trial_import import changes_of

    output_format = _check_format(output_format, out, audit)
    rows = [asdict(one) for one in changes_of(audit, database, before, after)]
    emit_rows(rows, output_format, out, CHANGE_COLUMNS)


def _check_format(output_format: str, out: Path | None, audit: Path) -> str:
    refuse_overwriting(out, [audit])
    return row_format(output_format, out, FORMATS)


Cut = Annotated[
    str,
    typer.Option(
        "--cut", metavar="DATE", help="Data up to this day; else that of the last freeze."
    ),
]
Rules = Annotated[
    str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="The trial's protocol.")
]
VerdictsOf = Annotated[
    str,
    typer.Option(
        "--verdicts-of",
        metavar="HASH",
        help="Plan verdicts by this protocol version, not by each plan's own.",
    ),
]


@app.command("map")
def map_(
    data: Data,
    suggest: Annotated[  # noqa: FBT002
        bool, typer.Option("--suggest", help="Propose columns whose names are alike.")
    ] = True,
    out: Out = None,
) -> None:
    """Begin a mapping file: columns whose names are alike, and TODO for the rest."""
    from sbrt_qa.trial.readers.forms import read_sources
    from sbrt_qa.trial.readers.mapping import suggested

    refuse_overwriting(out, [data])
    refuse_wrong_suffix(out, "yaml", ("yaml", "yml"))
    _, sources, _ = read_sources(data)
    emit(suggested(sources if suggest else ()), out)


@app.command()
def freeze(
    audit: AuditFolder,
    cut: Cut = "",
    label: Annotated[
        str, typer.Option("--label", metavar="WORDS", help="What the data cut is for.")
    ] = "",
    verdicts_of: VerdictsOf = "",
    database: Database = "",
    name: As = "",
    role: Role = "",
) -> None:
    """Freeze a data cut with the verdicts of plans, before any outcome is joined to them."""
    from sbrt_qa.audit.trial_reports import TrialRequest
    from sbrt_qa.audit.trial_reports import freeze as freeze_it

    by = doing(name, role)
    made = freeze_it(
        TrialRequest(audit, cut, database=database, verdicts_of=verdicts_of, by=by), label
    )
    tell(
        f"cut {made.id}: data of import {made.import_id} up to {made.cut}, "
        f"{counted(len(made.plans), 'plan')}, verdicts {made.verdicts_sha256[:12]}"
    )


@app.command()
def export(
    audit: AuditFolder,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="Folder to write into.")],
    output_format: Annotated[
        str, typer.Option("--format", "-f", help="One of: adam (both), csv, xpt.")
    ] = "adam",
    cut: Cut = "",
    protocol: Rules = "liver_sbrt",
    verdicts_of: VerdictsOf = "",
    database: Database = "",
    name: As = "",
    role: Role = "",
) -> None:
    """Write ADSL, ADTTE, ADAE and ADTL by arm as CSV and SAS transport; it is recorded who did."""
    from sbrt_qa.audit.trial_reports import TrialRequest, export_adam
    from sbrt_qa.cli.output import write_whole
    from sbrt_qa.trial.adam import CONVENTION, adam_csv, adam_xpt

    if output_format not in ("adam", "csv", "xpt"):
        got = quoted(output_format)
        raise UsageError("unknown --format", got=got, expected="adam, csv, xpt")
    by = doing(name, role)
    tables = export_adam(TrialRequest(audit, cut, protocol, database, verdicts_of, by))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("the folder cannot be made", got=quoted(out.name)) from error
    for one in tables:
        stem = one.name.lower()
        if output_format != "xpt":
            write_whole(out / f"{stem}.csv", adam_csv(one))
        if output_format != "csv":
            write_whole(out / f"{stem}.xpt", adam_xpt(one))
        tell(f"{one.name}: {counted(len(one.rows), 'row')}")
    write_whole(out / "README.txt", CONVENTION + "\n")
    tell(CONVENTION)


@app.command()
def report(
    audit: AuditFolder,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="FILE.html or FILE.pdf.")
    ],
    reader: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="Who reads it: site, reviewer, reader, office, statistician, dmc, auditor.",
        ),
    ],
    cut: Cut = "",
    protocol: Rules = "liver_sbrt",
    site: Annotated[
        str, typer.Option("--site", metavar="CODE", help="Which site, for --role site.")
    ] = "",
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="Random labels A and B of the arms; made if not there."
        ),
    ] = None,
    failures: Annotated[
        Path | None,
        typer.Option(
            "--failures",
            metavar="FOLDER",
            help="JSON files that `trial failure` wrote, to be shown.",
        ),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="CODE", help="en or zh.")] = "en",
    verdicts_of: VerdictsOf = "",
    database: Database = "",
    name: As = "",
) -> None:
    """Write the report for a role; what that role must not see is not in it."""
    from sbrt_qa.audit.trial_reports import TrialRequest
    from sbrt_qa.audit.trial_reports import report as report_it
    from sbrt_qa.cli.output import write_whole
    from sbrt_qa.reports.outcome.outcome_roles import role_of

    refuse_overwriting(out, [audit])
    output_format = out.suffix.lower().removeprefix(".")
    if output_format not in ("html", "pdf"):
        raise UsageError("not a report", got=quoted(out.name), expected="FILE.html or FILE.pdf")
    whom = role_of(reader)
    request = TrialRequest(audit, cut, protocol, database, verdicts_of, doing(name, whom.name))
    content = report_it(
        request,
        whom,
        output_format=output_format,
        language=lang,
        site=site,
        key_file=labels,
        failures=failures,
    )
    write_whole(out, content)
    tell(f"report: {out}")


@app.command()
def unlock(audit: AuditFolder, database: Database = "", name: As = "", role: Role = "") -> None:
    """Record that the arms' labels are given to the statistician; --as NAME decides it."""
    from sbrt_qa.audit.trial_reports import TrialRequest
    from sbrt_qa.audit.trial_reports import unlock as unlock_it

    unlock_it(TrialRequest(audit, database=database, by=doing(name, role)))
    tell("unlocked; it is recorded")
