"""Whether organs lie where they lie in a patient, are as large, and end where they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.exchanged_names import exchanges, misfit
from sbrt_qa.checks.anatomy.limits_at_stake import broken_by_exchange
from sbrt_qa.checks.anatomy.narrowing import narrowed
from sbrt_qa.checks.anatomy.organ_view import BONE_HU, OrganView, around
from sbrt_qa.checks.anatomy.organs_seen import common
from sbrt_qa.checks.anatomy.shells import thickness_cells
from sbrt_qa.checks.organ_tissue import LOOK, OURS, with_unit
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Severity
from sbrt_qa.protocol.anatomy_file import load_anatomy

SIZES: Final = {
    "volume_cc": (say("volume"), "cc"),
    "length_mm": (say("length along z"), "mm"),
    "parts": (say("separate parts"), ""),
    "section_mm2": (say("mean section"), "mm2"),
}

PLACES: Final = {
    "side": (say("side (right -1, left +1)"), ""),
    "depth": (say("depth (front -1, back +1)"), ""),
    "above_liver_mm": (say("height above the middle of the liver"), "mm"),
}

NAMES: Final = say("Check the names and the contours.")


def _off(
    view: OrganView, words: Mapping[str, tuple[str, str]], rows: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Return what of an organ is out of range, and what was expected."""
    found: list[str] = []
    expected: list[str] = []
    for quantity, (word, unit) in words.items():
        known, value = narrowed(view.name, quantity, rows), view.facts.get(quantity)
        if known is None or value is None:
            continue
        low, high = known.range
        small = value < low and not (any(view.cut) and quantity in ("volume_cc", "length_mm"))
        if small or value > high:
            found.append(with_unit(word, f"{value:.3g}", unit))
            expected.append(with_unit(word, say("{0} to {1}", f"{low:g}", f"{high:g}"), unit))
    return found, expected


@check(
    "ORGAN_SIZE",
    title="Size and shape of organs",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(26,),
)
def organ_size(context: CheckContext, ranges: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Find organs whose volume, length, section or number of parts no patient has.

    Lower bounds do not hold for an organ that the scan cuts. Unusual but possible volumes are told
    by `ORGAN_VOLUME`. An organ drawn with a few corners only is a box.

    Parameters
    ----------
    ranges
        Narrower ranges: organ, quantity, lowest and highest, as ``Liver volume_cc 800 2500``.
    """
    seen, sound = context.organs, 0
    for key in seen.boxes.values():
        text = say("it is drawn as a box")
        yield Found(key, text, LOOK, text, say("the outline of an organ"))
    for view in seen.organs.values():
        found, expected = _off(view, SIZES, ranges)
        if found:
            z_mm = view.middle_mm[2]
            yield Found(
                view.key, joined(", ", found), LOOK, joined(", ", found), joined(", ", expected),
                z_mm=z_mm,
            )  # fmt: skip
        else:
            sound += 1
    if sound:
        yield Passed(counted(sound, "organ"), say("as expected"))


@check(
    "ORGAN_POSITION",
    title="Position of organs",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(24,),
)
def organ_position(
    context: CheckContext,
    ranges: tuple[str, ...] = (),
    bone_around_percent: float = 8.0,
) -> Iterator[Outcome]:
    """Find organs that do not lie where they lie in a patient.

    Held against ranges are side and depth within the body, and the height above the liver; the
    order of organs along the body; and whether the spinal cord lies within bone.

    Parameters
    ----------
    ranges
        Narrower ranges: organ, quantity, lowest and highest, as ``Spleen side 0.3 0.9``.
    bone_around_percent
        Share of bone within about 15 mm around the cord, in the middle of its slices.
    """
    organs = context.organs.organs
    if organs and all("side" not in v.facts for v in organs.values()):
        text = say("side and depth could not be looked at: there is no outline of the body")
        yield Untold(say("structures"), text)
    wrong: dict[str, tuple[list[str], list[str]]] = {}
    for name, view in organs.items():
        found, expected = _off(view, PLACES, ranges)
        if found:
            wrong[name] = found, expected
    for name, row in _order(organs):
        wrong.setdefault(name, ([], []))
        wrong[name][0].append(row[0])
        wrong[name][1].append(row[1])
    cord = organs.get("SpinalCord")
    if cord is not None and (bone := _bone_around(cord)) is not None and bone < bone_around_percent:
        wrong.setdefault("SpinalCord", ([], []))
        wrong["SpinalCord"][0].append(say("{0} % of bone around it", f"{bone:.0f}"))
        wrong["SpinalCord"][1].append(say("at least {0} %", f"{bone_around_percent:g}"))
    for name, (found, expected) in _blamed(wrong, organs).items():
        view = organs[name]
        yield Found(
            view.key, joined(", ", found), NAMES, joined(", ", found), joined(", ", expected),
            z_mm=view.middle_mm[2],
        )  # fmt: skip
    if len(wrong) < len(organs):
        yield Passed(counted(len(organs) - len(wrong), "organ"), say("as expected"))


def _blamed(
    wrong: dict[str, tuple[list[str], list[str]]], organs: Mapping[str, OrganView]
) -> dict[str, tuple[list[str], list[str]]]:
    """Return what is told: where most organs lie wrongly along the body, the liver does."""
    held = [n for n in organs if "above_liver_mm" in organs[n].facts]
    if (
        "Liver" not in organs
        or len(held) < 4
        or len([n for n in wrong if n in held]) < 0.6 * len(held)
    ):
        return wrong
    text = say("most organs lie too high or too low beside it")
    return {"Liver": ([text], [say("among the others")])}


def _order(organs: Mapping[str, OrganView]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield organs that lie below what they should lie above, or the other one of the two."""
    anatomy = load_anatomy()
    for row in anatomy.above:
        if row.organ not in organs or row.other not in organs:
            continue
        one, other = organs[row.organ], organs[row.other]
        above = one.middle_mm[2] - other.middle_mm[2]
        if above >= row.least_mm:
            continue
        odd = [sum(misfit(v, v.name, anatomy).values()) for v in (one, other)]
        name, beside = (one.name, other) if odd[0] >= odd[1] else (other.name, one)
        if name == one.name:
            found = say("{0} mm above {1}", f"{above:.0f}", beside.key)
            yield name, (found, say("at least {0} mm", f"{row.least_mm:g}"))
        else:
            found = say("{0} mm below {1}", f"{above:.0f}", beside.key)
            yield name, (found, say("at least {0} mm", f"{row.least_mm:g}"))


def _bone_around(cord: OrganView) -> float | None:
    """Return the share of bone around a cord in the middle of its slices, in per cent."""
    if cord.hu is None:
        return None
    near = around(cord.mask, 7)
    bone = near & (cord.hu > BONE_HU)
    cells = np.count_nonzero(near, axis=(1, 2))
    there = (cells > 0) & (cord.areas > 0)
    if not there.any():
        return None
    return 100 * float(np.median(np.count_nonzero(bone, axis=(1, 2))[there] / cells[there]))


@check(
    "ORGANS_OVERLAP",
    title="Organs that exclude each other",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(25,),
)
def organs_overlap(
    context: CheckContext,
    least_cc: float = 1.0,
    least_percent: float = 3.0,
    deep_mm: float = 5.0,
    copy_percent: float = 85.0,
) -> Iterator[Outcome]:
    """Find organs that overlap and cannot: a liver in a kidney, a copy under another name.

    Organs that lie in one another, or share a border which nobody sees, are left out; the list is
    that of the file of ranges. What is told is the volume, the depth and the slice.

    Parameters
    ----------
    least_cc, least_percent
        Overlap, and its part of the smaller organ, below which contours merely touch.
    deep_mm
        Thickness of the overlap below which they do.
    copy_percent
        Part of both from which one is a copy of the other, whatever they are.
    """
    organs, anatomy, free = context.organs.organs, load_anatomy(), 0
    for one, other in combinations(organs.values(), 2):
        shared = common(one, other)
        inside = None if shared is None else one.mask[shared[0]] & other.mask[shared[1]]
        cells = 0 if inside is None else int(np.count_nonzero(inside))
        if inside is None or shared is None or cells == 0:
            free += 1
            continue
        sizes = [int(np.count_nonzero(v.mask)) for v in (one, other)]
        is_copy = 2 * cells >= copy_percent / 100 * sum(sizes)
        raster = one.scene.raster
        overlap_cc, percent = cells * raster.cell_cc, 100 * cells / min(sizes)
        deep = thickness_cells(inside) * min(raster.cell_mm)
        together = frozenset((one.name, other.name)) in anatomy.together
        touching = overlap_cc < least_cc or percent < least_percent or deep < deep_mm
        if not is_copy and (together or touching):
            free += 1
            continue
        heights = one.z_mm[shared[0][0]]
        z_mm = float(heights[int(np.count_nonzero(inside, axis=(1, 2)).argmax())])
        yield _overlap_find(one, other, (overlap_cc, percent, deep), z_mm, is_copy=is_copy)
    if free:
        yield Passed(counted(free, "pair"), say("apart"), say("apart"))


def _overlap_find(
    one: OrganView,
    other: OrganView,
    much: tuple[float, float, float],
    z_mm: float,
    *,
    is_copy: bool,
) -> Found:
    found = say(
        "{0} cc, {1} % of the smaller, {2} mm deep",
        f"{much[0]:.1f}", f"{much[1]:.0f}", f"{much[2]:.0f}",
    )  # fmt: skip
    text = (
        say(
            "they are nearly the same outline: {0} in common; look at z = {1} mm",
            found,
            f"{z_mm:g}",
        )
        if is_copy
        else say("they overlap by {0}, most at z = {1} mm", found, f"{z_mm:g}")
    )
    where = joined(", ", [one.key, other.key])
    return Found(where, text, LOOK, found, say("apart"), z_mm=z_mm)


@check(
    "ORGANS_SWAPPED",
    title="Exchanged names",
    group=Group.CONTOURS,
    severity=Severity.MINOR,
    source=OURS,
    rows=(24,),
)
def organs_swapped(context: CheckContext, least_gain: float = 1.0) -> Iterator[Outcome]:
    """Find two organs whose names look exchanged: each looks like the other.

    Size, CT numbers, place in the body and place beside each other are compared with what is usual
    for either name, as drawn and exchanged. Of two organs that are much alike, as duodenum and
    small bowel, less is enough where a limit that is met as named would break under the other name.

    Parameters
    ----------
    least_gain
        By how much the exchange must fit better where a limit rests on it.
    """
    organs = context.organs.organs
    clear = exchanges(organs, load_anatomy())
    sure = {name for one in clear for name in (one.one, one.other)}
    left = {name: view for name, view in organs.items() if name not in sure}
    found = 0
    for one in (*clear, *exchanges(left, load_anatomy(), least_gain)):
        a, b = organs[one.one], organs[one.other]
        text = say(
            "{0} and {1} look exchanged: under each other's names they fit what is usual "
            "({2} instead of {3}, where 0 is perfect)",
            a.key, b.key, f"{one.after:.1f}", f"{one.before:.1f}",
        )  # fmt: skip
        if one not in clear:
            stake = broken_by_exchange(context.results, context.case.dose, a, b)
            if stake is None:
                continue
            text = say("{0}; then {1} would not be met", text, stake.text)
        found += 1
        seen = joined(", ", [_told(v) for v in (a, b)])
        yield Found(
            joined(", ", [a.key, b.key]), text, NAMES, seen, say("as the names say"),
            z_mm=a.middle_mm[2],
        )  # fmt: skip
    if len(organs) > 1 and not found:
        yield Passed(counted(len(organs), "organ"), say("as the names say"))


def _told(view: OrganView) -> str:
    """Return the facts of an organ that tell it from others, in a few words."""
    parts = []
    for quantity, (word, unit) in (*SIZES.items(), *PLACES.items()):
        if quantity in ("volume_cc", "side", "depth") and quantity in view.facts:
            parts.append(with_unit(word, f"{view.facts[quantity]:.2g}", unit))
    if "mean_hu" in view.facts:
        parts.append(with_unit(say("mean CT number"), f"{view.facts['mean_hu']:.0f}", "HU"))
    return say("{0}: {1}", view.key, joined(", ", parts))
