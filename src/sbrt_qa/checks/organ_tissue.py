"""Whether the image shows the organ inside its outline, and not beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.edges import OutlineFit, outline_of
from sbrt_qa.checks.anatomy.flat_sides import EIGHTHS
from sbrt_qa.checks.anatomy.narrowing import narrowed
from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.shells import outer_shells
from sbrt_qa.checks.anatomy.target_air import targets_in_air
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Severity

OURS: Final = "protocols/anatomy.yaml"

LOOK: Final = say("Look at the contour on this slice, and whether the name is right.")

BAGS: Final = ("Bowel_Small", "Bowel_Large")
"""Organs that may be drawn as the space in which they lie, with the fat between the loops."""

WORDS: Final = {
    "mean_hu": (say("mean CT number"), "HU"),
    "spread_hu": (say("spread of the CT numbers"), "HU"),
    "other_tissue_percent": (say("fat, lung, gas or bone inside"), "%"),
    "two_tissues_percent": (say("not the tissue of its middle"), "%"),
}
"""Quantities of the image, as sentences call them."""


def _unread(context: CheckContext) -> Iterator[Outcome]:
    """Say that there is an image whose pixels cannot be read."""
    scene = context.organs.scene
    if scene is not None and scene.hu is None and context.case.image is not None:
        text = say("what lies inside the organs could not be looked at: {0}", scene.why)
        yield Untold(say("structures"), text)


@check(
    "ORGAN_TISSUE",
    title="Tissue inside organs",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(26,),
)
def organ_tissue(context: CheckContext, ranges: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Find organs whose CT numbers are not those of the organ, or of two tissues.

    Looked at are, inside the outline and without its edge and without targets, the mean, the spread
    from the 10th to the 90th percentile, the share of fat, lung, gas or bone where there should be
    none, and, of organs of one tissue, the share that is not the tissue of its middle. The ranges
    hold for any contrast phase. Where the liver is drawn, a GTV or CTV more than half of which is
    lung or gas, or a PTV of which four fifths are, is asked about, too.

    Parameters
    ----------
    ranges
        Narrower ranges: organ, quantity, lowest and highest, as ``Liver mean_hu 20 180``.
    """
    yield from _unread(context)
    sound = 0
    for view in context.organs.organs.values():
        if view.hu is None or "mean_hu" not in view.facts:
            continue
        wrong = [q for q in WORDS if _out(view, q, ranges)]
        if not wrong:
            sound += 1
            continue
        yield _tissue_find(view, wrong, ranges)
    yield from targets_in_air(context)
    if sound:
        yield Passed(counted(sound, "organ"), say("as expected"))


def with_unit(word: str, value: str, unit: str) -> str:
    """Return a quantity with its value, and its unit where it has one."""
    return say("{0} {1} {2}", word, value, unit) if unit else say("{0} {1}", word, value)


def _out(view: OrganView, quantity: str, rows: tuple[str, ...]) -> bool:
    known, value = narrowed(view.name, quantity, rows), view.facts.get(quantity)
    if known is None or value is None:
        return False
    return not known.range[0] <= value <= known.range[1]


def _tissue_find(view: OrganView, wrong: list[str], rows: tuple[str, ...]) -> Found:
    found, expected = [], []
    for quantity in wrong:
        word, unit = WORDS[quantity]
        known = narrowed(view.name, quantity, rows)
        found.append(with_unit(word, f"{view.facts[quantity]:.0f}", unit))
        if known is not None:
            low, high = (f"{v:g}" for v in known.range)
            expected.append(with_unit(word, say("{0} to {1}", low, high), unit))
    z_mm = view.worst_plane(_strange(view))
    text = say("{0}; most of it at z = {1} mm", joined(", ", found), f"{z_mm:g}")
    return Found(view.key, text, LOOK, joined(", ", found), joined(", ", expected), z_mm=z_mm)


def _strange(view: OrganView) -> np.ndarray:
    """Return the cells inside that are not of the organ; all where the image says no more."""
    if view.hu is None or view.like is None:
        return view.mask
    odd = view.looked_at & (view.foreign(view.hu) | ~view.like)
    return odd if odd.any() else view.mask


@check(
    "ORGAN_OUTLINE",
    title="Outlines and the image",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(26,),
)
def organ_outline(
    context: CheckContext,
    too_wide_share: float = 0.4,
    too_tight_share: float = 0.65,
    side_share: float = 0.85,
    moved_mm: float = 5.5,
    moved_gain: float = 0.12,
    nowhere_share: float = 0.1,
) -> Iterator[Outcome]:
    """Find outlines that do not lie where the image changes.

    An outline is too wide where, a cell inside of it, the tissue is not yet that of the organ; too
    tight where it still is a cell outside; open on one side where the organ goes on there for a
    centimetre while it ends elsewhere; and it lies aside where, moved as it is, it would fit the
    image much better. Other organs and targets beside it are left out. Only where the image tells
    the organ from what surrounds it. A cell is about 2 mm.

    Parameters
    ----------
    too_wide_share
        Part of the outline along which the organ may begin only further inwards.
    too_tight_share
        Part of the outline beyond which the organ may go on.
    side_share
        The same on one side, over an eighth of all directions or more.
    moved_mm, moved_gain
        How far aside an outline must fit better, and how much better: share of its cells alike
        within less that without.
    nowhere_share
        The same measure where it is drawn, below which an outline whose middle is not of the organ
        either lies on nothing that the image shows.
    """
    yield from _unread(context)
    sound = 0
    for view in context.organs.organs.values():
        if view.organ.kind == "cord":
            continue
        outline = outline_of(view, context.organs.others(view))
        if outline is None or (outline.core < 0.7 and view.name in BAGS):
            continue
        what = (
            _nowhere(outline, nowhere_share)
            if outline.core < 0.7
            else _moved(outline, moved_mm, moved_gain)
            or _wide(outline, too_wide_share)
            or _tight(outline, too_tight_share)
            or _open_side(view, outline, side_share)
        )
        if what is None:
            sound += 1
            continue
        yield _outline_find(view, what)
    if sound:
        yield Passed(counted(sound, "organ"), say("where the image changes"))


def _nowhere(outline: OutlineFit, share: float) -> str | None:
    """Find an outline that holds other tissue in its middle and runs along no border."""
    if outline.fit >= share:
        return None
    return say(
        "the image does not show it where it is drawn: {0} % of its middle is another tissue, and "
        "the outline follows no border of an organ",
        f"{100 * (1 - outline.core):.0f}",
    )


def _moved(outline: OutlineFit, least_mm: float, gain: float) -> str | None:
    if outline.best_mm < least_mm or outline.best_fit - outline.fit < gain:
        return None
    if outline.best_fit < 0.25:
        return None
    return say(
        "it would fit the image better {0}: {1} instead of {2} % of the outline",
        directions(outline.shift_mm), f"{100 * outline.best_fit:.0f}", f"{100 * outline.fit:.0f}",
    )  # fmt: skip


def directions(shift_mm: tuple[float, float, float]) -> str:
    """Return a shift along (x, y, z) in words of the patient."""
    words = (
        (say("left"), say("right")),
        (say("back"), say("front")),
        (say("head"), say("feet")),
    )
    return joined(
        ", ",
        (
            say("{0} mm towards the {1}", f"{abs(mm):.0f}", pair[0] if mm > 0 else pair[1])
            for mm, pair in zip(shift_mm, words, strict=True)
            if abs(mm) >= 1
        ),
    )


def _wide(outline: OutlineFit, share: float) -> str | None:
    """Find an outline around more than the organ."""
    if outline.inside[1] > (1 - share) * outline.core:
        return None
    deep = next((i for i, s in enumerate(outline.inside) if s > 0.75 * outline.core), None)
    if deep is None and outline.inside[-1] < 0.5 * outline.core:
        return None
    return say(
        "it is drawn wider than the organ: {0} % of what lies just inside the outline is another "
        "tissue",
        f"{100 * (1 - outline.inside[1]):.0f}",
    )


def _tight(outline: OutlineFit, share: float) -> str | None:
    """Find an outline within the organ."""
    if min(outline.outside[0], outline.outside[1]) < share * outline.core:
        return None
    return say(
        "it is drawn tighter than the organ: {0} % of what lies just outside the outline is the "
        "same tissue",
        f"{100 * outline.outside[1]:.0f}",
    )


def _open_side(view: OrganView, outline: OutlineFit, share: float) -> str | None:
    """Find a side on which the organ goes on, while it ends on most others."""
    if view.organ.kind != "solid" or not view.organ.ends:
        return None
    wide = [i for i, s in enumerate(outline.sides) if s >= share]
    if not wide or sum(s < 0.4 for s in outline.sides) < 4 or outline.outside[1] < 0.12:
        return None
    return say(
        "the same tissue goes on beyond the outline towards the {0}",
        joined(", ", [EIGHTHS[i] for i in wide]),
    )


def _outline_find(view: OrganView, what: str) -> Found:
    z_mm = view.worst_plane(_beside(view))
    text = say("{0}; most of it at z = {1} mm", what, f"{z_mm:g}")
    return Found(view.key, text, LOOK, what, say("an outline where the image changes"), z_mm=z_mm)


def _beside(view: OrganView) -> np.ndarray:
    """Return the cells on the wrong side of the outline."""
    if view.like is None:
        return view.mask
    near = np.logical_or.reduce(outer_shells(view.mask, 3))
    odd = (view.mask & ~view.like) | (near & view.like)
    return odd if odd.any() else view.mask
