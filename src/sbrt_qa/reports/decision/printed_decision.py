"""A decision of the review office with its signatures, as letters and records print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PrintedSignature:
    """A signature with all that has to stand beside it.

    Parameters
    ----------
    name, account, role
        Who signed: printed name, code, and in which role.
    sentence
        What the signature means, in the language in which it was shown.
    part
        ``reader`` or ``adjudicator``.
    at, local_at
        UTC, and the time of the machine that served the page, with its zone.
    proof
        By what the signer proved just before who it is.
    content_sha256
        Hash of exactly what was on the screen.
    sha256
        Hash of the signed document: that content with who, when and what it means.
    state
        ``valid``, or by what it is superseded, or that it does not match what is recorded.
    content
        What was signed.
    """

    name: str
    account: str
    role: str
    sentence: str
    part: str
    at: str
    local_at: str
    proof: str
    round: int
    content_sha256: str
    sha256: str
    state: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Override:
    """An item that the office judged otherwise than the program.

    Parameters
    ----------
    key
        ``limit:PLAN:ID`` or ``finding:PLAN:CODE:N``.
    engine, verdict
        What the program says, and what the office decided; empty for information.
    reason_code
        Why, as one of a list.
    """

    key: str
    engine: str
    verdict: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class PrintedDecision:
    """A decision that counts.

    Parameters
    ----------
    outcome
        ``accepted``, ``accepted with deviation`` or ``rejected``.
    how
        One reading, readings that agree, or adjudication.
    verdicts
        The office's verdict of each item, by its key.
    overrides
        The items of which it is another than the program's.
    contours
        Answers about contours that are not ``acceptable``: structure, question, answer.
    comments
        What readers wrote to the site.
    signatures
        Of this round.
    """

    outcome: str
    how: str
    at: str
    round: int
    verdict: str
    verdicts: Mapping[str, str]
    overrides: tuple[Override, ...]
    contours: tuple[tuple[str, str, str], ...]
    comments: tuple[str, ...]
    signatures: tuple[PrintedSignature, ...]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """All that the office decided of a submission and signed, in every round.

    Parameters
    ----------
    program
        The program's own verdict of the submission.
    state
        Where the submission stands in the office.
    decision_state
        ``valid``, or why the newest decision does not count; empty where there is none.
    decision
        The newest decision, whether it counts or not; None where nothing was decided.
    signatures
        Oldest first.
    head
        End of the audit's chain when this was put together: number and hash of an event.
    """

    trial: str
    code: str
    program: str
    state: str
    decision_state: str
    decision: PrintedDecision | None
    signatures: tuple[PrintedSignature, ...]
    head: str
