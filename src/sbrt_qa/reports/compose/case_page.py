"""The whole report of one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.compose import (
    beside,
    clinical,
    counts,
    decision,
    elsewhere,
    plain,
    report_tables,
)
from sbrt_qa.reports.compose.advice import level_for_all
from sbrt_qa.reports.compose.concerns import apart, concerns, deviating
from sbrt_qa.reports.compose.facts import brief, facts, methods
from sbrt_qa.reports.compose.for_readers import for_readers, in_plain_words
from sbrt_qa.reports.compose.glance import glance
from sbrt_qa.reports.compose.organ_names import named
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.page import Fact, Report
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.submission import Occasion

TITLE: Final = msg("Review of an SBRT plan against its protocol")
DISCLAIMER: Final = msg("For protocol review only. Not for treatment decisions.")

ADVICE: Final = {
    ReasonCode.STRUCTURE_MISSING: msg(
        "Contour it, or say which structure of the plan it is, and submit again."
    ),
    ReasonCode.STRUCTURE_EMPTY: msg("Contour it and submit again."),
    ReasonCode.NO_DOSE: msg("Export the plan again with its dose."),
    ReasonCode.OUTSIDE_DOSE_GRID: msg(
        "Calculate the dose on a grid that holds the whole structure."
    ),
}
"""What to do about a limit that cannot be evaluated."""

UNKNOWN: Final = Occasion()

LEGEND: Final = msg(
    "P: priority, in brackets where the limit does not decide the case. Minor: how far a deviation "
    "is minor, or that it never or always is major. Margin: distance to the limit, negative where "
    "it is missed."
)

SIGNATURES: Final = (
    msg("Physics reviewer"),
    msg("Oncology reviewer"),
)


def compose(
    review: CaseReview,
    evidence: Evidence | None = None,
    language: str = "en",
    occasion: Occasion = UNKNOWN,
) -> Report:
    """Return the report of one case in one language.

    Parameters
    ----------
    evidence
        What pictures are drawn from; without it there are none.
    occasion
        Whose submission it is, and when the report was made.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    wrong, told = concerns(review, evidence, words), facts(review, occasion, words)
    others = report_tables.check_rows(_read_first(review), words, good=False)
    return Report(
        language=language,
        standing=words.sentence(review.protocol.standing),
        title=words(TITLE),
        subject=visible(review.subject),
        plan=visible(review.case) or words(msg("(no label)")),
        mark=mark_of(review.verdict, words),
        headline=words(decision.headline(review)),
        summary=summary(review, words),
        next_step=words(step) if (step := decision.next_step(review)) else "",
        facts=told,
        glance=glance(wrong, others),
        concerns=wrong,
        apart=others,
        unknown=_unknown(review, words),
        unsure=_told(review, words, plain.unsure),
        by_convention=_told(review, words, plain.by_convention),
        limits=report_tables.limit_rows(review, evidence, words),
        limits_legend=words(LEGEND),
        findings=report_tables.check_rows(_worst_first(review.findings), words, good=False),
        passed=report_tables.check_rows(review.passed, words, good=True),
        passed_counted=_passed_counted(review, words),
        structures=report_tables.structure_rows(review, evidence, words),
        names=_names(review, words),
        site_values=report_tables.comparison_table(review.site_values, words),
        cross_check=report_tables.comparison_table(review.cross_check, words),
        repairs=report_tables.repair_table(review, words),
        notes=tuple(words.sentence(note) for note in review.notes),
        methods=methods(review, words),
        inputs=report_tables.input_table(review, words),
        origin=words.sentence(visible(" ".join(review.protocol.statement.split()))),
        signatures=tuple(words(text) for text in SIGNATURES),
        signed=words(msg("What is signed: the review with SHA-256 {hash}."), hash=review.sha256),
        disclaimer=words(DISCLAIMER),
        evidence_notes=_evidence_notes(evidence, words),
        targets=report_tables.target_table(review, words),
        not_told=tuple(_not_told(review, words)),
        beside=beside.table(review, words),
        beside_brief=beside.brief(review, words),
        small_liver=beside.small_liver(review, words),
        aside=elsewhere.first_line(review, words),
        aside_notes=elsewhere.notes(review, words),
        rose=elsewhere.rose(review, words),
        brief=brief(told, words),
        asked=_asked(occasion, words),
        **_in_short(review, words),
    )


def _in_short(review: CaseReview, words: Words) -> dict[str, str]:
    """Return the clinical sentence of a plan, and the proposal for it as a whole."""
    missed = tuple(deviating(review).values())
    level = level_for_all([one for results in missed for one in results], review, words)
    return {
        "clinical": clinical.sentence(review, missed, words),
        "proposal": clinical.proposal(review, missed, level, words),
    }


def _asked(occasion: Occasion, words: Words) -> tuple[Fact, ...]:
    """Return by when an answer is due and what is asked, where that is known."""
    due = occasion.due.isoformat() if occasion.due else ""
    told = ((msg("Answer by"), due), (msg("Question to the site"), words.sentence(occasion.query)))
    return tuple(Fact(words(label), text) for label, text in told if text)


def _not_told(review: CaseReview, words: Words) -> Iterator[str]:
    """Yield the checks that had nothing to look at, a sentence for each reason."""
    for message, found in counts.by_message(review.not_told).items():
        why = words.sentence(message)
        titles = words(msg("; ")).join(words.sentence(f.title) for f in found)
        yield why[:1].upper() + why[1:] + words(msg(": ")) + titles + words(msg("."))


def summary(review: CaseReview, words: Words) -> str:
    """Return how many limits and checks have which verdict, worst first; others apart."""
    limits = counts.of_limits(review)
    told = words(msg(", ")).join(_counted(c, words) for c in limits) or words(msg("none counts"))
    text = words.sentence(counted(len(review.constraints), "limit")) + words(msg(": ")) + told
    if without := counts.unjudged(review):
        text += words(msg("; {count} not judged"), count=without)
    if others := counts.reported_only(review):
        text += words(msg("; {count} reported only"), count=others)
    if unrelied := counts.not_relied_on(review):
        text += words(msg("; {count} not relied on"), count=unrelied)
    return text + _checks_counted(review, words)


def _counted(count: counts.Count, words: Words) -> str:
    word = mark_of(count.verdict, words).word
    text = words(msg("{count} {verdict}"), count=count.number, verdict=word)
    if count.borderline:
        text += words(msg(" ({count} borderline)"), count=count.borderline)
    if count.by_convention:
        text += words(msg(" ({count} by convention)"), count=count.by_convention)
    return text


def _checks_counted(review: CaseReview, words: Words) -> str:
    checks = counts.of_checks(review)
    if not checks:
        return ""
    told = words(msg(", ")).join(
        words(msg("{count} nothing found"), count=c.number)
        if c.verdict is Verdict.PER_PROTOCOL
        else _counted(c, words)
        for c in checks
    )
    number = words.sentence(counted(sum(c.number for c in checks), "check"))
    return f" · {number}" + words(msg(": ")) + told


def _passed_counted(review: CaseReview, words: Words) -> str:
    """Return how many checks of each group found nothing, whatever they looked at."""
    telling = {f.code for f in review.findings}
    groups = Counter({f.code: f.group for f in review.passed if f.code not in telling}.values())
    if not groups:
        return ""
    told = (f"{words.sentence(group)} {count}" for group, count in groups.items())
    number = words.value(counted(groups.total(), "check"))
    return number + words(msg(": ")) + words(msg(", ")).join(told)


def _read_first(review: CaseReview) -> list[Finding]:
    """Return what checks found apart from the structures with deviations, as page one tells it."""
    return [for_readers(f) for f in _worst_first(apart(review))]


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: -1 if f.verdict is None else f.verdict.rank, reverse=True)


def _unknown(review: CaseReview, words: Words) -> tuple[Fact, ...]:
    """Return why limits that count are not evaluable, and which."""
    groups: dict[str, list[str]] = {}
    for c in review.constraints:
        if c.counts and isinstance(c.reason, Reason):
            told = f"{named(c.structure, words)} {visible(c.metric)}"
            reason = words.sentence(in_plain_words(c.reason.detail)).rstrip(".。") + words(msg("."))
            if c.reason.code in ADVICE:
                reason = words.run(reason, words(ADVICE[c.reason.code]))
            groups.setdefault(reason, []).append(told)
    return tuple(Fact(reason, ", ".join(dict.fromkeys(told))) for reason, told in groups.items())


def _told(
    review: CaseReview, words: Words, tell: Callable[[ConstraintResult, Words], str]
) -> tuple[str, ...]:
    """Return one sentence for each limit that counts and of which there is something to tell."""
    return tuple(
        f"{named(c.structure, words)} {visible(c.metric)}" + words(msg(": ")) + text
        for c in review.constraints
        if c.counts and (text := tell(c, words))
    )


def _names(review: CaseReview, words: Words) -> tuple[str, ...]:
    """Return which ROIs stand for which names, where the name alone does not say it."""
    told = {
        f"{visible(m.protocol_name)} ← {visible(', '.join(m.plan_names))}: "
        f"{words.sentence(m.rule)}": None
        for c in review.constraints
        if (m := c.match) and m.plan_names != (m.protocol_name,)
    }
    return tuple(told)


def _evidence_notes(evidence: Evidence | None, words: Words) -> tuple[str, ...]:
    if evidence is None:
        return (
            words(msg("This report was made without the plan's files, so it has no pictures.")),
        )
    notes = tuple(words.sentence(note) for note in evidence.notes)
    if not evidence.curves:
        return (*notes, words(msg("There is nothing to draw: structures with a dose are needed.")))
    return notes
