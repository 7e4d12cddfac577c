"""Whether an organ goes on beyond its first or its last contour."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.shells import shrunk
from sbrt_qa.geometry.rasters import BoolArray
from sbrt_qa.i18n.phrase import say

LEAST_PERCENT: Final = 10.0
"""End section, in per cent of the widest, below which an organ has tapered to its end."""

FEWEST_PLANES: Final = 4
"""Contours of an organ below which nothing is said of its ends."""

BEYOND: Final = 2
"""Slices beyond an end that are looked at."""

BESIDE: Final = 0.5
"""Part of the end section that other organs may hold on the next slice."""


class OpenEnd(NamedTuple):
    """An end beyond which an organ seems to go on: what says so, and the height of the end."""

    text: str
    z_mm: float


def open_end(
    view: OrganView, others: BoolArray, up: int, alike_percent: float, blunt_percent: float
) -> OpenEnd | None:
    """Look at the lower (0) or the upper (1) end of an organ; None where it looks like an end.

    Parameters
    ----------
    others
        Cells of other organs and of targets within the window.
    alike_percent, blunt_percent
        See the check.
    """
    if view.cut[up]:
        return None
    planes = np.flatnonzero(view.areas)
    last = int(planes[-1] if up else planes[0])
    share = 100 * float(view.areas[last] / view.areas.max())
    z_mm = float(view.z_mm[last])
    if share < LEAST_PERCENT or planes.size < FEWEST_PLANES:
        return None
    beyond = _beyond(view, others, last, 1 if up else -1)
    if len(beyond) == BEYOND and min(beyond) >= alike_percent:
        return _goes_on(up, z_mm, min(beyond))
    if share >= blunt_percent:
        text = say(
            "its {0}, z = {1} mm, is blunt: {2} % of its widest section",
            end_name(up), f"{z_mm:g}", f"{share:.0f}",
        )  # fmt: skip
        return OpenEnd(text, z_mm)
    return None


def ends_by_image(view: OrganView, others: BoolArray, alike_percent: float) -> list[OpenEnd | None]:
    """Look at ends that may be blunt by nature: only the same tissue beyond them says anything.

    Such organs are small or bend, so that little of an end section may be left on the second slice:
    the mean counts, not the smaller, or the first slice alone where an organ lies on the second.

    Parameters
    ----------
    others
        As of :func:`open_end`.
    alike_percent
        Share of the end section beyond which the same tissue goes on, mean of two slices.
    """
    planes = np.flatnonzero(view.areas)
    ends: list[OpenEnd | None] = []
    for up in (int(end == "upper") for end in view.organ.ends_by_image):
        last = int(planes[-1] if up else planes[0])
        share = 100 * float(view.areas[last] / view.areas.max())
        found = _beyond(view, others, last, 1 if up else -1)
        if view.cut[up] or share < LEAST_PERCENT or planes.size < FEWEST_PLANES or not found:
            continue
        alike = sum(found) / len(found)
        ends.append(_goes_on(up, float(view.z_mm[last]), alike) if alike >= alike_percent else None)
    return ends


def end_name(up: int) -> str:
    """Return what an end is called: upper (1) or lower (0)."""
    return say("upper end") if up else say("lower end")


def _goes_on(up: int, z_mm: float, alike: float) -> OpenEnd:
    text = say(
        "it seems to go on beyond its {0}, z = {1} mm: {2} % of the end section is the same "
        "tissue on the next slices",
        end_name(up), f"{z_mm:g}", f"{alike:.0f}",
    )  # fmt: skip
    return OpenEnd(text, z_mm)


def _beyond(view: OrganView, others: BoolArray, last: int, step: int) -> list[float]:
    """Return the shares of the end section alike on the next two slices, in per cent.

    Fewer where the scan ends or other organs hold more than half of it; none without an image.
    """
    if view.like is None:
        return []
    section = view.mask[last]
    inner = shrunk(section[None])[0]
    section = inner if np.count_nonzero(inner) >= 10 else section
    found: list[float] = []
    for plane in range(last + step, last + (BEYOND + 1) * step, step):
        if not 0 <= plane < view.mask.shape[0]:
            break
        free = section & ~others[plane]
        if np.count_nonzero(free) < BESIDE * np.count_nonzero(section):
            break
        found.append(
            100 * float(np.count_nonzero(view.like[plane] & free)) / np.count_nonzero(free)
        )
    return found
