"""``query`` and ``export``: what an audit has to say, as plain rows of columns and cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.statistics import Judged, Submitted
    from sbrt_qa.store.answers import ValueRow
    from sbrt_qa.store.connection import Database

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an audit.

    Parameters
    ----------
    about
        One of `ABOUT`.
    site, subject, limit
        Only these, when not empty.
    verdict
        Only this verdict.
    latest
        Only the last submission of each subject.
    protocol
        Hash, or its beginning, of the protocol whose reviews are meant; the newest when empty.
    """

    about: str
    site: str = ""
    subject: str = ""
    limit: str = ""
    verdict: str = ""
    latest: bool = False
    protocol: str = ""


def ask(audit: Path, question: Question, database: str = "") -> Iterator[Row]:
    """Answer a question with rows that all have the same columns, streamed.

    Raises
    ------
    UsageError
        There is no such kind of answer, no audit, or no protocol of this hash.
    """
    from sbrt_qa.workflows_audit.place import open_audit

    if question.about not in ABOUT:
        raise UsageError("unknown question", got=quoted(question.about), expected=", ".join(ABOUT))
    engine = open_audit(audit).engine(database)
    try:
        protocol = _protocol(engine, question.protocol)
        for row in ABOUT[question.about](engine, protocol, question):
            if _is_asked(row, question):
                yield row
    finally:
        engine.dispose()


def _protocol(engine: Database, start: str) -> str:
    if not start:
        return ""
    from sbrt_qa.store.kept import protocols

    found = [one for one in protocols(engine) if one.startswith(start)]
    if len(found) != 1:
        what = "no protocol of this audit" if not found else "several protocols of this audit"
        raise UsageError(f"{what} has a hash that begins so", got=quoted(start))
    return found[0]


def _is_asked(row: Row, question: Question) -> bool:
    for name in ("site", "subject", "limit", "verdict"):
        wanted = getattr(question, name)
        if wanted and name in row and row[name] != wanted:
            return False
    return not (question.latest and row.get("latest") is False)


# --- rows -------------------------------------------------------------------------------------


def _submissions(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.store.answers import submissions

    for one in submissions(engine, protocol):
        data = asdict(one)
        del data["id"]
        yield {"code": one.code, **data, "complete": one.complete}


def _metrics(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.store.answers import values

    return (asdict(one) for one in values(engine, protocol))


def _deviations(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.store.answers import deviations

    return (asdict(one) for one in deviations(engine, protocol))


def _completeness(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.store.answers import submissions

    for one in submissions(engine, protocol):
        parts = {
            "RTPLAN": one.plans,
            "RTSTRUCT": one.structure_sets,
            "RTDOSE": one.doses,
            "CT": one.images,
        }
        missing = ", ".join(name for name, count in parts.items() if not count)
        place = {"code": one.code, "site": one.site, "subject": one.subject}
        yield {**place, "latest": one.latest, **parts, "missing": missing}


def _sites(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import first_pass, funnel, pass_rates

    rows = submitted(engine, protocol)
    first = {one.group: one for one in first_pass(rows)}
    found = pass_rates(rows, lambda row: row.site)
    for one, point in zip(found, funnel(found), strict=True):
        start = first[one.group]
        yield {
            "site": one.group,
            "submissions": one.of,
            "passed": one.count,
            **_interval(one.share, one.low, one.high),
            "subjects": start.of,
            "first_pass_approved": start.count,
            "first_pass_percent": round(100 * start.share, 1),
            "signal": point.signal,
        }


def _limits(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import limit_rates

    for one in limit_rates(judged(engine, protocol)):
        interval = _interval(one.share, one.low, one.high)
        yield {"limit": one.group, "not_met": one.count, "of": one.of, **interval}


def _periods(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import pass_rates, period

    for one in pass_rates(submitted(engine, protocol), lambda row: period(row.received)):
        interval = _interval(one.share, one.low, one.high)
        yield {"period": one.group, "passed": one.count, "of": one.of, **interval}


def _approvals(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import until_approval

    for number, subjects in until_approval(submitted(engine, protocol)).items():
        yield {"approved_with_submission": number or "not yet", "subjects": subjects}


def _outliers(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import outliers

    return (asdict(one) for one in outliers(judged(engine, protocol)))


def _charts(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import control_chart

    by_limit: dict[str, list[tuple[str, str, float]]] = {}
    for one in judged(engine, protocol):
        if one.value is not None and question.limit in ("", one.limit):
            by_limit.setdefault(one.limit, []).append((one.received, one.code, one.value))
    for limit, values in by_limit.items():
        for point in control_chart([(code, value) for _, code, value in sorted(values)]):
            yield {"limit": limit, **asdict(point)}


def _dvh_bands(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import dvh_band
    from sbrt_qa.dosimetry.packed import unpack
    from sbrt_qa.store.kept import named_histograms

    for structure, packed in named_histograms(engine, protocol):
        found = (unpack(data) for data in packed)
        band = dvh_band(structure, ((d.dose_gy, d.cumulative_cc) for d in found))
        if band is None:
            continue
        for i, dose in enumerate(band.dose_gy):
            parts = {f"p{100 * q:g}": round(float(v[i]), 3) for q, v in band.volume_percent.items()}
            yield {"structure": structure, "plans": band.plans, "dose_gy": float(dose), **parts}


def _changes(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    """Tell what a resubmission changed: limits whose value or verdict is not that of before."""
    from sbrt_qa.store.answers import values

    before: dict[tuple[int, str], ValueRow] = {}
    now: dict[tuple[int, str], ValueRow] = {}
    for one in values(engine, protocol):
        last = next(iter(now.values()), None)
        if last is not None and last.code != one.code:
            yield from _differences(before, now)
            same = (last.site, last.subject) == (one.site, one.subject)
            before, now = now if same else {}, {}
        now[one.plan, one.limit] = one
    yield from _differences(before, now)


def _differences(
    before: dict[tuple[int, str], ValueRow], now: dict[tuple[int, str], ValueRow]
) -> Iterator[Row]:
    if not before:
        return
    first, second = (next(iter(rows.values())) for rows in (before, now))
    for key in sorted({*before, *now}):
        one, other = before.get(key), now.get(key)
        if one and other and one.verdict == other.verdict and _alike(one.value, other.value):
            continue
        yield {
            "site": second.site,
            "subject": second.subject,
            "before": first.code,
            "after": second.code,
            "plan": key[0],
            "limit": key[1],
            "value_before": one.value if one else None,
            "value_after": other.value if other else None,
            "verdict_before": one.verdict if one else "absent",
            "verdict_after": other.verdict if other else "absent",
        }


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-6)


def _differences_told(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    """Tell what a resubmission changed besides values of limits: plan, contours, dose, files."""
    from sbrt_qa.review.comparison import CaseComparison
    from sbrt_qa.store.kept import comparisons

    for code, plan, document in comparisons(engine, protocol):
        site, subject, _version = code.split("/")
        found = CaseComparison.from_json(document)
        verdicts = {"verdict_before": found.before.verdict, "verdict_after": found.after.verdict}
        for one in found.changes:
            yield {
                "code": code, "site": site, "subject": subject, "plan": plan,
                "area": one.area.value, "item": one.item, "what": one.what,
                "before": one.before, "after": one.after, **verdicts,
            }  # fmt: skip


def _interval(share: float, low: float, high: float) -> Row:
    names = ("percent", "low_percent", "high_percent")
    return {n: round(100 * x, 1) for n, x in zip(names, (share, low, high), strict=True)}


def submitted(engine: Database, protocol: str = "") -> list[Submitted]:
    """Return all submissions for statistics."""
    from sbrt_qa.audit.statistics import Submitted
    from sbrt_qa.store.answers import submissions

    return [
        Submitted(s.site, s.subject, (s.version, s.revision), s.received, s.verdict)
        for s in submissions(engine, protocol)
    ]


def judged(engine: Database, protocol: str = "") -> list[Judged]:
    """Return all limits that count, for statistics."""
    from sbrt_qa.audit.statistics import Judged
    from sbrt_qa.store.answers import values

    return [
        Judged(v.code, v.site, v.limit, v.received, v.verdict, v.value)
        for v in values(engine, protocol)
        if v.counts
    ]


ABOUT: Final[dict[str, Callable[[Database, str, Question], Iterator[Row]]]] = {
    "submissions": _submissions,
    "metrics": _metrics,
    "deviations": _deviations,
    "completeness": _completeness,
    "changes": _changes,
    "differences": _differences_told,
    "sites": _sites,
    "limits": _limits,
    "periods": _periods,
    "approvals": _approvals,
    "outliers": _outliers,
    "charts": _charts,
    "dvh-bands": _dvh_bands,
}
"""Every kind of answer by its name."""
