"""The page of the trial, with plans of known verdict and dose: what stands on it, and for whom."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import re
from html import unescape

import pytest
from pypdf import PdfReader

from sbrt_qa.audit.store import treated_plans
from sbrt_qa.audit.trial_import import import_data
from sbrt_qa.audit.trial_reports import TrialRequest, freeze, report
from sbrt_qa.cli.trial_failure import as_json
from sbrt_qa.errors import UsageError
from sbrt_qa.model.actor import Actor, Doing
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.reports.outcome.outcome_roles import ROLES
from sbrt_qa.testing.outcomes.latent_trial import CUT
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial
from sbrt_qa.trial.analysis_set import analysis_set
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.changing_class import class_rows
from sbrt_qa.trial.data_cut import data_cut
from sbrt_qa.trial.failure_case import FailureQuestion, failure_of_case
from sbrt_qa.trial.liver_course import liver_courses
from sbrt_qa.trial.plan_doses import LIVER, mean_eqd2
from sbrt_qa.trial.scan_gaps import scans_due
from sbrt_qa.trial.treated import frozen_text, plans_from_text
from sbrt_qa.trial.validate import validate

from .kept_pages import page_of, write_csv
from .small_trial import RULES
from .test_failure_pattern import PLANNING, ball, treated
from .treated_trial import doses_of, plans_of

BY = Doing(Actor("Trial Office", "office"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """An audit whose plans have verdicts and doses, frozen, and recurrences mapped onto two."""
    folder = tmp_path_factory.mktemp("page")
    import_data(folder / "audit", write_csv(folder / "data"), by=BY)
    plans = plans_of(sample_trial())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(treated_plans, "plan_verdicts", lambda *_: plans)
        request = TrialRequest(folder / "audit", CUT.isoformat(), by=BY)
        freeze(request)
        failures = folder / "failures"
        failures.mkdir()
        for code, away in (("009", 0.0), ("010", 18.0)):
            question = FailureQuestion()
            follow_up = StructureSet((ball(1, "REC", 10.0, away),), PLANNING)
            answer = failure_of_case(treated(), follow_up, (), question)
            told = as_json(answer, question, code, (1,))
            (failures / f"{code}.json").write_text(json.dumps(told))
        yield request


@pytest.fixture(scope="module")
def pages(trial):
    """The closed report in both languages."""
    return {lang: page_of(trial, "dmc", language=lang).decode() for lang in ("en", "zh")}


def test_every_screen_has_its_figure_and_every_figure_its_words(pages):
    page = pages["en"]
    sections = dict(re.findall(r'<section id="(\w+)">(.*?)</section>', page, re.DOTALL))
    for name in ("consort", "timeline", "curves", "forest", "toxicity", "liver", "deviation",
                 "failure", "monitoring"):  # fmt: skip
        assert "<svg" in sections[name], name
    for svg in re.findall(r"<svg[^>]*>", page):
        assert 'role="img"' in svg
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert all("<figcaption>" in one for one in figures)
    assert page.count('tabindex="0"') >= len(figures)
    assert "<script" not in page
    assert re.search(r'<fieldset class="choice"><legend>Lanes</legend><input type="radio"', page)


def test_figures_speak_the_language_of_the_page(pages):
    drawn = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", pages["zh"]))
    for english in ("months", "at risk", "events so far", "randomised", "in favour", "any grade"):
        assert english in pages["en"]
        assert english not in unescape(drawn), english
    assert "[en]" not in pages["zh"]


def test_the_analyses_asked_for_stand_on_the_page(pages):
    page = unescape(pages["en"])
    for words in (
        "Fine and Gray", "restricted mean", "check of proportional hazards", "changing class",
        "(Firth)", "p of interaction",
        "Median gap between scans", "per protocol, with what is not evaluable",
        "What 80 subjects can and cannot show", "Conditional power", "Radiation-induced",
        "ALBI and Child-Pugh", "grade at baseline and at its worst", "dose at which half have it",
        "Dose of single lesions", "By what deviates", "Scheduled scans that are missing",
        "Every probability that was computed", "library(survival)", "Miettinen",
        "Subjects by where they failed first", "Exploratory, not randomised",
        "the trial group has yet to decide",
    ):  # fmt: skip
        assert words in page, words


def test_the_dose_response_finds_the_liver_dose(pages):
    row = re.search(
        r"<td>mean dose of the liver without GTV, Gy</td><td>liver test of grade 2 or more</td>"
        r"(.*?)</tr>", pages["en"],
    )  # fmt: skip
    cells = re.findall(r"<td>(.*?)</td>", row[1])
    low, high = (float(one) for one in cells[3].split(" to "))
    assert low < 0.35 < high  # the slope that the trial was made with
    assert low > 0


def test_conditional_power_is_for_the_closed_report_alone(trial, pages):
    assert "Conditional power" in pages["en"]
    for role in ("office", "statistician"):
        assert b"onditional power" not in page_of(trial, role)


OUTCOME = re.compile(rb"hazard|Kaplan|PFS12|OS36|LRFS12|log-rank|progression-free|Adverse|p-value")


def test_t82__no_outcome_is_in_the_bytes_of_those_who_must_not_see_it(trial):
    for role in ("reviewer", "reader", "site"):
        for language in ("en", "zh"):
            page = page_of(trial, role, language=language)
            assert not OUTCOME.search(page), (role, OUTCOME.search(page))
            assert b"<svg" not in page
            assert b"CTCAE" not in page
    text = "".join(one.extract_text() for one in pdf_of(page_of(trial, "reviewer", "pdf")).pages)
    assert not OUTCOME.search(text.encode())


def test_t83__the_blinded_page_gives_the_arms_away_nowhere(trial):
    for language in ("en", "zh"):
        page = page_of(trial, "statistician", language=language)
        real = (
            r"CONTROL|\bSBRT\b|rt_course|rt_fractions|CROSSOVER|attributed to|Radiation|ALBI|Gy\b"
        )
        told = re.sub(rb"url\(\"data:font/[^\"]*\"\)", b"", page)  # letters of a font say nothing
        found = re.search(real.encode(), told.split(b"library(survival)")[0])
        assert found is None, found
    text = "".join(
        one.extract_text() for one in pdf_of(page_of(trial, "statistician", "pdf")).pages
    )
    assert "Radiation" not in text


def pdf_of(content):
    return PdfReader(io.BytesIO(content))


def test_the_pdf_holds_the_same_screens(trial):
    text = "".join(one.extract_text() for one in pdf_of(page_of(trial, "dmc", "pdf")).pages)
    for words in ("Subgroups", "Liver", "Pattern of failure", "Monitoring", "library(survival)",
                  "Exploratory, not randomised", "yet to decide"):  # fmt: skip
        assert words in text, words


def test_recurrences_are_counted_by_subject_and_drawn(pages):
    page = pages["en"]
    assert page.count("Slice z = ") >= 2
    assert re.search(r"<td>in-field</td><td>1/\d+ ", page)
    assert re.search(r"<td>marginal</td><td>1/\d+ ", page)
    assert "not stable" in page


def test_findings_of_recurrences_are_read_in_the_language_of_the_page(trial, pages):
    answers = [json.loads(one.read_text()) for one in trial.audit.parent.glob("failures/*.json")]
    told = [
        finding["message"] for answer in answers
        for holder in (answer, *answer["recurrences"]) for finding in holder["findings"]
    ]  # fmt: skip
    assert told
    for message in told:
        assert message in unescape(pages["en"])
        assert message not in unescape(pages["zh"])
    assert re.search(r"marginal \d+/\d+", pages["en"])
    assert not re.search(r"marginal \d+/\d+", pages["zh"])


def test_an_answer_that_names_nobody_is_refused(trial, tmp_path):
    (tmp_path / "x.json").write_text('{"schema": "sbrt_qa.failure/1", "subject": null}')
    with pytest.raises(UsageError, match="no answer of trial failure"):
        report(trial, ROLES["dmc"], output_format="html", failures=tmp_path)
    for spoiled in ("{}", "[]", "nan", '{"schema": "sbrt_qa.failure/1", "subject": "1"}'):
        (tmp_path / "x.json").write_text(spoiled)
        with pytest.raises(UsageError, match="no answer of trial failure"):
            report(trial, ROLES["dmc"], output_format="html", failures=tmp_path)


# --- what the page is made of ---------------------------------------------------------------------


def analysed(seed: int = 5):
    sample = sample_trial(seed, faults=False)
    tables = [
        TextTable(name, f"{name}.csv", tuple(c.name for c in TABLES[name].columns if c.required
                                             or any(c.name in row for row in rows)),
                  tuple(enumerate(rows, 2)))
        for name, rows in sample.tables.items()
    ]  # fmt: skip
    cut = data_cut(validate(assemble(tables, CUT)), CUT)
    return sample, analysis_set(cut, RULES, plans_of(sample))


def test_nobody_has_a_class_before_the_last_fraction():
    _, found = analysed()
    rows = class_rows(found, "OS36")
    by_subject = {}
    for row in rows:
        by_subject.setdefault(row.subject, []).append(row)
    for parts in by_subject.values():
        assert parts[0].start == 0
        assert not parts[0].major or parts[0].finished
        assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
        assert [one.event for one in parts[:-1]] == [False] * (len(parts) - 1)
        assert sum(not one.finished for one in parts) <= 1
    times = {one.subject: one.time_days for one in found.endpoints["OS36"]}
    assert all(parts[-1].stop == times[code] for code, parts in by_subject.items())


def test_the_window_of_controls_is_matched_and_said_so():
    _, found = analysed()
    courses = {c.subject: c for c in liver_courses(found.cut, found.cut.randomised)}
    for member in found.lists.members:
        if member.treated == "CONTROL":
            assert courses[member.subject].matched
    ill = {one.code for one in sample_trial(5, faults=False).latent.subjects if one.hepatic}
    graded = {code for code, one in courses.items() if one.worst_grade == 2}
    assert graded
    assert graded <= ill


def test_mean_eqd2_is_not_the_eqd2_of_the_mean():
    doses = doses_of(12.0)
    mean = mean_eqd2(doses, LIVER, 5, 3.0)
    assert mean.value == pytest.approx((1.4 * 144 / 5 + 3 * 12) / 5)
    assert mean.value > 12 * (12 / 5 + 3) / 5
    assert not hasattr(mean_eqd2(doses, LIVER, None, 3.0), "value")
    assert not hasattr(mean_eqd2(doses, "Stomach", 5, 3.0), "value")


def test_frozen_plans_read_back_with_their_doses():
    plans = plans_of(sample_trial(5, faults=False))
    assert set(plans_from_text(frozen_text(plans))) == set(plans)
    bare = frozen_text([type(plans[0])("A/1/v1", "1", "2021-01-01", "major")])
    assert json.loads(bare) == [
        {"received": "2021-01-01", "sources": [], "subject": "1", "submission": "A/1/v1",
         "verdict": "major"}
    ]  # fmt: skip


def test_scans_are_due_once_their_window_is_over():
    _, found = analysed()
    schedule = RULES.schedule
    for row in found.cut.randomised[:20]:
        told = list(scans_due(found.cut, row, schedule))
        assert [number for number, _ in told] == list(range(1, len(told) + 1))
        assert len(told) <= 4
        early = type(found.cut)(found.cut.data, row.day("randomised") + dt.timedelta(60))
        assert list(scans_due(early, row, schedule)) == []
