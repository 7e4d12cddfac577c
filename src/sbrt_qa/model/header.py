"""What the header of a file says besides its content: identity, dates, approval, references."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stamp:
    """A date and, where the file gives one, a time of day."""

    date: dt.date
    time: dt.time | None = None

    def minutes_until(self, other: Stamp) -> float:
        """Return the time until another stamp; whole days where either lacks a time of day."""
        if self.time is None or other.time is None:
            return 1440.0 * (other.date - self.date).days
        there, here = (dt.datetime.combine(s.date, s.time or dt.time()) for s in (other, self))
        return (there - here).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class ObjectHeader:
    """One DICOM object of a case; the slices of an image series count as one.

    Parameters
    ----------
    name
        Bare name of the file.
    modality, sop_instance_uid, series_uid, frame_of_reference_uid
        As written; empty where not stated. An image has no SOP Instance UID of its own.
    stated_at
        When its content was last changed, by its own label (plan date, structure set date).
    created_at
        When the object was written.
    approval
        Approval Status in capitals.
    patient_position
        Of an image or plan, where there is one only.
    same_patient_as_first
        Whether patient name and number are those of the case's first object.
    identity_removed
        Patient Identity Removed in capitals: YES, NO or empty.
    says_how
        Whether a method of de-identification is stated.
    has_subject
        Whether a clinical trial subject is stated.
    site
        Clinical Trial Site ID as written.
    identifying
        Keywords of elements with values that tell who the patient is; never the values.
    name_like_person
        Whether the patient's name looks like that of a person: two words or more, of letters only.
    private_elements
        Number of private elements at the top of the object.
    burned_in
        Burned In Annotation in capitals.
    plan_uids, structure_set_uids, series_uids
        What it refers to.
    """

    name: str
    modality: str
    sop_instance_uid: str = ""
    series_uid: str = ""
    frame_of_reference_uid: str = ""
    stated_at: Stamp | None = None
    created_at: Stamp | None = None
    approval: str = ""
    patient_position: str = ""
    same_patient_as_first: bool = True
    identity_removed: str = ""
    says_how: bool = False
    has_subject: bool = False
    site: str = ""
    identifying: tuple[str, ...] = ()
    name_like_person: bool = False
    private_elements: int = 0
    burned_in: str = ""
    plan_uids: tuple[str, ...] = ()
    structure_set_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
