"""Open decisions of a protocol for the trial group: as a table, JSON or a page in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.unread import UnreadNumber, unread_numbers
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text, section

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.open_decision import OpenDecision

IN_FORCE = msg("in force")
UNREAD = msg("Numbers that nobody read in the publication")


def decisions_table(protocol: Protocol, page: Page) -> str:
    """Return every decision with its choices, and every number that was not read."""
    words = Words(page.language)
    version = f"{protocol.id} {protocol.version}"
    head = words(msg("Open decisions of {protocol}"), protocol=version)
    columns = msg("choice"), msg("what it means"), msg("source")
    parts: list[RenderableType] = [
        Text(words.value(standing_of(protocol))),
        Text(visible(head), "bold"),
    ]
    for number, one in enumerate(protocol.decisions, 1):
        table = plain_table("", *map(words, columns))
        for choice in one.choices:
            mark = f"> {words(IN_FORCE)}" if choice.id == one.in_force else ""
            told = words.value(stated(choice.text))
            cells = (mark, choice.id, told, ", ".join(choice.source))
            table.add_row(*map(_text, cells))
        lines: list[RenderableType] = [_text(words.value(stated(one.why)))] if one.why else []
        lines += (
            [table, _text(f"{words(msg('Limits'))}: {', '.join(one.limits)}")]
            if one.limits
            else [table]
        )
        parts += section(
            visible(f"{number}. {words.value(stated(one.question))} ({one.id})"), lines
        )
    parts += section(words(UNREAD), [_unread(unread_numbers(protocol), words)])
    cited = [(name, f"{s.citation} [{s.read_as}]") for name, s in protocol.sources.items()]
    parts += section(words(msg("Sources")), [label_grid(cited)])
    return print_to_text(parts, page)


def decisions_json(protocol: Protocol) -> str:
    """Return the same as one JSON object."""
    data = {
        "draft": not protocol.approved_by,
        "standing": str(standing_of(protocol)),
        "protocol": protocol.id,
        "version": protocol.version,
        "decisions": [_decision(one) for one in protocol.decisions],
        "unread": [asdict(one) for one in unread_numbers(protocol)],
        "sources": {name: s.model_dump(mode="json") for name, s in protocol.sources.items()},
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def decisions_page(protocol: Protocol) -> str:
    """Return the same as a page in Markdown."""
    return "\n".join(_page(protocol)) + "\n"


def _decision(one: OpenDecision) -> dict[str, Any]:
    choices = [c.model_dump(mode="json") | {IN_FORCE.replace(" ", "_"): c.id == one.in_force}
               for c in one.choices]  # fmt: skip
    return one.model_dump(mode="json") | {"choices": choices}


def _page(protocol: Protocol) -> Iterator[str]:
    yield f"**{standing_of(protocol)}**"
    yield ""
    yield f"# Open decisions of {protocol.id} {protocol.version}"
    yield ""
    yield (
        "What the trial group decides before it approves the protocol, the choices there are, and "
        "what is in force until then. A change of a choice is a change of the protocol file."
    )
    for number, one in enumerate(protocol.decisions, 1):
        yield from ("", f"## {number}. {one.question}", "")
        if one.why:
            why = _line(one.why)
            yield f"{why[0].upper()}{why[1:]}."
            yield ""
        yield "| | choice | what it means | source |"
        yield "|---|---|---|---|"
        for c in one.choices:
            mark = f"**{IN_FORCE}**" if c.id == one.in_force else ""
            yield f"| {mark} | `{c.id}` | {_cell(c.text)} | {', '.join(c.source)} |"
        if one.limits:
            yield from ("", f"Limits: {', '.join(f'`{name}`' for name in one.limits)}")
    unread = unread_numbers(protocol)
    yield from ("", f"## {UNREAD}", "")
    yield f"{len(unread)} bounds. Whoever reads one in the paper sets its `confidence` to `read`."
    yield from ("", "| limit | structure, metric | bound | number | source | place | how sure |")
    yield "|---|---|---|---|---|---|---|"
    for n in unread:
        told = (n.limit, f"{n.structure} {n.metric}", n.bound, _number(n), n.source, n.place)
        yield "| " + " | ".join(map(_cell, (*told, n.confidence))) + " |"
    yield from ("", "## Sources", "", "| | publication | how it was read |", "|---|---|---|")
    for name, source in protocol.sources.items():
        yield f"| {name} | {_cell(source.citation)} | {_cell(source.read_as)} |"


def _unread(numbers: tuple[UnreadNumber, ...], words: Words) -> RenderableType:
    columns = (
        msg("limit"), msg("structure, metric"), msg("bound"), msg("number"), msg("source"),
        msg("how sure"),
    )  # fmt: skip
    table = plain_table(*map(words, columns))
    for n in numbers:
        told = (n.limit, f"{n.structure} {n.metric}", n.bound, _number(n))
        source = f"{n.source}: {n.place}" if n.place else n.source
        table.add_row(*map(_text, (*told, source, n.confidence)))
    return table


def _number(n: UnreadNumber) -> str:
    return "by volume" if n.value is None else f"{n.value:g}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _text(text: str) -> Text:
    return Text(visible(text))
