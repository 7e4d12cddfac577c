"""One submission reviewed in a process of its own: it reads the files, the parent only its answer.

What leaves this process holds no identifiers: texts with any are cleaned here, because only here
are they known.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.answer import Contents, PackedDvh, PlanReviewed, SubmissionAnswer
from sbrt_qa.audit.earlier import Earlier
from sbrt_qa.audit.scanning import refused_codes, scanned, without_names
from sbrt_qa.audit.store.records import StoredFile
from sbrt_qa.errors import OwnFault, SbrtQaError, UsageError

if TYPE_CHECKING:
    from sbrt_qa.audit.fingerprints import Seen
    from sbrt_qa.audit.job import SubmissionJob
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.dicom.read.identifiers import Identity
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.stated import UserStatements
    from sbrt_qa.protocol.versions import Chosen, ProtocolFamily
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.stored_case import StoredCase
    from sbrt_qa.sandbox import Limits, Outcome

_ROI: Final = re.compile(r"roi (\d+)")

ENTRY: Final = "entry of --map no. "
"""Stands with its number for a name of the map that a case does not have."""


def review_in_child(job: SubmissionJob, limits: Limits) -> Outcome:
    """Review a submission in a process of its own and wait for its answer."""
    from sbrt_qa.sandbox import run_isolated

    get_warm()
    return run_isolated(answer_in_json, (job,), limits, prepare=get_ready)


def get_warm(*, at_once: bool = False) -> None:
    """Have the process that all children are forked from warm up, see `sbrt_qa.audit.loaded`."""
    from sbrt_qa.sandbox import preload

    preload(["__main__", "sbrt_qa.audit.loaded"], at_once=at_once)


def get_ready() -> None:
    """Warm up, unless the process that this one was forked from has done so."""
    if "sbrt_qa.audit.loaded" not in sys.modules:
        from sbrt_qa import pipeline

        pipeline.warm_up()


def answer_in_json(job: SubmissionJob) -> dict[str, Any]:
    """Review a submission and return the answer as JSON can hold it; called in the child."""
    return review_submission(job).to_values()


def review_submission(job: SubmissionJob) -> SubmissionAnswer:
    """Review every plan of a submission, unless it is known already; called in the child."""
    from sbrt_qa.audit.fingerprints import older_fingerprint, seen
    from sbrt_qa.audit.stated_input import under_words

    look = seen(job.path)
    mine = under_words(look.input_sha256, job.words)
    older = under_words(older_fingerprint(job.path), job.words) if job.older else ""
    told = SubmissionAnswer(mine, look.bytes_sha256, older)
    fingerprints = (mine, under_words(look.bytes_sha256, job.words), older)
    known = next((one for one in fingerprints if one and one in job.known), "")
    if known:
        return replace(told, known=known)
    opened = _opened(job.path, look, job.stated)
    if opened is None:
        return replace(told, changed=True)
    if isinstance(opened, SbrtQaError):
        from sbrt_qa.audit.left_out import harmless

        return replace(told, refused=opened.what, got=harmless(opened, job.path))
    return replace(told, contents=_reviewed(job, *opened, mine))


def _opened(
    path: Path, look: Seen, stated: UserStatements
) -> tuple[Inventory, Identity] | SbrtQaError | None:
    """Read the files; None where they change meanwhile.

    What the files themselves do not allow has to happen twice.
    """
    from sbrt_qa.audit.fingerprints import seen

    first = _read(path, stated)
    if not isinstance(first, SbrtQaError):
        same = not path.is_dir() or {one.sha256 for one in first[0].files} <= look.contents
        return first if same else None
    second = _read(path, stated)
    twice = isinstance(second, SbrtQaError) and second.what == first.what
    return first if twice and seen(path) == look else None


def _read(path: Path, stated: UserStatements) -> tuple[Inventory, Identity] | SbrtQaError:
    from sbrt_qa.audit.entries import may_be_read
    from sbrt_qa.dicom.load import inspect_with_identity

    try:
        return inspect_with_identity([path], stated, wanted=may_be_read)
    except (OwnFault, UsageError):
        raise  # not the site's: the review broke off, or the office states what cannot be
    except SbrtQaError as error:
        return error


def _reviewed(job: SubmissionJob, inventory: Inventory, identity: Identity, mine: str) -> Contents:
    """Review what was read; `mine` is the fingerprint of the input."""
    from sbrt_qa.audit.left_out import left_out
    from sbrt_qa.audit.likeness_marks import content_marks, uids

    family = _family(job)
    found = scanned(inventory, identity, family, job.codes)
    told, inventory = left_out(job.path, inventory)
    alone = len(inventory.cases) == 1
    before = Earlier(job.before, mine) if job.before else None
    reviewer = _Reviewer(job, family, found, identity.subjects, before, alone=alone)
    codes = (*job.codes, *identity.subjects, *identity.sites)
    return Contents(
        files=tuple(StoredFile(one.sha256, one.modality) for one in inventory.files),
        findings=(*found.findings, *told),
        site=_only(identity.sites),
        subject=_only(identity.subjects),
        refused_codes=tuple(refused_codes(identity, codes)),
        marks=content_marks(inventory.cases),
        uids=uids(inventory),
        plans=tuple(reviewer.answer(case, plan) for plan, case in enumerate(inventory.cases, 1)),
    )


def _family(job: SubmissionJob) -> ProtocolFamily:
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import ProtocolFamily as Family

    versions = tuple(Protocol.model_validate_json(text) for text in job.protocols)
    return Family(versions, fixed=job.fixed)


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


class _Reviewer:
    """Reviews the plans of one submission; what it answers and writes holds no identifiers."""

    def __init__(
        self,
        job: SubmissionJob,
        family: ProtocolFamily,
        found: Scan,
        subjects: Sequence[str],
        before: Earlier | None,
        *,
        alone: bool,
    ) -> None:
        self._job, self._family, self._found, self._alone = job, family, found, alone
        self._subjects, self._before = tuple(subjects), before

    def answer(self, case: Case, plan: int) -> PlanReviewed:
        """Review one plan, compare it with the version before, and write its report."""
        from sbrt_qa.dosimetry.case_doses import CaseDoses
        from sbrt_qa.dosimetry.packed import pack
        from sbrt_qa.pipeline.one_plan import Asked, gathered, review_plan
        from sbrt_qa.review.case_review import CaseReview
        from sbrt_qa.review.overlap import with_overlaps
        from sbrt_qa.review.stored import stored

        asked = Asked(self._mapping(case))
        if self._job.renamed is not None:
            case = replace(case, stated=without_names(case.stated, case))
        doses = CaseDoses(case)
        chosen = self._chosen(case)
        review = with_overlaps(self._of_place(review_plan(case, chosen, asked, doses=doses)), doses)
        facts, dvhs = stored(doses, asked.mapping, review)
        facts = replace(facts, words=self._job.words)
        comparison = self._compared(case, review, chosen)
        done = PlanReviewed(
            self._clean(review.to_json()),
            self._clean(self._under_clean_names(facts).to_json()),
            tuple(_packed({key: pack(dvh) for key, dvh in dvhs.items()}, _names(review))),
            comparison.to_json() if comparison else "",
            self._before.input_sha256 if comparison and self._before else "",
        )
        if self._job.report is None:
            return done
        drawn = gathered(doses, chosen, asked, review)
        page = replace(drawn, review=CaseReview.from_json(done.document), comparison=comparison)
        return replace(done, unwritten=self._write(self._job.report, plan, page))

    def _chosen(self, case: Case) -> Chosen:
        """Return the version a case is held against.

        In a trial most plans fall under a version that was amended later; that one is is no news.
        """
        from sbrt_qa.protocol.versions import VersionBasis

        chosen = self._family.of(case)
        in_force = chosen.basis is VersionBasis.IN_FORCE
        return replace(chosen, finding=None) if in_force else chosen

    def _mapping(self, case: Case) -> Mapping[str, str]:
        """Return the map of names; where subjects go by pseudonyms, without those of other cases.

        A name that this case does not have may be that of a patient whom its files do not know.
        """
        from sbrt_qa.audit.scanning import structure_names

        mapping = self._job.mapping
        if self._job.renamed is None:
            return mapping
        there = structure_names(case)
        return {
            name if name in there or name.startswith(ENTRY) else f"{ENTRY}{number}": to
            for number, (name, to) in enumerate(mapping.items(), 1)
        }

    def _of_place(self, review: CaseReview) -> CaseReview:
        """Return a review under the codes of its place, in which handling decides nothing."""
        from sbrt_qa.review.handling import without_part_in_verdict

        site, subject = self._job.site, self._job.subject
        return replace(
            without_part_in_verdict(review),
            site=site or review.site,
            subject=subject or review.subject,
        )

    def _under_clean_names(self, facts: StoredCase) -> StoredCase:
        """Return facts whose mapping names structures as they are stored."""
        clean = self._found.clean
        return replace(facts, mapping={clean(name): to for name, to in facts.mapping.items()})

    def _clean(self, text: str) -> str:
        from sbrt_qa.audit.privacy import scrub

        if not self._found.replacements:
            return text
        return json.dumps(scrub(json.loads(text), self._found), ensure_ascii=False)

    def _compared(self, case: Case, review: CaseReview, chosen: Chosen) -> CaseComparison | None:
        """Compare with the version before; what names somebody there is not told either."""
        from sbrt_qa.audit.privacy import scrub
        from sbrt_qa.compare.comparison import CaseComparison as Comparison

        before = self._before
        if before is None:
            return None
        found = before.compare(case, review, chosen, self._mapping(case), alone=self._alone)
        if found is None:
            return None
        data = scrub(json.loads(found.to_json()), self._found)
        if before.inventory is not None and before.identity is not None:
            codes = self._job.codes
            data = scrub(data, scanned(before.inventory, before.identity, self._family, codes))
        return Comparison.from_json(json.dumps(data))

    def _write(self, stem: Path, plan: int, page: Reviewed) -> str:
        """Write the report of one plan; return why that was not possible, empty when it was."""
        from sbrt_qa.audit.case_reports import pseudonymous, without_identifiers, write_report

        job = self._job
        day, query = job.waiting
        occasion = replace(
            page.occasion,
            site=self._found.clean(job.site),
            submission=job.version,
            written=dt.datetime.now(dt.UTC).date(),
            head=job.head,
            due=dt.date.fromisoformat(day) if day else None,
            query=query,
        )
        evidence = page.evidence and without_identifiers(page.evidence, self._found)
        page = replace(page, evidence=evidence, occasion=occasion)
        if job.renamed is not None:
            page = pseudonymous(page, job.renamed, self._subjects)
        return write_report(page, stem, plan, job.language)


def _packed(dvhs: Mapping[str, bytes], names: Mapping[tuple[int, ...], str]) -> Iterator[PackedDvh]:
    for key, data in dvhs.items():
        yield PackedDvh.of(key, names.get(_numbers(key), ""), data)


def _names(review: CaseReview) -> dict[tuple[int, ...], str]:
    """Return what ROIs, alone or combined, stand for in the protocol."""
    names = {c.match.roi_numbers: c.of for c in review.constraints if c.match}
    for one in review.structures:
        if one.matched:
            names[(one.roi_number,)] = one.matched[0]
    return names


def _numbers(key: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _ROI.findall(key))
