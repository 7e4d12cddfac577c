"""Planted careless plans among 60 drawn ones: which are named, and the error of the bound.

    scripts/bench reachable [PLANS [SEED]]

Balls as targets, a box as organ at 0 to 20 mm, doses that fall by the distance from the target:
within 14 mm to 1/e, 35 mm of the careless. Geometry and doses go through the package's own
contours, histograms and overlap-volume histograms.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np

from sbrt_qa.audit.reachable import BETTER, TOO_FEW, OrganReached, judged
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.review.case_review import StructureSummary
from sbrt_qa.review.overlap import histogram_in, overlaps_of

METRICS = ("Mean[Gy]", "D0.1cc[Gy]", "V15Gy[%]")
EVERY = 10
"""One plan in so many is careless."""


def drawn(radius_mm: float, away_mm: float) -> StructureSet:
    """Return a ball and, so far beside it, a box of 40 mm."""
    turn = np.linspace(0, 2 * np.pi, 73)[:-1]
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    heights = np.arange(-radius_mm + 1, radius_mm, 2.0)
    ball = tuple(Contour(float(z), circle * np.sqrt(radius_mm**2 - z**2)) for z in heights)
    low = radius_mm + away_mm
    loop = np.array([[low, -20.0], [low + 40, -20.0], [low + 40, 20.0], [low, 20.0]])
    box = tuple(Contour(float(z), loop) for z in np.arange(-19.0, 20.0, 2.0))
    return StructureSet((Structure(1, "PTV", ball, "PTV"), Structure(2, "Duodenum", box, "ORGAN")))


def plans(count: int, seed: int) -> Iterator[tuple[bool, OrganReached]]:
    """Yield the limits of plans, and whether they are careless."""
    random = np.random.default_rng(seed)
    why = Reason(ReasonCode.REFERENCE_MISSING, "no plan")
    axis = np.arange(-100.0, 101.0, 4.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    beside = StructureSummary(
        "Duodenum", "Duodenum", 2, "ORGAN", None, None, None, None, None, matched=("Duodenum",)
    )
    for n in range(count):
        careless = n % EVERY == EVERY // 2
        radius, away = random.uniform(12, 20), random.uniform(0, 20)
        fall = (35.0 if careless else 14.0) * random.uniform(0.9, 1.1)
        beyond = np.maximum(np.sqrt(x**2 + y**2 + z**2) - radius, 0)
        dose = DoseGrid(50 * np.exp(-beyond / fall), axis, axis, axis)
        doses = CaseDoses(Case(f"{n}", why, drawn(radius, away), dose))
        told = overlaps_of(doses, (beside,))
        block = {name: {"value": one.value} for name, one in told.items()}
        near = histogram_in(block, "Duodenum")
        dvh = doses.dvh(structures_of(doses.case)["Duodenum"])
        if isinstance(dvh, Reason):
            raise SystemExit(dvh.detail)
        for text in METRICS:
            value = evaluate(parse_metric(text), dvh, doses.metric_context)
            if isinstance(value, Reason):
                raise SystemExit(value.detail)
            yield careless, OrganReached(
                f"S/{n:03d}/v1", "S", f"{n:03d}", 1, 1, "50 Gy in 5", text, "Duodenum", text,
                value.unit, value.value, near,
            )  # fmt: skip


def main() -> None:
    """Print what is found of what is planted."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 22
    begun = time.process_time()
    rows = list(plans(count, seed))
    careless = {one.subject for bad, one in rows if bad}
    told = judged(one for _, one in rows)
    print(f"{count} plans, {len(careless)} careless; {time.process_time() - begun:.1f} s")
    for text in METRICS:
        mine = [one for one in told if one.seen.limit == text]
        named = {one.seen.subject for one in mine if one.judged == BETTER}
        open_ = {one.seen.subject for one in mine if one.judged == TOO_FEW}
        error, unit = mine[0].error, mine[0].seen.unit
        print(
            f"{text:12} careless named {len(named & careless)} of {len(careless)}, not judged"
            f" {len(open_ & careless)}; careful named {len(named - careless)} of"
            f" {count - len(careless)}, not judged {len(open_ - careless)};"
            f" left out in turn, 90 % within {error or 0.0:.2f} {unit}"
        )


if __name__ == "__main__":
    main()
