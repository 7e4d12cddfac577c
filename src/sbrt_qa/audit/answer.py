"""What a worker answers about a submission: typed on both sides of the border of its process.

It crosses as JSON. The parent takes nothing for granted, because what was read may have taken the
child over: an answer that breaks the form is none.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from sbrt_qa.audit.store.records import Mark, StoredFile
from sbrt_qa.model.outcome import Finding

if TYPE_CHECKING:
    from sbrt_qa.sandbox import Outcome

_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PackedDvh:
    """One histogram: its key, the name in the protocol that it stands for, and its bytes as text.

    Raises
    ------
    ValueError
        `base64` is no such text.
    """

    key: str
    name: str
    base64: str

    @classmethod
    def of(cls, key: str, name: str, packed: bytes) -> PackedDvh:
        """Return a packed histogram as text."""
        return cls(key, name, base64.b64encode(packed).decode())

    @property
    def data(self) -> bytes:
        """The packed histogram.

        Raises
        ------
        ValueError
            The text is no packed histogram.
        """
        try:
            return base64.b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError(self.key) from error


@dataclass(frozen=True, slots=True)
class PlanReviewed:
    """One plan of a submission.

    Parameters
    ----------
    document, facts
        JSON of its review, and of what a regrading needs.
    dvhs
        Its histograms.
    comparison, before
        JSON of what it changes beside the submission before, and the fingerprint of that one; both
        empty where there is none.
    unwritten
        Why its report could not be written; empty where it was, or none was wanted.
    """

    document: str
    facts: str
    dvhs: tuple[PackedDvh, ...] = ()
    comparison: str = ""
    before: str = ""
    unwritten: str = ""

    def __post_init__(self) -> None:
        if self.comparison:
            _need_hash(self.before)


@dataclass(frozen=True, slots=True)
class Contents:
    """What was read of a submission.

    Parameters
    ----------
    files
        Fingerprint and kind of each file.
    findings
        About the submission as a whole.
    site, subject
        Codes that the files state, where they state one.
    refused_codes
        What stands in the place of a code and is the patient's own name or number.
    marks, uids
        What tells that another submission is of the same plan or patient.
    plans
        One for each plan or course.
    """

    files: tuple[StoredFile, ...]
    findings: tuple[Finding, ...]
    site: str | None
    subject: str | None
    refused_codes: tuple[str, ...]
    marks: tuple[Mark, ...]
    uids: tuple[tuple[str, str], ...]
    plans: tuple[PlanReviewed, ...]

    def __post_init__(self) -> None:
        for digest in (*(one.sha256 for one in self.files), *(one.digest for one in self.marks)):
            _need_hash(digest)


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """What came of a submission: it is known, it changed, it was refused, or it was read.

    Parameters
    ----------
    input_sha256
        Fingerprint of what is reviewed, under what is stated of it.
    bytes_sha256
        That of all bytes that were seen, by which the parent knows that they are those it sees.
    older_sha256
        That of the input as version 0.1.0 took it, where it was asked for.
    known
        The fingerprint by which it is known already and needs no review; else empty.
    changed
        Whether the files changed while they were read.
    refused, got
        Why the files themselves cannot be used, which was tried twice; else empty.
    contents
        What was read; None in all other cases.
    """

    input_sha256: str
    bytes_sha256: str
    older_sha256: str = ""
    known: str = ""
    changed: bool = False
    refused: str = ""
    got: str = ""
    contents: Contents | None = None

    def __post_init__(self) -> None:
        _need_hash(self.input_sha256)
        _need_hash(self.bytes_sha256)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """By what the input may be recorded, the usual one first."""
        return tuple(filter(None, (self.input_sha256, self.older_sha256, self.bytes_sha256)))

    def to_values(self) -> dict[str, Any]:
        """Return the answer as JSON can hold it; see :func:`answer_of`."""
        return asdict(self)


def answer_of(outcome: Outcome | None) -> SubmissionAnswer | None:
    """Return what a worker answered; None where there is no answer, or one of another form."""
    if outcome is None or outcome.value is None:
        return None
    try:
        return _adapter().validate_python(outcome.value)
    except (ValidationError, ValueError, RecursionError):
        return None


@cache
def _adapter() -> TypeAdapter[SubmissionAnswer]:
    return TypeAdapter(SubmissionAnswer)


def _need_hash(text: str) -> None:
    if not _HASH.fullmatch(text):
        raise ValueError(text)
