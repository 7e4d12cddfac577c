"""What became of the structures: matched by name, compared as regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.compare.comparison import Area, Change, StructureChange, StructureState
from sbrt_qa.compare.plan_changes import Fact, differing
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.dosimetry.on_cores import side_by_side
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.geometry.surfaces import surface_distance
from sbrt_qa.i18n.phrase import said, say, stated
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure

SAME_MM: Final = 0.1
"""Redrawn contours whose surfaces are nowhere farther apart enclose the same region: files round
coordinates to a tenth of a millimetre."""

Volumes = Mapping[str, float | None]
"""Volume by display key, cc; None where it is not known."""

_PROPERTIES: Final[tuple[Fact[Structure], ...]] = (
    (say("type"), lambda s: s.interpreted_type),
    (say("density override"), lambda s: tuple((o.name, o.value) for o in s.overrides)),
)

_ORDER: Final = (
    StructureState.CHANGED,
    StructureState.REMOVED,
    StructureState.ADDED,
    StructureState.RENAMED,
    StructureState.NOT_COMPARED,
    StructureState.SAME,
)


def compare_structures(
    before: CaseDoses,
    after: CaseDoses,
    volumes: tuple[Volumes, Volumes],
    *,
    other_frame: Reason | None,
) -> tuple[StructureChange, ...]:
    """Return what became of every structure, changed ones first, else in file order.

    Parameters
    ----------
    volumes
        Of the earlier and of the later structures, as their reviews give them.
    other_frame
        Why places in the two versions cannot be compared, if so.
    """
    old, new = structures_of(before.case), structures_of(after.case)
    pairs = _pairs(old, new)

    def row_of(pair: tuple[str, str]) -> StructureChange:
        old_key, new_key = pair
        row = _row(old.get(old_key), new.get(new_key), (before, after), other_frame)
        return replace(
            row,
            name=new_key or old_key,
            renamed_from=old_key if new_key and old_key != new_key else "",
            before_cc=volumes[0].get(old_key),
            after_cc=volumes[1].get(new_key),
        )

    rows = side_by_side(row_of, pairs)
    return tuple(sorted(rows, key=lambda r: _ORDER.index(r.state)))


def property_changes(before: Case, after: Case) -> Iterator[Change]:
    """Yield how structures of the same name differ in type and in density override."""
    old, new = structures_of(before), structures_of(after)
    for key in old:
        if key in new:
            yield from differing(Area.STRUCTURES, key, _PROPERTIES, old[key], new[key])


def structure_changes(rows: tuple[StructureChange, ...]) -> Iterator[Change]:
    """Yield the structures that differ, in words.

    What lies in another frame of reference is not told to differ: nobody knows.
    """
    for row in rows:
        other_frame = row.reason is not None and row.reason.code is ReasonCode.NOT_APPLICABLE
        if row.state is StructureState.SAME or other_frame:
            continue
        if row.state is StructureState.RENAMED:
            yield Change(Area.STRUCTURES, row.name, say("name"), row.renamed_from, row.name)
            continue
        before, after = _cc(row.before_cc), _cc(row.after_cc)
        if row.state is StructureState.ADDED:
            before, after = "", after or say("there")
        elif row.state is StructureState.REMOVED:
            before, after = before or say("there"), ""
        yield Change(Area.STRUCTURES, row.name, _what(row), before, after)


def _what(row: StructureChange) -> str:
    if row.dice is None or row.max_mm is None:
        return say("contours ({0})", stated(row.state.replace("_", " ")))
    dice, apart_mm = f"{row.dice:.3f}", f"{row.max_mm:.1f}"
    return say("contours (Dice {0}, up to {1} mm apart)", dice, apart_mm)


def _cc(volume_cc: float | None) -> str:
    return "" if volume_cc is None else f"{volume_cc:.2f} cc"


def _pairs(old: Mapping[str, Structure], new: Mapping[str, Structure]) -> list[tuple[str, str]]:
    """Pair keys: equal ones, then those of equal contours; the rest stand alone, "" beside them."""
    pairs = [(key, key) for key in old if key in new]
    gone, come = [k for k in old if k not in new], [k for k in new if k not in old]
    for old_key in list(gone):
        same = [k for k in come if old[old_key].contours and same_contours(old[old_key], new[k])]
        if len(same) == 1:
            pairs.append((old_key, same[0]))
            gone.remove(old_key)
            come.remove(same[0])
    return [*pairs, *((key, "") for key in gone), *(("", key) for key in come)]


def same_contours(a: Structure, b: Structure) -> bool:
    """Tell whether two structures have the same contours, vertex by vertex, and what else is."""
    return (
        len(a.contours) == len(b.contours)
        and a.set_aside == b.set_aside
        and (a.problem is None) == (b.problem is None)
        and all(
            p.z_mm == q.z_mm and np.array_equal(p.xy_mm, q.xy_mm)
            for p, q in zip(a.contours, b.contours, strict=True)
        )
    )


def _row(
    old: Structure | None,
    new: Structure | None,
    doses: tuple[CaseDoses, CaseDoses],
    other_frame: Reason | None,
) -> StructureChange:
    if old is None:
        return StructureChange("", StructureState.ADDED)
    if new is None:
        return StructureChange("", StructureState.REMOVED)
    if other_frame is not None:
        return StructureChange("", StructureState.NOT_COMPARED, reason=other_frame)
    if same_contours(old, new):
        state = StructureState.SAME if old.name == new.name else StructureState.RENAMED
        if not old.contours:
            return StructureChange("", state, reason=old.problem)
        return StructureChange("", state, dice=1.0, mean_mm=0.0, p95_mm=0.0, max_mm=0.0)
    one, other = doses[0].region(old), doses[1].region(new)
    if isinstance(one, Reason) or isinstance(other, Reason):
        reason = one if isinstance(one, Reason) else other
        empty = isinstance(reason, Reason) and reason.code is ReasonCode.STRUCTURE_EMPTY
        state = StructureState.CHANGED if empty else StructureState.NOT_COMPARED
        return StructureChange("", state, reason=reason if isinstance(reason, Reason) else None)
    return _compared(one, other)


def _compared(one: Region, other: Region) -> StructureChange:
    try:
        overlap = dice(one, other)
    except GeometryError as error:
        reason = Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
        return StructureChange("", StructureState.NOT_COMPARED, reason=reason)
    try:
        apart = surface_distance(cells_of(one), cells_of(other))
    except GeometryError as error:
        reason = Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
        state = StructureState.SAME if overlap == 1 else StructureState.CHANGED
        return StructureChange("", state, dice=overlap, reason=reason)
    same = apart.max_mm <= SAME_MM
    return StructureChange(
        "",
        StructureState.SAME if same else StructureState.CHANGED,
        dice=overlap,
        mean_mm=apart.mean_mm,
        p95_mm=apart.p95_mm,
        max_mm=apart.max_mm,
    )


def dice(one: Region, other: Region) -> float:
    """Return the Dice coefficient: twice the common volume over the sum of both volumes.

    All three volumes come from the same scan lines, so that equal regions give exactly 1.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely, or enclose nothing.
    """
    both = one | other
    common, only_one, only_other = (
        0.0 if isinstance(v, Reason) else v
        for v in (volume_cc(one & other), volume_cc(both - other), volume_cc(both - one))
    )
    total = 2 * common + only_one + only_other
    if total <= 0:
        raise GeometryError("both structures enclose no volume")
    return 2 * common / total
