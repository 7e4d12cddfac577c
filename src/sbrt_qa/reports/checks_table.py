"""The plan checks for the terminal: all in a table, or the page of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text, section

if TYPE_CHECKING:
    from sbrt_qa.checks.run_checks import Listed

ENGLISH = Words()


def render_checks(known: Sequence[Listed], page: Page, protocol: str = "") -> str:
    """Return one table for each group of checks.

    Parameters
    ----------
    protocol
        What settings are those of; without it they are the checks' own.
    """
    words = Words(page.language)
    head = words(msg("As {protocol} sets them"), protocol=visible(protocol))
    parts: list[RenderableType] = [Text(head)] if protocol else []
    columns = msg("code"), msg("title"), msg("a finding is"), msg("parameters")
    for group in dict.fromkeys(one.check.group for one in known):
        table = plain_table(*map(words, columns))
        for one in known:
            if one.check.group is group:
                settings = ", ".join(f"{name} {shown(v)}" for name, v in one.settings.items())
                title, found = words(one.check.title), severities_text(one, words)
                row = (one.check.code, title, found, visible(settings))
                table.add_row(*row, style="" if one.applies else "dim")
        parts += section(words(str(group)), [table])
    return print_to_text(parts, page)


def render_check(one: Listed, page: Page, protocol: str = "") -> str:
    """Return title, page and parameters of one check."""
    words = Words(page.language)
    facts = [
        (words(msg("Check")), f"{one.check.code}: {words(one.check.title)}"),
        (words(msg("Group")), words(str(one.check.group))),
        (words(msg("A finding is")), severities_text(one, words)),
        (words(msg("Source")), words(one.check.source)),
    ]
    if protocol:
        facts += [(words(msg("Protocol")), visible(protocol))]
        facts += [(words(msg("Its note")), words.value(stated(one.note)))] if one.note else []
    parts: list[RenderableType] = [label_grid(facts), Text(), Text(words(one.check.page))]
    meanings = {p.name: p.meaning for p in one.check.parameters}
    settings = [
        (visible(f"{name} = {shown(v)}"), _meaning(one, name, words(meanings[name]), words))
        for name, v in one.settings.items()
    ]
    own, set_ = msg("Parameters a protocol may set"), msg("Parameters of the protocol")
    parts += section(words(set_ if protocol else own), [label_grid(settings)] if settings else [])
    return print_to_text(parts, page)


def severities_text(one: Listed, words: Words = ENGLISH) -> str:
    """Return what a finding means, from least to most: ``minor or major``; or ``not made``."""
    if not one.applies:
        return words(msg("not made"))
    each = map(str, one.check.severities(one.severity))
    return either((words(level.replace("_", " ")) for level in each), words)


def either(names: Iterable[str], words: Words = ENGLISH) -> str:
    """Return names of which one holds: ``info, minor or major``."""
    *first, last = names
    if not first:
        return last
    return words(msg("{first} or {last}"), first=", ".join(first), last=last)


def _meaning(one: Listed, name: str, meaning: str, words: Words) -> str:
    default = next(p.default for p in one.check.parameters if p.name == name)
    if one.settings[name] == default:
        return meaning
    own = words(msg("The check's own: {value}."), value=shown(default))
    return f"{meaning} {own}"


def shown(value: object) -> str:
    """Return a parameter's value as a protocol file has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(shown(v) for v in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
