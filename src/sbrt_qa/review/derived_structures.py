"""Structures made from a case: Boolean expressions, isodoses and rings, on given planes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.dosimetry.isodose import isodose_contours, leaves_grid
from sbrt_qa.errors import GeometryError, UsageError, quoted, visible
from sbrt_qa.geometry.planes import one_per_plane
from sbrt_qa.geometry.regions import Region, region_of
from sbrt_qa.geometry.sections import section_contours, shell_contours
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf, Tree, leaves, parse_expression, substitute
from sbrt_qa.protocol.matching import Matcher
from sbrt_qa.protocol.tree_regions import region_of_tree

LONGEST_NAME: Final = 64
"""Characters of an ROI name (VR LO)."""

ON_PLANE_MM: Final = 0.01
"""Distance within which a contour lies on a plane."""

CLOSE_PERCENT: Final = 1.0
"""Difference of volumes, of contours and of what they were made from, beyond which it is said."""

MOST_MM: Final = 100.0
"""Widest ring."""

_ISODOSE: Final = re.compile(r"(\d+(?:\.\d+)?) ?(Gy|%)")
_RING: Final = re.compile(r"(?:(.+):)? ?(\d+(?:\.\d+)?) ?mm")

DEFAULT_TARGET: Final = "PTV"
"""What a ring lies around unless it says so."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A structure that was made, and how.

    Parameters
    ----------
    structure
        Its contours lie on the planes asked for.
    description
        How it was made, for the file and the reader.
    volume_cc
        Volume that its contours enclose, as this program reads them back.
    made_from_cc
        Volume of what they were made from, by the engine; None for an isodose or a ring.
    note
        What the reader should know, such as an isodose that leaves the grid, or contours that
        enclose another volume than what they were made from; may be empty.
    """

    structure: Structure
    description: str
    volume_cc: float
    made_from_cc: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make: texts as on the command line.

    Parameters
    ----------
    structures
        Names or expressions (``Liver-GTV``, ``Kidney_L + Kidney_R``).
    isodoses
        ``50Gy``, or ``80%`` of the prescription.
    rings
        ``20mm`` around the PTV, or ``GTV:10mm``.
    """

    structures: tuple[str, ...] = ()
    isodoses: tuple[str, ...] = ()
    rings: tuple[str, ...] = ()


def derive(
    case: Case,
    wanted: Wanted,
    planes_mm: FloatArray,
    protocol: Protocol,
    *,
    mapping: Mapping[str, str] | None = None,
) -> tuple[Derived, ...]:
    """Make structures from a case.

    Names are those of the plan, else those of the protocol, which finds or derives them.

    Parameters
    ----------
    planes_mm
        Where contours may lie, ascending: the slices of the planning image.
    mapping
        Structure name in the plan -> name in the protocol.

    Raises
    ------
    UsageError
        Nothing is asked for, a text cannot be read, or what it names is not there; the message
        says which.
    """
    maker = _Maker(case, planes_mm, protocol, mapping or {})
    made = [maker.structure(text) for text in wanted.structures]
    made += [maker.isodose(text) for text in wanted.isodoses]
    made += [maker.ring(text) for text in wanted.rings]
    if not made:
        raise UsageError("nothing to export", expected="--structure, --isodose or --ring")
    return _numbered(made)


class _Maker:
    """What one case offers to make structures from."""

    def __init__(
        self, case: Case, planes_mm: FloatArray, protocol: Protocol, mapping: Mapping[str, str]
    ) -> None:
        self._case, self._planes_mm, self._protocol = case, planes_mm, protocol
        self._mapping = mapping
        self._doses = CaseDoses(case)

    def structure(self, text: str) -> Derived:
        """Make a structure by name or expression; a single ROI that fits is copied as it is."""
        tree, rule = self._tree(text)
        used = leaves(tree)
        region = self._region(text, tree)
        if isinstance(tree, Leaf) and self._fits(tree.value):
            once = one_per_plane(tree.value, self._doses.slice_spacing_mm)
            contours = once.contours
            changed = ", each contour once and on its plane" if once is not tree.value else ""
            description = f"{tree.value.name}, copied{changed}"
        else:
            contours = self._contours(lambda: section_contours(region, self._planes_mm), text)
            description = rule
        kind = used[0].interpreted_type
        return self._made(text, contours, description, kind, of=region)

    def isodose(self, text: str) -> Derived:
        """Make what receives at least a dose."""
        dose, level_gy = isodose_of(self._doses, text)
        contours = isodose_contours(dose, level_gy, self._planes_mm)
        number, unit = _ISODOSE.fullmatch(text.strip()).groups()  # type: ignore[union-attr]
        return self._made(
            f"Isodose_{float(number):g}{unit.replace('%', 'pct')}",
            contours,
            f"dose of at least {level_gy:g} Gy",
            "DOSE_REGION",
            note=note_on_edge(dose, level_gy),
        )

    def ring(self, text: str) -> Derived:
        """Make the shell around a target."""
        found = _RING.fullmatch(text.strip())
        width_mm = float(found[2]) if found else 0.0
        if found is None or not 0 < width_mm <= MOST_MM:
            expected = f"such as 20mm or GTV:10mm, up to {MOST_MM:g} mm"
            raise UsageError("not a ring", got=quoted(text), expected=expected)
        target = (found[1] or DEFAULT_TARGET).strip()
        region = self._region(target, self._tree(target)[0])
        contours = self._contours(
            lambda: shell_contours(region, width_mm, self._planes_mm), f"ring {text}"
        )
        name = f"Ring_{target}_{width_mm:g}mm"
        return self._made(name, contours, f"within {width_mm:g} mm of {target}", "CONTROL")

    def _tree(self, text: str) -> tuple[Tree[Structure], str]:
        """Return what a name stands for, and by which rule: in the plan, else in the protocol."""
        there = structures_of(self._case)
        if not there:
            reason = self._case.structures
            detail = reason.detail if isinstance(reason, Reason) else "it is empty"
            raise UsageError("the case has no structures", got=detail)
        if text in there:
            return Leaf(there[text]), text
        try:
            tree = parse_expression(text, there.keys() - {""})
        except UsageError as error:
            return self._from_protocol(text, error)
        return substitute(tree, lambda key: Leaf(there[key])), text

    def _from_protocol(self, text: str, problem: UsageError) -> tuple[Tree[Structure], str]:
        structures = self._case.structures
        if not isinstance(structures, StructureSet):
            raise problem
        try:
            found = Matcher(self._protocol, structures, self._mapping).find(text)
        except UsageError:
            raise problem from None
        if isinstance(found, Reason):
            raise UsageError(f"{quoted(text)} cannot be made: {found.detail}")
        names = ", ".join(found.match.plan_names)
        return found.tree, f"{text}: {found.match.rule} ({names})"

    def _region(self, text: str, tree: Tree[Structure]) -> Region:
        region = region_of_tree(self._doses, tree)
        if isinstance(region, Reason):
            raise UsageError("the structure cannot be made", where=quoted(text), got=region.detail)
        return region

    def _fits(self, structure: Structure) -> bool:
        """Tell whether all contours lie on the planes."""
        heights = np.array([c.z_mm for c in structure.contours])
        apart = np.abs(heights[:, np.newaxis] - self._planes_mm).min(axis=1)
        return bool((apart <= ON_PLANE_MM).all())

    def _contours(self, make: Callable[[], tuple[Contour, ...]], what: str) -> tuple[Contour, ...]:
        try:
            return make()
        except GeometryError as error:
            raise UsageError("the structure cannot be made", where=what, got=str(error)) from error

    def _made(
        self,
        name: str,
        contours: Sequence[Contour],
        description: str,
        kind: str,
        *,
        note: str = "",
        of: Region | None = None,
    ) -> Derived:
        if not contours:
            raise UsageError(
                "nothing lies on the image slices",
                where=quoted(name),
                advice="Check the dose level, and that the image covers the structure.",
            )
        # control characters have no place in a name, and a backslash would part it in two
        plain = visible(name).replace("\\", "/")[:LONGEST_NAME]
        structure = Structure(1, plain, tuple(contours), kind)
        volume = volume_cc(region_of(structure, self._doses.convention, self._spacing_mm))
        source = None if of is None else volume_cc(of)
        enclosed_cc = math.nan if isinstance(volume, Reason) else volume
        made_from_cc = None if isinstance(source, Reason) else source
        notes = (note, _difference(enclosed_cc, made_from_cc))
        return Derived(
            structure,
            description,
            volume_cc=enclosed_cc,
            made_from_cc=made_from_cc,
            note="; ".join(n for n in notes if n),
        )

    @property
    def _spacing_mm(self) -> float | None:
        steps = np.diff(self._planes_mm)
        return float(np.median(steps)) if steps.size else None


def isodose_of(doses: CaseDoses, text: str) -> tuple[DoseGrid, float]:
    """Return the dose of a case and the level of an isodose, ``50Gy`` or ``80%``, in Gy.

    Raises
    ------
    UsageError
        The text is no isodose, the case has no dose or, for per cent, no prescribed dose.
    """
    found = _ISODOSE.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise UsageError("not an isodose", got=quoted(text), expected="such as 50Gy or 80%")
    dose = doses.case.dose
    if isinstance(dose, Reason):
        raise UsageError("no isodose can be made", got=dose.detail)
    if found[2] == "Gy":
        return dose, float(found[1])
    known = doses.metric_context.prescription_gy
    if isinstance(known, float | int):
        return dose, float(known) * float(found[1]) / 100
    raise UsageError("per cent need a prescribed dose", got=known.detail if known else "none")


def note_on_edge(dose: DoseGrid, level_gy: float) -> str:
    """Return what is said of an isodose that leaves the dose grid; empty for others."""
    if not leaves_grid(dose, level_gy):
        return ""
    return f"{level_gy:g} Gy leaves the dose grid: closed at its edge"


def _difference(enclosed_cc: float, made_from_cc: float | None) -> str:
    """Return in words by how much contours on slices miss what they were made from."""
    if not made_from_cc or math.isnan(enclosed_cc):
        return ""
    percent = 100 * (enclosed_cc / made_from_cc - 1)
    if abs(percent) <= CLOSE_PERCENT:
        return ""
    more = "more" if percent > 0 else "less"
    return f"contours on these slices enclose {abs(percent):.1f} % {more} than what it is made from"


def _numbered(made: Sequence[Derived]) -> tuple[Derived, ...]:
    """Give structures numbers of their own; what is asked for twice is made once."""
    by_name = {d.structure.name: d for d in made}
    return tuple(
        replace(d, structure=replace(d.structure, roi_number=number))
        for number, d in enumerate(by_name.values(), 1)
    )
