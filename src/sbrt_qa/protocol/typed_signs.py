"""Signs of a Chinese keyboard or a word processor in a protocol file, and the plain ones meant.

A key with a wrong colon is not always an error of YAML: behind a text of several lines it becomes
part of that text, and the bound it was to set is lost without a word. So every file is looked
through for such keys before it is read.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from sbrt_qa.errors import quoted
from sbrt_qa.protocol.definition import protocol_json_schema

_BLANKS: Final = "\u00a0\u2002-\u200b\u202f\u205f\u3000\ufeff"
_LIKE_A_KEY: Final = re.compile(
    rf"^(?P<head>[ \t{_BLANKS}]*(?:-[ {_BLANKS}]+)?)(?P<key>[A-Za-z_]+)"
    rf"(?P<colon>[ {_BLANKS}]*(?:[:\uff1a\ufe55\u2236]|=(?!=))[ {_BLANKS}]*)(?P<rest>.*)$"
)
_OPENS_BLOCK: Final = re.compile(r"(?:^|[:\s-])[|>][-+0-9]*\s*(?:#.*)?$")
_PLAIN_COLON: Final = re.compile(r": *")


def with_plain_colons(text: str) -> tuple[str, tuple[tuple[int, str, str], ...]]:
    """Return a text whose known keys have a plain colon and blank, and what stood there instead.

    Each finding is the number of its line, what is wrong, and what to write. Text in blocks (``|``
    and ``>``) and comments are left alone, and so are words that are no key of a protocol.
    """
    lines = text.split("\n")
    found = []
    block: int | None = None
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip(" "))
        if block is not None and line.strip() and depth <= block:
            block = None
        if block is not None or line.lstrip().startswith("#"):
            continue
        if _OPENS_BLOCK.search(line):
            block = depth
        if (plain := _with_plain_colon(line)) is not None:
            lines[at] = plain
            key = plain.strip(" -").partition(":")[0]
            what = f"the key {quoted(key)} needs plain blanks, a plain colon and a blank behind it"
            found.append((at + 1, what, f"Write {quoted(_short(plain))}"))
    return "\n".join(lines), tuple(found)


def _with_plain_colon(line: str) -> str | None:
    """Return the line as it was meant; None where nothing is wrong with it."""
    match = _LIKE_A_KEY.match(line)
    if match is None:
        return None
    head, colon, rest = match["head"], match["colon"], match["rest"]
    right = _PLAIN_COLON.fullmatch(colon.lstrip(" ")) and (not rest or colon.endswith(" "))
    if (right and head.isascii()) or match["key"] not in _known_keys():
        return None
    return f"{head.translate(_PLAIN_BLANK)}{match['key']}: {rest}".rstrip()


def _short(line: str) -> str:
    return line.strip()[:60]


@functools.cache
def _known_keys() -> frozenset[str]:
    schema = protocol_json_schema()
    parts = (schema, *schema["$defs"].values())
    return frozenset(key for part in parts for key in part.get("properties", {}))


_PLAIN_BLANK: Final = {
    code: "" if code in (0x200B, 0xFEFF) else "  " if code == 0x3000 else " "
    for code in (0xA0, *range(0x2002, 0x200C), 0x202F, 0x205F, 0x3000, 0xFEFF)
}
