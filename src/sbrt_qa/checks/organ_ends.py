"""Whether organs are drawn to where they end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.cut_faces import CutFace, edge_faces, end_faces, goes_on
from sbrt_qa.checks.anatomy.flat_sides import EIGHTHS, flat_side
from sbrt_qa.checks.anatomy.limits_at_stake import (
    LEAST_VOXELS,
    Stake,
    broken_by,
    dose_in,
    hot_places,
    stakes_of,
)
from sbrt_qa.checks.anatomy.open_ends import OpenEnd, end_name, ends_by_image, open_end
from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.organs_seen import mask_of
from sbrt_qa.checks.organ_tissue import LOOK, OURS
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.geometry.rasters import BoolArray
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, Severity

LEAST_FACE_MM2: Final = 60.0
"""Area of a section that does not go on, from which it may have been cut."""


@check(
    "ORGAN_END",
    title="Organs drawn to their end",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(18,),
)
def organ_end(
    context: CheckContext,
    alike_percent: float = 70.0,
    blunt_percent: float = 55.0,
    flat_percent: float = 45.0,
    by_image_percent: float = 40.0,
    step_percent: float = 25.0,
    reach_mm: float = 12.0,
) -> Iterator[Outcome]:
    """Find organs that may not be drawn to their end: they go on beyond a last contour.

    Of liver, kidneys, spleen and stomach. On the image, the same tissue goes on over most of the
    end section on the next two slices. Without an image, or where it does not tell, an organ is
    cut that stops at a section of more than half of its widest. Of duodenum, lungs and the lower
    end of the heart, whose ends may be blunt, only the image tells. An end at that of the scan is
    told elsewhere (`ORGAN_AT_SCAN_END`). A side that is one plane, with the same tissue beyond it,
    is where the rest was not drawn; without an image any such side but of a liver, which may have
    been resected. A spinal cord has to be drawn beside the target, where the liver is drawn.

    A section that is lost from one slice to the next is looked at as an end, whatever small contour
    follows. And of every organ, bowel as well, an end or a straight edge with corners over several
    slices is found where the same tissue goes on (or, without an image, anything may) into a dose
    that would break a limit which is met as drawn: then that limit rests on where the outline ends.

    Parameters
    ----------
    alike_percent
        Share of the end section beyond which the same tissue goes on.
    blunt_percent
        End section in per cent of the widest.
    flat_percent
        Area of a side within about a millimetre of one plane along z, of all seen from there.
    by_image_percent
        As `alike_percent`, mean of the next two slices, of organs that only the image tells of.
    step_percent
        Part of the widest section that one slice to the next may lose.
    reach_mm
        How far an organ is drawn on for its limits.
    """
    sound = 0
    others, at_stake = context.organs.others, AtStake(context, reach_mm)
    for view in context.organs.organs.values():
        if view.name == "SpinalCord":
            liver = "Liver" in context.organs.organs  # in the neck the cord ends at the skull
            if liver and (found := _beside_target(context, view)) is not None:
                yield found
            continue
        around = others(view)
        if view.organ.ends:
            ends = [open_end(view, around, up, alike_percent, blunt_percent) for up in (0, 1)]
            ends.append(flat_side(view, around, flat_percent))
            ends.append(_step(view, around, step_percent, alike_percent) if not any(ends) else None)
        else:
            ends = ends_by_image(view, around, by_image_percent)
        if not any(ends):
            ends = [*ends, at_stake.end_of(view, alike_percent, blunt_percent)]
        for end in filter(None, ends):
            yield Found(
                view.key, end.text, say("Have it drawn to its end, or say why it ends here."),
                end.text, say("an end that tapers, and another tissue beyond"), z_mm=end.z_mm,
            )  # fmt: skip
        sound += not any(ends)
    if sound:
        blind = context.organs.scene is not None and context.organs.scene.hu is None
        seen = counted(sound, "organ")
        shape = say("{0}, by their shape alone: {1}", seen, context.organs.why) if blind else seen
        yield Passed(shape, say("drawn to their end"))


def _step(
    view: OrganView, others: BoolArray, step_percent: float, alike_percent: float
) -> OpenEnd | None:
    """Find a section most of which is lost on the next slice, while the tissue goes on."""
    if view.like is None:
        return None
    for face in end_faces(view, 2 * view.scene.raster.step_mm):
        lost = 100 * face.rows.shape[1] / float(view.areas.max())
        _, (share, _) = goes_on(face, view.like, ~(others | view.mask))
        if lost >= step_percent and 100 * share >= alike_percent:
            text = say(
                "{0} % of its widest section is lost beyond z = {1} mm, where {2} % of that is the "
                "same tissue",
                f"{lost:.0f}", f"{face.z_mm:g}", f"{100 * share:.0f}",
            )  # fmt: skip
            return OpenEnd(text, face.z_mm)
    return None


class AtStake:
    """Looks whether limits that are met would break, were an organ drawn on."""

    def __init__(self, context: CheckContext, reach_mm: float) -> None:
        self.context, self.reach_mm = context, reach_mm

    @cached_property
    def _tumour(self) -> BoolArray | None:
        """Cells of GTV and CTV, on the whole raster: no organ goes on there."""
        scene, whole = self.context.organs.scene, None
        for structure in (*self.context.all_of("GTV"), *self.context.all_of("CTV")):
            mask = None if scene is None else mask_of(self.context.doses, scene, structure)
            if mask is not None:
                whole = mask if whole is None else whole | mask
        return whole

    def end_of(self, view: OrganView, alike_percent: float, blunt_percent: float) -> OpenEnd | None:
        """Return the end or edge beyond which an organ would break a limit; None where none."""
        stakes, dose = stakes_of(self.context.results, view.structure), self.context.case.dose
        if not stakes or isinstance(dose, Reason) or min(dose.dose_gy.shape) < LEAST_VOXELS:
            return None
        gy: FloatArray | None = None  # read when an end or edge may be a cut, which few may
        free = ~(self.context.organs.beside(view) | view.mask)
        if self._tumour is not None:
            free &= ~self._tumour[view.window.cut]
        alike = free if view.like is None else view.like
        for face in (*end_faces(view, self.reach_mm), *edge_faces(view, self.reach_mm)):
            reached, (near, far) = goes_on(face, alike, free)
            if 100 * near < alike_percent or not _may_be_cut(view, face, blunt_percent):
                continue
            gy = dose_in(view, dose) if gy is None else gy
            own, own_cc = gy[view.mask], view.scene.raster.cell_cc
            more = gy[tuple(np.moveaxis(face.rows, -1, 0))][reached]
            stake = broken_by(stakes, own, own_cc, more, face.cell_cc)
            if stake is None and 100 * far >= alike_percent:
                stake = self._far_off(view, face, stakes, dose)
            if stake is not None:
                return _at_stake(view, face, stake, 100 * near)
        return None

    def _far_off(
        self, view: OrganView, face: CutFace, stakes: tuple[Stake, ...], dose: DoseGrid
    ) -> Stake | None:
        """Return a limit that tissue like that of the organ would break, wherever beyond a face."""
        scene = view.scene
        if scene.hu is None:
            return None
        for stake in stakes:
            points, each_cc = hot_places(dose, stake.gy)
            cells = scene.raster.cells(points[face.beyond(points)])
            taken = self._taken[tuple(cells.T)]
            alike = view.alike(scene.hu[tuple(cells.T)])
            if float(np.count_nonzero(alike & ~taken)) * each_cc > stake.cc:
                return stake
        return None

    @cached_property
    def _taken(self) -> BoolArray:
        """Cells of the whole raster that organs, GTV or CTV hold."""
        organs = tuple(self.context.organs.organs.values())
        scene = organs[0].scene
        whole = np.zeros((scene.raster.z_mm.size, *scene.raster.shape), dtype=np.bool_)
        for view in organs:
            whole[view.window.cut] |= view.mask
        return whole if self._tumour is None else whole | self._tumour


def _may_be_cut(view: OrganView, face: CutFace, blunt_percent: float) -> bool:
    """Tell whether a face may be a cut: a large part of a section, and without an image an end."""
    if face.degrees is not None:
        return True
    place = int(np.abs(view.z_mm - face.z_mm).argmin())
    planes = np.flatnonzero(view.areas)
    is_last = place == int(planes[-1] if face.up else planes[0])
    if is_last and view.cut[face.up]:
        return False
    if view.like is None:
        blunt = view.areas[place] >= blunt_percent / 100 * float(view.areas.max())
        return is_last and bool(blunt)
    cell_mm2 = view.scene.raster.cell_mm[0] * view.scene.raster.cell_mm[1]
    return bool(face.rows.shape[1] * cell_mm2 >= LEAST_FACE_MM2)


def _at_stake(view: OrganView, face: CutFace, stake: Stake, percent: float) -> OpenEnd:
    if face.degrees is None:
        where = say("{0}, z = {1} mm", end_name(int(face.up)), f"{face.z_mm:g}")
    else:
        where = say("straight edge towards the {0}", EIGHTHS[round(face.degrees / 45) % 8])
    if view.like is None:
        text = say(
            "it may go on beyond its {0}: were it drawn on, {1} might not be met", where, stake.text
        )
    else:
        text = say(
            "it seems to go on beyond its {0} ({1} % is the same tissue): were it drawn on, {2} "
            "might not be met",
            where, f"{percent:.0f}", stake.text,
        )  # fmt: skip
    return OpenEnd(text, face.z_mm)


def _beside_target(context: CheckContext, cord: OrganView) -> Found | None:
    """Find a cord that is not drawn at the height of a target, within the scan."""
    low, high = cord.structure.contours[0].z_mm, cord.structure.contours[-1].z_mm
    spans = [
        (t.contours[0].z_mm, t.contours[-1].z_mm)
        for kind in ("PTV", "CTV", "GTV")
        for t in context.all_of(kind)
        if t.contours
    ]
    lacking = [(a, b) for a, b in spans if a < low - 5 or b > high + 5]
    if not lacking:
        return None
    z_mm = lacking[0][0] if lacking[0][0] < low - 5 else lacking[0][1]
    text = say(
        "it is drawn from z = {0} to {1} mm; the target reaches from {2} to {3} mm",
        f"{low:g}", f"{high:g}", f"{lacking[0][0]:g}", f"{lacking[0][1]:g}",
    )  # fmt: skip
    return Found(cord.key, text, LOOK, text, say("beside all of the target"), z_mm=z_mm)
