"""``sbrt-qa verify``: whether an audit is still what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.audit import AuditFolder, Database, KeyFile
from sbrt_qa.cli.output import emit, tell
from sbrt_qa.errors import visible
from sbrt_qa.model.phrase import counted


def verify(
    audit: AuditFolder,
    rerun: Annotated[
        list[Path] | None,
        typer.Option("--rerun", metavar="SUBMISSIONS", help="Review again from these files."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CODE", help="Only SITE/SUBJECT/v1; may be repeated."),
    ] = None,
    head: Annotated[
        str, typer.Option("--head", metavar="HASH", help="A chain head that was noted before.")
    ] = "",
    database: Database = "",
    key_file: KeyFile = None,
) -> None:
    """Recompute all hashes and the chain of events; say what differs first.

    The chain shows changes in its middle. That nothing was cut off its end shows only by a head
    that was noted elsewhere: note the one printed here.

    Exit code: 0 when all is as recorded, 1 otherwise.
    """
    from sbrt_qa.workflows_audit import verify as verbs

    found = verbs.verify(audit, database, head)
    kept = {"event": found.events, "submission": found.submissions, "review": found.reviews}
    checked = ", ".join(counted(n, what) for what, n in kept.items() if n is not None)
    if found.difference:
        tell(visible(f"DIFFERS: {found.difference}" + (f" ({checked})" if checked else "")))
        raise typer.Exit(exit_codes.UNREADABLE)
    emit(f"as recorded: {checked}\nhead {found.head}\n")
    differs = 0
    if rerun:
        again = verbs.rerun(audit, rerun, only=only or (), database=database, key_file=key_file)
        for one in again:
            differs += bool(one.difference)
            emit(visible(f"{one.code}: {one.difference or 'the same again'}") + "\n")
    raise typer.Exit(exit_codes.UNREADABLE if differs else 0)
