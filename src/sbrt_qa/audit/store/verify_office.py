"""Whether signatures still say what was signed, and whether what the office did hangs together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import canonical
from sbrt_qa.audit.store.decided import NO_MATCH, REOPENED, REVIEWED_ANEW, VALID
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.signed_content import reading_content, reviews_of

__all__ = [
    "NO_MATCH", "REOPENED", "REVIEWED_ANEW", "VALID", "broken_signature", "office_differences",
    "signature_state",
]  # fmt: skip

SIGNED: Final = "reading signed"
"""The kind of the event that tells of a signature."""

_PRINTED: Final = ("name", "sentence", "meaning", "language", "role")


def office_differences(connection: Connection) -> Iterator[str]:
    """Tell every signature, decision and step that is not what it was, or does not fit."""
    yield from _signatures(connection)
    yield from _as_told(connection)
    yield from _decisions(connection)
    yield from _steps(connection)


def signature_state(connection: Connection, signature: int) -> str:
    """Return whether a signature counts: `VALID`, by what it is superseded, or `NO_MATCH`.

    It is computed anew each time; nothing of a signature is ever changed. What was signed of a
    version of the files stays valid for that version when a later one comes.
    """
    row = connection.execute(sa.select(o.signatures).where(o.signatures.c.id == signature)).one()
    if broken_signature(connection, row):
        return NO_MATCH
    r = o.reopenings.c
    later = sa.select(r.id).where(r.submission_id == row.submission_id, r.round > row.round)
    if connection.scalar(later.limit(1)) is not None:
        return REOPENED
    now = sorted(reviews_of(connection, row.submission_id))
    signed = sorted(_signed_reviews(connection, row.submission_id, json.loads(row.document)))
    return VALID if now == signed else REVIEWED_ANEW


def broken_signature(connection: Connection, row: sa.Row[Any]) -> str:
    """Return what of a signature does not match its own hash or the rows it stands for."""
    if sha256(row.document) != row.sha256:
        return "its hash is not that of what was signed"
    try:
        document = json.loads(row.document)
        content = document["content"]
        told = {name: content[name] for name in _PRINTED}
        told |= {name: document[name] for name in ("at", "local_at", "proof", "challenge")}
    except (ValueError, KeyError, TypeError):
        return "what was signed cannot be read"
    printed = (*_PRINTED, "at", "local_at", "proof")
    if any(told[name] != getattr(row, name) for name in printed):
        return "what it prints is not what was signed"
    if sha256(canonical(content)) != row.content_sha256:
        return "what was shown is not what was signed"
    c = o.challenges
    challenge = connection.execute(sa.select(c).where(c.c.id == row.challenge_id)).first()
    shown = None if challenge is None else (
        challenge.token_sha256, challenge.reading_id, challenge.account_id,
        challenge.content_sha256,
    )  # fmt: skip
    if shown != (told["challenge"], row.reading_id, row.account_id, row.content_sha256):
        return "it was not shown to sign"
    reviews = _signed_reviews(connection, row.submission_id, document)
    made = reading_content(connection, row.reading_id, reviews)
    made |= {name: content[name] for name in ("meaning", "sentence", "language")}
    return "" if made == content else NO_MATCH


def _signed_reviews(connection: Connection, submission: int, document: dict[str, Any]) -> list[int]:
    """Return the reviews that a signature names, in the order of their plans."""
    hashes = [one["sha256"] for one in document["content"]["reviews"]]
    r, c = t.reviews, t.cases
    query = (
        sa.select(r.c.id)
        .select_from(r.join(c, r.c.case_id == c.c.id))
        .where(c.c.submission_id == submission, r.c.sha256.in_(hashes))
        .order_by(c.c.ordinal, r.c.id)
    )
    return [int(key) for key in connection.scalars(query)]


def _signatures(connection: Connection) -> Iterator[str]:
    rows = connection.execute(sa.select(o.signatures).order_by(o.signatures.c.id)).all()
    for row in rows:
        if why := broken_signature(connection, row):
            yield f"signature {row.id}: {why}"


def _as_told(connection: Connection) -> Iterator[str]:
    """Hold signatures against the events of signing: none is gone, none is there besides."""
    e, s = t.audit_events.c, o.signatures
    query = sa.select(e.seq, e.details).where(e.kind == SIGNED).order_by(e.seq)
    told = {}
    for event in connection.execute(query):
        data = json.loads(event.details)
        told[data["signature"]] = (data["sha256"], event.seq)
    there = {row.id: row.sha256 for row in connection.execute(sa.select(s.c.id, s.c.sha256))}
    for key, (digest, seq) in told.items():
        if key not in there:
            yield f"signature {key} is gone; it was signed in event {seq}"
        elif there[key] != digest:
            yield f"signature {key} is not the one that event {seq} tells of"
    for key in sorted(there.keys() - told.keys()):
        yield f"signature {key}: no event tells that it was signed"


def _decisions(connection: Connection) -> Iterator[str]:
    d, s = o.decisions, o.signatures
    query = (
        sa.select(d, s.c.document, s.c.submission_id.label("signed"))
        .select_from(d.join(s, d.c.signature_id == s.c.id))
        .order_by(d.c.id)
    )
    for row in connection.execute(query):
        grade = json.loads(row.document)["content"]["grade"]
        fits = (grade, row.signed, sha256(row.items))
        if fits != (row.outcome, row.submission_id, row.sha256):
            yield f"decision {row.id} is not what its signature says"


def _steps(connection: Connection) -> Iterator[str]:
    m = o.transitions
    last: dict[int, tuple[int, str]] = {}
    for row in connection.execute(sa.select(m).order_by(m.c.id)):
        before = last.get(row.submission_id, (0, ""))
        if before != (row.expected, row.from_state):
            yield f"step {row.id} of submission {row.submission_id} does not follow the one before"
        last[row.submission_id] = (row.id, row.to_state)
