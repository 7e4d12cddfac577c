"""One submission to review: plan, structures, dose, image, and where each came from."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from sbrt_qa.errors import UsageError, did_you_mean, quoted
from sbrt_qa.model.course import Course, CourseDoses
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.header import ObjectHeader
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.notebook import html_of
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.model.stored_dvh import StoredDvh
from sbrt_qa.model.structure import Structure, StructureSet


class LinkKind(enum.StrEnum):
    """How two objects of a case were joined."""

    BY_UID = "by uid"
    BY_FRAME_OF_REFERENCE = "by frame of reference"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input file: what it is and its fingerprint. ``name`` is the bare file name.

    Class, series and study are UIDs as written; empty where the file or a stored result has none.
    """

    name: str
    modality: str
    sop_instance_uid: str
    sha256: str
    sop_class_uid: str = ""
    series_uid: str = ""
    study_uid: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """How ``source`` (say RTDOSE) was joined to ``target`` (say RTPLAN); ``note`` explains."""

    source: str
    target: str
    kind: LinkKind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """One named repair of a broken file.

    ``quirk`` is its stable name, ``where`` the object or structure, ``detail`` what was done.
    """

    quirk: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a case comes from and what was done to read it.

    ``unused_doses`` are names of doses of the plan that were not taken; ``dose_decisions`` say, one
    sentence each, how the dose was chosen, where there was a choice, and ``dose_against_file`` that
    the user's word is against what the file states of it; ``dose_doubts`` say how files of the dose
    contradict each other. ``unread_files`` say, one sentence each,
    why a file beside the case could not be used, so that what it held is missing;
    ``clashing_files`` are those of these sentences that are about files that share an identifier.
    """

    files: tuple[SourceFile, ...] = ()
    links: tuple[Link, ...] = ()
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()
    headers: tuple[ObjectHeader, ...] = ()
    unused_doses: tuple[str, ...] = ()
    dose_decisions: tuple[str, ...] = ()
    dose_against_file: bool = False
    dose_doubts: tuple[str, ...] = ()
    unread_files: tuple[str, ...] = ()
    clashing_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deidentified:
    """What the account that travels with de-identified files says of a case.

    Parameters
    ----------
    dates_shifted
        Whether its dates are moved: intervals hold, dates do not.
    versions
        Id and version of protocols in force at the true planning date, settled before that.
    """

    dates_shifted: bool
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything known about one plan.

    A part that is absent or cannot be used is a Reason, so that whatever depends on it can say
    why it is not evaluable; ``image`` is optional and simply None when there is none.

    Parameters
    ----------
    image_problem
        Why there are images that cannot be used; empty when there are none, or they can.
    sessions
        What was delivered of this plan, in order of time; none without treatment records.
    stored_dvhs
        DVHs that the planning system stored with exactly this dose.
    stated
        What the user stated of this plan by hand, and decided a part of this case.
    course
        How the plan belongs to others beside it; None where there is no other.
    course_doses
        Doses of a course beside `dose`, which is then their sum.
    parts
        The plans of a course of several that are drawn on these structures, each with its own
        dose; none where the case is one plan.
    beside
        Plans of which nothing tells whether they add to this one, each with its own dose, on these
        structures.
    targets_elsewhere
        Targets in structure sets beside that of the plan, one sentence each.
    deidentified
        What the account of de-identification beside the files says; None where there is none.
    subject
        Trial subject code, or empty: never a patient's name or hospital number.
    label
        Plan label where there is a plan, else what the case was found by.
    """

    label: str
    plan: Plan | Reason
    structures: StructureSet | Reason
    dose: DoseGrid | Reason
    image: ImageSeries | None = None
    subject: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    stored_dvhs: tuple[StoredDvh, ...] = ()
    image_problem: str = ""
    sessions: tuple[Session, ...] = ()
    stated: UserStatements = NOTHING_STATED
    course: Course | None = None
    course_doses: CourseDoses = field(default_factory=CourseDoses)
    parts: tuple[Case, ...] = ()
    beside: tuple[Case, ...] = ()
    targets_elsewhere: tuple[str, ...] = ()
    deidentified: Deidentified | None = None

    def __repr__(self) -> str:
        """Return a short form: arrays and contours would fill pages."""
        parts = {"plan": self.plan, "dose": self.dose, "structures": self.structures}
        missing = [name for name, part in parts.items() if isinstance(part, Reason)]
        told = f", without {' and '.join(missing)}" if missing else ""
        return f"<Case {self.label!r}: {len(self._by_key())} structures{told}>"

    def _repr_html_(self) -> str:
        return html_of(self)

    @property
    def names(self) -> list[str]:
        """Names of the ROIs in file order, as written; none where there is no structure set.

        A name that several ROIs share stands there several times; `case["NAME#number"]` tells them
        apart.
        """
        return [s.name for s in self._by_key().values()]

    def __getitem__(self, name: str) -> Structure:
        """Return one structure by its name, or by ``NAME#number``.

        Raises
        ------
        UsageError
            It is not there, or the name is that of several; the message lists what there is.
        """
        there = self._by_key()
        if name in there:
            return there[name]
        same = [key for key, s in there.items() if s.name == name]
        if same:
            raise UsageError(
                "several structures have this name", got=quoted(name),
                expected=f"one of {', '.join(map(quoted, same))}",
            )  # fmt: skip
        listed = ", ".join(map(quoted, there)) or "no structures"
        raise UsageError(
            "no such structure", got=quoted(name), expected=f"one of {listed}",
            advice=did_you_mean(str(name), there),
        )  # fmt: skip

    def __contains__(self, name: object) -> bool:
        """Tell whether `case[name]` would be found."""
        return name in self._by_key()

    def __iter__(self) -> Iterator[str]:
        """Go over the keys of the structures, as over those of a dictionary."""
        return iter(self._by_key())

    def with_structure(self, structure: Structure) -> Case:
        """Return the same case with one structure more.

        Raises
        ------
        UsageError
            The case has no structure set.
        GeometryError
            Its ROI number is taken.
        """
        if not isinstance(self.structures, StructureSet):
            raise UsageError("the case has no structures", got=str(self.structures.detail))
        more = (*self.structures.structures, structure)
        return replace(self, structures=replace(self.structures, structures=more))

    def _by_key(self) -> dict[str, Structure]:
        return self.structures.keys() if isinstance(self.structures, StructureSet) else {}

    @property
    def site(self) -> str:
        """Code of the trial's site, as the first file that states one has it; else empty."""
        return next((h.site for h in self.provenance.headers if h.site), "")

    @property
    def slice_spacing_mm(self) -> float | None:
        """Distance between image slices, when an image says so."""
        if self.image is None:
            return None
        return self.image.slice_spacing_mm or None


def one_case(value: object) -> Case:
    """Return what a script gave, when that is one case.

    Raises
    ------
    UsageError
        It is a path, several cases, or something else; the message says how to come by a case.
    """
    if isinstance(value, Case):
        return value
    if isinstance(value, str | PurePath):
        got, advice = quoted(str(value)), "Read it: for case in sbrt_qa.load_cases(path): ..."
    elif isinstance(value, Sequence) and all(isinstance(one, Case) for one in value):
        got = f"{len(value)} case{'s' if len(value) != 1 else ''}"
        advice = "Take one: (case,) = sbrt_qa.load_cases(path), or a loop where there are several"
    else:
        got, advice = quoted(type(value).__name__), "Read one: sbrt_qa.load_cases(path)"
    raise UsageError("one case is needed", got=got, advice=advice)
