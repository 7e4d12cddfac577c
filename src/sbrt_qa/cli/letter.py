"""``sbrt-qa letter``: the deviation letter to a site."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database, write_dashboard
from sbrt_qa.cli.options import Language, Out
from sbrt_qa.cli.output import emit, refuse_overwriting, refuse_wrong_suffix, tell, write_whole
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
    answer: Annotated[
        str, typer.Option("--answered", metavar="NOTE", help="Record the site's answer instead.")
    ] = "",
    lang: Language = "en",
    out: Out = None,
    database: Database = "",
) -> None:
    """Write the letter of a submission: what deviates, what is asked for, by when.

    It is recorded as a query: open, then answered (by --answered, or by the next submission of the
    subject), then closed by --close. The trial report and `query AUDIT queries` list what waits. A
    file named .pdf or .html is made to print; any other is plain text. Until it is closed, the
    same letter can be written again, with its dates, in any language and format.
    """
    from sbrt_qa.workflows_audit import letters

    refuse_overwriting(out, [audit])
    kind = "" if out is None else out.suffix.lower().removeprefix(".")
    refuse_wrong_suffix(out, kind if kind in ("pdf", "html") else "text", ("pdf", "html", "txt"))
    if close:
        number = letters.close(audit, submission, close, database)
        tell(f"{counted(number, 'query', 'queries')} closed")
    elif answer:
        number = letters.answered(audit, submission, answer, database)
        tell(f"{counted(number, 'query', 'queries')} answered")
    else:
        written = letters.write_letter(audit, submission, days, database, lang)
        if query := written.query:
            since, due = query.opened[:10], query.due[:10]
            tell(f"the query is open since {since}, due {due}; nothing new was recorded")
        content = letters.as_document(written.sheet, out)
        if out is not None:
            write_whole(out, content)
        elif isinstance(content, str):
            emit(content)
    write_dashboard(audit, database)
