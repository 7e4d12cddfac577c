"""Small exports of several plans with doses that can be worked out by hand.

A plan gives 60 Gy on one side (beyond x = 18 mm), 9 Gy on the other (up to 14 mm) and runs straight
between. The organ lies at |x| <= 4 mm: 9 Gy from each plan, 18 Gy from two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from tests.dicom import builders as b

P1, P2, P3 = "1.2.3.11", "1.2.3.12", "1.2.3.13"
D1, D2, D3 = "1.2.3.31", "1.2.3.32", "1.2.3.33"
OTHER_SET, OTHER_FRAME = "1.2.3.21", "1.2.3.101"

X_MM = np.arange(-40.0, 41.0, 4.0)
Z_MM = np.arange(-20.0, 21.0, 4.0)

PROTOCOL = """\
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2010-01-01
title: A small protocol
statement: For tests.
sources: {MADE: {citation: made up for tests, read_as: not read}}
confidence_terms: {test: no confidence}
prescriptions: [{id: 50Gy/5fx, total_gy: 50, fractions: 5}]
structures:
  - {name: PTV, kind: target, required: true, aliases: {en: [PTV_L, PTV_R]}}
  - {name: Duodenum, kind: organ, required: true}
checks:
  DOSE_GRID_SPACING: {applies: false}
  DOSE_GRID_MARGIN: {applies: false}
  REQUIRED_MISSING: {applies: false}
  BEAM_DOSE_SUM: {applies: false}
targets:
  - {id: COVER, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: test}
  - {id: HOT, structure: PTV, metric: "Max[Gy]", op: "<=", per_protocol: 65, minor: 75,
      priority: 1, source: [MADE], confidence: test}
options:
  - id: few
    when: fractions <= 5
    constraints:
      - {id: ORGAN, structure: Duodenum, metric: "Max[Gy]", op: "<=", per_protocol: 20, minor: 25,
          priority: 1, source: [MADE], confidence: test}
  - id: many
    when: fractions > 5
    constraints:
      - {id: ORGAN_MANY, structure: Duodenum, metric: "Max[Gy]", op: "<=", per_protocol: 17,
          minor: 17.5, priority: 1, source: [MADE], confidence: test}
"""


def protocol(folder: Path, text: str = PROTOCOL) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def box(number: int, name: str, low_mm: float, high_mm: float, kind: str) -> tuple:
    corners = ((low_mm, -10), (high_mm, -10), (high_mm, 10), (low_mm, 10))
    return b.roi(number, name, b.stack(np.arange(-10.0, 11.0, 2.5), xy_mm=corners), kind)


LEFT, RIGHT = (1, "PTV_L", -32, -22, "PTV"), (2, "PTV_R", 22, 32, "PTV")
ORGAN = (3, "Duodenum", -4, 4, "ORGAN")


def drawn(*boxes: tuple, uid: str = b.STRUCTURES_UID, frame: str = b.FRAME) -> Dataset:
    return b.structure_set(
        *(box(*one) for one in boxes or (LEFT, RIGHT, ORGAN)), uid=uid, frame=frame
    )


def field(side: int, x_mm: np.ndarray = X_MM, low: float = 9.0, high: float = 60.0) -> np.ndarray:
    """Dose in Gy along x; `side` -1 or 1 is where it is high."""
    return np.interp(side * x_mm, [14.0, 18.0], [low, high])


def dose(
    uid: str,
    plans: str | Sequence[str],
    along_x_gy: np.ndarray,
    *,
    x_mm: np.ndarray = X_MM,
    z_mm: np.ndarray = Z_MM,
    **elements: object,
) -> Dataset:
    """A dose that depends on x only."""
    named = [plans] if isinstance(plans, str) else list(plans)
    stored = np.round(1000 * along_x_gy).astype(np.uint32)
    step = float(x_mm[1] - x_mm[0])
    made = b.dose(
        np.broadcast_to(stored, (z_mm.size, 11, x_mm.size)).copy(), uid=uid, plan=named[0],
        position=(float(x_mm[0]), -20.0, float(z_mm[0])), spacing=(4.0, step),
        offsets=(z_mm - z_mm[0]).tolist(), **elements,
    )  # fmt: skip
    made.ReferencedRTPlanSequence = Items([b.reference(uid) for uid in named])
    return made


def plan(uid: str, label: str, **elements: object) -> Dataset:
    return b.plan(uid=uid, label=label, **elements)


def save(folder: Path, *objects: Dataset) -> Path:
    for i, one in enumerate(objects):
        b.save(one, folder / f"{one.Modality}{i}.dcm")
    return folder


def two_plans(folder: Path) -> Path:
    """Two approved plans of one structure set that treat different places."""
    return save(
        folder, drawn(), plan(P1, "A"), plan(P2, "B"), dose(D1, P1, field(-1)),
        dose(D2, P2, field(1)),
    )  # fmt: skip
