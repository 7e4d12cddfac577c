"""What the scripts of the page need: curves, contours, dose and image, as one JSON text."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import CtStack, DrawnCurve, Evidence, Reviewed
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.compose.concerns import DEVIATES, prescription_gy
from sbrt_qa.reports.compose.limit_points import markers
from sbrt_qa.reports.figures.palette import ISODOSES, colours, dashes
from sbrt_qa.reports.html.viewer_contours import UNIT_MM, contour_block
from sbrt_qa.reports.html.viewer_dose import dose_block
from sbrt_qa.reports.html.viewer_image import KNOTS_GREY, KNOTS_HU, image_block

DOSE_SHARE: Final = 0.55
"""Part of the room that the dose may take; the image gets what the dose leaves."""

MOST_DOSE: Final = 430_000
MOST_IMAGE: Final = 420_000
"""Bytes; more would not be seen."""


@dataclass(frozen=True, slots=True)
class Payload:
    """JSON that is safe within a script element, and what can be said of its precision."""

    text: str
    step_gy: float = 0.0
    whole: bool = True


def payload(reviewed: Reviewed, labels: Mapping[str, str], room: int) -> Payload:
    """Return the data of one case.

    Parameters
    ----------
    labels
        Words that the scripts write.
    room
        Characters that it may take.
    """
    evidence = reviewed.evidence
    if evidence is None:
        return Payload(_safe({"labels": dict(labels)}))
    contours = contour_block(evidence.structures)
    data: dict[str, Any] = {
        "labels": dict(labels),
        "prescription": prescription_gy(reviewed.review),
        "curves": _curves(evidence),
        "markers": list(_markers(reviewed, evidence)),
        "structures": _structures(reviewed, evidence, contours.planes),
        "contours": {"unit": UNIT_MM, "data": _text(contours.data)},
        "places": list(_places(reviewed, evidence)),
        "levels": list(_levels(reviewed, evidence)),
    }
    left = (room - len(_safe(data))) * 3 // 4
    step, whole = 0.0, True
    if evidence.dose is not None and 1 not in evidence.dose.dose_gy.shape:
        block = dose_block(evidence.dose, min(int(left * DOSE_SHARE), MOST_DOSE))
        step, whole = block.step_gy, block.x_mm.size == evidence.dose.x_mm.size
        left -= len(block.data)
        data["dose"] = {
            **_axes(block.x_mm, block.y_mm, block.z_mm),
            "step": block.step_gy, "axes": block.axes, "data": _text(block.data),
        }  # fmt: skip
    if evidence.image is not None:
        data["image"] = _image(evidence, evidence.image, min(left - 3000, MOST_IMAGE))
    return Payload(_safe(data), step, whole)


def _safe(data: dict[str, Any]) -> str:
    """Return JSON in which nothing can end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _axes(x: Any, y: Any, z: Any) -> dict[str, Any]:  # noqa: ANN401 - three arrays of mm
    step_x, step_y = ((a[-1] - a[0]) / (a.size - 1) if a.size > 1 else 1.0 for a in (x, y))
    return {
        "x": [float(x[0]), float(step_x), int(x.size)],
        "y": [float(y[0]), float(step_y), int(y.size)],
        "z": [round(float(v), 3) for v in z],
    }


def _curves(evidence: Evidence) -> dict[str, Any]:
    curves = list(evidence.curves.values())
    values = np.array([c.at_dose_cc for c in curves], dtype="<f4")
    known, dash = colours(evidence.structures), dashes(evidence.curves)
    axis = evidence.dose_axis_gy
    return {
        "step": float(axis[1] - axis[0]) if axis.size > 1 else 1.0,
        "count": int(axis.size),
        "items": [
            {
                "key": c.key, "name": visible(c.key), "rois": c.roi_numbers,
                "colour": known.get(c.key) or known.get(_first(evidence, c.roi_numbers), "#888888"),
                "dash": [int(v) for v in dash[c.key].split()],
                "volume": c.volume_cc, **_extremes(c),
                "target": is_target_name(c.key),
            }
            for c in curves
        ],
        "data": _text(zlib.compress(values.tobytes(), 6)),
    }  # fmt: skip


def _extremes(curve: DrawnCurve) -> dict[str, float | None]:
    """Return lowest, mean and highest dose; None each where too much has no dose."""
    low, mean, high = (
        v if curve.is_whole else None for v in (curve.min_gy, curve.mean_gy, curve.max_gy)
    )
    return {"min": low, "mean": mean, "max": high}


def _first(evidence: Evidence, roi_numbers: tuple[int, ...]) -> str:
    found = (key for key, s in evidence.structures.items() if s.roi_number in roi_numbers)
    return next(found, "")


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
    known = colours(evidence.structures)
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


def _image(evidence: Evidence, image: CtStack, most_bytes: int) -> dict[str, Any]:
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
    block = image_block(image, (low, high), max(most_bytes, 60_000))
    return {
        **_axes(block.x_mm, block.y_mm, block.z_mm),
        "columns": block.columns, "hu": KNOTS_HU, "grey": KNOTS_GREY, "data": _text(block.data),
    }  # fmt: skip
