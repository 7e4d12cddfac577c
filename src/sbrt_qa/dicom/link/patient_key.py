"""Whether files name the same patient, in whatever character set and padding each says it.

One system exports plans in ``ISO_IR 192`` and another images in ``ISO_IR 100`` or ``GB18030``: the
same name in other bytes. Files that declare a wrong character set say it in the same bytes and
other letters. Both are one patient.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.dicom.text.elements import Item


def patient_key(root: Item) -> str:
    """Return what stands for the letters of patient number and name; never shown."""
    name = _trimmed("=", (_trimmed("^", group.split("^")) for group in
                          root.text("PatientName").split("=")))  # fmt: skip
    both = f"{root.text('PatientID').strip()}\0{name}"
    return hashlib.sha256(unicodedata.normalize("NFC", both).encode("utf-8", "replace")).hexdigest()


def patient_bytes(root: Item) -> str:
    """Return what stands for the bytes of patient number and name, without padding."""
    both = (root.raw(keyword).strip(b" \0") for keyword in ("PatientID", "PatientName"))
    return hashlib.sha256(b"\0".join(both)).hexdigest()


def _trimmed(sign: str, parts: Iterable[str]) -> str:
    """Join parts without blanks around them; empty ones at the end say nothing (PS3.5, 6.2.1)."""
    return sign.join(part.strip() for part in parts).rstrip(sign)
