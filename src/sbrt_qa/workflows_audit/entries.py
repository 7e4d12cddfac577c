"""From the answer of a child to what is recorded. The answer is believed in nothing."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from sbrt_qa.audit.coding import coded, differs
from sbrt_qa.audit.discovery import Submission, fingerprint
from sbrt_qa.audit.layout import Naming, Secret, settle
from sbrt_qa.errors import InputError, ResultError
from sbrt_qa.model.outcome import Finding
from sbrt_qa.model.phrase import say
from sbrt_qa.review.comparison import CaseComparison
from sbrt_qa.review.result import CaseReview
from sbrt_qa.review.stored_case import StoredCase
from sbrt_qa.review.unreviewed import lost_review, unreviewed
from sbrt_qa.store.records import (
    Entry,
    Place,
    ReviewedCase,
    StoredComparison,
    StoredDvh,
    StoredFile,
    sha256,
)
from sbrt_qa.workflows_audit.renaming import renamed_text

if TYPE_CHECKING:
    from sbrt_qa.isolation import Outcome
    from sbrt_qa.protocol.schema import Protocol

LABEL: Final = say("submission")
"""What a submission without a readable plan is called."""

_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])


def entry_of(
    submission: Submission,
    place_key: str,
    outcome: Outcome,
    protocol: Protocol,
    trial: str,
    secret: Secret,
    *,
    pseudonymize: bool,
    received: str,
) -> Entry:
    """Return what to record of a submission, whatever came of its review."""
    answer = outcome.value if isinstance(outcome.value, dict) else {}
    lost = None
    try:
        cases, files, found = _read(answer)
    except (ResultError, ValidationError, KeyError, TypeError, ValueError):
        cases, files, found = (), (), ()
    if not cases:
        cases, lost = _unread(answer, outcome, protocol)
    tags = Naming(_tag(answer, "site"), _tag(answer, "subject"))
    named, agree = settle(submission.named, tags)
    codes = coded(named, submission.key, secret, pseudonymize=pseudonymize)
    if pseudonymize:
        names = {name for name in (tags.subject, submission.named.subject) if name}
        cases = tuple(_pseudonymous(case, names, codes.subject, secret) for case in cases)
    place = Place(
        trial,
        codes.site,
        codes.subject,
        named.version,
        place_key,
        f"{named.received}T00:00:00.000Z" if named.received else received,
    )
    findings = (*codes.findings, *(() if agree else (differs(),)), *found)
    return Entry(place, _input(answer, submission), files, cases, findings, lost)


def _unread(
    answer: dict[str, Any], outcome: Outcome, protocol: Protocol
) -> tuple[tuple[ReviewedCase, ...], Finding | None]:
    """Return the review of what cannot be read; or the loss of one that broke off."""
    refused = answer.get("refused")
    if isinstance(refused, str):
        got = answer.get("got")
        why = say("{0}; got {1}", refused, got) if isinstance(got, str) and got else refused
    elif outcome.error is not None:
        why = outcome.error.what
    else:
        return (), lost_review(LABEL, outcome.failure or say("gave an answer that cannot be read"))
    review = unreviewed(LABEL, protocol, why)
    return (ReviewedCase(review, review.to_json()),), None


def _read(
    answer: dict[str, Any],
) -> tuple[tuple[ReviewedCase, ...], tuple[StoredFile, ...], tuple[Finding, ...]]:
    if "cases" not in answer:
        return (), (), ()
    cases = tuple(_case(one) for one in answer["cases"])
    files = tuple(StoredFile(_hex(digest), str(kind)[:16]) for digest, kind in answer["files"])
    return cases, files, _FINDINGS.validate_python(answer["findings"])


def _case(one: dict[str, Any]) -> ReviewedCase:
    review = CaseReview.from_json(one["document"])
    StoredCase.from_json(one["facts"])
    curves = (
        StoredDvh(str(key), str(name), base64.b64decode(data, validate=True))
        for key, name, data in one["dvhs"]
    )
    return ReviewedCase(review, one["document"], one["facts"], tuple(curves), _comparison(one))


def _comparison(one: dict[str, Any]) -> StoredComparison | None:
    document = one.get("comparison")
    if document is None:
        return None
    CaseComparison.from_json(document)
    return StoredComparison(document, _hex(one["before"]))


def _hex(text: Any) -> str:  # noqa: ANN401 - of foreign JSON
    if not (isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")):
        raise ValueError(text)
    return text


def _tag(answer: dict[str, Any], name: str) -> str | None:
    text = answer.get(name)
    return text.strip() or None if isinstance(text, str) else None


def _input(answer: dict[str, Any], submission: Submission) -> str:
    """Return the fingerprint of the input; made here where the child did not live to tell."""
    try:
        return _hex(answer.get("input"))
    except ValueError:
        pass
    try:
        return fingerprint(submission.path)
    except InputError as error:
        return sha256(f"unreadable: {error.what}")


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
