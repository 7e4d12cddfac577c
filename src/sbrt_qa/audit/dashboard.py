"""The trial report: what the store answers, as one HTML file in the audit's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sbrt_qa import __version__
from sbrt_qa.audit.audit_plots import plots
from sbrt_qa.audit.case_reports import CaseReports
from sbrt_qa.audit.dashboard_contours import (
    beside_reviewers,
    report_of,
    told,
    unlike_the_others,
)
from sbrt_qa.audit.questions import ask
from sbrt_qa.audit.standings import standings
from sbrt_qa.audit.store.answers import current_reviews
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.stored_phrases import phrases_of
from sbrt_qa.audit.what_can_be_asked import Question
from sbrt_qa.i18n.words import SOURCE, Words, msg

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database

PAGE: Final = "index.html"
ASKED: Final = ("sites", "limits", "periods", "approvals", "outliers", "queries", "unreviewed")
MOST_OUTLIERS: Final = 50
MOST_NAMED: Final = 6
"""Changed things of one area that are named; the case report tells them all."""

ABOUT: Final = msg("{number} submissions of {sites} sites · sbrt_qa {version}")
FOOT: Final = msg("{number} recorded events, the last with the hash {head}")

KEPT: Final = (
    "code", "site", "site_name", "received", "verdict", "major", "minor", "not_evaluable",
    "borderline", "notices", "latest", "query",
)  # fmt: skip
"""Columns of a submission that the page shows."""


def trial_report(audit: Path, database: str = "") -> str:
    """Return the report of an audit as HTML, in the language that the audit keeps.

    Raises
    ------
    UsageError, StoreError
        There is no audit, or its store cannot be read.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.verify_records import last_event
    from sbrt_qa.reports.trial.trial_page import trial_page

    place = open_audit(audit)
    words = Words(place.settings.language or SOURCE)
    reports = CaseReports(audit)
    missing = {r["code"]: r["missing"] for r in ask(audit, Question("completeness"), database)}
    rows = [
        {
            **{key: row[key] for key in KEPT},
            "missing": missing[row["code"]],
            "reports": reports.links(row["code"], max(row["plans"], 1)),
        }
        for row in ask(audit, Question("submissions"), database)
    ]
    answers = {about: list(ask(audit, Question(about), database)) for about in ASKED}
    answers["outliers"] = answers["outliers"][:MOST_OUTLIERS]
    pages = {row["code"]: row["reports"] for row in rows}
    answers |= _reachable(audit, database, pages)
    answers |= unlike_the_others(audit, database, pages)
    answers |= beside_reviewers(audit, database, pages)
    places = ask(audit, Question("places"), database)
    answers["places"] = [one for one in places if one["outcome"] == "not taken"]
    engine = place.engine(database)
    details = _details(audit, database, engine, words)
    codes = {row["code"]: at for at, row in enumerate(rows)}
    try:
        events, head = last_event(engine)
        drawn = plots(engine, codes)
        standing = tuple(dict.fromkeys(standings(engine).values()))
    finally:
        engine.dispose()
    return trial_page(
        place.settings.trial,
        words(ABOUT, number=len(rows), sites=len(answers["sites"]), version=__version__),
        words(FOOT, number=events, head=head),
        {"rows": rows, **answers, "plots": drawn},
        {"details": details, "changes": _changes(audit, database)},
        words.language,
        standing,
    )


def _details(
    audit: Path, database: str, engine: Database, words: Words
) -> dict[str, list[dict[str, Any]]]:
    """Return by submission its deviations and findings, each in words."""
    known: Mapping[str, str] = {}
    if words.language != SOURCE:
        with reading(engine) as connection:
            known = phrases_of(
                connection, [row.id for row in connection.execute(current_reviews())]
            )
    found: dict[str, list[dict[str, Any]]] = {}
    for one in ask(audit, Question("deviations"), database):
        text = words.sentence(known.get(one["text"], one["text"]))
        told = {"what": one["what"], "verdict": one["verdict"], "text": text}
        found.setdefault(one["code"], []).append(told)
    return found


def _reachable(audit: Path, database: str, reports: dict[str, Any]) -> dict[str, Any]:
    """Return plans that other plans of the trial reached less than, and whether that is known."""
    from sbrt_qa.audit.reachable import BETTER

    found = list(ask(audit, Question("reachable"), database))
    shown = [
        {
            "code": one["code"], "what": f"{one['structure']} {one['metric']}",
            "value": f"{one['value']:.4g} {one['unit']}", "reached": told(one["reached"]),
            "by": one["reached_by"], "usual": told(one["usual_excess"]),
            "error": told(one["error_of_bound"]),
            "report": report_of(reports.get(one["code"], ()), one["plan"]),
        }
        for one in [one for one in found if one["judged"] == BETTER][:MOST_OUTLIERS]
    ]  # fmt: skip
    errors = {
        (one["limit"], one["fractionation"]): {
            "what": f"{one['structure']} {one['metric']}, {one['fractionation']}",
            "plans": one["plans"], "usual": told(one["usual_excess"]),
            "error": told(one["error_of_bound"]), "unit": one["unit"],
        }
        for one in found
        if one["error_of_bound"] is not None
    }  # fmt: skip
    return {"reachable": {"plans": shown, "errors": list(errors.values())}}


def _changes(audit: Path, database: str) -> dict[str, list[dict[str, Any]]]:
    """Return by submission what it changed: limits first, then anything else, summed up by area."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in ask(audit, Question("changes"), database):
        verdicts = one["verdict_before"], one["verdict_after"]
        told = {"before": one["before"], "what": one["limit"], "verdicts": verdicts}
        values = {"from": one["value_before"], "to": one["value_after"]}
        found.setdefault(one["after"], []).append(told | values)
    areas: dict[tuple[str, str], list[str]] = {}
    for one in ask(audit, Question("differences"), database):
        what = " ".join(filter(None, (one["item"], one["what"])))
        areas.setdefault((one["code"], one["area"]), []).append(what)
    for (code, area), items in areas.items():
        listed = [*dict.fromkeys(items)]
        more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
        text = ", ".join(listed[:MOST_NAMED]) + more
        found.setdefault(code, []).append({"what": area, "text": text})
    return found
