"""The Chinese characters of one document as a font in it, so that they show on every machine."""

from __future__ import annotations

import base64
import functools
import io
import logging
import re
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

from sbrt_qa.reports.pdf.glyphs import FONTS

FAMILY: Final = "Report CJK"
"""First of the families of a page, for its range alone.

As the last, behind those of the system, Chromium leaves the first words of every size blank on a
machine without a Chinese font: it has shaped them before the font is read, and keeps that.
"""

RANGE: Final = "U+2E80-9FFF, U+F900-FAFF, U+FF00-FFEF"

_SOURCE: Final = FONTS / "NotoSansCJKsc-Regular.otf"
_WIDE: Final = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Characters of `RANGE`."""


def font_face(text: str) -> str:
    """Return a style rule with a font of every Chinese character in a text; empty without any.

    What our font does not have is left to the machine.
    """
    wide = frozenset(map(ord, _WIDE.findall(text)))
    return _face(wide) if wide else ""


@functools.lru_cache(maxsize=4)
def _face(characters: frozenset[int]) -> str:
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.recalc_timestamp = False
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    file = io.BytesIO()
    with TTFont(_SOURCE, lazy=True) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=characters)
        cutter.subset(font)
        font.flavor = "woff"
        font.save(file)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-display: block; '
        f'unicode-range: {RANGE}; src: url("data:font/woff;base64,{data}") format("woff"); }}\n'
    )
