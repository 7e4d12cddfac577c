"""Plans side by side, composed: the scorecard, curves of each structure, where the dose differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.metric_meaning import ABOVE, BELOW
from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence, Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.protocol.limit_result import ConstraintResult, value_text
from sbrt_qa.reports.compose.case_page import DISCLAIMER, summary
from sbrt_qa.reports.compose.concerns import prescription_gy
from sbrt_qa.reports.compose.facts import brief, facts
from sbrt_qa.reports.compose.limit_points import markers
from sbrt_qa.reports.compose.organ_names import named
from sbrt_qa.reports.compose.verdict_words import bound_text, limit_mark, mark_of
from sbrt_qa.reports.figures.palette import colour_of, colours
from sbrt_qa.reports.page import Fact
from sbrt_qa.reports.plans.difference_pictures import difference_drawings, difference_of
from sbrt_qa.reports.plans.overlaid_curves import PlanCurve, overlaid_svg
from sbrt_qa.reports.plans.plans_page import PlanColumn, PlanDrawing, PlansPage, ScoreCell, ScoreRow

MOST_PLANS: Final = 8
"""More curves could not be told apart."""

MOST_CURVES: Final = 24
"""Structures with a picture; further ones stand in the table."""

LETTERS: Final = "ABCDEFGH"

TITLE: Final = msg("Plans side by side")
LEGEND: Final = msg(
    "Bold with a star: no other plan has a better value of this limit. Values are compared as they "
    "are computed, not as they are shown. P: priority, in brackets where the limit does not decide."
)
LABELS: Final = {
    "plans": msg("The plans"), "plan": msg("plan"), "verdict": msg("verdict"),
    "score": msg("Scorecard"), "structure": msg("structure"), "metric": msg("metric"),
    "limit": msg("limit"), "priority": msg("P"), "best": msg("best value in"),
    "curves": msg("Dose-volume histograms"), "differences": msg("Where the dose differs"),
    "viewer": msg("The dose difference in the images"), "other": msg("Plan B, beside plan A"),
    "laid": msg(
        "Plan A in its images, plan B laid over it. The number under the pointer is the trilinear "
        "dose of each file, and A less B: positive where A has more. The picture, and structures "
        "drawn through, are those of A."
    ),
    "page": msg("page {page} of {pages}"),
}  # fmt: skip

SAME_VALUE: Final = 1e-9
"""Relative difference up to which two values are the same."""

_BRIEF: Final = (msg("Subject"), msg("Prescribed"), msg("Stated by the user"))


def compose_plans(plans: Sequence[Reviewed], language: str = "en") -> PlansPage:
    """Return plans side by side in one language, the first being what others are held against.

    Raises
    ------
    UsageError
        There is no such language.
    ValueError
        There are not two to `MOST_PLANS` plans.
    """
    if not 2 <= len(plans) <= MOST_PLANS:
        problem = f"two to {MOST_PLANS} plans are put side by side, not {len(plans)}"
        raise ValueError(problem)
    words = Words(language)
    rows = tuple(_rows(plans, words))
    differences, notes = _differences(plans, words)
    standing = dict.fromkeys(words.sentence(p.review.protocol.standing) for p in plans)
    return PlansPage(
        language=language,
        title=words(TITLE),
        standing=" ".join(standing),
        columns=tuple(_column(p, n, rows, words) for n, p in enumerate(plans)),
        rows=rows,
        curves=tuple(_curves(plans, words)),
        differences=differences,
        notes=notes,
        legend=words(LEGEND),
        disclaimer=words(DISCLAIMER),
        labels={key: words(text) for key, text in LABELS.items()},
    )


def name_of(plans: Sequence[Reviewed], number: int, words: Words) -> str:
    """Return the letter of a plan and its label."""
    label = visible(plans[number].review.case) or words(msg("(no label)"))
    return f"{LETTERS[number]} · {label}"


def _column(plan: Reviewed, number: int, rows: Sequence[ScoreRow], words: Words) -> PlanColumn:
    review = plan.review
    told: tuple[Fact, ...] = brief(facts(review, plan.occasion, words), words)
    wanted = {words(label) for label in _BRIEF}
    return PlanColumn(
        letter=LETTERS[number],
        label=visible(review.case) or words(msg("(no label)")),
        mark=mark_of(review.verdict, words),
        facts=tuple(fact for fact in told if fact.label in wanted),
        summary=summary(review, words),
        best=sum(row.cells[number].best for row in rows),
    )


def _rows(plans: Sequence[Reviewed], words: Words) -> Iterator[ScoreRow]:
    """Yield a row for every limit of any plan: those that decide first, in protocol order."""
    found: dict[str, dict[int, ConstraintResult]] = {}
    for number, plan in enumerate(plans):
        for one in sorted(plan.review.constraints, key=lambda c: (not c.counts, c.priority)):
            found.setdefault(one.key, {})[number] = one
    for by_plan in sorted(found.values(), key=_place):
        one = next(iter(by_plan.values()))
        best = best_of(by_plan)
        bounds = dict.fromkeys(bound_text(c, words) for c in by_plan.values())
        yield ScoreRow(
            limit=visible(one.key),
            structure=named(one.structure, words),
            metric=visible(one.metric),
            bound=" / ".join(bounds),
            priority=str(one.priority) if one.counts else f"({one.priority})",
            cells=tuple(_cell(by_plan.get(n), words, best=n in best) for n in range(len(plans))),
        )


def _place(by_plan: Mapping[int, ConstraintResult]) -> tuple[bool, int]:
    """Return what sorts limits: those where a plan deviates first, then by the worst verdict."""
    counts = any(c.counts for c in by_plan.values())
    return not counts, -max(c.verdict.rank for c in by_plan.values())


def _cell(one: ConstraintResult | None, words: Words, *, best: bool) -> ScoreCell:
    if one is None:
        return ScoreCell("–", None)
    return ScoreCell(words.value(value_text(one)) or "–", limit_mark(one, words), best)


def best_of(by_plan: Mapping[int, ConstraintResult]) -> frozenset[int]:
    """Return the plans whose value of one limit no other plan betters; none where all are equal.

    Lower is better under an upper limit, higher under a lower one. A value that is not relied on
    takes no part, and of what is only reported none is better.
    """
    known = {
        n: c.value
        for n, c in by_plan.items()
        if c.value is not None and c.is_relied_on and c.unit != "bool"
    }
    ops = {by_plan[n].op for n in known}
    if len(known) < 2 or len(ops) != 1:
        return frozenset()
    (op,) = ops
    if op not in (*ABOVE, *BELOW):
        return frozenset()
    best = min(known.values()) if op in ABOVE else max(known.values())
    alike = SAME_VALUE * max(abs(v) for v in known.values())
    chosen = frozenset(n for n, v in known.items() if abs(v - best) <= alike)
    return chosen if len(chosen) < len(known) else frozenset()


def _curves(plans: Sequence[Reviewed], words: Words) -> Iterator[PlanDrawing]:
    """Yield the curves of every structure that a limit is about, targets first."""
    axes = (words(msg("Dose")), words(msg("Volume")))
    for key in _drawn_keys(plans)[:MOST_CURVES]:
        told: list[tuple[int, PlanCurve]] = []
        limits: dict[tuple[float, float | None], None] = {}
        for number, plan in enumerate(plans):
            evidence = plan.evidence
            if evidence is None or key not in evidence.curves:
                continue
            curve = evidence.curves[key]
            told.append((number, (name_of(plans, number, words), evidence.dose_axis_gy, curve)))
            limits |= dict.fromkeys(_limits(plan, evidence, key))
        title = named(key, words)
        svg = overlaid_svg(title, told, colour_of(key, {}), list(limits), axes)
        yield PlanDrawing(title, "", svg)


def _drawn_keys(plans: Sequence[Reviewed]) -> list[str]:
    """Return the keys of curves that limits are about: targets, then those that deviate."""
    order: dict[str, int] = {}
    for plan in plans:
        evidence = plan.evidence
        for one in plan.review.constraints if evidence is not None else ():
            key = evidence.curve_of.get(one.key, "") if evidence is not None else ""
            if evidence is not None and key in evidence.curves and one.counts:
                place = -1 if is_target_name(key) else Verdict.MAJOR.rank - one.verdict.rank
                order[key] = min(order.get(key, place), place)
    return sorted(order, key=lambda key: order[key])


def _limits(plan: Reviewed, evidence: Evidence, key: str) -> Iterator[tuple[float, float | None]]:
    curve, rx_gy = evidence.curves[key], prescription_gy(plan.review)
    for one in plan.review.constraints:
        if one.counts and evidence.curve_of.get(one.key) == key:
            for point in markers(one, curve, rx_gy)[0]:
                part = point.volume_cc
                if not point.minor:
                    whole = curve.volume_cc or 1.0
                    yield point.dose_gy, None if part is None else round(part / whole, 6)


def _differences(
    plans: Sequence[Reviewed], words: Words
) -> tuple[tuple[PlanDrawing, ...], tuple[str, ...]]:
    """Return pictures of each plan's difference to the first, and why there is none."""
    drawn: list[PlanDrawing] = []
    notes: list[str] = []
    for number in range(1, len(plans)):
        names = name_of(plans, number, words), name_of(plans, 0, words)
        made = _difference(plans[0], plans[number], names, words, f"plan{number}-")
        if isinstance(made, str):
            notes.append(f"{names[0]}: {made}")
        else:
            drawn += made
    return tuple(drawn), tuple(notes)


def why_apart(one: Evidence, other: Evidence) -> str:
    """Return why two doses may not be laid over each other; empty where they may.

    They have to be stated to lie in one frame of reference, and not on two different images.
    """
    frames = [e.dose.frame_of_reference_uid for e in (one, other) if e.dose is not None]
    if len(frames) < 2 or not all(frames):
        return UNSTATED_FRAME
    if frames[0] != frames[1]:
        return OTHER_FRAME
    images = one.image, other.image
    if images[0] is None or images[1] is None:
        return ""
    series = {image.series_uid for image in images if image is not None} - {""}
    if len(series) < 2 or np.array_equal(images[0].hu, images[1].hu):
        return ""
    return OTHER_IMAGE


OTHER_FRAME: Final = msg("it lies in another frame of reference: doses cannot be subtracted.")
UNSTATED_FRAME: Final = msg(
    "the files do not state in which frame of reference both doses lie: they are not subtracted."
)
OTHER_IMAGE: Final = msg(
    "it was planned on other images than the first: doses are not laid over each other."
)


def _difference(
    first: Reviewed, later: Reviewed, names: tuple[str, str], words: Words, identity: str
) -> list[PlanDrawing] | str:
    one, other = first.evidence, later.evidence
    if one is None or other is None or one.dose is None or other.dose is None:
        return words(msg("its dose cannot be held against the first: one of both has none."))
    if why := why_apart(one, other):
        return words(why)
    found = difference_of(one.dose, other.dose)
    if found is None:
        return words(msg("a dose of one plane cannot be subtracted."))
    targets = [key for key in one.structures if is_target_name(key)][:3]
    level_gy = prescription_gy(first.review) or one.dose.max_gy
    known = colours(one.structures)
    made = list(difference_drawings(found, one, targets, level_gy, names, known, words, identity))
    return made or words(msg("the same dose as the first."))
