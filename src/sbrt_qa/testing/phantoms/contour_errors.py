"""Errors of contouring, seeded into a structure set: one function for each kind, three sizes each.

A kind is given the structures of a patient, one of three sizes (0 the smallest) and a number that
varies the organ from patient to patient. It returns the structures it changes; all others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.grown import grown_structure

Organs: TypeAlias = Mapping[str, Structure]
Seed: TypeAlias = Callable[[Organs, int, int], dict[str, Structure]]

SIZES: Final = 3

MOVABLE: Final = ("Liver", "Stomach", "Duodenum", "Kidney_R", "Spleen", "Kidney_L")
"""Organs that are moved, scaled and grown, one after the other from patient to patient."""

ENDED: Final = ("Liver", "Kidney_R", "Spleen", "Stomach", "Kidney_L")
"""Organs that are cut."""


@dataclass(frozen=True, slots=True)
class ContourError:
    """A kind of error: its name, what it is, what its three sizes are, and how it is made."""

    name: str
    what: str
    sizes: tuple[str, str, str]
    seed: Seed


ERRORS: Final[dict[str, ContourError]] = {}
"""Kinds by name."""


def error(name: str, what: str, sizes: tuple[str, str, str]) -> Callable[[Seed], Seed]:
    """Register the decorated function as a kind of error."""

    def register(seed: Seed) -> Seed:
        ERRORS[name] = ContourError(name, what, sizes, seed)
        return seed

    return register


def seeded(
    structures: StructureSet, kind: ContourError, size: int, number: int
) -> tuple[StructureSet, tuple[str, ...]]:
    """Return a structure set with one error in it, and the names of the organs it is in."""
    by_name = {s.name: s for s in structures.structures}
    changed = kind.seed(by_name, size, number)
    kept = tuple(changed.get(s.name, s) for s in structures.structures)
    return replace(structures, structures=kept), tuple(changed)


def _mapped(structure: Structure, change: Callable[[Contour], Contour]) -> Structure:
    return replace(structure, contours=tuple(change(c) for c in structure.contours))


def _moved(structure: Structure, by_mm: tuple[float, float, float]) -> Structure:
    x, y, z = by_mm
    return _mapped(structure, lambda c: Contour(c.z_mm + z, c.xy_mm + np.array([x, y])))


def _middle(structure: Structure) -> np.ndarray:
    low = np.min([c.xy_mm.min(axis=0) for c in structure.contours], axis=0)
    high = np.max([c.xy_mm.max(axis=0) for c in structure.contours], axis=0)
    return np.asarray((low + high) / 2)


def _step_mm(structure: Structure) -> float:
    heights = np.unique([c.z_mm for c in structure.contours])
    return float(np.median(np.diff(heights)))


def _scaled(structure: Structure, factor: float) -> Structure:
    middle = _middle(structure)
    return _mapped(
        structure, lambda c: Contour(c.z_mm, np.round(middle + factor * (c.xy_mm - middle), 2))
    )


def _as(structure: Structure, other: Structure) -> Structure:
    """Return a structure with the contours of another."""
    return replace(structure, contours=other.contours)


def _one(names: tuple[str, ...], number: int) -> str:
    return names[number % len(names)]


@error(
    "swapped", "names of two organs exchanged", ("kidneys", "stomach, spleen", "duodenum, bowel")
)
def _swapped(organs: Organs, size: int, number: int) -> dict[str, Structure]:  # noqa: ARG001
    pairs = (("Kidney_L", "Kidney_R"), ("Stomach", "Spleen"), ("Duodenum", "Bowel_Small"))
    a, b = pairs[size]
    return {a: _as(organs[a], organs[b]), b: _as(organs[b], organs[a])}


@error(
    "swapped, other", "the same of others", ("heart, stomach", "liver, spleen", "oesophagus, cord")
)
def _swapped_others(organs: Organs, size: int, number: int) -> dict[str, Structure]:  # noqa: ARG001
    pairs = (("Heart", "Stomach"), ("Liver", "Spleen"), ("Esophagus", "SpinalCord"))
    a, b = pairs[size]
    return {a: _as(organs[a], organs[b]), b: _as(organs[b], organs[a])}


@error("sideways", "moved to the left or right", ("8 mm", "15 mm", "25 mm"))
def _sideways(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name, sign = _one(MOVABLE, number), (-1) ** number
    return {name: _moved(organs[name], (sign * (8.0, 15.0, 25.0)[size], 0.0, 0.0))}


@error("front or back", "moved to the front or back", ("8 mm", "15 mm", "25 mm"))
def _front(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name, sign = _one(MOVABLE, number + 1), (-1) ** number
    return {name: _moved(organs[name], (0.0, sign * (8.0, 15.0, 25.0)[size], 0.0))}


@error("wrong level", "moved along z", ("10 mm", "20 mm", "40 mm"))
def _level(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name, sign = _one(MOVABLE, number + 2), (-1) ** number
    step = _step_mm(organs[name])
    by = step * round((10.0, 20.0, 40.0)[size] / step)
    return {name: _moved(organs[name], (0.0, 0.0, sign * by))}


@error("too wide", "scaled up in the plane", ("1.1", "1.2", "1.4"))
def _wide(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(MOVABLE, number)
    return {name: _scaled(organs[name], (1.1, 1.2, 1.4)[size])}


@error("too tight", "scaled down in the plane", ("0.9", "0.8", "0.65"))
def _tight(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(MOVABLE, number + 1)
    return {name: _scaled(organs[name], (0.9, 0.8, 0.65)[size])}


@error("planning volume", "drawn with a margin", ("4 mm", "6 mm", "10 mm"))
def _margin(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(MOVABLE, number + 2)
    grown = grown_structure(organs[name], (4.0, 6.0, 10.0)[size])
    if isinstance(grown, Reason):
        raise GeometryError("the organ cannot be grown")
    return {name: _as(organs[name], grown)}


def _cut(structure: Structure, share: float, *, below: bool) -> Structure:
    low, high = structure.contours[0].z_mm, structure.contours[-1].z_mm
    at = low + share * (high - low) if below else high - share * (high - low)
    kept = [c for c in structure.contours if (c.z_mm >= at if below else c.z_mm <= at)]
    return replace(structure, contours=tuple(kept))


@error("cut below", "lower part not drawn", ("20 %", "35 %", "60 %"))
def _cut_below(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(ENDED, number)
    return {name: _cut(organs[name], (0.2, 0.35, 0.6)[size], below=True)}


@error("cut above", "upper part not drawn", ("20 %", "35 %", "60 %"))
def _cut_above(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(ENDED, number + 1)
    return {name: _cut(organs[name], (0.2, 0.35, 0.6)[size], below=False)}


@error(
    "cut, other", "a part not drawn of others", ("duodenum above", "duodenum below", "heart below")
)
def _cut_others(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name, below = (("Duodenum", False), ("Duodenum", True), ("Heart", True))[size]
    return {name: _cut(organs[name], (0.25, 0.4)[number % 2], below=below)}


@error("half drawn", "a side of it not drawn", ("25 %", "40 %", "60 %"))
def _half(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = _one(ENDED, number + 2)
    structure = organs[name]
    low = min(c.xy_mm[:, 0].min() for c in structure.contours)
    high = max(c.xy_mm[:, 0].max() for c in structure.contours)
    at = low + (0.25, 0.4, 0.6)[size] * (high - low)
    kept = []
    for c in structure.contours:
        xy = np.column_stack([np.maximum(c.xy_mm[:, 0], at), c.xy_mm[:, 1]])
        if xy[:, 0].max() > at + 2:
            kept.append(Contour(c.z_mm, xy))
    return {name: replace(structure, contours=tuple(kept))}


@error("wrong side", "mirrored at the middle", ("kidney", "spleen", "stomach"))
def _mirrored(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name = (("Kidney_R", "Kidney_L")[number % 2], "Spleen", "Stomach")[size]
    middle = _middle(organs["External"])[0]
    return {
        name: _mapped(
            organs[name],
            lambda c: Contour(
                c.z_mm, np.column_stack([2 * middle - c.xy_mm[:, 0], c.xy_mm[:, 1]])[::-1]
            ),
        )
    }


@error("copy", "contours of another organ", ("kidney", "duodenum of stomach", "stomach of liver"))
def _copied(organs: Organs, size: int, number: int) -> dict[str, Structure]:  # noqa: ARG001
    name, other = (("Kidney_R", "Kidney_L"), ("Duodenum", "Stomach"), ("Stomach", "Liver"))[size]
    return {name: _as(organs[name], organs[other])}


@error(
    "joined",
    "another organ drawn with it",
    ("duodenum, kidney", "stomach, spleen", "liver, kidney"),
)
def _joined(organs: Organs, size: int, number: int) -> dict[str, Structure]:  # noqa: ARG001
    name, other = (("Duodenum", "Kidney_R"), ("Stomach", "Spleen"), ("Liver", "Kidney_R"))[size]
    contours = (*organs[name].contours, *organs[other].contours)
    return {name: replace(organs[name], contours=contours)}


@error("box", "boxes around it instead", ("tight", "3 mm", "8 mm"))
def _boxed(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    name, margin = _one(MOVABLE, number + 3), (0.0, 3.0, 8.0)[size]
    return {name: _mapped(organs[name], lambda c: Contour(c.z_mm, _box(c.xy_mm, margin)))}


def _box(xy_mm: np.ndarray, margin_mm: float) -> np.ndarray:
    """Return a box with points along its sides, as a tool for rectangles draws it."""
    (x0, y0), (x1, y1) = xy_mm.min(axis=0) - margin_mm, xy_mm.max(axis=0) + margin_mm
    t = np.linspace(0, 1, 5)[:-1]
    sides = [(x0, y0, x1, y0), (x1, y0, x1, y1), (x1, y1, x0, y1), (x0, y1, x0, y0)]
    parts = [np.column_stack([a + t * (c - a), b + t * (d - b)]) for a, b, c, d in sides]
    return np.concatenate(parts)


@error("cord aside", "spinal cord beside the canal", ("10 mm", "18 mm", "30 mm"))
def _cord(organs: Organs, size: int, number: int) -> dict[str, Structure]:
    by = (10.0, 18.0, 30.0)[size]
    shift = ((by, 0.0, 0.0), (0.0, -by, 0.0), (-by, 0.0, 0.0), (0.0, -by, 0.0))[number % 4]
    return {"SpinalCord": _moved(organs["SpinalCord"], shift)}
