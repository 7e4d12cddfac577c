"""Bytes of the texts of a site, and the characters they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.files.readable import open_regular
from sbrt_qa.errors import DicomError, InputError

MAX_BYTES: Final = 50_000_000


def text_of(path: Path, expected: str) -> str:
    """Return the text of a regular file.

    Raises
    ------
    InputError
        It cannot be read, is no regular file, is too large, or is no text.
    """
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, DicomError) as error:
        raise InputError("the file cannot be read", where=path.name) from error
    if len(content) > MAX_BYTES or b"\0" in content:
        raise InputError("no text of a usable size", where=path.name, expected=expected)
    return decoded(content)


def decoded(content: bytes) -> str:
    """Return text in UTF-8, else Latin-1 where its cm\u00b3 say so, else GB18030; see `_hanzi`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        latin = content.decode("latin-1")
    else:
        return _hanzi(content) or text
    if "cm\u00b3" in latin:
        return latin
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return latin


def _hanzi(content: bytes) -> str:
    """Return the text in GB18030 where UTF-8 reads common Hanzi of it as other two-byte letters.

    The bytes of a short Chinese name can be those of a Greek letter; no Greek or Cyrillic word has
    only bytes that are common Hanzi. Cubic centimetres in UTF-8 are left out.
    """
    foreign = re.findall(rb"[\x80-\xff]+", content.replace("\u00b3".encode(), b""))
    common = [re.fullmatch(rb"(?:[\xb0-\xd7][\xa1-\xfe])+", part) for part in foreign]
    return content.decode("gb18030") if foreign and all(common) else ""
