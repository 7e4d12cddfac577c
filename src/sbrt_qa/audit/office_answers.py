"""Answers about the review office: turnaround, workload, readings, overrides, signatures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.what_can_be_asked import PLACE, Answer, Question, Row
from sbrt_qa.audit.working_time import AT_REST, DUE_DAYS, turnaround, usual_due

if TYPE_CHECKING:
    from sbrt_qa.audit.reader_agreement import AgreementMeasure, ReaderAgreement
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.office_history import OfficeLife, ReaderWork

HOLIDAYS: Final = "holidays"
"""The setting of the office that lists days on which nobody works."""

USUAL_KIND: Final = "default_kind"
USUAL_DAYS: Final = "due_days"
FIRST_KIND: Final = "timely retrospective"

NINE_TENTHS: Final = 0.9

GRADES: Final = ("accepted", "accepted with deviation", "rejected")
VERDICTS: Final = ("per_protocol", "minor", "major")
ANSWERS: Final = ("acceptable", "acceptable variation", "unacceptable")
"""Categories from best to worst; any other word is missing."""

PROGRAM: Final = "program"


def _lives(engine: Database, question: Question, *, held: bool = True) -> Iterator[OfficeLife]:
    """Yield what happened to the submissions that are meant."""
    from sbrt_qa.audit.store.office_history import office_lives

    return (
        one for one in office_lives(engine, held=held)
        if question.has_place(one.site, one.subject, latest=one.latest)
    )  # fmt: skip


def _place(one: OfficeLife) -> Row:
    return {"code": one.code, "site": one.site, "subject": one.subject, "latest": one.latest}


# --- turnaround ----------------------------------------------------------------------------------


def turnarounds(engine: Database, question: Question, now: str) -> Iterator[Row]:
    """Yield when a submission was received, assigned, read, signed and decided, and how long."""
    return turnarounds_of(engine, _lives(engine, question, held=False), now)


def turnarounds_of(engine: Database, lives: Iterable[OfficeLife], now: str) -> Iterator[Row]:
    """Yield the same of submissions that are known."""
    from sbrt_qa.audit.store.office_history import office_setting

    free = office_setting(engine, HOLIDAYS) or ()
    usual = office_setting(engine, USUAL_KIND) or FIRST_KIND
    days = office_setting(engine, USUAL_DAYS) or DUE_DAYS
    for one in lives:
        kind = one.kind or usual
        due = one.due or usual_due(one.received, days, kind)
        yield _turnaround(one, kind, due, now, free)


def _turnaround(one: OfficeLife, kind: str, due: str, now: str, free: Iterable[str]) -> Row:

    begin = min(one.recorded, one.steps[0].at)
    took = turnaround(begin, [(step.state, step.at) for step in one.steps], now, free)
    signed = [r.signature.at for r in one.readings if r.signature and r.part == "reader"]
    last = one.steps[-1]
    done = last.at if last.state in AT_REST else ""
    ended = done or now
    return {
        **_place(one), "review_kind": kind, "state": last.state, "received": begin,
        "assigned": min(one.assigned, default=""),
        "first_read": min((r.opened for r in one.readings), default=""),
        "first_signed": min(signed, default=""), "last_signed": max(signed, default=""),
        "decided_at": max((s.at for s in one.steps if s.state in GRADES), default=""),
        "questions": one.questions, "asked": one.asked, "site_answered": one.answered,
        "due": due, "overdue": bool(due) and ended > due,
        "gross_hours": took.gross, "site_hours": took.site, "net_hours": took.net,
        "working_hours": took.working,
    }  # fmt: skip


def _turnaround_rows(engine: Database, _: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.times import now

    return turnarounds(engine, question, now())


def _turnaround_sums(engine: Database, _: str, question: Question) -> Iterator[Row]:
    """Tell median and ninth decile of what is decided, by type of review; and what is open."""
    from sbrt_qa.audit.times import now

    return turnaround_sums(turnarounds(engine, question, now()))


def turnaround_sums(found: Iterable[Row]) -> Iterator[Row]:
    """Yield median and ninth decile by type of review of rows of `turnarounds`."""
    by_kind: dict[str, list[Row]] = {}
    for row in found:
        by_kind.setdefault(row["review_kind"], []).append(row)
    for kind, rows in sorted(by_kind.items()):
        done = [row for row in rows if row["state"] in GRADES]
        told: Row = {
            "review_kind": kind, "submissions": len(rows), "decided": len(done),
            "open": sum(not _is_at_rest(row) for row in rows),
            "overdue_open": sum(row["overdue"] and not _is_at_rest(row) for row in rows),
        }  # fmt: skip
        for name in ("gross", "net", "working"):
            hours = sorted(row[f"{name}_hours"] for row in done)
            told[f"median_{name}_hours"] = round(median(hours), 2) if hours else None
            told[f"p90_{name}_hours"] = _quantile(hours, NINE_TENTHS)
        yield told


def _is_at_rest(row: Row) -> bool:
    return row["state"] in AT_REST


def _quantile(values: list[float], part: float) -> float | None:
    """Return a quantile of sorted values, between neighbours in proportion (Hyndman-Fan 7)."""
    if not values:
        return None
    where = part * (len(values) - 1)
    low = int(where)
    high = min(low + 1, len(values) - 1)
    return round(values[low] + (where - low) * (values[high] - values[low]), 2)


# --- readers -------------------------------------------------------------------------------------


def _workload(engine: Database, _: str, question: Question) -> Iterator[Row]:
    """Tell what each reader has before them and has done."""
    from sbrt_qa.audit.times import now

    return workload_of(_lives(engine, question, held=False), now())


def workload_of(lives: Iterable[OfficeLife], at: str) -> Iterator[Row]:
    """Yield the same of submissions that are known."""
    names: dict[str, str] = {}
    waits: dict[str, list[str]] = {}
    works: dict[str, list[ReaderWork]] = {}
    for life in lives:
        for work in life.readings:
            names[work.account] = work.name
            works.setdefault(work.account, []).append(work)
        if _is_at_rest({"state": life.steps[-1].state}):
            continue
        number = max((work.round for work in life.readings), default=1)
        done = {w.account for w in life.readings if w.signature and w.round == number}
        for code in dict.fromkeys(life.holders):
            if code not in done:
                waits.setdefault(code, []).append(min(life.assigned))
    for code in sorted({*works, *waits}):
        mine = works.get(code, [])
        signed = [w for w in mine if w.signature is not None]
        hours = [_hours(w.assigned or w.opened, w.signature.at) for w in signed if w.signature]
        yield {
            "reader": code, "reader_name": names.get(code, ""),
            "to_read": len(waits.get(code, ())),
            "oldest_days": max((_hours(one, at) // 24 for one in waits.get(code, ())), default=0),
            "readings": len(mine), "signed": len(signed),
            "override_count": sum(len(w.overrides) for w in signed),
            "median_hours_to_sign": round(median(hours), 2) if hours else None,
        }  # fmt: skip


def _hours(since: str, until: str) -> float:
    span = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return max(span.total_seconds() / 3600, 0.0)


def _works(engine: Database, question: Question) -> Iterator[tuple[OfficeLife, ReaderWork]]:
    return ((life, work) for life in _lives(engine, question) for work in life.readings)


def _readings(engine: Database, _: str, question: Question) -> Iterator[Row]:
    for life, one in _works(engine, question):
        signature = one.signature
        yield {
            **_place(life), "round": one.round, "part": one.part, "reader": one.account,
            "reader_name": one.name, "role": one.role, "assigned": one.assigned,
            "first_read": one.opened, "grade": one.grade, "override_count": len(one.overrides),
            "comments": one.comments, "signed_at": "" if signature is None else signature.at,
            "signature_state": "not signed" if signature is None else signature.state,
        }  # fmt: skip


def _overrides(engine: Database, _: str, question: Question) -> Iterator[Row]:
    for life, one in _works(engine, question):
        for said in one.overrides:
            kind, plan, what = said["item"].split(":", 2)
            yield {
                **_place(life), "plan": int(plan), "kind": kind, "what": what.partition(":")[0],
                "verdict": said["engine"], "reader_verdict": said["verdict"],
                "reason_code": said["reason_code"], "justification": said["justification"],
                "round": one.round, "part": one.part, "reader": one.account,
                "signature_state": one.signature.state if one.signature else "not signed",
            }  # fmt: skip


def _signatures(engine: Database, _: str, question: Question) -> Iterator[Row]:
    for life, one in _works(engine, question):
        if (made := one.signature) is not None:
            yield {
                **_place(life), "round": made.round, "part": made.part, "reader": made.account,
                "reader_name": made.name, "role": made.role, "meaning": made.sentence,
                "signed_at": made.at, "local_at": made.local_at, "proof": made.proof,
                "grade": str(made.content.get("grade", "")),
                "content_sha256": made.content_sha256, "signature_sha256": made.sha256,
                "signature_state": made.state,
            }  # fmt: skip


# --- agreement -----------------------------------------------------------------------------------


def _agreement(engine: Database, _: str, question: Question) -> Iterator[Row]:
    """Tell how far each pair of readers agrees, and each reader with the program, by item."""
    from sbrt_qa.audit.reader_agreement import agreement

    pairs: dict[tuple[str, str, str, str], list[tuple[str, str]]] = {}
    for life in _lives(engine, question):
        last = max((one.round for one in life.readings), default=0)
        signed = [
            one for one in life.readings
            if one.signature and one.part == "reader" and one.round == last
        ]  # fmt: skip
        said = {one.account: _said(one) for one in signed}
        program = _of_program(signed)
        for first, second in combinations(sorted(said), 2):
            _add(pairs, (first, second), said[first], said[second])
        for account, words in said.items():
            _add(pairs, (account, PROGRAM), words, program)
    for (first, second, kind, what), found in sorted(pairs.items()):
        order = {"grade": GRADES, "contour": ANSWERS}.get(kind, VERDICTS)
        told = agreement([one for one, _ in found], [other for _, other in found], order)
        yield {
            "reader": first, "other_reader": second, "kind": kind, "what": what,
            "pairs": told.pairs, "missing_pairs": told.missing, **_measures(told),
        }  # fmt: skip


def _add(
    pairs: dict[tuple[str, str, str, str], list[tuple[str, str]]],
    who: tuple[str, str],
    one: dict[tuple[str, str], str],
    other: dict[tuple[str, str], str],
) -> None:
    for item in one.keys() & other.keys():
        kind, name = item
        what = name.partition(":")[2] if kind == "limit" else name
        pairs.setdefault((*who, kind, what), []).append((one[item], other[item]))


def _said(work: ReaderWork) -> dict[tuple[str, str], str]:
    """Return what somebody signed: grade, limits and contours."""
    content: Any = work.signature.content if work.signature else {}
    said = {("grade", ""): str(content.get("grade", ""))}
    for item in content.get("items", ()):
        kind, _, name = item["item"].partition(":")
        if kind == "limit":
            said[kind, name] = item["verdict"]
    for item in content.get("contours", ()):
        said["contour", item["item"].removeprefix("contour:")] = item["answer"]
    return said


def _of_program(signed: list[ReaderWork]) -> dict[tuple[str, str], str]:
    """Return the program's verdicts of limits, as they were shown to who signed."""
    return {
        ("limit", item["item"].partition(":")[2]): item["engine"]
        for one in signed if one.signature
        for item in one.signature.content.get("items", ()) if item["item"].startswith("limit:")
    }  # fmt: skip


def _measures(told: ReaderAgreement) -> Row:
    """Return the columns of the measures, each with its interval; why where there is none."""
    row: Row = {}
    for name in ("raw", "kappa", "linear", "quadratic", "ac1"):
        one: AgreementMeasure = getattr(told, name)
        values = asdict(one)
        row |= {
            f"{name}": _rounded(values["value"]), f"{name}_low": _rounded(values["low"]),
            f"{name}_high": _rounded(values["high"]),
        }  # fmt: skip
    return row | {"reason": told.kappa.why}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


OFFICE: Final = {
    "turnaround": Answer(_turnaround_rows, PLACE),
    "turnaround-by-type": Answer(_turnaround_sums, PLACE),
    "workload": Answer(_workload, PLACE),
    "readings": Answer(_readings, PLACE),
    "overrides": Answer(_overrides, PLACE | {"limit", "verdict"}),
    "signatures": Answer(_signatures, PLACE),
    "agreement": Answer(_agreement, PLACE),
}
"""Answers about the office, by name."""
