"""``sbrt-qa curves``: limits by the site's own DVH texts, as the site's word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    refuse_overwriting,
    row_format,
    tell,
    unless_stated,
)
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from sbrt_qa.second_opinion.curve_limits import CurveRow


FORMATS: Final = ("table", "csv", "json", "xlsx")
COLUMNS: Final = {
    "id": "text", "structure": "text", "curve": "text", "metric": "text", "value": "number",
    "unit": "text", "low": "number", "high": "number", "limit": "text", "verdict": "text",
    "reason": "text", "source": "text",
}  # fmt: skip


def curves(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Of Eclipse, Pinnacle (also its folder), RayStation or Monaco."
        ),
    ],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="The limits.")
    ] = DEFAULT_PROTOCOL,
    prescription: Annotated[
        str, typer.Option("--prescription", metavar="LEVEL", help="Such as 50Gy/5fx.")
    ] = "",
    plan: Annotated[
        str, typer.Option("--plan", metavar="NAME", help="Which, where there are several.")
    ] = "",
    dose_unit: Annotated[
        str,
        typer.Option("--dose-unit", metavar="UNIT", help="Gy or cGy, where the text tells none."),
    ] = "",
    output_format: Annotated[
        str,
        typer.Option(
            "--format", "-f", callback=unless_stated, help=f"One of: {', '.join(FORMATS)}."
        ),
    ] = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """Hold the site's DVH text against a protocol: the site's word, and no review.

    For where no DICOM exists. What needs contours or dose is not evaluable. The result is no review
    and cannot become one: audits, rates and letters never count it.
    """
    from sbrt_qa.protocol.goals import level_of  # start-up: numpy, with all below
    from sbrt_qa.second_opinion.curve_child import read_curves_apart
    from sbrt_qa.second_opinion.curve_limits import BASIS, SOURCE, judge_curves, what_to_know

    output_format = row_format(output_format, out, FORMATS)
    refuse_overwriting(out, [file, Path(protocol)])
    if dose_unit.lower() not in ("", "gy", "cgy"):
        raise UsageError("unknown --dose-unit", got=quoted(dose_unit), expected="Gy or cGy")
    rules = pipeline.protocol(protocol)
    level = level_of(rules, prescription)
    read = read_curves_apart(file, level.total_gy if level else None, dose_unit)
    rows = judge_curves(read, rules, prescription, plan)
    notes = what_to_know(read, level, plan)
    if output_format in ("csv", "xlsx"):
        for text in (BASIS, *notes):
            tell(visible(text))
        emit_rows([asdict(row) | {"source": SOURCE} for row in rows], output_format, out, COLUMNS)
        return
    if output_format == "json":
        head = {"form": "sbrt_qa.site_curves/1", "basis": BASIS, "is_review": False}
        about = {"protocol": rules.id, "version": rules.version, "notes": notes}
        limits = [asdict(row) | {"source": SOURCE} for row in rows]
        data = head | about | {"limits": limits}
        emit(json.dumps(data, indent=2, ensure_ascii=False) + "\n", out)
        return
    emit(_table(rows, (BASIS, f"{rules.id} {rules.version}", *notes), language), out)


def _table(rows: Sequence[CurveRow], head: Sequence[str], language: str) -> str:
    """Return the rows as lines in a language."""
    from sbrt_qa.i18n.words import Words, msg  # start-up: babel only when it speaks
    from sbrt_qa.reports.compose.verdict_words import WORDS
    from sbrt_qa.second_opinion.curve_limits import SOURCE

    words = Words(language)
    lines = [words.value(line) for line in head]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.2f} {row.unit}"
        band = ""
        if row.low is not None and row.high is not None:
            ends = {"low": f"{row.low:.2f}", "high": f"{row.high:.2f}"}
            band = f" [{words(msg('{low} to {high}'), **ends)}]"
        why = f"; {words.value(row.reason)}" if row.reason else ""
        named = f"{row.structure} ({row.curve})" if row.curve else row.structure
        lines.append(
            f"{words(WORDS[row.verdict])}: {row.id} {named} {row.metric} {value}{band} {row.limit} "
            f"({words.value(SOURCE)}){why}"
        )
    return "".join(f"{visible(line)}\n" for line in lines)
