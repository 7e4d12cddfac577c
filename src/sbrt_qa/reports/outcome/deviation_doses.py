"""Doses of the treated plans beside local failure: single lesions, and bands of histograms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.measure_plot import (
    MeasureAxes,
    MeasuredDots,
    MeasuredLine,
    measure_plot,
    round_marks,
)
from sbrt_qa.reports.outcome.asked_report import AskedReport
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    Titled,
    interval_text,
    number_text,
)
from sbrt_qa.survival import clustered_logistic
from sbrt_qa.trial.lesion_doses import LesionDose, lesion_doses

FEWEST_CURVES: Final = 3
"""Below so many histograms no band is drawn."""


def dose_blocks(asked: AskedReport) -> Iterator[Block]:
    """Yield lesions by dose and local failure, and bands of histograms of failures and others."""
    found = lesion_doses(asked.found)
    yield Titled(say("Dose of single lesions and local failure"))
    rows = []
    for name, values in (
        (say("D98, Gy"), [one.d98_gy for one in found.lesions]),
        (say("BED of D98, alpha/beta 10 Gy"), [one.bed10_gy for one in found.lesions]),
    ):
        fit = clustered_logistic(
            values, [o.failed for o in found.lesions], [o.subject for o in found.lesions]
        )
        slope = say("not estimable") if isinstance(fit.value, Reason) else number_text(fit.value, 3)
        rows.append((name, str(fit.n), str(fit.n_events), str(fit.clusters), slope,
                     interval_text((fit.low, fit.high), digits=3)))  # fmt: skip
    heads = (say("dose"), say("lesions"), say("failed locally"), say("subjects"),
             say("slope per unit"), say("95 % interval, robust"))  # fmt: skip
    yield OutcomeGrid(say("Local failure by dose; errors hold for several lesions of a subject"),
                      heads, tuple(rows))  # fmt: skip
    if found.lesions:
        yield _lesions(found.lesions)
    lost = (say("lesion"), say("reason"))
    caption = say("Lesions left out ({0})", len(found.left_out))
    yield OutcomeGrid(caption, lost, found.left_out, folded=True)
    yield from _bands(asked)


def _lesions(lesions: Sequence[LesionDose]) -> Drawn:
    low, high = min(o.bed10_gy for o in lesions), max(o.bed10_gy for o in lesions)
    dots = (
        MeasuredDots(say("failed locally"), tuple((o.bed10_gy, 1.0) for o in lesions if o.failed)),
        MeasuredDots(say("without local failure"),
                     tuple((o.bed10_gy, 0.0) for o in lesions if not o.failed), filled=False),
    )  # fmt: skip
    axes = MeasureAxes(say("BED of D98, Gy (alpha/beta 10)"), say("failed"),
                       round_marks(low, high), 1.0, low, max(high, low + 1.0))  # fmt: skip
    sentence = say("Each lesion by its dose, above where it failed locally.")
    rows = tuple((o.subject, o.lesion, number_text(o.d98_gy, 1), number_text(o.bed10_gy, 1),
                  say("yes") if o.failed else say("no")) for o in lesions)  # fmt: skip
    heads = (say("subject"), say("lesion"), say("D98, Gy"), say("BED of D98, Gy"),
             say("failed locally"))  # fmt: skip
    table = OutcomeGrid(say("Lesions"), heads, rows, folded=True)
    return Drawn(measure_plot, ((), dots, axes, sentence), sentence, table)


def _bands(asked: AskedReport) -> Iterator[Block]:
    """Yield median and quartiles of the histograms of targets, of local failures and of others."""
    local = {one.subject for one in asked.found.times_of("local_recurrence") if one.event}
    curves: dict[bool, list[tuple[float, ...]]] = {True: [], False: []}
    for code, one in asked.found.treated.items():
        for curve in one.plan.doses.curves if one.plan else ():
            if curve.structure.upper().startswith("PTV"):
                curves[code in local].append(curve.percent)
    if min(len(one) for one in curves.values()) < FEWEST_CURVES:
        return
    lines = []
    longest = max(len(c) for one in curves.values() for c in one)
    for failed, name in ((True, say("local failures")), (False, say("others"))):
        rows = np.array([[*c, *(0.0 for _ in range(longest - len(c)))] for c in curves[failed]])
        low, middle, high = np.quantile(rows, (0.25, 0.5, 0.75), axis=0)
        points = tuple((float(d), float(v)) for d, v in enumerate(middle))
        band = tuple((float(d), float(a), float(b)) for d, (a, b) in
                     enumerate(zip(low, high, strict=True)))  # fmt: skip
        lines.append(MeasuredLine(name, points, band=band))
    axes = MeasureAxes(say("dose, Gy"), say("volume, %"), round_marks(0, longest), 100.0, 0.0,
                       float(longest - 1))  # fmt: skip
    sentence = say("Histograms of the PTV, median and quartiles: {0} with local failure, {1} "
                   "without.", len(curves[True]), len(curves[False]))  # fmt: skip
    yield Drawn(measure_plot, (tuple(lines), (), axes, sentence), sentence)
