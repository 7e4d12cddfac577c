"""From a reviewed case to the evidence for its pictures. No DVH is computed a second time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.errors import DicomError, GeometryError
from sbrt_qa.evidence.evidence import CtStack, DrawnCurve, Evidence, Point, SlicePlace
from sbrt_qa.evidence.failing import failing_of
from sbrt_qa.evidence.failing_places import find_place
from sbrt_qa.geometry.planes import one_per_plane
from sbrt_qa.geometry.regions import Region
from sbrt_qa.geometry.slabs import Gaps
from sbrt_qa.geometry.solids import Solid
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf, Tree, leaves
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.plan_targets import matcher_of
from sbrt_qa.protocol.tree_doses import dvh_source
from sbrt_qa.protocol.tree_regions import region_of_tree
from sbrt_qa.protocol.trees import body_of, trees_of
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.course_rows import worse_with_dose
from sbrt_qa.review.target_summaries import lesions_in

MOST_STEPS: Final = 700
"""Doses at which curves are given; a plot is not wider."""

STEPS_GY: Final = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Steps of the dose axis, of which the finest that fits is taken."""

ENOUGH: Final = 0.5
"""Part of the dose grid's height that an image must reach over to be shown."""

TOO_SHORT: Final = say("the image reaches over less than half of the dose grid and is not shown")
OTHER_FRAME: Final = say("the image is in another frame of reference and is not shown")


def gather(
    doses: CaseDoses, protocol: Protocol, mapping: Mapping[str, str], review: CaseReview
) -> Evidence:
    """Gather what can be drawn of a case.

    Parameters
    ----------
    doses
        Those that the review was made with, so that its DVHs are at hand.
    protocol, mapping, review
        As given to, and returned by, `sbrt_qa.review.review.review_case`.
    """
    case = doses.case
    dose = None if isinstance(case.dose, Reason) else case.dose
    matcher = matcher_of(protocol, case, mapping, lesions_in(review))
    trees = dict(trees_of(case, protocol, matcher, review.constraints))
    keys = {s.roi_number: key for key, s in structures_of(case).items()}
    named = {id_: _curve_key(tree, keys, c) for id_, (c, tree) in trees.items()}
    histograms = dict(_histograms(doses, trees, named))
    axis = _dose_axis(dose)
    image, note = _image(doses)
    slices = image.z_mm if image is not None else dose.z_mm if dose is not None else np.zeros(0)
    return Evidence(
        structures={
            key: one_per_plane(s, doses.slice_spacing_mm) for key, s in structures_of(case).items()
        },
        dose=dose,
        image=image,
        dose_axis_gy=axis,
        curves={key: _curve(key, *found, axis) for key, found in histograms.items()},
        curve_of={id_: key for id_, key in named.items() if key in histograms},
        places=dict(_places(doses, protocol, mapping, trees, slices, review)),
        hottest=None if dose is None else _hottest(dose),
        planes={key: sum(s.stack.n_planes for s in solids) for key, solids in _solids(doses)},
        gaps={key: sum(_wide(s.gaps) for s in solids) for key, solids in _solids(doses)},
        notes=(note,) if note else (),
    )


def _curve_key(tree: Tree[Structure], keys: Mapping[int, str], result: ConstraintResult) -> str:
    own = keys.get(tree.value.roi_number) if isinstance(tree, Leaf) else None
    return own or result.structure


def _histograms(
    doses: CaseDoses,
    trees: Mapping[str, tuple[ConstraintResult, Tree[Structure]]],
    named: Mapping[str, str],
) -> Iterator[tuple[str, tuple[tuple[int, ...], DVH]]]:
    for key, structure in structures_of(doses.case).items():
        found = doses.dvh(structure)
        if isinstance(found, DVH):
            yield key, ((structure.roi_number,), found)
    source = dvh_source(doses)
    for id_, (_, tree) in trees.items():
        if isinstance(tree, Leaf) and not tree.value.is_made:
            continue
        if isinstance(found := source(tree), DVH):
            yield named[id_], (tuple(s.roi_number for s in leaves(tree)), found)


def _curve(key: str, roi_numbers: tuple[int, ...], found: DVH, axis_gy: FloatArray) -> DrawnCurve:
    volumes = np.array([found.volume_at_dose_cc(d) for d in axis_gy.tolist()])
    volumes = np.minimum.accumulate(volumes)
    return DrawnCurve(
        key, roi_numbers, found.volume_cc, volumes, found.min_gy, found.mean_gy, found.max_gy
    )


def _dose_axis(dose: DoseGrid | None) -> FloatArray:
    """Return 0 and even steps past the maximum of the grid."""
    if dose is None:
        return np.zeros(0)
    step = next((s for s in STEPS_GY if dose.max_gy / s <= MOST_STEPS), STEPS_GY[-1])
    count = min(math.floor(dose.max_gy / step) + 2, MOST_STEPS * 10)
    return np.asarray(np.round(np.arange(count) * step, 6))


def _hottest(dose: DoseGrid) -> tuple[Point, float]:
    k, j, i = np.unravel_index(int(dose.dose_gy.argmax()), dose.dose_gy.shape)
    return (float(dose.x_mm[i]), float(dose.y_mm[j]), float(dose.z_mm[k])), dose.max_gy


def _solids(doses: CaseDoses) -> Iterator[tuple[str, tuple[Solid, ...]]]:
    for key, structure in structures_of(doses.case).items():
        region = doses.region(structure)
        if not isinstance(region, Reason):
            yield key, region.solids


def _wide(gaps: Gaps) -> int:
    return len(gaps.bridged_mm) + len(gaps.parted_mm)


def _image(doses: CaseDoses) -> tuple[CtStack | None, str]:
    """Return the image where it can be shown with the structures, else why it cannot."""
    image = doses.case.image
    if image is None:
        return None, ""
    if image.frame_of_reference_uid and not _frames(doses) <= {image.frame_of_reference_uid}:
        return None, OTHER_FRAME
    if not _covers(image, doses.case.dose):
        return None, TOO_SHORT
    try:
        return _stack(image), ""
    except (DicomError, GeometryError) as error:
        return None, say("the image is not shown: {0}", stated(error.what))


def _covers(image: ImageSeries, dose: DoseGrid | Reason) -> bool:
    """Tell whether an image reaches over enough of the dose to look through it."""
    if isinstance(dose, Reason):
        return True
    low, high = dose.z_mm[0], dose.z_mm[-1]
    inside = image.z_mm[(image.z_mm >= low) & (image.z_mm <= high)]
    return inside.size > 1 and bool(inside[-1] - inside[0] >= ENOUGH * (high - low))


def _frames(doses: CaseDoses) -> set[str]:
    parts = (doses.case.structures, doses.case.dose)
    return {p.frame_of_reference_uid for p in parts if not isinstance(p, Reason)} - {""}


def _stack(image: ImageSeries) -> CtStack:
    rows, columns = image.shape
    x_mm = image.origin_mm[0] + image.spacing_mm[0] * np.arange(columns, dtype=np.float64)
    y_mm = image.origin_mm[1] + image.spacing_mm[1] * np.arange(rows, dtype=np.float64)
    return CtStack(image.load_hu(), x_mm, y_mm, image.z_mm, image.series_uid)


def _places(
    doses: CaseDoses,
    protocol: Protocol,
    mapping: Mapping[str, str],
    trees: Mapping[str, tuple[ConstraintResult, Tree[Structure]]],
    slices_mm: FloatArray,
    review: CaseReview,
) -> Iterator[tuple[str, SlicePlace]]:
    """Yield where each limit fails that is exceeded."""
    rx_gy = doses.metric_context.prescription_gy
    body = body_of(doses.case, protocol, mapping)
    for id_, (result, tree) in trees.items():
        failing = failing_of(result, rx_gy if isinstance(rx_gy, float) else None)
        own_dose = bool(doses.case.parts) and worse_with_dose(result.metric, result.op) is not True
        if failing is None or own_dose or isinstance(doses.case.dose, Reason):
            continue
        target = region_of_tree(doses, tree)
        if isinstance(target, Reason):
            continue
        around = region_of_tree(doses, body) if failing.around and body is not None else None
        if failing.around and (around is None or isinstance(around, Reason)):
            continue
        region = target if around is None or isinstance(around, Reason) else around - target
        rivals = list(_rivals(doses, review, result)) if failing.around else []
        found = find_place(failing, region, target, doses.case.dose, slices_mm, rivals)
        if found is not None:
            flags = (failing.too_hot, failing.around)
            yield id_, SlicePlace(id_, *found, failing.level_gy, *flags)


def _rivals(doses: CaseDoses, review: CaseReview, result: ConstraintResult) -> Iterator[Region]:
    """Yield the judged targets of the same kind that a row of one target is not about."""
    if not result.target or result.match is None:
        return
    mine, kind = result.match.roi_numbers, result.match.protocol_name
    judged = lesions_in(review).judged.get(kind, ())
    there = {s.roi_number: s for s in structures_of(doses.case).values()}
    for number in judged:
        if number not in mine and isinstance(r := doses.region(there[number]), Region):
            yield r
