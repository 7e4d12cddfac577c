"""``regrade``: every stored case under an amendment, from stored histograms, without a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sbrt_qa.audit.actors import refuse_nobody
from sbrt_qa.audit.times import now

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.kept import KeptReview
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.limit_result import ConstraintResult
    from sbrt_qa.review.case_review import CaseReview

BATCH = 50
"""Cases recorded in one transaction."""


@dataclass(frozen=True, slots=True)
class RegradedVerdict:
    """A verdict that an amendment changes.

    ``limit`` is empty for the case as a whole; a limit that one protocol does not have is
    ``absent`` there. ``value`` is the value with its unit, empty where there is none.
    """

    code: str
    plan: int
    limit: str
    before: str
    after: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Regrading:
    """What came of a regrading.

    Parameters
    ----------
    cases
        Number of plans held against the protocol.
    changes
        Verdicts that differ from the newest review before.
    need_files
        Submissions with limits that only their files can answer, and these limits.
    standing
        Whether the protocol is a draft, or who approved it.
    """

    cases: int
    changes: tuple[RegradedVerdict, ...]
    need_files: tuple[tuple[str, tuple[str, ...]], ...]
    standing: str = ""


def regrade(
    audit: Path,
    protocol_name: str,
    database: str = "",
    *,
    keep: bool = True,
    by: Doing | None = None,
) -> Regrading:
    """Hold every stored case against a protocol, and record it.

    Parameters
    ----------
    audit
        The audit's folder.
    protocol_name
        Name in the library, or a file.
    database
        Address, where a password is needed.
    keep
        Record the new reviews; without, only tell what would change.
    by
        Who has it done; a person, where it is recorded.

    Raises
    ------
    UsageError, ProtocolError, StoreError
        As they say.
    """
    from sbrt_qa import pipeline
    from sbrt_qa.audit.folder import open_to_record

    doing = refuse_nobody(by) if keep else None
    rules = pipeline.protocol(protocol_name)
    engine = open_to_record(audit).engine(database)
    try:
        return _Regrader(engine, rules, doing).run()
    finally:
        engine.dispose()


class _Regrader:
    """Regrades; records as somebody's doing, or nothing."""

    def __init__(self, engine: Database, rules: Protocol, by: Doing | None) -> None:
        self._engine, self._rules, self._by = engine, rules, by

    def run(self) -> Regrading:
        from sbrt_qa.protocol.standing import standing_of
        from sbrt_qa.review.case_review import CaseReview
        from sbrt_qa.review.stored import needs_files

        changes: list[RegradedVerdict] = []
        missing: list[tuple[str, tuple[str, ...]]] = []
        made = []
        for source, newest in _sources(self._engine):
            review = self._review(source)
            changes += compare(
                newest.code, newest.plan, CaseReview.from_json(newest.document), review
            )
            if limits := needs_files(review):
                missing.append((newest.code, limits))
            made.append((source, review))
        if self._by is not None:
            self._record(made)
        standing = str(standing_of(self._rules))
        return Regrading(len(made), tuple(changes), tuple(missing), standing)

    def _review(self, source: KeptReview) -> CaseReview:
        from dataclasses import replace

        from sbrt_qa.audit.store.kept import histograms
        from sbrt_qa.dosimetry.packed import unpack
        from sbrt_qa.protocol.versions import AS_ASKED, Chosen
        from sbrt_qa.review.case_review import CaseReview, ProtocolUsed
        from sbrt_qa.review.stored import regrade as held_against
        from sbrt_qa.review.stored_case import StoredCase

        review = CaseReview.from_json(source.document)
        if not source.facts:
            return replace(review, protocol=ProtocolUsed.of(self._rules))
        packed = histograms(self._engine, source.id)
        facts = StoredCase.from_json(source.facts)
        chosen = Chosen(self._rules, AS_ASKED)
        return held_against(
            facts, lambda key: unpack(packed[key]) if key in packed else None, review, chosen
        )

    def _record(self, made: list[tuple[KeptReview, CaseReview]]) -> None:
        from sbrt_qa import __version__
        from sbrt_qa.audit.store.records import Regraded
        from sbrt_qa.audit.store.write import Recorder, add_protocol

        rules = self._rules
        rows = {rules.content_hash: add_protocol(self._engine, rules, now(), self._by)}
        recorder = Recorder(self._engine, rows, __version__)
        for start in range(0, len(made), BATCH):
            batch = [
                Regraded(s.submission_id, s.case_id, s.id, s.engine, review)
                for s, review in made[start : start + BATCH]
            ]
            recorder.record_regrading(batch, now(), self._by)


def _sources(engine: Database) -> Iterator[tuple[KeptReview, KeptReview]]:
    """Give for each plan the newest review made from files, and the newest of all."""
    from sbrt_qa.audit.store.kept import reviews

    source = newest = None
    for one in reviews(engine):
        if newest is not None and one.case_id != newest.case_id and source is not None:
            yield source, newest
            source = None
        newest = one
        source = one if one.source_id is None else source
    if source is not None and newest is not None:
        yield source, newest


def compare(
    code: str, plan: int, before: CaseReview, after: CaseReview
) -> Iterator[RegradedVerdict]:
    """Tell every verdict that differs between two reviews of one plan."""
    if before.verdict is not after.verdict:
        yield RegradedVerdict(code, plan, "", before.verdict.value, after.verdict.value)
    old = {_name(c): c for c in before.constraints if c.counts}
    new = {_name(c): c for c in after.constraints if c.counts}
    for limit in sorted({*old, *new}):
        one, other = old.get(limit), new.get(limit)
        was, now_is = (c.verdict.value if c else "absent" for c in (one, other))
        if was != now_is:
            yield RegradedVerdict(code, plan, limit, was, now_is, _shown(other or one))


def _name(one: ConstraintResult) -> str:
    return f"{one.id} {one.structure}" if one.target else one.id


def _shown(one: ConstraintResult | None) -> str:
    return "" if one is None or one.value is None else f"{one.value:.6g} {one.unit}"
