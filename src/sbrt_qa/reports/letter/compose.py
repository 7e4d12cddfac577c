"""A letter as a sheet, in the words of the case report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.compose import plain
from sbrt_qa.reports.compose.advice import COVERAGE_COST, actions
from sbrt_qa.reports.compose.case_page import DISCLAIMER
from sbrt_qa.reports.compose.concerns import deviating, of_structure
from sbrt_qa.reports.compose.decision import Basis, basis
from sbrt_qa.reports.compose.verdict_words import mark_of, structure_text
from sbrt_qa.reports.decision import decision_words
from sbrt_qa.reports.decision.printed_decision import PrintedDecision
from sbrt_qa.reports.letter.as_decided import labels, without_overridden
from sbrt_qa.reports.letter.letter_facts import Letter
from sbrt_qa.reports.letter.site_advice import to_site
from sbrt_qa.reports.sheet.sheet import Block, Heading, Paragraph, Sheet
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import NOT_REVIEWED

HEADINGS: Final = {
    Verdict.MAJOR: msg("Major deviations"),
    Verdict.NOT_EVALUABLE: msg("Not evaluable"),
    Verdict.MINOR: msg("Minor deviations"),
}
"""Sections of a letter, in their order."""

ASKED: Final = {
    Verdict.MAJOR: msg(
        "Please correct the plan and submit it again, or explain why it cannot be met."
    ),
    Verdict.NOT_EVALUABLE: msg("Please send what is missing, so that it can be evaluated."),
    Verdict.MINOR: msg("Please improve the plan if that is possible; otherwise state the reason."),
}
"""What is asked of the site, by verdict."""

OF_CODE: Final = {
    "IDENTIFIER_IN_": msg("there are names with what looks like a person, a number or a date"),
    "IDENTIFIER_ELEMENTS": msg("header elements that should be empty are not"),
    "IDENTIFIER_PRIVATE_TAGS": msg("the files hold private elements, which may hold anything"),
    "IDENTICAL_FILES": msg("identical files were sent for another subject of the trial"),
    "IDENTICAL_CONTENT": msg(
        "identical contours and dose were sent for another subject of the trial"
    ),
    "UIDS_SHARED": msg("files with UIDs of this patient were sent for another subject"),
    "CODES_ALIKE": msg(
        "the code is that of another subject or site but for the case or width of letters"
    ),
    "NAME_IS_NO_CODE": msg("a folder is not named by a code of the trial"),
}
"""What a finding of a submission says, by the beginning of its code."""

OPENING: Final = {
    Verdict.PER_PROTOCOL: msg("Everything that was evaluated is as the protocol wants it."),
    Verdict.MINOR: msg("It deviates from the protocol, within what is still minor."),
    Verdict.MAJOR: msg("It deviates from the protocol beyond what is still minor."),
    Verdict.NOT_EVALUABLE: msg("It cannot be held against the protocol as a whole."),
}

DECIDED: Final = {
    "accepted": msg("The review office accepted it."),
    "accepted with deviation": msg("The review office accepted it with a deviation."),
    "rejected": msg("The review office did not accept it."),
}
"""The sentence of a decision."""

LEFT_TO_REVIEWER: Final = msg("Nothing needs to be sent: the reviewer decides about these limits.")

CORRECT: Final = msg("Please correct the plan and submit it again.")

RESEND: Final = msg("Please export the submission again, complete, and send it.")

REFUSED: Final = msg("It could not be read, so nothing in it was evaluated.")


def letter_sheet(letter: Letter, words: Words) -> Sheet:
    """Return a letter as a document, the same for text, HTML and PDF."""
    blocks: list[Block] = [Paragraph(_opening(letter, words))]
    if letter.decision is not None:
        blocks += _decided(letter, letter.decision, words)
    for number, review in _reviews(letter):
        if len(letter.reviews) > 1:
            title = words(msg("Plan {number}: {name}"), number=number, name=visible(review.case))
            blocks.append(Heading(title))
        blocks += _plan(review, words, asks=letter.asks_for_plan)
    if asked := _asked(letter):
        blocks.append(Paragraph(words(asked)))
    blocks += _about_files(letter.findings, words)
    blocks.append(Paragraph(_closing(letter, words)))
    if letter.decision is not None:
        blocks += decision_words.signatures(letter.decision.signatures, words)
    title = words(msg("Review of submission {code}"), code=visible(letter.code))
    told = dict.fromkeys(words.sentence(r.protocol.standing) for r in letter.reviews)
    first, foot = " ".join(told), words(DISCLAIMER)
    return Sheet(title, _facts(letter, words), tuple(blocks), foot, words.language, first)


def _reviews(letter: Letter) -> Iterator[tuple[int, CaseReview]]:
    """Yield each plan; what the office judged otherwise than the program is told apart."""
    made = letter.decision
    for number, plan, review in letter.numbered():
        if made is None:
            yield number, review
            continue
        overridden = (one.key for one in made.overrides)
        kept = without_overridden(review, plan, overridden, asks=letter.asks_for_plan)
        yield number, kept


def _decided(letter: Letter, decision: PrintedDecision, words: Words) -> Iterator[Block]:
    """Yield where the office decided otherwise than the program, and what readers say."""
    called: dict[str, str] = {}
    for number, plan, review in letter.numbered():
        title = words(msg("Plan {number}"), number=number) + words(msg(": "))
        called |= labels(review, plan, title if len(letter.reviews) > 1 else "")
    yield from decision_words.overrides(decision, called, words)
    yield from decision_words.contours(decision, words)
    yield from decision_words.comments(decision, words)


def _asked(letter: Letter) -> str:
    """Return the sentence that asks the site for something; empty where nothing is asked."""
    if letter.decision is not None:
        return CORRECT if letter.asks_for_plan else ""
    if letter.verdict not in ASKED:
        return ""
    if letter.is_refused:
        return RESEND
    unjudged = [r for r in letter.reviews if r.verdict is letter.verdict]
    if unjudged and all(basis(review) is Basis.SIZE for review in unjudged):
        return LEFT_TO_REVIEWER
    return ASKED[letter.verdict]


def _facts(letter: Letter, words: Words) -> tuple[tuple[str, str], ...]:
    used = dict.fromkeys(f"{r.protocol.id} {r.protocol.version}" for r in letter.reviews)
    mark = mark_of(letter.verdict, words)
    facts = [
        *_top(letter, words),
        (words(msg("Trial")), visible(letter.trial)),
        (words(msg("Submission")), visible(letter.code)),
        (words(msg("Protocol")), visible(", ".join(used))),
        *_results(letter, f"{mark.sign} {mark.word}", words),
        (words(msg("Date")), letter.written),
    ]
    due = [(words(msg("Answer by")), letter.due)] if letter.asks else []
    head = [(words(msg("Audit record")), letter.top.head)] if letter.top.head else []
    return (*facts, *due, *head)


def _results(letter: Letter, program: str, words: Words) -> list[tuple[str, str]]:
    """Return the program's result; before it the office's decision where there is one."""
    if letter.decision is None:
        return [(words(msg("Result")), program)]
    outcome = decision_words.OUTCOME_WORDS[letter.decision.outcome]
    return [
        (words(msg("Decision")), words(outcome)),
        (words(msg("Decided at (UTC)")), letter.decision.at),
        (words(msg("Result of the program")), program),
    ]


def _top(letter: Letter, words: Words) -> list[tuple[str, str]]:
    """Return number, sender, contact and site, as far as they are known."""
    top = letter.top
    told = [
        (words(msg("Letter no.")), f"{top.number}" if top.number else ""),
        (words(msg("Sender")), _in_a_line(top.sender, words)),
        (words(msg("Contact")), _in_a_line(top.contact, words)),
        (words(msg("Site")), visible(top.site_name)),
    ]
    return [(label, text) for label, text in told if text]


def _in_a_line(text: str, words: Words) -> str:
    return words(msg(", ")).join(map(visible, text.splitlines()))


def _opening(letter: Letter, words: Words) -> str:
    reviewed = words(msg("The submission {code} was reviewed."), code=visible(letter.code))
    result = REFUSED if letter.is_refused else OPENING[letter.verdict]
    if letter.decision is not None:
        result = DECIDED[letter.decision.outcome]
    return " ".join((reviewed, words(result)))


def _closing(letter: Letter, words: Words) -> str:
    if letter.asks:
        return words(msg("Please answer by {due}."), due=letter.due)
    return words(msg("No answer is needed."))


# --- sections -----------------------------------------------------------------------------------


def _plan(review: CaseReview, words: Words, *, asks: bool) -> Iterator[Block]:
    """Yield what deviates in a plan, what may settle it if that is asked, and what explains it."""
    spoken = replace(review, findings=tuple(to_site(one) for one in review.findings))
    for verdict in HEADINGS:
        yield from _section(verdict, spoken, words)
    if asks:
        yield from _corrections(spoken, words)
    yield from _notes(spoken, words)
    if review.stated:
        yield Heading(words(msg("Not from the files, but stated by the trial office")))
        yield from _points(words.sentence(text) for text in review.stated)


def _section(verdict: Verdict, review: CaseReview, words: Words) -> list[Block]:
    """Return what has one verdict: limits by structure, then what checks found.

    What to do about a structure that misses limits is among the corrections.
    """
    limits = [c for c in review.constraints if c.counts and c.verdict is verdict]
    found = [f for f in review.findings if f.verdict is verdict]
    if verdict is Verdict.NOT_EVALUABLE:
        points = list(_without_value(limits, found, words))
    else:
        points = [point for group in _by_structure(limits) for point in _limits(group, words)]
    corrected = deviating(review)
    told = (replace(f, advice="") if f.where in corrected else f for f in found)
    points += [_finding(one, words) for one in told]
    return [Heading(words(HEADINGS[verdict])), *_points(points)] if points else []


def _corrections(review: CaseReview, words: Words) -> list[Block]:
    """Return what may settle the deviations of each structure, as the case report says it.

    A sentence that is true of several structures is told once, of all of them.
    """
    named: dict[str, list[str]] = {}
    for name, group in deviating(review).items():
        for text in actions(group, of_structure(review, name), review, None, words):
            named.setdefault(text, []).append(structure_text(group[0], words))
    told: dict[str, list[str]] = {}
    for text, names in named.items():
        told.setdefault(words(msg(", ")).join(names), []).append(text)
    points = [name + words(msg(": ")) + " ".join(texts) for name, texts in told.items()]
    return [Heading(words(msg("Correction requested"))), *_points(points)] if points else []


def _points(texts: Iterable[str]) -> list[Block]:
    return [Paragraph(text, is_point=True) for text in texts]


def _by_structure(limits: Sequence[ConstraintResult]) -> list[list[ConstraintResult]]:
    groups: dict[str, list[ConstraintResult]] = {}
    for one in limits:
        groups.setdefault(one.structure, []).append(one)
    return list(groups.values())


def _limits(group: Sequence[ConstraintResult], words: Words) -> Iterator[str]:
    """Yield each missed limit of a structure: value, bounds, and by how much it is missed."""
    for one in group:
        told = [plain.statement(one, words), plain.excess(one, None, words)]
        told.append(plain.unsure(one, words) or plain.by_convention(one, words))
        text = words.run(*told)
        yield _named(one, words, text)


def _named(one: ConstraintResult, words: Words, text: str) -> str:
    name = f"{structure_text(one, words)} ({visible(one.id)})"
    return name + words(msg(": ")) + text


def _without_value(
    limits: Sequence[ConstraintResult], found: Sequence[Finding], words: Words
) -> Iterator[str]:
    """Yield what could not be evaluated by why, unless a finding says so already."""
    said = {one.message for one in found}
    by_reason: dict[str, list[ConstraintResult]] = {}
    for one in limits:
        by_reason.setdefault(one.reason.detail if one.reason else "", []).append(one)
    for reason, group in by_reason.items():
        if reason not in said:
            names = words(msg(", ")).join(f"{one.structure} {one.metric}" for one in group)
            yield visible(names) + words(msg(": ")) + words.sentence(reason)


def _finding(one: Finding, words: Words) -> str:
    """Return what a check found: its name, its place, what, and what to do."""
    title, where = words.sentence(one.title), words.sentence(one.where)
    told = [words.sentence(text) for text in (one.message, one.advice)]
    stop = words(msg("."))
    text = words.run(*(part.rstrip(".。") + stop for part in told if part))
    if one.code == NOT_REVIEWED:
        return text
    name = f"{title or visible(one.code)} ({where})" if where else title or visible(one.code)
    return name + words(msg(": ")) + text


def _notes(review: CaseReview, words: Words) -> list[Block]:
    """Return what explains the deviations, decides nothing and is no correction."""
    deviates = {c.structure for c in review.constraints if c.verdict is not Verdict.PER_PROTOCOL}
    told = [
        f for f in review.findings
        if f.verdict is None and f.where in deviates and f.code != COVERAGE_COST
    ]  # fmt: skip
    points = _points(_finding(one, words) for one in told)
    return [Heading(words(msg("For information"))), *points] if points else []


def _without_numbers(one: Finding, words: Words) -> Finding:
    """Return a finding of a submission with a sentence of its code where its own holds numbers."""
    told = next((text for start, text in OF_CODE.items() if one.code.startswith(start)), "")
    return replace(one, message=words(told)) if told else one


def _about_files(findings: Sequence[Finding], words: Words) -> list[Block]:
    """Return what is to be told of the files of a submission, and what is asked."""
    if not findings:
        return []
    return [
        Heading(words(msg("Notes on the submission"))),
        *_points(_finding(to_site(_without_numbers(one, words)), words) for one in findings),
        Paragraph(words(msg("Please correct this in the files that you send."))),
    ]
