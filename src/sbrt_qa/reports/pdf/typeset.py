"""The typesetter: templates, data and pictures in, a tagged PDF out. Nothing else is read."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typst

from sbrt_qa.reports.pdf.glyphs import FONTS

LAYOUT: Final = Path(__file__).parent / "layout"
KEPT: Final = 11
SUSPECTS: Final = b"/Suspects false"
"""What the typesetter states though it is the default: some readers take it for an error."""

STANDARD: Final = ["ua-1"]
"""PDF/UA-1: tagged, bookmarked, every text mapped to characters and every picture described."""


def typeset(files: Mapping[str, str]) -> bytes:
    """Return the document that the layout makes of named texts: data, pictures, attachments.

    The typesetter sees these texts and the layout, both in memory, and the fonts: no file of the
    machine, no network.

    Raises
    ------
    TypeError
        The typesetter gave several documents.
    """
    sources = {name: text.encode() for name, text in (_layout() | dict(files)).items()}
    compiler = typst.Compiler(sources, font_paths=_fonts())  # type: ignore[type-var]
    pdf = compiler.compile(format="pdf", pdf_standards=STANDARD)  # type: ignore[arg-type]
    _forget()
    if not isinstance(pdf, bytes):
        raise TypeError("the typesetter returns one document")
    return pdf.replace(SUSPECTS, b" " * len(SUSPECTS))


def _forget() -> None:
    """Let the typesetter drop what it keeps of a document: its pictures are worth 40 MB.

    It keeps what the last ten documents used, and offers no other way to end that than ten more. An
    empty one takes a millisecond or two.
    """
    for _ in range(KEPT):
        empty = typst.Compiler({"main.typ": b""}, font_paths=_fonts())  # type: ignore[type-var]
        empty.compile(format="pdf")


@functools.cache
def _layout() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(LAYOUT.glob("*.typ"))}


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
