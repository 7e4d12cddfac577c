"""What a person chooses before a review: the protocol, and names that the program cannot know."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sbrt_qa.model.structure import Structure
from sbrt_qa.pipeline import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.protocol_loading import protocol_family, protocols
from sbrt_qa.protocol.structure_names import NameBook


@dataclass(frozen=True, slots=True)
class ProtocolOffered:
    """One protocol of the library, in its version that holds last."""

    name: str
    title: str
    version: str
    structures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameRow:
    """One structure of a protocol, and which of a plan's go by its name; none where unmatched."""

    name: str
    found: tuple[str, ...]


@functools.cache
def offered() -> tuple[ProtocolOffered, ...]:
    """Return the protocols of the library, the usual one first."""
    ids = dict.fromkeys(one.id for one in protocols())
    found = []
    for name in ids:
        latest = protocol_family(name).latest
        names = tuple(s.name for s in latest.structures)
        found.append(ProtocolOffered(name, latest.title, latest.version, names))
    return tuple(sorted(found, key=lambda one: (one.name != DEFAULT_PROTOCOL, one.name)))


@functools.cache
def _book(protocol: str) -> NameBook:
    return NameBook(protocol_family(protocol).latest)


def name_rows(protocol: ProtocolOffered, names: Sequence[str]) -> tuple[NameRow, ...]:
    """Return for each structure of a protocol which names of a plan go by it, by the names alone.

    It is an offer: the review decides with contours and doses, and says what it took.
    """
    structures = [Structure(number, name, ()) for number, name in enumerate(names, 1)]
    book, rows = _book(protocol.name), []
    for name in protocol.structures:
        same = book.same(name, structures) or book.other(name, structures)
        rows.append(NameRow(name, tuple(dict.fromkeys(one.structure.name for one in same))))
    return tuple(rows)


def given_mapping(
    fields: Mapping[str, tuple[str, ...]], protocol: ProtocolOffered, names: Sequence[str]
) -> dict[str, str]:
    """Return the names that a form gives: of the plan's, to the protocol's; no others."""
    known, found = set(names), {}
    for number, name in enumerate(protocol.structures):
        chosen = fields.get(f"map.{number}", ("",))[-1]
        if chosen in known:
            found[chosen] = name
    return found
