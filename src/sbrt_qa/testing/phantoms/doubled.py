"""Structures whose contours are there twice, in the forms that exports give a second copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure, StructureSet

SHIFT_MM: Final = 0.1
"""Farthest that a copy is moved on its plane."""

SHIFT_Z_MM: Final = 0.05
"""Farthest that a copy is moved along z."""

THINNABLE: Final = 40
"""Vertices from which every second one can be left out."""

Change = Callable[[Contour, np.random.Generator], Contour]


def _with(contour: Contour, xy_mm: FloatArray) -> Contour:
    return replace(contour, xy_mm=xy_mm)


def _moved(contour: Contour, rng: np.random.Generator) -> Contour:
    angle, way = rng.uniform(0, 2 * np.pi), rng.uniform(0, SHIFT_MM)
    return _with(contour, contour.xy_mm + way * np.array([np.cos(angle), np.sin(angle)]))


def _thinned(contour: Contour, rng: np.random.Generator) -> Contour:  # noqa: ARG001
    few = len(contour.xy_mm) < THINNABLE
    return contour if few else _with(contour, contour.xy_mm[::2])


def _densified(contour: Contour, rng: np.random.Generator) -> Contour:  # noqa: ARG001
    xy = contour.xy_mm
    between = (xy + np.roll(xy, -1, axis=0)) / 2
    return _with(contour, np.stack([xy, between], axis=1).reshape(-1, 2))


CHANGES: Final[dict[str, Change]] = {
    "reversed": lambda c, _: _with(c, c.xy_mm[::-1]),
    "rotated": lambda c, rng: _with(c, np.roll(c.xy_mm, int(rng.integers(len(c.xy_mm))), axis=0)),
    "closed": lambda c, _: _with(c, np.concatenate([c.xy_mm, c.xy_mm[:1]])),
    "rounded": lambda c, _: _with(c, np.round(c.xy_mm, 1)),
    "thinned": _thinned,
    "densified": _densified,
    "moved": _moved,
    "moved along z": lambda c, rng: replace(
        c, z_mm=c.z_mm + float(rng.uniform(-SHIFT_Z_MM, SHIFT_Z_MM))
    ),
}
"""What an export may do to a second copy, by name."""


def copy_of(contour: Contour, rng: np.random.Generator) -> Contour:
    """Return a second copy of a contour, changed by a random mixture of `CHANGES`."""
    for change in CHANGES.values():
        if rng.random() < 0.4:
            contour = change(contour, rng)
    return contour


def doubled(structure: Structure, rng: np.random.Generator) -> Structure:
    """Return a structure of which a random part of the contours is there two or three times."""
    share = rng.choice([0.1, 0.5, 1.0])
    contours = list(structure.contours)
    for contour in structure.contours:
        if rng.random() < share:
            contours += [copy_of(contour, rng) for _ in range(int(rng.integers(1, 3)))]
    order = rng.permutation(len(contours))
    return replace(structure, contours=tuple(contours[i] for i in order))


def doubled_case(case: Case, seed: int) -> Case:
    """Return a case of which a random part of the structures is doubled.

    Raises
    ------
    ValueError
        The case has no structures.
    """
    if not isinstance(case.structures, StructureSet):
        msg = "the case has no structures"
        raise ValueError(msg)  # noqa: TRY004 - a case without structures is a value, not a type
    rng = np.random.default_rng(seed)
    made = tuple(
        doubled(s, rng) if s.contours and rng.random() < 0.5 else s
        for s in case.structures.structures
    )
    return replace(case, structures=replace(case.structures, structures=made))
