"""Plain values of a YAML document through the parser of libyaml, fifty times as fast as ruamel's.

libyaml knows YAML 1.1. Where that could read something else than YAML 1.2, in which protocol files
are written, and where anything is odd or wrong, nothing is answered here: who asks reads the file
slowly then, and words the error. A test holds both readers equal on thousands of spoiled files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias, TypeVar

MAX_DEPTH: Final = 20
"""Deepest nesting that is read."""

T = TypeVar("T")

Meaning: TypeAlias = Callable[[str], object]
"""Gives the value of a word without quotes."""

_UNUSUAL: Final = re.compile(
    r"[^\n\x20-\x7e\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff]"  # tabs, other ends of lines
    r"|^(?:%|---|\.\.\.)"  # directives, several documents
    r"|\\[^n\"\\]"  # escapes, of which 1.2 knows another one
    r"|[|>][-+0-9]*#"  # no comment, at the head of a block
    r"|[\"']:(?=\S)",  # a key in quotes with its value right behind it
    re.MULTILINE,
)
"""What the two versions of YAML could read in two ways."""


class Doubtful(Exception):  # noqa: N818 - no error: another is to answer
    """The document is not read here."""


def plain_values(text: str, meaning: Meaning) -> object:
    """Return the value of the only document of a text: dicts, lists, text and what words mean.

    Raises
    ------
    Doubtful
        It has to be read slowly, or cannot be read at all.
    """
    return _read(text, lambda values: values.document(), meaning)


def top_values(text: str, keys: Collection[str], meaning: Meaning) -> dict[str, object]:
    """Return the values of some keys at the top, reading no further than the last of them.

    Raises
    ------
    Doubtful
        As :func:`plain_values`, or a key is missing.
    """
    return _read(text, lambda values: values.top(frozenset(keys)), meaning)


def _read(text: str, take: Callable[[_Values], T], meaning: Meaning) -> T:
    if _UNUSUAL.search(text):
        raise Doubtful
    try:
        from yaml import YAMLError
        from yaml.cyaml import CParser
    except ImportError:  # absent, or built without libyaml
        raise Doubtful from None
    parser = CParser(text)
    try:
        return take(_Values(parser.get_event, meaning))
    except (YAMLError, RecursionError) as error:
        raise Doubtful from error
    finally:
        parser.dispose()


class _Values:
    """Values from the events of one document, in their order."""

    def __init__(self, following: Callable[[], Any], meaning: Meaning) -> None:
        self._following = following
        self._meaning = meaning

    def document(self) -> object:
        """Return the value of the whole, of which there is one."""
        start = self._begun()
        if type(start).__name__ == "ScalarEvent":  # a block at the margin ends in two ways
            raise Doubtful
        value = self._value(start, 0)
        for kind in ("DocumentEndEvent", "StreamEndEvent"):
            _expect(self._following(), kind)
        return value

    def top(self, keys: frozenset[str]) -> dict[str, object]:
        """Return the values of some keys of a mapping."""
        _expect(self._begun(), "MappingStartEvent")
        found: dict[str, object] = {}
        while len(found) < len(keys):
            key = _word(self._following())
            value = self._value(self._following(), 1)
            if key in keys:
                found[key] = value
        return found

    def _begun(self) -> Any:  # noqa: ANN401
        for kind in ("StreamStartEvent", "DocumentStartEvent"):
            _expect(self._following(), kind)
        return self._following()

    def _value(self, event: Any, depth: int) -> object:  # noqa: ANN401
        kind = type(event).__name__
        if kind == "ScalarEvent":
            text = _word(event)
            return self._meaning(text) if event.implicit[0] and event.style == "" else text
        if depth >= MAX_DEPTH or event.anchor is not None or event.tag is not None:
            raise Doubtful
        return self._mapping(depth) if kind == "MappingStartEvent" else self._list(depth)

    def _list(self, depth: int) -> list[object]:
        values = []
        while type(event := self._following()).__name__ != "SequenceEndEvent":
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        while type(event := self._following()).__name__ != "MappingEndEvent":
            key = _word(event)
            if key in values:
                raise Doubtful
            values[key] = self._value(self._following(), depth + 1)
        return values


def _word(event: Any) -> str:  # noqa: ANN401
    """Return the text of a scalar that has neither anchor nor tag."""
    _expect(event, "ScalarEvent")
    if event.anchor is not None or event.tag is not None:
        raise Doubtful
    return str(event.value)


def _expect(event: Any, kind: str) -> None:  # noqa: ANN401
    if type(event).__name__ != kind:
        raise Doubtful
