"""Whether a target near the liver is drawn in air or lung."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.organs_seen import mask_of
from sbrt_qa.checks.registry import CheckContext, Found
from sbrt_qa.i18n.phrase import say

AIR_HU: Final = -300
"""Below it is lung or gas."""

MOST_PERCENT: Final = {"GTV": 50.0, "CTV": 50.0, "PTV": 80.0}
"""Share of a target that may be; a margin around a lesion at the dome reaches far into the lung."""

FEWEST_CELLS: Final = 10

LIVER: Final = "Liver"
"""Where it is not drawn, nothing is said: targets in the lung hold lung."""


def targets_in_air(context: CheckContext) -> Iterator[Found]:
    """Yield targets most of which is lung or gas on the image."""
    scene = context.organs.scene
    if scene is None or scene.hu is None or LIVER not in context.organs.organs:
        return
    for kind, most in MOST_PERCENT.items():
        for target in context.all_of(kind):
            mask = mask_of(context.doses, scene, target)
            if mask is None or np.count_nonzero(mask) < FEWEST_CELLS:
                continue
            percent = 100 * float((scene.hu[mask] < AIR_HU).mean())
            if percent <= most:
                continue
            count = np.count_nonzero(mask & (scene.hu < AIR_HU), axis=(1, 2))
            z_mm = float(scene.raster.z_mm[int(count.argmax())])
            found = say("{0} % of it is lung or gas", f"{percent:.0f}")
            text = say("{0}; most of it at z = {1} mm", found, f"{z_mm:g}")
            advice = say("Check that the target was drawn on this image, and its place.")
            expected = say("at most {0} %", f"{most:g}")
            yield Found(context.key_of(target), text, advice, found, expected, z_mm=z_mm)
