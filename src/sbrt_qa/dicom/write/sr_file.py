"""A review as a DICOM Structured Report: TID 1500 Measurement Report, units in UCUM.

Each limit is a measurement group: the structure as its finding, where it lies as the site, its ROIs
by the structure set and their numbers (TID 1411), the metric and its bounds as measurements, the
verdict as a coded evaluation. That a limit decides, is not borderline and depends on no convention
goes without saying. Plan, dose and structure set are evidence and are referred to in the content.
What a published scheme has no code for is coded in the private scheme `documents.SCHEME`,
identified in the object. `sr_read_back` reads it back unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    CodedConcept,
    CompositeContentItem,
    Comprehensive3DSR,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from sbrt_qa.dicom.write.anatomy_codes import finding_sites
from sbrt_qa.dicom.write.common import CHARACTER_SET, item, seeded_uid, to_bytes
from sbrt_qa.dicom.write.documents import (
    SCHEME,
    DocumentHead,
    FindingReported,
    LimitReported,
    ReviewReported,
    head_dataset,
    long_string,
)
from sbrt_qa.errors import visible
from sbrt_qa.model.case import SourceFile
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

OPERATOR_PREFIX: Final = "OP "
METRIC_PREFIX: Final = "METRIC "
STRUCTURE_PREFIX: Final = "STRUCTURE "
UNIT_PREFIX: Final = "UNIT "


def own(code: str, meaning: str) -> CodedConcept:
    """Return a concept of the private scheme."""
    return CodedConcept(long_string(code), SCHEME, long_string(meaning))


VERDICT: Final = own("VERDICT", "Verdict of protocol review")
LIMIT: Final = own("LIMIT", "Per-protocol limit")
MINOR_LIMIT: Final = own("MINOR_LIMIT", "Limit of a minor deviation")
BAND_LOW: Final = own("BAND_LOW", "Lower end of the uncertainty, given the files")
BAND_HIGH: Final = own("BAND_HIGH", "Upper end of the uncertainty, given the files")
BAND_DRIVER: Final = own("BAND_DRIVER", "What widens the uncertainty most")
SPREAD_LOW: Final = own("SPREAD_LOW", "Lower end of what other systems print")
SPREAD_HIGH: Final = own("SPREAD_HIGH", "Upper end of what other systems print")
SPREAD_DRIVER: Final = own("SPREAD_DRIVER", "What widens the spread most")
OPERATOR: Final = own("OPERATOR", "Relation of value and limit")
PRIORITY: Final = own("PRIORITY", "Priority of the limit")
COUNTS: Final = own("COUNTS", "Limit decides the case")
BORDERLINE: Final = own("BORDERLINE", "Verdict changes within the uncertainty")
CONVENTION: Final = own("CONVENTION", "Verdict depends on the convention")
CONVENTION_TEXT: Final = own("CONVENTION_TEXT", "Why the verdict depends on the convention")
BORDERLINE_TEXT: Final = own("BORDERLINE_TEXT", "Why the verdict is borderline")
REASON: Final = own("REASON", "Reason why there is no value")
METRIC: Final = own("METRIC", "Metric")
UNIT: Final = own("UNIT", "Unit of the metric")
STRUCTURE: Final = own("STRUCTURE", "Structure of the protocol")
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

_OBJECTS: Final = {
    "RTPLAN": codes.DCM.RadiotherapyPlan,
    "RTDOSE": codes.DCM.RadiotherapyDose,
    "RTSTRUCT": codes.DCM.RadiotherapyStructureSet,
}


def ucum(unit: str) -> CodedConcept:
    """Return our unit as a UCUM code; that of a metric which nobody knows has a private one."""
    return UCUM.get(unit) or own(UNIT_PREFIX + unit, f"unit {unit}")


def structured_report(review: ReviewReported, head: DocumentHead) -> bytes:
    """Return the DICOM file of a review as Comprehensive 3D SR."""
    groups = [
        _case_group(review, head),
        *(_limit_group(limit, head, place) for place, limit in enumerate(review.limits)),
        *(_finding_group(found, head, place) for place, found in enumerate(review.findings)),
    ]
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(head)),
        procedure_reported=REVIEW,
        imaging_measurements=groups,
    )
    report[0].ContentSequence.append(_reviewed(head.objects))
    document = Comprehensive3DSR(
        evidence=[_evidence(one, head) for one in head.objects],
        content=report,
        series_instance_uid=head.uid("series SR"),
        series_number=9002,
        sop_instance_uid=head.uid("SR"),
        instance_number=1,
        manufacturer="sbrt_qa",
        is_complete=True,
        coding_schemes=[_scheme()],
        series_description=long_string(head.title),
        manufacturer_model_name="sbrt_qa",
        software_versions=long_string(head.software),
        specific_character_set=CHARACTER_SET,
    )
    document.update(head_dataset(head))
    document.update(_dates(head))
    for equipment in document.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = head.date + head.time
    return to_bytes(document)


def _scheme() -> CodingSchemeIdentificationItem:
    return CodingSchemeIdentificationItem(
        SCHEME, name="sbrt_qa", version="1", responsible_organization="sbrt_qa"
    )


def _dates(head: DocumentHead) -> Dataset:
    return item(
        InstanceCreationDate=head.date,
        InstanceCreationTime=head.time,
        SeriesDate=head.date,
        SeriesTime=head.time,
        ContentDate=head.date,
        ContentTime=head.time,
    )


def _evidence(one: SourceFile, head: DocumentHead) -> Dataset:
    """Return an object as evidence: its identity, and the head's patient and study."""
    dataset = head_dataset(head)
    dataset.SOPClassUID = one.sop_class_uid
    dataset.SOPInstanceUID = one.sop_instance_uid
    dataset.SeriesInstanceUID = one.series_uid
    dataset.StudyInstanceUID = one.study_uid
    return dataset


def _observer(head: DocumentHead) -> ObserverContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=seeded_uid("sbrt_qa device"),
        name="sbrt_qa",
        manufacturer_name="sbrt_qa",
        model_name=long_string(head.software),
    )
    return ObserverContext(codes.DCM.Device, device)


def _reviewed(objects: Sequence[SourceFile]) -> ContainerContentItem:
    container = ContainerContentItem(
        name=REVIEWED, relationship_type=RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = ContentSequence(
        [
            CompositeContentItem(
                name=_OBJECTS[one.modality],
                referenced_sop_class_uid=one.sop_class_uid,
                referenced_sop_instance_uid=one.sop_instance_uid,
                relationship_type=RelationshipTypeValues.CONTAINS,
            )
            for one in objects
        ]
    )
    return container


def _case_group(
    review: ReviewReported, head: DocumentHead
) -> MeasurementsAndQualitativeEvaluations:
    texts = {
        STANDING: review.standing,
        PLAN_LABEL: review.plan,
        PROTOCOL: review.protocol,
        PROTOCOL_VERSION: review.protocol_version,
        PROTOCOL_SHA256: review.protocol_sha256,
        ENGINE: review.engine,
    }
    return _group(
        TrackingIdentifier(head.uid("case"), CASE_GROUP),
        REVIEW,
        evaluations=[_verdict(review.verdict)],
        more=[_text(name, text) for name, text in texts.items() if text],
    )


def _limit_group(
    limit: LimitReported, head: DocumentHead, place: int
) -> MeasurementsAndQualitativeEvaluations:
    return _group(
        TrackingIdentifier(head.uid(f"limit {place}"), visible(limit.id)),
        own(f"{STRUCTURE_PREFIX}{limit.structure}", limit.structure),
        sites=finding_sites(limit.structure),
        measurements=list(_measurements(limit)),
        evaluations=list(_evaluations(limit)),
        more=[*_limit_texts(limit), *_regions(limit, head)],
    )


def _finding_group(
    found: FindingReported, head: DocumentHead, place: int
) -> MeasurementsAndQualitativeEvaluations:
    return _group(
        TrackingIdentifier(head.uid(f"finding {place}"), visible(found.code)),
        codes.DCM.QualityControl,
        evaluations=[_verdict(found.verdict)],
        more=[_text(codes.DCM.Comment, found.text)] if found.text else [],
    )


def _group(
    tracking: TrackingIdentifier,
    finding: CodedConcept,
    *,
    sites: Sequence[FindingSite] = (),
    measurements: Sequence[Measurement] = (),
    evaluations: Sequence[QualitativeEvaluation] = (),
    more: Sequence[ContentItem] = (),
) -> MeasurementsAndQualitativeEvaluations:
    """Return a measurement group (TID 1501); `more` extends it, as the template allows."""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking,
        finding_type=finding,
        finding_sites=list(sites) or None,
        measurements=list(measurements) or None,
        qualitative_evaluations=list(evaluations) or None,
    )
    group[0].ContentSequence.extend(more)
    return group


def _measurements(limit: LimitReported) -> Iterator[Measurement]:
    unit = ucum(limit.unit)
    band, spread = limit.band, limit.spread
    numbers = (
        (own(METRIC_PREFIX + limit.metric, limit.metric), limit.value),
        (LIMIT, limit.limit),
        (MINOR_LIMIT, limit.minor_limit),
        (BAND_LOW, band.low if band else None),
        (BAND_HIGH, band.high if band else None),
        (SPREAD_LOW, spread.low if spread else None),
        (SPREAD_HIGH, spread.high if spread else None),
    )
    for name, value in numbers:
        if value is not None:
            yield Measurement(name, float(value), unit)


def _evaluations(limit: LimitReported) -> Iterator[QualitativeEvaluation]:
    yield _verdict(limit.verdict)
    yield QualitativeEvaluation(OPERATOR, own(OPERATOR_PREFIX + limit.op, limit.op))
    yield QualitativeEvaluation(PRIORITY, own(f"P{limit.priority}", f"Priority {limit.priority}"))
    if not limit.counts:
        yield QualitativeEvaluation(COUNTS, codes.SCT.No)
    if limit.borderline:
        yield QualitativeEvaluation(BORDERLINE, codes.SCT.Yes)
    if limit.depends_on_convention:
        yield QualitativeEvaluation(CONVENTION, codes.SCT.Yes)
    if limit.band is not None:
        driver = limit.band.driver
        yield QualitativeEvaluation(BAND_DRIVER, own(driver, driver.replace("_", " ")))
    if limit.spread is not None:
        driver = limit.spread.driver
        yield QualitativeEvaluation(SPREAD_DRIVER, own(driver, driver.replace("_", " ")))
    if limit.reason_code:
        code = limit.reason_code
        yield QualitativeEvaluation(REASON, own(code, code.replace("_", " ")))


def _limit_texts(limit: LimitReported) -> Iterator[TextContentItem]:
    """Yield what no code holds, and what its code had to cut."""
    if not _fits(STRUCTURE_PREFIX + limit.structure):
        yield _text(STRUCTURE, limit.structure)
    if limit.value is None or not _fits(METRIC_PREFIX + limit.metric):
        yield _text(METRIC, limit.metric)
    if limit.unit and (limit.value is None or not _fits(UNIT_PREFIX + limit.unit)):
        yield _text(UNIT, limit.unit)
    for name in limit.roi_names:
        yield _text(ROI_NAME, name)
    for number in limit.roi_numbers:
        yield _text(ROI_NUMBER, str(number))
    if limit.borderline_text:
        yield _text(BORDERLINE_TEXT, limit.borderline_text)
    if limit.convention_text:
        yield _text(CONVENTION_TEXT, limit.convention_text)
    if limit.reason:
        yield _text(codes.DCM.Comment, limit.reason)


def _regions(limit: LimitReported, head: DocumentHead) -> Iterator[CompositeContentItem]:
    """Yield the structure set in which the ROIs of a limit are drawn."""
    for one in head.objects:
        if one.modality == "RTSTRUCT" and limit.roi_numbers:
            yield CompositeContentItem(
                name=codes.DCM.RegionInSpace,
                referenced_sop_class_uid=one.sop_class_uid,
                referenced_sop_instance_uid=one.sop_instance_uid,
                relationship_type=RelationshipTypeValues.CONTAINS,
            )


def _fits(text: str) -> bool:
    return long_string(text) == text


def _verdict(verdict: Verdict | None) -> QualitativeEvaluation:
    if verdict is None:
        return QualitativeEvaluation(VERDICT, own(INFORMATION, "Information"))
    return QualitativeEvaluation(VERDICT, own(verdict, VERDICT_WORDS[verdict]))


def _text(name: CodedConcept, text: str) -> TextContentItem:
    return TextContentItem(name, visible(text), RelationshipTypeValues.CONTAINS)
