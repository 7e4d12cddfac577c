"""The plan checks for the terminal: all in a table, or the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.reports.as_table import label_grid, plain_table, print_to_text, section
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.checks.registry import Check


def render_checks(known: Sequence[Check], page: Page) -> str:
    """Return one table for each group of checks."""
    parts: list[RenderableType] = []
    for group in dict.fromkeys(one.group for one in known):
        table = plain_table("code", "title", "a find is", "parameters")
        for one in known:
            if one.group is group:
                settings = ", ".join(f"{p.name} {shown(p.default)}" for p in one.parameters)
                table.add_row(one.code, one.title, str(one.severity), settings)
        parts += section(str(group), [table])
    return print_to_text(parts, page)


def render_check(one: Check, page: Page) -> str:
    """Return title, page and parameters of one check."""
    facts = [
        ("Check", f"{one.code}: {one.title}"),
        ("Group", str(one.group)),
        ("A find is", str(one.severity)),
        ("Source", one.source),
    ]
    parts: list[RenderableType] = [label_grid(facts), Text(), Text(one.page)]
    settings = [(f"{p.name} = {shown(p.default)}", p.meaning) for p in one.parameters]
    parts += section("Parameters a protocol may set", [label_grid(settings)] if settings else [])
    return print_to_text(parts, page)


def shown(value: object) -> str:
    """Return a parameter's value as a protocol file has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(shown(v) for v in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
