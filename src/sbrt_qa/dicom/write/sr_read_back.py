"""Structured reports of :mod:`sbrt_qa.dicom.write.sr_file`, read back into the same values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.codedict import codes
from pydicom.uid import Comprehensive3DSRStorage

from sbrt_qa.dicom.write import sr_codes as names
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
    intervals: dict[str, Band]
    roi_names: tuple[str, ...]
    finding: str
    metric: str
    unit: str
    metric_value: float | None

    def text(self, code: str) -> str:
        return " ".join(self.texts.get(code, ()))

    def verdict(self) -> Verdict | None:
        word = self.codes[names.VERDICT.value]
        return None if word == names.INFORMATION else Verdict(word)

    def operator(self) -> str:
        """Return the relation of value and limit; empty for what is no limit."""
        held = (c.removeprefix(names.LIMIT_PREFIX) for c in self.numbers if _is_limit(c))
        return next(held, self.text(names.OPERATOR.value))

    def limit(self) -> float | None:
        return next((number for code, number in self.numbers.items() if _is_limit(code)), None)


def _is_limit(code: str) -> bool:
    return code.startswith(names.LIMIT_PREFIX)


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
    intervals: dict[str, Band] = {}
    roi_names: list[str] = []
    finding = metric = unit = ""
    metric_value = None
    for one in part.ContentSequence:
        code = _code(one)
        if one.ValueType == "TEXT":
            texts[code] = (*texts.get(code, ()), str(one.TextValue))
            if code == names.ROI_NUMBER.value:
                roi_names += _below(one).values()
        elif one.ValueType == "CODE":
            coded[code] = _value(one.ConceptCodeSequence[0])
            if code == codes.DCM.Finding.value:
                finding = _below(one).get(names.LABEL.value, "")
        elif one.ValueType == "CONTAINER":
            intervals |= _interval(code, one)
        elif one.ValueType == "NUM":
            if _is_limit(code) or code == names.MINOR_LIMIT.value:
                numbers[code] = _number(one)
            else:
                metric_value = _number(one)
                metric = _below(one)[names.LABEL.value]
                unit = _unit(one.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0])
    return _Group(
        texts[codes.DCM.TrackingIdentifier.value][0],
        texts, coded, numbers, intervals, tuple(roi_names), finding, metric, unit, metric_value,
    )  # fmt: skip


def _below(part: Dataset) -> dict[str, str]:
    """Return the texts that are properties of an item, by the code of their concept name."""
    held = part.get("ContentSequence", ())
    return {_code(one): str(one.TextValue) for one in held if one.ValueType == "TEXT"}


def _number(part: Dataset) -> float:
    return float(part.MeasuredValueSequence[0].FloatingPointValue)


def _interval(code: str, part: Dataset) -> dict[str, Band]:
    for prefix in (names.BAND_PREFIX, names.SPREAD_PREFIX):
        if code.startswith(prefix):
            low, high = (_number(one) for one in part.ContentSequence)
            return {prefix: Band(low, high, Driver(code.removeprefix(prefix)))}
    return {}


def _unit(concept: Dataset) -> str:
    code = _value(concept)
    known = (ours for ours, one in names.UCUM.items() if one.value == code)
    return next(known, code.removeprefix(names.UNIT_PREFIX))


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
        limits=tuple(_limit(one) for one in others if one.operator()),
        findings=tuple(_finding(one) for one in others if not one.operator()),
    )


def _limit(group: _Group) -> LimitReported:
    verdict = group.verdict()
    if verdict is None:
        raise ValueError(group.identifier)
    return LimitReported(
        id=group.identifier,
        structure=group.finding,
        roi_names=group.texts.get(names.ROI_NAME.value, group.roi_names),
        roi_numbers=tuple(int(n) for n in group.texts.get(names.ROI_NUMBER.value, ())),
        metric=group.text(names.METRIC.value) or group.metric,
        unit=group.text(names.UNIT.value) or group.unit,
        op=group.operator(),
        value=group.metric_value,
        limit=group.limit(),
        minor_limit=group.numbers.get(names.MINOR_LIMIT.value),
        verdict=verdict,
        priority=int(group.text(names.PRIORITY.value)),
        counts=names.COUNTS.value not in group.codes,
        band=group.intervals.get(names.BAND_PREFIX),
        borderline=names.BORDERLINE.value in group.codes,
        borderline_text=group.text(names.BORDERLINE_TEXT.value),
        spread=group.intervals.get(names.SPREAD_PREFIX),
        depends_on_convention=names.CONVENTION.value in group.codes,
        convention_text=group.text(names.CONVENTION_TEXT.value),
        reason_code=group.codes.get(names.REASON.value, ""),
        reason=group.text(codes.DCM.Comment.value),
    )


def _finding(group: _Group) -> FindingReported:
    return FindingReported(group.identifier, group.verdict(), group.text(codes.DCM.Comment.value))


def _code(part: Dataset) -> str:
    concept = part.ConceptNameCodeSequence[0]
    return _value(concept) if concept.CodingSchemeDesignator in (SCHEME, "DCM", "SCT") else ""


def _value(concept: Dataset) -> str:
    for keyword in ("CodeValue", "LongCodeValue"):
        if keyword in concept:
            return str(concept[keyword].value)
    raise ValueError(concept)
