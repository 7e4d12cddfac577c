"""Which structures of a plan go by a name of the protocol.

A structure goes by the TG-263 name as it is, by the same name folded, by an alias of any language,
or, a target, by its name with a number or a dose. Where several do, all are returned: which is
meant is not for this module to say. An alias of two or three Latin letters (SB, LB, CBT) means
something else in the next department, so that it never matches by itself; and a second structure
of the same name with a number or a word like ``new`` (`sbrt_qa.protocol.twins`) leaves open which
of the two is meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.folding import as_it_looks, folded
from sbrt_qa.protocol.structure_def import StructureDef
from sbrt_qa.protocol.twins import is_version_of

EXACT: Final = say("exact name")
FOLDED: Final = say("same name, spelled differently")
TARGET: Final = say("target name with a number or dose")

_AFTER_PREFIX: Final = re.compile(
    r"!?(?:p|sb)?\d{0,2}(?:_liver)?(?:_(?:high|mid\d{0,2}|low))?"
    r"(?:_?(?:\d{4}(?:_?cgy)?|\d{1,2}(?:[.p]\d{1,2})?_?gy|(?<=_)\d{2})(?:x\d{1,2})?(?:/\d{1,2}f?)?)?"
)
"""TG-263 target names after GTV, CTV, ITV or PTV: primary or surgical bed, number, liver, level,
dose in cGy or Gy with fractions. A crop (``-03``) or free text (``^``) makes it another structure.
"""


_ABBREVIATION: Final = re.compile(r"[a-z]{1,3}(?:\d+(?:mm|cm)?)?")

MIN_BEGINNING: Final = 4
"""Shortest alias that counts as a beginning when names are merely similar."""


@dataclass(frozen=True, slots=True)
class Named:
    """A structure that goes by a name, and by which rule.

    `part` tells that the protocol has the name as that of a part of the organ only.
    """

    structure: Structure
    rule: str
    part: bool = False


class NameBook:
    """The names of a protocol, folded once and asked often."""

    def __init__(self, protocol: Protocol) -> None:
        self._unclear = {folded(name) for name in protocol.unclear_names}
        self._unclear |= {
            folded(a) for s in protocol.structures for a in _aliases(s) if is_abbreviation(a)
        }
        self._definitions = {s.name: s for s in protocol.structures}
        self._aliases = {s.name: self._clear_aliases(s) for s in protocol.structures}
        self._all = {folded(name) for s in protocol.structures for name in (s.name, *_aliases(s))}

    def same(self, name: str, structures: Sequence[Structure]) -> tuple[Named, ...]:
        """Return the structures of exactly this name; where there are none, of the same folded."""
        key = folded(name)
        exact = tuple(Named(s, EXACT) for s in structures if s.name == name)
        return exact or tuple(Named(s, FOLDED) for s in structures if folded(s.name) == key)

    def other(self, name: str, structures: Sequence[Structure]) -> tuple[Named, ...]:
        """Return the structures that go by an alias, or by a target name with number or dose.

        Beside one such target, others with a number (``PTV2 boost``) are candidates as well.
        """
        aliases = self._aliases[name]
        is_target = self._definitions[name].kind == "target"
        found, numbered = [], []
        for s in structures:
            if named := aliases.get(folded(s.name)):
                rule, part = named
                found.append(Named(s, rule, part))
            elif is_target and is_target_name(s.name, name):
                found.append(Named(s, TARGET))
            elif is_target and _is_numbered(s.name, name):
                numbered.append(Named(s, TARGET))
        return tuple(found + numbered) if found else ()

    def unclear(self, name: str, structures: Iterable[Structure]) -> tuple[Structure, ...]:
        """Return the structures whose name may mean this structure, among other things.

        For a target those are also all whose name begins like it: with a ``GTV_preop`` in the
        plan nobody can say that there is no GTV.
        """
        names = {folded(a) for a in _aliases(self._definitions[name])} & self._unclear
        begin = folded(name) if self._definitions[name].kind == "target" else None
        return tuple(
            s for s in structures if folded(s.name) in names or (begin and _begins(s.name, begin))
        )

    def twins(
        self, name: str, taken: Structure, structures: Iterable[Structure]
    ) -> tuple[Structure, ...]:
        """Return the structures of which nobody can say why the one taken is meant and not they.

        They are called like it, or like the organ by any of its names, with a number or a word of
        another version (``Stomach2``, ``Liver_new``, ``LIVER`` beside ``Liver``). Of targets there
        may be several: each is judged, so that none is another's twin.
        """
        if self._definitions[name].kind == "target":
            return ()
        names = {folded(taken.name), folded(name)}
        names |= {key for key in self._aliases[name] if len(key) >= MIN_BEGINNING}
        others = self._all - names
        return tuple(
            s
            for s in structures
            if s is not taken
            and folded(s.name) not in others
            and (folded(s.name) == folded(taken.name) or is_version_of(folded(s.name), names))
        )

    def similar(self, name: str, structures: Iterable[Structure]) -> tuple[Structure, ...]:
        """Return the structures that a reader might take for this one: for hints, never to match.

        They would go by the name if a hyphen meant nothing, or begin with it, or look like it.
        """
        names = {folded(name), *(a for a in self._aliases[name] if len(a) >= MIN_BEGINNING)}
        return tuple(
            s
            for s in structures
            if folded(s.name) not in self._all
            and (
                folded(_joined(s.name)) in names
                or folded(as_it_looks(s.name)) in names
                or any(_begins(s.name, n) for n in names)
            )
        )

    def _clear_aliases(self, definition: StructureDef) -> dict[str, tuple[str, bool]]:
        """Return the rule by folded alias, and whether it names a part only."""
        part = {folded(name) for name in definition.partial}
        rules: dict[str, tuple[str, bool]] = {}
        for language, names in definition.aliases.items():
            for key in map(folded, names):
                rule = say("alias ({0})", language)
                if key in part:
                    rule = say("alias ({0}), a part only", language)
                rules.setdefault(key, (rule, key in part))
        return {key: rule for key, rule in rules.items() if key not in self._unclear}


def is_abbreviation(name: str) -> bool:
    """Tell whether a name is two or three Latin letters, alone or with a number: CW, SB2, CW3cm."""
    return _ABBREVIATION.fullmatch(folded(name)) is not None


@lru_cache(maxsize=4096)
def is_target_name(text: str, prefix: str) -> bool:
    """Tell whether a name is a target prefix with a number or dose in TG-263 order."""
    plain = "_".join(unicodedata.normalize("NFKC", text).casefold().split())
    start = prefix.casefold()
    return plain.startswith(start) and _AFTER_PREFIX.fullmatch(plain[len(start) :]) is not None


def _is_numbered(text: str, prefix: str) -> bool:
    key, begin = folded(text), folded(prefix)
    return _begins(text, begin) and key[len(begin) : len(begin) + 1].isdigit()


def _begins(text: str, begin: str) -> bool:
    """Tell whether a name begins like another and neither adds to nor subtracts from it."""
    key = folded(text)
    return key.startswith(begin) and "-" not in key and "+" not in key


def _aliases(definition: StructureDef) -> Iterable[str]:
    return (name for names in definition.aliases.values() for name in names)


def _joined(name: str) -> str:
    return name.replace("-", "")
