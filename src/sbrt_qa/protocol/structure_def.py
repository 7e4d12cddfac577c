"""A structure of a protocol: its names, and when a plan must have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sbrt_qa.protocol import rules
from sbrt_qa.protocol.needs import PATTERN, Need, need_of
from sbrt_qa.protocol.part import FrozenPart, Name, Text

OPTIONAL: Final = ("optional", "recommended", "if present")
"""Texts of `StructureDef.required` that do not require the structure."""

NOT_A_CONDITION: Final = ("yes", "no", "on", "off", "y", "n", "none")
"""Texts somebody meant as true or false; in YAML 1.2 they are words like any other."""


class StructureDef(FrozenPart):
    """A structure of the protocol and the names it goes by.

    Parameters
    ----------
    name
        TG-263 name.
    kind
        ``target`` names may carry a dose or a number (``PTV_5000``); organs may not.
    required
        True, False, or the condition under which it is required, for the reader. Unless it is
        False or one of `OPTIONAL`, limits of a missing structure count as not evaluable.
    aliases
        Other names by language.
    partial
        Aliases that name a part only (one side, one vessel); the match says so.
    derive
        Expressions that make the structure when the plan has none of its name; the first whose
        parts are all there is used.
    derive_margin
        Another structure and the margin around it that make this one when the plan has none.
    fma
        Foundational Model of Anatomy id.
    needed
        ``always``, ``near 30mm`` or ``optional``: what `required` says in words, as data.
    solid
        No other structure lies within its contour, but those that say so by `may_lie_in`. Nothing
        is taken for solid that does not say so: a bowel bag or the chest wall holds much else.
    may_lie_in
        Solid structures within which this one may lie all the same: a bile duct in the liver. None
        where the file does not say: then it may lie anywhere.
    """

    name: Name
    kind: Literal["target", "organ", "external"]
    required: Annotated[bool, Field(strict=True)] | Text = False
    aliases: Mapping[Name, tuple[Name, ...]] = Field(default_factory=dict)
    partial: tuple[Name, ...] = ()
    derive: tuple[Text, ...] = ()
    derive_margin: rules.DerivedMargin | None = None
    fma: str = ""
    note: str = ""
    needed: Annotated[str, StringConstraints(pattern=PATTERN)] | None = None
    solid: Annotated[bool, Field(strict=True)] = False
    may_lie_in: tuple[Name, ...] | None = None

    @property
    def is_optional(self) -> bool:
        """True when the plan may lack it without anything to explain."""
        return self.need.when == "optional"

    @property
    def need(self) -> Need:
        """When the plan must have it."""
        return need_of(self.needed, self.required, OPTIONAL)

    @model_validator(mode="after")
    def _required_is_no_yes(self) -> Self:
        if isinstance(self.required, str) and self.required.casefold() in NOT_A_CONDITION:
            raise PydanticCustomError(
                "protocol", "write true or false instead of a word", {"path": ("required",)}
            )
        if self.needed is None and "required" not in self.model_fields_set:
            text = "say when it is needed: always, near 30mm or optional"
            raise PydanticCustomError("protocol", "{text}", {"text": text, "path": ()})
        return self
