"""Why a deviation matters, and what may settle it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.reports.compose.marks import number_text
from sbrt_qa.reports.compose.plain import spec_of
from sbrt_qa.reports.words import Words, msg
from sbrt_qa.review.result import CaseReview, PlanSummary

WHY: Final = (
    ("Duodenum", msg("A small part of the duodenum at a high dose can ulcerate, bleed or "
                     "perforate.")),
    ("Stomach", msg("A small part of the stomach at a high dose can ulcerate, bleed or "
                    "perforate.")),
    ("Bowel_Small|Jejunum|Ileum", msg("A small part of the small bowel at a high dose can "
                                      "ulcerate, perforate or become obstructed.")),
    ("Bowel_Large|Colon|Rectum", msg("A small part of the large bowel at a high dose can bleed, "
                                     "perforate or form a fistula.")),
    ("Bowel|SmallBowel", msg("A small part of the bowel at a high dose can ulcerate, bleed or "
                             "perforate.")),
    ("Esophagus", msg("The oesophagus can ulcerate, narrow or form a fistula.")),
    ("SpinalCord|SpinalCanal|CaudaEquina|SacPlex", msg("Myelopathy or nerve damage does not "
                                                      "recover.")),
    ("Kidney", msg("Kidney function can be lost; what counts is the mean dose and the volume that "
                   "stays below the dose of the limit.")),
    ("Liver", msg("Too little liver is spared: the risk of radiation-induced liver disease "
                  "rises.")),
    ("BileDuct|CBD|Hilum", msg("The bile duct can narrow and obstruct.")),
    ("Gallbladder", msg("The gallbladder can become inflamed or perforate.")),
    ("Heart", msg("Pericarditis and late heart disease become more likely.")),
    ("GreatVes|Aorta|V_Cava|A_Pulm", msg("A large vessel can be damaged and bleed.")),
    ("Chestwall", msg("Chest-wall pain becomes likely.")),
    ("Rib", msg("A rib can break, with pain.")),
    ("Skin", msg("The skin can ulcerate or scar.")),
    ("Lung", msg("Pneumonitis becomes more likely.")),
    ("Bronchus|Trachea|ProximalBronch", msg("The airway can narrow or form a fistula.")),
    ("BrachialPlex", msg("Nerve damage does not recover.")),
    ("Spleen", msg("Lymphocytes pass through the spleen; their count can fall.")),
)  # fmt: skip
"""What an overdose does, by the start of the protocol's name."""

SPILL: Final = msg("High dose spills into healthy tissue around the target.")
HOTSPOT: Final = msg("The highest dose of the plan lies in healthy tissue.")
COLD: Final = msg("Part of the target gets less than was prescribed; the tumour may come back "
                  "there.")  # fmt: skip
HOT_TARGET: Final = msg("The dose within the target is higher than the protocol intends.")

LESS_COVERAGE: Final = msg(
    "Pull the {dose} isodose out of {structure}; where the target touches it, accept less coverage "
    "there."
)
COVERAGE_SECOND: Final = msg(
    "Pull the {dose} isodose out of {structure} first; the coverage that is lost beside it is for "
    "the reviewer to accept."
)
OAR_DRIVEN: Final = "OAR_DRIVEN"
"""Check that explains a gap in the target by organs at their limits; it names them."""

SCALE: Final = msg(
    "A step down to {dose}, a level of the protocol ({factor} of the dose), would meet it, and "
    "take as much from the target."
)
NO_SCALE: Final = msg(
    "Scaling the dose is no way out: it would take {factor} of it, {dose} instead of the "
    "prescription."
)
LEAST_SCALED: Final = 0.9
"""Part of its dose below which a scaled plan is another treatment: a step from 50 to 45 Gy."""

PRESCRIPTION: Final = "prescription"
"""Group of the checks that speak of the prescribed dose."""

TARGETS: Final = re.compile(r"(?:PTV|CTV|GTV|ITV|IGTV)(?![A-Za-z])")
INDICES: Final = ("R100", "R50", "CI", "PITV", "PaddickCI", "D2cm", "GI")


def why(results: Sequence[ConstraintResult], words: Words) -> str:
    """Return why the deviations of one structure matter; empty where nothing is known of it."""
    found: dict[str, None] = {}
    for result in results:
        text = _why(result)
        if text:
            found.setdefault(words(text))
    return " ".join(found)


def actions(
    results: Sequence[ConstraintResult],
    findings: Sequence[Finding],
    review: CaseReview,
    words: Words,
) -> tuple[str, ...]:
    """Return what may settle the deviations of one structure.

    What a check of the plan advises comes first. Where a check spoke of the prescription, nothing
    is said of scaling: the protocol's own levels decide then.
    """
    advice = [words.sentence(f.advice) for f in findings if f.advice]
    beside = at_their_limits(review)
    general = [text for result in _leading(results) for text in _action(result, beside, words)]
    leveled = any(f.group == PRESCRIPTION for f in findings)
    scaling = [] if leveled else list(_scaling(results, review, words))
    return tuple(dict.fromkeys([*advice, *general, *scaling]))


def notes(results: Sequence[ConstraintResult], words: Words) -> tuple[str, ...]:
    """Return what the protocol itself says about the limits, each once."""
    told = dict.fromkeys(visible(r.note) for r in results if r.note)
    return tuple(
        words(msg("The protocol says: {note}."), note=words.sentence(note)) for note in told
    )


def at_their_limits(review: CaseReview) -> tuple[str, ...]:
    """Return the organs that a check found at their limits beside a target with a gap."""
    found = (f.found.split(", ") for f in review.findings if f.code == OAR_DRIVEN and f.found)
    return tuple(name for names in found for name in names)


def _leading(results: Sequence[ConstraintResult]) -> Iterator[ConstraintResult]:
    """Yield one limit of each kind of metric: of doses the lowest, which settles the others."""
    by_kind: dict[str, list[ConstraintResult]] = {}
    for result in results:
        spec = spec_of(result)
        by_kind.setdefault(spec.kind if spec else "", []).append(result)
    for same in by_kind.values():
        yield min(same, key=lambda r: r.per_protocol_limit or 0.0)


def _why(result: ConstraintResult) -> str:
    spec = spec_of(result)
    kind = spec.kind if spec else ""
    if kind == "GlobalMaxInPTV":
        return HOTSPOT
    if kind in INDICES or result.structure.startswith("External"):
        return SPILL
    if TARGETS.match(result.structure):
        return COLD if _is_cold(result) else HOT_TARGET
    return next((text for start, text in WHY if re.match(start, result.structure)), "")


def _is_cold(result: ConstraintResult) -> bool:
    return result.op in (">=", ">")


def _action(result: ConstraintResult, beside: Sequence[str], words: Words) -> Iterator[str]:
    spec = spec_of(result)
    if spec is None:
        return
    if spec.kind in INDICES or spec.kind == "GlobalMaxInPTV":
        yield words(
            msg("Shape the dose more tightly around the target: smaller field margins, more beam "
                "directions, or a stronger ring objective.")
        )  # fmt: skip
    elif TARGETS.match(result.structure):
        yield _for_target(result, beside, words)
    else:
        yield _for_organ(result, spec, beside, words)


def _for_target(result: ConstraintResult, beside: Sequence[str], words: Words) -> str:
    if _is_cold(result) and beside:
        return words(
            msg("Raise the dose only where the limits of organs beside the target are kept, which "
                "come before coverage (at its limit: {organs}). The reviewer alone accepts the "
                "gap."),
            organs=", ".join(visible(name) for name in beside),
        )  # fmt: skip
    if _is_cold(result):
        return words(
            msg("Raise the dose where the picture shows the gap. If an organ beside it forbids "
                "that, name the organ in the submission.")
        )  # fmt: skip
    return words(msg("Lower the hot spot, or prescribe to another isodose."))


def _for_organ(
    result: ConstraintResult, spec: MetricSpec, beside: Sequence[str], words: Words
) -> str:
    name, limit = visible(result.structure), result.per_protocol_limit
    if spec.kind in ("D", "Max") and spec.unit == "Gy" and limit is not None:
        text = COVERAGE_SECOND if result.structure in beside else LESS_COVERAGE
        return words(text, dose=number_text(limit, "Gy"), structure=name)
    if spec.kind in ("V", "CV") and spec.argument_unit == "Gy":
        return words(
            msg("Move the {dose} isodose off {structure}: other beam directions, tighter fields."),
            dose=number_text(spec.amount, "Gy"), structure=name,
        )  # fmt: skip
    return words(
        msg("Spare more of {structure}: other beam directions, tighter fields, a smaller "
            "target if that is justified."),
        structure=name,
    )  # fmt: skip


def _scaling(
    results: Sequence[ConstraintResult], review: CaseReview, words: Words
) -> Iterator[str]:
    """Yield whether scaling the whole dose settles it: doses go with the prescription."""
    plan = review.plan
    if not isinstance(plan, PlanSummary) or not isinstance(plan.prescription_gy, float | int):
        return
    factors = [f for r in results if (f := _factor(r)) is not None]
    if not factors or len(factors) < len(results):
        return
    part, rx_gy = min(factors), plan.prescription_gy
    if part < LEAST_SCALED:
        yield words(NO_SCALE, factor=f"{100 * part:.0f} %", dose=f"{rx_gy * part:.1f} Gy")
    elif level := _level_gy(review, plan, part * rx_gy):
        yield words(SCALE, factor=f"{100 * level / rx_gy:.0f} %", dose=f"{level:g} Gy")


def _level_gy(review: CaseReview, plan: PlanSummary, most_gy: float) -> float | None:
    """Return the protocol's highest level with the plan's fractions up to a dose; None without."""
    doses = [
        gy
        for gy, fractions in review.protocol.levels
        if fractions == plan.fractions and gy <= most_gy
    ]
    return max(doses, default=None)


def _factor(result: ConstraintResult) -> float | None:
    """Return what part of its dose meets a limit; None where doses do not simply scale."""
    spec, limit, value = spec_of(result), result.per_protocol_limit, result.value
    if spec is None or spec.conversion is not None or not limit or not value:
        return None
    scales = spec.kind in ("D", "DC", "Mean", "Max") and spec.unit in ("Gy", "cGy")
    return limit / value if scales and result.op in ("<=", "<") and value > limit else None
