"""Other targets around one: those whose isodoses cannot be told apart from its own.

The one place that decides it, for `dvh` and `check`. Whoever asks says how volumes are found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, Protocol

from sbrt_qa.dosimetry.isodose_parts import IsodosePart
from sbrt_qa.dosimetry.surroundings import lies_apart
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import OUTER, is_outer_target

LEAST_OF_OWN: Final = 0.995
"""Prescribed doses within 0.5 % are the same level."""

TOUCHING_CC: Final = 0.01
"""Common volume up to which two targets merely touch."""


class Around(Protocol):
    """The volumes of a target and of structures around it, in cc; None where there are none."""

    def whole_cc(self, other: Structure | None) -> float | None:
        """Return the volume of a structure; of the target itself where None is given."""

    def outside_cc(self, other: Structure) -> float:
        """Return the volume of a structure outside the target; 0 where there is none."""

    def inside_cc(self, other: Structure) -> float:
        """Return the volume of the target outside a structure; 0 where there is none."""


def others_around(
    structures: Iterable[Structure],
    numbers: Collection[int],
    around: Around,
    *,
    is_outer: bool,
    excused: Collection[int] = (),
) -> Iterator[Structure]:
    """Yield the PTVs that reach out of a target, so that its isodoses are not its own.

    A PTV within the target (a crop for optimisation) is none, nor is the PTV around a GTV.

    Parameters
    ----------
    numbers
        ROI numbers of the target itself.
    around
        Finds volumes.
    is_outer
        Whether the target is a PTV itself.
    excused
        ROI numbers of PTVs that are known to claim nothing.
    """
    for other in structures:
        number = other.roi_number
        if not is_outer_target(other) or not other.contours or number in (*numbers, *excused):
            continue
        whole = around.whole_cc(other)
        if whole is None or not lies_apart(around.outside_cc(other), whole):
            continue
        own = None if is_outer else around.whole_cc(None)
        if own is not None and not lies_apart(around.inside_cc(other), own):
            continue
        yield other


def not_told_apart(other: Structure) -> Reason:
    """Return why a target has no index of its own: another one is in the plan."""
    return Reason(
        ReasonCode.NOT_APPLICABLE,
        say(
            "the plan has another target, {0}, and their isodoses cannot be told apart; map "
            "all of them to {1} to judge them as one",
            quoted(other.name),
            OUTER,
        ),
    )


def rivals_of(
    n: int, doses_gy: Sequence[float], overlap: Callable[[int, int], bool]
) -> tuple[int, ...]:
    """Return the targets among which an isodose of one target is divided, itself included.

    Those to which as much is prescribed, and those of a lower dose that lie apart from all of
    them; a target of a lower dose around a boost takes nothing from it.

    Parameters
    ----------
    n
        Place of the target.
    doses_gy
        What is prescribed to each.
    overlap
        Tells whether the targets at two places have more than a touch in common.
    """
    places = range(len(doses_gy))
    level = [m for m in places if doses_gy[m] >= LEAST_OF_OWN * doses_gy[n]]
    apart = [m for m in places if m not in level and not any(overlap(m, k) for k in level)]
    return tuple(sorted((*level, *apart)))


def share_of(parts: Sequence[IsodosePart], own: Collection[int], level_gy: float) -> float | Reason:
    """Return the part of an isodose that the targets at some places have, or why they have none."""
    mine = [part.share for part in parts if set(own) & set(part.targets)]
    if not mine:
        text = say("the isodose of {0} Gy does not reach this target", f"{level_gy:g}")
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    return min(sum(mine), 1.0)
