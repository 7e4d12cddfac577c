"""A case beside a second structure set, as a table, a page, CSV rows or JSON."""

from __future__ import annotations

import csv
import html
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from sbrt_qa.compare.reference_measures import MEASURES, measured
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.i18n.words import SOURCE, Words, msg
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.html.document_font import font_face

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sbrt_qa.compare.reference_set import ReferenceComparison, ReferenceRow, ReferenceVerdict

SCHEMA: Final = "sbrt_qa.reference/1"

FORMATS: Final = ("table", "json", "csv", "html")

HEADS: Final = (
    msg("structure"), msg("volume cc"), msg("reference cc"), msg("Dice"), msg("surface Dice 1 mm"),
    msg("2 mm"), msg("3 mm"), msg("Hausdorff 95 % mm"), msg("Hausdorff mm"), msg("mean mm"),
    msg("added path mm"), msg("of mm"), msg("reason"),
)  # fmt: skip

LIMIT_HEADS: Final = (
    msg("limit"), msg("structure"), msg("metric"), msg("case"), msg("verdict"), msg("reference"),
    msg("verdict"),
)  # fmt: skip

_OF_LIMIT: Final = (
    "limit", "metric", "unit", "value", "reference_value", "verdict", "reference_verdict",
    "changes",
)  # fmt: skip

CSV_HEADS: Final = ("row", "structure", "reference", *MEASURES, *_OF_LIMIT, "reason")

_STYLE: Final = (
    'body{font:15px/1.45 "Report CJK",system-ui,sans-serif;'
    "margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{border-bottom:1px solid #ccc;padding:.25rem .6rem;text-align:right}"
    "th:first-child,td:first-child,td:last-child{text-align:left}"
)


def render_reference(output_format: str, found: ReferenceComparison, language: str = SOURCE) -> str:
    """Return the comparison in a format; sentences in a language, CSV and JSON as they are.

    Raises
    ------
    UsageError
        There is no such format, or no such language.
    """
    if output_format == "json":
        return json_of(found)
    if output_format == "csv":
        return csv_of(found)
    if output_format == "table":
        return text_of(found, Words(language))
    if output_format == "html":
        return html_of(found, Words(language))
    raise UsageError(
        "--reference is not shown so", got=quoted(output_format), expected=", ".join(FORMATS)
    )


def reference_cells(row: ReferenceRow, words: Words) -> tuple[str, ...]:
    """Return one structure as cells below `HEADS`."""
    name, found = visible(row.reference), row.agreement
    if isinstance(found, Reason):
        return (name, *[""] * 11, visible(words.sentence(found.detail)))
    near = (f"{found.surface_dice[t]:.3f}" for t in ("1", "2", "3"))
    return (
        name, f"{found.volume_cc:.2f}", f"{found.reference_cc:.2f}", f"{found.dice:.3f}", *near,
        f"{found.hausdorff95_mm:.2f}", f"{found.hausdorff_mm:.2f}", f"{found.mean_mm:.2f}",
        f"{found.added_path_mm:.0f}", f"{found.path_mm:.0f}", "",
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def limit_line(one: ReferenceVerdict, words: Words) -> str:
    """Return one limit whose verdict changes, in a line."""
    first, second = verdict_text(one.verdict, words), verdict_text(one.reference_verdict, words)
    told = f"{first} {_number(one.value)} → {second} {_number(one.reference_value)} {one.unit}"
    return visible(f"{one.limit} {one.structure} {one.metric}: {told}")


def _sentences(found: ReferenceComparison, words: Words) -> Iterator[str]:
    """Yield what is said below the table."""
    own = verdict_text(found.verdict, words)
    other = verdict_text(found.reference_verdict, words)
    yield words(
        say(
            "Verdict: {0} with the contours of the case, {1} with those of the reference.",
            own,
            other,
        )
    )
    changed, all_limits = sum(one.changes for one in found.limits), len(found.limits)
    yield words(say("Limits that change their verdict: {0} of {1}.", changed, all_limits))
    if found.only_drawn:
        names = ", ".join(map(visible, found.only_drawn))
        yield words(say("Not in the reference, so the case's own contours stand: {0}.", names))
    yield from map(words.sentence, found.notes)


def _title(found: ReferenceComparison, words: Words) -> str:
    return words(say("Plan {0}: contours beside a reference", visible(found.case)))


def text_of(found: ReferenceComparison, words: Words) -> str:
    """Return the comparison as lines of text."""
    heads = tuple(words(head) for head in HEADS)
    rows = [heads, *(reference_cells(row, words) for row in found.rows)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADS))]
    lines = [_title(found, words), ""]
    lines += [
        "  ".join(
            cell.ljust(width) if n in (0, 12) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines += ["", *_sentences(found, words)]
    lines += [f"  {limit_line(one, words)}" for one in found.limits if one.changes]
    return "\n".join(lines) + "\n"


def html_of(found: ReferenceComparison, words: Words) -> str:
    """Return the comparison as a page of its own, without scripts."""
    title = html.escape(_title(found, words))
    limits = [
        (
            one.limit, one.structure, one.metric, f"{_number(one.value)} {one.unit}",
            verdict_text(one.verdict, words), f"{_number(one.reference_value)} {one.unit}",
            verdict_text(one.reference_verdict, words),
        )
        for one in found.limits if one.changes
    ]  # fmt: skip
    parts = [
        f"<body><h1>{title}</h1>",
        *(f"<p>{html.escape(line)}</p>" for line in _sentences(found, words)),
        _table(HEADS, [reference_cells(row, words) for row in found.rows], words),
    ]
    if limits:
        parts += [f"<h2>{html.escape(words(say('Verdicts that change')))}</h2>"]
        parts += [_table(LIMIT_HEADS, limits, words)]
    body = "\n".join([*parts, "</body></html>"])
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(words.language)}"><head>'
        '<meta charset="utf-8">\n'
        f"<title>{title}</title><style>{_STYLE}{font_face(body)}</style></head>{body}\n"
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], words: Words) -> str:
    first = "".join(f"<th>{html.escape(words(head))}</th>" for head in heads)
    body = ("".join(f"<td>{html.escape(visible(cell))}</td>" for cell in row) for row in rows)
    return "\n".join([f"<table><tr>{first}</tr>", *(f"<tr>{row}</tr>" for row in body), "</table>"])


def csv_of(found: ReferenceComparison) -> str:
    """Return a row for every structure and one for every limit; `row` says which it is."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_HEADS, lineterminator="\n", restval="")
    writer.writeheader()
    for row in found.rows:
        why = row.agreement.detail if isinstance(row.agreement, Reason) else ""
        names = {"structure": _cell(row.structure), "reference": _cell(row.reference)}
        writer.writerow({"row": "structure"} | names | measured(row) | {"reason": _cell(why)})
    for one in found.limits:
        told = asdict(one) | {"changes": str(one.changes).lower()}
        writer.writerow({"row": "limit"} | {k: _cell(v) for k, v in told.items()})
    return out.getvalue()


def _cell(value: object) -> object:
    """Return a cell that no table takes for a formula."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def json_of(found: ReferenceComparison) -> str:
    """Return the comparison as JSON."""
    limits = [asdict(one) | {"changes": one.changes} for one in found.limits]
    return json.dumps({"schema": SCHEMA} | asdict(found) | {"limits": limits}, indent=2) + "\n"


def verdict_text(verdict: Verdict, words: Words) -> str:
    """Return sign and word of a verdict."""
    mark = mark_of(verdict, words)
    return f"{mark.sign} {mark.word}"
