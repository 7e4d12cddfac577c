"""One plan reviewed, with all that a report draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL, ReviewRequest

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.setup_errors import Shifts


def report(
    paths: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    site_values: Path | None = None,
    *,
    plan: str | None = None,
    cross_check: bool = False,
    bands: bool = True,
    site: str = "",
    submission: str = "",
    stated: UserStatements = NOTHING_STATED,
    shifts: Shifts | None = None,
    due: dt.date | None = None,
    query: str = "",
) -> Reviewed:
    """Review the one plan in `paths`, or the one chosen by `plan`, and keep what can be drawn.

    Parameters
    ----------
    site, submission
        Code of the site and number of the submission, for the head of the report; without a code
        the one that the files state.
    stated
        What the user states by hand.
    due, query
        Day by which an answer is due, and what the site was asked.
    shifts
        How far the patient may lie elsewhere; as the protocol has it unless given.

    Raises
    ------
    DicomError, ProtocolError, UsageError
        As `sbrt_qa.pipeline.check`; also when there are several plans and `plan` does not say
        which.
    """
    from sbrt_qa.dicom.read.identity import document_patient
    from sbrt_qa.pipeline.reviewing import review as review_all

    request = ReviewRequest(
        tuple(paths), protocol_name, dict(mapping or {}), site_values, bands, cross_check, stated,
        single=True, plan=plan, evidence=True, shifts=shifts,
    )  # fmt: skip
    (found,) = review_all(request)
    review = found.review
    plan_uid = next((f.sop_instance_uid for f in review.files if f.modality == "RTPLAN"), "")
    patient = document_patient(review.subject, paths, plan_uid)
    own = found.occasion
    occasion = replace(
        own, site=site or own.site, submission=submission, written=dt.date.today(), due=due,
        query=query,
    )  # fmt: skip
    return replace(found, patient=patient, occasion=occasion)
