"""``sbrt-qa checks``: the plan checks, listed and shown, each with its page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sbrt_qa.cli.output import emit, page_for
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.workflows.checks import plan_checks

if TYPE_CHECKING:
    from sbrt_qa.checks.registry import Check

app = typer.Typer(
    help="List and explain the checks of a plan.", no_args_is_help=True, rich_markup_mode=None
)

Format = Annotated[str, typer.Option("--format", "-f", help="One of: json, table.")]


@app.command("list")
def list_all(output_format: Format = "table") -> None:
    """List all checks: code, what they look at, and what a find means at worst."""
    from sbrt_qa.reports.checks_table import render_checks  # start-up: rich only when it prints

    known = plan_checks()
    if _as_json(output_format):
        emit(_json([_facts(one) for one in known]))
    else:
        emit(render_checks(known, page_for(None)))


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a check.")],
    output_format: Format = "table",
) -> None:
    """Show the page of a check, with the parameters that a protocol may set."""
    from sbrt_qa.reports.checks_table import render_check

    known = {one.code: one for one in plan_checks()}
    one = known.get(code.upper())
    if one is None:
        advice = "sbrt-qa checks list shows all codes"
        raise UsageError("there is no such check", got=quoted(code), advice=advice)
    if _as_json(output_format):
        emit(_json(_facts(one)))
    else:
        emit(render_check(one, page_for(None)))


def _as_json(output_format: str) -> bool:
    if output_format not in ("json", "table"):
        raise UsageError("unknown --format", got=quoted(output_format), expected="json or table")
    return output_format == "json"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _facts(one: Check) -> dict[str, Any]:
    return {
        "code": one.code,
        "title": one.title,
        "group": one.group,
        "severity": one.severity,
        "source": one.source,
        "rows": list(one.rows),
        "page": one.page,
        "parameters": [
            {"name": p.name, "default": p.default, "meaning": p.meaning} for p in one.parameters
        ],
    }
