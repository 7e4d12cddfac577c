"""Organs held against those of the trial's other plans: robust scores of what they look like."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.model.grid import FloatArray

FEWEST_PLANS: Final = 15
"""Plans of an organ below which nothing is said of what is unusual among them."""

FEWEST_OF_SITE: Final = 5
"""Plans of a site below which its own median says nothing."""

UNUSUAL: Final = 3.5
"""Modified z-score beyond which a value is unlike the others (Iglewicz and Hoaglin 1993)."""

JUMP: Final = 0.25
"""Part by which volume or length may differ from the subject's version before."""

MOVED: Final[Mapping[str, float]] = {"above_liver_mm": 15.0, "side": 0.1, "depth": 0.1}
"""By how much a position may: mm, and parts of half the body's width and depth."""

LEAST_CHANGE: Final[Mapping[str, float]] = {"above_liver_mm": 5.0, "side": 0.03, "depth": 0.03}
"""Differences of a position that are none, however rare; of all else `LEAST_PART`."""

LEAST_PART: Final = 0.05

NORMAL: Final = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""

COMPARED: Final = ("volume_cc", "length_mm", *MOVED)
"""Features that are held against the subject's version before."""

TOO_FEW: Final = "cannot judge yet"


class FeatureSeen(NamedTuple):
    """One feature of one organ of one plan."""

    code: str
    site: str
    subject: str
    version: int
    plan: int
    organ: str
    structure: str
    feature: str
    value: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A feature with what the trial, its site and the version before say of it.

    Parameters
    ----------
    plans
        Plans of the trial that have this feature of this organ.
    median, score
        Of the trial, and how many robust standard deviations the value lies from it; None where
        there are too few plans.
    site_score
        How far the median of its site lies from that of the trial, in the same measure.
    before
        The value of the subject's version before.
    change_score
        How many robust standard deviations the change from it lies from the median of all such
        changes in the trial; None where there are too few.
    judged
        ``unusual``, ``usual``, ``changed`` against the version before, or that it cannot be judged
        yet.
    """

    seen: FeatureSeen
    plans: int
    median: float | None
    score: float | None
    site_score: float | None
    before: float | None
    judged: str
    change_score: float | None = None


def scored(rows: Iterable[FeatureSeen]) -> tuple[Scored, ...]:
    """Score every feature against all plans of the trial, the least usual first."""
    everything = list(rows)
    groups: dict[tuple[str, str], list[FeatureSeen]] = defaultdict(list)
    for row in everything:
        groups[row.organ, row.feature].append(row)
    earlier = _earlier(everything)
    found = [one for group in groups.values() for one in _of_group(group, earlier)]
    return tuple(sorted(found, key=_order))


def _order(one: Scored) -> tuple[bool, float, str, str, str]:
    far = abs(one.score) if one.score is not None else 0.0
    seen = one.seen
    return one.judged != "changed" and one.judged != "unusual", -far, *seen[5:6], seen.code, seen[7]


def _earlier(rows: Sequence[FeatureSeen]) -> Mapping[FeatureSeen, float]:
    """Return the value of the subject's version before, of every row that has one."""
    history: dict[tuple[str, str, int, str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        key = (row.site, row.subject, row.plan, row.organ, row.feature)
        history[key][row.version] = row.value
    before: dict[FeatureSeen, float] = {}
    for row in rows:
        known = history[row.site, row.subject, row.plan, row.organ, row.feature]
        versions = [v for v in known if v < row.version]
        if versions:
            before[row] = known[max(versions)]
    return before


def _of_group(
    group: Sequence[FeatureSeen], earlier: Mapping[FeatureSeen, float]
) -> Iterator[Scored]:
    numbers = np.array([row.value for row in group])
    median, spread = _robust(numbers)
    changes = {r: _change(r, earlier[r]) for r in group if r in earlier and r.feature in COMPARED}
    usual, scatter = _robust(np.array(list(changes.values())))
    sites: dict[str, list[float]] = defaultdict(list)
    for row in group:
        sites[row.site].append(row.value)
    for row in group:
        score = (row.value - median) / spread if spread else None
        mine = sites[row.site]
        of_site = (
            (float(np.median(mine)) - median) / spread
            if spread and len(mine) >= FEWEST_OF_SITE
            else None
        )
        change = changes.get(row)
        rare = (change - usual) / scatter if change is not None and scatter else None
        yield Scored(
            row, int(numbers.size), median if spread else None, score, of_site, earlier.get(row),
            _judged(row, score, row.value - median, change, rare), rare,
        )  # fmt: skip


def _robust(numbers: FloatArray) -> tuple[float, float]:
    """Return median and robust standard deviation; 0 for this where it cannot be told."""
    if numbers.size < FEWEST_PLANS:
        return 0.0, 0.0
    median = float(np.median(numbers))
    spread = NORMAL * float(np.median(np.abs(numbers - median)))
    return median, spread if spread > 1e-9 * max(abs(median), 1.0) else 0.0


def _change(row: FeatureSeen, before: float) -> float:
    """Return a change from the version before: of a position by itself, else as a part of it."""
    apart = row.value - before
    return apart if row.feature in MOVED else apart / max(abs(before), 1e-9)


def _judged(
    row: FeatureSeen, score: float | None, apart: float, change: float | None, rare: float | None
) -> str:
    least = LEAST_CHANGE.get(row.feature, LEAST_PART * abs(row.value - apart))
    if score is not None and abs(score) > UNUSUAL and abs(apart) > least:
        return "unusual"
    if change is not None:
        clear = abs(change) > MOVED.get(row.feature, JUMP)
        some = abs(change) > LEAST_CHANGE.get(row.feature, LEAST_PART)
        if clear or (some and rare is not None and abs(rare) > UNUSUAL):
            return "changed"
    return TOO_FEW if score is None else "usual"


def features_in(engine: Database, protocol: str = "") -> Iterator[FeatureSeen]:
    """Return the features of all organs in the store: of each plan, those of its newest review."""
    from sbrt_qa.audit.store.kept import reviews

    newest: dict[int, tuple[str, int, str]] = {}
    for one in reviews(engine, protocol=protocol):
        newest[one.case_id] = (one.code, one.plan, one.document)
    for code, plan, document in newest.values():
        site, subject, version = code.split("/")
        number = int(version.removeprefix("v").partition(".")[0])
        for structure in json.loads(document).get("structures", ()):
            names = structure.get("matched") or (structure["name"],)
            for feature, value in (structure.get("features") or {}).items():
                yield FeatureSeen(
                    code, site, subject, number, plan, str(names[0]), str(structure["key"]),
                    feature, float(value),
                )  # fmt: skip
