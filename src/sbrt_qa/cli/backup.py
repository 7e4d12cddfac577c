"""``sbrt-qa backup`` and ``restore``: an audit elsewhere as it was at one moment, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.output import tell
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted


def backup(
    audit: AuditFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder for the copy.")],
    database: Database = "",
) -> None:
    """Copy an audit, its store and its files, while others go on writing; the copy is verified.

    No key is in it: keep places.key elsewhere. A store in PostgreSQL is dumped by pg_dump.

    Exit code: 0 when all is as recorded, 1 when the audit itself is not.
    """
    from sbrt_qa.audit import backing_up

    made = backing_up.backup(audit, out, database)
    tell(f"{counted(made.files, 'file')} copied, without keys; head {made.head}")
    if made.difference:
        tell(visible(f"DIFFERS, in the audit as in its copy: {made.difference}"))
        raise typer.Exit(exit_codes.UNREADABLE)


def restore(
    copy: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `backup` made.")],
    audit: Annotated[
        Path, typer.Argument(metavar="AUDIT", help="A new folder, or one whose store is gone.")
    ],
    database: Database = "",
) -> None:
    """Put a backup back as an audit and verify it; no file that is there is replaced.

    Where the folder knows of later events, the audit is refused until a person accepts the loss:
    sbrt-qa verify AUDIT --accept-loss REASON --as NAME.

    Exit code: 0 when all is as recorded, 1 otherwise.
    """
    from sbrt_qa.audit import backing_up
    from sbrt_qa.audit import verifying as verbs

    made = backing_up.restore(copy, audit, database)
    tell(f"{counted(made.files, 'file')} put back; no key is in a backup: put places.key back too")
    found = verbs.verify(audit, database)
    if found.difference:
        tell(visible(f"DIFFERS: {found.difference}"))
        raise typer.Exit(exit_codes.UNREADABLE)
    tell(f"as recorded; head {found.head}")
