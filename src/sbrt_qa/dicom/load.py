"""The two verbs of this room: load cases from files, and describe what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sbrt_qa.dicom.files.collect import (
    Collection,
    FoundObject,
    IgnoredFile,
    collect,
    read_or_why,
)
from sbrt_qa.dicom.files.dataset import warnings_as_notes
from sbrt_qa.dicom.files.deid_account import accounted
from sbrt_qa.dicom.files.readable import Wanted, every_one
from sbrt_qa.dicom.link.case_headers import headers_of, with_named_images
from sbrt_qa.dicom.link.course_cases import with_courses
from sbrt_qa.dicom.link.dose_choice import DoseChoice, choose_dose
from sbrt_qa.dicom.link.image_choice import images_named
from sbrt_qa.dicom.link.linking import LinkedCase, link
from sbrt_qa.dicom.link.plan_case import plan_case
from sbrt_qa.dicom.link.segmentations import ReadSegmentation, with_segmentations
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.read.ct import read_image
from sbrt_qa.dicom.read.dvh_sequence import read_stored_dvhs
from sbrt_qa.dicom.read.identifiers import Identity, identity_of
from sbrt_qa.dicom.read.identity import identity_notes
from sbrt_qa.dicom.read.rtdose import read_dose
from sbrt_qa.dicom.read.rtplan import read_plan
from sbrt_qa.dicom.read.rtrecord import in_time, read_session
from sbrt_qa.dicom.read.rtstruct import read_structure_set
from sbrt_qa.dicom.read.segmentation import read_segmentation
from sbrt_qa.dicom.read.slice_stacks import Slice
from sbrt_qa.dicom.volumes.mask_structures import with_masks
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.case import Case, Provenance, Repair, SourceFile
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.model.stored_dvh import StoredDvh
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.model.user_rx import with_stated

T = TypeVar("T")
Paths = Path | str | Sequence[Path | str]


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """What lies under some paths, without judging it.

    Parameters
    ----------
    files
        Every DICOM object that takes part, in path order.
    ignored
        Every other file and why; ``broken`` marks those that are damaged DICOM.
    cases
        The cases they form; links, repairs and notes are in each case's provenance.
    notes
        What concerns the files as a whole, such as copies.
    """

    files: tuple[SourceFile, ...]
    ignored: tuple[IgnoredFile, ...]
    cases: tuple[Case, ...]
    notes: tuple[str, ...] = ()

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Repairs of all cases, each once."""
        return tuple(dict.fromkeys(r for case in self.cases for r in case.provenance.repairs))


def load_cases(paths: Paths, stated: UserStatements = NOTHING_STATED) -> tuple[Case, ...]:
    """Read every case found in files and folder trees.

    One damaged file makes what needs it not evaluable and stops nothing else.

    Parameters
    ----------
    stated
        What the user states by hand of every plan there.

    Raises
    ------
    DicomError
        A path does not exist, or nothing there can be used.
    """
    return inspect(paths, stated).cases


def inspect(paths: Paths, stated: UserStatements = NOTHING_STATED) -> Inventory:
    """Read every case, and list all files with how they were used.

    Raises
    ------
    DicomError
        As :func:`load_cases`.
    """
    found = _with_account(paths, _inventory(_collected(paths), stated))
    return replace(found, cases=with_masks(found.cases, stated.masks)) if stated.masks else found


def inspect_with_identity(
    paths: Paths, stated: UserStatements = NOTHING_STATED, wanted: Wanted = every_one
) -> tuple[Inventory, Identity]:
    """Do as :func:`inspect`, and tell who the files say the patient is, to keep it out of results.

    Raises
    ------
    DicomError
        As :func:`load_cases`.
    """
    collection = _collected(paths, wanted)
    found = _with_account(paths, _inventory(collection, stated))
    return found, identity_of(collection)


def _with_account(paths: Paths, found: Inventory) -> Inventory:
    """Return what was found with what the account of de-identification beside it says."""
    folders = [Path(one) for one in ([paths] if isinstance(paths, Path | str) else paths)]
    return replace(found, cases=tuple(accounted(folders, case) for case in found.cases))


def _collected(paths: Paths, wanted: Wanted = every_one) -> Collection:
    listed = [paths] if isinstance(paths, Path | str) else list(paths)
    if not listed:
        raise DicomError("no path given")
    return collect([Path(path) for path in listed], wanted)


def _inventory(collection: Collection, stated: UserStatements) -> Inventory:
    linked = link(collection)
    if not linked:
        raise DicomError(
            "no plan, structure set, segmentation or dose found",
            got=f"{counted(len(collection.objects), 'image')} only",
            advice="Export the plan, its structure set and its dose together",
        )
    reader = _CaseReader(collection, stated)
    cases, notes = with_courses(
        tuple(plan_case(one, reader.case, reader.dose_grid) for one in linked), stated
    )
    files = tuple(one.source for one in collection.objects)
    return Inventory(files, collection.ignored, cases, (*collection.notes, *notes))


class _CaseReader:
    """Reads the objects of linked cases; an object shared by several cases is read once."""

    def __init__(self, collection: Collection, stated: UserStatements) -> None:
        self._collection = collection
        self._stated = stated
        self._read: dict[str, object] = {}

    def case(self, linked: LinkedCase) -> Case:
        """Read the objects of one case."""
        log = Log()
        structures = self._with_segments(linked, log)
        plan = with_stated(self._plan(linked), structures, self._stated.rx)
        own = plan if isinstance(plan, Plan) else None
        peek = partial(self.dose_grid, keep=False)
        choice = choose_dose(linked.doses, own, self.dose_grid, self._stated, linked.orphans, peek)
        dose = _in_frame(choice, structures)
        image, image_problem = self._image(linked, log)
        shown = _shown(linked.images, image)
        sessions = self._sessions(linked, log)
        used = (
            *_present(linked.plan, linked.structures, *linked.segmentations),
            *choice.files,
            *shown,
            *linked.records,
        )
        return Case(
            label=_label(linked, plan),
            subject=_subject(linked),
            plan=plan,
            structures=structures,
            dose=dose,
            image=image,
            stored_dvhs=_of_drawn(
                self._stored_dvhs(choice.files, linked.structures, plan), structures
            ),
            provenance=self._provenance(linked, used, choice, log),
            image_problem=image_problem,
            sessions=sessions,
            stated=self._stated,
        )

    def _once(self, one: FoundObject, read: Callable[[], T]) -> T | str:
        """Read an object, or say why it cannot be used; the answer is kept."""
        return self._once_as(one.uid, one, read)

    def _once_as(self, key: str, one: FoundObject, read: Callable[[], T]) -> T | str:
        """Read a part of an object that has a key of its own."""
        if key not in self._read:
            self._read[key] = (one.problem and f"{one.name}: {one.problem}") or read_or_why(
                one, read
            )
        answer: T | str = self._read[key]  # type: ignore[assignment]
        return answer

    def _plan(self, linked: LinkedCase) -> Plan | Reason:
        if linked.plan is None:
            return Reason(ReasonCode.REFERENCE_MISSING, say("no plan among the files"))
        root = linked.plan.root
        plan = self._once(linked.plan, lambda: read_plan(root))
        return Reason(ReasonCode.REFERENCE_MISSING, plan) if isinstance(plan, str) else plan

    def _structures(self, linked: LinkedCase) -> StructureSet | Reason:
        found = linked.structures
        if isinstance(found, Reason):
            return found
        structures = self._once(found, lambda: read_structure_set(found.root))
        if isinstance(structures, str):
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, structures)
        return structures

    def _with_segments(self, linked: LinkedCase, log: Log) -> StructureSet | Reason:
        """Return the structures of the structure set and of the segmentations of a case."""
        drawn = self._structures(linked)
        read = [
            ReadSegmentation(
                one.name, self._once(one, partial(read_segmentation, one.root, one.read))
            )
            for one in linked.segmentations
        ]
        drawn_in = "".join(one.name for one in _present(linked.structures))
        plan = self._plan(linked) if read else None
        named = plan.dose_references if isinstance(plan, Plan) else ()
        numbers = frozenset(r.roi_number for r in named if r.roi_number is not None)
        found, notes = with_segmentations(drawn, drawn_in, read, numbers)
        for note in notes:
            log.note(note)
        return found

    def dose_grid(self, one: FoundObject, *, keep: bool = True) -> DoseGrid:
        """Read one dose, and keep it or not; raise DicomError where it cannot be read."""
        read = partial(read_dose, one.opened)
        kept = keep or one.problem or one.uid in self._read
        grid = self._once(one, read) if kept else read_or_why(one, read)
        if isinstance(grid, str):
            raise DicomError(grid)
        return grid

    def _stored_dvhs(
        self,
        chosen: tuple[FoundObject, ...],
        structures: FoundObject | Reason,
        plan: Plan | Reason,
    ) -> tuple[StoredDvh, ...]:
        """Return the DVHs stored with the dose, if it is one dose and they mean these structures.

        Those of the parts of a sum say nothing about the sum.
        """
        if not chosen or isinstance(structures, Reason):
            return ()
        held = [one for one in chosen if one.root.has("DVHSequence")]
        log = chosen[0].root.log
        if len(chosen) > 1:
            if held:
                log.note(say("the DVHs stored with the parts of a summed dose are not used"))
            return ()
        meant = chosen[0].structure_set_uids
        if held and meant and structures.uid not in meant:
            log.note(say("{0}: its stored DVHs are of another structure set", chosen[0].name))
            return ()
        prescribed = None if isinstance(plan, Reason) else plan.prescription
        rx_gy = prescribed.total_gy if isinstance(prescribed, Prescription) else None
        found = self._once_as(
            f"dvh {chosen[0].uid}", chosen[0], lambda: read_stored_dvhs(chosen[0].root, rx_gy)
        )
        if isinstance(found, str):
            log.note(say("the stored DVHs are not used: {0}", found))
            return ()
        return found

    def _image(self, linked: LinkedCase, log: Log) -> tuple[ImageSeries | None, str]:
        """Return the image; where there are slices and none can be made of them, why."""
        images = [one for one in linked.images if not one.problem]
        slices = [Slice(one.root, one.source.sha256, one.read) for one in images]
        if not slices:
            return None, "no image can be read" if linked.images else ""
        with warnings_as_notes("CT", log):
            found = read_image(slices, log, partial(self._named, linked))
        return (None, found) if isinstance(found, str) else (found, "")

    def _named(self, linked: LinkedCase) -> frozenset[str]:
        """Return the slices that the contours of a case name."""
        drawn = linked.structures
        if isinstance(drawn, Reason):
            return frozenset()
        key, read = f"images of {drawn.uid}", partial(images_named, drawn.root, drawn.frame_uid)
        found = self._once_as(key, drawn, read)
        return frozenset() if isinstance(found, str) else found

    def _sessions(self, linked: LinkedCase, log: Log) -> tuple[Session, ...]:
        read: list[Session] = []
        for one in linked.records:
            root = one.root
            found = self._once(one, lambda root=root: read_session(root))  # type: ignore[misc]
            if isinstance(found, str):
                log.note(say("a treatment record is not used: {0}", found))
            else:
                read.append(found)
        return in_time(read)

    def _provenance(
        self, linked: LinkedCase, used: Sequence[FoundObject], choice: DoseChoice, log: Log
    ) -> Provenance:
        headers = with_named_images(headers_of(used), linked)
        logs = [*(one.root.log for one in used), log]
        names = {one.name for one in used} | {"CT", "RTPLAN"}
        notes = [*(note for one in logs for note in one.notes), *linked.notes]
        notes += [*identity_notes(used), *_unused_doses(linked, used)]
        return Provenance(
            files=tuple(one.source for one in used),
            links=tuple(
                dict.fromkeys(k for k in linked.links if k.source in names and k.target in names)
            ),
            repairs=tuple(dict.fromkeys(r for one in logs for r in one.repairs)),
            notes=tuple(dict.fromkeys((*notes, *self._stated.taken, *self._collection.notes))),
            headers=headers,
            unused_doses=tuple(dose.name for dose in linked.doses if dose not in used),
            dose_decisions=choice.decisions,
            dose_against_file=choice.against_file,
            dose_doubts=choice.doubts,
            unread_files=tuple(i.why for i in self._collection.ignored if i.broken),
            clashing_files=tuple(i.why for i in self._collection.ignored if i.clashes),
        )


def _of_drawn(
    stored: tuple[StoredDvh, ...], structures: StructureSet | Reason
) -> tuple[StoredDvh, ...]:
    """Return stored DVHs without those whose number a segment happens to have."""
    if isinstance(structures, Reason):
        return stored
    segments = {s.roi_number for s in structures.structures if s.origin}
    return tuple(one for one in stored if one.roi_number not in segments)


def _present(*parts: FoundObject | Reason | None) -> tuple[FoundObject, ...]:
    return tuple(part for part in parts if isinstance(part, FoundObject))


def _shown(images: Sequence[FoundObject], image: ImageSeries | None) -> list[FoundObject]:
    """Return the slices that make up the image; all, where none could be made."""
    if image is None:
        return list(images)
    uids = frozenset(image.sop_instance_uids)
    return [one for one in images if one.source.sop_instance_uid in uids]


def _in_frame(choice: DoseChoice, structures: StructureSet | Reason) -> DoseGrid | Reason:
    """Return the dose, unless it lies in another frame of reference than the structures."""
    dose = choice.dose
    frames = {
        part.frame_of_reference_uid
        for part in (dose, structures)
        if not isinstance(part, Reason) and part.frame_of_reference_uid
    }
    if len(frames) < 2:
        return dose
    detail = say(
        "{0} and the structure set lie in different frames of reference", choice.files[0].name
    )
    return Reason(ReasonCode.DOSE_UNREADABLE, detail)


def _label(linked: LinkedCase, plan: Plan | Reason) -> str:
    if isinstance(plan, Plan) and (plan.label or plan.name):
        return plan.label or plan.name
    return next((o.name for o in (*_present(linked.plan), *linked.doses)), "") or next(
        iter(o.name for o in _present(linked.structures, *linked.segmentations)), ""
    )


def _subject(linked: LinkedCase) -> str:
    """Return the subject code of a trial, where the plan or a dose states one; never a name."""
    objects = (*_present(linked.plan, linked.structures), *linked.doses, *linked.segmentations)
    codes = (one.root.text("ClinicalTrialSubjectID") for one in objects)
    return next((code for code in codes if code.strip()), "")


def _unused_doses(linked: LinkedCase, used: Sequence[FoundObject]) -> list[str]:
    left = [dose.name for dose in linked.doses if dose not in used]
    return [say("doses of this plan that were not used: {0}", ", ".join(left))] if left else []
