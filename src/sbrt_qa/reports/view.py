"""A review as words and rounded numbers, decided once for every format that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.outcome import Band, Finding, ReasonCode, Verdict
from sbrt_qa.protocol import wording
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports import counts
from sbrt_qa.reports.case_text import course_text, part_lines
from sbrt_qa.review.case_review import CaseReview, PlanSummary
from sbrt_qa.second_opinion.second_opinion import TOLERANCE_SOURCE, Comparison

NOT_FOR_TREATMENT = "For protocol review only. Not for treatment decisions."

UNTESTED = "no self-test recorded: run sbrt-qa selftest"
"""Said of an engine without a self-test."""

BORDERLINE = "≈"
"""Sign of a verdict that changes within the uncertainty of its value."""

CONVENTION = "~"
"""Sign of a verdict that changes only within the spread of its value."""

LEGEND = (
    "P: priority, in brackets where the limit does not decide the case. "
    "minor: bound of a minor deviation; any: never worse than minor; none: never minor."
)

BAND_LEGEND = (
    "uncertainty: where the true value may lie, given the file; "
    f"{BORDERLINE}: borderline, the verdict changes within it. "
    "spread: what other planning systems would print; "
    f"{CONVENTION}: the verdict changes within it only and depends on the convention. "
    "Below each stands what widens it most."
)

NO_ROOM_LEGEND = (
    "Uncertainty and spread have no room in this width; CSV, JSON, HTML and PDF show them. "
    f"{BORDERLINE}: the verdict changes within the uncertainty; {CONVENTION}: within the spread "
    "only."
)

WORDS = {
    Verdict.PER_PROTOCOL: "per protocol",
    Verdict.MINOR: "minor",
    Verdict.MAJOR: "MAJOR",
    Verdict.NOT_EVALUABLE: "not evaluable",
}
SIGNS = {
    Verdict.PER_PROTOCOL: "✓",
    Verdict.MINOR: "△",
    Verdict.MAJOR: "✕",
    Verdict.NOT_EVALUABLE: "?",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One limit, ready to print. All texts are safe to show; `value` is empty without a value.

    `uncertainty` and `spread` are the ends and the driver of each, empty without one; a verdict
    that changes within the first is `borderline`, one that changes within the second only
    `depends_on_convention`.
    """

    verdict: Verdict
    id: str
    priority: str
    structure: str
    metric: str
    value: str
    uncertainty: tuple[str, ...]
    spread: tuple[str, ...]
    limit: str
    minor: str
    margin: str
    source: str
    borderline: bool
    is_relied_on: bool = True
    depends_on_convention: bool = False


def legend(review: CaseReview, *, bands_shown: bool) -> str:
    """Return what the columns of the table of limits mean, and whether bands had no room."""
    if not any(c.band for c in review.constraints):
        return LEGEND
    return f"{LEGEND} {BAND_LEGEND if bands_shown else NO_ROOM_LEGEND}"


NOT_RELIED_ON = "not relied on"
"""Word in place of the verdict where a find disowns what a value was computed from."""


def verdict_text(verdict: Verdict) -> str:
    """Return sign and word, for example ``✕ MAJOR``."""
    return f"{SIGNS[verdict]} {WORDS[verdict]}"


def rows(review: CaseReview) -> list[Row]:
    """Return the limits as rows in the review's order, which is worst first."""
    return [_row(c) for c in review.constraints]


def header_lines(review: CaseReview) -> list[tuple[str, str]]:
    """Return what is said of the case above the table, as pairs of label and text."""
    protocol = review.protocol
    version = f"{protocol.id} {protocol.version} · sha256 {protocol.sha256[:12]}"
    version += f" · {protocol.chosen}" if protocol.chosen else ""
    parts = part_lines(
        review.plan, review.dose, review.structure_set, len(review.structures), review.image
    )
    course = [("Course", course_text(review.course))] if review.course else []
    lines = [("Plan", _plan_label(review)), *course, *parts, ("Protocol", version)]
    if rules := rules_text(review):
        lines.append(("Liver rules", rules))
    return [(label, visible(text)) for label, text in lines]


def standing_lines(reviews: Sequence[CaseReview]) -> list[str]:
    """Return whether the protocols are drafts or who approved them, each line once."""
    return list(dict.fromkeys(visible(review.protocol.standing) for review in reviews))


def rules_text(review: CaseReview) -> str:
    """Return which rules of the liver are in force, as one line; empty where none is."""
    rules = (review.protocol.liver_rule, review.protocol.remnant_rule)
    return visible("; ".join(rule for rule in rules if rule))


def minor_text(bound: float | None, minor: float | None, beyond: str) -> str:
    """Return the bound of minor; ``any`` when nothing is worse, ``none`` when nothing is minor."""
    if bound is None:
        return ""
    if minor is not None:
        return f"{minor:g}"
    return "none" if beyond == Verdict.MAJOR else "any"


def count_text(review: CaseReview) -> str:
    """Return how many limits and checks have which verdict, worst first; others apart."""
    limits = counts.of_limits(review)
    without, others = counts.unjudged(review), counts.reported_only(review)
    rest = f"; {without} not judged" if without else ""
    rest += f"; {others} reported only" if others else ""
    unrelied = counts.not_relied_on(review)
    rest += f"; {unrelied} not relied on" if unrelied else ""
    told = ", ".join(map(_counted, limits)) or "none counts"
    number = counted(len(review.constraints), "limit")
    return f"{number}: {told}{rest}{_checks_counted(review)}"


def _counted(count: counts.Count) -> str:
    told = [f"{count.borderline} borderline"] if count.borderline else []
    told += [f"{count.by_convention} by convention"] if count.by_convention else []
    unsure = f" ({', '.join(told)})" if told else ""
    return f"{count.number} {WORDS[count.verdict] if count.verdict else 'information'}{unsure}"


def _checks_counted(review: CaseReview) -> str:
    """Return how many plan checks say what; empty where none was made."""
    checks = counts.of_checks(review)
    told = (
        f"{c.number} nothing found" if c.verdict is Verdict.PER_PROTOCOL else _counted(c)
        for c in checks
    )
    number = counted(sum(c.number for c in checks), "check")
    return f" · {number}: {', '.join(told)}" if checks else ""


def reasons_grouped(review: CaseReview) -> dict[str, list[str]]:
    """Return why limits are not evaluable: reason -> ids of the limits, as in the protocol."""
    groups: dict[str, list[str]] = {}
    for c in review.constraints:
        if c.reason is not None:
            groups.setdefault(visible(c.reason.detail), []).append(visible(c.id))
    return groups


def borderline_lines(review: CaseReview) -> list[str]:
    """Return one sentence for every verdict that changes within the uncertainty of its value."""
    return [c.borderline_text for c in review.constraints if c.borderline_text]


def convention_lines(review: CaseReview) -> list[str]:
    """Return one sentence for every verdict that depends on the convention."""
    return [c.convention_text for c in review.constraints if c.convention_text]


def names_told(review: CaseReview) -> list[str]:
    """Return which ROIs stand for which names, where the name alone does not say it."""
    told = {
        f"{m.protocol_name} ← {', '.join(m.plan_names)}: {m.rule}": None
        for c in review.constraints
        if (m := c.match) and m.plan_names != (m.protocol_name,)
    }
    return [visible(text) for text in told]


def notes(review: CaseReview) -> list[str]:
    """Return the notes on limits that have a value, or whose structure is too small for one."""
    return [
        visible(f"{c.id}: {c.note}")
        for c in review.constraints
        if c.note and (c.reason is None or c.reason.code is ReasonCode.SMALLER_THAN_ASKED)
    ]


def finding_text(finding: Finding) -> str:
    """Return a finding as one line: code, place, message, advice."""
    where = f"{finding.where}: " if finding.where else ""
    advice = f". {finding.advice}" if finding.advice else ""
    bounds = ", ".join(
        f"{word} {value}"
        for word, value in (("expected", finding.expected), ("tolerance", finding.tolerance))
        if value
    )
    said = f"{finding.message.rstrip('.')}{f' ({bounds})' if bounds else ''}"
    return visible(f"{finding.code}  {where}{said}{advice}")


def finding_parts(finding: Finding) -> tuple[str, str]:
    """Return the heading of a find, its code, title and group, and what was found.

    A find of no check has no title, and its text stands in the heading.
    """
    if not finding.title:
        return finding_text(finding), ""
    heading = f"{finding.code}  {finding.title} · {finding.group}"
    return visible(heading), finding_text(finding).removeprefix(f"{visible(finding.code)}  ")


def passed_text(review: CaseReview) -> str:
    """Return how many checks of each group found nothing, whatever they looked at."""
    telling = {f.code for f in review.findings}
    quiet = {f.code: f.group for f in review.passed if f.code not in telling}
    groups = Counter(quiet.values())
    told = ", ".join(f"{group} {count}" for group, count in groups.items())
    return visible(f"{len(quiet)}: {told} (what each looked at: --all-checks)")


def not_told_lines(review: CaseReview) -> list[str]:
    """Return the checks that had nothing to look at by their reasons, one line each."""
    return [
        visible(f"{message}: {', '.join(f.title for f in found)}")
        for message, found in counts.by_message(review.not_told).items()
    ]


def comparison_cells(row: Comparison) -> tuple[str, ...]:
    """Return our value, the other, difference, tolerance, and a sign of agreement."""
    numbers = (row.ours, row.other, row.difference, row.tolerance)
    sign = {None: "?", True: "✓", False: "△"}[row.agrees]
    ours, other, difference, tolerance = ("–" if n is None else f"{n:.2f}" for n in numbers)
    signed = difference if row.difference is None else f"{row.difference:+.2f}"
    return (ours, other, signed, tolerance, sign)


def comparison_notes(rows: Sequence[Comparison]) -> list[str]:
    """Return how many values agree, with whom, and why others do not, each cause once."""
    judged = [row for row in rows if row.agrees is not None]
    agreeing = sum(row.agrees is True for row in judged)
    origins = ", ".join(dict.fromkeys(row.origin for row in rows))
    lines = [f"{agreeing} of {len(judged)} values agree with {origins}. {TOLERANCE_SOURCE}."]
    why: dict[str, list[str]] = {}
    for row in rows:
        for text in row.told:
            why.setdefault(text, []).append(f"{row.structure} {row.metric}")
    lines += [f"{', '.join(names)}: {text}" for text, names in why.items()]
    return [visible(line) for line in lines]


def origin_lines(review: CaseReview) -> list[str]:
    """Return where the numbers come from."""
    engine = f"sbrt_qa {review.engine.version}; {review.engine.convention}"
    tested = f"self-test {review.engine.self_test}" if review.engine.self_test else UNTESTED
    lines = [visible(f"Computed by {engine}; {tested}.")]
    if review.protocol.statement:
        lines.append(visible(" ".join(review.protocol.statement.split())))
    return [*lines, NOT_FOR_TREATMENT]


def _row(c: ConstraintResult) -> Row:
    bound = wording.shown_bound(c, c.per_protocol_limit)
    return Row(
        verdict=c.verdict,
        id=visible(c.id),
        priority=str(c.priority) if c.counts else f"({c.priority})",
        structure=wording.structure_text(c),
        metric=visible(c.metric),
        value=wording.value_text(c),
        uncertainty=_interval(wording.band_text(c), c.band),
        spread=_interval(wording.spread_text(c), c.spread),
        limit=wording.bound_text(c.op, bound, wording.unit_text(c.unit)),
        minor=minor_text(bound, wording.shown_bound(c, c.minor_limit), c.beyond),
        margin="" if c.margin is None else wording.rounded(c.margin + 0.0, (0.0,), signed=True),
        source=visible(", ".join(c.source)),
        borderline=c.borderline,
        is_relied_on=c.is_relied_on,
        depends_on_convention=c.depends_on_convention,
    )


def _interval(ends: str, band: Band | None) -> tuple[str, ...]:
    return () if band is None else (ends, band.driver)


def _plan_label(review: CaseReview) -> str:
    plan = review.plan
    parts = [review.case or "(no label)"]
    parts += [f"subject {review.subject}"] if review.subject else []
    parts += [f"site {review.site}"] if review.site else []
    if isinstance(plan, PlanSummary):
        parts += [part for part in (plan.approval.lower(), plan.intent.lower()) if part]
    return " · ".join(parts)
