"""What the viewer says: words that its scripts write, and its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sbrt_qa.i18n.words import Words, msg

STATIC: Final = Path(__file__).parent / "static"

VIEWER_SCRIPTS: Final = (
    "uplot.js", "decode.js", "dvh.js", "planes.js", "viewer_colours.js", "viewer_draw.js",
    "viewer_panel.js", "viewer_tools.js", "viewer.js",
)  # fmt: skip
"""Histograms and viewer; each puts its part into the object of `ROOT_SCRIPT`, in this order."""

ROOT_SCRIPT: Final = "viewer_root.js"
VIEWER_STYLES: Final = ("uplot.css", "viewer.css")

LABELS: Final = {
    "hotspot": msg("hottest point of the plan"),
    "dose": msg("Dose"),
    "volume": msg("Volume"),
    "limit": msg("limit"),
    "at": msg("at"),
    "outside": msg("no dose here"),
    "shown": msg("shown"),
    "soft": msg("soft tissue"),
    "liver": msg("liver"),
    "lung": msg("lung"),
    "bone": msg("bone"),
    "own": msg("own setting"),
    "noimage": msg("no image: dose and contours only"),
    "empty": msg("no contours"),
    "oldbrowser": msg("This browser is too old for the viewer; the rest of the report is whole."),
    "centre": msg("to the centre of the structure"),
    "isodose": msg("isodose"),
    "remove": msg("remove the isodose"),
    "picked": msg("picked on the histogram:"),
    "length": msg("length"),
    "profile": msg("Dose along the ruler"),
    "waiting": msg("the image of this slice is on its way"),
    "offslice": msg("contours drawn off this slice by"),
    "nodose": msg("no colour wash: there is no dose to colour"),
    "difference": msg("A less B"),
    "uniform": msg("no colour wash: the dose is the same everywhere,"),
}  # fmt: skip

KEYS: Final = (
    ("↑ ↓", msg("next slice and the one before")),
    ("PgUp PgDn", msg("five slices on and back")),
    ("Home End", msg("first and last slice")),
    ("← → i j k l", msg("move the cross by 1 mm; capital letters by 10 mm")),
    ("+ − 0", msg("zoom in, zoom out, the whole picture")),
    ("Shift ↑ ↓ ← →", msg("move the picture")),
    ("v", msg("to the next view")),
    ("a d q e", msg("window narrower and wider, level lower and higher")),
    ("1 2 3 4", msg("windows: soft tissue, liver, lung, bone")),
    ("n p", msg("next place where a limit is missed, and the one before")),
    ("h", msg("hottest point of the plan")),
    ("s", msg("find a structure; Enter goes to its centre")),
    ("c C", msg("centre of the next shown structure, and of the one before")),
    ("w f", msg("colour wash, isodoses")),
    ("g", msg("add an isodose")),
    ("r", msg("one end of the ruler at the cross, then the other")),
    ("t", msg("what the mouse does")),
    ("x", msg("of two plans: A, B, both, A less B")),
    ("Esc", msg("clear ruler and picked dose; out of a field")),
    ("?", msg("list the keys")),
)
"""Keys of the viewer and what they do, in the order in which they are listed."""


def labels(words: Words) -> dict[str, str]:
    """Return the words of the scripts in a language."""
    return {key: words(text) for key, text in LABELS.items()}
