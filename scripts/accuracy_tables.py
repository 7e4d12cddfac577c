"""The accuracy page: scores of the closed-form suite as Markdown tables."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Between, Convention, Ends
from sbrt_qa.selftest.banding import Banded, rates
from sbrt_qa.selftest.scoring import LIMITS_PERCENT, Score, within
from sbrt_qa.testing.phantoms.suite import PRESCRIPTION_GY, PhantomPair

CONVENTIONS = (
    DEFAULT_CONVENTION,
    Convention(Between.MORPH, Ends.HALF_SLICE),
    Convention(Between.MORPH, Ends.NONE),
    Convention(Between.SLAB, Ends.TAPERED),
    Convention(Between.SLAB, Ends.HALF_SLICE),
    Convention(Between.SLAB, Ends.NONE),
)
"""The ways of reading contours that the page compares."""

ALTERNATIVES = tuple(
    (convention, how)
    for how in (Interpolation.CUBIC, Interpolation.LINEAR)
    for convention in CONVENTIONS
)
"""All ways of reading contours and dose that the page compares; the first is the default."""

NOISE_PERCENT = (0.0, 1.0, 2.0, 3.0)
"""Standard deviations of the noise on every voxel, in per cent of the prescription."""

_HEAD = "| {title} | " + " | ".join(f"≤ {limit:g} %" for limit in LIMITS_PERCENT) + " | {more} |"


def tables(scores: Sequence[Score]) -> str:
    """Return the tables of one convention: overall, by family, by metric, and the worst pairs."""
    inside = [s for s in scores if s.family != "leaving"]
    by_family: dict[str, list[float]] = defaultdict(list)
    by_metric: dict[str, list[float]] = defaultdict(list)
    for s in inside:
        by_family[s.family].extend(s.errors.values())
        for metric, error in s.errors.items():
            by_metric[metric].append(error)
    everything = [e for s in inside for e in s.errors.values()]
    rows = {f"all {len(everything)} values": everything}
    rows[f"all {len(inside)} pairs, every value"] = [s.worst[1] for s in inside]
    parts = [
        _table("what", rows),
        _table("family", by_family),
        _table("metric", by_metric),
        _worst(inside),
        _leaving([s for s in scores if s.family == "leaving"]),
    ]
    return "\n\n".join(parts)


def comparison(scores: Mapping[tuple[Convention, Interpolation], Sequence[Score]]) -> str:
    """Return one row per way of reading contours and dose."""
    return _table("reading", {f"{c}; dose {how}": _inside(s) for (c, how), s in scores.items()})


def noise(scores: Mapping[tuple[float, Interpolation], Sequence[Score]]) -> str:
    """Return one row per noise and way of reading dose."""
    rows = {f"noise {sd:g} %, dose {how}": _inside(found) for (sd, how), found in scores.items()}
    return _table("noise and reading", rows)


def bands(rows: Sequence[Banded]) -> str:
    """Return how often bands hold the truth and how wide they are, by family and by metric."""
    groups: dict[str, list[Banded]] = {f"all {len(rows)} values": list(rows)}
    for row in rows:
        groups.setdefault(row.family, []).append(row)
    for row in rows:
        groups.setdefault(row.metric, []).append(row)
    lines = [
        "| values | truth inside, % of values | of pairs, every value | median width, % "
        "| median error, % | width in errors |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, found in groups.items():
        r = rates(found)
        lines.append(
            f"| {name} | {r.holding:.1f} | {r.pairs_holding:.1f} | {r.median_width:.3f} "
            f"| {r.median_error:.4f} | {r.ratio:.0f} |"
        )
    return "\n".join(lines)


def unknowable(rows: Sequence[Banded]) -> str:
    """Return the values that are farther off than 1 %, and how far flat ends alone move them."""
    far = [row for row in rows if abs(row.error) > 1]
    lines = [
        "| pairs | values beyond 1 % | beyond 3 % | largest error | "
        "explained by flat ends | these alone move the value |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row.pair.partition(",")[0] for row in far):
        found = [row for row in far if row.pair.startswith(name + ",")]
        beyond = sum(abs(row.error) > 3 for row in found)
        known = sum(row.reach[0] <= row.error <= row.reach[1] for row in found)
        most = max(found, key=lambda row: abs(row.error))
        lines.append(
            f"| {name} | {len(found)} | {beyond} | {most.error:+.1f} % | {known} "
            f"| {most.reach[0]:+.1f} to {most.reach[1]:+.1f} % |"
        )
    return "\n".join(lines)


def _inside(scores: Iterable[Score]) -> list[float]:
    return [e for s in scores if s.family != "leaving" for e in s.errors.values()]


def _table(title: str, rows: dict[str, list[float]]) -> str:
    lines = [_HEAD.format(title=title, more="largest"), "|---|" + "---:|" * 5]
    for name, errors in rows.items():
        cells = " | ".join(f"{share:.1f}" for share in within(errors))
        lines.append(f"| {name} | {cells} | {max(errors):.1f} % |")
    return "\n".join(lines)


def _worst(scores: Iterable[Score], most: int = 12) -> str:
    ranked = sorted(scores, key=lambda s: -s.worst[1])[:most]
    lines = ["| farthest off | metric | error |", "|---|---|---:|"]
    lines += [f"| {s.name} | {s.worst[0]} | {s.worst[1]:.1f} % |" for s in ranked]
    return "\n".join(lines)


def _leaving(scores: Iterable[Score]) -> str:
    lines = [
        "| leaving the dose grid | error of the volume | of the part outside |",
        "|---|---:|---:|",
    ]
    lines += [
        f"| {s.name} | {s.errors['Volume']:.2f} % | {s.outside_error:.2f} % |" for s in scores
    ]
    return "\n".join(lines)


def noisy(pair: PhantomPair, percent: float, random: np.random.Generator) -> PhantomPair:
    """Return a pair with normal noise on every voxel, `percent` of the prescription strong."""
    dose = pair.dose
    noise_gy = random.normal(0.0, percent / 100 * PRESCRIPTION_GY, dose.dose_gy.shape)
    values = np.maximum(dose.dose_gy + noise_gy, 0.0)
    return dataclasses.replace(pair, dose=dataclasses.replace(dose, dose_gy=values))
