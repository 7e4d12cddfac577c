"""Whom a document may name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentPatient:
    """Whom a document is about, as far as it may say so; empty where it may not.

    Parameters
    ----------
    identifier, name
        Patient ID and name: the trial's subject code, or what a de-identified input has.
    birth_date, sex
        DICOM DA and CS as a de-identified input has them, usually empty.
    """

    identifier: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
