"""The DVHs of one case as a result of its own: statistics, metrics and curves by structure.

Kept free of protocols, so that a plain DVH starts fast.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sbrt_qa import __version__, plugins
from sbrt_qa.dosimetry.bands import Intervals, Views, intervals_among
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import method_text
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of, metric_of
from sbrt_qa.dosimetry.metrics import evaluate, extremes_of, not_whole
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.errors import ResultError, UsageError, quoted
from sbrt_qa.model.case import Case, one_case
from sbrt_qa.model.notebook import frame_of, html_of
from sbrt_qa.model.outcome import Band, Driver, Measured, Reason, ReasonCode
from sbrt_qa.protocol.expressions import leaves
from sbrt_qa.review.dvh_subjects import DvhSubject, subjects_among
from sbrt_qa.review.words_of_user import words_of

SCHEMA: Final = "sbrt_qa.dvh/1"


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric: a value in `unit`, or the Reason why there is none.

    `validity` says of a model how far its values can be trusted; `band`, where it was asked for,
    where the true value may lie; `spread` what other planning systems would print.
    """

    value: float | None
    unit: str
    reason: Reason | None = None
    validity: str = ""
    band: Band | None = None
    spread: Band | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A cumulative histogram: volume that receives at least each dose."""

    dose_gy: tuple[float, ...]
    volume_cc: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StructureDvh:
    """One structure; what is not known is None, and `reason` says why.

    `roi_number` is None where structures are combined; `notes` say which
    contours were left out or can be read in two ways.
    """

    roi_number: int | None
    volume_cc: float | None = None
    min_gy: float | None = None
    mean_gy: float | None = None
    max_gy: float | None = None
    outside_dose_grid_cc: float | None = None
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    curve: Curve | None = None
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DvhTable:
    """DVH statistics of one case by structure key (see `StructureSet.keys`).

    `stated` says what the user stated by hand of dose, prescription and course; `self_test` is the
    id of this machine's latest self-test, empty when there is none.
    """

    case: str
    structures: Mapping[str, StructureDvh]
    convention: str
    engine_version: str = __version__
    stated: tuple[str, ...] = ()
    self_test: str = ""

    def __repr__(self) -> str:
        """Return a short form: the curves of a case would fill pages."""
        return f"<DvhTable of {self.case!r}: {len(self.structures)} structures>"

    def _repr_html_(self) -> str:
        return html_of(self)

    def __getitem__(self, name: str) -> StructureDvh:
        """Return one row.

        Raises
        ------
        UsageError
            It is not in the table; the message lists those that are.
        """
        if name in self.structures:
            return self.structures[name]
        there = ", ".join(map(quoted, self.structures)) or "none"
        raise UsageError("no such row", got=quoted(name), expected=f"one of {there}")

    def curve(self, name: str) -> Curve:
        """Return the curve of one structure.

        Raises
        ------
        UsageError
            The structure is not in the table, it has no dose, or no curves were asked for.
        """
        row = self[name]
        if row.curve is None:
            missing = "no dose" if row.reason else "no curve was computed"
            told = row.reason.detail if row.reason else "no step (curve_bin_gy)"
            raise UsageError(
                f"{quoted(name)} has no curve: {missing}",
                got=str(told),
                expected="dvh(case, ..., curve_bin_gy=0.1)",
            )
        return row.curve

    def to_dataframe(self) -> Any:  # noqa: ANN401 - of a library that may not be there
        """Return a row per structure and quantity as a pandas or polars frame; see `rows`.

        Raises
        ------
        UsageError
            Neither library is installed.
        """
        return frame_of(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per structure and quantity: case, structure, quantity, value, unit, reason.

        A value that is not known is None, and the reason says why.
        """
        rows = []
        for name, row in self.structures.items():
            why = _reason_text(row.reason) or ""
            known = (("Volume", row.volume_cc, "cc"), ("Min", row.min_gy, "Gy"),
                     ("Mean", row.mean_gy, "Gy"), ("Max", row.max_gy, "Gy"))  # fmt: skip
            told = [(q, v, u, why if v is None else "") for q, v, u in known]
            told += [
                (t, m.value, m.unit, _reason_text(m.reason) or "") for t, m in row.metrics.items()
            ]
            rows += [
                {
                    "case": self.case,
                    "structure": name,
                    "quantity": q,
                    "value": v,
                    "unit": u,
                    "reason": r,
                }
                for q, v, u, r in told
            ]
        return rows

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the versioned JSON form; :meth:`from_json` reads it back exactly."""
        return json.dumps(self.as_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form as plain values."""
        return {
            "schema": SCHEMA,
            "engine_version": self.engine_version,
            "self_test": self.self_test,
            "case": self.case,
            "convention": self.convention,
            "stated": list(self.stated),
            "structures": {key: _row(row) for key, row in self.structures.items()},
        }

    @classmethod
    def from_json(cls, text: str) -> DvhTable:
        """Read the JSON form.

        Raises
        ------
        ResultError
            The text is not JSON, of another schema version, or incomplete.
        """
        try:
            data = json.loads(text)
            schema = data["schema"]
            if schema == SCHEMA:
                rows = {key: _read_row(row) for key, row in data["structures"].items()}
                stated = tuple(map(str, data.get("stated", ())))
                made = data["case"], rows, data["convention"], data["engine_version"]
                return cls(*made, stated, str(data.get("self_test", "")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ResultError("not a stored DVH table", expected=f"JSON of {SCHEMA}") from error
        raise ResultError("unknown kind of result", got=quoted(schema), expected=SCHEMA)


def dvh(
    case: Case,
    structures: str | Sequence[str] = (),
    metrics: str | Sequence[str] = (),
    *,
    curve_bin_gy: float | None = None,
    bands: bool = False,
) -> DvhTable:
    """Compute DVH statistics and metrics of a case.

    Parameters
    ----------
    structures
        One, or several, of: a structure's key or name, or an expression such as ``Liver - CTV``;
        all structures when empty. A name that several ROIs share means all of them.
    metrics
        One expression such as ``D95%[Gy]``, or several.
    curve_bin_gy
        Step of the curves in Gy; no curves when None.
    bands
        Say of every metric where it may lie in other plausible readings of the case.

    Raises
    ------
    MetricError
        An expression is not part of the grammar.
    UsageError
        A structure is not there; the message lists those that are.
    """
    plugins.load()
    specs = [parse_metric(text) for text in _listed(metrics)]
    wanted = subjects_among(structures_of(one_case(case)), _listed(structures))
    doses = CaseDoses(case)
    doses.prepare(dict.fromkeys(s for one in wanted.values() for s in leaves(one.tree)))
    views = Views(doses) if bands and specs else None
    if views is not None:
        views.prepare([one.reading for one in wanted.values()])
    rows = {key: _compute(doses, s, specs, curve_bin_gy, views) for key, s in wanted.items()}
    return DvhTable(case.label, rows, method_text(doses.convention), stated=words_of(case.stated))


def _listed(texts: object) -> list[Any]:
    """Return one text or several as a list; what is neither is refused where it is read."""
    if texts is None:
        return []
    return list(texts) if isinstance(texts, Iterable) and not isinstance(texts, str) else [texts]


def _compute(
    doses: CaseDoses,
    subject: DvhSubject,
    specs: list[MetricSpec],
    bin_gy: float | None,
    views: Views | None,
) -> StructureDvh:
    histogram = subject.dvh(doses)
    if isinstance(histogram, Reason):
        known = subject.volume_cc(doses)
        volume_cc = None if isinstance(known, Reason) else known
        outside = histogram.code is ReasonCode.OUTSIDE_DOSE_GRID
        return StructureDvh(
            subject.roi_number,
            volume_cc=volume_cc,
            outside_dose_grid_cc=volume_cc if outside else None,
            metrics={s.text: _without_dose(s, volume_cc, histogram) for s in specs},
            reason=histogram,
            notes=subject.notes(doses),
        )
    return StructureDvh(
        subject.roi_number,
        histogram.volume_cc,
        *extremes_of(histogram),
        outside_dose_grid_cc=histogram.outside_grid_cc,
        metrics={s.text: _metric(s, histogram, doses, subject, views) for s in specs},
        curve=None if bin_gy is None else _curve(histogram, bin_gy),
        notes=subject.notes(doses),
        reason=not_whole(histogram),
    )


def _without_dose(spec: MetricSpec, volume_cc: float | None, why: Reason) -> MetricValue:
    """Return a metric where there is no dose: a volume has a value all the same."""
    if not metric_of(spec).needs_dose and volume_cc is not None:
        return MetricValue(volume_cc, spec.unit)
    return MetricValue(None, spec.unit, why)


def _curve(histogram: DVH, bin_gy: float) -> Curve:
    try:
        dose_gy, volume_cc = histogram.cumulative(bin_gy)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Curve(tuple(dose_gy.tolist()), tuple(volume_cc.tolist()))


def _metric(
    spec: MetricSpec, histogram: DVH, doses: CaseDoses, subject: DvhSubject, views: Views | None
) -> MetricValue:
    outcome = _not_meant(spec, subject) or evaluate(spec, histogram, subject.context(doses))
    validity = metric_of(spec).validity
    if isinstance(outcome, Reason):
        return MetricValue(None, spec.unit, outcome, validity)
    band, spread = _intervals(spec, outcome, histogram, subject, views)
    return MetricValue(outcome.value, outcome.unit, None, validity, band, spread)


def _not_meant(spec: MetricSpec, subject: DvhSubject) -> Reason | None:
    """Return why a model of one organ says nothing of a structure."""
    meant = meaning_of(spec).meant_for
    return None if meant is None else meant.refusal(subject.name)


def _intervals(
    spec: MetricSpec, value: Measured, histogram: DVH, subject: DvhSubject, views: Views | None
) -> Intervals:
    if views is None:
        return Intervals(None, None)
    there = views.of(subject.reading)
    seen = [
        (view, evaluate(spec, there.get(name, histogram), subject.context_in(views, name)))
        for name, view in VIEWS.items()
    ]
    return intervals_among(spec, value, seen)


def _row(row: StructureDvh) -> dict[str, Any]:
    data: dict[str, Any] = {
        "roi_number": row.roi_number,
        "volume_cc": row.volume_cc,
        "min_gy": row.min_gy,
        "mean_gy": row.mean_gy,
        "max_gy": row.max_gy,
        "outside_dose_grid_cc": row.outside_dose_grid_cc,
        "metrics": {
            text: {"value": m.value, "unit": m.unit, "reason": _reason_text(m.reason)}
            | ({"validity": m.validity} if m.validity else {})
            | _ends("uncertainty", m.band)
            | _ends("spread", m.spread)
            | _ends("band", m.band)
            for text, m in row.metrics.items()
        },
    }
    if row.reason is not None:
        data["reason"] = _reason_text(row.reason)
    if row.notes:
        data["notes"] = row.notes
    if row.curve is not None:
        data["curve"] = {"dose_gy": row.curve.dose_gy, "volume_cc": row.curve.volume_cc}
    return data


def _ends(name: str, band: Band | None) -> dict[str, list[float | str]]:
    return {name: [band.low, band.high, band.driver]} if band else {}


def _read_row(data: dict[str, Any]) -> StructureDvh:
    curve = data.get("curve")
    return StructureDvh(
        roi_number=data["roi_number"],
        volume_cc=data["volume_cc"],
        min_gy=data["min_gy"],
        mean_gy=data["mean_gy"],
        max_gy=data["max_gy"],
        outside_dose_grid_cc=data["outside_dose_grid_cc"],
        metrics={
            text: MetricValue(
                m["value"],
                m["unit"],
                _read_reason(m["reason"]),
                m.get("validity", ""),
                _read_band(m.get("uncertainty", m.get("band"))),
                _read_band(m.get("spread")),
            )
            for text, m in data["metrics"].items()
        },
        curve=Curve(tuple(curve["dose_gy"]), tuple(curve["volume_cc"])) if curve else None,
        reason=_read_reason(data.get("reason")),
        notes=tuple(data.get("notes", ())),
    )


def _read_band(ends: list[Any] | None) -> Band | None:
    return None if ends is None else Band(ends[0], ends[1], Driver(ends[2]))


def _reason_text(reason: Reason | None) -> str | None:
    return None if reason is None else f"{reason.code}: {reason.detail}"


def _read_reason(text: str | None) -> Reason | None:
    if text is None:
        return None
    code, _, detail = text.partition(": ")
    return Reason(ReasonCode(code), detail)
