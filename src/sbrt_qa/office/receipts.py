"""Receipts: given once a submission is recorded, recorded themselves, and held against records."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import Head, events, has_head, head_of
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.intake.receipt import Receipt
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.roles import Role
from sbrt_qa.office.trail import as_engine, tell

GIVEN = "receipt given"
DELETED = "originals deleted"


def give_receipt(engine: Database, at: str, submission: int, receipt: Receipt) -> Receipt:
    """Return a receipt with the end of the chain in it, and record that it was given."""

    def work(connection: sa.Connection) -> Receipt:
        head, code = head_of(connection), standing_in(connection, submission).code
        query = sa.select(t.files.c.sha256).where(t.files.c.submission_id == submission)
        reviewed = tuple(sorted(connection.scalars(query.distinct())))
        made = replace(
            receipt, submission=code, reviewed=reviewed, head_seq=head.seq, head_hash=head.hash
        )
        told = {"receipt_sha256": made.sha256, "files": len(made.files)}
        tell(connection, GIVEN, code, as_engine(connection, at), Role.ENGINE, told)
        return made

    return written(engine, work)


def refuted(engine: Database, receipt: Receipt) -> str:
    """Return how the records contradict a receipt; empty where they bear it out."""
    with reading(engine) as connection:
        if not has_head(connection, Head(receipt.head_seq, receipt.head_hash)):
            return "the records do not hold the event that the receipt names as their last"
        given = [
            one
            for one in events(connection)
            if one.kind == GIVEN and one.data.get("receipt_sha256") == receipt.sha256
        ]
        if not given or given[0].subject != receipt.submission:
            return "the records do not tell that this receipt was given"
        known = set(connection.scalars(sa.select(t.files.c.sha256)))
    if not {*receipt.reviewed} <= known:
        return "the records do not hold a file that the receipt says was reviewed"
    return ""


def tell_deleted(engine: Database, at: str, code: str, hashes: tuple[str, ...]) -> None:
    """Record that originals were deleted by the rule of retention: their hashes stay."""

    def work(connection: sa.Connection) -> None:
        told = {"originals": sorted(hashes)}
        tell(connection, DELETED, code, as_engine(connection, at), Role.ENGINE, told)

    written(engine, work)


def code_of_submission(engine: Database, submission: int) -> str:
    """Return what a submission is called: ``SITE/SUBJECT/v1``."""
    with reading(engine) as connection:
        return str(standing_in(connection, submission).code)
