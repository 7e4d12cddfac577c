"""Where the subjects are, and how good their data: CONSORT, data quality, scans."""

from __future__ import annotations

from collections import Counter

from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.consort_figure import consort_figure
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
)
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.problem import Problem, name_of
from sbrt_qa.trial.scan_gaps import scans_due
from sbrt_qa.trial.scan_history import discordant, scans_of
from sbrt_qa.trial.words_of_values import SCAN_RESULTS

MOST_PROBLEMS = 200

TELLING = ("rt_course", "rt_fractions", "CROSSOVER")
"""Tables and codes that give the arms away."""


@screen("consort")
def consort_screen(asked: AskedReport) -> ReportSection:
    """Return the CONSORT diagram; with arms only where the reader may know them."""
    boxes = [b for b in asked.found.boxes if not b.arm or asked.arms]
    if asked.role.arms == "blind":
        boxes = [
            b for b in boxes if b.name not in ("received", "safety", "per_protocol", "unclear")
        ]
    rows = tuple(
        (
            asked.arms.get(b.arm, "") if b.arm else "",
            b.title,
            str(b.number),
            "" if asked.role.arms == "blind" else ", ".join(b.subjects),
        )
        for b in boxes
    )
    heads = (say("arm"), say("group"), say("n"), say("subjects"))
    table = OutcomeGrid(say("Numbers of the diagram, and who they are"), heads, rows, folded=True)
    sentence = say("{0} screened, {1} randomised.", boxes[0].number,
                   next(b.number for b in boxes if b.name == "randomised"))  # fmt: skip
    blocks: list[Block] = [Drawn(consort_figure, (tuple(boxes), asked.arms), sentence, table)]
    if asked.arms and asked.role.arms == "real":
        listed_out = tuple(
            (e.subject, e.population, e.rule, e.reason) for e in asked.found.lists.exclusions
        )
        heads = (say("subject"), say("population"), say("rule"), say("reason"))
        blocks.append(
            OutcomeGrid(say("Who is left out of which population"), heads, listed_out, folded=True)
        )
    return ReportSection("consort", say("Flow of subjects"), tuple(blocks))


ARM_COLUMNS = ("arm", "arm_treated")


@screen("quality")
def quality_screen(asked: AskedReport) -> ReportSection:
    """Return what is wrong with the data, by site and code."""
    problems = [p for p in asked.found.cut.problems if asked.is_shown(p.site)]
    blind = asked.role.arms == "blind"
    if blind:
        problems = [p for p in problems if p.table not in TELLING and p.code not in TELLING]
    counts = Counter((p.site, p.level, p.code) for p in problems)
    oldest = {
        key: min((asked.first_seen.get(name_of(p), "") for p in problems
                  if (p.site, p.level, p.code) == key), default="")[:10]
        for key in counts
    }  # fmt: skip
    rows = tuple((*key, str(n), oldest[key] or "-") for key, n in sorted(counts.items()))
    heads = (say("site"), say("level"), say("code"), say("n"), say("oldest since"))
    blocks: list[Block] = [
        Said(counted(len(problems), "problem with the data", "problems with the data")),
        OutcomeGrid(
            say("Problems by site and code: E keeps a row out, W asks the site, I is noted"),
            heads,
            rows,
        ),
    ]
    columns = (say("level"), say("code"), say("subject"), say("place"), say("what"), say("advice"))
    told = tuple((p.level, p.code, p.subject, p.place, *_words(asked, p))
                 for p in problems[:MOST_PROBLEMS])  # fmt: skip
    if not blind:
        blocks.append(OutcomeGrid(say("Problems one by one"), columns, told, folded=True))
    blocks.append(_missing(asked))
    if asked.role.arms != "none" or asked.role.name == "office":
        blocks += _readers(asked)
    if not blind and not asked.role.one_site:
        blocks.append(_changed(asked))
    return ReportSection("quality", say("Data quality"), tuple(blocks))


def _words(asked: AskedReport, problem: Problem) -> tuple[str, str]:
    """Return message and advice; names of arms are told to those only who see arms."""
    if asked.role.arms == "none" and problem.code == "UNMAPPED" and problem.column in ARM_COLUMNS:
        return say("texts that name no arm"), say("sbrt-qa trial problems lists them.")
    return problem.message, problem.advice


def _missing(asked: AskedReport) -> OutcomeGrid:
    """Return by site how many scans were due by the cut, and how many are missing."""
    due: Counter[str] = Counter()
    absent: dict[str, list[str]] = {}
    for row in asked.found.cut.randomised:
        site = row.text("site")
        if asked.is_shown(site):
            for number, is_there in scans_due(asked.found.cut, row, asked.found.rules.schedule):
                due[site] += 1
                if not is_there:
                    absent.setdefault(site, []).append(f"{row.subject}:{number}")
    rows = tuple(
        (site, str(n), str(len(absent.get(site, ()))), ", ".join(absent.get(site, ())))
        for site, n in sorted(due.items())
    )
    heads = (say("site"), say("scans due"), say("missing"), say("subject:number of the scan"))
    return OutcomeGrid(say("Scheduled scans that are missing"), heads, rows)


def _changed(asked: AskedReport) -> OutcomeGrid:
    """Return what the last import changed, counted by table."""
    counts = Counter((one.table, one.what) for one in asked.changes)
    rows = tuple((table, stated(what), str(n)) for (table, what), n in sorted(counts.items()))
    heads = (say("table"), say("what"), say("rows"))
    title = say("What the last import changed; sbrt-qa trial diff shows it key by key")
    return OutcomeGrid(title, heads, rows)


def _readers(asked: AskedReport) -> list[Block]:
    rows, imputed = [], 0
    for subject in asked.found.cut.randomised:
        origin = randomised_on(subject)
        if origin is None:
            continue
        scans = scans_of(asked.found.cut.data, subject.subject, origin)
        rows += [
            (
                subject.subject,
                str(s.number),
                *(SCAN_RESULTS.get(one, one) for one in (s.site_result, s.result)),
            )
            for s in discordant(scans)
        ]
    for times in asked.found.endpoints.values():
        imputed += sum(bool(one.imputed) for one in times)
    heads = (say("subject"), say("scan"), say("site"), say("central"))
    return [
        OutcomeGrid(say("Scans that site and central reader read differently"), heads, tuple(rows)),
        Said(say("{0} times of endpoints stand for a date of which a part is missing.", imputed)),
    ]


@screen("scans")
def scans_screen(asked: AskedReport) -> ReportSection:
    """Return the scans of each subject: when, and whether adequate. No arm, dose or result."""
    rows = [
        (subject.subject, str(row.whole("scan")), str(row.days("date") or ""),
         row.text("modality"), " ".join(row.words("covers")),
         say("yes") if row.yes("adequate") else say("no"))
        for subject in asked.found.cut.randomised if asked.is_shown(subject.text("site"))
        for row in asked.found.cut.data.of_subject("assessments", subject.subject)
    ]  # fmt: skip
    heads = (
        say("subject"),
        say("scan"),
        say("date"),
        say("modality"),
        say("covers"),
        say("adequate"),
    )
    title = say("Scans")
    return ReportSection("scans", title, (OutcomeGrid(title, heads, tuple(rows)),))
