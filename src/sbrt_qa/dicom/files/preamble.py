"""The 128 bytes before DICM, which DICOM leaves to whoever writes the file.

A file can be DICOM and a program, page or document at once (CVE-2019-11687). Its preamble is never
used here; that it is one of those is said, so that nobody passes the file on unawares.
"""

from __future__ import annotations

from typing import Final

from sbrt_qa.dicom.quirks import Mended, Stage
from sbrt_qa.i18n.phrase import say

PREAMBLE_BYTES: Final = 128

FOREIGN: Final = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xce\xfa\xed\xfe", "a macOS program"),
    (b"\xfe\xed\xfa", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a macOS or Java program"),
    (b"#!", "a script"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"<", "a web page or XML"),
)
"""First bytes of other kinds of file. TIFF is absent: DICOM foresees files that are both."""

PREAMBLE: Stage[bytes] = Stage("preamble")


@PREAMBLE.quirk("foreign-preamble", vendor="malware", example="a preamble that starts with MZ")
def foreign_preamble(preamble: bytes) -> Mended[bytes] | None:
    """Skip a preamble that makes the file a program, page or document as well."""
    start = preamble.lstrip() if preamble.lstrip().startswith(b"<") else preamble
    for magic, kind in FOREIGN:
        if start.startswith(magic):
            return Mended(
                b"",
                say(
                    "the file is {0} as well: its first bytes are skipped; do not open it as one",
                    kind,
                ),
            )
    return None
