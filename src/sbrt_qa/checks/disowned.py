"""Which findings disown values of a case, and what may not be relied on then: decided here only.

A finding of severity block that stands in `DISOWNS` says that a part of the case is not what it is
taken for: a dose of one fraction, structures of another patient. Whatever was computed from that
part is shown and not relied on: limits have no verdict of their own, findings decide nothing, and
the case is not evaluable. Findings that rest on nothing disowned stay what they are. A check that
blocks for any other reason (an organ is missing, an identifier is left) disowns nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import CasePart, Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, rests_on_dose

DISOWNS: Final = {
    "DOSE_FAR_FROM_PRESCRIPTION": CasePart.DOSE,
    "DOSE_IMPLAUSIBLE": CasePart.DOSE,
    "DOSE_TYPE": CasePart.DOSE,
    "FRAME_OF_REFERENCE": CasePart.STRUCTURES,
    "PATIENT_POSITION": CasePart.DOSE,
    "PLAN_IS_ION": CasePart.DOSE,
    "LINK_DANGLING": CasePart.STRUCTURES,
    "PATIENT_DIFFERS": CasePart.STRUCTURES,
}
"""What a finding that blocks disowns: the dose in the structures, or the structures themselves, and
with them everything that is computed from them."""

_OF_DOSE_ALONE: Final = ("BEAM_DOSE_AT_POINT", "BEAM_DOSE_SUM")
"""Look at the dose and the plan; what is drawn does not matter to them."""

_OF_DOSE_IN_STRUCTURES: Final = ("DOSE_TWICE", "LIVER_LEVEL", "OAR_DRIVEN", "STORED_DVH_DIFFERS")

_OF_STRUCTURES: Final = (
    *_OF_DOSE_IN_STRUCTURES, "CONTOURS_CROSS", "CONTOURS_SET_ASIDE", "CONTOUR_NEARLY_TWICE",
    "CONTOUR_TWICE",
    "COUCH_IN_BODY", "DOSE_GRID_MARGIN", "GAP_BRIDGED", "GAP_LEFT_OPEN", "ISOCENTRE_FAR",
    "ISOCENTRE_OUTSIDE", "LATERALITY", "LIVER_MINUS_TARGET", "OAR_TARGET_OVERLAP",
    "ORGAN_AT_SCAN_END", "ORGAN_VOLUME", "OTHER_SIDE", "OUTSIDE_BODY", "OUTSIDE_DOSE_GRID",
    "PLANES_JOINED", "PRV_MARGIN", "PTV_EXPANSION", "STRAY_PARTS", "TARGET_MARGIN",
    "TARGET_NESTING", "WALL_THIN",
)  # fmt: skip

RESTS_ON: Final = {
    CasePart.DOSE: frozenset((*_OF_DOSE_ALONE, *_OF_DOSE_IN_STRUCTURES)),
    CasePart.STRUCTURES: frozenset(_OF_STRUCTURES),
}
"""Checks whose findings rest on a part; none of them disowns anything."""


def disowning(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the finds that disown a part of the case."""
    return tuple(f for f in findings if f.disowns is not None)


def rows_relied_on(
    results: Sequence[ConstraintResult], findings: Sequence[Finding]
) -> tuple[ConstraintResult, ...]:
    """Return limits as they are to be shown: those that rest on a disowned part keep their value.

    They are not evaluable, count for nothing, and their reason names the find.
    """
    why = disowning(findings)
    if not why:
        return tuple(results)
    told = [_row(one, why) for one in results]
    return tuple(sorted(told, key=lambda r: not r.counts))


def _row(one: ConstraintResult, why: Sequence[Finding]) -> ConstraintResult:
    first = next((f for f in why if f.disowns and _rests(one, f.disowns)), None)
    if one.value is None or first is None:
        return one
    if one.undrawn is not None:
        return _not_drawn(one, one.undrawn)
    reason = Reason(
        ReasonCode.NOT_RELIED_ON, say("not relied on: {0} ({1})", first.message, first.code)
    )
    return replace(
        one,
        reason=reason,
        verdict=Verdict.NOT_EVALUABLE,
        counts=False,
        borderline=False,
        depends_on_convention=False,
        margin=None,
    )


def _not_drawn(one: ConstraintResult, why: Reason) -> ConstraintResult:
    """Return the row of an organ that is not drawn: with the dose its bound is gone, too."""
    return replace(
        one,
        value=None,
        reason=why,
        verdict=Verdict.NOT_EVALUABLE,
        counts=False,
        note="",
        band=None,
        borderline=False,
        spread=None,
        depends_on_convention=False,
        margin=None,
        undrawn=None,
    )


def _rests(one: ConstraintResult, part: CasePart) -> bool:
    """Tell whether a limit rests on a part: one on a volume does not need the dose."""
    return part is CasePart.STRUCTURES or rests_on_dose(one)


def finds_relied_on(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return finds as they are to be shown: those that rest on a disowned part decide nothing."""
    parts = {f.disowns for f in disowning(findings)}
    resting = frozenset[str]().union(*(RESTS_ON[part] for part in parts if part is not None))
    return tuple(
        replace(f, verdict=None, message=say("not relied on: {0}", f.message))
        if f.code in resting
        else f
        for f in findings
    )


def passed_relied_on(passed: Sequence[Finding], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the checks that found nothing wrong, but for those that rest on a disowned part."""
    parts = {f.disowns for f in disowning(findings)}
    resting = frozenset[str]().union(*(RESTS_ON[part] for part in parts if part is not None))
    return tuple(f for f in passed if f.code not in resting)


def silenced(passed: Sequence[Finding], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what is told of passed checks that rest on a disowned part: nothing, each once."""
    kept = {f.code for f in (*passed_relied_on(passed, findings), *findings)}
    lost = {f.code: f for f in passed if f.code not in kept}
    message = say("not relied on: another finding shows that its data are wrong")
    return tuple(
        replace(f, verdict=None, where=say("case"), message=message, found="")
        for f in lost.values()
    )
