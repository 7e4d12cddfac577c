"""What organs look like, as data: `protocols/anatomy.yaml` and its schema.

Every range names its source and how sure it is. Plan checks of contours hold organs against it.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sbrt_qa.protocol.definition import Source
from sbrt_qa.protocol.part import FrozenPart, Id, Name, Number

ANATOMY_SCHEMA: Final = "sbrt_qa.anatomy/1"
"""Name and version of the file format."""

FILE_NAME: Final = "anatomy.yaml"

Quantity = Literal[
    "volume_cc", "length_mm", "parts", "section_mm2", "mean_hu", "spread_hu",
    "other_tissue_percent", "two_tissues_percent", "side", "depth", "above_liver_mm",
]  # fmt: skip
QUANTITIES: Final[tuple[str, ...]] = get_args(Quantity)

Kind = Literal["solid", "hollow", "lung", "cord"]
End = Literal["lower", "upper"]
Bound = tuple[Number, Number]


class OrganDef(FrozenPart):
    """An organ that is known: its TG-263 name, what it is made of, and whether it has both ends.

    ``also`` are names besides those of the protocol. ``ends_by_image`` are ends of an organ without
    ``ends`` that may be blunt by nature: that one of them is cut, only the image can show.
    """

    organ: Name
    kind: Kind
    ends: Annotated[bool, Field(strict=True)]
    ends_by_image: tuple[End, ...] = ()
    also: tuple[Name, ...] = ()


class ExpectedRange(FrozenPart):
    """The range of one quantity of one organ.

    Parameters
    ----------
    range
        Lowest and highest value that raise no question.
    usual
        Lowest and highest of most patients; outside it an organ is told of.
    """

    organ: Name
    quantity: Quantity
    range: Bound
    usual: Bound
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        (low, high), (usual_low, usual_high) = self.range, self.usual
        if not low <= usual_low <= usual_high <= high or not low < high:
            text = "the usual values lie within the range, low before high"
            raise PydanticCustomError("protocol", text)
        return self

    def narrowed(self, low: float, high: float) -> ExpectedRange:
        """Return the range within other bounds as well; it never becomes wider.

        Raises
        ------
        ValueError
            Nothing is left.
        """
        low, high = max(low, self.range[0]), min(high, self.range[1])
        usual = max(low, self.usual[0]), min(high, self.usual[1])
        if usual[0] > usual[1]:
            usual = (low, high)
        return ExpectedRange.model_validate(
            self.model_dump() | {"range": (low, high), "usual": usual}
        )


class Above(FrozenPart):
    """The middle of one organ lies above that of another by at least so much."""

    organ: Name
    other: Name
    least_mm: Number
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class AnatomyRanges(FrozenPart):
    """All of the file."""

    schema_: Literal["sbrt_qa.anatomy/1"] = Field(alias="schema")
    sources: dict[Id, Source]
    confidence_terms: dict[Id, str]
    organs: tuple[OrganDef, ...]
    may_overlap: tuple[tuple[Name, Name], ...]
    above: tuple[Above, ...]
    ranges: tuple[ExpectedRange, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        known = [o.organ for o in self.organs]
        named = {*(n for pair in self.may_overlap for n in pair)}
        named |= {n for a in self.above for n in (a.organ, a.other)}
        named |= {r.organ for r in self.ranges}
        rows = [(r.organ, r.quantity) for r in self.ranges]
        marked: tuple[ExpectedRange | Above, ...] = (*self.ranges, *self.above)
        sources = {s for row in marked for s in row.source} - set(self.sources)
        terms = {row.confidence for row in marked} - set(self.confidence_terms)
        wrong = sorted({*(named - set(known)), *sources, *terms})
        twice = [n for n in (*known, *rows) if (*known, *rows).count(n) > 1]
        if wrong or twice:
            text = f"not defined: {', '.join(wrong)}" if wrong else f"twice: {twice[0]}"
            raise PydanticCustomError("protocol", "{text}", {"text": text})
        return self

    def range_of(self, organ: str, quantity: str) -> ExpectedRange | None:
        """Return the range of a quantity of an organ, if there is one."""
        return self._by_row.get((organ, quantity))

    @functools.cached_property
    def _by_row(self) -> dict[tuple[str, str], ExpectedRange]:
        return {(r.organ, r.quantity): r for r in self.ranges}

    @functools.cached_property
    def together(self) -> frozenset[frozenset[str]]:
        """Pairs of organs that may overlap."""
        return frozenset(frozenset(pair) for pair in self.may_overlap)


def anatomy_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file."""
    schema = AnatomyRanges.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{ANATOMY_SCHEMA.replace('/', ':')}",
        **schema,
        "title": ANATOMY_SCHEMA,
    }
