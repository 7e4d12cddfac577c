"""The accuracy page: scores of the closed-form suite as Markdown tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Between, Convention, Ends
from sbrt_qa.selftest.scoring import LIMITS_PERCENT, Score, within

ALTERNATIVES = (
    DEFAULT_CONVENTION,
    Convention(Between.MORPH, Ends.HALF_SLICE),
    Convention(Between.SLAB, Ends.TAPERED),
    Convention(Between.SLAB, Ends.HALF_SLICE),
    Convention(Between.SLAB, Ends.NONE),
)
"""The ways of reading contours that the page compares."""

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


def comparison(scores: dict[Convention, Sequence[Score]]) -> str:
    """Return one row per convention."""
    rows = {
        str(c): [e for s in found if s.family != "leaving" for e in s.errors.values()]
        for c, found in scores.items()
    }
    return _table("reading of the contours", rows)


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
