"""What the plots of the trial report are drawn from."""

from __future__ import annotations

import base64
import zlib
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sbrt_qa.audit.rates import limits_of, percent, submitted
from sbrt_qa.audit.what_can_be_asked import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sbrt_qa.audit.statistics import DvhBand
    from sbrt_qa.audit.store.answers import ValueRow
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.kept import NamedHistogram

AXIS_POINTS: Final = 96
"""Doses at which curves are drawn."""

STEPS_GY: Final = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)

UNITS_PER_PERCENT: Final = 2
"""Curves of single plans are drawn to half a percent of the volume; a byte holds them."""

DIGITS: Final = 5
"""Digits of a value in a chart; the store has them all."""


def plots(engine: Database, codes: Mapping[str, int]) -> dict[str, Any]:
    """Return what each plot needs, or what it would need to be drawn.

    Parameters
    ----------
    codes
        Where each submission stands in the page's list.
    """
    return {
        "funnel": _funnel(engine),
        "runs": _runs(engine),
        "values": list(_values(engine, codes)),
        "bands": list(_bands(engine, codes)),
    }


def _funnel(engine: Database) -> dict[str, Any]:
    from sbrt_qa.audit.charts import TooFew, funnel_lines
    from sbrt_qa.audit.statistics import pass_rates

    rows = submitted(engine, "", Question("sites"))
    lines = funnel_lines(pass_rates(rows, lambda row: row.site))
    if isinstance(lines, TooFew):
        return asdict(lines)
    names = ("low", "high", "low_alarm", "high_alarm")
    ends = {name: [percent(x) for x in getattr(lines, name)] for name in names}
    return {"expected": percent(lines.expected), "of": lines.of, **ends}


def _runs(engine: Database) -> dict[str, Any]:
    from sbrt_qa.audit.charts import TooFew, pass_chart

    found = pass_chart(submitted(engine, "", Question("pass-chart")))
    if isinstance(found, TooFew):
        return asdict(found)
    expected = sum(g.point.count for g in found) / sum(g.point.of for g in found)
    return {
        "expected": percent(expected),
        "points": [
            {
                "name": g.point.site, "begin": g.begin, "end": g.end, "count": g.point.count,
                "of": g.point.of, "percent": percent(g.point.count / g.point.of),
                **limits_of(g.point),
            }
            for g in found
        ],
    }  # fmt: skip


def _values(engine: Database, codes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield an individuals chart of every limit that counts, by its name."""
    from sbrt_qa.audit.statistics import control_chart, no_outliers_because
    from sbrt_qa.audit.store.answers import values

    by_limit: dict[str, list[ValueRow]] = defaultdict(list)
    for one in values(engine):
        if one.counts and one.value is not None:
            by_limit[one.limit].append(one)
    for limit, rows in sorted(by_limit.items()):
        rows.sort(key=lambda r: (r.received, r.code, r.plan))
        chart = control_chart([(r.code, r.value) for r in rows if r.value is not None])
        last = rows[-1]
        numbers = [float(r.value) for r in rows if r.value is not None]
        yield {
            "limit": limit,
            "name": f"{last.structure} {last.metric}",
            "unit": "" if last.unit in ("1", "bool") else last.unit,
            "op": last.op,
            "bound": last.per_protocol_limit,
            "at": [codes[r.code] for r in rows],
            "values": [_shorter(x) for x in numbers],
            "ends": [_shorter(x) for x in (chart[0].low, chart[0].centre, chart[0].high)]
            if chart
            else None,
            "silent": no_outliers_because(np.array(numbers)),
        }


def _shorter(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _bands(engine: Database, codes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the curves of every structure: quantiles of the last submissions, and each plan's own.

    Those of single plans are bytes, deflated: one row a plan, differences along the dose.
    """
    from sbrt_qa.audit.statistics import dvh_band
    from sbrt_qa.audit.store.kept import named_histograms
    from sbrt_qa.dosimetry.packed import unpack

    for structure, histograms in named_histograms(engine):
        plans = [(one, unpack(one.data)) for one in histograms]
        highest = max((float(dvh.dose_gy[-1]) for _, dvh in plans), default=0.0)
        step = next((s for s in STEPS_GY if highest / s < AXIS_POINTS), STEPS_GY[-1])
        last = ((dvh.dose_gy, dvh.cumulative_cc) for one, dvh in plans if one.latest)
        band = dvh_band(structure, last, step_gy=step)
        if band is None:
            continue
        axis = step * np.arange(round(highest / step) + 2)
        packed = _packed([(dvh.dose_gy, dvh.cumulative_cc) for _, dvh in plans], axis)
        named = [one for one, _ in plans]
        yield {
            **_quantiles(band, axis.size),
            "step": step,
            "count": axis.size,
            "at": [codes[one.code] for one in named],
            "names": _names(named),
            "curves": packed,
        }


def _quantiles(band: DvhBand, count: int) -> dict[str, Any]:
    """Return the quantiles that so few curves have, on an axis that may go on beyond the last."""
    from sbrt_qa.audit.charts import enough_for

    rows = {
        f"{100 * q:g}": [*(round(float(x), 2) for x in row), *[0.0] * (count - row.size)]
        for q, row in band.volume_percent.items()
        if enough_for(q, band.plans)
    }
    return {"structure": band.structure, "plans": band.plans, "quantiles": rows}


def _names(plans: list[NamedHistogram]) -> list[str]:
    """Return what each plan is called: its submission, with its number where there are several."""
    several = {one.code for one in plans if one.plan > 1}
    return [f"{p.code} ({p.plan})" if p.code in several else p.code for p in plans]


def _packed(curves: list[tuple[Any, Any]], axis: Any) -> str:  # noqa: ANN401 - arrays
    from sbrt_qa.audit.charts import relative_curve

    rows = np.array([relative_curve(dose, volume, axis) for dose, volume in curves])
    units = np.rint(rows * UNITS_PER_PERCENT).astype(np.uint8)
    steps = np.diff(units, axis=1, prepend=np.uint8(0))  # modulo 256
    return base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
