"""Control points of a beam: meterset weights, angles, and the openings of jaws and leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from sbrt_qa.dicom.text.decimal_text import BadDecimal, parse_decimals
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.opening import LeafBank, Opening, opening_of
from sbrt_qa.model.plan import ControlPoint

_X_JAWS: Final = ("X", "ASYMX")
_Y_JAWS: Final = ("Y", "ASYMY")
_EVERYWHERE: Final = (-math.inf, math.inf)

Positions = Mapping[str, FloatArray]
"""Positions of each device in force, by its type."""


def read_control_points(beam: Item, points: Sequence[Item]) -> tuple[ControlPoint, ...]:
    """Read the control points of a beam; what one does not restate is as in the one before."""
    boundaries = _boundaries(beam)
    read: list[ControlPoint] = []
    openings = _openings(points, boundaries)
    for point, opening in zip(points, openings, strict=True):
        read.append(
            ControlPoint(
                weight=point.number("CumulativeMetersetWeight"),
                gantry_deg=point.number("GantryAngle"),
                rotation=point.code("GantryRotationDirection"),
                opening=opening,
            )
        )
    return tuple(read)


def _boundaries(beam: Item) -> Mapping[str, FloatArray]:
    """Return the leaf boundaries of each device, by its type."""
    devices = [*beam.items("BeamLimitingDeviceSequence"), *beam.items(_ION_DEVICES)]
    found = {d.code("RTBeamLimitingDeviceType"): d.raw("LeafPositionBoundaries") for d in devices}
    values = parse_decimals(list(found.values()))
    return {
        kind: value
        for kind, value in zip(found, values, strict=True)
        if not isinstance(value, BadDecimal) and value.size > 1 and (np.diff(value) > 0).all()
    }


_ION_DEVICES: Final = "IonBeamLimitingDeviceSequence"


def _openings(points: Sequence[Item], boundaries: Mapping[str, FloatArray]) -> list[Opening | None]:
    """Return the opening of each control point, None where the file does not describe it."""
    stated = [(i, *one) for i, point in enumerate(points) for one in _positions(point)]
    values = parse_decimals([raw for _, _, raw in stated])
    by_point: dict[int, dict[str, FloatArray]] = {}
    for (i, kind, _), value in zip(stated, values, strict=True):
        if not isinstance(value, BadDecimal):
            by_point.setdefault(i, {})[kind] = value
    in_force: dict[str, FloatArray] = {}
    openings: list[Opening | None] = []
    for i in range(len(points)):
        if i in by_point:
            in_force.update(by_point[i])
            openings.append(_opening(in_force, boundaries))
        else:
            openings.append(openings[-1] if openings else None)
    return openings


def _positions(point: Item) -> list[tuple[str, bytes]]:
    return [
        (device.code("RTBeamLimitingDeviceType"), device.raw("LeafJawPositions"))
        for device in point.items("BeamLimitingDevicePositionSequence")
    ]


def _opening(positions: Positions, boundaries: Mapping[str, FloatArray]) -> Opening | None:
    """Combine the devices in force; leaves that move along y are seen with x and y exchanged."""
    along_x = [k for k in positions if k.startswith("MLCX")]
    along_y = [k for k in positions if k.startswith("MLCY")]
    if (along_x and along_y) or not positions:
        return None
    jaws = [_jaw(positions, kinds) for kinds in (_X_JAWS, _Y_JAWS)]
    banks = [_bank(positions[k], boundaries.get(k)) for k in along_x or along_y]
    known = [b for b in banks if b is not None]
    if len(known) < len(banks) or (not banks and _EVERYWHERE in jaws):
        return None
    if along_y:
        found = opening_of(jaws[1], jaws[0], known)
        return Opening(found.area_mm2, found.y_mm, found.x_mm)
    return opening_of(jaws[0], jaws[1], known)


def _jaw(positions: Positions, kinds: Sequence[str]) -> tuple[float, float]:
    found = [positions[k] for k in kinds if k in positions and positions[k].size == 2]
    if not found:
        return _EVERYWHERE
    return max(float(v[0]) for v in found), min(float(v[1]) for v in found)


def _bank(leaves: FloatArray, boundaries: FloatArray | None) -> LeafBank | None:
    if boundaries is None or leaves.size != 2 * (boundaries.size - 1):
        return None
    return LeafBank(boundaries, *np.split(leaves, 2))
