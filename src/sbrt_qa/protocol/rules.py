"""Named rules of a protocol that a trial group chooses among.

The mean dose of the liver has two: the ladder of RTOG 1112 and the bound of the UK consensus. For
livers that are smaller than the volume limits ask for there are four.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from sbrt_qa.i18n.phrase import say
from sbrt_qa.protocol.part import FrozenPart, Id, Name, Number, Text

LADDER: Final = "rtog_1112_ladder"
UK_BOUND: Final = "uk_2022_bound"

LIVER_RULES: Final = {
    LADDER: say("ladder of RTOG 1112: above the mean dose of a level, the next lower level"),
    UK_BOUND: say("bound of the UK consensus of 2022: one mean dose for every level"),
}
"""What the rules for the mean dose of the liver are, by their names."""

_Positive = Annotated[Number, Field(gt=0)]
_Percent = Annotated[Number, Field(gt=0, le=100)]


class DerivedMargin(FrozenPart):
    """A structure made from another by a margin, the same towards all sides."""

    around: Name
    margin_mm: Annotated[Number, Field(gt=0, le=50)]


class OnlyIf(FrozenPart):
    """What must be exceeded for a limit to apply: a metric of a structure, above a value."""

    structure: Name
    metric: Text
    above: Number


class _Numbers(FrozenPart):
    """Numbers of one remnant rule, where they come from and how sure they are."""

    source: Annotated[tuple[Id, ...], Field(min_length=1)]
    confidence: Id
    note: str = ""


class SparedVolume(_Numbers):
    """At least this volume gets less than this dose."""

    dose_gy: _Positive
    volume_cc: _Positive


class SharedLiver(_Numbers):
    """At least this share of the liver gets less than this dose."""

    dose_gy: _Positive
    percent: _Percent


class EntryVolume(_Numbers):
    """A liver below this volume is not to be treated in the trial."""

    volume_cc: _Positive


class RemnantRule(FrozenPart):
    """What holds for a liver smaller than its volume limits ask for.

    Parameters
    ----------
    in_force
        The rule that is followed. ``not_evaluable``: the volume limits have no value and the
        reviewer decides. The others take their place, but ``minimum_volume_to_enter``, which asks
        every liver.
    structure
        The liver without the target.
    below_cc
        Volume below which it is a remnant: what the volume limits ask for.
    minimum_spared_volume, share_of_liver, minimum_volume_to_enter
        The numbers of each rule; the one in force must have them.
    """

    in_force: Literal[
        "not_evaluable", "minimum_spared_volume", "share_of_liver", "minimum_volume_to_enter"
    ]
    structure: Name
    below_cc: _Positive
    minimum_spared_volume: SparedVolume | None = None
    share_of_liver: SharedLiver | None = None
    minimum_volume_to_enter: EntryVolume | None = None

    @property
    def numbers(self) -> SparedVolume | SharedLiver | EntryVolume | None:
        """The numbers of the rule in force; None where it has none."""
        if self.in_force == "not_evaluable":
            return None
        found: SparedVolume | SharedLiver | EntryVolume | None = getattr(self, self.in_force)
        return found
