"""``sbrt-qa protocol``: the limits as data, listed, shown, validated, described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa import workflows
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import emit, page_for, refuse_overwriting
from sbrt_qa.errors import visible

app = typer.Typer(
    help="Show, validate and describe protocols.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A protocol by name, or a file.")]


@app.command("list")
def list_all() -> None:
    """List the protocols that come with this program."""
    rows = [f"{p.id}  {p.version}  {p.title}" for p in workflows.protocols()]
    emit("".join(f"{visible(row)}\n" for row in rows))


@app.command()
def show(protocol: Name, out: Out = None) -> None:
    """Show the limits of a protocol with their sources."""
    from sbrt_qa.reports.protocol_table import render_protocol  # start-up: rich only when it prints

    refuse_overwriting(out, [Path(protocol)])
    emit(render_protocol(workflows.protocol(protocol), page_for(out)), out)


@app.command()
def validate(protocol: Name) -> None:
    """Check a protocol file; an error names file, line and path."""
    valid = workflows.protocol(protocol)
    limits = len(valid.all_constraints) + len(valid.conformity)
    emit(visible(f"valid: {valid.id} {valid.version}, {limits} limits") + "\n")


@app.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of protocol files."""
    refuse_overwriting(out, [])
    emit(json.dumps(workflows.protocol_schema(), indent=2, ensure_ascii=False) + "\n", out)
