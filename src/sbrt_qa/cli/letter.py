"""``sbrt-qa letter``: the deviation letter to a site."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database, write_dashboard
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import emit, refuse_overwriting, tell, write_whole
from sbrt_qa.model.phrase import counted


def letter(
    audit: AuditFolder,
    submission: Annotated[str, typer.Argument(metavar="CODE", help="Such as S01/S01-017/v2.")],
    days: Annotated[
        int, typer.Option("--days", min=0, max=365, help="Days until an answer is due.")
    ] = 14,
    close: Annotated[
        str, typer.Option("--close", metavar="REASON", help="Close the open query instead.")
    ] = "",
    out: Out = None,
    database: Database = "",
) -> None:
    """Write the letter of a submission: what deviates, what is asked for, by when.

    It is recorded and open until --close; the trial report and `query` show it. A file named
    .pdf or .html is made to print; any other is plain text.
    """
    from sbrt_qa.workflows_audit import letters

    refuse_overwriting(out, [audit])
    if close:
        number = letters.close(audit, submission, close, database)
        tell(f"{counted(number, 'query', 'queries')} closed")
    else:
        written = letters.write_letter(audit, submission, days, database)
        content = letters.as_document(written, out)
        if out is not None:
            write_whole(out, content)
        elif isinstance(content, str):
            emit(content)
    write_dashboard(audit, database)
