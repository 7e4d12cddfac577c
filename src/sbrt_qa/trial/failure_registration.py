"""Which motion takes the recurrence onto the treated plan, or why none is relied on.

Only rigid matrices count. Between two frames of reference nothing is ever taken to be the same
place without a registration that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.registration import (
    STAYS,
    FrameMatrix,
    MovingFrame,
    Registration,
    RegistrationKind,
    RigidMotion,
)

RIGID: Final = "RIGID"

SAME_PLACE: Final = 1e-6
"""How near two motions are one, in each element of their matrices."""


@dataclass(frozen=True, slots=True, eq=False)
class OntoPlan:
    """The motion from the follow-up scan onto the planning one.

    Parameters
    ----------
    motion
        To be applied to points of the follow-up scan.
    found_in
        The registration that it comes from; empty where both share a frame of reference.
    findings
        What a reviewer should know of it.
    """

    motion: RigidMotion
    found_in: str
    findings: tuple[Finding, ...] = ()


def onto_plan(
    registrations: Sequence[Registration], follow_up_frame: str, planning_frame: str
) -> OntoPlan | Reason:
    """Return the motion from one frame of reference to another.

    Parameters
    ----------
    registrations
        All that were handed in. The direction is found by the frames that they name; a registration
        that takes the plan onto the follow-up is inverted.

    Returns
    -------
    A Reason where there is no rigid registration of these two frames, or more than one.
    """
    if not follow_up_frame or not planning_frame:
        text = say("a structure set names no frame of reference")
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    if follow_up_frame == planning_frame:
        told = say("the follow-up and the plan share a frame of reference; no registration is used")
        return OntoPlan(STAYS, "", (_finding("SAME_FRAME", None, told),))
    if any(one.kind is RegistrationKind.DEFORMABLE for one in registrations):
        text = say(
            "a deformable registration is refused: after months the liver is another organ, and a "
            "field of displacements invents where its tissue was; register rigidly on the bed"
        )
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    between = [
        (one, pair)
        for one in registrations
        if (pair := _ends(one, follow_up_frame, planning_frame)) is not None
    ]
    if not between:
        text = say("no registration takes the follow-up scan onto the planning scan")
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    if len(between) > 1:
        names = ", ".join(quoted(one.name) for one, _ in between)
        text = say("several registrations relate the two scans: {0}", names)
        return Reason(ReasonCode.STRUCTURE_AMBIGUOUS, text)
    used, (there, back) = between[0]
    first, second = _motion(there), _motion(back)
    if isinstance(first, Reason):
        return first
    if isinstance(second, Reason):
        return second
    motion = first.then(second.inverse())
    return OntoPlan(motion, used.name, _suspicions(motion))


def _ends(
    one: Registration, follow_up_frame: str, planning_frame: str
) -> tuple[tuple[FrameMatrix, ...], tuple[FrameMatrix, ...]] | None:
    """Return the matrices of both frames into the registered one; none for that frame itself."""
    found = []
    for frame in (follow_up_frame, planning_frame):
        items = [item for item in one.moving if item.frame_uid == frame]
        if frame == one.frame_uid:
            found.append(_own(items))
        elif len(items) == 1:
            found.append(items[0].matrices)
        else:
            return None
    return found[0], found[1]


def _own(items: list[MovingFrame]) -> tuple[FrameMatrix, ...]:
    """Return what a file says of the registered frame itself: usually the identity, or nothing."""
    return items[0].matrices if len(items) == 1 else ()


def _motion(matrices: tuple[FrameMatrix, ...]) -> RigidMotion | Reason:
    motion = STAYS
    for matrix in matrices:
        if matrix.kind != RIGID:
            kind = quoted(matrix.kind or "not stated")
            text = say("only a RIGID matrix keeps sizes as they are; this one is {0}", kind)
            return Reason(ReasonCode.REFERENCE_MISSING, text)
        try:
            motion = motion.then(RigidMotion(matrix.values))
        except GeometryError as error:
            return Reason(ReasonCode.REFERENCE_MISSING, say("no rigid motion: {0}", error.what))
    return motion


def _suspicions(motion: RigidMotion) -> tuple[Finding, ...]:
    if np.abs(motion.matrix - np.eye(4)).max() > SAME_PLACE:
        return ()
    told = say("the registration moves nothing between two scans: probably they are not registered")
    return (_finding("IDENTITY_REGISTRATION", Verdict.NOT_EVALUABLE, told),)


def _finding(code: str, verdict: Verdict | None, message: str) -> Finding:
    return Finding(code, verdict, say("registration"), message)
