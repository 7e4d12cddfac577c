"""``sbrt-qa curves``: limits by the site's own DVH texts, as the site's word."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.options import Out, is_json
from sbrt_qa.cli.output import emit, refuse_overwriting
from sbrt_qa.errors import visible
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL


def curves(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Eclipse, RayStation or Monaco.")],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="The limits.")
    ] = DEFAULT_PROTOCOL,
    prescription: Annotated[
        str, typer.Option("--prescription", metavar="LEVEL", help="Such as 50Gy/5fx.")
    ] = "",
    plan: Annotated[
        str, typer.Option("--plan", metavar="NAME", help="Which, where there are several.")
    ] = "",
    output_format: Annotated[
        str, typer.Option("--format", "-f", help="One of: json, table.")
    ] = "table",
    out: Out = None,
) -> None:
    """Hold the site's DVH text against a protocol: the site's word, and no review.

    For where no DICOM exists. What needs contours or dose is not evaluable. The result is no review
    and cannot become one: audits, rates and letters never count it.
    """
    from sbrt_qa.second_opinion.curve_limits import BASIS, judge_curves  # start-up: numpy
    from sbrt_qa.second_opinion.curve_text import read_curves

    as_json = is_json(output_format)
    refuse_overwriting(out, [file, Path(protocol)])
    rules = pipeline.protocol(protocol)
    rows = judge_curves(read_curves(file), rules, prescription, plan)
    if as_json:
        head = {"form": "sbrt_qa.site_curves/1", "basis": BASIS, "is_review": False}
        about = {"protocol": rules.id, "version": rules.version}
        data = head | about | {"limits": [asdict(row) for row in rows]}
        emit(json.dumps(data, indent=2, ensure_ascii=False) + "\n", out)
        return
    lines = [BASIS, f"{rules.id} {rules.version}"]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.2f} {row.unit}"
        band = "" if row.low is None else f" [{row.low:.2f} to {row.high:.2f}]"
        why = f"; {row.reason}" if row.reason else ""
        named = f"{row.structure} ({row.curve})" if row.curve else row.structure
        lines.append(
            f"{row.verdict}: {row.id} {named} {row.metric} {value}{band} {row.limit} "
            f"(site's curve){why}"
        )
    emit("".join(f"{visible(line)}\n" for line in lines), out)
