"""What the evaluation of one dose limit says, in values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from sbrt_qa.model.outcome import Band, Driver, Reason, ReasonCode, Verdict

Ends = tuple[float, float, Driver]
"""An interval in the JSON form: low, high, and what widens it most."""


def ends_of(band: Band | None) -> Ends | None:
    """Return an interval as the JSON form has it."""
    return None if band is None else (band.low, band.high, band.driver)


def _interval(ends: object) -> object:
    """Return what the JSON form has for an interval as one; everything else as it is."""
    if not isinstance(ends, list | tuple) or len(ends) != 3:
        return ends
    return {"low": ends[0], "high": ends[1], "driver": ends[2]}


Interval = Annotated[
    Band | None,
    BeforeValidator(_interval),
    PlainSerializer(ends_of, return_type=Ends | None),
]
"""An interval that is a list in the JSON form."""


@dataclass(frozen=True, slots=True)
class StructureMatch:
    """Which structures of the plan stand for a name of the protocol, and by which rule.

    ``plan_names`` are ROI names as written in the file, in the order in which the expression uses
    them; ``rule`` is a short phrase such as ``exact name``, ``alias (zh)``, ``user map`` or
    ``Liver - CTV (no GTV in the plan)``. ``part`` tells that they are only a part of what is meant.
    """

    protocol_name: str
    plan_names: tuple[str, ...]
    roi_numbers: tuple[int, ...]
    rule: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class EvaluatedLimit:
    """The values of one dose limit held against one case.

    The parameters are those of `sbrt_qa.protocol.limit_result.ConstraintResult`.
    """

    id: str
    structure: str
    metric: str
    op: str
    match: StructureMatch | None
    value: float | None
    unit: str
    reason: Reason | None
    per_protocol_limit: float | None
    minor_limit: float | None
    beyond: Verdict
    margin: float | None
    verdict: Verdict
    priority: int
    counts: bool
    source: tuple[str, ...]
    confidence: str
    note: str = ""
    band: Band | None = None
    borderline: bool = False
    target: str = ""
    undrawn: Reason | None = None
    spread: Interval = None
    depends_on_convention: bool = False
    doubtful_contour: str = ""

    def __post_init__(self) -> None:
        if self.is_relied_on and (self.value is None) == (self.reason is None):
            msg = f"{self.id}: exactly one of value and reason must be given"
            raise ValueError(msg)
        if self.reason is not None and self.verdict is Verdict.PER_PROTOCOL:
            msg = f"{self.id}: a limit without a value cannot be per protocol"
            raise ValueError(msg)
        if self.band is None and self.borderline:
            msg = f"{self.id}: only a band can make a verdict borderline"
            raise ValueError(msg)
        if self.depends_on_convention and (self.spread is None or self.borderline):
            msg = f"{self.id}: a spread, and no more, makes a verdict depend on the convention"
            raise ValueError(msg)

    @property
    def is_relied_on(self) -> bool:
        """Whether nothing disowns what the value was computed from."""
        return self.reason is None or self.reason.code is not ReasonCode.NOT_RELIED_ON

    @property
    def wherever(self) -> bool:
        """Whether the structure is not drawn, and the value one that it has at most."""
        return self.undrawn is not None

    @property
    def key(self) -> str:
        """What tells this row from all others of a review: its id, and the ROI of its target."""
        roi = self.match.roi_numbers[0] if self.target and self.match else None
        return self.id if roi is None else f"{self.id}#{roi}"

    @property
    def of(self) -> str:
        """Structure of the protocol that the row is about, whatever the plan calls it."""
        return self.match.protocol_name if self.target and self.match else self.structure
