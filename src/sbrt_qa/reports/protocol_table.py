"""A protocol for the terminal: what it is, its limits, its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.remnant import rule_text
from sbrt_qa.protocol.rules import LIVER_RULES
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.wording import bound_text, yes_or_no
from sbrt_qa.reports.compose.verdict_words import ALWAYS_MAJOR, minor_bound
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text, section

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol


def render_protocol(protocol: Protocol, page: Page) -> str:
    """Return title and statement, the limits by option, and the sources they cite."""
    words = Words(page.language)
    version = f"{protocol.id} {protocol.version}"
    facts = [
        (
            words(msg("Protocol")),
            words(msg("{protocol}, effective {date}"), protocol=version, date=protocol.effective),
        ),
        (words(msg("Title")), words.value(stated(protocol.title))),
        (words(msg("Prescriptions")), ", ".join(p.id for p in protocol.prescriptions)),
        ("sha256", protocol.content_hash),
    ]
    if protocol.liver_rule:
        rule_of_liver = words.value(stated(LIVER_RULES[protocol.liver_rule]))
        facts.append((words(msg("Rule for the liver")), f"{protocol.liver_rule}: {rule_of_liver}"))
    if (rule := protocol.remnant_rule) is not None:
        told = f"{rule.in_force}: {words.value(rule_text(rule))}"
        facts.append((words(msg("Remnant rule")), told))
    parts: list[RenderableType] = [
        _text(words.value(standing_of(protocol))), label_grid(facts), Text(),
        _text(words.value(stated(protocol.statement))),
    ]  # fmt: skip
    parts += section(words(msg("Targets")), [_limits(protocol.targets.limits, words)])
    parts += section(words(msg("Conformity")), [_conformity(protocol.conformity, words)])
    for option in protocol.options:
        title = words(msg("{option}, when {condition}"), option=option.id, condition=option.when)
        parts += section(visible(title), [_limits(option.constraints, words)])
    parts += section(
        words(msg("Plan checks")), [_checks(protocol, words)] if protocol.checks else []
    )
    cited = [(name, f"{s.citation} [{s.read_as}]") for name, s in protocol.sources.items()]
    parts += section(words(msg("Sources")), [label_grid(cited)])
    return print_to_text(parts, page)


def _limits(constraints: tuple[Constraint, ...], words: Words) -> Table:
    columns = (
        "id", "P", msg("structure"), msg("metric"), msg("limit"), msg("minor"), msg("applies when"),
        msg("source"),
    )  # fmt: skip
    table = plain_table(*map(words, columns))
    for c in constraints:
        table.add_row(
            _text(c.id), str(c.priority), _text(c.structure), _text(c.metric),
            _bound(c, words), _minor(c, words), _text(_when(c, words)),
            _text(", ".join(c.source)),
        )  # fmt: skip
    return table


def _bound(c: Constraint | ConformityLimit, words: Words) -> str:
    if c.per_protocol is None:
        return words(msg("report"))
    if c.metric.endswith("[bool]"):
        return words(yes_or_no(c.per_protocol))
    return bound_text(c.op, c.per_protocol)


def _minor(c: Constraint | ConformityLimit, words: Words) -> str:
    if c.minor is not None and c.minor == c.per_protocol:
        return words(ALWAYS_MAJOR)
    return minor_bound(c.per_protocol, c.minor, c.beyond, words)


def _when(c: Constraint, words: Words) -> str:
    """Return when a limit applies: its condition, the rule it belongs to, what must be exceeded."""
    asked = c.only_if
    told = (
        c.when,
        c.liver_rule,
        f"{asked.structure} {asked.metric} > {asked.above:g}" if asked else "",
        words(msg("if drawn")) if c.if_drawn else "",
    )
    return ", ".join(filter(None, told))


def _conformity(limits: tuple[ConformityLimit, ...], words: Words) -> Table:
    columns = (
        "id", "P", msg("metric"), msg("limit"), msg("minor"), msg("meaning"), msg("source"),
    )  # fmt: skip
    table = plain_table(*map(words, columns))
    for c in limits:
        bound = words(msg("by PTV volume")) if c.table else _bound(c, words)
        table.add_row(
            _text(c.id), str(c.priority), _text(c.metric), bound,
            _minor(c, words), _text(words.value(stated(c.meaning))),
            _text(", ".join(c.source)),
        )  # fmt: skip
    return table


def _checks(protocol: Protocol, words: Words) -> Table:
    columns = msg("check"), msg("a finding is"), msg("parameters"), msg("note")
    table = plain_table(*map(words, columns))
    for code, rule in protocol.checks.items():
        severity = words(rule.severity.replace("_", " ")) if rule.severity else ""
        said = severity or words(msg("as the check has it"))
        made = said if rule.applies else words(msg("not made"))
        settings = ", ".join(f"{name} {_shown(v)}" for name, v in rule.parameters.items())
        note = words.value(stated(rule.note)) if rule.note else ""
        table.add_row(_text(code), made, _text(settings), _text(note))
    return table


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _text(text: str) -> Text:
    return Text(visible(" ".join(text.split())))
