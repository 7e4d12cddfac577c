"""Protocol files: the only door for YAML.

Sound files are read by `yaml_fast`; what that leaves is read here, slowly, and errors are worded.
YAML 1.2 rules: ``no`` and ``on`` are words, ``1:30`` is text, and a number with a leading zero is
no number. Anchors, aliases, merge keys, tags, directives and duplicate keys are refused, so that
what a reader sees is what counts. Lines are looked up only when an error has to be reported.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from sbrt_qa import plugins
from sbrt_qa.errors import ProtocolError, did_you_mean, quoted, visible
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.file_problems import (
    FileProblem,
    error_of,
    problems_of,
    syntax_problem,
    with_quoted_operators,
)
from sbrt_qa.protocol.typed_signs import with_plain_colons
from sbrt_qa.protocol.versions import ProtocolFamily, Unread, family_of
from sbrt_qa.protocol.yaml_exact import YamlReader, scalar
from sbrt_qa.protocol.yaml_fast import Doubtful, plain_values, top_values

MAX_BYTES: Final = 2_000_000
"""Largest protocol file that is read."""

SUFFIXES: Final = (".yaml", ".yml")

_SCHEMA_LINE: Final = re.compile(rb"^schema:\s*[\"\']?([^\s\"\'#]+)", re.MULTILINE)


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
        advice=_meant(path.name, names),
    )


def _meant(text: str, names: Iterable[str]) -> str:
    """Ask whether the protocols of the site that a name begins with were meant, or the nearest."""
    site = text.casefold().partition("_")[0]
    of_site = [name for name in names if name.partition("_")[0] == site]
    if near := did_you_mean(text, of_site or names):
        return near
    return f"Did you mean {' or '.join(map(quoted, of_site))}?" if of_site else ""


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
        head = top_values(_decoded(content, name), ("id", "version", "effective"), scalar)
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
    name, text = visible(name), _decoded(content, name)
    text, mistyped = with_plain_colons(text)
    unquoted = tuple(FileProblem((), what, "", advice, line) for line, what, advice in mistyped)
    try:
        data = YamlReader(text, name).read() if mistyped else read_plain(content, name)
    except ProtocolError:
        text, bare = with_quoted_operators(text)
        unquoted += bare
        if not unquoted:
            raise
        try:
            data = YamlReader(text, name).read()
        except ProtocolError as error:
            raise error_of((*unquoted, syntax_problem(error)), "", name) from None
    if not isinstance(data, dict):
        raise ProtocolError("a protocol is a mapping of keys to values", where=name)
    try:
        protocol = Protocol.model_validate(data)
    except ValidationError as error:
        found = (*unquoted, *problems_of(error, data))
        raise error_of(found, text, name) from None
    if unquoted:
        raise error_of(unquoted, text, name)
    return protocol


def read_plain(content: bytes, name: str) -> object:
    """Read the values of a file fast; it raises as :func:`read_settings` does.

    Raises
    ------
    ProtocolError
        The file is too large, is not UTF-8 text, or no YAML.
    """
    text = _decoded(content, visible(name))
    try:
        return plain_values(text, scalar)
    except Doubtful:
        return YamlReader(text, visible(name)).read()


def read_settings(content: bytes, name: str) -> tuple[dict[str, object], dict[str, int]]:
    """Read a file of settings by the rules of protocol files.

    Returns the values, and the line of each key at the top.

    Raises
    ------
    ProtocolError
        The file is no mapping, or breaks the rules; the message names file and line.
    """
    name = visible(name)
    reader = YamlReader(_decoded(content, name), name, lines=True)
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
