"""What the scripts of the page need: curves, contours, dose and image, as one JSON text."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import CtStack, DrawnCurve, Evidence, Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.compose.concerns import DEVIATES, prescription_gy
from sbrt_qa.reports.compose.limit_points import markers
from sbrt_qa.reports.figures.palette import ISODOSES, colour_of, colours, dashes
from sbrt_qa.reports.html.viewer_contours import contour_block
from sbrt_qa.reports.html.viewer_dose import DoseBlock, dose_block
from sbrt_qa.reports.html.viewer_image import KNOTS_GREY, KNOTS_HU, image_block
from sbrt_qa.reports.html.viewer_words import labels

DOSE_SHARE: Final = 0.55
"""Part of the room that the dose may take; the image gets what the dose leaves."""

MOST_DOSE: Final = 430_000
MOST_IMAGE: Final = 420_000
"""Bytes; more would not be seen."""


LEAST_DOSE: Final = 150_000
LEAST_IMAGE: Final = 90_000
"""Bytes that dose and image may take however little room contours leave."""


@dataclass(frozen=True, slots=True)
class Payload:
    """JSON that is safe within a script element, and what can be said of its precision.

    Parameters
    ----------
    step_gy
        Step of the dose; 0 where there is none.
    whole
        Whether dose is given wherever the file has it.
    contour_mm
        Step of the contours' coordinates.
    pixel_mm, file_pixel_mm
        Pixels of the image here and in its files; 0 without one.
    """

    text: str
    step_gy: float = 0.0
    whole: bool = True
    contour_mm: float = 0.0
    pixel_mm: float = 0.0
    file_pixel_mm: float = 0.0


def payload(reviewed: Reviewed, words: Words, room: int, beside: Reviewed | None = None) -> Payload:
    """Return the data of one case.

    Parameters
    ----------
    words
        In which the scripts write.
    room
        Characters that it may take; with very many contours it takes more.
    beside
        Another plan of the same patient, in the same frame of reference, to hold against it; it
        takes room of its own.
    """
    evidence = reviewed.evidence
    if evidence is None:
        return Payload(safe_json({"labels": labels(words)}))
    contours = contour_block(evidence.structures)
    data: dict[str, Any] = {
        "labels": labels(words),
        **scene(reviewed, evidence, contours.planes),
        "curves": {**curves(evidence), "data": as_text(curve_data(evidence))},
        "contours": {**contours.told(), "data": as_text(contours.data)},
    }
    if beside is not None and beside.evidence is not None:
        data["second"] = second_told(beside, beside.evidence)
    left = (room - len(safe_json(data))) * 3 // 4
    found = Payload("", contour_mm=contours.unit_mm)
    if evidence.dose is not None and 1 not in evidence.dose.dose_gy.shape:
        room_of_dose = min(max(int(left * DOSE_SHARE), LEAST_DOSE), MOST_DOSE)
        block = dose_block(evidence.dose, room_of_dose)
        found = replace(
            found, step_gy=block.step_gy, whole=block.x_mm.size == evidence.dose.x_mm.size
        )
        left -= len(block.data)
        data["dose"] = {**dose_told(block), "data": as_text(block.data)}
    if evidence.image is not None:
        data["image"] = image_told(evidence, evidence.image, min(left - 3000, MOST_IMAGE), words)
        here, file = data["image"]["x"][1], _step(evidence.image.x_mm)
        found = replace(found, pixel_mm=here, file_pixel_mm=file)
    return replace(found, text=safe_json(data))


def second_told(reviewed: Reviewed, evidence: Evidence) -> dict[str, Any]:
    """Return another plan to hold beside the first: its name, dose and structures."""
    contours = contour_block(evidence.structures)
    told: dict[str, Any] = {
        "name": visible(reviewed.review.case),
        "structures": _structures(reviewed, evidence, contours.planes),
        "contours": {**contours.told(), "data": as_text(contours.data)},
    }
    if evidence.dose is not None and 1 not in evidence.dose.dose_gy.shape:
        block = dose_block(evidence.dose, MOST_DOSE)
        told["dose"] = {**dose_told(block), "data": as_text(block.data)}
    return told


IMAGE_NOTE: Final = msg("image reduced to {mm} mm pixels, HU approximate")
PACKED_NOTE: Final = msg("image packed with loss, HU approximate")
"""What stands on a picture that is not as fine as its files."""


def scene(
    reviewed: Reviewed, evidence: Evidence, planes: Mapping[str, list[list[float]]]
) -> dict[str, Any]:
    """Return what is to be shown of a case, all but arrays.

    Parameters
    ----------
    planes
        See `ContourBlock.planes`.
    """
    return {
        "name": visible(reviewed.review.case),
        "prescription": prescription_gy(reviewed.review),
        "markers": list(_markers(reviewed, evidence)),
        "structures": _structures(reviewed, evidence, planes),
        "places": list(_places(reviewed, evidence)),
        "levels": list(_levels(reviewed, evidence)),
    }


def dose_told(block: DoseBlock) -> dict[str, Any]:
    """Return what the browser has to know to unpack a dose."""
    return {
        **axes_told(block.x_mm, block.y_mm, block.z_mm), "step": block.step_gy, "axes": block.axes,
    }  # fmt: skip


def curve_data(evidence: Evidence) -> bytes:
    """Return zlib data of the volumes in cc of all curves in order, as 32-bit floats."""
    values = np.array([c.at_dose_cc for c in evidence.curves.values()], dtype="<f4")
    return zlib.compress(values.tobytes(), 6)


def safe_json(data: dict[str, Any]) -> str:
    """Return JSON in which nothing can end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def as_text(data: bytes) -> str:
    """Return bytes in base64."""
    return base64.b64encode(data).decode()


def axes_told(x: FloatArray, y: FloatArray, z: FloatArray) -> dict[str, Any]:
    """Return three axes: first, step and number of x and of y, every z, in mm."""
    return {
        "x": [float(x[0]), _step(x), int(x.size)],
        "y": [float(y[0]), _step(y), int(y.size)],
        "z": [round(float(v), 3) for v in z],
    }


def _step(axis_mm: FloatArray) -> float:
    return float((axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)) if axis_mm.size > 1 else 1.0


def curves(evidence: Evidence) -> dict[str, Any]:
    """Return the histograms of a case, all but their volumes."""
    known, dash = (
        colours(evidence.structures, of_plan=evidence.plan_colours),
        dashes(evidence.curves),
    )
    axis = evidence.dose_axis_gy
    return {
        "step": float(axis[1] - axis[0]) if axis.size > 1 else 1.0,
        "count": int(axis.size),
        "items": [
            {
                "key": c.key, "name": visible(c.key), "rois": c.roi_numbers,
                "colour": colour_of(c.key, known),
                "dash": [int(v) for v in dash[c.key].split()],
                "volume": c.volume_cc, **_extremes(c),
                "target": is_target_name(c.key),
            }
            for c in evidence.curves.values()
        ],
    }  # fmt: skip


def _extremes(curve: DrawnCurve) -> dict[str, float | None]:
    """Return lowest, mean and highest dose; None each where too much has no dose."""
    low, mean, high = (
        v if curve.is_whole else None for v in (curve.min_gy, curve.mean_gy, curve.max_gy)
    )
    return {"min": low, "mean": mean, "max": high}


def _markers(reviewed: Reviewed, evidence: Evidence) -> Iterator[dict[str, Any]]:
    rx_gy = prescription_gy(reviewed.review)
    for c in reviewed.review.constraints:
        if c.key not in evidence.curve_of:
            continue
        key = evidence.curve_of[c.key]
        limits, reached = markers(c, evidence.curves[key], rx_gy)
        bad = c.verdict in DEVIATES
        for kind, points in (("limit", limits), ("reached", reached)):
            for p in points:
                yield {
                    "curve": key, "kind": kind, "dose": p.dose_gy, "volume": p.volume_cc,
                    "text": p.text, "limit": p.limit, "bad": bad,
                    "major": c.verdict is Verdict.MAJOR,
                }  # fmt: skip


def _structures(
    reviewed: Reviewed, evidence: Evidence, planes: Mapping[str, list[list[float]]]
) -> list[dict[str, Any]]:
    known = colours(evidence.structures, of_plan=evidence.plan_colours)
    wrong = {
        n
        for c in reviewed.review.constraints
        if c.verdict in DEVIATES and c.counts and c.match
        for n in c.match.roi_numbers
    }
    return [
        {
            "key": key, "name": visible(key), "colour": known[key], "planes": planes[key],
            "usual": not wrong or s.roi_number in wrong or is_target_name(key),
        }
        for key, s in evidence.structures.items()
    ]  # fmt: skip


def _places(reviewed: Reviewed, evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Yield the hottest point of all, then where each limit fails, in the review's order."""
    if evidence.hottest is not None:
        point, dose_gy = evidence.hottest
        yield {"id": "", "name": "", "point": point, "dose": dose_gy, "level": None}
    for c in reviewed.review.constraints:
        place = evidence.places.get(c.key)
        if place is not None:
            name = f"{visible(c.structure)} {visible(c.metric)}"
            yield {
                "id": visible(c.key), "name": name, "point": place.point_mm,
                "dose": place.dose_gy, "level": place.level_gy or None,
            }  # fmt: skip


def _levels(reviewed: Reviewed, evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Yield isodoses in Gy: parts of the prescription, else of the maximum."""
    rx_gy = prescription_gy(reviewed.review)
    whole = rx_gy or (evidence.dose.max_gy / 1.07 if evidence.dose else 0.0)
    for percent, colour in ISODOSES:
        if whole:
            yield {"gy": percent / 100 * whole, "percent": percent, "colour": colour}


def image_told(evidence: Evidence, image: CtStack, most_bytes: int, words: Words) -> dict[str, Any]:
    """Return the image as far as the dose reaches, with what is to be said of its pixels."""
    low = np.array([image.x_mm[0], image.y_mm[0], image.z_mm[0]])
    high = np.array([image.x_mm[-1], image.y_mm[-1], image.z_mm[-1]])
    if evidence.dose is not None:
        dose = evidence.dose
        axes = (dose.x_mm, dose.y_mm, dose.z_mm)
        wide = np.array([10.0, 10.0, 0.0])
        inner_low = np.maximum(low, np.array([a[0] for a in axes]) - wide)
        inner_high = np.minimum(high, np.array([a[-1] for a in axes]) + wide)
        if (inner_low < inner_high).all():
            low, high = inner_low, inner_high
    block = image_block(image, (low, high), max(most_bytes, LEAST_IMAGE))
    pixel_mm = _step(block.x_mm)
    note = IMAGE_NOTE if pixel_mm > 1.01 * _step(image.x_mm) else PACKED_NOTE
    return {
        **axes_told(block.x_mm, block.y_mm, block.z_mm),
        "columns": block.columns, "hu": KNOTS_HU, "grey": KNOTS_GREY, "data": as_text(block.data),
        "note": words(note, mm=f"{pixel_mm:.2g}"),
    }  # fmt: skip
