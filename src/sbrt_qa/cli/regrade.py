"""``sbrt-qa regrade``: every stored case under an amendment."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import Anchors
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import AnchorCommand, AnchorFile, As, Role
from sbrt_qa.cli.audit import AuditFolder, Database, write_dashboard
from sbrt_qa.cli.output import emit, tell
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted


def regrade(
    audit: AuditFolder,
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="The amended protocol.")
    ],
    database: Database = "",
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option("--dry-run", help="Tell what would change, and record nothing.")
    ] = False,
    name: As = "",
    role: Role = "",
    anchor_file: AnchorFile = None,
    anchor_command: AnchorCommand = "",
) -> None:
    """Hold every recorded plan against another protocol, and list each verdict that changes.

    Works from stored histograms, in seconds, without the files; the reviews before stay. A limit
    on structures that were never combined before needs the files; it is named. A person decides
    that an amendment holds: --as NAME.
    """
    from sbrt_qa.audit.regrading import regrade as run

    anchors = Anchors(anchor_file, anchor_command)
    anchors.refuse_inside(audit)
    found = run(audit, protocol, database, keep=not dry_run, by=doing(name, role))
    emit(f"{visible(found.standing)}\n")
    for one in found.changes:
        limit = one.limit or "the case"
        value = f"  ({one.value})" if one.value else ""
        emit(f"{one.code} plan {one.plan}  {limit}: {one.before} → {one.after}{value}\n")
    for code, limits in found.need_files:
        tell(f"{code}: {', '.join(limits)} need the files; run sbrt-qa audit with this protocol")
    anchored = True
    if not dry_run:
        _, anchored = write_dashboard(audit, database, anchors)
    changed = counted(len(found.changes), "verdict")
    tell(f"{counted(found.cases, 'plan')} regraded, {changed} changed")
    if not anchored:
        raise typer.Exit(exit_codes.UNREADABLE)
