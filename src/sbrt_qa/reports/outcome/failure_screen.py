"""Where recurrences lie in the dose of the treated plans: counts with exact intervals, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.reports.figures.failure_picture import failure_picture
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.infield_figure import infield_blocks
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    number_text,
)
from sbrt_qa.reports.outcome.toxicity_screen import share_text
from sbrt_qa.trial.failure_records import FailureRecord
from sbrt_qa.trial.failure_schemes import IN_ORDER, FailureClass, Scheme, class_of_subject

MOST_SLICES: Final = 40
CLASSES: Final[Mapping[FailureClass, str]] = {
    FailureClass.CENTRAL: say("central"), FailureClass.IN_FIELD: say("in-field"),
    FailureClass.MARGINAL: say("marginal"), FailureClass.OUT_OF_FIELD: say("out-of-field"),
}  # fmt: skip
SCHEMES: Final[Mapping[Scheme, str]] = {
    Scheme.DAWSON: say("Dawson 2000"), Scheme.LEE: say("Lee 1999"),
    Scheme.CENTRE: say("centre, after Due 2014"),
}  # fmt: skip


@screen("failure")
def failure_screen(asked: AskedReport) -> ReportSection:
    """Return the recurrences of the SBRT arm that were mapped, their classes and slices."""
    title = say("Pattern of failure")
    known = [one for one in asked.failures if one.subject in asked.found.treated]
    blocks: list[Block] = [Said(say(
        "Only the SBRT arm has a dose, so this describes and compares nothing. The dose is the "
        "planned one; a liver that has grown since is another organ."
    ))]  # fmt: skip
    if not known:
        how = say("No recurrence was mapped: sbrt-qa trial failure TREATED FOLLOW_UP "
                  "--subject CODE -f json, then --failures FOLDER.")  # fmt: skip
        return ReportSection("failure", title, (*blocks, Said(how)))
    strangers = len(asked.failures) - len(known)
    if strangers:
        blocks.append(Said(say("{0} recurrences are of subjects not in the SBRT arm.", strangers)))
    classes = subject_classes(asked, known)
    blocks += [_by_subject(asked, classes), *infield_blocks(asked, classes), _every(known),
               *_slices(known)]  # fmt: skip
    return ReportSection("failure", title, tuple(blocks))


def _by_subject(asked: AskedReport, classes: Mapping[str, FailureClass | Reason]) -> OutcomeGrid:
    """Return how many subjects fail where at first, of all that were treated."""
    treated = sum(bool(asked.found.cut.fractions(code)) for code in asked.found.treated)
    rows = []
    for one in IN_ORDER:
        number = sum(found is one for found in classes.values())
        if number or one is not FailureClass.CENTRAL:
            rows.append((CLASSES[one], share_text(number, treated)))
    open_ones = sum(isinstance(found, Reason) for found in classes.values())
    rows.append((say("no dose class"), str(open_ones)))
    heads = (say("first failure"), say("of the irradiated (95 %, exact)"))
    return OutcomeGrid(say("Subjects by where they failed first"), heads, tuple(rows))


def subject_classes(
    asked: AskedReport, known: Sequence[FailureRecord]
) -> Mapping[str, FailureClass | Reason]:
    """Return the class of each subject: of the first scan that shows any in the liver."""
    found: dict[str, FailureClass | Reason] = {}
    for subject in dict.fromkeys(one.subject for one in known):
        mine = [one for one in known if one.subject == subject]
        found[subject] = class_of_subject([(_scan(asked, one), _class(one)) for one in mine])
    return found


def _class(one: FailureRecord) -> FailureClass | Reason:
    if one.failure_class is not None:
        return one.failure_class
    return Reason(ReasonCode(one.reason_code), one.reason)


def _scan(asked: AskedReport, one: FailureRecord) -> int:
    rows = asked.found.cut.data.of_subject("recurrences", one.subject)
    return next((row.whole("scan") or 0 for row in rows if row.whole("rec") == one.rec), 0)


def _every(known: Sequence[FailureRecord]) -> OutcomeGrid:
    rows = []
    for one in known:
        classes = [CLASSES[one.classes[s]] if s in one.classes else "-" for s in Scheme]
        told = {FailureClass.IN_FIELD if c is FailureClass.CENTRAL else c
                for c in one.classes.values()}  # fmt: skip
        differ = say("schemes differ") if len(told) > 1 else ""
        rows.append((
            one.subject, "-" if one.rec is None else str(one.rec), one.structure, *classes,
            differ, _stability(one), number_text(one.volume_cc), number_text(one.d95_gy, 1),
            number_text(one.mean_gy, 1), one.reason or joined("; ", one.findings),
        ))  # fmt: skip
    heads = (say("subject"), say("recurrence"), say("structure"), *SCHEMES.values(),
             "", say("under error of registration"), say("cc"), say("D95, Gy"), say("mean, Gy"),
             say("what to know"))  # fmt: skip
    return OutcomeGrid(say("Recurrences one by one, by all schemes"), heads, tuple(rows))


def _stability(one: FailureRecord) -> str:
    if one.failure_class is None:
        return "-"
    if one.stable:
        return say("stable")
    total = sum(one.counts.values())
    told = joined(", ", (
        joined(" ", (CLASSES[FailureClass(name)], f"{number}/{total}"))
        for name, number in one.counts.items() if number
    ))  # fmt: skip
    return say("not stable: {0}", told)


def _slices(known: Sequence[FailureRecord]) -> list[Block]:
    drawn: list[Block] = []
    for number, one in enumerate(known):
        if one.slice is None or len(drawn) == MOST_SLICES:
            continue
        where = CLASSES[one.failure_class] if one.failure_class else say("no dose class")
        sentence = say(
            "Subject {0}, {1}: {2}. Slice z = {3} mm of the treated plan, isodoses in Gy, the one "
            "of 95 % white.", one.subject, one.structure, where, f"{one.slice.z_mm + 0.0:.4g}",
        )  # fmt: skip
        given = (one.slice, say("recurrence"), sentence, f"failure-{number}")
        drawn.append(Drawn(failure_picture, given, sentence))
    return drawn
