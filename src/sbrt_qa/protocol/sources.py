"""Where an evaluation takes doses from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.isodose_parts import IsodosePart
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.dosimetry.whole_case import WholeCase
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Tree

DvhSource: TypeAlias = Callable[[Tree[Structure]], DVH | Reason]
"""Gives the DVH of structures combined, or the Reason why there is none."""

FarDose: TypeAlias = Callable[[Tree[Structure], Tree[Structure], float], float | Reason]
"""Gives the highest dose (Gy) in a body at a distance (mm) or more from a target: (target, body,
distance), or the Reason why there is none."""


PartsOf: TypeAlias = Callable[
    [Sequence[Tree[Structure]], Tree[Structure], float], tuple[IsodosePart, ...] | Reason
]
"""Divides an isodose in a body among targets: (targets, body, dose in Gy), or the Reason why it
cannot be divided."""


WholeOf: TypeAlias = Callable[[Tree[Structure]], WholeCase]
"""Gives the case around a structure."""


class SourceSeen(NamedTuple):
    """Where doses come from in one view of a case."""

    view: View
    dvh_for: DvhSource
    far_dose: FarDose
