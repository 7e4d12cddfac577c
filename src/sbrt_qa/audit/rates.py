"""Answers that sum up: rates of sites, limits and months, charts over time, outliers, DVH bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from sbrt_qa.audit.what_can_be_asked import PLACE, Answer, Question, Row

if TYPE_CHECKING:
    from sbrt_qa.audit.statistics import FunnelPoint, Judged, Submitted
    from sbrt_qa.audit.store.connection import Database

T = TypeVar("T")


def submitted(engine: Database, protocol: str, question: Question) -> list[Submitted]:
    """Return the submissions that are meant, for statistics."""
    from sbrt_qa.audit.statistics import Submitted
    from sbrt_qa.audit.store.answers import OPEN, submissions

    return [
        Submitted(s.site, s.subject, (s.version, s.revision), s.received, s.used_verdict)
        for s in submissions(engine, protocol)
        if s.outcome != OPEN  # what we could not review says nothing of the site
        and question.has_place(s.site, s.subject, latest=s.latest)
    ]


def judged(engine: Database, protocol: str, question: Question) -> list[Judged]:
    """Return the results of limits that count and are meant, for statistics."""
    from sbrt_qa.audit.statistics import Judged
    from sbrt_qa.audit.store.answers import values

    return [
        Judged(v.code, v.site, v.limit, v.received, v.used_verdict, v.value)
        for v in values(engine, protocol)
        if v.counts
        and question.has_place(v.site, v.subject, latest=v.latest)
        and question.limit in ("", v.limit)
    ]


def percent(share: float) -> float:
    """Return a part of 1 in percent, to one decimal."""
    return round(100 * share, 1)


def interval(share: float, low: float, high: float, name: str = "") -> Row:
    """Return the columns of a rate and its exact interval."""
    names = (f"{name}percent", f"{name}low_percent", f"{name}high_percent")
    return {n: percent(x) for n, x in zip(names, (share, low, high), strict=True)}


def limits_of(point: FunnelPoint) -> Row:
    """Return the columns of exact binomial limits about the rate of all."""
    return {
        "watch_low_percent": percent(point.low),
        "watch_high_percent": percent(point.high),
        "alarm_low_percent": percent(point.low_alarm),
        "alarm_high_percent": percent(point.high_alarm),
        "signal": point.signal,
    }


def _sites(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import first_pass, funnel, pass_rates

    rows = submitted(engine, protocol, question)
    first = {one.group: one for one in first_pass(rows)}
    found = pass_rates(rows, lambda row: row.site)
    for one, point in zip(found, funnel(found), strict=True):
        start = first[one.group]
        yield {
            "site": one.group,
            "submissions": one.of,
            "passed": one.count,
            **interval(one.share, one.low, one.high),
            "subjects": start.of,
            "first_pass_approved": start.count,
            **interval(start.share, start.low, start.high, "first_pass_"),
            **limits_of(point),
        }


def _limits(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import limit_rates

    for one in limit_rates(judged(engine, protocol, question)):
        rate = interval(one.share, one.low, one.high)
        yield {"limit": one.group, "not_met": one.count, "of": one.of, **rate}


def _periods(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import pass_rates, period

    rows = submitted(engine, protocol, question)
    for one in pass_rates(rows, lambda row: period(row.received)):
        rate = interval(one.share, one.low, one.high)
        yield {"period": one.group, "passed": one.count, "of": one.of, **rate}


def _approvals(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import until_approval

    found = until_approval(submitted(engine, protocol, question))
    for number, subjects in sorted(found.items(), key=lambda i: (i[0] == 0, i[0])):
        yield {
            "approved_with_submission": str(number) if number else "not yet",
            "subjects": subjects,
        }


def _outliers(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import outliers

    return (asdict(one) for one in outliers(judged(engine, protocol, question)))


class _Place(NamedTuple):
    site: str
    subject: str
    version: int


def _meant(
    found: Sequence[T], places: Sequence[_Place], question: Question
) -> Iterator[tuple[T, bool]]:
    """Give what is asked for, each with whether it is of its subject's last version."""
    last: dict[tuple[str, str], int] = {}
    for place in places:
        last[place[:2]] = max(last.get(place[:2], 0), place.version)
    for one, place in zip(found, places, strict=True):
        latest = place.version == last[place[:2]]
        if question.has_place(place.site, place.subject, latest=latest):
            yield one, latest


def _contours(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    """Tell the features of every organ, and which are unlike those of the trial's other plans."""
    from sbrt_qa.audit.contour_outliers import features_in, scored

    found = scored(features_in(engine, protocol))
    places = [_Place(one.seen.site, one.seen.subject, one.seen.version) for one in found]
    for one, latest in _meant(found, places, question):
        seen = one.seen
        yield {
            "code": seen.code, "site": seen.site, "subject": seen.subject, "latest": latest,
            "plan": seen.plan, "organ": seen.organ, "feature": seen.feature, "value": seen.value,
            "plans": one.plans, "median_of_trial": one.median, "score": one.score,
            "site_score": one.site_score, "value_before": one.before, "judged": one.judged,
            "change_score": one.change_score, "drawn_as": seen.structure,
        }  # fmt: skip


def _robustness(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    """Tell what becomes of limits with the patient elsewhere, where shifts were asked for."""
    from sbrt_qa.audit.columns import COLUMNS
    from sbrt_qa.audit.robustness_rows import robustness_in

    found = list(robustness_in(engine, protocol))
    places = [_Place(one["site"], one["subject"], _version(one["code"])) for one in found]
    for one, latest in _meant(found, places, question):
        row = one | {"latest": latest}
        yield {name: row[name] for name in COLUMNS["robustness"] if name in row}


def _reference(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    """Tell the contours of plans beside those of reviewers, and every limit with either."""
    from sbrt_qa.audit.columns import COLUMNS
    from sbrt_qa.audit.reference_rows import references_in

    for row in references_in(engine, protocol):
        if question.has_place(row["site"], row["subject"], latest=row["latest"]):
            yield {name: row[name] for name in COLUMNS["reference"] if name in row}


def _reachable(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    """Tell what the trial's other plans reached with organs that lay no farther away."""
    from sbrt_qa.audit.reachable import judged as held_against_others
    from sbrt_qa.audit.reachable import plans_in

    found = held_against_others(plans_in(engine, protocol))
    places = [_Place(one.seen.site, one.seen.subject, one.seen.version) for one in found]
    for one, latest in _meant(found, places, question):
        seen = one.seen
        yield {
            "code": seen.code, "site": seen.site, "subject": seen.subject, "latest": latest,
            "plan": seen.plan, "limit": seen.limit, "structure": seen.structure,
            "metric": seen.metric, "unit": seen.unit, "value": seen.value,
            "fractionation": seen.fractionation, "plans": one.plans, "nearer": one.nearer,
            "reached": one.reached, "reached_by": one.by, "excess": one.excess,
            "usual_excess": one.usual, "error_of_bound": one.error, "judged": one.judged,
        }  # fmt: skip


def _version(code: str) -> int:
    return int(code.rpartition("/v")[2].partition(".")[0])


def _charts(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.statistics import control_chart

    by_limit: dict[str, list[tuple[str, str, float]]] = {}
    for one in judged(engine, protocol, question):
        if one.value is not None:
            by_limit.setdefault(one.limit, []).append((one.received, one.code, one.value))
    for limit, values in sorted(by_limit.items()):
        values.sort()
        chart = control_chart([(code, value) for _, code, value in values])
        for (received, _, _), point in zip(values, chart, strict=False):
            yield {"limit": limit, "received": received, **asdict(point)}


def _pass_chart(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.charts import TooFew, pass_chart

    found = pass_chart(submitted(engine, protocol, question))
    for group in () if isinstance(found, TooFew) else found:
        point = group.point
        yield {
            "submissions": point.site,
            "begin": group.begin,
            "end": group.end,
            "passed": point.count,
            "of": point.of,
            "percent": percent(point.count / point.of),
            **limits_of(point),
        }


def _dvh_bands(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    from sbrt_qa.audit.charts import enough_for
    from sbrt_qa.audit.statistics import dvh_band
    from sbrt_qa.audit.store.kept import named_histograms
    from sbrt_qa.dosimetry.packed import unpack

    for structure, plans in named_histograms(engine, protocol):
        meant = (p for p in plans if question.has_place(p.site, p.subject, latest=p.latest))
        found = (unpack(one.data) for one in meant)
        band = dvh_band(structure, ((d.dose_gy, d.cumulative_cc) for d in found))
        if band is None:
            continue
        known = {q: row for q, row in band.volume_percent.items() if enough_for(q, band.plans)}
        for i, dose in enumerate(band.dose_gy):
            parts = {
                f"p{100 * q:g}": round(float(known[q][i]), 3) if q in known else None
                for q in band.volume_percent
            }
            yield {"structure": structure, "plans": band.plans, "dose_gy": float(dose), **parts}


SUMS: Final = {
    "sites": Answer(_sites, PLACE),
    "limits": Answer(_limits, PLACE | {"limit"}),
    "periods": Answer(_periods, PLACE),
    "approvals": Answer(_approvals, PLACE),
    "outliers": Answer(_outliers, PLACE | {"limit"}),
    "contours": Answer(_contours, PLACE),
    "robustness": Answer(_robustness, PLACE | {"limit"}),
    "reference": Answer(_reference, PLACE | {"limit"}),
    "reachable": Answer(_reachable, PLACE | {"limit"}),
    "charts": Answer(_charts, PLACE | {"limit"}),
    "pass-chart": Answer(_pass_chart, PLACE),
    "dvh-bands": Answer(_dvh_bands, PLACE),
}
"""Answers that sum up, by name."""
