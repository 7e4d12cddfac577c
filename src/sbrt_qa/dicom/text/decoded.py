"""Names and labels: bytes of any character set to text, and every doubt said."""

from __future__ import annotations

import warnings
from typing import Final

from pydicom.charset import convert_encodings

from sbrt_qa.dicom.quirks import TEXT, Log, RawText
from sbrt_qa.dicom.text.character_sets import decode_iso_2022

LATIN_9: Final = {"ISO_IR 203": "iso8859_15", "ISO 2022 IR 203": "iso8859_15"}
"""Terms of PS3.3 C.12.1.1.2 that pydicom does not know yet."""

ASCII: Final = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
"""Terms of the default repertoire."""

UNKNOWN: Final = "iso8859"
"""What pydicom takes for the default repertoire, and in place of a term that there is not."""


def declared_encodings(specific_character_set: bytes) -> tuple[str, ...]:
    """Return the encodings that a Specific Character Set value names; empty when it names none.

    A term that there is not declares nothing: text beyond ASCII is then read by a guess, and told.
    """
    terms = specific_character_set.decode("ascii", "replace").strip(" \0").split("\\")
    names = [term.strip() for term in terms]
    if not any(names) or names == ["ISO_IR 6"]:
        return ()
    found = [_encoding(name) for name in names]
    if found[0] == UNKNOWN and names[0] not in ASCII:
        return ()
    pairs = zip(found, names, strict=True)
    return tuple(one for one, name in pairs if one != UNKNOWN or name in ASCII)


def _encoding(name: str) -> str:
    if name in LATIN_9:
        return LATIN_9[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our own words tell it
        return str(convert_encodings([name])[0])


def decode(raw: bytes, declared: tuple[str, ...], where: str, log: Log) -> str:
    """Return the text of one value, without padding.

    Text that its declared character set cannot explain is read by a quirk, which records the guess
    and the bytes; undecodable bytes stay visible as replacement characters.
    """
    raw = raw.strip(b" \0")
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    mended = TEXT.mend(RawText(raw, declared), where, log)
    if mended.text is not None:
        return mended.text
    if b"\x1b" in raw and declared:
        return decode_iso_2022(raw, declared)
    return raw.decode(declared[0] if declared else "ascii", "replace")
