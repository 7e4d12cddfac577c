"""Which structures of a plan go by a name of the protocol.

A structure goes by the TG-263 name as it is, by the same name folded, by an alias of any language,
or, a target, by its name with a number or a dose. Where several do, all are returned: which is
meant is not for this module to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.schema import Protocol, StructureDef

EXACT: Final = "exact name"
FOLDED: Final = "same name, spelled differently"
TARGET: Final = "target name with a number or dose"

_AFTER_PREFIX: Final = re.compile(
    r"!?(?:p|sb)?\d{0,2}(?:_liver)?(?:_(?:high|mid\d{0,2}|low))?"
    r"(?:_?(?:\d{4}(?:cgy)?|\d{1,2}(?:[.p]\d{1,2})?gy|(?<=_)\d{2})(?:x\d{1,2})?(?:/\d{1,2}f?)?)?"
)
"""TG-263 target names after GTV, CTV, ITV or PTV: primary or surgical bed, number, liver, level,
dose in cGy or Gy with fractions. A crop (``-03``) or free text (``^``) makes it another structure.
"""


@dataclass(frozen=True, slots=True)
class Named:
    """A structure that goes by a name, and by which rule."""

    structure: Structure
    rule: str


class NameBook:
    """The names of a protocol, folded once and asked often."""

    def __init__(self, protocol: Protocol) -> None:
        self._unclear = {folded(name) for name in protocol.unclear_names}
        self._definitions = {s.name: s for s in protocol.structures}
        self._aliases = {s.name: self._clear_aliases(s) for s in protocol.structures}

    def same(self, name: str, structures: Sequence[Structure]) -> tuple[Named, ...]:
        """Return the structures of exactly this name; where there are none, of the same folded."""
        key = folded(name)
        exact = tuple(Named(s, EXACT) for s in structures if s.name == name)
        return exact or tuple(Named(s, FOLDED) for s in structures if folded(s.name) == key)

    def other(self, name: str, structures: Sequence[Structure]) -> tuple[Named, ...]:
        """Return the structures that go by an alias, or by a target name with number or dose."""
        aliases = self._aliases[name]
        is_target = self._definitions[name].kind == "target"
        found = []
        for s in structures:
            if rule := aliases.get(folded(s.name)):
                found.append(Named(s, rule))
            elif is_target and is_target_name(s.name, name):
                found.append(Named(s, TARGET))
        return tuple(found)

    def unclear(self, name: str, structures: Iterable[Structure]) -> tuple[Structure, ...]:
        """Return the structures whose name may mean this structure, among other things."""
        names = {folded(a) for a in _aliases(self._definitions[name])} & self._unclear
        return tuple(s for s in structures if folded(s.name) in names)

    def hyphenated(self, name: str, structures: Iterable[Structure]) -> tuple[Structure, ...]:
        """Return the structures that would go by this name if a hyphen meant nothing."""
        names = {folded(name), *self._aliases[name]}
        return tuple(
            s
            for s in structures
            if "-" in s.name and folded(s.name) not in names and folded(_joined(s.name)) in names
        )

    def _clear_aliases(self, definition: StructureDef) -> dict[str, str]:
        """Return the rule by folded alias."""
        part = {folded(name) for name in definition.partial}
        rules: dict[str, str] = {}
        for language, names in definition.aliases.items():
            for key in map(folded, names):
                suffix = ", a part only" if key in part else ""
                rules.setdefault(key, f"alias ({language}){suffix}")
        return {key: rule for key, rule in rules.items() if key not in self._unclear}


@lru_cache(maxsize=4096)
def is_target_name(text: str, prefix: str) -> bool:
    """Tell whether a name is a target prefix with a number or dose in TG-263 order."""
    plain = "_".join(unicodedata.normalize("NFKC", text).casefold().split())
    start = prefix.casefold()
    return plain.startswith(start) and _AFTER_PREFIX.fullmatch(plain[len(start) :]) is not None


def _aliases(definition: StructureDef) -> Iterable[str]:
    return (name for names in definition.aliases.values() for name in names)


def _joined(name: str) -> str:
    return name.replace("-", "")
