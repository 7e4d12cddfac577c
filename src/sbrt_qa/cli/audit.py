"""``sbrt-qa audit``: every submission of a trial, from a folder to a store that answers."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import NOWHERE, Anchors
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import AnchorCommand, AnchorFile, As, Role
from sbrt_qa.cli.interrupt import Interrupt
from sbrt_qa.cli.language_options import ReportLanguage
from sbrt_qa.cli.output import tell
from sbrt_qa.cli.progress import display
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from sbrt_qa.audit.run_audit import Request

MOST_TOLD: Final = 20
"""Places still to be reviewed that are told one by one."""

AuditFolder = Annotated[
    Path, typer.Argument(metavar="AUDIT", help="The folder of an audit, as given to --out.")
]
Database = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        help="postgresql+psycopg://... instead of a file in AUDIT; passwords are not kept.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--pseudonymize",
        metavar="KEYFILE",
        help="Replace subject codes by keyed hashes; the key is created in KEYFILE if there is "
        "none.",
    ),
]


def audit(
    submissions: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUBMISSIONS...",
            help="Folders SITE/SUBJECT/VERSION, or zip archives; read, never changed.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="AUDIT", help="The audit's folder; kept.")
    ],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Protocol to hold against.")
    ] = DEFAULT_PROTOCOL,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="A=B",
            help="Use structure A of plans as structure B of the protocol; repeatable.",
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest", metavar="FILE.csv", help="Columns path, site, subject, version, received."
        ),
    ] = None,
    trial: Annotated[
        str, typer.Option("--trial", metavar="CODE", help="Code of the trial; else the protocol's.")
    ] = "",
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Submissions reviewed at a time.")
    ] = os.cpu_count() or 1,
    dask: Annotated[
        str, typer.Option("--dask", metavar="ADDRESS", help="Review on a Dask cluster instead.")
    ] = "",
    database: Database = "",
    key_file: KeyFile = None,
    watch: Annotated[  # noqa: FBT002
        bool, typer.Option("--watch", help="Go on looking for new submissions until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.1, help="How often to look.")
    ] = 60.0,
    reports: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--reports/--no-reports", help="Write a report of every case into AUDIT."),
    ] = True,
    retry: Annotated[  # noqa: FBT002
        bool, typer.Option("--retry", help="Review again what failed in three runs.")
    ] = False,
    wait: Annotated[  # noqa: FBT002
        bool, typer.Option("--wait", help="When no worker of the cluster is left, wait for one.")
    ] = False,
    sites: Annotated[
        Path | None,
        typer.Option(
            "--sites", metavar="FILE.csv", help="Columns site, name: the names of the sites."
        ),
    ] = None,
    language: ReportLanguage = "",
    name: As = "",
    role: Role = "",
    anchor_file: AnchorFile = None,
    anchor_command: AnchorCommand = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,  # noqa: FBT002
) -> None:
    """Review every submission, record it, and go on from where an earlier run stopped.

    What is recorded is not reviewed again unless its files, the protocol or this program changed;
    what took too long or broke off is tried in three runs. Every plan is held against the version
    of the protocol that was in force at its planning date, and compared with the submission before.

    Exit code: 0 when every submission was reviewed, whatever its verdict, or cannot be for a reason
    of the site's; 1 as long as one is still to be reviewed, for a reason of ours; 2 wrong usage;
    130 when stopped with Ctrl-C, after which the same command goes on.
    """
    from sbrt_qa.audit.run_audit import Request

    request = Request(
        submissions=tuple(submissions),
        out=out,
        protocol=protocol,
        trial=trial,
        database=database,
        manifest=manifest,
        mapping=read_mapping(mapping or []),
        jobs=jobs,
        dask=dask,
        key_file=key_file,
        reports=reports,
        retry=retry,
        wait=wait,
        sites=sites,
        language=language,
        by=doing(name, role),
    )
    anchors = Anchors(anchor_file, anchor_command)
    anchors.refuse_inside(out)
    with Interrupt() as interrupt:
        try:
            code = (
                _watch(request, every, interrupt, anchors, quiet=quiet)
                if watch
                else _once(request, interrupt, anchors, quiet=quiet)
            )
        except KeyboardInterrupt:
            code = exit_codes.INTERRUPTED
    raise typer.Exit(code)


def _once(request: Request, interrupt: Interrupt, anchors: Anchors, *, quiet: bool) -> int:
    from sbrt_qa.audit.run_audit import audit as run

    shown = display(quiet=quiet)
    audits: list[Path] = []
    try:
        reviewing = run(
            request, stopped=lambda: interrupt.asked, passed_by=audits.append, tell=tell
        )
        with interrupt.at_safe_points(), shown, closing(reviewing) as steps:
            for step in steps:
                shown.add(step)
    except KeyboardInterrupt:
        tell(f"stopped; {shown.count.recorded} recorded. The same command goes on from here.")
        return exit_codes.INTERRUPTED
    for code, trouble in shown.count.troubles:
        tell(visible(f"{code} cannot be used: {trouble}"))
    for folder in audits:
        tell(visible(f"{folder.name} holds an audit and was not taken for submissions"))
    tell(shown.count.summary())
    page, sound = write_dashboard(request.out, request.database, anchors)
    if request.reports:
        tell(_about_reports(request.out, shown.count.unwritten))
    tell(f"report: {page}")
    return exit_codes.UNREADABLE if _still_open(request.out, request.database) or not sound else 0


def _still_open(audit: Path, database: str) -> int:
    """Tell what is still to be reviewed, and return how much that is."""
    from sbrt_qa.audit.questions import ask
    from sbrt_qa.audit.what_can_be_asked import Question

    rows = list(ask(audit, Question("unreviewed"), database))
    for row in rows[:MOST_TOLD]:
        tell(visible(f"{row['place']} is still to be reviewed: {row['reason']}"))
    if rows:
        number = counted(len(rows), "place")
        tell(f"{number} still to be reviewed; see sbrt-qa query {audit} unreviewed")
    return len(rows)


def _about_reports(audit: Path, unwritten: int) -> str:
    from sbrt_qa.audit.case_reports import FOLDER, CaseReports

    number, size = CaseReports(audit).size()
    failed = f"; {unwritten} could not be written" if unwritten else ""
    return f"case reports: {number} in {audit / FOLDER}, {size / 1e6:.1f} MB{failed}"


def write_dashboard(audit: Path, database: str, anchors: Anchors = NOWHERE) -> tuple[Path, bool]:
    """Write the trial report into the audit's folder, and put the chain's head where it goes.

    Return the report's place, and whether the head is where it was to be put.
    """
    from sbrt_qa.audit.finish import finish

    path, trouble = finish(audit, database, anchors)
    if trouble:
        tell(visible(f"the chain's head is not anchored: {trouble}"))
    return path, not trouble


def _watch(
    request: Request, every: float, interrupt: Interrupt, anchors: Anchors, *, quiet: bool
) -> int:
    """Run again whenever something came or changed; what may still be arriving waits."""
    from sbrt_qa.audit.watch import Watcher

    watcher = Watcher(request)
    while True:
        if watcher.news():
            code = _once(watcher.settled(), interrupt, anchors, quiet=quiet)
            if code == exit_codes.INTERRUPTED:
                return code
            tell(f"looking every {every:g} s for more; Ctrl-C stops")
        interrupt.wait(every)
