"""From the answer of a child to what is recorded. The answer is believed in nothing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.answer import Contents, PlanReviewed, SubmissionAnswer, answer_of
from sbrt_qa.audit.coding import coded, differs
from sbrt_qa.audit.layout import Naming, settle
from sbrt_qa.audit.renaming import renamed_text
from sbrt_qa.audit.stated_input import under_words
from sbrt_qa.audit.store.records import (
    Entry,
    Mark,
    Place,
    RecordedDvh,
    ReviewedCase,
    StoredComparison,
)
from sbrt_qa.compare.comparison import CaseComparison
from sbrt_qa.deid.secret import Secret
from sbrt_qa.errors import InputError, ResultError
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Finding
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.stored_case import StoredCase
from sbrt_qa.review.unreviewed import lost_review, unreviewed
from sbrt_qa.sandbox import FailureKind, Outcome

if TYPE_CHECKING:
    from sbrt_qa.audit.discovery import Submission
    from sbrt_qa.protocol.definition import Protocol

LABEL: Final = say("submission")
"""What a submission without a readable plan is called."""

CANNOT_READ: Final = "cannot read"
LOST: Final = "worker lost"
OTHER_BYTES: Final = "other bytes"
"""Kinds of failures that are not the site's, beside those of `sbrt_qa.sandbox.FailureKind`."""

SITE: Final = "site name"
SUBJECT: Final = "subject name"
UID: Final = "uid"
"""Kinds of marks beside those of the contents."""

MOST_OF_KIND: Final = 32
MOST_OF_UID_KIND: Final = 16
MOST_OF_MODALITY: Final = 16
"""Characters that are kept of what an answer calls a mark, a UID and a file."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the parent knows of a submission besides the answer of its worker.

    Parameters
    ----------
    place_key
        Stands for the place.
    bytes_sha256
        Fingerprint of all bytes as the parent sees them.
    trial, secret, pseudonymize
        Of the audit.
    received
        Now, unless a manifest says when it was.
    words
        Hash of all that is stated of it, see `sbrt_qa.audit.stated_input`.
    """

    place_key: str
    bytes_sha256: str
    trial: str
    secret: Secret
    pseudonymize: bool
    received: str
    words: str = ""


def entry_of(
    submission: Submission,
    outcome: Outcome,
    answer: SubmissionAnswer | None,
    protocol: Protocol,
    owner: Owner,
) -> Entry:
    """Return what to record of a submission, whatever came of its review.

    Parameters
    ----------
    answer
        What `outcome` holds, see `sbrt_qa.audit.answer.answer_of`.
    """
    secret, lost = owner.secret, None
    contents, cases = _read(answer)
    if not cases:
        cases, lost = _unread(answer, outcome, protocol)
    tags = Naming()
    if contents is not None:
        tags = Naming(_tag(contents.site), _tag(contents.subject))
    named, agree = settle(submission.named, tags)
    refused = contents.refused_codes if contents else ()
    codes = coded(named, submission.key, secret, pseudonymize=owner.pseudonymize, refused=refused)
    if owner.pseudonymize:
        names = {name for name in (tags.subject, submission.named.subject) if name}
        cases = tuple(_pseudonymous(case, names, codes.subject, secret) for case in cases)
    received = f"{named.received}T00:00:00.000Z" if named.received else owner.received
    place = Place(owner.trial, codes.site, codes.subject, named.version, owner.place_key, received)
    found = contents.findings if contents else ()
    findings = (*codes.findings, *(() if agree else (differs(),)), *found)
    return Entry(
        place, _input(answer, owner), contents.files if contents else (), cases, findings, lost,
        failure_kind(outcome), _marks(contents, named, secret), _also(answer, owner),
    )  # fmt: skip


def broke_off(outcome: Outcome) -> bool:
    """Tell whether a review, or a check of it, broke off for a reason that may be gone by now."""
    if outcome.failure:
        return True
    _, cases = _read(answer_of(outcome))  # what cannot be read is told when it is recorded
    return any(finding.own_fault for case in cases for finding in case.review.findings)


def failure_kind(outcome: Outcome) -> str:
    """Return what kind of failure of ours an outcome is."""
    if outcome.error is None:
        return outcome.kind.value
    return CANNOT_READ if isinstance(outcome.error, InputError) else FailureKind.OURS.value


def _marks(contents: Contents | None, named: Naming, secret: Secret) -> tuple[Mark, ...]:
    """Return what tells that another submission is of the same plan or patient."""
    found = [Mark(SITE, secret.digest(f"site {_folded(named.site)}"))]
    if named.subject is not None:
        both = f"{_folded(named.site)}/{_folded(named.subject)}"
        found.append(Mark(SUBJECT, secret.digest(f"subject {both}")))
    if contents is not None:
        found += [replace(one, kind=one.kind[:MOST_OF_KIND]) for one in contents.marks]
        uids = [(kind[:MOST_OF_UID_KIND], uid) for kind, uid in contents.uids]
        found += [Mark(UID, secret.digest(f"{kind} {uid}")) for kind, uid in uids]
    return tuple(found)


def _folded(name: str | None) -> str:
    """Return a name without what case and width of letters make of it."""
    return unicodedata.normalize("NFKC", name or "").casefold().strip()


def _also(answer: SubmissionAnswer | None, owner: Owner) -> tuple[str, ...]:
    """Return further fingerprints by which the input may be recorded already."""
    return (_bytes(owner), *([answer.older_sha256] if answer and answer.older_sha256 else []))


def _unread(
    answer: SubmissionAnswer | None, outcome: Outcome, protocol: Protocol
) -> tuple[tuple[ReviewedCase, ...], Finding | None]:
    """Return the review of what cannot be read; or the loss of one that broke off."""
    if answer is None or not answer.refused:
        error = outcome.error and say("could not be made: {0}", stated(outcome.error.what))
        why = outcome.failure or error
        return (), lost_review(LABEL, why or say("gave an answer that cannot be read"))
    got = answer.got
    review = unreviewed(
        LABEL, protocol, say("{0}; got {1}", answer.refused, got) if got else answer.refused
    )
    return (ReviewedCase(review, review.to_json()),), None


def _read(
    answer: SubmissionAnswer | None,
) -> tuple[Contents | None, tuple[ReviewedCase, ...]]:
    """Return what was read and its reviews; nothing where a part of it is of another form."""
    contents = answer.contents if answer else None
    if contents is None:
        return None, ()
    try:
        cases = tuple(map(reviewed_case, contents.plans))
    except (ResultError, ValueError):
        return None, ()
    files = tuple(replace(one, modality=one.modality[:MOST_OF_MODALITY]) for one in contents.files)
    return replace(contents, files=files), cases


def reviewed_case(one: PlanReviewed) -> ReviewedCase:
    """Return a plan as it is recorded, from the answer of who reviewed it.

    Raises
    ------
    ResultError, ValueError
        A part of the answer is of another form.
    """
    review = CaseReview.from_json(one.document)
    StoredCase.from_json(one.facts)
    curves = tuple(RecordedDvh(dvh.key, dvh.name, dvh.data) for dvh in one.dvhs)
    comparison = None
    if one.comparison:
        CaseComparison.from_json(one.comparison)
        comparison = StoredComparison(one.comparison, one.before)
    return ReviewedCase(review, one.document, one.facts, curves, comparison)


def _tag(text: str | None) -> str | None:
    return text.strip() or None if text else None


def _input(answer: SubmissionAnswer | None, owner: Owner) -> str:
    """Return the fingerprint of the input; of all bytes where the child did not live to tell."""
    return answer.input_sha256 if answer else _bytes(owner)


def _bytes(owner: Owner) -> str:
    """Return the fingerprint of all bytes, under what is stated of them."""
    return under_words(owner.bytes_sha256, owner.words)


def _pseudonymous(case: ReviewedCase, names: set[str], code: str, secret: Secret) -> ReviewedCase:
    """Replace the subject, and UIDs of input files, which lead to a hospital, by keyed ones."""

    def renamed(document: str) -> str:
        return renamed_text(document, dict.fromkeys(names, code), secret.uid) if document else ""

    document, comparison = renamed(case.document), case.comparison
    if comparison is not None:
        comparison = replace(comparison, document=renamed(comparison.document))
    return replace(
        case,
        review=CaseReview.from_json(document),
        document=document,
        facts=renamed(case.facts),
        comparison=comparison,
    )
