"""Images, dose and contours of a recorded plan for the pages of an office, made in a child.

The child reads the files again, makes sure that they are those that were recorded, and shows them
with the review as it is recorded: nothing is judged anew. Names that may tell who somebody is are
replaced as they are in the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import msg

if TYPE_CHECKING:
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.sandbox import Limits

OTHER_FILES: Final = msg("The files that lie there are not those that were reviewed.")
NO_PLAN: Final = msg("This plan is not among the files.")
UNREAD: Final = msg("The files could not be read for it.")

CPU_SECONDS: Final = 400


@dataclass(frozen=True, slots=True)
class ImageJob:
    """What a child makes.

    Parameters
    ----------
    source
        Folder of the submission's files.
    out
        Folder to write into; it exists.
    plan
        Its number, from 1.
    files
        SHA-256 of the files that were recorded.
    review, protocol
        As they are recorded, in JSON.
    mapping
        Names of structures that were given for the review.
    codes
        Codes of site and subject, which are no identifiers.
    """

    source: Path
    out: Path
    plan: int
    files: tuple[str, ...]
    review: str
    protocol: str
    mapping: Mapping[str, str]
    codes: tuple[str, ...]


def make_images(job: ImageJob, limits: Limits | None = None) -> str:
    """Have a child make what is shown of a plan; return why that was not possible, or nothing."""
    from sbrt_qa import pipeline
    from sbrt_qa.sandbox import Limits, run_isolated

    caps = limits or Limits(cpu_seconds=CPU_SECONDS)
    outcome = run_isolated(images_here, (job,), caps, prepare=pipeline.warm_up)
    if outcome.error is not None or outcome.failure or not isinstance(outcome.value, dict):
        return UNREAD
    return visible(str(outcome.value.get("why", UNREAD)))[:400]


def images_here(job: ImageJob) -> dict[str, Any]:
    """Make what is shown of a plan; called in the child."""
    from sbrt_qa.audit.entries import may_be_read
    from sbrt_qa.audit.fingerprints import seen
    from sbrt_qa.audit.left_out import left_out
    from sbrt_qa.audit.scanning import scanned
    from sbrt_qa.dicom.load import inspect_with_identity
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import ProtocolFamily
    from sbrt_qa.reports.html.viewer_pack import write_pack

    if not set(job.files) <= seen(job.source).contents:
        return {"why": OTHER_FILES}
    inventory, identity = inspect_with_identity([job.source], wanted=may_be_read)
    protocol = Protocol.model_validate_json(job.protocol)
    found = scanned(inventory, identity, ProtocolFamily((protocol,)), job.codes)
    _, inventory = left_out(job.source, inventory)
    if job.plan > len(inventory.cases):
        return {"why": NO_PLAN}
    shown = _shown(inventory.cases[job.plan - 1], job, protocol, found)
    others = (one.kind or "?" for one in inventory.ignored if not one.kind.startswith("."))
    received = Counter(file.modality for file in inventory.files) + Counter(others)
    write_pack(shown, job.out, received)
    return {"why": ""}


def _shown(case: Case, job: ImageJob, protocol: Protocol, found: Scan) -> Reviewed:
    """Return a plan with its recorded review, under names that tell nobody."""
    from sbrt_qa.audit.case_reports import without_identifiers
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.pipeline.one_plan import Asked, gathered
    from sbrt_qa.review.case_review import CaseReview

    review = CaseReview.from_json(job.review)
    drawn = gathered(CaseDoses(case), protocol, Asked(job.mapping), review)
    evidence = drawn.evidence and without_identifiers(drawn.evidence, found)
    return replace(drawn, evidence=evidence)
