"""From the answer of a child to what is recorded. The answer is believed in nothing."""

from __future__ import annotations

import base64
import json
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from sbrt_qa.audit.coding import coded, differs
from sbrt_qa.audit.layout import Naming, settle
from sbrt_qa.audit.renaming import renamed_text
from sbrt_qa.audit.stated_input import under_words
from sbrt_qa.audit.store.records import (
    Entry,
    Mark,
    Place,
    ReviewedCase,
    StoredComparison,
    StoredDvh,
    StoredFile,
)
from sbrt_qa.compare.comparison import CaseComparison
from sbrt_qa.deid.secret import Secret
from sbrt_qa.errors import InputError, ResultError
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import BROKE_OFF, THIS_PROGRAM, Finding
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.stored_case import StoredCase
from sbrt_qa.review.unreviewed import lost_review, unreviewed

if TYPE_CHECKING:
    from sbrt_qa.audit.discovery import Submission
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.sandbox import Outcome

LABEL: Final = say("submission")
"""What a submission without a readable plan is called."""

CANNOT_READ: Final = "cannot read"
LOST: Final = "worker lost"
OTHER_BYTES: Final = "other bytes"
TIME: Final = "time"
MEMORY: Final = "memory"
ENDED: Final = "ended"
OURS: Final = "ours"
"""Kinds of failures that are not the site's."""

SITE: Final = "site name"
SUBJECT: Final = "subject name"
UID: Final = "uid"
"""Kinds of marks beside those of the contents."""

_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])


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


def entry_of(submission: Submission, outcome: Outcome, protocol: Protocol, owner: Owner) -> Entry:
    """Return what to record of a submission, whatever came of its review."""
    answer = outcome.value if isinstance(outcome.value, dict) else {}
    secret = owner.secret
    lost = None
    try:
        cases, files, found = _read(answer)
    except (ResultError, ValidationError, KeyError, TypeError, ValueError):
        cases, files, found = (), (), ()
    if not cases:
        cases, lost = _unread(answer, outcome, protocol)
    tags = Naming(_tag(answer, "site"), _tag(answer, "subject"))
    named, agree = settle(submission.named, tags)
    refused = _refused(answer)
    codes = coded(named, submission.key, secret, pseudonymize=owner.pseudonymize, refused=refused)
    if owner.pseudonymize:
        names = {name for name in (tags.subject, submission.named.subject) if name}
        cases = tuple(_pseudonymous(case, names, codes.subject, secret) for case in cases)
    received = f"{named.received}T00:00:00.000Z" if named.received else owner.received
    place = Place(owner.trial, codes.site, codes.subject, named.version, owner.place_key, received)
    findings = (*codes.findings, *(() if agree else (differs(),)), *found)
    return Entry(
        place, _input(answer, owner), files, cases, findings, lost, failure_kind(outcome),
        _marks(answer, named, secret), _also(answer, owner),
    )  # fmt: skip


def broke_off(outcome: Outcome) -> bool:
    """Tell whether a review, or a check of it, broke off for a reason that may be gone by now."""
    if outcome.failure:
        return True
    answer = outcome.value if isinstance(outcome.value, dict) else {}
    try:
        texts = [str(one["document"]) for one in answer.get("cases", ())]
        told = [json.loads(text)["findings"] for text in texts if BROKE_OFF in text]
        return any(
            one["where"] == THIS_PROGRAM and one["message"].startswith(BROKE_OFF)
            for findings in told
            for one in findings
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False  # what cannot be read is told when it is recorded


def failure_kind(outcome: Outcome) -> str:
    """Return what kind of failure of ours an outcome is."""
    text = outcome.failure
    if outcome.error is not None:
        return CANNOT_READ if isinstance(outcome.error, InputError) else OURS
    if text.startswith("exceeded"):
        return MEMORY if text.endswith("GB") else TIME
    return ENDED if text.startswith("was ended") else OURS


def _marks(answer: dict[str, Any], named: Naming, secret: Secret) -> tuple[Mark, ...]:
    """Return what tells that another submission is of the same plan or patient."""
    found = [Mark(SITE, secret.digest(f"site {_folded(named.site)}"))]
    if named.subject is not None:
        both = f"{_folded(named.site)}/{_folded(named.subject)}"
        found.append(Mark(SUBJECT, secret.digest(f"subject {both}")))
    try:
        found += [Mark(str(kind)[:32], _hex(text), int(n)) for kind, text, n in answer["marks"]]
        uids = [(str(kind)[:16], str(uid)) for kind, uid in answer["uids"]]
    except (KeyError, TypeError, ValueError):
        return tuple(found)
    found += [Mark(UID, secret.digest(f"{kind} {uid}")) for kind, uid in uids]
    return tuple(found)


def _folded(name: str | None) -> str:
    """Return a name without what case and width of letters make of it."""
    return unicodedata.normalize("NFKC", name or "").casefold().strip()


def _also(answer: dict[str, Any], owner: Owner) -> tuple[str, ...]:
    """Return further fingerprints by which the input may be recorded already."""
    older = answer.get("older")
    return (_bytes(owner), *([older] if isinstance(older, str) else []))


def _unread(
    answer: dict[str, Any], outcome: Outcome, protocol: Protocol
) -> tuple[tuple[ReviewedCase, ...], Finding | None]:
    """Return the review of what cannot be read; or the loss of one that broke off."""
    refused = answer.get("refused")
    if not isinstance(refused, str):
        error = outcome.error and say("could not be made: {0}", stated(outcome.error.what))
        why = outcome.failure or error
        return (), lost_review(LABEL, why or say("gave an answer that cannot be read"))
    got = answer.get("got")
    why = say("{0}; got {1}", refused, got) if isinstance(got, str) and got else refused
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


def _refused(answer: dict[str, Any]) -> tuple[str, ...]:
    """Return what stands in the place of a code and is the patient's own name or number."""
    told = answer.get("refused_codes")
    return tuple(one for one in told if isinstance(one, str)) if isinstance(told, list) else ()


def _tag(answer: dict[str, Any], name: str) -> str | None:
    text = answer.get(name)
    return text.strip() or None if isinstance(text, str) else None


def _input(answer: dict[str, Any], owner: Owner) -> str:
    """Return the fingerprint of the input; of all bytes where the child did not live to tell."""
    try:
        return _hex(answer.get("input"))
    except ValueError:
        return _bytes(owner)


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
