"""The plan sheet of a protocol: one page for sites, with limits, names, grid and what to export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.checks.run_checks import ChecksDone  # noqa: F401 - registers all checks
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted, stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.definition import PrescriptionLevel, Protocol
from sbrt_qa.protocol.goals import BY_VOLUME, Goal, goals_of, level_of
from sbrt_qa.protocol.needs import When
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.structure_def import StructureDef
from sbrt_qa.protocol.wording import OPERATORS, yes_or_no
from sbrt_qa.reports.compose.case_page import DISCLAIMER
from sbrt_qa.reports.compose.labels import LABELS
from sbrt_qa.reports.compose.organ_names import named
from sbrt_qa.reports.pdf.glyphs import breakable, printable
from sbrt_qa.reports.pdf.typeset import LAYOUT, typeset

MOST_ALIASES: Final = 3

TITLE: Final = msg("Plan sheet: {protocol} {version}")
PRESCRIPTIONS: Final = msg("Prescriptions")
EFFECTIVE: Final = msg("In force from")
STRUCTURE: Final = msg("Name to use")
NEEDED: Final = msg("Draw it")
ALWAYS: Final = msg("always")
NEAR: Final = msg("within {mm} mm of a target")
NEAR_ANY: Final = msg("near a target")
IF_THERE: Final = msg("if present")
ALSO: Final = msg("also {names}")
READING: Final = msg(
    "How to read it: \u2264 33 (35) is per protocol up to 33 and minor up to 35. What is beyond is "
    "a major deviation; a minor one after *; information only after \u2020. Without a number: "
    "reported. Doses in Gy, per cent of dose are of the prescription, volumes in cc or per cent of "
    "the structure."
)
BY_SIZE: Final = msg("by target volume")
GRID: Final = msg("Grid and images")
GRID_SPACING: Final = msg("Dose grid: {good} mm or finer in x, y and z; up to {minor} mm is minor.")
IMAGE_SPACING: Final = msg("CT slices: {good} mm or thinner; up to {minor} mm is minor.")
GRID_MARGIN: Final = msg("The dose grid holds every structure and {mm} mm around the targets.")
EXPORT: Final = msg("What to export")
EXPORTED: Final = (
    msg("RTPLAN of the approved plan, with its prescription and number of fractions."),
    msg("RTDOSE of the whole plan: physical dose in Gy, summed over all beams and fractions."),
    msg("RTSTRUCT with every structure above, on the planning CT, which goes with it."),
    msg("All four as they leave the planning system, referring to each other."),
)
COMBINED: Final = msg("Names joined by a minus are made in review; sites need not draw them.")


def plan_sheet(protocol: Protocol, words: Words, prescription: str = "") -> bytes:
    """Return the plan sheet as a tagged PDF of one page.

    Parameters
    ----------
    prescription
        Level of the protocol; the limits of all levels, side by side, unless given.

    Raises
    ------
    UsageError
        The protocol has no such prescription.
    """
    data = sheet_data(protocol, words, level_of(protocol, prescription))
    layout = (LAYOUT / "plan_sheet.typ").read_text(encoding="utf-8")
    return typeset({"main.typ": layout, "plan_sheet.json": json.dumps(_shown(data))})


def sheet_data(protocol: Protocol, words: Words, level: PrescriptionLevel | None) -> dict[str, Any]:
    """Return everything on the sheet as plain data, in one language."""
    goals = goals_of(protocol, level)
    columns = _columns(protocol, goals)
    rows = [
        [*_name(protocol, name, words), *(_cell(of, words) for of in by_column)]
        for name, by_column in _by_structure(goals, columns).items()
    ]
    levels = [level] if level else protocol.prescriptions
    known = ", ".join(one.id for one in levels)
    title = words(TITLE, protocol=visible(protocol.id), version=visible(protocol.version))
    return {
        "language": words.language,
        "title": title,
        "standing": words.sentence(standing_of(protocol)),
        "subtitle": words.value(stated(protocol.title)),
        "facts": [
            {"label": words(label), "text": text}
            for label, text in ((PRESCRIPTIONS, known), (EFFECTIVE, protocol.effective.isoformat()))
            if text
        ],
        "heads": [words(STRUCTURE), words(NEEDED), *(_head(one, words) for one in columns)],
        "rows": rows,
        "reading": words(READING),
        "blocks": [
            {"title": words(GRID), "lines": list(_grid_lines(protocol, words))},
            {"title": words(EXPORT), "lines": [words(line) for line in (*EXPORTED, COMBINED)]},
        ],
        "foot": f"{words(DISCLAIMER)} sha256 {protocol.content_hash[:16]}",
    }


def _shown(value: Any, name: str = "") -> Any:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, dict):
        return {key: _shown(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_shown(part, name) for part in value]
    return breakable(printable(value)) if isinstance(value, str) and name != "language" else value


def _columns(protocol: Protocol, goals: tuple[Goal, ...]) -> tuple[str, ...]:
    """Return the conditions of the protocol's options that any of the limits is under."""
    used = [o.when for o in protocol.options if any(_option(g, o.when) for g in goals)]
    return tuple(used) or ("",)


def _option(goal: Goal, when: str) -> bool:
    return goal.when == when or goal.when.startswith(f"{when}, ")


def _head(when: str, words: Words) -> str:
    """Return the head of a column: ``5 fractions``, another condition as the file has it."""
    number = when.removeprefix("fractions == ")
    if number.isdigit() and number.isascii():
        return words.value(counted(int(number), "fraction"))
    return visible(when) or words(LABELS["limits"])


def _by_structure(
    goals: tuple[Goal, ...], columns: tuple[str, ...]
) -> Mapping[str, list[list[Goal]]]:
    """Return the limits of each structure by column; those of no column stand in all."""
    found: dict[str, list[list[Goal]]] = {}
    for goal in goals:
        cells = found.setdefault(goal.structure, [[] for _ in columns])
        own = [i for i, when in enumerate(columns) if when and _option(goal, when)]
        for i in own or range(len(columns)):
            cells[i].append(goal)
    return found


def _name(protocol: Protocol, name: str, words: Words) -> tuple[str, str]:
    """Return a structure's name, and when to draw it with what else it may be called."""
    known = next((s for s in protocol.structures if s.name == name), None)
    shown = named(name, words)
    if known is None:
        return shown, ""
    need = _need(known, words)
    others = [n for n in known.aliases.get(words.language, ()) if n != name]
    also = words(ALSO, names=", ".join(map(visible, others[:MOST_ALIASES]))) if others else ""
    return shown, "; ".join(filter(None, (need, also)))


def _need(structure: StructureDef, words: Words) -> str:
    need = structure.need
    if need.when is When.ALWAYS:
        return words(ALWAYS)
    if need.when is When.OPTIONAL:
        return words(IF_THERE)
    return words(NEAR_ANY) if need.within_mm is None else words(NEAR, mm=f"{need.within_mm:g}")


def _cell(goals: list[Goal], words: Words) -> str:
    return " \u00b7 ".join(_limit(goal, words) for goal in goals)


def _limit(goal: Goal, words: Words) -> str:
    metric = goal.metric.replace("[Gy]", "").replace("[1]", "").replace("[bool]", "")
    if goal.hindrance == BY_VOLUME:
        return visible(f"{metric} {words(BY_SIZE)}")
    if goal.per_protocol is None:
        return visible(metric)
    per_protocol, minor = goal.bounds
    band = "" if minor is None else f" ({minor:g})"
    star = "*" if goal.beyond == "minor" or goal.priority == 3 else ""
    part = _condition(goal)
    if goal.metric.endswith("[bool]") and per_protocol is not None:
        return visible(f"{metric}: {words(yes_or_no(per_protocol))}{star}{part}")
    bound = f"{OPERATORS.get(goal.op, goal.op)}\u00a0{per_protocol:g}{band}{star}"
    return visible(f"{metric} {bound}{part}")


def _condition(goal: Goal) -> str:
    """Return what else a limit depends on: a prescription, another metric; empty for nothing."""
    known = ("fractions ==", "the structure is drawn")
    parts = [p for p in goal.when.split(", ") if p and not p.startswith(known)]
    short = [p.replace("prescription_gy == ", "") for p in parts]
    units = [f"{p} Gy" if p.replace(".", "").isdigit() else p for p in short]
    return f" [{', '.join(units)}]" if units else ""


def _grid_lines(protocol: Protocol, words: Words) -> Iterator[str]:
    """Yield what the plan checks of grid and image will ask, as the protocol sets them."""
    for code, text in (("DOSE_GRID_SPACING", GRID_SPACING), ("IMAGE_SPACING", IMAGE_SPACING)):
        asked = _asked(protocol, code)
        if asked:
            good, minor = (f"{asked[key]:g}" for key in ("per_protocol_mm", "minor_mm"))
            yield words(text, good=good, minor=minor)
    if asked := _asked(protocol, "DOSE_GRID_MARGIN"):
        yield words(GRID_MARGIN, mm=f"{asked['margin_mm']:g}")


def _asked(protocol: Protocol, code: str) -> dict[str, Any]:
    """Return the parameters of a check as a protocol sets them; nothing where it is not made."""
    rule = protocol.checks.get(code)
    if rule is not None and not rule.applies:
        return {}
    usual = {p.name: p.default for p in CHECKS[code].parameters}
    return usual | (dict(rule.parameters) if rule else {})
