"""The plan in one clinical sentence, its deviations in order of harm, and one proposal for all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_meaning import Direction
from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Verdict, worst
from sbrt_qa.protocol.limit_result import (
    ConstraintResult,
    about_body,
    about_target,
    direction_of,
    meaning_in,
)
from sbrt_qa.reports.compose.decision import Basis, basis
from sbrt_qa.reports.compose.organ_names import named
from sbrt_qa.review.case_review import CaseReview

HARMS: Final = (
    r"SpinalCord|SpinalCanal|Cauda|SacPlex|BrachialPlex|Brainstem|Chiasm|OpticN"
    r"|Duodenum|Stomach|Bowel|SmallBowel|Jejunum|Ileum|Colon|Rectum|Esophagus|Anastomosis|Stent"
    r"|Bronch|Trachea|ProximalBronch|GreatVes|Heart|A_|V_|Liver",
    r"Kidney|Lung|BileDuct|Hepatobil|CHBT|Hilum|Bladder|Pancreas",
    r"Chestwall|Rib|Skin|Spleen|Gallbladder|Femur|FemoralH",
)
"""Organs by what an overdose can do: paralyse or kill, cost an organ's function, or hurt."""

COLD_TARGET, UNKNOWN_ORGAN, SHAPE = 1, 1, 3
"""Places of a target that is not covered, an organ not named above, and the shape of the dose."""

SHAPES: Final = (Direction.SPILLS, Direction.MISFITS, Direction.MISPLACED, Direction.TOO_FLAT,
                 Direction.UNEVEN)  # fmt: skip

TOO_MUCH: Final = msg("too much dose in {names}")
TOO_LITTLE: Final = msg("too little dose in {names}")
SPILLS: Final = msg("high dose spills around {names}")
SIZES: Final = msg("the volume of {names} is not as the protocol asks")
MODELS: Final = msg("the predicted risk of {names} is too high")

COVERED: Final = msg("{target} is covered ({percent} % of it gets the prescription)")
WITHIN: Final = msg("every organ at risk stays within its limits")

ONLY_SHAPE: Final = msg(
    "Keep the prescription and shape the dose more tightly; no organ at risk asks for less dose."
)
ORGANS_ONLY: Final = msg(
    "Make one new plan with the same prescription that brings down the dose in {organs}, in this "
    "order; keep the coverage of the target unless an organ of priority 1 touches it."
)
MINOR_ORGANS: Final = msg(
    "Keep the prescription and the coverage of the target; if one more optimisation can do it, "
    "lower the dose in {organs}."
)
TARGET_ONLY: Final = msg(
    "Make one new plan that raises the dose at the edge of {targets}; the organs beside it may "
    "come up to their limits, not beyond."
)
BOTH: Final = msg(
    "Make one new plan: first lower the dose in {organs} as far as the limits ask, then raise it "
    "in {targets} as far as they allow; explain the gap that remains."
)


def harm_order(result: ConstraintResult) -> tuple[int, float]:
    """Return what sorts missed limits by harm: kind of harm first, then how far beyond its limit.

    A limit of a shape of the dose comes after every organ and target.
    """
    bound = abs(result.per_protocol_limit or 0.0)
    far = abs(result.margin or 0.0) / bound if bound else 0.0
    return _harm(result), -far


def _harm(result: ConstraintResult) -> int:
    if _is_shape(result):
        return SHAPE
    if about_target(result):
        return COLD_TARGET
    return next((n for n, names in enumerate(HARMS) if re.match(names, result.of)), UNKNOWN_ORGAN)


def _is_shape(result: ConstraintResult) -> bool:
    meaning = meaning_in(result)
    around = meaning is not None and meaning.of_surroundings
    return around or about_body(result) or direction_of(result) in SHAPES


def sentence(review: CaseReview, groups: Sequence[Sequence[ConstraintResult]], words: Words) -> str:
    """Return the plan in one sentence: what deviates by what it does, or that all is as it should.

    Parameters
    ----------
    groups
        Missed limits that count, by structure, in order of harm.
    """
    if basis(review) is Basis.DOUBT:
        return ""
    worst_of = [(worst([one.verdict for one in results]), results) for results in groups]
    told = [
        words(_BY_VERDICT[verdict], told=words(msg(", ")).join(parts))
        for verdict in (Verdict.MAJOR, Verdict.MINOR)
        if (parts := list(_what([rs for v, rs in worst_of if v is verdict], verdict, words)))
    ]
    covered = _coverage(review, groups, words)
    if not told:
        if review.verdict is not Verdict.PER_PROTOCOL or not covered:
            return ""
        told = [words(WITHIN)]
    text = words(msg("; ")).join([*covered, *told])
    return text[:1].upper() + text[1:] + words(msg("."))


_BY_VERDICT: Final = {
    Verdict.MAJOR: msg("major: {told}"),
    Verdict.MINOR: msg("minor: {told}"),
}


def _what(
    groups: Sequence[Sequence[ConstraintResult]], verdict: Verdict, words: Words
) -> Iterator[str]:
    """Yield what deviates so far, organs of one kind of deviation together."""
    found: dict[str, dict[str, None]] = {}
    for results in groups:
        for one in results:
            if one.verdict is verdict:
                found.setdefault(_kind(one), {}).setdefault(named(one.structure, words))
    for kind, names in found.items():
        yield words(kind, names=words(msg(", ")).join(names))


def _kind(result: ConstraintResult) -> str:
    direction = direction_of(result)
    if _is_shape(result):
        return SPILLS
    if direction in (Direction.TOO_LARGE, Direction.TOO_SMALL):
        return SIZES
    if direction is Direction.MODEL:
        return MODELS
    return TOO_LITTLE if direction is Direction.TOO_COLD else TOO_MUCH


def _coverage(
    review: CaseReview, groups: Sequence[Sequence[ConstraintResult]], words: Words
) -> list[str]:
    """Return that the outermost target is covered, where none is found too cold."""
    if any(_kind(one) is TOO_LITTLE for results in groups for one in results):
        return []
    judged = [t for t in review.targets if t.role == "judged" and t.coverage_percent is not None]
    outer = [t for t in judged if t.kind == "PTV"] or judged
    passing = [t for t in outer if t.verdict in (Verdict.PER_PROTOCOL, Verdict.MINOR)]
    if len(outer) != len(passing) or not outer:
        return []
    worst = min(outer, key=lambda t: t.coverage_percent or 0.0)
    percent = f"{worst.coverage_percent or 0.0:.1f}"
    return [words(COVERED, target=visible(worst.name), percent=percent)]


def proposal(
    review: CaseReview, groups: Sequence[Sequence[ConstraintResult]], level: str, words: Words
) -> str:
    """Return one proposal for the plan as a whole; empty where no limit deviates.

    Parameters
    ----------
    groups
        As for `sentence`.
    level
        What is said of another level of prescription that settles every deciding limit, empty for
        none.
    """
    every = [one for results in groups for one in results]
    if not every or basis(review) in (Basis.DOUBT, Basis.DELIVERY):
        return ""
    deciding = [one for one in every if one.verdict is Verdict.MAJOR] or every
    hot = [one for one in deciding if not _is_shape(one) and not about_target(one)]
    cold = [one for one in deciding if _kind(one) is TOO_LITTLE and about_target(one)]
    organs, targets = (
        words(msg(", ")).join(dict.fromkeys(named(r.structure, words) for r in some))
        for some in (hot, cold)
    )
    if level and hot and not cold:
        return level
    if hot and cold:
        return words(BOTH, organs=organs, targets=targets)
    if cold:
        return words(TARGET_ONLY, targets=targets)
    if hot:
        major = deciding[0].verdict is Verdict.MAJOR
        return words(ORGANS_ONLY if major else MINOR_ORGANS, organs=organs)
    return words(ONLY_SHAPE)
