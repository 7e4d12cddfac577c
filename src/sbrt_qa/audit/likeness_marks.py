"""What of a submission tells that another one is of the same plan or patient; called in the child.

Contours and dose are hashed as the numbers that they are, so that new UIDs, names and dates of a
second export do not hide that it is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sbrt_qa.audit.store.records import Mark
from sbrt_qa.model.outcome import Reason

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.grid import DoseGrid
    from sbrt_qa.model.plan import Plan
    from sbrt_qa.model.structure import StructureSet

CONTENT: Final = "contours and dose"
WHOLE: Final = "whole plan"
"""Kinds of marks of a plan."""

STEPS_PER_MM: Final = 1e4
STEPS_PER_GY: Final = 1e5
"""Numbers are compared to a ten-thousandth of a millimetre and 0.01 mGy."""

_LEFT_OUT: Final = ("uid", "label", "name", "date", "time")
"""Parts of the names of fields that a second export may have changed."""


def content_marks(cases: Iterable[Case]) -> tuple[Mark, ...]:
    """Return the marks of every plan with contours and dose."""
    found: list[Mark] = []
    for number, case in enumerate(cases, 1):
        if isinstance(case.structures, Reason) or isinstance(case.dose, Reason):
            continue
        content = hashlib.sha256(_contours(case.structures) + _dose(case.dose))
        found.append(Mark(CONTENT, content.hexdigest(), number))
        if not isinstance(case.plan, Reason):
            names = sorted(one.name for one in case.structures.structures)
            content.update(repr(names).encode() + _plan(case.plan))
            found.append(Mark(WHOLE, content.hexdigest(), number))
    return tuple(found)


def uids(inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """Return kind and UID of what is one patient's: studies, series and frames of reference."""
    found: set[tuple[str, str]] = set()
    for one in inventory.files:
        found.add(("study", one.study_uid))
        found.add(("series", one.series_uid))
    for case in inventory.cases:
        for part in (case.structures, case.dose):
            found.add(("frame", str(getattr(part, "frame_of_reference_uid", "") or "")))
    return tuple(sorted((kind, uid) for kind, uid in found if uid))


def _contours(structures: StructureSet) -> bytes:
    """Return the same for the same contours, whatever the structures are called or their order."""
    digests = sorted(
        hashlib.sha256(b"".join(sorted(_planes(one.contours)))).digest()
        for one in structures.structures
        if one.contours
    )
    return hashlib.sha256(b"".join(digests)).digest()


def _planes(contours: Iterable[Any]) -> Iterator[bytes]:
    for one in contours:
        points = np.column_stack([one.xy_mm, np.full(len(one.xy_mm), one.z_mm)])
        yield _steps(points, STEPS_PER_MM)


def _dose(dose: DoseGrid) -> bytes:
    digest = hashlib.sha256()
    for axis in (dose.x_mm, dose.y_mm, dose.z_mm):
        digest.update(_steps(axis, STEPS_PER_MM))
    for plane in dose.dose_gy:
        digest.update(_steps(plane, STEPS_PER_GY))
    return digest.digest()


def _steps(numbers: Any, per_unit: float) -> bytes:  # noqa: ANN401 - an array
    steps = np.rint(np.asarray(numbers, dtype=np.float64) * per_unit).astype(np.int64)
    return hashlib.sha256(repr(steps.shape).encode() + steps.tobytes()).digest()


def _plan(plan: Plan) -> bytes:
    return json.dumps(_plain(asdict(plan)), default=str, sort_keys=True).encode()


def _plain(data: Any) -> Any:  # noqa: ANN401 - of any field
    if isinstance(data, dict):
        kept = {k: v for k, v in data.items() if not any(w in str(k).lower() for w in _LEFT_OUT)}
        return {str(k): _plain(v) for k, v in kept.items()}
    if isinstance(data, list | tuple):
        return [_plain(one) for one in data]
    return data.tolist() if isinstance(data, np.ndarray) else data
