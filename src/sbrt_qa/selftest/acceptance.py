"""Commissioning: phantoms as DICOM files, computed on this machine, held against closed forms.

The report says what was run where, how many values are how close to the truth, and whether the
rates that this program promises are met. Its id is a hash of everything in it but the date, so two
runs of one version on one machine give one id, and a result can cite it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sbrt_qa import __version__
from sbrt_qa.dosimetry.integrate import method_text
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION
from sbrt_qa.selftest.on_disk import score_on_disk
from sbrt_qa.selftest.scoring import LIMITS_PERCENT, Score, within
from sbrt_qa.selftest.state import SCHEMA
from sbrt_qa.testing.phantoms.suite import PhantomPair, closed_form_suite

QUICK_EVERY: Final = 9
"""The quick form takes every ninth pair of a family: prime to the number of dose fields of a shape,
so that all of them are met."""

LEAVING: Final = "leaving"
"""Family of the pairs that leave the dose grid; of them only volumes are scored."""

MOST_PERCENT: Final = 3.0
"""No value may be farther off, where the file holds where the structure ends."""

FLAT_ENDED: Final = ("cylinder along z,", "cone along z,")
"""How the names of pairs begin whose flat ends lie between two slices: no file tells where."""

ID_LENGTH: Final = 16

_ROUND: Final = 6


@dataclass(frozen=True, slots=True)
class Promise:
    """One promised rate: at least, or at most, so much was required, and what was reached."""

    name: str
    required: float
    reached: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the promise holds."""
        if self.at_least:
            return self.reached >= self.required
        return self.reached <= self.required


@dataclass(frozen=True, slots=True)
class Rates:
    """Values of one family or metric: per cent within each limit, and the worst of them.

    ``worst_percent`` is None when a value is missing; `worst_case` then names that pair.
    """

    values: int
    within_percent: tuple[float, ...]
    worst_percent: float | None
    worst_case: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The report.

    Parameters
    ----------
    form
        ``quick`` or ``full``.
    machine
        Kind of machine, without anything that names it.
    pairs, values
        What was computed; `values` without those of pairs that leave the dose grid.
    promises, by_family, by_metric
        What came out.
    date
        ISO 8601; no part of the id.
    """

    form: str
    engine_version: str
    convention: str
    machine: dict[str, str]
    pairs: int
    values: int
    promises: tuple[Promise, ...]
    by_family: dict[str, Rates]
    by_metric: dict[str, Rates]
    date: str = ""

    @property
    def passed(self) -> bool:
        """Whether there is a promise and every one is met."""
        return bool(self.promises) and all(promise.met for promise in self.promises)

    @property
    def id(self) -> str:
        """First digits of the SHA-256 of the canonical JSON without date."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]

    def to_json(self) -> str:
        """Return the versioned JSON form."""
        head = {"schema": SCHEMA, "id": self.id, "date": self.date, "passed": self.passed}
        return json.dumps(head | self._content(), indent=2, allow_nan=False) + "\n"

    def _content(self) -> dict[str, Any]:
        content = asdict(self)
        del content["date"]
        content["limits_percent"] = list(LIMITS_PERCENT)
        for written, promise in zip(content["promises"], self.promises, strict=True):
            written["met"] = promise.met
        return content


def quick_selection(pairs: Iterable[PhantomPair]) -> list[PhantomPair]:
    """Return every ninth pair of each family, and all that leave the dose grid."""
    families: dict[str, list[PhantomPair]] = defaultdict(list)
    for pair in pairs:
        families[pair.family].append(pair)
    steps = {name: 1 if name == LEAVING else QUICK_EVERY for name in families}
    return list(chain.from_iterable(found[:: steps[name]] for name, found in families.items()))


def run_self_test(
    *,
    full: bool = False,
    date: str = "",
    pairs: Sequence[PhantomPair] | None = None,
) -> SelfTest:
    """Write, read, compute and score phantoms in a temporary folder.

    Parameters
    ----------
    full
        The whole suite instead of a selection.
    date
        When; the clock is the caller's.
    pairs
        Other pairs than those of the suite.
    """
    if pairs is None:
        pairs = list(closed_form_suite()) if full else quick_selection(closed_form_suite())
    scores = []
    for pair in pairs:
        with tempfile.TemporaryDirectory(prefix="sbrt_qa_selftest_") as folder:
            scores.append(score_on_disk(pair, Path(folder)))
    return report(scores, form="full" if full else "quick", date=date)


def report(scores: Sequence[Score], *, form: str, date: str = "") -> SelfTest:
    """Sum up scores."""
    inside = [s for s in scores if s.family != LEAVING]
    by_family: dict[str, list[tuple[float, str]]] = defaultdict(list)
    by_metric: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for s in scores:
        for metric, error in s.errors.items():
            by_family[s.family].append((error, f"{metric} of {s.name}"))
            if s.family != LEAVING:
                by_metric[metric].append((error, s.name))
    return SelfTest(
        form=form,
        engine_version=__version__,
        convention=method_text(DEFAULT_CONVENTION),
        machine=machine(),
        pairs=len(scores),
        values=sum(len(s.errors) for s in inside),
        promises=_promises(scores, inside),
        by_family={name: _rates(found) for name, found in by_family.items()},
        by_metric={name: _rates(found) for name, found in by_metric.items()},
        date=date,
    )


def machine() -> dict[str, str]:
    """Return what may matter to the numbers or the speed; nothing that names the machine."""
    packages = ("numpy", "numba", "scipy", "pydicom")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "cpus": str(os.cpu_count() or "unknown"),
    }


def _promises(scores: Sequence[Score], inside: Sequence[Score]) -> tuple[Promise, ...]:
    errors = [e for s in inside for e in s.errors.values()]
    one = LIMITS_PERCENT.index(1.0)
    promises = []
    if errors:
        pairs = [s.worst[1] for s in inside]
        missing = float(sum(not math.isfinite(e) for s in scores for e in s.errors.values()))
        promises = [
            _at_least("values within 1 %, in %", 97.0, within(errors)[one]),
            _at_least("pairs with every value within 1 %, in %", 85.0, within(pairs)[one]),
            Promise("values missing", 0.0, missing, at_least=False),
            Promise(
                f"values beyond {MOST_PERCENT:g} %, flat ends between two slices left out",
                0.0,
                float(_far_off(inside)),
                at_least=False,
            ),
        ]
    leaving = [max(s.errors["Volume"], s.outside_error) for s in scores if s.family == LEAVING]
    if leaving:
        name = "pairs leaving the dose grid, volumes within 1 %, in %"
        promises.append(_at_least(name, 100.0, within(leaving)[one]))
    return tuple(promises)


def _far_off(scores: Sequence[Score]) -> int:
    """Count the values that are farther off than any may be; a missing one counts elsewhere."""
    told = chain.from_iterable(
        s.errors.values() for s in scores if not s.name.startswith(FLAT_ENDED)
    )
    return sum(MOST_PERCENT < error < math.inf for error in told)


def _at_least(name: str, required: float, reached: float) -> Promise:
    return Promise(name, required, round(reached, _ROUND), at_least=True)


def _rates(found: Sequence[tuple[float, str]]) -> Rates:
    worst, case = max(found)
    return Rates(
        values=len(found),
        within_percent=tuple(round(share, _ROUND) for share in within([e for e, _ in found])),
        worst_percent=round(worst, 3) if math.isfinite(worst) else None,
        worst_case=case,
    )
