"""What speaks against the parts of a case belonging together, for those who use them elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.run_checks import run_checks
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding

GUESSED: Final = "LINK_GUESSED"

LINKING: Final = frozenset(
    ("DOSE_STALE", "FRAME_OF_REFERENCE", "LINK_DANGLING", "LINK_MISSING", "PATIENT_DIFFERS",
     "PATIENT_POSITION", GUESSED)
)  # fmt: skip
"""Checks of what belongs together."""


def doubts(case: Case, *, with_dose: bool) -> tuple[Finding, ...]:
    """Return what the checks of links find in a case, worst first.

    What they tell as information is left out, but for a guess.

    Parameters
    ----------
    with_dose
        Whether the dose is used; without it, its age and its references do not matter.
    """
    looked_at = case if with_dose else _without_dose(case)
    found = run_checks(CheckContext(CaseDoses(looked_at)), only=LINKING).findings
    return tuple(f for f in found if f.verdict is not None or f.code == GUESSED)


def _without_dose(case: Case) -> Case:
    source = case.provenance
    doses = {h.name for h in source.headers if h.modality == "RTDOSE"}
    headers = tuple(h for h in source.headers if h.modality != "RTDOSE")
    links = tuple(link for link in source.links if link.source not in doses)
    return replace(case, provenance=replace(source, headers=headers, links=links))
