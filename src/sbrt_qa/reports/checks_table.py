"""The plan checks for the terminal: all in a table, or the page of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text, section

if TYPE_CHECKING:
    from sbrt_qa.checks.run_checks import Listed


def render_checks(known: Sequence[Listed], page: Page, protocol: str = "") -> str:
    """Return one table for each group of checks.

    Parameters
    ----------
    protocol
        What settings are those of; without it they are the checks' own.
    """
    parts: list[RenderableType] = [Text(visible(f"As {protocol} sets them"))] if protocol else []
    for group in dict.fromkeys(one.check.group for one in known):
        table = plain_table("code", "title", "a find is", "parameters")
        for one in known:
            if one.check.group is group:
                settings = ", ".join(f"{name} {shown(v)}" for name, v in one.settings.items())
                row = (one.check.code, one.check.title, severities_text(one), visible(settings))
                table.add_row(*row, style="" if one.applies else "dim")
        parts += section(str(group), [table])
    return print_to_text(parts, page)


def render_check(one: Listed, page: Page, protocol: str = "") -> str:
    """Return title, page and parameters of one check."""
    facts = [
        ("Check", f"{one.check.code}: {one.check.title}"),
        ("Group", str(one.check.group)),
        ("A find is", severities_text(one)),
        ("Source", one.check.source),
    ]
    if protocol:
        facts += [("Protocol", visible(protocol))]
        facts += [("Its note", visible(one.note))] if one.note else []
    parts: list[RenderableType] = [label_grid(facts), Text(), Text(one.check.page)]
    meanings = {p.name: p.meaning for p in one.check.parameters}
    settings = [
        (visible(f"{name} = {shown(v)}"), _meaning(one, name, meanings[name]))
        for name, v in one.settings.items()
    ]
    title = "Parameters of the protocol" if protocol else "Parameters a protocol may set"
    parts += section(title, [label_grid(settings)] if settings else [])
    return print_to_text(parts, page)


def severities_text(one: Listed) -> str:
    """Return what a find means, from least to most: ``minor or major``; or that it is not made."""
    if not one.applies:
        return "not made"
    return either(map(str, one.check.severities(one.severity)))


def either(words: Iterable[str]) -> str:
    """Return words of which one holds: ``info, minor or major``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _meaning(one: Listed, name: str, meaning: str) -> str:
    default = next(p.default for p in one.check.parameters if p.name == name)
    if one.settings[name] == default:
        return meaning
    return f"{meaning} The check's own: {shown(default)}."


def shown(value: object) -> str:
    """Return a parameter's value as a protocol file has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(shown(v) for v in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
