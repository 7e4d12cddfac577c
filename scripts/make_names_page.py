#!/usr/bin/env python3
"""Write docs/names.md: what becomes of names of structures as planners write them.

The names and what each means stand in docs/name_variants.toml. Each is tried as the only structure
of a plan beside one of no meaning; a page is made only where none is taken for a wrong structure.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sbrt_qa import load_protocol
from sbrt_qa.model.outcome import ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf
from sbrt_qa.protocol.matching import Matched, Matcher

ROOT = Path(__file__).resolve().parents[1]
VARIANTS = ROOT / "docs" / "name_variants.toml"
PAGE = ROOT / "docs" / "names.md"

OTHER = "other"
PART_OF = "part of "

INTRODUCTION = """# Names of structures

What becomes of names as planners write them, under `{protocol}`. `scripts/make_names_page.py` makes
this page from `docs/name_variants.toml`; `tests/protocol/test_name_bench.py` fails when a name is
taken for a structure that it does not mean, or when this page is not what the program does.

- **taken**: the name stands for the structure, by the rule that the report prints
- **part**: it stands for a part of the organ; a maximum that the part exceeds is exceeded,
  everything else is not evaluable
- **asked**: it may mean the structure; the limit is not evaluable until `--map` says so
- **not taken**: no structure goes by it; a limit on a structure that is missing is not evaluable,
  and a similar name is offered in the reason
- **wrong**: taken for another structure. There must be none.

Abbreviations of two or three letters are always asked. A number or a word like `new` behind the
name of an organ that is there too makes both ambiguous. Doses in names of targets are held against
the prescription ([checks](checks.md), `TARGET_NAME_DOSE`).

| language | names | taken | part | asked | not taken | wrong |
|---|---|---|---|---|---|---|
"""


class Told(NamedTuple):
    """One name: what it means, what was made of it, and by which rule or for which reason."""

    language: str
    means: str
    name: str
    outcome: str
    detail: str


def variants() -> Iterator[tuple[str, str, str]]:
    """Yield language, meaning and name."""
    with VARIANTS.open("rb") as file:
        listed = tomllib.load(file)
    for language, meanings in listed.items():
        for means, names in meanings.items():
            for name in names:
                yield language, means, name


def told(protocol: Protocol, language: str, means: str, name: str) -> Told:
    """Try one name as the only structure of a plan that means anything."""
    structures = structure_set(name, "unrelated")
    matcher = Matcher(protocol, structures, {})
    whole = means.removeprefix(PART_OF)
    found = {s.name: matcher.find(s.name) for s in protocol.structures}
    taken = {
        n: m.match for n, m in found.items()
        if isinstance(m, Matched) and m.tree == Leaf(structures.structures[0])
    }  # fmt: skip
    asked = [
        n for n, m in found.items()
        if not isinstance(m, Matched) and m.code is ReasonCode.STRUCTURE_AMBIGUOUS
    ]  # fmt: skip
    for other, match in taken.items():
        if other != whole or match.part is not means.startswith(PART_OF):
            return Told(language, means, name, "wrong", f"{other} by {match.rule}")
    if taken:
        outcome = "part" if taken[whole].part else "taken"
        return Told(language, means, name, outcome, str(taken[whole].rule))
    if asked:
        return Told(language, means, name, "asked", "may be " + " or ".join(asked))
    reason = found.get(whole)
    hint = "" if reason is None or isinstance(reason, Matched) else _hint(reason.detail)
    return Told(language, means, name, "not taken", hint)


def structure_set(*names: str) -> StructureSet:
    """Return structures of some names, numbered from 1, each a small square."""
    square = Contour(0.0, np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]))
    return StructureSet(tuple(Structure(i, n, (square,)) for i, n in enumerate(names, 1)))


def _hint(detail: str) -> str:
    return "offered" if "if it is" in detail else ""


def bench(protocol: Protocol | None = None) -> list[Told]:
    """Try all names."""
    protocol = protocol or load_protocol("liver_sbrt")
    return [told(protocol, *variant) for variant in variants()]


def page() -> str:
    """Return the page."""
    protocol = load_protocol("liver_sbrt")
    rows = bench(protocol)
    text = INTRODUCTION.format(protocol=f"{protocol.id} {protocol.version}")
    outcomes = ("taken", "part", "asked", "not taken", "wrong")
    languages = list(dict.fromkeys(row.language for row in rows))
    for language in [*languages, "all"]:
        of = [row for row in rows if language in (row.language, "all")]
        counts = " | ".join(str(sum(r.outcome == o for r in of)) for o in outcomes)
        text += f"| {language} | {len(of)} | {counts} |\n"
    for language in languages:
        text += f"\n## {language}\n\n| means | name | outcome | |\n|---|---|---|---|\n"
        for row in (r for r in rows if r.language == language):
            text += f"| {row.means} | `{row.name}` | {row.outcome} | {row.detail} |\n"
    return text


if __name__ == "__main__":
    wrong = [row for row in bench() if row.outcome == "wrong"]
    for row in wrong:
        print(f"{row.name!r} means {row.means}, taken for {row.detail}")
    if wrong:
        sys.exit(1)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(list(variants()))} names")
