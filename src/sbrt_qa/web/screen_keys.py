"""The keys of each screen, in words: the page lists them, and its script acts on them.

Every one stands for something on the page that works without it. They are off in text fields, and
may be switched off as a whole.
"""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import msg

Keys = tuple[tuple[str, str], ...]

EVERYWHERE_KEYS: Final[Keys] = (
    ("?", msg("list the keys")),
    ("Esc", msg("out of a field, or close this list")),
)

QUEUE_KEYS: Final[Keys] = (
    ("j k", msg("next and previous row")),
    ("Enter o", msg("open the case")),
    ("t", msg("take the case")),
    ("x", msg("choose the case, to assign it with others")),
    ("a", msg("assign what is chosen")),
    ("/", msg("search")),
    ("f", msg("filter")),
    ("1 2 3", msg("the views")),
    ("]", msg("the next page")),
)

CASE_KEYS: Final[Keys] = (
    ("r", msg("read the case")),
    ("1 2 3 4", msg("deviations, limits, histograms, images of the report")),
    ("v", msg("into the report, to its images")),
    ("m", msg("the images as in the files")),
    ("q", msg("ask the site")),
    ("a", msg("assign")),
    ("d", msg("set the due date")),
    ("w", msg("answer")),
)

READING_KEYS: Final[Keys] = (
    ("j n", msg("next item")),
    ("k p", msg("previous item")),
    ("a y", msg("agree, or acceptable, and on to the next")),
    ("e", msg("agree with everything that is per protocol")),
    ("o", msg("override: verdict, reason and words follow with Tab")),
    ("u", msg("to the next item that is not answered yet")),
    ("1 2 3 4", msg("verdict on the case, in the order shown")),
    ("c", msg("comment")),
    ("l h i", msg("limits, histograms, images of the report")),
    ("v", msg("into the report, to its images")),
    ("m", msg("the images as in the files")),
    ("s", msg("save and go to signing")),
)

SIGN_KEYS: Final[Keys] = (
    ("Enter", msg("go on")),
    ("b", msg("back to the reading")),
)

TRAIL_KEYS: Final[Keys] = (
    ("/", msg("filter")),
    ("v", msg("verify the records")),
    ("]", msg("older events")),
)

SITE_KEYS: Final[Keys] = (
    ("u", msg("upload")),
    ("j k", msg("next and previous row")),
    ("Enter o", msg("open the case")),
)
