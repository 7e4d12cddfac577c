"""A review as a DICOM Structured Report: TID 1500 Measurement Report, units in UCUM.

Each limit is a measurement group: what the structure is as its finding (organ at risk, PTV) with
its name as short label, where it lies as the site, each ROI as a region of the structure set with
number and name (TID 1501), the value with its uncertainty (TID 310) and its bounds as measurements,
the verdict as a coded evaluation. That a limit decides, is not borderline and depends on no
convention goes without saying. Plan, dose and structure set are evidence and are referred to in
the content. What a published scheme has no code for is coded in the private scheme
`documents.SCHEME`, identified in the object. `sr_read_back` reads it back unchanged.
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
    NumContentItem,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from sbrt_qa.dicom.write.anatomy_codes import finding_sites, structure_type
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
from sbrt_qa.dicom.write.sr_codes import (
    BAND_PREFIX,
    BORDERLINE,
    BORDERLINE_TEXT,
    CASE_GROUP,
    CONVENTION,
    CONVENTION_TEXT,
    COUNTS,
    ENGINE,
    HIGH,
    INFORMATION,
    LABEL,
    LIMIT_PREFIX,
    LOW,
    LOWER_RANGE,
    METRIC,
    MINOR_LIMIT,
    OPERATOR,
    PLAN_LABEL,
    PRIORITY,
    PROTOCOL,
    PROTOCOL_SHA256,
    PROTOCOL_VERSION,
    REASON,
    REGION,
    REVIEW,
    REVIEWED,
    ROI_NAME,
    ROI_NUMBER,
    SPREAD_PREFIX,
    STANDING,
    STRUCTURE_PREFIX,
    UNIT,
    UNIT_PREFIX,
    UPPER_RANGE,
    VERDICT,
    VERDICT_WORDS,
    metric_code,
    own,
    ucum,
)
from sbrt_qa.errors import visible
from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.outcome import Verdict

_OBJECTS: Final = {
    "RTPLAN": codes.DCM.RadiotherapyPlan,
    "RTDOSE": codes.DCM.RadiotherapyDose,
    "RTSTRUCT": codes.DCM.RadiotherapyStructureSet,
}


_CONTAINS: Final = RelationshipTypeValues.CONTAINS
_HAS_PROPERTIES: Final = RelationshipTypeValues.HAS_PROPERTIES


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
        SCHEME, name="sbrt_qa", version="2", responsible_organization="sbrt_qa"
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
    container = ContainerContentItem(name=REVIEWED, relationship_type=_CONTAINS)
    container.ContentSequence = ContentSequence(
        [
            CompositeContentItem(
                name=_OBJECTS[one.modality],
                referenced_sop_class_uid=one.sop_class_uid,
                referenced_sop_instance_uid=one.sop_instance_uid,
                relationship_type=_CONTAINS,
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
    group = _group(
        TrackingIdentifier(head.uid(f"limit {place}"), visible(limit.id)),
        structure_type(limit.structure)
        or own(f"{STRUCTURE_PREFIX}{limit.structure}", limit.structure),
        sites=finding_sites(limit.structure),
        measurements=list(_measurements(limit)),
        evaluations=list(_evaluations(limit)),
        more=[*_limit_texts(limit), *_intervals(limit), *_regions(limit, head)],
    )
    for part in group[0].ContentSequence:
        if part.ConceptNameCodeSequence[0].get("CodeValue") == codes.DCM.Finding.value:
            _describe(part, [_label(limit.structure)])
    return group


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
    finding: CodedConcept | Code,
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
    if limit.value is not None:
        measured = Measurement(
            metric_code(limit.metric, limit.unit, limit.dose), float(limit.value), unit
        )
        _describe(measured[0], [_label(limit.metric), *_uncertainty(limit, limit.value)])
        yield measured
    if limit.limit is not None:
        meaning = f"Per-protocol limit; relation of value and limit: {limit.op}"
        yield Measurement(own(LIMIT_PREFIX + limit.op, meaning), float(limit.limit), unit)
    if limit.minor_limit is not None:
        yield Measurement(MINOR_LIMIT, float(limit.minor_limit), unit)


def _uncertainty(limit: LimitReported, value: float) -> Iterator[NumContentItem]:
    """Yield how far the value may lie lower and higher (CID 225); its ends stand beside it."""
    if limit.band is not None and limit.band.low <= value <= limit.band.high:
        for name, size in (
            (LOWER_RANGE, value - limit.band.low),
            (UPPER_RANGE, limit.band.high - value),
        ):
            yield NumContentItem(
                name, float(size), ucum(limit.unit), relationship_type=_HAS_PROPERTIES
            )


def _intervals(limit: LimitReported) -> Iterator[ContainerContentItem]:
    """Yield the ends of uncertainty and spread, as they are, named after what widens them most."""
    told = (
        (BAND_PREFIX, limit.band, "Uncertainty given the files, most by"),
        (SPREAD_PREFIX, limit.spread, "What other systems print, apart most by"),
    )
    for prefix, ends, meaning in told:
        if ends is None:
            continue
        driver = ends.driver
        container = ContainerContentItem(
            own(prefix + driver, f"{meaning} {driver.replace('_', ' ')}"),
            relationship_type=_CONTAINS,
        )
        container.ContentSequence = ContentSequence(
            [
                NumContentItem(name, float(end), ucum(limit.unit), relationship_type=_CONTAINS)
                for name, end in ((LOW, ends.low), (HIGH, ends.high))
            ]
        )
        yield container


def _evaluations(limit: LimitReported) -> Iterator[QualitativeEvaluation]:
    yield _verdict(limit.verdict)
    if not limit.counts:
        yield QualitativeEvaluation(COUNTS, codes.SCT.No)
    if limit.borderline:
        yield QualitativeEvaluation(BORDERLINE, codes.SCT.Yes)
    if limit.depends_on_convention:
        yield QualitativeEvaluation(CONVENTION, codes.SCT.Yes)
    if limit.reason_code:
        code = limit.reason_code
        yield QualitativeEvaluation(REASON, own(code, code.replace("_", " ")))


def _limit_texts(limit: LimitReported) -> Iterator[TextContentItem]:
    """Yield what no code holds, and what its code had to cut."""
    yield _text(PRIORITY, str(limit.priority))
    if limit.limit is None:
        yield _text(OPERATOR, limit.op)
    if limit.value is None:
        yield _text(METRIC, limit.metric)
    if limit.unit and (limit.value is None or not _fits(UNIT_PREFIX + limit.unit)):
        yield _text(UNIT, limit.unit)
    if limit.borderline_text:
        yield _text(BORDERLINE_TEXT, limit.borderline_text)
    if limit.convention_text:
        yield _text(CONVENTION_TEXT, limit.convention_text)
    if limit.reason:
        yield _text(codes.DCM.Comment, limit.reason)


def _regions(limit: LimitReported, head: DocumentHead) -> Iterator[ContentItem]:
    """Yield the structure set and the ROIs in it: number, and the name below it.

    TID 1501 has the number below the structure set, which the relationships of a Comprehensive 3D
    SR do not allow, so that readers refuse it.
    """
    for one in head.objects:
        if one.modality == "RTSTRUCT" and limit.roi_numbers:
            yield CompositeContentItem(
                name=REGION,
                referenced_sop_class_uid=one.sop_class_uid,
                referenced_sop_instance_uid=one.sop_instance_uid,
                relationship_type=_CONTAINS,
            )
    are_paired = len(limit.roi_names) == len(limit.roi_numbers)
    names = limit.roi_names if are_paired else ("",) * len(limit.roi_numbers)
    for name, number in zip(names, limit.roi_numbers, strict=True):
        identifier = _text(ROI_NUMBER, str(number))
        if are_paired:
            _describe(identifier, [_label(name)])
        yield identifier
    if not are_paired:
        yield from (_text(ROI_NAME, name) for name in limit.roi_names)


def _describe(item_: Dataset, properties: Sequence[ContentItem]) -> None:
    """Give a content item further properties."""
    held = item_.get("ContentSequence") or ()
    item_.ContentSequence = ContentSequence([*held, *properties])


def _label(text: str) -> TextContentItem:
    return _text(LABEL, text, _HAS_PROPERTIES)


def _fits(text: str) -> bool:
    return long_string(text) == text


def _verdict(verdict: Verdict | None) -> QualitativeEvaluation:
    if verdict is None:
        return QualitativeEvaluation(VERDICT, own(INFORMATION, "Information"))
    return QualitativeEvaluation(VERDICT, own(verdict, VERDICT_WORDS[verdict]))


def _text(
    name: CodedConcept | Code, text: str, relation: RelationshipTypeValues = _CONTAINS
) -> TextContentItem:
    return TextContentItem(name, visible(text), relation)
