"""``sbrt-qa verify``: whether an audit is still what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import ANCHOR_FILE_VARIABLE, As, Role
from sbrt_qa.cli.audit import AuditFolder, Database, KeyFile, write_dashboard
from sbrt_qa.cli.output import emit, tell
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted


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
    anchor_file: Annotated[
        Path | None,
        typer.Option(
            "--anchor-file",
            metavar="FILE",
            help="File into which earlier runs wrote the heads of the chain.",
            envvar=ANCHOR_FILE_VARIABLE,
        ),
    ] = None,
    accept_loss: Annotated[
        str,
        typer.Option(
            "--accept-loss", metavar="REASON", help="Go on with an older copy of the store."
        ),
    ] = "",
    name: As = "",
    role: Role = "",
    database: Database = "",
    key_file: KeyFile = None,
) -> None:
    """Recompute all hashes, of every row, event and file, and the chain; say what differs first.

    The end of the chain is held against AUDIT/HEAD, the page and the letters, and against
    --anchor-file, which nobody with the audit's folder alone can change.

    Exit code: 0 when all is as recorded, 1 otherwise.
    """
    from sbrt_qa.audit import verifying as verbs

    if accept_loss:
        number = verbs.accept_loss(audit, database, doing(name, role, accept_loss))
        tell(f"{counted(number, 'lost head')} accepted; it is an event of the chain")
        write_dashboard(audit, database)
        return
    found = verbs.verify(audit, database, head, anchor_file)
    kept = {"event": found.events, "submission": found.submissions, "review": found.reviews}
    kept["file"] = found.files
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
