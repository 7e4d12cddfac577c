"""What a file is: a part of a case, an object of another kind, a document, or nothing known.

The SOP Class and the Modality say what an object is. Where they contradict each other its content
decides between them; an object whose content fits neither or both is not used.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, NamedTuple

from pydicom import config
from pydicom.uid import UID

from sbrt_qa.dicom.quirks import Mended, Stage
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import quoted, visible
from sbrt_qa.i18n.phrase import say

USED_MODALITIES: Final = ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT", "RTRECORD", "SEG")

_RT: Final = "1.2.840.10008.5.1.4.1.1.481."

OF_CLASS: Final = {
    f"{_RT}2": "RTDOSE",
    f"{_RT}3": "RTSTRUCT",
    f"{_RT}5": "RTPLAN",
    f"{_RT}8": "RTPLAN",
    f"{_RT}4": "RTRECORD",
    f"{_RT}6": "RTRECORD",
    f"{_RT}7": "RTRECORD",
    f"{_RT}9": "RTRECORD",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.66.7": "SEG",
}
"""SOP Classes of the objects that are used, by modality (PS3.3 A.18-20, A.29, A.49-51)."""

_CONTENT: Final = {
    "RTDOSE": ("DoseGridScaling", "GridFrameOffsetVector"),
    "RTSTRUCT": ("StructureSetROISequence", "ROIContourSequence"),
    "RTPLAN": ("FractionGroupSequence", "BeamSequence", "IonBeamSequence", "RTPlanLabel"),
    "RTRECORD": ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence"),
    "CT": ("ImagePositionPatient",),
    "SEG": ("SegmentSequence", "SegmentationType"),
}
"""Elements that only an object of a modality has."""

DOCUMENTS: Final = frozenset(
    (".xlsx", ".xls", ".docx", ".doc", ".pdf", ".txt", ".csv", ".xml", ".json", ".html", ".htm",
     ".png", ".jpg", ".jpeg", ".tif", ".zip", ".log", ".pptx", ".md", ".rtf")
)  # fmt: skip
"""Suffixes of files that people put beside a plan."""


class Claim(NamedTuple):
    """What an object says it is, and what its content fits.

    ``by_class`` is the modality of its SOP Class, empty for a class that is none of ours.
    """

    stated: str
    by_class: str
    fits: tuple[str, ...]


CLAIM: Stage[Claim] = Stage("kind of object")


@CLAIM.quirk("modality-contradicts-class", vendor="several", example="a structure set, RTDOSE")
def modality_contradicts_class(claim: Claim) -> Mended[Claim] | None:
    """Take an object whose Modality contradicts its SOP Class for the one its content fits."""
    claimed = {claim.stated, claim.by_class} - {""}
    fitting = [kind for kind in claim.fits if kind in claimed]
    if claim.stated == claim.by_class or not claim.by_class or len(fitting) != 1:
        return None
    detail = say(
        "Modality {0}, but the SOP Class is that of {1}; by its content it is {2}",
        quoted(claim.stated) if claim.stated else say("not stated"), claim.by_class, fitting[0],
    )  # fmt: skip
    return Mended(Claim(fitting[0], fitting[0], claim.fits), detail)


class Kind(NamedTuple):
    """What an object is.

    ``modality`` is one of `USED_MODALITIES`, or empty for an object that takes no part; ``label``
    is a short name for lists, ``shown`` the name in full.
    """

    modality: str
    label: str
    shown: str


def holds_dose(root: Item) -> bool:
    """Tell whether an object may be a dose, so that its pixels are needed."""
    return root.code("Modality") == "RTDOSE" or OF_CLASS.get(root.uid("SOPClassUID")) == "RTDOSE"


def kind_of(root: Item) -> Kind:
    """Tell what an object is; a contradiction that is settled is a repair in its log."""
    stated, class_uid = root.code("Modality"), root.uid("SOPClassUID")
    fits = tuple(m for m, names in _CONTENT.items() if any(root.has(name) for name in names))
    by_class = OF_CLASS.get(class_uid, "")
    claim = CLAIM.mend(Claim(stated, by_class, fits), root.where, root.log)
    name = _class_name(class_uid)
    if claim.stated == claim.by_class and claim.stated:
        return Kind(claim.stated, claim.stated, claim.stated)
    if not by_class and stated in USED_MODALITIES and not _other_class(name, stated, fits):
        return Kind(stated, stated, stated)
    label = name if stated in USED_MODALITIES or not stated.isalnum() else stated[:16]
    shown = f"{quoted(stated)} ({name})" if stated and name else name or quoted(stated)
    return Kind("", label or say("of no known kind"), shown if stated or name else "")


def _other_class(name: str, stated: str, fits: tuple[str, ...]) -> bool:
    """Tell whether a known SOP Class makes an object something else than its Modality says.

    Images of other classes that carry the geometry of a CT slice are taken for slices.
    """
    return bool(name) and not (stated in fits and name.startswith(("Secondary Capture", "CT")))


def _class_name(uid: str) -> str:
    """Return the name of a SOP Class as the standard has it; empty for one that it does not."""
    name = UID(uid, config.IGNORE).name if uid else ""
    return "" if name == uid else visible(name.removesuffix(" Storage"))


def kind_of_file(name: str) -> str:
    """Return the kind of a file that is not DICOM: its suffix where people use it, else nothing."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in DOCUMENTS else ""
