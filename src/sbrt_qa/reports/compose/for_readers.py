"""What page one says instead of options of the command line and kinds of files.

The table of checks has the sentences as the checks told them, for the physicist. Page one is read
by those who type no command: there a finding is told in words of the clinic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sbrt_qa.i18n.phrase import Phrase, say
from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import Finding

INSTEAD: Final[Mapping[str, str]] = {
    "Ask the site to contour it, or name the structure with --map.":
        msg("Ask the site to contour it, or to say which structure it is."),
    "Ask the site to contour them, or name the structures with --map.":
        msg("Ask the site to contour them, or to say which structures they are."),
    "Say with --map which one is meant.": msg("Ask the site which one is meant."),
    "Say with --map which target it is, or with --not-a-target that it is none, and submit again.":
        msg("Ask the site which target it is, or whether it is none."),
    "Contour it, or delete the empty ROI; where it is no target, say so with --not-a-target.":
        msg("Ask the site to contour it, or to delete the empty structure."),
    "Say with --not-a-target which of them is no target of this plan.":
        msg("Ask the site which of them is no target of this plan."),
    "{0} could be {1}; say which with --map": msg("{0} could be {1}; which is not said"),
    "; if it is {0}, say so with --map": msg("; it may be {0}"),
    "a part only: {0} is not all of {1}; if it is, say so with --map":
        msg("a part only: {0} is not all of {1}"),
}  # fmt: skip
"""Sentences of the checks that name an option, and what is said for them."""

PLACES: Final[Mapping[str, str]] = {
    "RTPLAN": say("plan"), "RTSTRUCT": say("structures"), "RTDOSE": say("dose"),
}  # fmt: skip
"""Kinds of files, in words."""


def for_readers(finding: Finding) -> Finding:
    """Return a finding as page one tells it."""
    return replace(
        finding,
        where=PLACES.get(finding.where, finding.where),
        message=in_plain_words(finding.message),
        advice=in_plain_words(finding.advice),
    )


def in_plain_words(text: str) -> str:
    """Return a sentence of a check, without the options that it names."""
    if not isinstance(text, Phrase):
        return Phrase(INSTEAD[text]) if text in INSTEAD else text
    values = tuple(in_plain_words(v) if isinstance(v, Phrase) else v for v in text.values)
    return Phrase(INSTEAD.get(text.template, text.template), values)
