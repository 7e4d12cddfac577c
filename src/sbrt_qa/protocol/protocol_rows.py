"""The rows and fields of a protocol: every limit with its bounds, its source and how sure it is.

Unknown keys are errors and numbers are finite. What several parts must agree in is asked of a whole
`sbrt_qa.protocol.definition.Protocol`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sbrt_qa.model.setup_errors import Shifts, read_radii, read_setup
from sbrt_qa.protocol import rules
from sbrt_qa.protocol.bounds import Bounds, Origin
from sbrt_qa.protocol.open_decision import OpenDecision
from sbrt_qa.protocol.part import FrozenPart, Id, Name, Number, Text
from sbrt_qa.protocol.problems import check_bounds, check_volumes
from sbrt_qa.protocol.structure_def import StructureDef
from sbrt_qa.protocol.trial_rules import TRIAL_KEYS, TrialRules

SCHEMA: Final = "sbrt_qa.protocol/1"
"""Name and version of the file format."""

Op = Literal["<=", "<", ">=", ">", "==", "report"]
CODE_PATTERN: Final = r"^[A-Z][A-Z0-9_]{2,39}$"
CheckCode = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
_Word = Annotated[str, StringConstraints(max_length=100)]
_Plain = Annotated[bool, Field(strict=True)] | Annotated[int, Field(strict=True)] | Number | _Word
CheckValue = _Plain | tuple[_Plain, ...]
Priority = Annotated[int, Field(strict=True, ge=1, le=4)]

LATER: Final[Mapping[str, object]] = {
    **dict.fromkeys(("approved_by", "liver_rule"), ""),
    **dict.fromkeys(("approved_on", "remnant_rule", "derive_margin", "only_if")),
    "bounds": {"per_protocol": None, "minor": None},
    "decisions": [],
    **dict.fromkeys(("needed", "may_lie_in")),
    "solid": False,
    "if_drawn": False,
    "shifts": [],
    "setup": "",
    "contour_review": {},
    "override_reasons": [],
    "dose_reading": "cubic",
}
"""Keys that came after the first version of the format, with their values when left out.

A file without them keeps the hash that results of its time state.
"""


class Source(FrozenPart):
    """A publication: its full citation, and how its numbers were read."""

    citation: Text
    read_as: Text
    doi: str = ""


class PrescriptionLevel(FrozenPart):
    """A total dose and number of fractions that the protocol allows."""

    id: Text
    total_gy: Annotated[Number, Field(gt=0)]
    fractions: Annotated[int, Field(strict=True, ge=1, le=100)]
    selection: str = ""


class _Row(FrozenPart):
    """What every limit states besides its numbers."""

    id: Id
    metric: Text
    op: Op
    beyond: Literal["minor", "major"] = "major"
    priority: Priority
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id
    minor_source: str = ""
    bounds: Bounds = Bounds()
    note: str = ""

    def origin(self, bound: Literal["per_protocol", "minor"]) -> Origin:
        """Return where a bound comes from; what its origin leaves out is as the limit has it."""
        own = getattr(self.bounds, bound) or Origin()
        return own.model_copy(
            update={
                "source": own.source or self.source[0],
                "confidence": own.confidence or self.confidence,
            }
        )


class Constraint(_Row):
    """One limit of one structure.

    Parameters
    ----------
    structure
        Name or expression over names (``External-PTV``).
    otherwise
        Structure to use instead when the plan lacks `structure`.
    metric
        TG-263 metric; the unit of the bounds is that of the metric.
    op
        Relation of the value to either bound, which also says on which side equality lies.
        ``report``: no bounds, the value is only shown.
    per_protocol, minor
        Bounds; without `minor` there is no band between per protocol and `beyond`.
    beyond
        Verdict beyond the last bound.
    priority
        1 and 2 decide the case, 3 makes it minor at worst, 4 is only reported.
    outside_dose_grid
        ``left_out`` for volumes of high dose, to which a part without dose cannot contribute.
    when
        Condition under which the limit applies, see `sbrt_qa.protocol.conditions`.
    liver_rule
        The rule for the mean dose of the liver that it belongs to; it applies while that rule is
        in force. Empty for all other limits.
    only_if
        A metric of another structure, and the value above which the limit applies.
    if_drawn
        The limit applies only where the plan has the structure: what few patients have, or what is
        information only.
    """

    structure: Name
    otherwise: Name | None = None
    per_protocol: Number | None = None
    minor: Number | None = None
    outside_dose_grid: Literal["not_evaluable", "left_out"] = "not_evaluable"
    when: str = ""
    liver_rule: Literal["", "rtog_1112_ladder", "uk_2022_bound"] = ""
    only_if: rules.OnlyIf | None = None
    if_drawn: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _bounds_agree(self) -> Self:
        check_bounds(self.op, self.per_protocol, self.minor)
        return self


class TargetBlock(FrozenPart):
    """What is asked of targets, whatever the number of fractions.

    Parameters
    ----------
    judge
        ``each``: every target is held against the limits by itself. ``union``: all of one kind
        together. ``one``: the plan may have one of each kind; more make the case not evaluable.
    cover
        Kinds of target that must be covered, each by itself and none instead of another: a limit
        of one that stands in ``otherwise`` of another's is then held against both.
    limits
        The limits, in the order of the file.
    """

    judge: Literal["one", "each", "union"] = "each"
    cover: tuple[Name, ...] = ()
    limits: tuple[Constraint, ...]

    @model_serializer(mode="wrap")
    def _as_in_the_file(self, handler: SerializerFunctionWrapHandler) -> Any:  # noqa: ANN401
        """Write the plain list of limits where nothing else is said."""
        data = handler(self)
        return data["limits"] if self.judge == "each" and not self.cover else data


def _block(given: Any) -> Any:  # noqa: ANN401 - as the file has it
    return {"limits": given} if isinstance(given, list | tuple) else given


class TableRow(FrozenPart):
    """Bounds for targets of up to `ptv_cc`; None in the last row of a table of steps."""

    ptv_cc: Annotated[Number, Field(gt=0)] | None
    per_protocol: Number
    minor: Number


class ConformityLimit(_Row):
    """A limit of a conformity index, single or by target volume.

    Parameters
    ----------
    meaning
        What the index is.
    table, between_rows
        Bounds by target volume, as steps or linearly interpolated; nothing beyond its ends.
    reference_only
        Kept for comparison; not a row of the result.
    """

    meaning: Text
    per_protocol: Number | None = None
    minor: Number | None = None
    table: tuple[TableRow, ...] = ()
    between_rows: Literal["step", "linear"] = "step"
    reference_only: bool = False

    @model_validator(mode="after")
    def _bounds_agree(self) -> Self:
        if self.table and (self.per_protocol is not None or self.minor is not None):
            raise PydanticCustomError(
                "protocol", "bounds stand in the table or in the row, not both", {"path": ()}
            )
        if not self.table:
            check_bounds(self.op, self.per_protocol, self.minor)
        for i, row in enumerate(self.table):
            check_bounds(self.op, row.per_protocol, row.minor, ("table", i))
        check_volumes(self.between_rows, [row.ptv_cc for row in self.table])
        return self


class FractionOption(FrozenPart):
    """Limits that hold for one number of fractions."""

    id: Id
    when: Text
    constraints: tuple[Constraint, ...]


class CheckRule(FrozenPart):
    """What the protocol says of one plan check; what it leaves out is as the check has it.

    Parameters
    ----------
    applies
        False switches the check off.
    severity
        What a finding means at worst.
    parameters
        Numbers and texts by name; which there are, the check says (``sbrt-qa checks show CODE``).
    note
        One sentence for the reader of the protocol.
    """

    applies: Annotated[bool, Field(strict=True)] = True
    severity: Literal["info", "minor", "major", "block"] | None = None
    parameters: Mapping[Name, CheckValue] = Field(default_factory=dict)
    note: str = ""


ContourSide: TypeAlias = Literal["cranial", "caudal", "laterality", "excluded organ"]
"""What reviewers can be asked of a contour in particular."""

OverrideReason: TypeAlias = Annotated[Text, Field(max_length=32)]


class ProtocolFields(TrialRules):
    """The parts of a protocol, each valid by itself; see `sbrt_qa.protocol.definition.Protocol`."""

    format: Literal["sbrt_qa.protocol/1"] = Field(alias="schema")
    id: Id
    version: Text
    effective: dt.date
    title: Text
    trial: str = ""
    statement: Text
    sources: Mapping[Id, Source]
    confidence_terms: Mapping[Id, Text]
    planned_metrics: Mapping[Name, Text] = Field(default_factory=dict)
    unclear_names: Mapping[Name, Text] = Field(default_factory=dict)
    prescriptions: tuple[PrescriptionLevel, ...]
    structures: tuple[StructureDef, ...]
    targets: Annotated[
        TargetBlock,
        BeforeValidator(_block, json_schema_input_type=tuple[Constraint, ...] | TargetBlock),
    ]
    conformity: tuple[ConformityLimit, ...] = ()
    options: tuple[FractionOption, ...]
    checks: Mapping[CheckCode, CheckRule] = Field(default_factory=dict)
    approved_by: str = ""
    approved_on: dt.date | None = None
    liver_rule: Literal["", "rtog_1112_ladder", "uk_2022_bound"] = ""
    remnant_rule: rules.RemnantRule | None = None
    dose_reading: Literal["cubic", "linear"] = "cubic"
    decisions: tuple[OpenDecision, ...] = ()
    trial_sources: Mapping[Id, Source] = Field(default_factory=dict)
    shifts: tuple[Text, ...] = ()
    setup: str = ""
    contour_review: Mapping[Name, tuple[ContourSide, ...]] = Field(default_factory=dict)
    override_reasons: tuple[OverrideReason, ...] = ()

    @cached_property
    def shifts_asked(self) -> Shifts:
        """How far the patient may lie elsewhere, for limits to be looked at."""
        return Shifts(read_radii(",".join(self.shifts)), read_setup(self.setup))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what plans are held to, in canonical JSON.

        Blanks, comments and order of keys are free. The rules of the trial have `trial_hash`.
        """
        plan = self.model_dump(mode="json", by_alias=True, exclude=set(TRIAL_KEYS))
        data = _without_unused(plan)
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def structure_names(self) -> frozenset[str]:
        """TG-263 names of all structures."""
        return frozenset(s.name for s in self.structures)

    @cached_property
    def outline_name(self) -> str:
        """Name of the outline of the body; empty where the protocol has none."""
        return next((s.name for s in self.structures if s.kind == "external"), "")

    @cached_property
    def all_constraints(self) -> tuple[Constraint, ...]:
        """Limits of the targets and of every option."""
        return self.targets.limits + tuple(c for option in self.options for c in option.constraints)


def _without_unused(data: Any) -> Any:  # noqa: ANN401 - of any shape
    """Return a dumped part without the keys of `LATER` that it does not use."""
    if isinstance(data, list):
        return [_without_unused(one) for one in data]
    if not isinstance(data, dict):
        return data
    return {k: _without_unused(v) for k, v in data.items() if k not in LATER or v != LATER[k]}
