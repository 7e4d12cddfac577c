"""JSON, for programs: the versioned form of the results, which reads back unchanged.

It may end up on a terminal all the same, so characters that show as nothing stand as escapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:  # noqa: ARG001
    """Return a JSON list, one element per case."""
    return inert("[\n" + ",\n".join(review.to_json(indent=2) for review in reviews) + "\n]\n")


def render_dvh(table: DvhTable, page: Page) -> str:  # noqa: ARG001
    """Return one JSON object."""
    return inert(table.to_json() + "\n")


def inert(text: str) -> str:
    """Return JSON text in which control, format and direction characters are escapes."""
    if text.isascii() and "\x7f" not in text:
        return text  # the encoder has escaped the rest
    unseen = {c for c in set(text) - {"\n"} if visible(c) != c}
    return text.translate({ord(c): _escape(c) for c in unseen})


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
