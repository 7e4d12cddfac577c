"""All organs of a case that are known, each found by its name and put on one raster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.organ_view import BodyBox, OrganView, Window, window_of
from sbrt_qa.checks.anatomy.scene import Scene, scene_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.parts.find import parts_of
from sbrt_qa.geometry.rasters import BoolArray, filled
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target
from sbrt_qa.protocol.anatomy_ranges import AnatomyRanges, OrganDef
from sbrt_qa.protocol.folding import folded

FEW_CORNERS: Final = 7
"""Contours of no more vertices than this are boxes; nobody draws an organ so."""

PART_SHARE: Final = 0.01
"""Bodies of less than this part of an organ are no part of it; `STRAY_PARTS` looks for them."""

END_MM: Final = 6.5
"""Distance from the end of a scan within which an organ may go on beyond it."""


@dataclass(frozen=True, eq=False)
class OrgansSeen:
    """The organs of a case.

    Parameters
    ----------
    scene
        The raster and the image on it; None where nothing is known of any structure.
    organs
        By their name in the file of ranges.
    boxes
        Organs that are drawn as boxes, by name, with their key; they are not looked at further.
    """

    scene: Scene | None
    organs: Mapping[str, OrganView]
    boxes: Mapping[str, str]

    @property
    def why(self) -> str:
        """Why the image says nothing; empty where it does."""
        return self.scene.why if self.scene is not None and self.scene.hu is None else ""

    def others(self, view: OrganView) -> BoolArray:
        """Return the cells of all other organs and of targets within the window of one."""
        found = self.beside(view)
        return found if view.left_out is None else found | view.left_out

    def beside(self, view: OrganView) -> BoolArray:
        """Return the cells of all other organs, not of targets, within the window of one."""
        found = np.zeros_like(view.mask)
        for other in self.organs.values():
            if other is not view and (shared := common(view, other)) is not None:
                mine, theirs = shared
                found[mine] |= other.mask[theirs]
        return found


NOTHING_SEEN: Final = OrgansSeen(None, {}, {})


def organs_seen(
    doses: CaseDoses,
    ranges: AnatomyRanges,
    one: Callable[[str], Structure | None],
    structures: Mapping[str, Structure],
    body: Structure | None,
) -> OrgansSeen:
    """Look at all organs that are known.

    A case in which most organs are boxes is a phantom: nothing of it is looked at.

    Parameters
    ----------
    one
        Finds the structure that stands for a name of the protocol.
    structures
        All of the plan, by display key.
    body
        The outline of the body, if there is one.
    """
    found = _found(ranges, one, structures, body)
    boxes = {o.organ: key for o, key, s in found if _is_box(s)}
    drawn = [row for row in found if row[0].organ not in boxes]
    if not drawn or len(boxes) >= len(drawn):
        return NOTHING_SEEN
    spacing = doses.slice_spacing_mm or 3.0
    scene = scene_of([s for _, _, s in drawn], doses.case.image, spacing)
    return OrgansSeen(scene, _views(doses, scene, drawn, structures, body), boxes)


def _found(
    ranges: AnatomyRanges,
    one: Callable[[str], Structure | None],
    structures: Mapping[str, Structure],
    body: Structure | None,
) -> list[tuple[OrganDef, str, Structure]]:
    """Return the organs of the plan with contours; no structure stands for two of them."""
    taken: dict[int, tuple[OrganDef, str, Structure]] = {}
    for organ in ranges.organs:
        structure = one(organ.organ) or _by_name(organ, structures)
        if structure is None or structure is body or not structure.contours:
            continue
        if is_target(structure) or structure.roi_number in taken:
            continue
        key = next((k for k, s in structures.items() if s is structure), structure.name)
        taken[structure.roi_number] = (organ, key, structure)
    return list(taken.values())


def _by_name(organ: OrganDef, structures: Mapping[str, Structure]) -> Structure | None:
    """Return the one structure of exactly this name, spelled in whatever way."""
    names = {folded(n) for n in (organ.organ, *organ.also)}
    there = [s for s in structures.values() if s.contours and folded(s.name) in names]
    return there[0] if len(there) == 1 else None


def _is_box(structure: Structure) -> bool:
    corners = [c.xy_mm.shape[0] for c in structure.contours]
    return float(np.median(corners)) <= FEW_CORNERS


def _views(
    doses: CaseDoses,
    scene: Scene,
    found: Sequence[tuple[OrganDef, str, Structure]],
    structures: Mapping[str, Structure],
    body: Structure | None,
) -> dict[str, OrganView]:
    masks = {o.organ: cut for o, _, s in found if (cut := _windowed(doses, scene, s)) is not None}
    targets = _targets(doses, scene, structures.values())
    box, ends = _boxes_of(body), _ends_mm(scene, structures.values())
    liver_mm = _middle_z_mm(scene, *masks["Liver"]) if "Liver" in masks else None
    views: dict[str, OrganView] = {}
    for organ, key, structure in found:
        if organ.organ not in masks:
            continue
        window, mask = masks[organ.organ]
        volume = doses.volume_cc(structure)
        views[organ.organ] = OrganView(
            organ, key, structure, scene, window, mask,
            None if isinstance(volume, Reason) else volume, box, _parts(doses, structure),
            liver_mm, None if targets is None else targets[window.cut], _cut(structure, ends),
        )  # fmt: skip
    return views


def _windowed(
    doses: CaseDoses, scene: Scene, structure: Structure
) -> tuple[Window, BoolArray] | None:
    """Return the window around a structure and its cells there; None where it has none."""
    inside = mask_of(doses, scene, structure)
    if inside is None or not inside.any():
        return None
    window = window_of(inside)
    return window, inside[window.cut].copy()


def _middle_z_mm(scene: Scene, window: Window, mask: BoolArray) -> float:
    areas = np.count_nonzero(mask, axis=(1, 2))
    return float(np.average(scene.raster.z_mm[window.z], weights=areas))


def _ends_mm(scene: Scene, structures: Iterable[Structure]) -> tuple[float, float]:
    """Return where scan or drawing end: of the image, else of all that is drawn."""
    if scene.image_ends_mm is not None:
        return scene.image_ends_mm
    heights = [c.z_mm for s in structures for c in (s.contours[:1] + s.contours[-1:])]
    return min(heights), max(heights)


def _cut(structure: Structure, ends_mm: tuple[float, float]) -> tuple[bool, bool]:
    """Tell whether a structure reaches the lower, the upper end, but for a slice or two."""
    low, high = structure.contours[0].z_mm, structure.contours[-1].z_mm
    return low <= ends_mm[0] + END_MM, high >= ends_mm[1] - END_MM


def mask_of(doses: CaseDoses, scene: Scene, structure: Structure) -> BoolArray | None:
    """Return the cells inside a structure on the whole raster; None where it cannot be read."""
    if structure.problem is not None or not structure.contours:
        return None
    try:
        stack = doses.stack(structure, doses.convention.overlaps)
    except GeometryError:
        return None
    planes = np.unique([c.z_mm for c in structure.contours])
    own = float(np.median(np.diff(planes))) if planes.size > 1 else scene.raster.step_mm
    return filled(stack, scene.raster, max(own, scene.raster.step_mm * 0.7))


def _parts(doses: CaseDoses, structure: Structure) -> int | None:
    region = doses.region(structure)
    if isinstance(region, Reason):
        return None
    volumes = [part.volume_cc for solid in region.solids for part in parts_of(solid)]
    return sum(v >= PART_SHARE * sum(volumes) for v in volumes)


def _targets(doses: CaseDoses, scene: Scene, structures: Iterable[Structure]) -> BoolArray | None:
    """Return the cells of all targets; None where there is none."""
    whole: BoolArray | None = None
    for structure in structures:
        mask = mask_of(doses, scene, structure) if is_target(structure) else None
        if mask is not None:
            whole = mask if whole is None else whole | mask
    return whole


def _boxes_of(body: Structure | None) -> Callable[[float], BodyBox | None]:
    """Return what gives the box of the body at a height, of the contours next to it."""
    if body is None or not body.contours:
        return lambda _: None
    heights = np.array([c.z_mm for c in body.contours])
    lows = np.array([c.xy_mm.min(axis=0) for c in body.contours])
    highs = np.array([c.xy_mm.max(axis=0) for c in body.contours])

    def box(z_mm: float) -> BodyBox | None:
        nearest = np.abs(heights - z_mm)
        here = nearest <= nearest.min() + 0.5
        if nearest.min() > 60:
            return None
        low, high = lows[here].min(axis=0), highs[here].max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2
        return BodyBox(*middle.tolist(), *np.maximum(half, 1.0).tolist())

    return box


Cut = tuple[slice, slice, slice]


def common(one: OrganView, other: OrganView) -> tuple[Cut, Cut] | None:
    """Return what cuts the part that two windows share out of each; None where they share none."""
    mine, theirs = [], []
    for a, b in zip(one.window.cut, other.window.cut, strict=True):
        low, high = max(a.start, b.start), min(a.stop, b.stop)
        if low >= high:
            return None
        mine.append(slice(low - a.start, high - a.start))
        theirs.append(slice(low - b.start, high - b.start))
    return (mine[0], mine[1], mine[2]), (theirs[0], theirs[1], theirs[2])
