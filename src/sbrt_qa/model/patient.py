"""Whom a document may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NEUTRAL: Final = frozenset(
    {
        "anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymisiert", "deidentified",
        "removed", "none", "null", "test", "patient", "phantom", "sample", "sbrtqa", "research",
        "trial", "unknown",
    }
)  # fmt: skip
"""Words in the place of a name that name nobody, in small letters."""

_WORD: Final = re.compile(r"[^\W_]+")


def names_nobody(value: str) -> bool:
    """Tell whether a name or number says of no one who it is: empty, "Anonymous", "000000".

    So two with the same are not the same person.
    """
    words = _WORD.findall(value.casefold())
    return all(word in NEUTRAL or word.strip("x0") == "" for word in words)


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
