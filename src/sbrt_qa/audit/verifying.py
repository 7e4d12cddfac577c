"""``verify``: whether everything is as it was recorded, and would come out the same today."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sbrt_qa import __version__
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.answer import SubmissionAnswer
    from sbrt_qa.audit.folder import AuditFolder
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.kept import KeptReview
    from sbrt_qa.audit.store.verify_records import Verified
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.review.stored_case import StoredCase
    from sbrt_qa.sandbox import Limits


@dataclass(frozen=True, slots=True)
class Rerun:
    """One stored review made again: what differs first; empty when nothing does."""

    code: str
    difference: str


def verify(
    audit: Path, database: str = "", head: str = "", anchor_file: Path | None = None
) -> Verified:
    """Recompute all hashes and the chain, and hold its end and all files against what is known.

    Parameters
    ----------
    head
        A hash that was noted elsewhere: of an event, as letters, pages and this command tell it.
    anchor_file
        Heads that were put elsewhere at the end of runs; the last must be the end of the chain.

    Raises
    ------
    UsageError, StoreError
        There is no audit, or its store cannot be read.
    """
    from sbrt_qa.audit.anchor import anchored
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.verify_outside import verified

    anchors = anchored(anchor_file) if anchor_file is not None else ()
    return verified(open_audit(audit), database, head, anchors)


def accept_loss(audit: Path, database: str, by: Doing) -> int:
    """Go on with an older copy of a store, as a person's decision; return what is lost.

    Raises
    ------
    UsageError, StoreError
        Nothing is lost, nobody decides, or there is no store any more.
    """
    from sbrt_qa.audit.actors import refuse_nobody
    from sbrt_qa.audit.folder import open_to_record
    from sbrt_qa.audit.verify_outside import accept_loss as accept

    return accept(open_to_record(audit), database, refuse_nobody(by))


def rerun(
    audit: Path,
    submissions: Sequence[Path],
    *,
    only: Sequence[str] = (),
    database: str = "",
    key_file: Path | None = None,
    limits: Limits | None = None,
) -> Iterator[Rerun]:
    """Review submissions again from their files and compare with what is stored.

    Parameters
    ----------
    submissions
        Where they lie, as given to the audit.
    only
        Codes of submissions; all when empty.
    limits
        Caps of each review.

    Raises
    ------
    UsageError
        A code is not known.
    """
    from sbrt_qa.audit.folder import open_audit, read_secret
    from sbrt_qa.audit.request import LIMITS
    from sbrt_qa.audit.store.kept import newest_by_case, reviews

    place = open_audit(audit)
    secret = read_secret(place, key_file)
    engine = place.engine(database)
    try:
        stored: dict[int, list[KeptReview]] = {}
        for one in newest_by_case(reviews(engine, made_from_files=True)):
            if not only or one.code in only:
                stored.setdefault(one.submission_id, []).append(one)
        codes = {cases[0].code for cases in stored.values()}
        if unknown := sorted(set(only) - codes):
            raise UsageError("no such submission", got=quoted(unknown[0]))
        again = _Again(engine, place, limits or LIMITS, _places(submissions, secret.digest))
        for cases in stored.values():
            yield Rerun(cases[0].code, again.difference(cases))
    finally:
        engine.dispose()


def _places(roots: Sequence[Path], digest: Any) -> dict[str, Any]:  # noqa: ANN401
    from sbrt_qa.audit.discovery import discover

    return {digest(one.key): one for root in roots for one in discover(root)}


class _Again:
    """Reviews stored submissions once more."""

    def __init__(
        self, engine: Database, place: AuditFolder, limits: Limits, places: dict[str, Any]
    ) -> None:
        from sbrt_qa.audit.store.kept import versions_by_rules

        self._engine, self._limits, self._places = engine, limits, places
        self._pseudonymized = place.settings.pseudonymized
        self._versions = versions_by_rules(engine)

    def difference(self, cases: Sequence[KeptReview]) -> str:
        """Tell what differs first between stored reviews of a submission and new ones."""
        from sbrt_qa.audit.answer import answer_of
        from sbrt_qa.audit.job import SubmissionJob
        from sbrt_qa.audit.one_submission import review_in_child
        from sbrt_qa.audit.session import known_codes, site_code
        from sbrt_qa.audit.store.attempts import version_of
        from sbrt_qa.audit.store.kept import protocol_content, rules_of
        from sbrt_qa.model.stated import UserStatements
        from sbrt_qa.protocol.versions import VersionBasis
        from sbrt_qa.review.case_review import CaseReview

        first = cases[0]
        found = self._places.get(first.place_key)
        if found is None:
            return "its files are not there"
        version = version_of(first.engine)
        if version != __version__:
            return f"it was made by version {version}, this is {__version__}"
        codes = known_codes(found.named, subject=not self._pseudonymized)
        rules = rules_of(self._engine, first.submission_id, version)
        hashes = self._versions.get(rules, (first.protocol,))
        contents = tuple(protocol_content(self._engine, one) for one in hashes)
        review = CaseReview.from_json(first.document)
        fixed = review.protocol.basis is VersionBasis.ASKED
        facts = _facts(first)
        weak = found.named.weak or found.named.subject is None
        subject = "" if weak else first.code.split("/")[1]
        job = SubmissionJob(
            found.path.absolute(), contents, facts.mapping if facts else {},
            fixed=fixed and len(contents) == 1,
            codes=codes, site=site_code(found.named), subject=subject, older=True,
            stated=UserStatements.of_values(facts.stated if facts else {}),
            words=facts.words if facts else "",
        )  # fmt: skip
        return self._compared(cases, answer_of(review_in_child(job, self._limits)))

    def _compared(self, cases: Sequence[KeptReview], answer: SubmissionAnswer | None) -> str:
        if answer is None or cases[0].input_sha256 not in answer.fingerprints:
            return "its files are not what was reviewed"
        new = answer.contents.plans if answer.contents else ()
        if not new:
            unread = all(not one.facts for one in cases)
            return "" if unread else "it cannot be reviewed any more"
        if len(new) != len(cases):
            return f"{len(new)} plans instead of {len(cases)}"
        for number, (one, other) in enumerate(zip(cases, new, strict=True), 1):
            was, now = (_compared_part(text) for text in (one.document, other.document))
            if self._pseudonymized:
                for document in (was, now):
                    document["files"] = [f["sha256"] for f in document["files"]]
            if path := first_difference(was, now):
                return f"plan {number}: {path}"
        return ""


def _facts(stored: KeptReview) -> StoredCase | None:
    """Return what is kept of a case beside its review; None where nothing could be read."""
    from sbrt_qa.review.stored_case import StoredCase

    return StoredCase.from_json(stored.facts) if stored.facts else None


def _compared_part(document: str) -> dict[str, Any]:
    """Return the JSON of a review without the self-test it cites, which computes nothing."""
    found: dict[str, Any] = json.loads(document)
    found["engine"].pop("self_test", None)
    return found


def first_difference(stored: Any, new: Any, path: str = "") -> str:  # noqa: ANN401 - JSON
    """Return where two JSON values first differ, and how; empty when they are equal."""
    if isinstance(stored, dict) and isinstance(new, dict):
        for key in sorted({*stored, *new}):
            if found := first_difference(stored.get(key), new.get(key), f"{path}.{key}"):
                return found
        return ""
    if isinstance(stored, list) and isinstance(new, list) and len(stored) == len(new):
        for i, pair in enumerate(zip(stored, new, strict=True)):
            if found := first_difference(*pair, f"{path}[{i}]"):
                return found
        return ""
    if stored == new:
        return ""
    return f"{path.lstrip('.')}: stored {quoted(stored)}, now {quoted(new)}"
