"""A protocol for the terminal: what it is, its limits, its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words
from sbrt_qa.protocol.remnant import rule_text
from sbrt_qa.protocol.rules import LIVER_RULES
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.wording import bound_text
from sbrt_qa.reports.compose.verdict_words import minor_bound
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text, section

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol

ENGLISH = Words()


def render_protocol(protocol: Protocol, page: Page) -> str:
    """Return title and statement, the limits by option, and the sources they cite."""
    facts = [
        ("Protocol", f"{protocol.id} {protocol.version}, effective {protocol.effective}"),
        ("Title", protocol.title),
        ("Prescriptions", ", ".join(p.id for p in protocol.prescriptions)),
        ("sha256", protocol.content_hash),
    ]
    if protocol.liver_rule:
        rule_of_liver = f"{protocol.liver_rule}: {LIVER_RULES[protocol.liver_rule]}"
        facts.append(("Rule for the liver", rule_of_liver))
    if (rule := protocol.remnant_rule) is not None:
        facts.append(("Remnant rule", f"{rule.in_force}: {rule_text(rule)}"))
    parts: list[RenderableType] = [
        _text(standing_of(protocol)), label_grid(facts), Text(), _text(protocol.statement),
    ]  # fmt: skip
    parts += section("Targets", [_limits(protocol.targets.limits)])
    parts += section("Conformity", [_conformity(protocol.conformity)])
    for option in protocol.options:
        parts += section(visible(f"{option.id}, when {option.when}"), [_limits(option.constraints)])
    parts += section("Plan checks", [_checks(protocol)] if protocol.checks else [])
    cited = [(name, f"{s.citation} [{s.read_as}]") for name, s in protocol.sources.items()]
    parts += section("Sources", [label_grid(cited)])
    return print_to_text(parts, page)


def _limits(constraints: tuple[Constraint, ...]) -> Table:
    table = plain_table("id", "P", "structure", "metric", "limit", "minor", "when", "source")
    for c in constraints:
        table.add_row(
            _text(c.id), str(c.priority), _text(c.structure), _text(c.metric),
            bound_text(c.op, c.per_protocol), _minor(c), _text(_when(c)),
            _text(", ".join(c.source)),
        )  # fmt: skip
    return table


def _minor(c: Constraint | ConformityLimit) -> str:
    return minor_bound(c.per_protocol, c.minor, c.beyond, ENGLISH)


def _when(c: Constraint) -> str:
    """Return when a limit applies: its condition, the rule it belongs to, what must be exceeded."""
    asked = c.only_if
    told = (
        c.when,
        c.liver_rule,
        f"{asked.structure} {asked.metric} > {asked.above:g}" if asked else "",
        "if drawn" if c.if_drawn else "",
    )
    return ", ".join(filter(None, told))


def _conformity(limits: tuple[ConformityLimit, ...]) -> Table:
    table = plain_table("id", "P", "metric", "limit", "minor", "meaning", "source")
    for c in limits:
        bound = "by PTV volume" if c.table else bound_text(c.op, c.per_protocol)
        table.add_row(
            _text(c.id), str(c.priority), _text(c.metric), bound,
            _minor(c), _text(c.meaning),
            _text(", ".join(c.source)),
        )  # fmt: skip
    return table


def _checks(protocol: Protocol) -> Table:
    table = plain_table("check", "a find is", "parameters", "note")
    for code, rule in protocol.checks.items():
        said = rule.severity or "as the check has it"
        settings = ", ".join(f"{name} {_shown(v)}" for name, v in rule.parameters.items())
        table.add_row(
            _text(code), said if rule.applies else "not made", _text(settings), _text(rule.note)
        )
    return table


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _text(text: str) -> Text:
    return Text(visible(" ".join(text.split())))
