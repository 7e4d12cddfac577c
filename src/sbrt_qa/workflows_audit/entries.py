"""From the answer of a child to what is recorded. The answer is believed in nothing."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from sbrt_qa.audit.coding import coded, differs
from sbrt_qa.audit.discovery import Submission, fingerprint
from sbrt_qa.audit.layout import Naming, Secret, settle
from sbrt_qa.errors import InputError, ResultError
from sbrt_qa.model.outcome import Finding
from sbrt_qa.model.phrase import say
from sbrt_qa.review.result import CaseReview
from sbrt_qa.review.stored_case import StoredCase
from sbrt_qa.review.unreviewed import unreviewed
from sbrt_qa.store.records import Entry, Place, ReviewedCase, StoredDvh, StoredFile, sha256

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
    try:
        cases, files, found = _read(answer)
    except (ResultError, ValidationError, KeyError, TypeError, ValueError):
        cases, files, found = (), (), ()
    if not cases:
        why = _why(answer, outcome)
        review = unreviewed(LABEL, protocol, why)
        cases = (ReviewedCase(review, review.to_json()),)
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
    return Entry(place, _input(answer, submission), files, cases, findings)


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
    return ReviewedCase(review, one["document"], one["facts"], tuple(curves))


def _hex(text: Any) -> str:  # noqa: ANN401 - of foreign JSON
    if not (isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")):
        raise ValueError(text)
    return text


def _tag(answer: dict[str, Any], name: str) -> str | None:
    text = answer.get(name)
    return text.strip() or None if isinstance(text, str) else None


def _why(answer: dict[str, Any], outcome: Outcome) -> str:
    refused = answer.get("refused")
    if isinstance(refused, str):
        got = answer.get("got")
        return say("{0}; got {1}", refused, got) if isinstance(got, str) and got else refused
    if outcome.error is not None:
        return outcome.error.what
    return outcome.failure or say("gave an answer that cannot be read")


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
    instead = dict.fromkeys(names, code)
    uids = {one.sop_instance_uid for one in case.review.files} - {""}
    instead |= {uid: f"2.25.{int(secret.digest(uid)[:32], 16)}" for uid in uids}
    longest_first = sorted(instead, key=len, reverse=True)
    whole = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")

    def replaced(data: object) -> object:
        if isinstance(data, str):
            return whole.sub(lambda found: instead[found[0]], data)
        if isinstance(data, list):
            return [replaced(one) for one in data]
        if isinstance(data, dict):
            return {key: replaced(value) for key, value in data.items()}
        return data

    if not instead:
        return case
    document = json.dumps(replaced(json.loads(case.document)), ensure_ascii=False)
    facts = json.dumps(replaced(json.loads(case.facts)), ensure_ascii=False) if case.facts else ""
    return replace(case, review=CaseReview.from_json(document), document=document, facts=facts)
