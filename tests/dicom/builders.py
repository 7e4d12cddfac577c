"""Small DICOM objects to build cases from: plain functions that return Datasets or write files.

Every builder gives a sound object; a test then spoils what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

FRAME = "1.2.3.100"
STUDY = "1.2.3.1"
PLAN_UID = "1.2.3.10"
STRUCTURES_UID = "1.2.3.20"
DOSE_UID = "1.2.3.30"
SERIES_UID = "1.2.3.40"

CLASSES = {
    "RTDOSE": "1.2.840.10008.5.1.4.1.1.481.2",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "RTPLAN": "1.2.840.10008.5.1.4.1.1.481.5",
    "RTRECORD": "1.2.840.10008.5.1.4.1.1.481.4",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
}

SQUARE = ((-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0))


def item(**elements: object) -> Dataset:
    """A sequence item from DICOM keywords; None leaves an element out."""
    dataset = Dataset()
    for keyword, value in elements.items():
        if isinstance(value, str) and dictionary_VR(keyword) == "CS":
            raw(dataset, keyword, value.encode(), "CS")  # pydicom warns of codes that are odd
        elif value is not None:
            setattr(dataset, keyword, value)
    return dataset


def base(modality: str, uid: str, **elements: object) -> Dataset:
    return item(
        SOPClassUID=CLASSES[modality],
        SOPInstanceUID=uid,
        Modality=modality,
        PatientID="anon",
        PatientName="anon",
        StudyInstanceUID=STUDY,
        **elements,
    )


def reference(uid: str, **elements: object) -> Dataset:
    return item(ReferencedSOPInstanceUID=uid, **elements)


def raw(dataset: Dataset, keyword: str, value: bytes, vr: str) -> Dataset:
    """Set an element to bytes that pydicom would not write by itself."""
    tag = Tag(keyword)
    dataset[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    return dataset


# --- structures -------------------------------------------------------------------------------


def decimals(values: Iterable[float]) -> bytes:
    return "\\".join(f"{v:.10g}" for v in values).encode()


def contour(
    z_mm: float,
    xy_mm: Sequence[tuple[float, float]] = SQUARE,
    kind: str | None = "CLOSED_PLANAR",
    text: bytes | None = None,
    points: int | None = -1,
    vr: str = "",
) -> Dataset:
    """One contour; `text` replaces its data, `points` its declared number (None: absent)."""
    count = len(xy_mm) if points == -1 else points
    dataset = item(ContourGeometricType=kind, NumberOfContourPoints=count)
    data = decimals(v for x, y in xy_mm for v in (x, y, z_mm)) if text is None else text
    fits = len(data) <= 0xFFFE  # longer values cannot be DS in explicit VR (PS3.5 6.2.2)
    return raw(dataset, "ContourData", data, vr or ("DS" if fits else "UN"))


def stack(z_mm: Iterable[float] = (-2.0, 0.0, 2.0), **keywords: object) -> list[Dataset]:
    return [contour(z, **keywords) for z in z_mm]


def roi(
    number: int, name: str | None, contours: Sequence[Dataset] | None, kind: str | None = "ORGAN"
) -> tuple[Dataset, Dataset | None, Dataset]:
    """Entries of one ROI in the three sequences; no contours: absent from ROIContourSequence."""
    entry = item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=FRAME)
    drawn = None
    if contours is not None:
        drawn = item(ReferencedROINumber=number, ContourSequence=Items(contours))
    observed = item(ObservationNumber=number, ReferencedROINumber=number, RTROIInterpretedType=kind)
    return entry, drawn, observed


def structure_set(
    *rois: tuple[Dataset, Dataset | None, Dataset],
    uid: str = STRUCTURES_UID,
    frame: str = FRAME,
    **elements: object,
) -> Dataset:
    rois = rois or (roi(1, "Liver", stack()),)
    for entry, _, _ in rois:
        if entry.ReferencedFrameOfReferenceUID == FRAME:
            entry.ReferencedFrameOfReferenceUID = frame
    series = item(SeriesInstanceUID=SERIES_UID)
    study = item(ReferencedSOPInstanceUID=STUDY, RTReferencedSeriesSequence=Items([series]))
    referenced = item(FrameOfReferenceUID=frame, RTReferencedStudySequence=Items([study]))
    return base(
        "RTSTRUCT",
        uid,
        StructureSetLabel="set",
        ReferencedFrameOfReferenceSequence=Items([referenced]),
        StructureSetROISequence=Items([r[0] for r in rois]),
        ROIContourSequence=Items([r[1] for r in rois if r[1] is not None]),
        RTROIObservationsSequence=Items([r[2] for r in rois]),
        **elements,
    )


# --- dose -------------------------------------------------------------------------------------

ORIENTATIONS = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "coronal": (1, 0, 0, 0, 0, -1),
}


def dose(
    values: np.ndarray | None = None,
    *,
    uid: str = DOSE_UID,
    position: Sequence[float] = (-20.0, -20.0, -10.0),
    orientation: Sequence[float] = ORIENTATIONS["HFS"],
    spacing: Sequence[float] = (4.0, 5.0),
    offsets: Sequence[float] | None = (0.0, 5.0, 10.0, 15.0, 20.0),
    scaling: str | None = "0.001",
    plan: str | None = PLAN_UID,
    beams: Sequence[int] = (),
    frame: str | None = FRAME,
    summation: str = "PLAN",
    units: str = "GY",
    **elements: object,
) -> Dataset:
    """A dose of stored integers [frame, row, column]; by default 5 x 11 x 9 of 1000 (1 Gy)."""
    stored = np.full((5, 11, 9), 1000, np.uint16) if values is None else values
    bits = 8 * stored.itemsize
    plans = None
    if plan is not None:
        referenced = reference(plan)
        if beams:
            numbers = Items([item(ReferencedBeamNumber=n) for n in beams])
            group = item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=numbers)
            referenced.ReferencedFractionGroupSequence = Items([group])
        plans = Items([referenced])
    dataset = base(
        "RTDOSE",
        uid,
        FrameOfReferenceUID=frame,
        ImagePositionPatient=list(position),
        ImageOrientationPatient=list(orientation),
        PixelSpacing=list(spacing),
        NumberOfFrames=stored.shape[0],
        Rows=stored.shape[1],
        Columns=stored.shape[2],
        SamplesPerPixel=1,
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(stored.dtype.kind == "i"),
        PhotometricInterpretation="MONOCHROME2",
        DoseUnits=units,
        DoseType=elements.pop("DoseType", "PHYSICAL"),
        DoseSummationType=summation,
        GridFrameOffsetVector=None if offsets is None else list(offsets),
        ReferencedRTPlanSequence=plans,
        **elements,
    )
    if scaling is not None:
        raw(dataset, "DoseGridScaling", scaling.encode(), "DS")
    return raw(dataset, "PixelData", stored.tobytes(), "OW")


# --- plan -------------------------------------------------------------------------------------


def target(number: int, dose_gy: float | None, kind: str = "SITE", **elements: object) -> Dataset:
    return item(
        DoseReferenceNumber=number,
        DoseReferenceStructureType=kind,
        DoseReferenceType="TARGET",
        TargetPrescriptionDose=dose_gy,
        **elements,
    )


def fraction_group(
    number: int = 1,
    fractions: int | None = 5,
    beams: Sequence[int] = (1, 2),
    references: Sequence[Dataset] = (),
) -> Dataset:
    used = [item(ReferencedBeamNumber=n, BeamMeterset=100 + n, BeamDose=1 + n) for n in beams]
    return item(
        FractionGroupNumber=number,
        NumberOfFractionsPlanned=fractions,
        ReferencedBeamSequence=Items(used),
        ReferencedDoseReferenceSequence=Items(references) if references else None,
    )


def beam(number: int, delivery: str = "TREATMENT", points: str = "ControlPointSequence") -> Dataset:
    first = item(
        ControlPointIndex=0,
        NominalBeamEnergy=6,
        GantryAngle=10 * number,
        PatientSupportAngle=0,
        BeamLimitingDeviceAngle=30,
        IsocenterPosition=[1.0, 2.0, 3.0],
    )
    return item(
        BeamNumber=number,
        BeamName=f"beam {number}",
        BeamType="DYNAMIC",
        RadiationType="PHOTON",
        TreatmentMachineName="linac",
        TreatmentDeliveryType=delivery,
        PrimaryDosimeterUnit="MU",
        **{points: Items([first, item(ControlPointIndex=1, GantryAngle=10 * number + 5)])},
    )


def plan(
    *,
    uid: str = PLAN_UID,
    targets: Sequence[Dataset] | None = None,
    groups: Sequence[Dataset] | None = None,
    beams: Sequence[Dataset] | None = None,
    structures: str | None = STRUCTURES_UID,
    frame: str | None = FRAME,
    label: str = "plan",
    **elements: object,
) -> Dataset:
    return base(
        "RTPLAN",
        uid,
        RTPlanLabel=label,
        ApprovalStatus="APPROVED",
        FrameOfReferenceUID=frame,
        DoseReferenceSequence=Items([target(1, 50.0)] if targets is None else targets),
        FractionGroupSequence=Items([fraction_group()] if groups is None else groups),
        BeamSequence=Items([beam(1), beam(2)] if beams is None else beams),
        ReferencedStructureSetSequence=Items([reference(structures)]) if structures else None,
        **elements,
    )


# --- images -----------------------------------------------------------------------------------


def ct_slice(
    z_mm: float,
    value: int = 0,
    *,
    series: str = SERIES_UID,
    orientation: Sequence[float] = ORIENTATIONS["HFS"],
    position_xy: tuple[float, float] = (-20.0, -20.0),
    frame: str = FRAME,
) -> Dataset:
    pixels = np.full((4, 6), value, np.int16)
    pixels[0, 0] = value + 1
    dataset = base(
        "CT",
        f"{series}.{round(1000 * (z_mm + 1000))}",
        FrameOfReferenceUID=frame,
        SeriesInstanceUID=series,
        ImagePositionPatient=[*position_xy, z_mm],
        ImageOrientationPatient=list(orientation),
        PixelSpacing=[2.0, 3.0],
        Rows=4,
        Columns=6,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=1,
        RescaleSlope=1,
        RescaleIntercept=-1000,
    )
    return raw(dataset, "PixelData", pixels.tobytes(), "OW")


# --- files ------------------------------------------------------------------------------------


def record(fraction: int, date: str, plan: str = PLAN_UID, **changes: object) -> Dataset:
    """Return a treatment record of one beam."""
    delivered = item(
        ReferencedBeamNumber=1, CurrentFractionNumber=fraction, TreatmentDeliveryType="TREATMENT",
        TreatmentTerminationStatus="NORMAL", SpecifiedPrimaryMeterset=100.0,
        DeliveredPrimaryMeterset=99.5,
    )  # fmt: skip
    made = base("RTRECORD", f"1.2.3.7.{fraction}", TreatmentDate=date, TreatmentTime="0930")
    made.ReferencedRTPlanSequence = [reference(plan)]
    made.TreatmentSessionBeamSequence = [delivered]
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


def save(dataset: Dataset, path: Path, syntax: str | None = None, *, meta: bool = True) -> Path:
    """Write a dataset; `syntax` defaults to explicit VR, `meta` False leaves out all of part 10."""
    syntax = UID(syntax or (ExplicitVRLittleEndian if meta else ImplicitVRLittleEndian))
    path.parent.mkdir(parents=True, exist_ok=True)
    _keep_raw(dataset, syntax)
    if not meta:
        implicit = syntax.is_implicit_VR
        dataset.save_as(path, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
        return path
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def _keep_raw(dataset: Dataset, syntax: UID) -> None:
    """Make pydicom write raw elements byte for byte instead of converting them first."""
    dataset.set_original_encoding(
        syntax.is_implicit_VR, syntax.is_little_endian, dataset._character_set
    )
    for element in dataset._dict.values():
        if element.VR == "SQ" and not isinstance(element, RawDataElement):
            for part in element.value:
                _keep_raw(part, syntax)


def save_case(folder: Path, **parts: Dataset | None) -> Path:
    """Write a sound plan, structure set and dose; parts replace them, None leaves one out."""
    sound: dict[str, Dataset | None] = {"RP": plan(), "RS": structure_set(), "RD": dose()}
    for name, dataset in (sound | parts).items():
        if dataset is not None:
            save(dataset, folder / f"{name}.dcm")
    return folder
