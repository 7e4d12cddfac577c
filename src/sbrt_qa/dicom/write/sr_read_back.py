"""Structured reports of :mod:`sbrt_qa.dicom.write.sr_file`, read back into the same values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from highdicom.sr import CodedConcept
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.codedict import codes
from pydicom.uid import Comprehensive3DSRStorage

from sbrt_qa.dicom.write import sr_file as names
from sbrt_qa.dicom.write.documents import (
    SCHEME,
    FindingReported,
    LimitReported,
    ReviewReported,
)
from sbrt_qa.errors import DicomError, quoted
from sbrt_qa.model.outcome import Band, Driver, Verdict


@dataclass(frozen=True, slots=True)
class _Group:
    """A measurement group, its items by the code of their concept name."""

    identifier: str
    texts: dict[str, tuple[str, ...]]
    codes: dict[str, str]
    numbers: dict[str, float]
    finding: str
    metric: str
    unit: str
    metric_value: float | None

    def text(self, code: str) -> str:
        return " ".join(self.texts.get(code, ()))

    def verdict(self) -> Verdict | None:
        word = self.codes[names.VERDICT.value]
        return None if word == names.INFORMATION else Verdict(word)


def read_structured_report(data: bytes) -> ReviewReported:
    """Read a structured report of a review.

    Raises
    ------
    DicomError
        The bytes are no DICOM file, or not a report that this program wrote.
    """
    try:
        document = dcmread(io.BytesIO(data))
    except (InvalidDicomError, EOFError, OSError) as error:
        raise DicomError("not a DICOM file") from error
    if document.get("SOPClassUID") != Comprehensive3DSRStorage:
        raise DicomError(
            "not a structured report of a review", got=quoted(document.get("Modality"))
        )
    try:
        return _review([_group(one) for one in _groups(document)])
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise DicomError("a structured report of another origin, or a broken one") from error


def referred_uids(data: bytes) -> tuple[str, ...]:
    """Return the SOP Instance UIDs of the evidence, in the order of the document."""
    document = dcmread(io.BytesIO(data))
    held = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
    return tuple(
        str(one.ReferencedSOPInstanceUID)
        for keyword in held
        for study in document.get(keyword, ())
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    )


def _groups(document: Dataset) -> Iterator[Dataset]:
    for part in document.ContentSequence:
        if _code(part) == codes.DCM.ImagingMeasurements.value:
            yield from part.ContentSequence


def _group(part: Dataset) -> _Group:
    texts: dict[str, tuple[str, ...]] = {}
    coded: dict[str, str] = {}
    numbers: dict[str, float] = {}
    finding = metric = unit = ""
    metric_value = None
    for one in part.ContentSequence:
        code = _code(one)
        if one.ValueType == "TEXT":
            texts[code] = (*texts.get(code, ()), str(one.TextValue))
        elif one.ValueType == "CODE":
            coded[code] = _value(one.ConceptCodeSequence[0])
            if code == codes.DCM.Finding.value:
                finding = coded[code].removeprefix(names.STRUCTURE_PREFIX)
        elif one.ValueType == "NUM":
            number = float(one.MeasuredValueSequence[0].FloatingPointValue)
            if code in _BOUNDS:
                numbers[code] = number
            else:
                metric_value = number
                metric = code.removeprefix(names.METRIC_PREFIX)
                unit = _unit(one.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0])
    identifier = texts[codes.DCM.TrackingIdentifier.value][0]
    return _Group(identifier, texts, coded, numbers, finding, metric, unit, metric_value)


def _unit(concept: Dataset) -> str:
    code = _value(concept)
    known = (ours for ours, one in names.UCUM.items() if one.value == code)
    return next(known, code.removeprefix(names.UNIT_PREFIX))


_BOUNDS = {
    n.value
    for n in (
        names.LIMIT, names.MINOR_LIMIT, names.BAND_LOW, names.BAND_HIGH, names.SPREAD_LOW,
        names.SPREAD_HIGH,
    )
}  # fmt: skip


def _review(groups: list[_Group]) -> ReviewReported:
    case, *others = groups
    verdict = case.verdict()
    if case.identifier != names.CASE_GROUP or verdict is None:
        raise ValueError(case.identifier)
    return ReviewReported(
        verdict=verdict,
        plan=case.text(names.PLAN_LABEL.value),
        protocol=case.text(names.PROTOCOL.value),
        protocol_version=case.text(names.PROTOCOL_VERSION.value),
        protocol_sha256=case.text(names.PROTOCOL_SHA256.value),
        engine=case.text(names.ENGINE.value),
        standing=case.text(names.STANDING.value),
        limits=tuple(_limit(one) for one in others if names.OPERATOR.value in one.codes),
        findings=tuple(_finding(one) for one in others if names.OPERATOR.value not in one.codes),
    )


def _limit(group: _Group) -> LimitReported:
    verdict = group.verdict()
    if verdict is None:
        raise ValueError(group.identifier)
    return LimitReported(
        id=group.identifier,
        structure=group.text(names.STRUCTURE.value) or group.finding,
        roi_names=group.texts.get(names.ROI_NAME.value, ()),
        roi_numbers=tuple(int(n) for n in group.texts.get(names.ROI_NUMBER.value, ())),
        metric=group.text(names.METRIC.value) or group.metric,
        unit=group.text(names.UNIT.value) or group.unit,
        op=group.codes[names.OPERATOR.value].removeprefix(names.OPERATOR_PREFIX),
        value=group.metric_value,
        limit=group.numbers.get(names.LIMIT.value),
        minor_limit=group.numbers.get(names.MINOR_LIMIT.value),
        verdict=verdict,
        priority=int(group.codes[names.PRIORITY.value].removeprefix("P")),
        counts=names.COUNTS.value not in group.codes,
        band=_interval(group, names.BAND_LOW, names.BAND_HIGH, names.BAND_DRIVER),
        borderline=names.BORDERLINE.value in group.codes,
        borderline_text=group.text(names.BORDERLINE_TEXT.value),
        spread=_interval(group, names.SPREAD_LOW, names.SPREAD_HIGH, names.SPREAD_DRIVER),
        depends_on_convention=names.CONVENTION.value in group.codes,
        convention_text=group.text(names.CONVENTION_TEXT.value),
        reason_code=group.codes.get(names.REASON.value, ""),
        reason=group.text(codes.DCM.Comment.value),
    )


def _interval(
    group: _Group, low: CodedConcept, high: CodedConcept, driver: CodedConcept
) -> Band | None:
    if driver.value not in group.codes:
        return None
    return Band(
        group.numbers[low.value], group.numbers[high.value], Driver(group.codes[driver.value])
    )


def _finding(group: _Group) -> FindingReported:
    return FindingReported(group.identifier, group.verdict(), group.text(codes.DCM.Comment.value))


def _code(part: Dataset) -> str:
    concept = part.ConceptNameCodeSequence[0]
    return _value(concept) if concept.CodingSchemeDesignator in (SCHEME, "DCM") else ""


def _value(concept: Dataset) -> str:
    for keyword in ("CodeValue", "LongCodeValue"):
        if keyword in concept:
            return str(concept[keyword].value)
    raise ValueError(concept)
