"""Text whose character set is not declared, or cannot be what is declared: a guess that is told.

Bytes of a wrong set often decode, to mojibake. So a reading is also doubted where it is no likely
text: control characters, valid UTF-8, or where another set gives a much likelier text
(`likely_text.py`). The bytes themselves go into the repair, because a guess
may be wrong. What stays undoubted is one letter in place of another of its kind, where both make
possible words: Polish e with ogonek for French e circumflex, when Latin-1 is declared as Latin-2.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from typing import Final, NamedTuple

from pydicom.charset import convert_encodings, decode_bytes

from sbrt_qa.dicom.quirks import TEXT, Mended, RawText
from sbrt_qa.dicom.text.likely_text import cost
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say

MAX_SHOWN_BYTES: Final = 64
"""As many as an ROI name may have."""

_DELIMITERS: Final = {0x0A, 0x0C, 0x0D, 0x5C}
"""Characters after which ISO 2022 falls back to the first character set (PS3.5 6.1.2.5.3)."""

_ESCAPE: Final = re.compile(rb"\x1b(\$[()\-]?[@-~]|[()\-][@-~])")
"""An ISO 2022 escape sequence that chooses a character set; no terminal control looks like it."""

_GB2312: Final = "\x1b$)A"
"""The escape sequence of ISO 2022 IR 58, which pydicom leaves in the text."""

_TWICE: Final = "utf-8, encoded twice"
"""UTF-8 that some step took for a single-byte set and encoded again."""

_CANDIDATES: Final = {
    "utf-8": 0.0,
    _TWICE: 0.5,
    "gb18030": 0.0,
    "cp1251": 0.5,
    "cp1252": 0.5,
    "cp1250": 1.0,
    "cp1254": 1.0,
    "koi8_u": 1.0,
    "euc_kr": 1.5,
    "iso8859_2": 1.5,
    "shift_jis": 1.5,
    "cp1253": 2.0,
    "cp866": 2.0,
    "iso8859_5": 2.0,
    "big5": 3.0,
}
"""Encodings that names come in, and what each costs more than the likeliest, in nats."""

_LIKELIER: Final = 2.0
"""By how many nats another reading has to be likelier, to be taken instead of the declared one."""

_LIKELIER_THAN_CHARACTERS: Final = 4.0
"""The same where Chinese, Japanese or Korean is declared."""

_DEAREST: Final = 7.0
"""Most nats for each byte beyond ASCII of a guess; what costs more is shown as undecodable."""


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
        text, encoding = decode_iso_2022(found.raw, _by_escapes("iso8859")), "ISO 2022"
    elif found.raw.isascii():
        return None
    else:
        text, encoding = _guess(found.raw) or (found.raw.decode("latin-1"), "latin-1")
    detail = say(
        "undeclared character set: {0} was read as {1}, which is a guess; bytes {2}",
        quoted(text),
        encoding,
        _shown(found.raw),
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
        encoding: str = say("{0} with replacements", declared)
        guess = decode_iso_2022(found.raw, _by_escapes(declared))
        names_no_other = len(found.declared) == 1 and _ESCAPE.search(found.raw)
        if names_no_other and "\x1b" not in guess and "\ufffd" not in guess:
            text, encoding = guess, "ISO 2022"
    elif found.raw.isascii() or _fits(found.raw, declared):
        return None
    else:
        as_declared = found.raw.decode(declared, "replace"), say("{0} with replacements", declared)
        text, encoding = _guess(found.raw) or as_declared
    detail = say(
        "declared as {0}, but read as {1}: {2}; bytes {3}",
        declared,
        encoding,
        quoted(text),
        _shown(found.raw),
    )
    return Mended(found._replace(text=text), detail)


def _by_escapes(first: str) -> list[str]:
    """Return the encodings that escape sequences choose among, after the first."""
    return [first, *convert_encodings([f"ISO 2022 IR {n}" for n in (13, 58, 87, 149, 159)])]


def _fits(raw: bytes, declared: str) -> bool:
    """Tell whether bytes are likely text in an encoding."""
    text = _try(raw, declared)
    if text is None:
        return False
    if _is_utf8(declared):
        return _fits_utf8(raw, text)
    is_single_byte = declared.startswith(("iso", "latin"))
    if is_single_byte and (_try(raw, "utf-8") or any(0x7F <= ord(c) < 0xA0 for c in text)):
        return False
    margin = _LIKELIER if is_single_byte else _LIKELIER_THAN_CHARACTERS
    return _cheapest(raw, other_than=text).cost + margin > cost(text)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "") == "utf8"


def _fits_utf8(raw: bytes, text: str) -> bool:
    """Doubt valid UTF-8 only where it was encoded twice, or is one pair of bytes, as of GBK."""
    twice = _try(raw, _TWICE)
    if twice is not None and cost(twice) + _LIKELIER < cost(text):
        return False
    lone_pair = sum(byte > 0x7F for byte in raw) == 2
    return not lone_pair or _cheapest(raw, other_than=text).cost + _LIKELIER > cost(text)


class _Reading(NamedTuple):
    """A reading of bytes, and how likely it is."""

    cost: float
    text: str
    encoding: str


def _guess(raw: bytes) -> tuple[str, str] | None:
    """Return the likeliest text of bytes beyond ASCII, and the encoding; None when none is."""
    best = _cheapest(raw)
    dearest = _DEAREST * sum(byte > 0x7F for byte in raw)
    return (best.text, best.encoding) if best.cost <= dearest else None


def _cheapest(raw: bytes, other_than: str = "") -> _Reading:
    """Return the likeliest reading, leaving out one text."""
    readings = [
        _Reading(cost(text) + surcharge, text, encoding)
        for encoding, surcharge in _CANDIDATES.items()
        if (text := _try(raw, encoding)) is not None
        and text != other_than
        and not (encoding == "utf-8" and _is_lone_greek(text))
    ]
    return min(readings, default=_Reading(math.inf, "", ""))


def _is_lone_greek(text: str) -> bool:
    """Tell whether a few Greek letters are all there is: two bytes also are a stomach in GBK."""
    letters = [c for c in text if c.isalpha()]
    return 0 < len(letters) <= 2 and all("\u0370" <= c <= "\u03ff" for c in letters)


def _try(raw: bytes, encoding: str) -> str | None:
    try:
        if encoding == _TWICE:
            return _encoded_once(raw.decode("utf-8")).decode("utf-8")
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _encoded_once(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("cp1252")


def _shown(raw: bytes) -> str:
    return raw[:MAX_SHOWN_BYTES].hex(" ") + (" ..." if len(raw) > MAX_SHOWN_BYTES else "")
