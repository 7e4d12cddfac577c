"""Names and labels: bytes of any character set to text, and every doubt said."""

from __future__ import annotations

from pydicom.charset import convert_encodings

from sbrt_qa.dicom.quirks import TEXT, Log, RawText
from sbrt_qa.dicom.text.character_sets import decode_iso_2022


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
        return decode_iso_2022(raw, declared)
    return raw.decode(declared[0] if declared else "ascii", "replace")
