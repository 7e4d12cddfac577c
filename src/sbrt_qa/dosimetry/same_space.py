"""Whether two regions of the same structures are one: most readings change few structures."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry.regions import Region
from sbrt_qa.geometry.solids import Solid


def same_space(a: Region, b: Region) -> bool:
    """Tell whether two regions of the same structures fill the same space."""
    if len(a.solids) != len(b.solids):
        return False
    return all(_same(s, t) for s, t in zip(a.solids, b.solids, strict=True))


def _same(a: Solid, b: Solid) -> bool:
    """Tell whether two solids of one structure fill the same space."""
    if a is b:
        return True
    if a.stack is not b.stack and not np.array_equal(a.stack.xy_mm, b.stack.xy_mm):
        return False
    pairs = ((a.low_mm, b.low_mm), (a.high_mm, b.high_mm), (a.law, b.law))
    return all(np.array_equal(x, y) for x, y in pairs)
