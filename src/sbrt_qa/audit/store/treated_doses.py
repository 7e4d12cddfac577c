"""Doses of submissions from their stored histograms, for the data of the trial."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import BATCH, current_reviews
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.kept import reviews
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.packed import unpack
from sbrt_qa.dosimetry.radiobiology import mean_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.trial.plan_doses import (
    BODY,
    EDIC,
    INTEGRAL,
    LIVER,
    MEAN,
    MEAN_SQUARE,
    SPLEEN,
    V5,
    PlanCurve,
    PlanDose,
    PlanDoses,
)

ORGANS: Final = ("Stomach", "Duodenum", "Spleen")
IMMUNE: Final = {
    "EDIC": (BODY, EDIC), "integral_dose": (BODY, INTEGRAL), "spleen_V5": (SPLEEN, V5),
}  # fmt: skip
"""Names in the information of a review, and what they are of a plan."""

SPARED_CC: Final = 700.0
HOTTEST_CC: Final = 0.1
DIGITS: Final = 6
"""Digits behind the point: the same bytes on every machine."""


def plan_doses(engine: Database, protocol: str = "") -> dict[str, PlanDoses]:
    """Return the doses of every submission of one plan, by its code.

    A submission of several plans has none: what its subject was given is in no single histogram.
    """
    found: dict[str, PlanDoses] = {}
    ordinals: dict[str, set[int]] = {}
    for code, ordinal, name, dvh in _histograms(engine, protocol):
        ordinals.setdefault(code, set()).add(ordinal)
        before = found.get(code, PlanDoses())
        doses, curves = tuple(_doses(name, dvh)), tuple(_curve(name, dvh))
        found[code] = PlanDoses((*before.doses, *doses), (*before.curves, *curves))
    one_plan = {code: doses for code, doses in found.items() if len(ordinals[code]) == 1}
    beside = _beside(engine, protocol) if one_plan else {}
    return {
        code: PlanDoses((*known.doses, *beside.get(code, ())), known.curves)
        for code, known in one_plan.items()
    }


def _beside(engine: Database, protocol: str) -> dict[str, tuple[PlanDose, ...]]:
    """Return what reviews tell beside their limits: dose to immune cells, by submission."""
    newest = {one.case_id: one for one in reviews(engine, protocol=protocol)}
    found: dict[str, tuple[PlanDose, ...]] = {}
    for one in newest.values():
        told = (json.loads(one.document).get("information") or {}).get("immune") or {}
        found[one.code] = tuple(
            _told(structure, measure, told[name])
            for name, (structure, measure) in IMMUNE.items()
            if name in told
        )
    return found


def _told(structure: str, measure: str, told: Mapping[str, Any]) -> PlanDose:
    value, why = told.get("value"), told.get("reason") or {}
    if isinstance(value, int | float):
        return PlanDose(structure, measure, round(float(value), DIGITS))
    return PlanDose(structure, measure, None, str(why.get("detail", "")))


def _histograms(engine: Database, protocol: str) -> Iterator[tuple[str, int, str, DVH]]:
    review = current_reviews(protocol).subquery("current")
    d, s, c = t.dvhs, t.submissions, t.cases
    source = sa.func.coalesce(review.c.source_id, review.c.id)
    query = (
        sa.select(
            d.c.name, d.c.data, c.c.ordinal, s.c.version, s.c.revision,
            t.subjects.c.code.label("subject"), t.sites.c.code.label("site"),
        )
        .select_from(
            review.join(c, review.c.case_id == c.c.id)
            .join(s, c.c.submission_id == s.c.id)
            .join(t.subjects, s.c.subject_id == t.subjects.c.id)
            .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
            .join(d, d.c.review_id == source)
        )
        .order_by(s.c.id, c.c.id, d.c.key)
    )  # fmt: skip
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=BATCH // 10).execute(query):
            if row.name in (LIVER, *ORGANS) or is_target_name(row.name):
                code = submission_code(row.site, row.subject, row.version, row.revision)
                yield code, row.ordinal, row.name, unpack(bytes(row.data))


def _doses(name: str, dvh: DVH) -> Iterator[PlanDose]:
    measures = (
        (MEAN, MEAN_SQUARE, "V10Gy", "V15Gy", "DC700cc") if name == LIVER
        else (MEAN, "D0.1cc") if name in ORGANS else ("D98%",)
    )  # fmt: skip
    for measure in measures:
        value = _measured(dvh, measure) if dvh.is_whole else say("part of it has no dose")
        if isinstance(value, str):
            yield PlanDose(name, measure, None, value)
        else:
            yield PlanDose(name, measure, round(value, DIGITS))


def _measured(dvh: DVH, measure: str) -> float | str:
    if measure == MEAN:
        return dvh.mean_gy
    if measure == MEAN_SQUARE:
        return mean_of(dvh, np.square)
    if measure in ("V10Gy", "V15Gy"):
        return 100.0 * dvh.volume_at_dose_cc(float(measure[1:3])) / dvh.volume_cc
    if measure == "DC700cc":
        rest = dvh.inside_grid_cc - SPARED_CC
        return dvh.dose_at_volume_gy(rest) if rest >= 0 else say("smaller than 700 cc")
    cc = HOTTEST_CC if measure == "D0.1cc" else 0.98 * dvh.inside_grid_cc
    return dvh.dose_at_volume_gy(cc) if cc <= dvh.inside_grid_cc else say("smaller than that")


def _curve(name: str, dvh: DVH) -> Iterator[PlanCurve]:
    if name != LIVER and not is_target_name(name):
        return
    axis = np.arange(0.0, np.ceil(dvh.max_gy) + 1.0)
    percent = 100.0 * dvh.volumes_at_doses_cc(axis) / dvh.volume_cc
    yield PlanCurve(name, tuple(round(float(one), 3) for one in percent))
