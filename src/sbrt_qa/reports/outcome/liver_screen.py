"""What became of the liver: radiation-induced disease, scores, shifts of tests, dose response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Outcome, Reason
from sbrt_qa.reports.figures.measure_plot import (
    MeasureAxes,
    MeasuredDots,
    MeasuredLine,
    measure_plot,
    round_marks,
)
from sbrt_qa.reports.outcome.asked_report import EXPLORATORY, AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    Titled,
    interval_text,
    number_text,
    p_text,
)
from sbrt_qa.reports.outcome.toxicity_screen import events_of, share_text, treated_groups
from sbrt_qa.survival import dose_response
from sbrt_qa.trial.liver_course import TESTS, LiverCourse, liver_courses
from sbrt_qa.trial.plan_doses import ALPHA_BETA_GY, LIVER, PlanDoses, mean_eqd2, outcome_of
from sbrt_qa.trial.toxicity_dose import DosePairs, dose_pairs
from sbrt_qa.trial.toxicity_liver import albi_grade

GRADES: Final = (0, 1, 2, 3, 4)
SEVERE_TEST: Final = 2
"""Grade of a liver test from which it is an outcome of the dose response."""

GASTROINTESTINAL: Final = "gastrointestinal"
PLATELETS: Final = "platelet"


@screen("liver")
def liver_screen(asked: AskedReport) -> ReportSection:
    """Return the hepatic block by treatment received, and dose against outcome."""
    groups = treated_groups(asked)
    courses = {
        one.subject: one for one in liver_courses(asked.found.cut, asked.found.cut.randomised)
    }
    by_group = {
        name: [courses[code] for code in members if code in courses]
        for name, members in groups.items()
    }
    blocks: list[Block] = [
        Said(say(
            "The window runs from the last fraction; the control group has none, so its window "
            "begins on a matched day: as long after randomisation as the median last fraction. "
            "Progression in the liver before the end of the window leaves it not evaluable."
        )),
        _disease(by_group),
        _open(by_group),
        _scores(by_group),
        Titled(say("From baseline to worst")),
        *(_shift(test, by_group) for test in TESTS if _any(test, by_group)),
        Titled(say("Dose and what happened")),
        Said(EXPLORATORY, strong=True),
        *_responses(asked, courses),
    ]  # fmt: skip
    return ReportSection("liver", say("Liver"), tuple(blocks))


def _disease(by_group: Mapping[str, Sequence[LiverCourse]]) -> OutcomeGrid:
    rows = []
    for name, courses in by_group.items():
        for form in ("classic", "non_classic"):
            told = [getattr(one.disease, form) for one in courses]
            known = [one for one in told if not isinstance(one, Reason)]
            title = say("classic") if form == "classic" else say("non-classic")
            rows.append((name, title, share_text(sum(known), len(known)),
                         str(len(told) - len(known))))  # fmt: skip
    heads = (say("group"), say("radiation-induced liver disease"), say("patients (95 %, exact)"),
             say("not evaluable"))  # fmt: skip
    return OutcomeGrid(say("Radiation-induced liver disease"), heads, tuple(rows))


def _open(by_group: Mapping[str, Sequence[LiverCourse]]) -> OutcomeGrid:
    counts: dict[tuple[str, str], int] = {}
    for name, courses in by_group.items():
        for one in courses:
            told = one.had_disease
            if isinstance(told, Reason):
                counts[name, told.detail] = counts.get((name, told.detail), 0) + 1
    rows = tuple((name, why, str(number)) for (name, why), number in counts.items())
    heads = (say("group"), say("reason"), say("n"))
    return OutcomeGrid(say("Why it is not evaluable"), heads, rows, folded=True)


def _scores(by_group: Mapping[str, Sequence[LiverCourse]]) -> OutcomeGrid:
    rows = []
    for name, courses in by_group.items():
        for one in courses:
            (before, after), points = one.albi, one.child_pugh
            rows.append((
                one.subject, name, _albi(before), _albi(after),
                *("-" if p is None else str(p) for p in points),
                say("yes") if one.matched else say("no"),
            ))  # fmt: skip
    heads = (say("subject"), say("group"), say("ALBI at baseline (grade)"),
             say("highest ALBI (grade)"), say("Child-Pugh at baseline"), say("highest Child-Pugh"),
             say("matched day"))  # fmt: skip
    return OutcomeGrid(say("ALBI and Child-Pugh"), heads, tuple(rows), folded=True)


def _albi(score: float | Reason) -> str:
    return "-" if isinstance(score, Reason) else f"{score:.2f} ({albi_grade(score)})"


def _any(test: str, by_group: Mapping[str, Sequence[LiverCourse]]) -> bool:
    return any(
        shift.test == test and isinstance(shift.worst, int)
        for courses in by_group.values() for one in courses for shift in one.shifts
    )  # fmt: skip


def _shift(test: str, by_group: Mapping[str, Sequence[LiverCourse]]) -> OutcomeGrid:
    """Return how many went from which grade at baseline to which at their worst."""
    rows = []
    for name, courses in by_group.items():
        shifts = [s for one in courses for s in one.shifts if s.test == test]
        for start in (*GRADES, None):
            mine = [s for s in shifts if _is_grade(s.baseline, start)]
            if not mine:
                continue
            cells = [str(sum(_is_grade(s.worst, end) for s in mine)) for end in (*GRADES, None)]
            rows.append((name, _grade(start), *cells))
    heads = (say("group"), say("grade at baseline"), *(say("worst {0}", g) for g in GRADES),
             say("worst not known"))  # fmt: skip
    return OutcomeGrid(say("{0}: grade at baseline and at its worst", test), heads, tuple(rows))


def _is_grade(found: int | Reason, asked: int | None) -> bool:
    return isinstance(found, Reason) if asked is None else found == asked


def _grade(grade: int | None) -> str:
    return say("not known") if grade is None else str(grade)


# --- dose response --------------------------------------------------------------------------------


def _responses(asked: AskedReport, courses: Mapping[str, LiverCourse]) -> list[Block]:
    """Return a logistic fit for every dose beside what it may cause, one at a time."""
    if not any(one.plan and one.plan.doses.doses for one in asked.found.treated.values()):
        return [Said(say("No histogram of a treated plan is stored: there is no dose response."))]
    rows: list[tuple[str, ...]] = []
    figures: list[Block] = []
    left: list[tuple[str, ...]] = []
    for name, outcome, pairs in _questions(asked, courses):
        left += [(name, subject, why.detail) for subject, why in pairs.left_out]
        fit = dose_response(pairs.doses, pairs.happened)
        slope, d50 = fit.slope, fit.d50_gy
        shown = say("not estimable") if isinstance(slope, Reason) else number_text(slope, 3)
        rows.append((
            name, outcome, str(fit.n), str(fit.n_events), shown,
            interval_text((fit.low, fit.high), digits=3), p_text(fit.test.p),
            "-" if isinstance(d50, Reason) else number_text(d50, 1),
        ))  # fmt: skip
        if not figures and not isinstance(slope, Reason):
            figures.append(_curve(name, outcome, pairs))
    heads = (say("dose"), say("outcome"), say("n"), say("with it"), say("slope per unit"),
             say("95 % interval"), say("p"), say("dose at which half have it"))  # fmt: skip
    title = say("One dose at a time, logistic regression with Firth's penalty; the last column "
                "only where the interval of the slope leaves out 0")  # fmt: skip
    lost = OutcomeGrid(
        say("Left out of the dose response ({0})", len(left)),
        (say("dose"), say("subject"), say("reason")), tuple(left), folded=True,
    )  # fmt: skip
    return [OutcomeGrid(title, heads, tuple(rows)), *figures, lost]


def _questions(
    asked: AskedReport, courses: Mapping[str, LiverCourse]
) -> Iterator[tuple[str, str, DosePairs]]:
    grades = {code: _at_least(courses, code) for code in asked.found.treated if code in courses}
    disease = {code: courses[code].had_disease for code in asked.found.treated if code in courses}
    outcomes = ((say("liver test of grade 2 or more"), grades),
                (say("radiation-induced liver disease"), disease))  # fmt: skip
    for outcome, happened in outcomes:
        for name, doses in _liver_doses(asked):
            yield name, outcome, dose_pairs(doses, happened)
    for organ, measure, what in (("Stomach", "D0.1cc", GASTROINTESTINAL),
                                 ("Duodenum", "D0.1cc", GASTROINTESTINAL),
                                 ("Spleen", "mean", PLATELETS)):  # fmt: skip
        told = say("gastrointestinal event of grade 2 or more")
        if what == PLATELETS:
            told = say("platelets decreased, grade 2 or more")
        doses = {c: outcome_of(_frozen(asked, c), organ, measure) for c in asked.found.treated}
        yield say("{0} {1}, Gy", organ, measure), told, dose_pairs(doses, _events(asked, what))


def _frozen(asked: AskedReport, code: str) -> PlanDoses | None:
    plan = asked.found.treated[code].plan
    return plan.doses if plan else None


def _liver_doses(asked: AskedReport) -> Iterator[tuple[str, dict[str, Outcome]]]:
    codes = list(asked.found.treated)
    yield (say("mean dose of the liver without GTV, Gy"),
           {c: outcome_of(_frozen(asked, c), LIVER, "mean") for c in codes})  # fmt: skip
    for ratio in ALPHA_BETA_GY:
        yield (say("the same as EQD2, alpha/beta {0} Gy", f"{ratio:g}"),
               {c: mean_eqd2(_frozen(asked, c), LIVER, _fractions(asked, c), ratio)
                for c in codes})  # fmt: skip
    for measure, unit in (("V10Gy", "%"), ("V15Gy", "%"), ("DC700cc", "Gy")):
        yield (say("liver without GTV {0}, {1}", measure, unit),
               {c: outcome_of(_frozen(asked, c), LIVER, measure) for c in codes})  # fmt: skip


def _fractions(asked: AskedReport, code: str) -> int | None:
    course = asked.found.cut.course(code)
    return course.whole("fractions_planned") if course else None


def _at_least(courses: Mapping[str, LiverCourse], code: str) -> bool | Reason:
    worst = courses[code].worst_grade
    return worst if isinstance(worst, Reason) else worst >= SEVERE_TEST


def _events(asked: AskedReport, what: str) -> dict[str, bool | Reason]:
    codes = list(asked.found.treated)
    events = [e for e in events_of(asked, {"": codes}) if e.counts and e.grade >= SEVERE_TEST]
    hit = {e.subject for e in events if what in f"{e.soc} {e.term}".casefold()}
    return {code: code in hit for code in codes}


def _curve(name: str, outcome: str, pairs: DosePairs) -> Drawn:
    fit = dose_response(pairs.doses, pairs.happened)
    low, high = min(pairs.doses), max(pairs.doses)
    axis = [low + (high - low) * k / 40 for k in range(41)]
    values = [(dose, fit.probability_at(dose)) for dose in axis]
    points = tuple((dose, value) for dose, value in values if isinstance(value, float))
    both = list(zip(pairs.doses, pairs.happened, strict=True))
    dots = (
        MeasuredDots(say("with it"), tuple((d, 1.0) for d, h in both if h)),
        MeasuredDots(say("without it"), tuple((d, 0.0) for d, h in both if not h), filled=False),
    )
    axes = MeasureAxes(name, say("probability"), round_marks(low, high), 1.0, low, high)
    sentence = say("{0} against {1}: fitted probability, and each subject.", outcome, name)
    line = MeasuredLine(say("fitted"), points)
    rows = tuple((subject, number_text(dose, 2), say("yes") if h else say("no"))
                 for subject, (dose, h) in zip(pairs.subjects, both, strict=True))  # fmt: skip
    table = OutcomeGrid(say("Subjects of the figure"), (say("subject"), name, outcome), rows,
                        folded=True)  # fmt: skip
    return Drawn(measure_plot, ((line,), dots, axes, sentence), sentence, table)
