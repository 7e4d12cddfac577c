"""Feed spoilt input to one target for a while; keep what should not have happened.

    scripts/fuzz TARGET [SECONDS]     rtstruct, rtdose, rtplan, rtrecord, protocol; 60 s unless told

Only our own errors may come of spoilt input. Anything else, and anything that computes for longer
than `SLOW_SECONDS`, is kept in tests/hostile/finds/ and replayed by the tests from then on. Counts
are added to tests/hostile/fuzz_counts.json, and docs/fuzzing.md is written from them.

With atheris installed (extra `fuzz`) the search is guided by which code an input reaches.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

try:
    import atheris
except ImportError:
    atheris = None

HERE = Path(__file__).parent
SLOW_SECONDS = 10
"""Of processor time, so that a busy machine finds nothing; waiting that long would be a hang."""

HANGING_SECONDS = 120
MEMORY_BYTES = 6 * 1024**3
sys.path += [str(HERE), str(HERE.parent / "dicom")]

SOURCE = HERE.parents[1] / "src"
COMPILED = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted(SOURCE.rglob("_kernels.py"))
]
"""Modules that numba compiles and nobody may instrument."""

with (
    atheris.instrument_imports(include=["sbrt_qa"], exclude=COMPILED)
    if atheris
    else contextlib.nullcontext()
):
    import fuzz_targets
import fuzz_mutate  # noqa: E402 - after the path is set, like the ones above and below
import fuzz_page  # noqa: E402


class TooSlow(BaseException):
    """Raised by the alarm clock; no handler of ordinary errors may swallow it."""


def ring(*_: object) -> None:
    """Break off what runs when the alarm goes off."""
    raise TooSlow


class Campaign:
    """One run over one target: executes, judges, counts, and stops when its time is over."""

    def __init__(self, name: str, seconds: float) -> None:
        self.target = fuzz_targets.target(name)
        self.is_yaml = name == "protocol"
        self.started = time.monotonic()
        self.seconds = seconds
        self.answers: Counter[str] = Counter()
        self.finds: dict[str, str] = {}
        self.slowest = 0.0

    def __call__(self, data: bytes) -> None:
        """Run one input."""
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SLOW_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, HANGING_SECONDS)
        try:
            self.answers[self.target.run(data)] += 1
        except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is a find
            self.answers["find"] += 1
            self._keep(data, error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.slowest = max(self.slowest, time.process_time() - start)
        if time.monotonic() - self.started > self.seconds:
            self.finish()

    def _keep(self, data: bytes, error: BaseException) -> None:
        """Save the first input of each kind of find: same error, same line of ours."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if "/sbrt_qa/" in f.filename] or frames
        place = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
        if place not in self.finds:
            digest = hashlib.sha256(data).hexdigest()[:12]
            self.finds[place] = f"{self.target.name}-{digest}.bin"
            fuzz_targets.FINDS.mkdir(exist_ok=True)
            (fuzz_targets.FINDS / self.finds[place]).write_bytes(data)
            print(f"find: {place}: {error!r:.200}", flush=True)
            traceback.print_exception(error, limit=-4)

    def spoil(self, data: bytes, limit: int, seed: int) -> bytes:
        """Spoil one input: the mutator that guides atheris too."""
        random = Random(seed)  # noqa: S311 - repeatable on purpose
        if random.random() < 0.1:
            data = random.choice(self.target.seeds)
        return fuzz_mutate.spoil(data, random, is_yaml=self.is_yaml, limit=limit)

    def unguided(self) -> None:
        """Spoil seeds at random, and spoil some of the readable outcomes further."""
        seed = time.time_ns()
        pool = list(self.target.seeds)
        while True:
            seed += 1
            data = self.spoil(pool[seed % len(pool)], 20_000, seed)
            before = self.answers["read"]
            self(data)
            if self.answers["read"] > before and seed % 20 == 0:
                pool[len(self.target.seeds) :] = [*pool[len(self.target.seeds) :], data][-50:]

    def finish(self) -> None:
        """Add this run to the counts, write the page, and leave at once."""
        run = {
            "target": self.target.name,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "seconds": round(time.monotonic() - self.started),
            "guided": atheris is not None,
            "executed": sum(self.answers.values()),
            **{word: self.answers[word] for word in ("read", "reasons", "refused")},
            "finds": sorted(self.finds),
            "slowest_seconds": round(self.slowest, 2),
        }
        print(json.dumps(run, indent=1), flush=True)
        if self.seconds >= 60:
            fuzz_page.add(run)
        shutil.rmtree(fuzz_targets.workplace(), ignore_errors=True)
        os._exit(1 if self.finds else 0)


def main() -> None:
    """Read the arguments and run."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in fuzz_targets.NAMES:
        sys.exit(f"scripts/fuzz TARGET [SECONDS]; TARGET is one of {', '.join(fuzz_targets.NAMES)}")
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    for bell in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(bell, ring)
    warnings.simplefilter("error")
    campaign = Campaign(name, seconds)
    for seed in campaign.target.seeds:
        if campaign.target.run(seed) != "read":
            sys.exit("a sound seed is refused: fix that first")
    campaign.started = time.monotonic()
    if atheris is None:
        campaign.unguided()
        return
    corpus = fuzz_targets.workplace().with_suffix(".corpus")
    corpus.mkdir()
    for i, seed in enumerate(campaign.target.seeds):
        (corpus / str(i)).write_bytes(seed)
    options = ["-rss_limit_mb=0", "-timeout=0", "-verbosity=0", "-max_len=20000", str(corpus)]
    atheris.Setup([sys.argv[0], *options], campaign, custom_mutator=campaign.spoil)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
