"""``sbrt-qa letter``: the deviation letter to a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import Anchors
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.actor_options import AnchorCommand, AnchorFile, As, Role
from sbrt_qa.cli.audit import AuditFolder, Database, write_dashboard
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import emit, refuse_overwriting, refuse_wrong_suffix, tell, write_whole
from sbrt_qa.i18n.phrase import counted


def letter(
    audit: AuditFolder,
    submission: Annotated[str, typer.Argument(metavar="CODE", help="Such as S01/S01-017/v2.")],
    days: Annotated[
        int,
        typer.Option(
            "--days",
            min=0,
            max=365,
            help="Days until an answer is due, unless the office says.",
        ),
    ] = 14,
    close: Annotated[
        str, typer.Option("--close", metavar="REASON", help="Close the open query instead.")
    ] = "",
    answer: Annotated[
        str, typer.Option("--answered", metavar="NOTE", help="Record the site's answer instead.")
    ] = "",
    copy: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--copy", help="Print the last letter as it was written; record nothing."),
    ] = False,
    name: As = "",
    role: Role = "",
    trial_file: Annotated[
        Path | None,
        typer.Option(
            "--trial-file", metavar="FILE.yaml", help="Sender and contact; else AUDIT/trial.yaml."
        ),
    ] = None,
    lang: Language = "en",
    out: Out = None,
    database: Database = "",
    anchor_file: AnchorFile = None,
    anchor_command: AnchorCommand = "",
) -> None:
    """Write the letter of a submission: what deviates, what is asked for, by when.

    It is recorded as a query: open, then answered (by --answered, or by the next submission of the
    subject), then closed by --close. The trial report and `query AUDIT queries` list what waits. A
    file named .pdf or .html is made to print; any other is plain text. Until it is closed, the
    same letter can be written again, with its dates, in any language and format.

    A person writes, answers and closes: --as NAME. Sender and contact come from AUDIT/trial.yaml.
    """
    from sbrt_qa.audit import letters

    refuse_overwriting(out, [audit])
    kind = "" if out is None else out.suffix.lower().removeprefix(".")
    refuse_wrong_suffix(out, kind if kind in ("pdf", "html") else "text", ("pdf", "html", "txt"))
    anchors = Anchors(anchor_file, anchor_command)
    anchors.refuse_inside(audit)
    by, records = doing(name, role), True
    if copy:
        emit(letters.copy_of_letter(audit, submission, database), out)
        return
    if close:
        number = letters.close(audit, submission, close, database, by)
        tell(f"{counted(number, 'query', 'queries')} closed")
    elif answer:
        number = letters.answered(audit, submission, answer, database, by)
        tell(f"{counted(number, 'query', 'queries')} answered")
    else:
        written = letters.write_letter(audit, submission, days, database, lang, by, trial_file)
        if query := written.query:
            records = False
            since, due = query.opened[:10], query.due[:10]
            tell(f"the query is open since {since}, due {due}; nothing new was recorded")
        content = letters.as_document(written.sheet, out)
        if out is not None:
            write_whole(out, content)
        elif isinstance(content, str):
            emit(content)
    if records and not write_dashboard(audit, database, anchors)[1]:
        raise typer.Exit(exit_codes.UNREADABLE)
