"""What becomes of limits with the patient elsewhere, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.dosimetry.shifts import DIRECTIONS
from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.setup_errors import Vector
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.wording import rounded, unit_text
from sbrt_qa.reports.compose.verdict_words import WORDS
from sbrt_qa.reports.figures.rose_svg import RoseWords, rose_svg
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.robustness import AtRadius, Chance, LimitRobustness

AXES: Final = (
    (msg("left"), msg("right")), (msg("back"), msg("front")), (msg("head"), msg("feet")),
)  # fmt: skip
"""Names of the two directions of x, y and z, the positive one first: the patient's own sides."""

UP: Final = {
    "S": msg("front"), "P": msg("back"), "DL": msg("right"), "DR": msg("left"),
}  # fmt: skip
"""Which side is up by how the patient lies: on the back, the front, the left or the right side."""

MOST: Final = 3
"""Limits that one line names."""

TINY: Final = 1e-6


def toward(shift_mm: Vector, words: Words) -> str:
    """Return where a shift leads: ``left``, or ``left-front-head`` where it leads along several."""
    names = [
        words(pair[0] if part > 0 else pair[1])
        for part, pair in zip(shift_mm, AXES, strict=True)
        if abs(part) > TINY
    ]
    return "-".join(names)


def cell_lines(row: ConstraintResult, known: LimitRobustness, words: Words) -> tuple[str, ...]:
    """Return a limit with the patient elsewhere, a short line for each length of the shifts."""
    lines = [f"{radius} mm: {_value(row, one, words)}" for radius, one in known.radius_mm.items()]
    if known.setup is not None:
        lines.append(_chance(known.setup, words))
    return tuple(lines)


def _value(row: ConstraintResult, one: AtRadius, words: Words) -> str:
    if one.worst is None or one.shift_mm is None:
        return "–"
    bounds = [b for b in (row.per_protocol_limit, row.minor_limit) if b is not None]
    value = rounded(one.worst, tuple(bounds)) + unit_text(row.unit)
    if row.unit == "bool":
        value = words(msg("yes")) if one.worst else words(msg("no"))
    text = f"{value} ({toward(one.shift_mm, words)})"
    if one.flips:
        verdict = words(WORDS[one.verdict])
        text += " " + words(msg("→ {verdict}, {count}/26"), verdict=verdict, count=one.flips)
    if one.unknown:
        text += words(msg("; {count}/26 without a value"), count=one.unknown)
    return text


def _chance(one: Chance, words: Words) -> str:
    if one.chance is not None and one.error is not None:
        return words(
            msg("met in {percent} ± {error} %"),
            percent=f"{100 * one.chance:.1f}", error=f"{100 * one.error:.1f}",
        )  # fmt: skip
    if one.low is None or one.high is None:
        return words(msg("chance not evaluable"))
    return words(
        msg("met in {low} to {high} %: {count} courses without a value"),
        low=f"{100 * one.low:.0f}", high=f"{100 * one.high:.0f}", count=one.unknown,
    )  # fmt: skip


def radii_text(review: CaseReview) -> str:
    """Return the lengths of the shifts: ``3 and 5`` as ``3, 5``."""
    found = dict.fromkeys(r for one in review.robustness.values() for r in one.radius_mm)
    return ", ".join(found)


def flipped(review: CaseReview) -> list[tuple[ConstraintResult, str, AtRadius]]:
    """Return limits that count and whose verdict a shift worsens, with the first length of it.

    Limits of a planning target volume, whose margin is made for such shifts, only where no other
    gets worse.
    """
    found = []
    for row in review.constraints:
        known = review.robustness.get(row.key)
        if known is None or not row.counts:
            continue
        for radius, one in known.radius_mm.items():
            worse = one.verdict.rank > row.verdict.rank
            if one.flips and worse and one.verdict is not Verdict.NOT_EVALUABLE:
                found.append((row, radius, one))
                break
    others = [one for one in found if not of_margin(one[0])]
    return others or found


def of_margin(row: ConstraintResult) -> bool:
    """Tell whether a limit is about a planning target volume, or what lies around it."""
    return "PTV" in row.of.upper()


def first_line(review: CaseReview, words: Words) -> str:
    """Return the line of page one; empty where no verdict changes for the worse."""
    found = flipped(review)
    if not found:
        return ""
    named = [
        words(
            msg("{structure} {metric} {verdict} at {radius} mm ({toward})"),
            structure=visible(row.structure), metric=visible(row.metric),
            verdict=words(WORDS[one.verdict]), radius=radius,
            toward=toward(one.shift_mm, words) if one.shift_mm else "",
        )
        for row, radius, one in found[:MOST]
    ]  # fmt: skip
    only_margin = all(of_margin(row) for row, _, _ in found)
    text = (
        words(
            msg("With the patient aside only limits of the planning target volume get worse, whose "
                "margin is made for such shifts: ")
        )
        if only_margin
        else words(msg("With the patient aside verdicts get worse: "))
    )  # fmt: skip
    text += words(msg("; ")).join(named)
    if len(found) > MOST:
        text += words(msg("; and {count} more"), count=len(found) - MOST)
    return text + words(msg("."))


def rose(review: CaseReview, words: Words) -> str:
    """Return the rose of the first distance at which a verdict gets worse; empty without one."""
    found = flipped(review)
    if not found:
        return ""
    radius = min((r for _, r, _ in found), key=float)
    worst = [Verdict.PER_PROTOCOL] * len(DIRECTIONS)
    shown = {row.key for row, _, _ in found}
    for row in review.constraints:
        one = review.robustness[row.key].radius_mm.get(radius) if row.key in shown else None
        for place, verdict in enumerate(one.verdicts if one else ()):
            if verdict.rank > max(worst[place].rank, row.verdict.rank):
                worst[place] = verdict
    sides = [words(name) for pair in AXES for name in pair]
    left, right, back, front, head, feet = sides
    title = words(
        msg("What verdicts become with the patient {radius} mm aside, seen from the feet"),
        radius=radius,
    )
    level = words(msg("level"))
    told = RoseWords(title, head, level, feet, left, right, front, back)
    return rose_svg(worst, told)


def notes(review: CaseReview, words: Words) -> tuple[str, ...]:
    """Return what the column means and what it does not know; nothing where nothing was asked."""
    return tuple(_notes(review, words)) if review.robustness else ()


def _notes(review: CaseReview, words: Words) -> Iterator[str]:
    if radii := radii_text(review):
        yield words(
            msg("Patient aside: the worst value when the patient lies {radii} mm off in any of 26 "
                "directions, and where to. The dose stays as it is and the structures move as one "
                "body: neither the change of the dose in a moved patient nor deformation of organs "
                "is in it."),
            radii=radii,
        )  # fmt: skip
        yield words(
            msg("Left and right are the patient's own, front is the chest, feet and head are as in "
                "the body, however the patient lies.")
        )  # fmt: skip
        if up := _up(review):
            yield words(
                msg("In this position ({position}) {side} is up."),
                position=up[0],
                side=words(up[1]),
            )
    yield from _about_setup(review, words)
    whys: dict[str, None] = {}
    for one in review.robustness.values():
        reasons = [at.reason for at in one.radius_mm.values()]
        reasons += [one.setup.reason] if one.setup else []
        whys |= {words.sentence(why.detail): None for why in reasons if why is not None}
    for text in list(whys)[: 2 * MOST]:
        yield words(msg("Without a value: ")) + text


def _up(review: CaseReview) -> tuple[str, str] | None:
    """Return how the patient lies and which side is up; None where that is not known."""
    if isinstance(review.plan, Reason):
        return None
    position = review.plan.patient_position
    side = UP.get(position[2:]) if position[:2] in ("HF", "FF") else None
    return None if side is None else (visible(position), side)


def _about_setup(review: CaseReview, words: Words) -> Iterator[str]:
    drawn = review.setup
    if drawn is None:
        return
    yield words(
        msg("Chance with setup errors: {draws} courses of {fractions} fractions drawn (seed "
            "{seed}), normal, standard deviations left-right, front-back, head-feet: systematic "
            "{systematic} mm, random {random} mm. ± is the standard error of the draws; the dose "
            "is static and nothing deforms."),
        draws=drawn.draws, fractions=drawn.fractions, seed=drawn.seed,
        systematic=", ".join(f"{v:g}" for v in drawn.systematic_mm),
        random=", ".join(f"{v:g}" for v in drawn.random_mm),
    )  # fmt: skip
