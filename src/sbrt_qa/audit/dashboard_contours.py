"""What the trial report says of contours: organs unlike the others, and reviewers' own drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.questions import ask
from sbrt_qa.audit.what_can_be_asked import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

MOST_ORGANS: Final = 50
"""Organs unlike the others that the page tells; `query AUDIT contours` tells all."""

MOST_PICTURES: Final = 12

MOST_ROWS: Final = 50
"""Structures, and limits, beside a reviewer's that the page tells; `query AUDIT reference` all."""


def unlike_the_others(audit: Path, database: str, reports: Mapping[str, Any]) -> dict[str, Any]:
    """Return the organs that are unlike those of other plans, and whether that can be told.

    Parameters
    ----------
    reports
        Paths of the case reports of each submission, by its code.
    """
    found = list(ask(audit, Question("contours"), database))
    odd = [one for one in found if one["judged"] in ("unusual", "changed")][:MOST_ORGANS]
    shown = [
        {
            "code": one["code"], "organ": one["organ"], "feature": one["feature"],
            "value": told(one["value"]), "median": told(one["median_of_trial"]),
            "score": told(one["score"]), "before": told(one["value_before"]),
            "report": report_of(reports.get(one["code"], ()), one["plan"]),
        }
        for one in odd
    ]  # fmt: skip
    return {
        "contours": shown,
        "pictures": pictures(audit, database, odd, shown),
        "contours_known": any(one["score"] is not None for one in found),
    }


def pictures(
    audit: Path, database: str, odd: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Return a slice of each organ in question, taken from its case report as it was recorded.

    A report that is not what was recorded, or is not there, gives none.
    """
    from sbrt_qa.reports.figures.slice_svg import slice_svg
    from sbrt_qa.reports.html.page_slices import slice_of

    sound = _sound_pages(audit, database, {row["report"] for row in shown} - {""})
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one, row in zip(odd, shown, strict=True):
        key = row["report"], one["drawn_as"]
        if key in found or len(found) >= MOST_PICTURES or row["report"] not in sound:
            continue
        picture = slice_of(sound[row["report"]], one["drawn_as"])
        if picture is not None:
            title = f"{one['code']} {one['organ']}"
            drawn = slice_svg(picture, {}, title, 0.0, f"unlike{len(found)}")
            told_of = {"title": title, "z_mm": f"{picture.z_mm:.1f}", "svg": drawn}
            found[key] = told_of | {"report": row["report"]}
    return list(found.values())


def _sound_pages(audit: Path, database: str, paths: set[str]) -> dict[str, str]:
    """Return the case reports that still are what was recorded, by their path."""
    from hashlib import sha256

    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.published import files_recorded

    if not paths:
        return {}
    engine = open_audit(audit).engine(database)
    try:
        recorded = files_recorded(engine)
    finally:
        engine.dispose()
    pages: dict[str, str] = {}
    for path in sorted(paths):
        file = audit / path
        content = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
        if content and sha256(content).hexdigest() == recorded.get(path):
            pages[path] = content.decode("utf-8", "replace")
    return pages


def beside_reviewers(audit: Path, database: str, reports: Mapping[str, Any]) -> dict[str, Any]:
    """Return structures beside those of reviewers, the least alike first, and changed verdicts."""
    rows = list(ask(audit, Question("reference"), database))
    structures = [_structure(one, reports) for one in rows if one["limit"] is None]
    limits = [_limit(one, reports) for one in rows if one["changes"]]
    structures.sort(key=lambda one: one.pop("alike"))
    return {
        "reference": {
            "structures": structures[:MOST_ROWS], "limits": limits[:MOST_ROWS],
            "of": len({one["reference"] for one in rows}),
            "left": max(len(structures) - MOST_ROWS, 0) + max(len(limits) - MOST_ROWS, 0),
        }
    }  # fmt: skip


def _whose(one: Mapping[str, Any], reports: Mapping[str, Any]) -> dict[str, Any]:
    by = f"{one['actor']}, {one['role']}"
    report = report_of(reports.get(one["code"], ()), one["plan"])
    return {"code": one["code"], "by": by, "why": one["why"], "report": report}


def _structure(one: Mapping[str, Any], reports: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the table; `alike` sorts it, what cannot be compared comes first."""
    alike = one["surface_dice_2mm"]
    cells = ("volume_cc", "reference_cc", "dice", "surface_dice_2mm", "hausdorff95_mm",
             "added_path_mm", "path_mm")  # fmt: skip
    return {
        **_whose(one, reports), "structure": one["structure"], "reason": one["reason"],
        "alike": -1.0 if alike is None else alike, **{name: told(one[name]) for name in cells},
    }  # fmt: skip


def _limit(one: Mapping[str, Any], reports: Mapping[str, Any]) -> dict[str, Any]:
    names = ("limit", "metric", "unit", "verdict", "reference_verdict")
    values = {name: told(one[name]) for name in ("value", "reference_value")}
    return {**_whose(one, reports), **{name: one[name] for name in names}, **values}


def told(value: float | None) -> str:
    """Return a number in four digits; empty where there is none."""
    return "" if value is None else f"{value:.4g}"


def report_of(paths: Iterable[Any] | Sequence[Any], plan: int) -> str:
    """Return the path of the report of a plan; empty where there is none."""
    name = "report.html" if plan == 1 else f"report-{plan}.html"
    return next((str(p) for p in paths if str(p).endswith(f"/{name}")), "")
