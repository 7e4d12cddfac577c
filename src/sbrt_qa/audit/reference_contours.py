"""A reviewer's contours kept in an audit, as reference for those of a submission.

What is kept: outlines under names that the audit has of the plan already (those of a reviewer's
file were never looked at for identifiers), what they measure beside the submission's, and the
verdicts of every limit with either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.actors import ADVICE, refuse_nobody
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.actor import UNSTATED

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.kept import KeptReview
    from sbrt_qa.audit.store.reference_records import ReferenceEntry
    from sbrt_qa.compare.reference_set import ReferenceComparison
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.model.case import Case
    from sbrt_qa.review.stored_case import StoredCase

CONTOURS: Final = "sbrt_qa.reference_contours/1"

DECIDING: Final = ("RTPLAN", "RTSTRUCT", "RTDOSE", "SEG")
"""Modalities of the files that make a plan what it is."""


@dataclass(frozen=True, slots=True)
class RecordedReference:
    """What was recorded: of which submission and plan, and whether it was new."""

    code: str
    plan: int
    comparison: ReferenceComparison
    is_new: bool


def record_reference(
    audit: Path,
    submission: Path,
    reference: Path,
    by: Doing | None,
    plan: str | None = None,
    database: str = "",
) -> RecordedReference:
    """Compare a submission with a second structure set, and record both in its audit.

    The submission is known by its files. It is held against the protocol, and with the names and
    statements, of its newest review there.

    Raises
    ------
    UsageError
        Nobody is said to record it, or without role or reason; no plan of the audit has these
        files, or plans of several subjects have them; or see
        `sbrt_qa.pipeline.referencing.compare_reference`.
    InputError, DicomError, StoreError
        As they say.
    """
    from sbrt_qa.audit.folder import open_to_record
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store.reference_records import record_reference as record

    doing = _accountable(by)
    folder = open_to_record(audit)
    engine = folder.engine(database)
    try:
        there, case, facts = _found(engine, submission, plan)
        entry, comparison = _compared(engine, there, case, facts, reference)
        is_new = record(engine, entry, now(), doing)
        if is_new:
            write_head(folder.folder, engine)
    finally:
        engine.dispose()
    return RecordedReference(there.code, there.plan, comparison, is_new)


def _accountable(by: Doing | None) -> Doing:
    doing = refuse_nobody(by)
    if doing.actor.role == UNSTATED:
        raise UsageError(
            "what the person who drew these contours is in the trial is not said", advice=
            'Say it: --role "ROLE".'
        )  # fmt: skip
    if not doing.reason.strip():
        raise UsageError("why these contours are recorded is not said", advice=_WHY)
    return doing


_WHY: Final = f'Say it: --reason "WORDS". {ADVICE}'


def _found(
    engine: Database, submission: Path, plan: str | None
) -> tuple[KeptReview, Case, StoredCase | None]:
    """Return the newest review of a plan that has these files, the plan, and what was stated."""
    from sbrt_qa.audit.fingerprints import seen
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
    from sbrt_qa.pipeline.reviewing import choose

    contents = seen(submission).contents
    known = list(_candidates(engine, contents))
    facts = {newest.case_id: _facts(first) for newest, first in known}
    stated = next((UserStatements.of_values(f.stated) for f in facts.values() if f), NOTHING_STATED)
    if not known:
        raise UsageError(
            "no plan of this audit has these files", expected="a submission that was reviewed in it"
        )
    case = choose(load_cases([submission], stated), plan)
    mine = {f.sha256 for f in case.provenance.files if f.modality in DECIDING}
    same = [newest for newest, _ in known if _parts(newest) == mine]
    if not same:
        raise UsageError("no plan of this audit has exactly these files", got=quoted(case.label))
    if len({one.code.rpartition("/")[0] for one in same}) > 1:
        codes = ", ".join(dict.fromkeys(one.code for one in same))
        raise UsageError("several subjects of this audit have these files", got=quoted(codes))
    return same[-1], case, facts[same[-1].case_id]


def _candidates(
    engine: Database, contents: frozenset[str]
) -> Iterator[tuple[KeptReview, KeptReview]]:
    """Give the newest and the first review of every plan that has a deciding file of these."""
    from sbrt_qa.audit.store.kept import reviews
    from sbrt_qa.audit.store.reference_records import submissions_with

    for submission in submissions_with(engine, contents, DECIDING):
        ends: dict[int, tuple[KeptReview, KeptReview]] = {}
        for one in reviews(engine, submission):
            first = ends[one.case_id][1] if one.case_id in ends else one
            ends[one.case_id] = (one, one if one.facts else first)
        yield from ends.values()


def _parts(there: KeptReview) -> set[str]:
    files = json.loads(there.document).get("files", ())
    return {str(f["sha256"]) for f in files if f["modality"] in DECIDING}


def _facts(there: KeptReview) -> StoredCase | None:
    from sbrt_qa.review.stored_case import StoredCase

    return StoredCase.from_json(there.facts) if there.facts else None


def _compared(
    engine: Database, there: KeptReview, case: Case, facts: StoredCase | None, reference: Path
) -> tuple[ReferenceEntry, ReferenceComparison]:
    from sbrt_qa import __version__
    from sbrt_qa.audit.store.kept import protocol_content
    from sbrt_qa.audit.store.reference_records import ReferenceEntry
    from sbrt_qa.pipeline.referencing import beside, read_reference
    from sbrt_qa.protocol.definition import Protocol

    rules = Protocol.model_validate_json(protocol_content(engine, there.protocol))
    drawn = read_reference(reference)
    found = beside(case, drawn, rules, facts.mapping if facts else {})
    names = _names(found, json.loads(there.document), rules)
    entry = ReferenceEntry(
        there.case_id, there.code, there.plan, there.protocol, __version__, _file_of(drawn),
        str(found.verdict), str(found.reference_verdict), _outlines(drawn, names),
        tuple(_structures(found, names)), tuple(_limits(found, set(names.values()))),
    )  # fmt: skip
    return entry, found


def _file_of(drawn: Case) -> str:
    """Return the SHA-256 of the file that a reference came from; of several, of all theirs."""
    hashes = sorted({one.sha256 for one in drawn.provenance.files})
    joined = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    return hashes[0] if len(hashes) == 1 else joined


def _names(
    found: ReferenceComparison,
    document: Mapping[str, Any],
    rules: Any,  # noqa: ANN401 - a protocol
) -> dict[str, str]:
    """Return under which names the structures of a reference are kept, by theirs."""
    known = {str(one["name"]) for one in document.get("structures", ())}
    known |= {one.name for one in rules.structures}
    kept: dict[str, str] = {}
    for number, row in enumerate(found.rows, 1):
        alike = (name for name in (row.structure, row.reference) if name in known)
        kept[row.reference] = next(alike, f"structure {number}")
    return kept


def _outlines(drawn: Case, names: Mapping[str, str]) -> str:
    """Return all outlines as JSON: z, and x and y in turn, in mm."""
    from sbrt_qa.compare.reference_set import reference_of

    told = [
        {
            "name": names.get(one.name, ""),
            "contours": [
                [round(c.z_mm, 3), [round(float(v), 3) for v in c.xy_mm.ravel()]]
                for c in one.contours
            ],
        }
        for one in reference_of(drawn).structures
    ]
    return json.dumps({"schema": CONTOURS, "structures": told}, separators=(",", ":"))


def _structures(found: ReferenceComparison, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    from sbrt_qa.compare.reference_measures import measured
    from sbrt_qa.model.outcome import Reason

    for number, row in enumerate(found.rows, 1):
        why = row.agreement.code.value if isinstance(row.agreement, Reason) else ""
        whose = {"ordinal": number, "structure": names[row.reference]}
        yield whose | measured(row) | {"reason": why}


def _limits(found: ReferenceComparison, known: set[str]) -> Iterator[dict[str, Any]]:
    for one in found.limits:
        yield {
            "limit_id": one.limit, "structure": one.structure if one.structure in known else "",
            "metric": one.metric, "unit": one.unit, "value": one.value,
            "reference_value": one.reference_value, "verdict": str(one.verdict),
            "reference_verdict": str(one.reference_verdict),
        }  # fmt: skip
