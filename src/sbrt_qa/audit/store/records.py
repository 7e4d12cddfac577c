"""What is handed to the store, and what it answers: values without a database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sbrt_qa.model.outcome import Finding
from sbrt_qa.review.case_review import CaseReview


@dataclass(frozen=True, slots=True)
class Place:
    """Where a submission stands in the trial.

    Parameters
    ----------
    trial, site, subject
        Codes.
    version
        As the site counts; None to count in order of arrival.
    place_key
        Stands for the folder or archive; tells nothing of its name.
    received
        UTC, ISO 8601.
    """

    trial: str
    site: str
    subject: str
    version: int | None
    place_key: str
    received: str


@dataclass(frozen=True, slots=True)
class RecordedDvh:
    """One histogram, packed: its key, and the name in the protocol that it stands for."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """JSON of a comparison, and the fingerprint of the input that came before."""

    document: str
    before_input: str


@dataclass(frozen=True, slots=True)
class ReviewedCase:
    """One plan of a submission with its review.

    Parameters
    ----------
    review, document
        The review, and its JSON.
    facts
        JSON of what a regrading needs; empty when nothing could be read.
    comparison
        What it changes beside the submission before; None where there is none.
    """

    review: CaseReview
    document: str
    facts: str = ""
    dvhs: tuple[RecordedDvh, ...] = ()
    comparison: StoredComparison | None = None

    @property
    def facts_sha256(self) -> str:
        """Fingerprint of the facts and all histograms."""
        return facts_hash(self.facts, ((d.key, d.data) for d in self.dvhs))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An input file: its fingerprint and what it is; its name is not kept."""

    sha256: str
    modality: str


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A hash of one kind; `ordinal` is the number of the plan, 0 for the submission as a whole."""

    kind: str
    digest: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A reviewed submission, ready to be recorded.

    Parameters
    ----------
    input_sha256
        Fingerprint of all its files.
    findings
        About the submission as a whole.
    lost, lost_kind
        What a review came to that broke off: it was ended, or took too long or too much; and the
        kind of failure that is. Then there are no cases, and another run tries again.
    marks
        What tells that another submission is of the same plan or patient.
    also
        Further fingerprints by which the input is known.
    reports
        Fingerprints of the case reports, one for each plan, empty where none was written; nothing
        where no reports are wanted.
    """

    place: Place
    input_sha256: str
    files: tuple[StoredFile, ...]
    cases: tuple[ReviewedCase, ...]
    findings: tuple[Finding, ...] = ()
    lost: Finding | None = None
    lost_kind: str = "broke off"
    marks: tuple[Mark, ...] = ()
    also: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.cases) == (self.lost is not None):
            msg = "a submission has cases, or was lost"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording made: the submission's row and its place in the trial."""

    submission_id: int
    code: str
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class Regraded:
    """A stored case held against another protocol.

    `source_id` is the review it was stored with, `engine` the version that computed that one.
    """

    submission_id: int
    case_id: int
    source_id: int
    engine: str
    review: CaseReview


def submission_code(site: str, subject: str, version: int, revision: int = 1) -> str:
    """Return how people call a submission: ``site/subject/v2``, with revisions ``v2.3``."""
    return f"{site}/{subject}/v{version}" + (f".{revision}" if revision > 1 else "")


def sha256(text: str) -> str:
    """Return the fingerprint of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def facts_hash(facts: str, dvhs: Iterable[tuple[str, bytes]]) -> str:
    """Return the fingerprint of a case's facts and histograms, whatever their order."""
    digest = hashlib.sha256(facts.encode())
    for key, data in sorted(dvhs):
        digest.update(f"\n{len(data)} {key}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def rules_hash(protocols: Iterable[str]) -> str:
    """Return what stands for all versions of a protocol; for a lone one, its own hash."""
    ordered = sorted(protocols)
    return ordered[0] if len(ordered) == 1 else sha256("\n".join(ordered))


def findings_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the fingerprint of findings in their order."""
    names = ("code", "verdict", "place", "message", "advice")
    return sha256(json.dumps([[row[name] for name in names] for row in rows], ensure_ascii=False))


def files_hash(files: Iterable[StoredFile]) -> str:
    """Return the fingerprint of a list of files, whatever their order."""
    lines = sorted(f"{one.sha256} {one.modality}" for one in files)
    return sha256("\n".join(lines))
