"""What is kept of a reviewed case so that it can be held against another protocol later."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from sbrt_qa.errors import ResultError
from sbrt_qa.i18n.phrase import phrases_in, with_phrases
from sbrt_qa.model.grid import DoseType
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Prescription
from sbrt_qa.protocol.lesions import Lesion

SCHEMA: Final = "sbrt_qa.stored_case/1"


@dataclass(frozen=True, slots=True)
class StoredStructure:
    """A structure: what it is called, and whether it encloses anything."""

    roi_number: int
    name: str
    interpreted_type: str
    has_contours: bool
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class StoredDose:
    """A dose grid: its highest voxel, the highest on its faces, and what the values are."""

    max_gy: float
    edge_max_gy: float
    dose_type: DoseType


@dataclass(frozen=True, slots=True)
class StoredCase:
    """What an evaluation needs besides histograms.

    Parameters
    ----------
    prescription, fractions
        As in :class:`Plan`.
    no_plan
        Why there is no plan; then both are None.
    far_gy
        Doses far from targets, by key.
    without_dvh
        Why a structure or a combination has no histogram, by key.
    mapping
        Names that the review was told.
    targets
        Which targets there were, and what became of each; None where no review looked at them.
    own_doses
        Doses in Gy that the plan prescribes to targets, by ROI number.
    stated
        What the user stated, as plain values.
    words
        Hash of all that was stated, as the fingerprint of the input was taken with it; may be
        empty.
    """

    label: str
    no_plan: Reason | None
    prescription: Prescription | Reason | None
    fractions: int | Reason | None
    structures: tuple[StoredStructure, ...] | Reason
    dose: StoredDose | Reason
    far_gy: Mapping[str, float | Reason] = field(default_factory=dict)
    without_dvh: Mapping[str, Reason] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[Lesion, ...] | None = None
    own_doses: Mapping[int, float] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    schema: str = SCHEMA

    def to_json(self) -> str:
        """Return the JSON form; :meth:`from_json` reads it back exactly."""
        data = _adapter().dump_python(self) | {"phrases": phrases_in(self)}
        return to_json(data).decode()

    @classmethod
    def from_json(cls, text: str) -> StoredCase:
        """Read the JSON form.

        Raises
        ------
        ResultError
            It is something else, or of another version.
        """
        try:
            data = from_json(text)
            found = _adapter().validate_python(data)
        except ValueError as error:
            raise ResultError("a stored case is broken", expected=SCHEMA) from error
        if found.schema != SCHEMA:
            raise ResultError("unknown kind of stored case", expected=SCHEMA)
        return with_phrases(found, data.get("phrases"))


@functools.cache
def _adapter() -> TypeAdapter[StoredCase]:
    return TypeAdapter(StoredCase)
