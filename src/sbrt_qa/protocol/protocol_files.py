"""Protocol files: the only door for YAML.

Sound files are read by `yaml_fast`; what that leaves is read here, slowly, and errors are worded.
YAML 1.2 rules: ``no`` and ``on`` are words, ``1:30`` is text, and a number with a leading zero is
no number. Anchors, aliases, merge keys, tags, directives and duplicate keys are refused, so that
what a reader sees is what counts. Lines are looked up only when an error has to be reported.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sbrt_qa import plugins
from sbrt_qa.errors import ProtocolError, quoted, visible
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.versions import ProtocolFamily, Unread, family_of
from sbrt_qa.protocol.yaml_fast import MAX_DEPTH, Doubtful, plain_values, top_values

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import Event

MAX_BYTES: Final = 2_000_000
"""Largest protocol file that is read."""

SHOWN_PROBLEMS: Final = 4
"""Further problems of a file that one message names."""

SUFFIXES: Final = (".yaml", ".yml")

_SCHEMA_LINE: Final = re.compile(rb"^schema:\s*[\"\']?([^\s\"\'#]+)", re.MULTILINE)

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


def library() -> dict[str, Traversable]:
    """Return the protocols that come with the package, by id; amendments by ``ID@VERSION``.

    They lie inside the installed package, or in ``protocols/`` of a source checkout. What has
    another schema than a protocol (the ranges of organs) is passed by.
    """
    inside = resources.files("sbrt_qa.protocol") / "library"
    checkout = Path(__file__).parents[3] / "protocols"
    folder = inside if inside.is_dir() else checkout
    files = sorted(folder.iterdir(), key=lambda f: f.name) if folder.is_dir() else []
    return {Path(f.name).stem: f for f in files if f.name.endswith(SUFFIXES) and _is_protocol(f)}


def _is_protocol(file: Traversable) -> bool:
    """Tell whether a file states no schema, or that of protocols; one unread is told later."""
    try:
        with file.open("rb") as stream:
            stated = _SCHEMA_LINE.search(stream.read(4096))
    except OSError:
        return True
    return stated is None or stated[1].startswith(b"sbrt_qa.protocol/")


def load_protocol(name_or_path: str | Path) -> Protocol:
    """Load a protocol: by its id the latest version, by ``ID@VERSION`` that one, or a file.

    Raises
    ------
    ProtocolError
        There is no such protocol, or its file breaks the rules; the message names file, line and
        the path inside the file.
    """
    return load_family(name_or_path).latest


def load_family(name_or_path: str | Path) -> ProtocolFamily:
    """Load all versions of a protocol by its id or from a folder that holds nothing else.

    ``ID@VERSION`` and a file are the one version that is asked for. Versions in the library are
    read when a plan is held against them; those of a folder at once, so that errors are told.

    Raises
    ------
    ProtocolError
        As :func:`load_protocol`.
    """
    plugins.load()
    path, known = Path(name_or_path), library()
    if isinstance(name_or_path, str):
        name, at, version = name_or_path.partition("@")
        if files := [f for stem, f in known.items() if stem.partition("@")[0] == name]:
            load = _load if len(files) == 1 else _head
            versions = family_of([load(file) for file in files], name)
            return _fixed(versions, version) if at else versions
    if path.is_file():
        return ProtocolFamily((_load(path),), fixed=True)
    if path.is_dir():
        files = sorted(
            (f for f in path.iterdir() if f.suffix in SUFFIXES and _is_protocol(f)),
            key=lambda f: f.name,
        )
        if files:
            return family_of([_load(file) for file in files], path.name)
    names = dict.fromkeys(stem.partition("@")[0] for stem in known)
    raise ProtocolError(
        "there is no such protocol",
        got=quoted(path.name or name_or_path),
        expected=f"a file, or one of {', '.join(names) or 'no'} (the protocols of this package)",
    )


def _fixed(family: ProtocolFamily, version: str) -> ProtocolFamily:
    """Return the one version that was asked for."""
    found = [i for i, head in enumerate(family.heads) if head.version == version]
    if not found:
        raise ProtocolError(
            "the protocol has no such version",
            got=quoted(version),
            expected=", ".join(quoted(p.version) for p in family.heads),
        )
    return ProtocolFamily((family.versions[found[0]],), fixed=True)


def _load(file: Traversable) -> Protocol:
    return parse_protocol(_content(file), file.name)


def _head(file: Traversable) -> Protocol | Unread:
    """Return a protocol that is read when it is needed; at once where its head does not tell."""
    content, name = _content(file), file.name
    try:
        head = top_values(_decoded(content, name), ("id", "version", "effective"), _scalar)
    except Doubtful:
        head = {}  # told by whoever reads the whole
    match head:
        case {"id": str(key), "version": str(version), "effective": str(date)}:
            try:
                effective = dt.date.fromisoformat(date)
            except ValueError:
                return parse_protocol(content, name)
            return Unread(key, version, effective, lambda: parse_protocol(content, name))
    return parse_protocol(content, name)


def _content(file: Traversable) -> bytes:
    try:
        with file.open("rb") as stream:
            content: bytes = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProtocolError("the protocol cannot be read", where=file.name, got=reason) from None
    return content


def parse_protocol(content: bytes, name: str) -> Protocol:
    """Read the content of a protocol file; `name` is what errors call it.

    Raises
    ------
    ProtocolError
        As :func:`load_protocol`.
    """
    name, data = visible(name), read_plain(content, name)
    if not isinstance(data, dict):
        raise ProtocolError("a protocol is a mapping of keys to values", where=name)
    try:
        return Protocol.model_validate(data)
    except ValidationError as error:
        raise _schema_error(error, data, _decoded(content, name), name) from None


def read_plain(content: bytes, name: str) -> object:
    """Read the values of a file fast; it raises as :func:`read_settings` does."""
    text = _decoded(content, visible(name))
    try:
        return plain_values(text, _scalar)
    except Doubtful:
        return _YamlReader(text, visible(name)).read()


def read_settings(content: bytes, name: str) -> tuple[dict[str, object], dict[str, int]]:
    """Read a file of settings by the rules of protocol files.

    Returns the values, and the line of each key at the top.

    Raises
    ------
    ProtocolError
        The file is no mapping, or breaks the rules; the message names file and line.
    """
    name = visible(name)
    reader = _YamlReader(_decoded(content, name), name, lines=True)
    data = reader.read()
    if not isinstance(data, dict):
        raise ProtocolError("settings are a mapping of keys to values", where=name)
    return data, {str(at[0]): line for at, line in reader.line_of.items() if len(at) == 1}


def _decoded(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise ProtocolError("the file is too large", where=name, expected=f"<= {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProtocolError(
            "the file is not UTF-8 text",
            where=f"{name}:{line}",
            advice="Save it as UTF-8",
        ) from None


class _YamlReader:
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
        """Return the value of the only document."""
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
            return _scalar(event.value) if plain else event.value
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


def _scalar(text: str) -> object:
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
    return ProtocolError(f"not valid YAML: {what}", where=where, advice=advice)


def _schema_error(error: ValidationError, data: object, text: str, name: str) -> ProtocolError:
    reader = _YamlReader(text, name, lines=True)
    reader.read()
    problems = error.errors(include_url=False)
    first = problems[0]
    others = [_where(reader, _location(data, p), name) for p in problems[1 : 1 + SHOWN_PROBLEMS]]
    if len(problems) > 1 + SHOWN_PROBLEMS:
        others.append(f"{len(problems) - 1 - SHOWN_PROBLEMS} more")
    return ProtocolError(
        _sentence(first),
        where=_where(reader, _location(data, first), name),
        got=_got(first),
        advice=f"Also wrong: {'; '.join(others)}" if others else "",
    )


def _sentence(problem: ErrorDetails) -> str:
    plain = {
        "extra_forbidden": "unknown key",
        "missing": "this key is missing",
        "finite_number": "a number must be finite",
    }
    return plain.get(problem["type"]) or visible(problem["msg"])


def _got(problem: ErrorDetails) -> str:
    value: Any = problem["input"]
    shown = problem["type"] not in ("missing", "extra_forbidden", "protocol")
    return quoted(value) if shown and isinstance(value, str | int | float) else ""


def _location(data: object, problem: ErrorDetails) -> Location:
    """Return where a problem is, without what pydantic adds for its unions."""
    wanted: Location = (*problem["loc"], *problem.get("ctx", {}).get("path", ()))
    location: Location = ()
    for step in wanted:
        inside = _children(data)
        if step == "limits" and isinstance(data, list):
            continue  # a plain list of limits of targets
        if step not in inside:
            return (*location, step) if problem["type"] == "missing" else location
        data = inside[step]
        location = (*location, step)
    return location


def _children(data: object) -> Mapping[str | int, object]:
    if isinstance(data, list):
        return dict(enumerate(data))
    return data if isinstance(data, dict) else {}


def _where(reader: _YamlReader, location: Location, name: str) -> str:
    known = location
    while known not in reader.line_of and known:
        known = known[:-1]
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{visible(p)}" for p in location)
    return f"{name}:{reader.line_of.get(known, 1)} {path.removeprefix('.')}".rstrip()
