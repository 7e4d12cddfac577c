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
    if share < LEAST_PERCENT or planes.size < 4:
        return None
    alike = _beyond(view, others, last, 1 if up else -1)
    where = say("upper end") if up else say("lower end")
    if alike is not None and alike >= alike_percent:
        text = say(
            "it seems to go on beyond its {0}, z = {1} mm: {2} % of the end section is the same "
            "tissue on the next slices",
            where, f"{z_mm:g}", f"{alike:.0f}",
        )  # fmt: skip
        return OpenEnd(text, z_mm)
    if share >= blunt_percent:
        text = say(
            "its {0}, z = {1} mm, is blunt: {2} % of its widest section",
            where, f"{z_mm:g}", f"{share:.0f}",
        )  # fmt: skip
        return OpenEnd(text, z_mm)
    return None


def _beyond(view: OrganView, others: BoolArray, last: int, step: int) -> float | None:
    """Return the share of the end section alike on both of the next two slices, in per cent."""
    if view.like is None:
        return None
    section = view.mask[last]
    inner = shrunk(section[None])[0]
    section = inner if np.count_nonzero(inner) >= 10 else section
    found = []
    for plane in (last + step, last + 2 * step):
        if not 0 <= plane < view.mask.shape[0]:
            return None
        free = section & ~others[plane]
        if np.count_nonzero(free) < BESIDE * np.count_nonzero(section):
            return None
        found.append(float(np.count_nonzero(view.like[plane] & free)) / np.count_nonzero(free))
    return 100 * min(found)
