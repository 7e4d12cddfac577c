"""Files to described DICOM objects: walk, fingerprint, read headers, list what is left over."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from sbrt_qa.dicom.files.dataset import NotDicomError, Opened, open_bytes, warnings_as_notes
from sbrt_qa.dicom.files.kinds import Kind, kind_of, kind_of_file
from sbrt_qa.dicom.files.readable import FoundFile, every_one, find_files
from sbrt_qa.dicom.link.patient_key import patient_bytes, patient_key
from sbrt_qa.dicom.read.rtstruct import main_frame
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.patient import names_nobody

T = TypeVar("T")

OF_FINDER: Final = "._"
"""How names of companions begin that macOS puts beside every file of an archive."""


@dataclass(frozen=True, slots=True)
class IgnoredFile:
    """A file that takes no part, and why.

    Parameters
    ----------
    name
        Its name, see `FoundObject.name`.
    broken
        Whether it may have held a part of a case, so that the part is missing.
    kind
        What it is where that is known: a modality such as ``REG``, or a suffix such as ``.xlsx``.
    clashes
        Whether it shares its identifier with another file of other content.
    """

    name: str
    why: str
    broken: bool = False
    kind: str = ""
    clashes: bool = False


class OtherKindError(NotDicomError):
    """A sound DICOM object of a kind that no review uses."""

    def __init__(self, kind: Kind, where: str) -> None:
        super().__init__(
            f"DICOM object {kind.shown or 'without a modality'}, not used here", where=where
        )
        self.label = kind.label


@dataclass(frozen=True, slots=True, eq=False)
class FoundObject:
    """One DICOM object: what it is and what it refers to.

    Parameters
    ----------
    source
        Name, modality, SOP Instance UID and fingerprint.
    read
        Reads the file's bytes once more.
    problem
        Why it cannot be used, although it tells what it is; empty when it can.
    patient_key
        Tells whether two objects name the same patient; never shown.
    patient_bytes
        Tells whether they do so in the same bytes; never shown.
    names_patient
        Whether the patient's name or number says who it is; not "Anonymous", and not nothing.
    plan_uids, structure_set_uids, series_uids
        References to other objects.
    beam_numbers
        Beams whose dose this is, for a dose that names them.
    """

    source: SourceFile
    read: Callable[[], bytes] = field(repr=False)
    opened: Opened = field(repr=False)
    problem: str
    patient_key: str = field(repr=False)
    study_uid: str
    series_uid: str
    frame_uid: str
    plan_uids: tuple[str, ...] = ()
    structure_set_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    beam_numbers: tuple[int, ...] = ()
    names_patient: bool = True
    patient_bytes: str = field(default="", repr=False)

    @property
    def modality(self) -> str:
        """RTPLAN, RTSTRUCT, RTDOSE, CT, RTRECORD or SEG."""
        return self.source.modality

    @property
    def uid(self) -> str:
        """SOP Instance UID; for an object without one, its fingerprint."""
        return self.source.sop_instance_uid or self.source.sha256

    @property
    def name(self) -> str:
        """File name, with its folders where another file of the input has the same name."""
        return self.source.name

    @property
    def root(self) -> Item:
        """The dataset."""
        return self.opened.root


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Everything found under the given paths, in path order."""

    objects: tuple[FoundObject, ...]
    ignored: tuple[IgnoredFile, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, modality: str) -> tuple[FoundObject, ...]:
        """Objects of one modality."""
        return tuple(o for o in self.objects if o.modality == modality)

    def others(self, kind: str) -> tuple[str, ...]:
        """Names of files of a kind that takes no part."""
        return tuple(i.name for i in self.ignored if i.kind == kind)


def collect(paths: Sequence[Path], wanted: Callable[[Path], bool] = every_one) -> Collection:
    """Read all DICOM headers in files, folder trees and zip archives.

    Files that are not DICOM, or not needed, are listed; so are damaged ones, which stop nothing
    else. Links that lead out of a folder, pipes, devices and archives inside archives are not
    opened.

    Parameters
    ----------
    wanted
        As `find_files` asks.

    Raises
    ------
    DicomError
        A path does not exist, a single file given by name is not readable DICOM, an archive is
        refused, or there is no usable DICOM object at all.
    """
    objects: list[FoundObject] = []
    ignored: list[IgnoredFile] = []
    for file in _told_apart(file for path in paths for file in find_files(path, wanted)):
        try:
            objects.append(_usable_alone(_describe(file), file))
        except DicomError as error:
            if file.alone:
                raise
            ignored.append(_ignored(file, error))
    kept, clashes, notes = _without_repeats(with_one_key(objects))
    ignored += clashes
    if not kept:
        raise _nothing_found(ignored, notes)
    return Collection(kept, tuple(ignored), (*notes, *_beside(ignored)))


def _told_apart(files: Iterable[FoundFile]) -> list[FoundFile]:
    """Name files of the same bare name by their folders as well."""
    found = list(files)
    times = Counter(file.name for file in found)
    return [
        replace(file, name=file.place) if times[file.name] > 1 and file.place else file
        for file in found
    ]


def _beside(ignored: Sequence[IgnoredFile]) -> list[str]:
    """Say what else lies among the files, by kind."""
    kinds = Counter(one.kind for one in ignored if one.kind and not one.broken)
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return [say("also there, and not needed: {0}", listed)] if listed else []


def _usable_alone(one: FoundObject, file: FoundFile) -> FoundObject:
    """Refuse a damaged file that was given by name; in a folder it only counts as damaged."""
    if one.problem and file.alone:
        raise DicomError(one.problem, where=one.name, advice="Export or copy the file again")
    return one


def _ignored(file: FoundFile, error: DicomError) -> IgnoredFile:
    if isinstance(error, OtherKindError):
        return IgnoredFile(file.name, said(error), kind=error.label)
    bare = file.name.rpartition("/")[2]
    named_dicom = bare.lower().endswith(".dcm") and not bare.startswith(OF_FINDER)
    broken = named_dicom or not isinstance(error, NotDicomError)
    return IgnoredFile(file.name, said(error), broken, "" if broken else kind_of_file(bare))


def _describe(file: FoundFile) -> FoundObject:
    """Read one file and describe it."""
    data = file.read()
    opened = open_bytes(data, file.name)
    root = opened.root
    kind = kind_of(root)
    if not kind.modality:
        raise OtherKindError(kind, file.name)
    uid = root.uid("SOPInstanceUID")
    source = SourceFile(
        file.name,
        kind.modality,
        uid,
        hashlib.sha256(data).hexdigest(),
        sop_class_uid=root.uid("SOPClassUID"),
        series_uid=root.uid("SeriesInstanceUID"),
        study_uid=root.uid("StudyInstanceUID"),
    )
    with warnings_as_notes(file.name, root.log), translated(file.name):
        return _with_references(source, file, opened)


def _with_references(source: SourceFile, file: FoundFile, opened: Opened) -> FoundObject:
    root = opened.root
    frame_uid = (
        main_frame(root) if source.modality == "RTSTRUCT" else root.uid("FrameOfReferenceUID")
    )
    return FoundObject(
        source=source,
        read=file.read,
        opened=opened,
        problem=opened.problem,
        patient_key=patient_key(root),
        study_uid=root.uid("StudyInstanceUID"),
        series_uid=root.uid("SeriesInstanceUID"),
        frame_uid=frame_uid,
        plan_uids=root.uids("ReferencedRTPlanSequence/ReferencedSOPInstanceUID"),
        structure_set_uids=root.uids("ReferencedStructureSetSequence/ReferencedSOPInstanceUID"),
        series_uids=root.uids(_SERIES_PATH)
        or root.uids("ReferencedSeriesSequence/SeriesInstanceUID"),
        beam_numbers=_beam_numbers(root),
        names_patient=not all(
            names_nobody(root.text(keyword)) for keyword in ("PatientID", "PatientName")
        ),
        patient_bytes=patient_bytes(root),
    )


_SERIES_PATH: Final = (
    "ReferencedFrameOfReferenceSequence/RTReferencedStudySequence/RTReferencedSeriesSequence/"
    "SeriesInstanceUID"
)


def _beam_numbers(root: Item) -> tuple[int, ...]:
    numbers = [
        beam.integer("ReferencedBeamNumber")
        for plan in root.items("ReferencedRTPlanSequence")
        for group in plan.items("ReferencedFractionGroupSequence")
        for beam in group.items("ReferencedBeamSequence")
    ]
    return tuple(n for n in numbers if n is not None)


def _without_repeats(
    objects: Sequence[FoundObject],
) -> tuple[tuple[FoundObject, ...], tuple[IgnoredFile, ...], tuple[str, ...]]:
    """Drop identical copies; drop all objects that share a UID but not their content."""
    by_uid: dict[str, list[FoundObject]] = {}
    for one in objects:
        by_uid.setdefault(one.uid, []).append(one)
    kept, clashes, notes = [], [], []
    for same in by_uid.values():
        names = ", ".join(quoted(o.name) for o in same)
        usable = {o.source.sha256: o for o in reversed(same) if not o.problem}
        if len(usable) > 1:
            why = say(
                "{0} have the same SOP Instance UID but different content: none is used", names
            )
            clashes.append(IgnoredFile(same[0].name, why, broken=True, clashes=True))
            continue
        chosen = next(iter(usable.values()), same[0])
        notes += [f"{quoted(o.name)}: {o.problem}" for o in same if o.problem and o is not chosen]
        if len(same) > 1:
            notes.append(f"{names} are one object: {quoted(chosen.name)} is used")
        kept.append(chosen)
    return tuple(kept), tuple(clashes), tuple(notes)


def _nothing_found(ignored: Sequence[IgnoredFile], notes: Sequence[str]) -> DicomError:
    broken = [i for i in ignored if i.broken]
    if broken:
        return DicomError(
            "no usable DICOM object", got=f"{len(broken)} not usable; {broken[0].why}"
        )
    return DicomError(
        "no DICOM plan, structure set, dose or CT found",
        got="; ".join(notes)
        or (
            f"{len(ignored)} other file{'s' * (len(ignored) != 1)}"
            if ignored
            else "an empty folder"
        ),
        advice="Give the folder that the planning system exported, or its files",
    )


def with_one_key(objects: Sequence[FoundObject]) -> list[FoundObject]:
    """Give objects that name a patient in the same bytes the key of the first of them."""
    first: dict[str, str] = {}
    return [
        replace(one, patient_key=first.setdefault(one.patient_bytes, one.patient_key))
        for one in objects
    ]


def read_or_why(one: FoundObject, read: Callable[[], T]) -> T | str:
    """Read with warnings recorded; an object that cannot be read gives the reason as text."""
    try:
        with warnings_as_notes(one.name, one.root.log), translated(one.name):
            return read()
    except (DicomError, GeometryError) as error:
        return said(error)
