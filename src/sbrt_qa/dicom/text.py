"""Names and labels: bytes of any character set to text, and every doubt said."""

from __future__ import annotations

import warnings

from pydicom.charset import convert_encodings, decode_bytes

from sbrt_qa.dicom.quirks import TEXT, Log, RawText

_DELIMITERS = {0x0A, 0x0C, 0x0D, 0x5C}
"""Characters after which ISO 2022 falls back to the first character set (PS3.5 6.1.2.5.3)."""


def declared_encodings(specific_character_set: bytes) -> tuple[str, ...]:
    """Return the encodings that a Specific Character Set value names; empty when it names none."""
    terms = specific_character_set.decode("ascii", "replace").strip(" \0").split("\\")
    names = [term.strip() for term in terms]
    if not any(names) or names == ["ISO_IR 6"]:
        return ()
    return tuple(convert_encodings(names))


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a failure shows as replacement characters
            return str(decode_bytes(raw, list(declared), _DELIMITERS))
    return raw.decode(declared[0] if declared else "ascii", "replace")
