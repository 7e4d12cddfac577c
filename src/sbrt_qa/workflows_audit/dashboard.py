"""The trial report: what the store answers, as one HTML file in the audit's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sbrt_qa import __version__
from sbrt_qa.workflows_audit.answers import ask
from sbrt_qa.workflows_audit.plots import plots
from sbrt_qa.workflows_audit.question import Question

if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = "index.html"
ASKED: Final = ("sites", "limits", "periods", "approvals", "outliers", "queries")
MOST_OUTLIERS: Final = 50
KEPT: Final = (
    "code", "site", "received", "verdict", "major", "minor", "not_evaluable", "borderline",
    "notices", "latest", "query",
)  # fmt: skip
"""Columns of a submission that the page shows."""


def trial_report(audit: Path, database: str = "") -> str:
    """Return the report of an audit as HTML.

    Raises
    ------
    UsageError, StoreError
        There is no audit, or its store cannot be read.
    """
    from sbrt_qa.reports.trial.page import trial_page
    from sbrt_qa.store.verify import last_event
    from sbrt_qa.workflows_audit.place import open_audit

    place = open_audit(audit)
    missing = {r["code"]: r["missing"] for r in ask(audit, Question("completeness"), database)}
    rows = [
        {**{key: row[key] for key in KEPT}, "missing": missing[row["code"]]}
        for row in ask(audit, Question("submissions"), database)
    ]
    answers = {about: list(ask(audit, Question(about), database)) for about in ASKED}
    answers["outliers"] = answers["outliers"][:MOST_OUTLIERS]
    details: dict[str, list[dict[str, Any]]] = {}
    for one in ask(audit, Question("deviations"), database):
        told = {key: one[key] for key in ("what", "verdict", "text")}
        details.setdefault(one["code"], []).append(told)
    engine = place.engine(database)
    codes = {row["code"]: at for at, row in enumerate(rows)}
    try:
        events, head = last_event(engine)
        drawn = plots(engine, codes)
    finally:
        engine.dispose()
    return trial_page(
        place.settings.trial,
        f"{len(rows)} submissions of {len(answers['sites'])} sites · sbrt_qa {__version__}",
        f"{events} recorded events, the last with the hash {head}",
        {"rows": rows, **answers, "plots": drawn},
        {"details": details},
    )
