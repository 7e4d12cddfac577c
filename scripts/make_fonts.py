#!/usr/bin/env python3
"""Cut the fonts of PDF reports from Debian's packages of Noto.

    apt-get install fonts-noto-core fonts-noto-cjk
    scripts/make_fonts.py

writes src/sbrt_qa/reports/pdf/fonts: Latin, Greek and Cyrillic; Chinese as in GB 2312, and what the
protocols use beyond it; signs. In bold only the Chinese of our own sentences is kept; any other
character of a bold text is set in regular. `coverage.txt` lists what they show, so that nothing
else is printed as an empty box. The fonts are under the SIL Open Font License, which stands beside
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "src" / "sbrt_qa" / "reports" / "pdf" / "fonts"
DEBIAN = Path("/usr/share/fonts")
CHINESE = "Noto Sans CJK SC"

LATIN = {
    *range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x300, 0x304), *range(0x370, 0x400),
    *range(0x400, 0x530), *range(0x1E00, 0x1F00), *range(0x2010, 0x2028), *range(0x2030, 0x205F),
    *range(0x2070, 0x20A0), 0x20AC, 0x2116, 0x2122,
}  # fmt: skip
SIGNS = {ord(c) for c in "✓✕△⚠●○◆▲■□☐☑"}
MATHS = {ord(c) for c in "←↑→↓↔≤≥≈≠−∪∩∖∆√∞±×÷"}


def gb2312() -> Iterator[int]:
    """Yield every character of GB 2312."""
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                yield ord(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue


def of_protocols() -> Iterator[int]:
    """Yield the characters of the protocols and catalogues beyond Latin."""
    sources = [*(ROOT / "protocols").glob("*.yaml"), *(ROOT / "src").rglob("*.po")]
    for path in sources:
        yield from (ord(c) for c in path.read_text(encoding="utf-8") if ord(c) > 0x2E00)


LATIN_FEATURES = ("kern", "locl", "ccmp", "mark", "mkmk", "tnum", "lnum")
CHINESE_FEATURES = ("kern", "mark", "mkmk")
"""No `locl`: it would bring the Japanese, Korean and traditional form of every character along."""

VERTICAL = ("VORG", "vhea", "vmtx", "BASE")
"""Tables of text that runs downwards."""


def cut(
    font: TTFont, characters: set[int], name: str, features: tuple[str, ...] = LATIN_FEATURES
) -> set[int]:
    """Write the part of a font that shows some characters; return those that it has."""
    options = subset.Options()
    options.layout_features = list(features)
    options.drop_tables += VERTICAL
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.hinting = False
    options.recalc_timestamp = False
    shown = characters & set(font.getBestCmap())
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=shown)
    cutter.subset(font)
    font.save(OUT / name)
    print(f"{name}: {len(shown)} characters, {(OUT / name).stat().st_size // 1024} KiB")
    return shown


def chinese(weight: str) -> TTFont:
    """Return the face for Simplified Chinese of a collection."""
    collection = TTCollection(DEBIAN / "opentype" / "noto" / f"NotoSansCJK-{weight}.ttc")
    return next(f for f in collection.fonts if f["name"].getDebugName(16) in (CHINESE, None)
                and f["name"].getDebugName(1).startswith(CHINESE))  # fmt: skip


def truetype(name: str) -> TTFont:
    """Return a face of fonts-noto-core."""
    return TTFont(DEBIAN / "truetype" / "noto" / f"{name}.ttf", recalcTimestamp=False)


def ranges(characters: set[int]) -> Iterator[str]:
    """Yield runs of code points as hexadecimal text."""
    start = last = None
    for code in [*sorted(characters), None]:
        if start is None or code is None or code != last + 1:
            if start is not None:
                yield f"{start:04X}-{last:04X}"
            start = code
        last = code


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    ours = set(of_protocols()) - LATIN
    chinese_of = {"Regular": {*gb2312(), *ours} - LATIN, "Bold": ours}
    shown: set[int] = set()
    for weight, han in chinese_of.items():
        latin = cut(truetype(f"NotoSans-{weight}"), LATIN, f"NotoSans-{weight}.ttf")
        found = cut(chinese(weight), han, f"NotoSansCJKsc-{weight}.otf", CHINESE_FEATURES)
        shown |= latin | found
    shown |= cut(truetype("NotoSansSymbols2-Regular"), SIGNS, "NotoSansSymbols2-Regular.ttf")
    shown |= cut(truetype("NotoSansMath-Regular"), MATHS, "NotoSansMath-Regular.ttf")
    (OUT / "coverage.txt").write_text("\n".join(ranges(shown)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
