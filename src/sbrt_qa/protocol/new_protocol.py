"""An own protocol to begin with: a copy of a template as a draft of one's own."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sbrt_qa.errors import UsageError, did_you_mean, quoted
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import library, parse_protocol

TEMPLATES: Final[Mapping[str, str]] = MappingProxyType({
    "lung": "lung_rtog0813_like",
    "liver": "liver_sbrt",
    "spine": "spine_sbrt",
    "prostate": "prostate_5fx",
    "oligometastases": "oligometastases",
    "hytec": "hytec_2021",
    "quantec": "quantec_2010",
    "blank": "",
})  # fmt: skip
"""Protocol of the library by short name; none for a file to fill in."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HEAD: Final = re.compile(r"\A(?:#.*\n|\n)*")


def new_protocol(template: str, name: str, title: str, today: dt.date) -> str:
    """Return the text of a protocol file: a draft made of a template, in force from today.

    Parameters
    ----------
    template
        One of `TEMPLATES`, or a protocol of the library.
    name
        Its id: letters, digits and ``_ . -``.
    title
        Its title; that of the template where empty.

    Raises
    ------
    UsageError
        There is no such template, or the id or title cannot be one.
    """
    if not _ID.fullmatch(name):
        raise UsageError(
            "not an id of a protocol", got=quoted(name), expected="letters, digits and _ . -"
        )
    text, origin = _template(template)
    found = parse_protocol(text.encode(), template)
    made = _HEAD.sub(lambda _: _head(found, origin, today), text, count=1)
    for key, value in (
        ("id", name),
        ("version", '"0.1"'),
        ("effective", today.isoformat()),
        ("approved_by", '""'),
        ("approved_on", "null"),
        ("trial", '""'),
        *([("title", _as_text(title))] if title else []),
    ):
        made = _with_key(made, key, value)
    parse_protocol(made.encode(), name)
    return made


def _template(name: str) -> tuple[str, str]:
    """Return the text of a template, and the name of what it is."""
    wanted = TEMPLATES.get(name, name)
    if not wanted:
        file = resources.files("sbrt_qa.protocol") / "blank.yaml"
        return file.read_text(encoding="utf-8"), ""
    known = library()
    if wanted not in known:
        names = [*TEMPLATES, *(stem for stem in known if stem not in TEMPLATES.values())]
        raise UsageError(
            "there is no such template",
            got=quoted(name),
            expected=f"one of {', '.join(names)}",
            advice=did_you_mean(name, names),
        )
    return known[wanted].read_text(encoding="utf-8"), wanted


def _head(found: Protocol, origin: str, today: dt.date) -> str:
    made = f"{origin} {found.version}" if origin else "the empty template"
    return (
        f"# Made of {made} on {today.isoformat()}: a draft, to be read by a person.\n"
        "# docs/protocols.md says what every key means; after every change\n"
        "#   sbrt-qa protocol validate THIS_FILE\n"
        "# tells all errors at once.\n\n"
    )


def _with_key(text: str, key: str, value: str) -> str:
    """Set a key at the top that holds one line; one that is not there stays away."""
    return re.sub(rf"(?m)^{key}:.*(?:\n  .*)*$", lambda _: f"{key}: {value}", text, count=1)


def _as_text(title: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in title).strip()
    if not shown or len(shown) > 1000:
        raise UsageError("not a title", got=quoted(title), expected="one line of text")
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def id_of(template: str, out: Path | None) -> str:
    """Return the id that a new protocol gets unless one is given: that of its file, or its kind."""
    stem = out.stem if out is not None else ""
    return stem if _ID.fullmatch(stem) else f"my_{template}"
