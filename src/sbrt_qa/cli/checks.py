"""``sbrt-qa checks``: the plan checks, listed and shown, each with its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Out, is_json
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    page_for,
    refuse_overwriting,
    row_format,
    unless_stated,
)
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.pipeline.protocol_loading import plan_checks

if TYPE_CHECKING:
    from sbrt_qa.checks.run_checks import Listed

app = typer.Typer(
    help="List and explain the checks of a plan.", no_args_is_help=True, rich_markup_mode=None
)

ProtocolOption = Annotated[
    str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Show the settings it gives.")
]
LIST_FORMATS: Final = ("table", "csv", "json", "xlsx")
LIST_COLUMNS: Final = {
    "code": "text", "title": "text", "group": "text", "severity": "text", "applies": "flag",
    "note": "text", "source": "text", "parameters": "text",
}  # fmt: skip
ListFormat = Annotated[
    str,
    typer.Option(
        "--format", "-f", callback=unless_stated, help=f"One of: {', '.join(LIST_FORMATS)}."
    ),
]
Format = Annotated[
    str,
    typer.Option("--format", "-f", callback=unless_stated, help="One of: json, table."),
]


@app.command("list")
def list_all(
    protocol: ProtocolOption = "",
    output_format: ListFormat = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """List all checks: code, what they look at, what a finding means, and their parameters."""
    from sbrt_qa.reports.checks_table import render_checks  # start-up: rich only when it prints

    output_format = row_format(output_format, out, LIST_FORMATS)
    refuse_overwriting(out, [Path(protocol)] if protocol else [])
    known, name = plan_checks(protocol)
    if output_format == "json":
        emit(_json([_facts(one) for one in known]), out)
    elif output_format != "table":
        emit_rows([_row(_facts(one)) for one in known], output_format, out, LIST_COLUMNS)
    else:
        emit(render_checks(known, page_for(out, language), name), out)


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a check.")],
    protocol: ProtocolOption = "",
    output_format: Format = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """Show the page of a check, with the parameters that a protocol may set, or sets."""
    from sbrt_qa.reports.checks_table import render_check

    as_json = is_json(output_format, out)
    known, name = plan_checks(protocol)
    one = {one.check.code: one for one in known}.get(code.upper())
    if one is None:
        advice = "sbrt-qa checks list shows all codes"
        raise UsageError("there is no such check", got=quoted(code), advice=advice)
    if as_json:
        emit(_json(_facts(one)), out)
    else:
        emit(render_check(one, page_for(out, language), name), out)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _row(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with the parameters as one cell: name=value, separated by ``; ``."""
    stated = (f"{one['name']}={one['value']}" for one in facts["parameters"])
    return {name: facts[name] for name in LIST_COLUMNS} | {"parameters": "; ".join(stated)}


def _facts(one: Listed) -> dict[str, Any]:
    check = one.check
    return {
        "code": check.code,
        "title": check.title,
        "group": check.group,
        "severity": one.severity,
        "severities": list(check.severities(one.severity)),
        "applies": one.applies,
        "note": one.note,
        "source": check.source,
        "rows": list(check.rows),
        "page": check.page,
        "parameters": [
            {
                "name": p.name,
                "default": p.default,
                "value": one.settings[p.name],
                "meaning": p.meaning,
            }
            for p in check.parameters
        ],
    }
