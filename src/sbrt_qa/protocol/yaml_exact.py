"""Plain values of a YAML document by the rules of protocol files, with lines for errors.

YAML 1.2: ``no`` and ``on`` are words, ``1:30`` is text, and a number with a leading zero is no
number. Anchors, aliases, merge keys, tags, directives and duplicate keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import ProtocolError, quoted, visible
from sbrt_qa.protocol.yaml_fast import MAX_DEPTH

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import Event

_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(
    r"[-+]?(\.[0-9]{1,30}|(0|[1-9][0-9]{0,30})(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?"
)
_WORDS: Final[Mapping[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
}

Location = tuple[str | int, ...]


class YamlReader:
    """Plain values from the events of one YAML document.

    With `lines` on, `line_of` holds the line of every value by its location.
    """

    def __init__(self, text: str, name: str, *, lines: bool = False) -> None:
        from ruamel.yaml import YAML  # imported here and below: a sound file never waits for it

        self.name = name
        self.lines = lines
        self.line_of: dict[Location, int] = {}
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)

    def read(self) -> object:
        """Return the value of the only document.

        Raises
        ------
        ProtocolError
            The file is empty, breaks the syntax, is nested too deeply, or holds what is not read.
        """
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.events import DocumentStartEvent, StreamEndEvent

        try:
            next(self._events)
            start = next(self._events)
            if isinstance(start, StreamEndEvent):
                raise ProtocolError("the file is empty", where=self.name)
            if isinstance(start, DocumentStartEvent) and (start.version or start.tags):
                raise self._refused(start, "a directive (%)")
            value = self._value(next(self._events), ())
            next(self._events)
            if not isinstance(after := next(self._events), StreamEndEvent):
                raise self._refused(after, "a second document (---)")
        except YAMLError as error:
            raise _syntax_error(error, self.name) from None
        except RecursionError:
            raise ProtocolError("the file is nested too deeply", where=self.name) from None
        return value

    def _value(self, event: Event, at: Location) -> object:
        from ruamel.yaml.events import ScalarEvent, SequenceStartEvent

        self._check(event, at)
        if isinstance(event, ScalarEvent):
            plain = event.implicit[0] and event.style is None
            return scalar(event.value) if plain else event.value
        if isinstance(event, SequenceStartEvent):
            return list(self._items(at))
        return self._mapping(at)

    def _check(self, event: Event, at: Location) -> None:
        from ruamel.yaml.events import CollectionStartEvent, ScalarEvent

        if self.lines:
            self.line_of.setdefault(at, event.start_mark.line + 1)
        if not isinstance(event, ScalarEvent | CollectionStartEvent) or event.anchor is not None:
            raise self._refused(event, "an anchor or alias (& *)")
        if event.ctag is not None:
            raise self._refused(event, f"the tag {quoted(event.ctag)}")
        if len(at) > MAX_DEPTH:
            raise self._refused(event, f"more than {MAX_DEPTH} levels of nesting")

    def _items(self, at: Location) -> Iterator[object]:
        from ruamel.yaml.events import SequenceEndEvent

        for i, event in enumerate(self._events):
            if isinstance(event, SequenceEndEvent):
                return
            yield self._value(event, (*at, i))

    def _mapping(self, at: Location) -> dict[str, object]:
        from ruamel.yaml.events import MappingEndEvent, ScalarEvent

        values: dict[str, object] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            self._check(event, at)
            if not isinstance(event, ScalarEvent):
                raise self._refused(event, "a key that is no text")
            key = event.value
            if key in values:
                raise self._refused(event, f"the key {quoted(key)} a second time")
            if self.lines:
                self.line_of[*at, key] = event.start_mark.line + 1
            values[key] = self._value(next(self._events), (*at, key))
        return values

    def _refused(self, event: Event, what: str) -> ProtocolError:
        where = f"{self.name}:{event.start_mark.line + 1}"
        return ProtocolError(f"a protocol file does not use {what}", where=where)


def scalar(text: str) -> object:
    """Return what a word without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _syntax_error(error: YAMLError, name: str) -> ProtocolError:
    from ruamel.yaml.error import MarkedYAMLError

    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        what = visible(str(error.problem or error.context or "unreadable"))
    else:
        where, what = name, visible(str(error).splitlines()[0] if str(error) else "unreadable")
    advice = "Indent with blanks" if "\\t" in what else ""
    if isinstance(error, MarkedYAMLError) and "could not find expected ':'" in what:
        advice = "Every key has a plain colon and a blank behind it, as in title: Lung (not ：)"
    return ProtocolError(f"not valid YAML: {what}", where=where, advice=advice)
