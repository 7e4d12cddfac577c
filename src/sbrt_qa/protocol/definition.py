"""The protocol as data, whole: what one part names another part defines.

The rows are those of `sbrt_qa.protocol.protocol_rows`. What holds between them stands in
`sbrt_qa.protocol.consistency`.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from sbrt_qa.protocol import consistency
from sbrt_qa.protocol.problems import raise_all
from sbrt_qa.protocol.protocol_rows import (
    SCHEMA,
    CheckRule,
    ConformityLimit,
    Constraint,
    FractionOption,
    PrescriptionLevel,
    ProtocolFields,
    Source,
    TableRow,
    TargetBlock,
)
from sbrt_qa.protocol.trial_rules import check_trial_rules

__all__ = [
    "SCHEMA",
    "CheckRule",
    "ConformityLimit",
    "Constraint",
    "FractionOption",
    "PrescriptionLevel",
    "Protocol",
    "Source",
    "TableRow",
    "TargetBlock",
    "protocol_json_schema",
]


class Protocol(ProtocolFields):
    """A protocol.

    Parameters
    ----------
    statement
        Where the limits come from and what they are not; shown in every report.
    planned_metrics
        Metrics that limits may name although this version does not compute them, and what each
        is. Their limits come out not evaluable.
    unclear_names
        Names that several things go by, and which; they never match by themselves.
    prescriptions
        Levels that are allowed; none in a table of limits that leaves the dose to others.
    targets
        Limits that apply whatever the number of fractions: a plain list, or with what is judged.
    options
        Limits by number of fractions.
    checks
        How plan checks are to be made, by their codes; the others are made as they are.
    approved_by, approved_on
        Who approved it for the trial, and when. While they are empty it is a draft, and every
        output says so on its first line.
    liver_rule
        Which of the rules for the mean dose of the liver is in force; empty where it has none.
    remnant_rule
        What holds for a liver that is smaller than its volume limits ask for.
    dose_reading
        What the dose is between voxels: the cubic spline, or the trilinear interpolant that many
        planning systems read, for limits that were set with it.
    decisions
        What the trial group has to decide, with the choices there are.
    trial_sources
        Publications and registry entries that only rules of the trial name.
    shifts
        Lengths such as ``3mm`` of rigid shifts of the patient under which every limit is looked at
        as well; none unless asked for.
    setup
        Standard deviations of setup errors, as ``sbrt-qa check --setup`` takes them.
    contour_review
        Structures whose contours reviewers judge, each with what they are asked in particular.
    override_reasons
        Why reviewers may call an item otherwise than the program; a usual list when empty.
    """

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        sources = {*self.sources, *self.trial_sources}
        raise_all(
            *consistency.check_protocol(self),
            *check_trial_rules(self, sources, set(self.confidence_terms)),
            *consistency.check_shifts(self.shifts, self.setup),
            *consistency.check_reviewing(self),
        )
        return self


def protocol_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a protocol file."""
    return Protocol.model_json_schema(by_alias=True)
