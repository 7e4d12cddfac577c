"""The codes of a structured report of a review: public ones, and ours where there is none.

Public codes are those of DICOM's Content Mapping Resource (PS3.16) as pydicom lists them, each used
for what its meaning says. A limit of a protocol has none (a normal range is something else), nor
has a verdict, nor a volume at a dose; the private codes of `documents.SCHEME` stand for these.
"""

from __future__ import annotations

from typing import Final

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from sbrt_qa.dicom.write.documents import SCHEME, DoseMeasured, long_string
from sbrt_qa.model.outcome import Verdict

UCUM: Final[dict[str, CodedConcept]] = {
    "Gy": CodedConcept("Gy", "UCUM", "Gray"),
    "cGy": CodedConcept("cGy", "UCUM", "Centigray"),
    "%": CodedConcept("%", "UCUM", "Percent"),
    "cc": CodedConcept("cm3", "UCUM", "Cubic centimeter"),
    "1": CodedConcept("1", "UCUM", "no units"),
    "mm": CodedConcept("mm", "UCUM", "Millimeter"),
    "Gy cc": CodedConcept("Gy.cm3", "UCUM", "Gray cubic centimeter"),
    "bool": CodedConcept("{boolean}", "UCUM", "1 yes, 0 no"),
}
"""Our units as UCUM codes."""

CASE_GROUP: Final = "case"
"""Tracking identifier of the group that holds the verdict of the case."""

VERDICT_WORDS: Final = {
    Verdict.PER_PROTOCOL: "Per protocol",
    Verdict.MINOR: "Minor deviation",
    Verdict.MAJOR: "Major deviation",
    Verdict.NOT_EVALUABLE: "Not evaluable",
}
INFORMATION: Final = "information"

LIMIT_PREFIX: Final = "LIMIT "
METRIC_PREFIX: Final = "METRIC "
STRUCTURE_PREFIX: Final = "STRUCTURE "
UNIT_PREFIX: Final = "UNIT "
BAND_PREFIX: Final = "BAND "
SPREAD_PREFIX: Final = "SPREAD "


def own(code: str, meaning: str) -> CodedConcept:
    """Return a concept of the private scheme."""
    return CodedConcept(long_string(code), SCHEME, long_string(meaning))


VERDICT: Final = codes.DCM.AssessmentCategory
MINOR_LIMIT: Final = own("MINOR_LIMIT", "Limit of a minor deviation")
LOWER_RANGE: Final = codes.SCT.RangeOfLowerMeasurementUncertainty
UPPER_RANGE: Final = codes.SCT.RangeOfUpperMeasurementUncertainty
LOW: Final = codes.SCT.Minimum
HIGH: Final = codes.SCT.Maximum
OPERATOR: Final = own("OPERATOR", "Relation of value and limit")
PRIORITY: Final = CodedConcept(codes.SCT.Priority.value, "SCT", "Priority")
COUNTS: Final = own("COUNTS", "Limit decides the case")
BORDERLINE: Final = own("BORDERLINE", "Verdict changes within the uncertainty")
CONVENTION: Final = own("CONVENTION", "Verdict depends on the convention")
CONVENTION_TEXT: Final = own("CONVENTION_TEXT", "Why the verdict depends on the convention")
BORDERLINE_TEXT: Final = own("BORDERLINE_TEXT", "Why the verdict is borderline")
REASON: Final = own("REASON", "Reason why there is no value")
METRIC: Final = own("METRIC", "Metric")
UNIT: Final = own("UNIT", "Unit of the metric")
LABEL: Final = codes.DCM.ShortLabel
REGION: Final = codes.DCM.RegionInSpace
ROI_NAME: Final = own("ROI_NAME", "ROI name in the structure set")
ROI_NUMBER: Final = codes.DCM.ReferencedRegionOfInterestIdentifier
PLAN_LABEL: Final = codes.DCM.RTPlanLabel
STANDING: Final = own("STANDING", "Whether the protocol is a draft or approved")
PROTOCOL: Final = own("PROTOCOL", "Protocol")
PROTOCOL_VERSION: Final = own("PROTOCOL_VERSION", "Protocol version")
PROTOCOL_SHA256: Final = own("PROTOCOL_SHA256", "SHA-256 of the protocol")
ENGINE: Final = codes.DCM.AlgorithmVersion
REVIEWED: Final = own("REVIEWED", "Reviewed objects")
REVIEW: Final = own("PLAN_REVIEW", "Review of a radiotherapy plan against a protocol")


def ucum(unit: str) -> CodedConcept:
    """Return our unit as a UCUM code; that of a metric which nobody knows has a private one."""
    return UCUM.get(unit) or own(UNIT_PREFIX + unit, f"unit {unit}")


_DOSES: Final[dict[DoseMeasured, Code]] = {
    DoseMeasured.MEAN: codes.DCM.MeanAbsorbedRadiationDose,
    DoseMeasured.HIGHEST: codes.DCM.MaximumAbsorbedRadiationDose,
    DoseMeasured.LOWEST: codes.DCM.MinimumAbsorbedRadiationDose,
    DoseMeasured.AT_VOLUME: codes.DCM.AbsorbedDose,
}


def metric_code(metric: str, unit: str, dose: DoseMeasured | None) -> CodedConcept | Code:
    """Return the name of a measurement: an absorbed dose by its public code, in Gy or cGy.

    Biologically weighted dose has no value in a review, so that a value in Gy is absorbed dose.
    """
    public = _DOSES.get(dose) if dose and unit in ("Gy", "cGy") else None
    return public or own(METRIC_PREFIX + metric, metric)
