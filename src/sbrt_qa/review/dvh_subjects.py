"""What a DVH is asked of: one structure of a case, or structures combined by an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sbrt_qa.dosimetry.bands import BandSubject, Views
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.errors import GeometryError, UsageError, did_you_mean, quoted
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import (
    Leaf,
    Tree,
    UnknownStructureError,
    leaves,
    parse_expression,
    substitute,
)
from sbrt_qa.protocol.tree_regions import region_of_tree, tree_key
from sbrt_qa.protocol.whole_organs import WholeOrgans
from sbrt_qa.review.contour_notes import contour_notes


@dataclass(frozen=True, slots=True)
class DvhSubject:
    """One structure, or several combined; an expression of one name is that structure."""

    tree: Tree[Structure]

    @property
    def roi_number(self) -> int | None:
        """Number of the structure; None where several are combined."""
        return self.tree.value.roi_number if isinstance(self.tree, Leaf) else None

    @property
    def name(self) -> str:
        """Name of the first structure, by which a model of one organ is held."""
        return leaves(self.tree)[0].name

    @property
    def reading(self) -> BandSubject:
        """The same for other readings of the case."""
        return BandSubject(tree_key(self.tree), lambda doses: region_of_tree(doses, self.tree))

    def dvh(self, doses: CaseDoses) -> DVH | Reason:
        """Return the histogram, or why there is none."""
        return doses.dvh_of(tree_key(self.tree), lambda: region_of_tree(doses, self.tree))

    def volume_cc(self, doses: CaseDoses) -> float | Reason:
        """Return the volume, for which no dose is needed."""
        if isinstance(self.tree, Leaf):
            return doses.volume_cc(self.tree.value)
        region = region_of_tree(doses, self.tree)
        if isinstance(region, Reason):
            return region
        try:
            return volume_cc(region)
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))

    def context_in(self, views: Views, view: str) -> MetricContext:
        """Return what metrics need as a view of the case reads what surrounds it."""
        if isinstance(self.tree, Leaf):
            return self._in_case(views.base, views.context_of(view, self.tree.value))
        return self.context(views.base)

    def context(self, doses: CaseDoses) -> MetricContext:
        """Return what metrics need; what is combined has no surroundings of its own."""
        if isinstance(self.tree, Leaf):
            return self._in_case(doses, doses.context_of(self.tree.value))
        none = Reason(ReasonCode.NOT_APPLICABLE, say("structures combined have no index"))
        return self._in_case(doses, replace(doses.metric_context, surroundings=lambda: none))

    def _in_case(self, doses: CaseDoses, context: MetricContext) -> MetricContext:
        return replace(context, whole_case=WholeOrgans(doses).around(self.tree))

    def notes(self, doses: CaseDoses) -> tuple[str, ...]:
        """Return what was left out of the contours, or read in one of two ways."""
        parts = dict.fromkeys(note for s in leaves(self.tree) for note in contour_notes(doses, s))
        return tuple(parts)


def subjects_among(known: Mapping[str, Structure], names: Sequence[str]) -> dict[str, DvhSubject]:
    """Return what names stand for: keys, names, or expressions such as ``Liver - CTV``.

    All structures where there are no names; a name that several ROIs share means each of them.

    Raises
    ------
    UsageError
        A structure is not there; the message lists those that are.
    """
    if not names:
        return {key: DvhSubject(Leaf(s)) for key, s in known.items()}
    chosen: dict[str, DvhSubject] = {}
    for name in names:
        if not isinstance(name, str):
            raise UsageError(
                "a structure is asked for by its name or an expression",
                got=quoted(name), expected="text such as 'Liver' or 'Liver - CTV'",
            )  # fmt: skip
        found = {key: DvhSubject(Leaf(s)) for key, s in known.items() if name in (key, s.name)}
        chosen |= found or {name: _combined(known, name)}
    return chosen


def _combined(known: Mapping[str, Structure], text: str) -> DvhSubject:
    try:
        tree = parse_expression(text, known.keys() - {""})
    except UnknownStructureError as error:
        alone = not set(text) & set("-+&()")
        words = [w.strip() for w in re.split("[-+&()]", text) if w.strip() not in known]
        there = ", ".join(quoted(key) for key in known) or "no structures"
        raise UsageError(
            "no such structure" if alone else f"no such structure, {error.place}",
            got=quoted(text),
            expected=f"one of {there}, or names joined by - + &, with margins such as + 5mm",
            advice=next(filter(None, (did_you_mean(word, known) for word in words)), ""),
        ) from None
    return DvhSubject(substitute(tree, lambda key: Leaf(known[key])))
