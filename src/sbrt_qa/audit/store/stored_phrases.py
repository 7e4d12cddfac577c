"""The sentences of stored reviews with their parts, so that pages can put them into a language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.errors import ResultError
from sbrt_qa.i18n.phrase import Phrase, phrases_by_text


def phrases_of(connection: Connection, reviews: Sequence[int]) -> dict[str, Phrase]:
    """Return the phrases of reviews by their English text.

    The tables hold the text alone; its parts stand in the document of the review. A document that
    is damaged has none: then its sentences stay English.
    """
    r = t.reviews.c
    found: dict[str, Phrase] = {}
    for document in connection.scalars(sa.select(r.document).where(r.id.in_(reviews))):
        with suppress(ResultError, ValueError):
            told = json.loads(unpacked(document))
            found |= phrases_by_text(told.get("phrases"))
    return found
