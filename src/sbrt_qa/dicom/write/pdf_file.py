"""A PDF as a DICOM object (Encapsulated PDF Storage) that refers to what was reviewed."""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from sbrt_qa.dicom.write.common import item, reference, to_bytes
from sbrt_qa.dicom.write.documents import DocumentHead, head_dataset, long_string
from sbrt_qa.errors import DicomError

PDF_MEDIA_TYPE: Final = "application/pdf"
_MAGIC: Final = b"%PDF-"


def encapsulated_pdf(pdf: bytes, head: DocumentHead) -> bytes:
    """Return the DICOM file that holds a PDF.

    Raises
    ------
    DicomError
        The bytes are not a PDF.
    """
    if not pdf.startswith(_MAGIC):
        raise DicomError("only a PDF can be encapsulated", expected="bytes that start with %PDF-")
    dataset = head_dataset(head)
    dataset.update(_series(head))
    dataset.update(_document(pdf, head))
    return to_bytes(dataset)


def _series(head: DocumentHead) -> Dataset:
    return item(
        SOPClassUID=EncapsulatedPDFStorage,
        SOPInstanceUID=head.uid("encapsulated PDF"),
        InstanceCreationDate=head.date,
        InstanceCreationTime=head.time,
        Modality="DOC",
        SeriesInstanceUID=head.uid("series DOC"),
        SeriesNumber=9001,
        SeriesDate=head.date,
        SeriesTime=head.time,
        SeriesDescription=long_string(head.title),
        Manufacturer="sbrt_qa",
        ManufacturerModelName="sbrt_qa",
        SoftwareVersions=long_string(head.software),
        ConversionType="WSD",
    )


def _document(pdf: bytes, head: DocumentHead) -> Dataset:
    even = pdf if len(pdf) % 2 == 0 else pdf + b"\0"
    return item(
        InstanceNumber=1,
        ContentDate=head.date,
        ContentTime=head.time,
        AcquisitionDateTime="",
        BurnedInAnnotation="NO",
        SourceInstanceSequence=[
            reference(one.sop_class_uid, one.sop_instance_uid) for one in head.objects
        ],
        DocumentTitle=long_string(head.title),
        ConceptNameCodeSequence=[],
        MIMETypeOfEncapsulatedDocument=PDF_MEDIA_TYPE,
        EncapsulatedDocument=even,
        EncapsulatedDocumentLength=len(pdf),
    )
