"""The typesetter: templates, data and pictures in, a tagged PDF out. Nothing else is read."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typst

from sbrt_qa.reports.pdf.glyphs import FONTS

LAYOUT: Final = Path(__file__).parent / "layout"
KEPT: Final = 11
SUSPECTS: Final = b"/Suspects false"
"""What the typesetter states though it is the default: some readers take it for an error."""

NOT_SHOWN: Final = "could not be displayed with font"
BOLD_CHINESE: Final = "NotoSansCJKsc-Bold.otf"
"""The bold Chinese font has the characters of our own sentences only. A name in bold that has
others, which the regular one shows, makes the typesetter say `NOT_SHOWN`."""

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
    try:
        pdf = _compiled(sources, _fonts())
    except typst.TypstError as error:
        if NOT_SHOWN not in str(error):
            raise
        pdf = _compiled(sources, _regular_fonts())
    _forget()
    if not isinstance(pdf, bytes):
        raise TypeError("the typesetter returns one document")
    return pdf.replace(SUSPECTS, b" " * len(SUSPECTS))


def _compiled(sources: Mapping[str, bytes], fonts: typst.Fonts) -> object:
    compiler = typst.Compiler(dict(sources), font_paths=fonts)  # type: ignore[type-var]
    return compiler.compile(format="pdf", pdf_standards=STANDARD)  # type: ignore[arg-type]


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
    return _found_in(FONTS)


@functools.cache
def _regular_fonts() -> typst.Fonts:
    """Return the fonts without the bold Chinese one: bold Chinese is then set in regular."""
    folder = Path(_folder().name)
    for path in FONTS.iterdir():
        if path.suffix in (".ttf", ".otf") and path.name != BOLD_CHINESE:
            shutil.copy(path, folder)
    return _found_in(folder)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that lasts as long as the process: fonts are read when they are needed."""
    return tempfile.TemporaryDirectory(prefix="sbrt_qa_fonts_")


def _found_in(folder: Path) -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
    )
