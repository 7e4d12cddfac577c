"""Page one names no option of the command line and no kind of file."""

from __future__ import annotations

import re

from sbrt_qa.i18n.phrase import Phrase, say
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.reports.compose.for_readers import INSTEAD, for_readers
from sbrt_qa.reports.compose.report_tables import check_rows


def test_what_stands_instead_has_the_same_fields_and_no_option() -> None:
    for told, instead in INSTEAD.items():
        assert "--" in told
        assert "--" not in instead
        assert re.findall(r"\{\d\}", told) == re.findall(r"\{\d\}", instead)


def test_a_finding_is_told_in_words_of_the_clinic_in_every_language() -> None:
    message = say("no structure of the plan is called {0}", "Liver")
    message += say("; if it is {0}, say so with --map", "'leber'")
    advice = say("Ask the site to contour it, or name the structure with --map.")
    finding = Finding("X", Verdict.NOT_EVALUABLE, "RTPLAN", message, advice)

    (row,) = check_rows([for_readers(finding)], Words("en"), good=False)
    (chinese,) = check_rows([for_readers(finding)], Words("zh"), good=False)

    assert row.message == "no structure of the plan is called Liver; it may be 'leber'."
    assert row.advice == "Ask the site to contour it, or to say which structure it is."
    assert row.where == "plan"
    assert "--" not in chinese.message + chinese.advice
    assert chinese.where == "计划"


def test_a_name_of_the_plan_is_never_taken_for_a_sentence_or_a_kind_of_file() -> None:
    name = "Say with --map which one is meant."
    finding = Finding("X", None, name, say("{0} stays", name), Phrase("{0}", (name,)))

    assert for_readers(finding) == finding


def test_bounds_have_their_sign_and_every_finding_about_targets_a_title() -> None:
    finding = Finding("TARGET_UNJUDGED", None, "dose", "grid", found="3 mm", expected="<= 2 mm")
    (row,) = check_rows([finding], Words("en"), good=False)

    assert row.expected == "≤ 2 mm"
    assert row.title == "Targets that are not judged"
