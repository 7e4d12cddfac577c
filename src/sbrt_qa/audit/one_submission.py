"""One submission reviewed in a process of its own: it reads the files, the parent only its answer.

What leaves this process holds no identifiers: texts with any are cleaned here, because only here
are they known.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.earlier import Before, Earlier
from sbrt_qa.audit.scanning import refused_codes, scanned, without_names
from sbrt_qa.errors import OwnFault, SbrtQaError, UsageError

if TYPE_CHECKING:
    from sbrt_qa.audit.fingerprints import Seen
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.dicom.read.identifiers import Identity
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.outcome import Finding
    from sbrt_qa.model.stated import UserStatements
    from sbrt_qa.protocol.versions import Chosen, ProtocolFamily
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.stored_case import StoredCase
    from sbrt_qa.sandbox import Limits, Outcome

_ROI: Final = re.compile(r"roi (\d+)")

ENTRY: Final = "entry of --map no. "
"""Stands with its number for a name of the map that a case does not have."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is sent: plain values only.

    Parameters
    ----------
    path
        Folder or archive of the submission.
    protocols
        JSON of every version of the protocol; reading YAML once for each case would take longer
        than the limits.
    fixed
        Whether the one version was asked for, whatever the planning date.
    known
        Fingerprints of inputs that need no review.
    codes
        Site and subject as far as they are known, which may stand in the files.
    before
        The submission that this one takes the place of.
    report
        Beginning of the paths of case reports; empty for none.
    site, version
        Code of the site and number of the submission, as a report tells them; may be empty.
    renamed
        Pseudonyms by name, where subjects go by pseudonyms; those of names that only the files
        tell are not known here.
    subject
        Code of the subject by the place, which reports show whatever the files say; may be empty.
    older
        Whether the place may be known by a fingerprint as version 0.1.0 took it.
    head
        End of the chain when the review was asked for, which reports show.
    stated
        What the trial office states of the plans, as plain values.
    words
        Hash of all that is stated, names of `mapping` included; empty where nothing is.
    """

    path: str
    protocols: tuple[str, ...]
    mapping: Mapping[str, str]
    fixed: bool = False
    known: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    before: Before | None = None
    report: str = ""
    site: str = ""
    version: str = ""
    renamed: Mapping[str, str] | None = None
    subject: str = ""
    older: bool = False
    head: str = ""
    stated: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


def review_in_child(job: Job, limits: Limits) -> Outcome:
    """Review a submission in a process of its own and wait for its answer."""
    from sbrt_qa.sandbox import run_isolated

    get_warm()
    return run_isolated(review_submission, (asdict(job),), limits, prepare=get_ready)


def get_warm(*, at_once: bool = False) -> None:
    """Have the process that all children are forked from warm up, see `sbrt_qa.audit.loaded`."""
    from sbrt_qa.sandbox import preload

    preload(["__main__", "sbrt_qa.audit.loaded"], at_once=at_once)


def get_ready() -> None:
    """Warm up, unless the process that this one was forked from has done so."""
    if "sbrt_qa.audit.loaded" not in sys.modules:
        from sbrt_qa import pipeline

        pipeline.warm_up()


def review_submission(job: Mapping[str, Any]) -> dict[str, Any]:
    """Review every plan of a submission; called in the child.

    The answer always has ``input``, the fingerprint of what is reviewed, and ``bytes``, that of all
    bytes that were seen, by which the parent knows that they are those that it sees. Beyond these
    it is ``unchanged`` for a known input; ``refused`` with the reason where the files themselves
    cannot be used, which was tried twice; or has files, findings, tags, marks and cases.
    """
    from sbrt_qa.audit.fingerprints import older_fingerprint, seen
    from sbrt_qa.audit.stated_input import under_words

    path = Path(job["path"])
    look = seen(path)
    words = job["words"]
    mine = under_words(look.input_sha256, words)
    told: dict[str, Any] = {"input": mine, "bytes": look.bytes_sha256}
    if job["older"]:
        told["older"] = under_words(older_fingerprint(path), words)
    fingerprints = (mine, under_words(look.bytes_sha256, words), told.get("older"))
    known = next((one for one in fingerprints if one in job["known"]), "")
    if known:
        return {**told, "unchanged": True, "known": known}
    opened = _opened(path, look, _stated(job))
    return {**told, **(opened if isinstance(opened, dict) else _reviewed(job, *opened, look))}


def _stated(job: Mapping[str, Any]) -> UserStatements:
    from sbrt_qa.model.stated import UserStatements as Statements

    return Statements.of_values(job["stated"])


def _opened(
    path: Path, look: Seen, stated: UserStatements
) -> tuple[Inventory, Identity] | dict[str, Any]:
    """Read the files; what the files themselves do not allow has to happen twice."""
    from sbrt_qa.audit.fingerprints import seen
    from sbrt_qa.audit.left_out import harmless

    first = _read(path, stated)
    if not isinstance(first, SbrtQaError):
        inventory = first[0]
        of_folder = path.is_dir()
        if of_folder and not {one.sha256 for one in inventory.files} <= look.contents:
            return {"changed": True}
        return first
    second = _read(path, stated)
    if seen(path) != look or not isinstance(second, SbrtQaError) or second.what != first.what:
        return {"changed": True}
    return {"refused": first.what, "got": harmless(first, path)}


def _read(path: Path, stated: UserStatements) -> tuple[Inventory, Identity] | SbrtQaError:
    from sbrt_qa.audit.entries import may_be_read
    from sbrt_qa.dicom.load import inspect_with_identity

    try:
        return inspect_with_identity([path], stated, wanted=may_be_read)
    except (OwnFault, UsageError):
        raise  # not the site's: the review broke off, or the office states what cannot be
    except SbrtQaError as error:
        return error


def _reviewed(
    job: Mapping[str, Any], inventory: Inventory, identity: Identity, look: Seen
) -> dict[str, Any]:
    from sbrt_qa.audit.left_out import left_out
    from sbrt_qa.audit.likeness_marks import content_marks, uids
    from sbrt_qa.audit.stated_input import under_words

    family = _family(job)
    found = scanned(inventory, identity, family, job["codes"])
    told, inventory = left_out(Path(job["path"]), inventory)
    alone = len(inventory.cases) == 1
    mine = under_words(look.input_sha256, job["words"])
    before = Earlier(job["before"], mine) if job["before"] else None
    reviewer = _Reviewer(job, family, found, identity.subjects, before, alone=alone)
    return {
        "files": [[one.sha256, one.modality] for one in inventory.files],
        "findings": [_plain(one) for one in (*found.findings, *told)],
        "site": _only(identity.sites),
        "subject": _only(identity.subjects),
        "refused_codes": refused_codes(
            identity, [*job["codes"], *identity.subjects, *identity.sites]
        ),
        "marks": content_marks(inventory.cases),
        "uids": uids(inventory),
        "cases": [reviewer.answer(case, plan) for plan, case in enumerate(inventory.cases, 1)],
    }


def _family(job: Mapping[str, Any]) -> ProtocolFamily:
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import ProtocolFamily as Family

    versions = tuple(Protocol.model_validate_json(text) for text in job["protocols"])
    return Family(versions, fixed=job["fixed"])


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "verdict": finding.verdict and finding.verdict.value}


class _Reviewer:
    """Reviews the plans of one submission; what it answers and writes holds no identifiers."""

    def __init__(
        self,
        job: Mapping[str, Any],
        family: ProtocolFamily,
        found: Scan,
        subjects: Sequence[str],
        before: Earlier | None,
        *,
        alone: bool,
    ) -> None:
        self._job, self._family, self._found, self._alone = job, family, found, alone
        self._subjects, self._before = tuple(subjects), before

    def answer(self, case: Case, plan: int) -> dict[str, Any]:
        """Review one plan, compare it with the version before, and write its report."""
        from sbrt_qa.dosimetry.case_doses import CaseDoses
        from sbrt_qa.dosimetry.packed import pack
        from sbrt_qa.review.review import review_case
        from sbrt_qa.review.stored import stored

        mapping = self._mapping(case)
        if self._job["renamed"] is not None:
            case = replace(case, stated=without_names(case.stated, case))
        doses = CaseDoses(case)
        chosen = self._chosen(case)
        review = self._of_place(review_case(case, chosen, mapping=mapping, doses=doses))
        facts, dvhs = stored(doses, mapping, review)
        facts = replace(facts, words=self._job["words"])
        document = self._clean(review.to_json())
        comparison = self._compared(case, review, chosen)
        told = {
            "document": document,
            "facts": self._clean(self._under_clean_names(facts).to_json()),
            "dvhs": _listed({key: pack(dvh) for key, dvh in dvhs.items()}, _names(review)),
            "comparison": comparison and comparison.to_json(),
            "before": self._before.input_sha256 if comparison and self._before else "",
        }
        if self._job["report"]:
            told["unwritten"] = self._write(plan, doses, review, chosen, document, comparison)
        return told

    def _chosen(self, case: Case) -> Chosen:
        """Return the version a case is held against.

        In a trial most plans fall under a version that was amended later; that one is is no news.
        """
        from sbrt_qa.protocol.versions import IN_FORCE

        chosen = self._family.of(case)
        return replace(chosen, finding=None) if chosen.why == IN_FORCE else chosen

    def _mapping(self, case: Case) -> Mapping[str, str]:
        """Return the map of names; where subjects go by pseudonyms, without those of other cases.

        A name that this case does not have may be that of a patient whom its files do not know.
        """
        from sbrt_qa.audit.scanning import structure_names

        mapping: Mapping[str, str] = self._job["mapping"]
        if self._job["renamed"] is None:
            return mapping
        there = structure_names(case)
        return {
            name if name in there or name.startswith(ENTRY) else f"{ENTRY}{number}": to
            for number, (name, to) in enumerate(mapping.items(), 1)
        }

    def _of_place(self, review: CaseReview) -> CaseReview:
        """Return a review under the codes of its place, in which handling decides nothing."""
        from sbrt_qa.review.handling import without_part_in_verdict

        site, subject = self._job["site"], self._job["subject"]
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
            codes = self._job["codes"]
            data = scrub(data, scanned(before.inventory, before.identity, self._family, codes))
        return Comparison.from_json(json.dumps(data))

    def _write(
        self,
        plan: int,
        doses: CaseDoses,
        review: CaseReview,
        chosen: Chosen,
        document: str,
        comparison: CaseComparison | None,
    ) -> str:
        from sbrt_qa.audit.case_reports import (
            pseudonymous,
            without_identifiers,
            write_report,
        )
        from sbrt_qa.evidence.evidence import Reviewed
        from sbrt_qa.evidence.gather import gather
        from sbrt_qa.review.case_review import CaseReview as Review
        from sbrt_qa.review.submission import occasion_of

        evidence = gather(doses, chosen.protocol, self._mapping(doses.case), review)
        page = Reviewed(
            Review.from_json(document),
            without_identifiers(evidence, self._found),
            comparison=comparison,
            occasion=replace(
                occasion_of(doses.case),
                site=self._found.clean(self._job["site"]),
                submission=self._job["version"],
                written=dt.datetime.now(dt.UTC).date(),
                head=self._job["head"],
            ),
        )
        if self._job["renamed"] is not None:
            page = pseudonymous(page, self._job["renamed"], self._subjects)
        return write_report(page, self._job["report"], plan)


def _listed(dvhs: Mapping[str, bytes], names: Mapping[tuple[int, ...], str]) -> list[list[str]]:
    return [
        [key, names.get(_numbers(key), ""), base64.b64encode(data).decode()]
        for key, data in dvhs.items()
    ]


def _names(review: CaseReview) -> dict[tuple[int, ...], str]:
    """Return what ROIs, alone or combined, stand for in the protocol."""
    names = {c.match.roi_numbers: c.of for c in review.constraints if c.match}
    for one in review.structures:
        if one.matched:
            names[(one.roi_number,)] = one.matched[0]
    return names


def _numbers(key: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _ROI.findall(key))
