"""Text whose character set is not declared, or cannot be what is declared: a guess that is told.

Bytes of a wrong single-byte set always decode, to mojibake. So a reading is also doubted where it
is no likely text: control characters, or runs of letters and signs that Western names do not have.
The bytes themselves go into the repair, because a guess may be wrong.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes

from sbrt_qa.dicom.quirks import TEXT, Mended, RawText
from sbrt_qa.errors import quoted

MAX_SHOWN_BYTES: Final = 64
"""As many as an ROI name may have."""

_DELIMITERS: Final = {0x0A, 0x0C, 0x0D, 0x5C}
"""Characters after which ISO 2022 falls back to the first character set (PS3.5 6.1.2.5.3)."""

_ESCAPE: Final = re.compile(rb"\x1b(\$[()\-]?[@-~]|[()\-][@-~])")
"""An ISO 2022 escape sequence that chooses a character set; no terminal control looks like it."""

_GB2312: Final = "\x1b$)A"
"""The escape sequence of ISO 2022 IR 58, which pydicom leaves in the text."""

_FOREIGN: Final = re.compile(rb"[\x80-\xff]+")
_CHINESE: Final = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe])+")
_COMMON_CHINESE: Final = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe])+")
_CYRILLIC: Final = re.compile(rb"[\xa8\xb8\xc0-\xff]{3,}")
_RARE_LATIN: Final = frozenset(b"\xd0\xd7\xdd\xde\xf0\xf7\xfd\xfe")
"""Letters of Icelandic, and the signs for times and divided by, in Latin-1."""


def decode_iso_2022(raw: bytes, encodings: Sequence[str]) -> str:
    """Decode text with escape sequences; what cannot be decoded shows as replacement characters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = str(decode_bytes(raw, list(encodings), _DELIMITERS))
    return text.replace(_GB2312, "") if "iso_ir_58" in encodings else text


@TEXT.quirk(
    "undeclared-character-set", vendor="Chinese exports", example="GB18030 name, no (0008,0005)"
)
def undeclared_character_set(found: RawText) -> Mended[RawText] | None:
    """Decode text beyond ASCII by a guess where the file declares no character set."""
    if found.declared:
        return None
    if _ESCAPE.search(found.raw):
        known = ["", *(f"ISO 2022 IR {n}" for n in (58, 87, 149, 159))]
        text, encoding = decode_iso_2022(found.raw, convert_encodings(known)), "ISO 2022"
    elif found.raw.isascii():
        return None
    else:
        text, encoding = _guess(found.raw)
    detail = (
        f"undeclared character set: {quoted(text)} was read as {encoding}, which is a guess; "
        f"bytes {_shown(found.raw)}"
    )
    return Mended(found._replace(text=text), detail)


@TEXT.quirk("wrong-character-set", vendor="several", example="UTF-8 bytes declared as ISO_IR 100")
def wrong_character_set(found: RawText) -> Mended[RawText] | None:
    """Read text by a guess where its bytes cannot be, or hardly are, what the file declares."""
    if not found.declared:
        return None
    declared = found.declared[0]
    if b"\x1b" in found.raw:
        text = decode_iso_2022(found.raw, found.declared)
        if "\x1b" not in text and "\ufffd" not in text:
            return None
        encoding = f"{declared} with replacements"
    elif found.raw.isascii() or _fits(found.raw, declared):
        return None
    else:
        text, encoding = _guess(found.raw)
        if encoding == "latin-1":
            text, encoding = found.raw.decode(declared, "replace"), f"{declared} with replacements"
    detail = (
        f"declared as {declared}, but read as {encoding}: {quoted(text)}; bytes {_shown(found.raw)}"
    )
    return Mended(found._replace(text=text), detail)


def _fits(raw: bytes, declared: str) -> bool:
    """Tell whether bytes are likely text in an encoding."""
    text = _try(raw, declared)
    if text is None:
        return False
    if not declared.startswith(("iso", "latin")):
        return True
    is_latin = declared in ("iso8859", "latin_1", "iso8859_1", "iso_ir_100")
    if _try(raw, "utf-8") is not None or any(0x7F <= ord(c) < 0xA0 for c in text):
        return False
    return not (is_latin and any(_unlikely_latin(raw, run) for run in _FOREIGN.finditer(raw)))


def _unlikely_latin(raw: bytes, run: re.Match[bytes]) -> bool:
    """Tell whether a run of bytes beyond ASCII is no part of a Western European word."""
    if len(run[0]) != 2:
        return len(run[0]) > 2
    signs = any(byte < 0xC0 or byte in _RARE_LATIN for byte in run[0])
    neighbours = raw[: run.start()][-1:] + raw[run.end() :][:1]
    return signs or not neighbours.isalpha()


def _guess(raw: bytes) -> tuple[str, str]:
    """Return the likeliest text of bytes beyond ASCII, and the encoding."""
    runs = _FOREIGN.findall(raw)
    likely = [] if _is_lone_greek(_try(raw, "utf-8") or "") else ["utf-8"]
    if all(_COMMON_CHINESE.fullmatch(run) for run in runs):
        likely.append("gb18030")
    if all(_CYRILLIC.fullmatch(run) for run in runs):
        likely.append("cp1251")
    if all(_CHINESE.fullmatch(run) for run in runs):
        likely.append("gb18030")
    for encoding in (*likely, "gb18030"):
        text = _try(raw, encoding)
        if text is not None:
            return text, encoding
    return raw.decode("latin-1"), "latin-1"


def _is_lone_greek(text: str) -> bool:
    """Tell whether Greek letters are all there is: two bytes that also are a stomach in GBK."""
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and all("\u0370" <= c <= "\u03ff" for c in letters)


def _try(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _shown(raw: bytes) -> str:
    return raw[:MAX_SHOWN_BYTES].hex(" ") + (" ..." if len(raw) > MAX_SHOWN_BYTES else "")
