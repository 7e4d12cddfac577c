"""``sbrt-qa close``: a person's decision that a place is not to be reviewed any more."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import Anchors
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import AnchorCommand, AnchorFile, As, Role
from sbrt_qa.cli.audit import AuditFolder, Database, write_dashboard
from sbrt_qa.cli.output import tell
from sbrt_qa.i18n.phrase import counted


def close(
    audit: AuditFolder,
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="As `query AUDIT unreviewed` lists it.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORDS", help="Why; it is recorded.")
    ] = "",
    name: As = "",
    role: Role = "",
    database: Database = "",
    anchor_file: AnchorFile = None,
    anchor_command: AnchorCommand = "",
) -> None:
    """Close a place that is still to be reviewed and never will be: its folder was removed.

    A person decides that: --as NAME, with a --reason. What is still there and cannot be reviewed is
    open again after the next run.
    """
    from sbrt_qa.audit.closing import close_place

    anchors = Anchors(anchor_file, anchor_command)
    anchors.refuse_inside(audit)
    number = close_place(audit, place, reason, database, doing(name, role))
    tell(f"{counted(number, 'place')} closed")
    if not write_dashboard(audit, database, anchors)[1]:
        raise typer.Exit(exit_codes.UNREADABLE)
