"""Reviews of the sample patient, each made once for all tests of reports. Read only."""

from __future__ import annotations

import functools
from pathlib import Path

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.pipeline import reporting

SAMPLES = Path(__file__).parents[2] / "sample_dicom"


@functools.cache
def sample(name: str, *, bands: bool = False) -> Reviewed:
    """Return the review of a sample plan, with what a report draws."""
    return reporting.report([SAMPLES / name], bands=bands)
