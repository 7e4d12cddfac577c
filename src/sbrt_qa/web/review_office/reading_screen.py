"""The reading form: agree with each item or override it, answer the checklist, give a grade.

What is complete is recorded at once, each word with what stood before. What is not, such as an
override without its reason, stays as a draft until it is, and is shown again as it was typed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.acting import MovedOnError, RightsError
from sbrt_qa.office.deciding import CANNOT_JUDGE, ReadersDiffer, readers_differ
from sbrt_qa.office.reader_forms import (
    ANSWERS,
    GRADES,
    SHORTEST_REASON,
    Judgement,
    ReadingForm,
    accept_automatic,
    comment,
    judge,
    reading_form,
)
from sbrt_qa.office.roles import Right
from sbrt_qa.reports.decision.decision_words import QUESTION_WORDS
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import words_of
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.report_frame import reports_for
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, screen
from sbrt_qa.web.screen_keys import READING_KEYS
from sbrt_qa.web.visits import MOST_TEXT, Visit, data, see_other

VERDICT_ON_CASE: Final = msg("Verdict on the case")
OF_PLAN: Final = msg("plan {number}")
CHANGED: Final = msg(
    "Something was recorded meanwhile, in another window perhaps: it stands here as it is now."
    " Everything else that you wrote is kept; look at it, and save again."
)
INCOMPLETE: Final = msg(
    "Something is not complete yet and was kept as a draft: an override needs a reason, and at"
    " least {characters} characters why."
)


@dataclass(frozen=True, slots=True)
class FormLine:
    """A line of the form as it is shown: what stands there, or the draft over it."""

    name: str
    value: str
    reason: str
    words: str
    before: str


@refusing
def show_form(app: OfficeApp, visit: Visit) -> Response:
    """Show a reading: a form for its reader, and what stands there for others."""
    return _form(app, visit, row_of(app, visit, "reading"))


def _form(
    app: OfficeApp,
    visit: Visit,
    key: int,
    status: HTTPStatus = HTTPStatus.OK,
    moved: str = "",
) -> Response:
    by = app.acting(visit)
    form = reading_form(app.engine, by, key)
    mine = form.account == by.account
    draft = app.drafts.of(by.account, draft_name(key)) if mine else {}
    reports = reports_for(app, by, form.case.submission)
    grades = [one for one in GRADES if form.part == "reader" or one != CANNOT_JUDGE]
    return screen(
        app, visit, "office_reading.j2", status, form=form, mine=mine, lines=lines_of(form, draft),
        keys=READING_KEYS if mine and not form.signed else (), reports=reports,
        plan_count=len({one.item.plan for one in form.items if one.item.plan}),
        drafted=bool(draft), new_comment=draft.get("comment", ""),
        new_visibility=draft.get("visibility", "office"),
        offered=grades, answers_known=ANSWERS, reason_codes=form.reasons,
        all_verdicts=list(Verdict), incomplete=bool(unfinished(form, draft)), problem=INCOMPLETE,
        shortest=SHORTEST_REASON, moved=moved, differ=_differ(app, visit, form),
        item_words=item_words(form, visit.language),
        writable=mine and not form.signed, open_count=len(form.unanswered),
    )  # fmt: skip


def _differ(app: OfficeApp, visit: Visit, form: ReadingForm) -> ReadersDiffer | None:
    """Return where the readers differ, for who settles it; None for readers."""
    if form.part == "reader" or form.signed:
        return None
    with suppress(RightsError):  # of a round before
        return readers_differ(app.engine, app.acting(visit), form.case.submission)
    return None


def item_words(form: ReadingForm, language: str) -> dict[str, str]:
    """Return what the items of a reading are called, by their keys."""
    words = words_of(language)
    several = len({one.item.plan for one in form.items}) > 1
    found = {"grade": words(VERDICT_ON_CASE)}
    for one in form.items:
        plan = words(OF_PLAN, number=one.item.plan) if several and one.item.plan else ""
        found[one.item.key] = f"{one.item.label} {plan}".strip()
    for asked in form.questions:
        about = words(QUESTION_WORDS.get(asked.question, asked.question))
        found[asked.key] = f"{asked.structure} {about}".strip()
    return found


def draft_name(key: int) -> str:
    """Return what the draft of a reading is kept under."""
    return f"reading {key}"


def lines_of(form: ReadingForm, draft: dict[str, str]) -> dict[str, FormLine]:
    """Return a line for each item by its key, and one for the grade; a draft goes before."""
    lines = {}
    for number, one in enumerate(form.items):
        lines[one.item.key] = _line(
            f"i{number}", one.verdict, one.reason_code, one.justification, draft
        )
    for number, question in enumerate(form.questions):
        value = form.answers.get(question.key, "")
        lines[question.key] = _line(f"q{number}", value, "", "", draft)
    lines["grade"] = _line("g", form.grade, "", form.grade_words, draft)
    return lines


def _line(name: str, value: str, reason: str, words: str, draft: dict[str, str]) -> FormLine:
    if draft.get(f"{name}.b", value) != value:  # recorded anew since the draft was kept
        draft = {}
    return FormLine(
        name, draft.get(f"{name}.v", value), draft.get(f"{name}.r", reason),
        draft.get(f"{name}.w", words), value,
    )  # fmt: skip


def unfinished(form: ReadingForm, draft: dict[str, str]) -> list[str]:
    """Return the keys of items whose override in a draft lacks its reason or its words."""
    return [
        key
        for key, line in lines_of(form, draft).items()
        if line.name[0] == "i"
        and line.value not in ("", _engine(form, key))
        and (line.reason not in form.reasons or len(line.words.strip()) < SHORTEST_REASON)
    ]


@refusing
def keep_draft(app: OfficeApp, visit: Visit) -> Response:
    """Keep what somebody has typed so far, whole or not; nothing of it is recorded.

    Raises
    ------
    PageError
        There is no such reading, or it is that of somebody else.
    """
    key, by = row_of(app, visit, "reading"), app.acting(visit)
    form = reading_form(app.engine, by, key)
    if form.account != by.account:
        raise RightsError("this is not there")
    if form.signed:
        raise MovedOnError("this reading is signed", where=form.case.code)
    app.drafts.keep(by.account, draft_name(key), typed(form, visit))
    return data({"saved": app.acting(visit).at})


def typed(form: ReadingForm, visit: Visit) -> dict[str, str]:
    """Return the fields of a form that are not as they are recorded, with what they stand over."""
    found: dict[str, str] = {}
    for line in lines_of(form, {}).values():
        parts = {"v": line.value, "r": line.reason, "w": line.words}
        said = {part: visit.said(f"{line.name}.{part}", was) for part, was in parts.items()}
        if said != parts:
            found |= {f"{line.name}.{part}": text for part, text in said.items()}
            found[f"{line.name}.b"] = visit.said(f"{line.name}.b", line.before)
    if visit.said("comment").strip():
        found["comment"] = visit.said("comment")
        found["visibility"] = "site" if visit.said("visibility") == "site" else "office"
    return found


@refusing
def save_form(app: OfficeApp, visit: Visit) -> Response:
    """Record what is complete, keep the rest as a draft, and go where the button leads."""
    key, by = row_of(app, visit, "reading"), app.acting(visit)
    form = reading_form(app.engine, by, key)
    complete, draft = read_fields(form, visit)
    try:
        if complete or form.account != by.account:
            judge(app.engine, by, key, complete)
    except MovedOnError:
        if form.signed:
            raise
        app.drafts.keep(by.account, draft_name(key), typed(form, visit))
        return _form(app, visit, key, HTTPStatus.CONFLICT, CHANGED)
    app.drafts.keep(by.account, draft_name(key), draft)
    if visit.said("step") == "accept":
        accept_automatic(app.engine, app.acting(visit), key)
    if visit.said("comment").strip():
        where = "site" if visit.said("visibility") == "site" else "office"
        comment(app.engine, app.acting(visit), key, visit.said("comment"), visibility=where)
    here = f"/readings/{visit.places['reading']}"
    if draft:
        return _form(app, visit, key, HTTPStatus.BAD_REQUEST)
    return see_other(f"{here}/sign" if visit.said("step") == "sign" else here)


def read_fields(form: ReadingForm, visit: Visit) -> tuple[list[Judgement], dict[str, str]]:
    """Return what of a form is new and complete, and the fields of what is not complete."""
    complete: list[Judgement] = []
    draft: dict[str, str] = {}
    for key, line in lines_of(form, {}).items():
        said = visit.said(f"{line.name}.v", line.before)
        reason, words = visit.said(f"{line.name}.r"), visit.said(f"{line.name}.w").strip()
        kind = {"i": "engine", "q": "contour", "g": "grade"}[line.name[0]]
        override = kind == "engine" and said not in ("", _engine(form, key))
        if not override and kind != "grade":
            reason = words = ""
        if (said, reason, words) == (line.value, line.reason, line.words):
            continue
        seen = visit.said(f"{line.name}.b", line.before)
        if override and (reason not in form.reasons or len(words) < SHORTEST_REASON):
            draft |= {
                f"{line.name}.v": said, f"{line.name}.r": reason[:64],
                f"{line.name}.w": words[:MOST_TEXT], f"{line.name}.b": seen,
            }  # fmt: skip
        else:
            complete.append(Judgement(kind, key, said, reason, words, seen))
    return complete, draft


def _engine(form: ReadingForm, key: str) -> str:
    return next((one.item.engine for one in form.items if one.item.key == key), "")


DOORS: Final = (
    Door("GET", "/readings/{reading}", Right.SEE_CASE, show_form),
    Door("POST", "/readings/{reading}", Right.WRITE_READING, save_form),
    Door("POST", "/readings/{reading}/draft", Right.WRITE_READING, keep_draft),
)
