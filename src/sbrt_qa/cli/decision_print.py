"""``sbrt-qa decision``: what the review office decided of a submission, and who signed it."""

from __future__ import annotations

from typing import Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import emit, refuse_overwriting, refuse_wrong_suffix, write_whole


def decision(
    audit: AuditFolder,
    submission: Annotated[str, typer.Argument(metavar="CODE", help="Such as S01/S01-017/v2.")],
    lang: Language = "en",
    out: Out = None,
    database: Database = "",
) -> None:
    """Print what the review office decided of a submission, and every signature under it.

    Beside the decision stands the program's own verdict. Of each signature: who, in which role,
    what it means, when (UTC and the office's clock), the hash of exactly what was on the screen,
    and whether it still counts. A file named .pdf, .html or .json has that form; else plain text.
    Nothing is recorded.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.letters import as_document
    from sbrt_qa.audit.store.decision_rows import decision_record
    from sbrt_qa.i18n.words import Words
    from sbrt_qa.reports.decision.decision_sheet import decision_json, decision_sheet

    refuse_overwriting(out, [audit])
    kind = "" if out is None else out.suffix.lower().removeprefix(".")
    forms = ("pdf", "html", "json", "txt")
    refuse_wrong_suffix(out, kind if kind in forms[:3] else "text", forms)
    engine = open_audit(audit).engine(database)
    try:
        found = decision_record(engine, submission)
    finally:
        engine.dispose()
    if kind == "json":
        content: str | bytes = decision_json(found)
    else:
        content = as_document(decision_sheet(found, Words(lang)), out)
    if out is not None:
        write_whole(out, content)
    elif isinstance(content, str):
        emit(content)
