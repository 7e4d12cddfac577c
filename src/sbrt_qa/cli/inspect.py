"""``sbrt-qa inspect``: what is there, how it links, what had to be repaired."""

from __future__ import annotations

from sbrt_qa import pipeline
from sbrt_qa.cli.options import Inputs, Language, Out
from sbrt_qa.cli.output import emit, page_for, refuse_overwriting


def inspect(case: Inputs, out: Out = None, language: Language = "en") -> None:
    """List the DICOM objects in CASE, the cases they form, the links and the repairs."""
    from sbrt_qa.reports.inventory import render_inventory  # start-up: rich only when it prints

    refuse_overwriting(out, case)
    emit(render_inventory(pipeline.inspect(case), page_for(out, language)), out)
