"""Every input that fuzzing once broke something with, again; and the page about it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import fuzz_page
import fuzz_targets
import pytest

FINDS = sorted(fuzz_targets.FINDS.glob("*.bin"))
ANSWERS = ("read", "reasons", "refused")
LONG = ("rtstruct", "rtdose", "rtplan", "protocol")
"""What is fuzzed for twenty minutes at least."""


@pytest.mark.parametrize("find", FINDS, ids=[f.stem for f in FINDS])
def test_a_find_is_answered(find: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = fuzz_targets.target(find.name.split("-")[0]).run(find.read_bytes())
    assert answer in ANSWERS


@pytest.mark.parametrize("name", fuzz_targets.NAMES)
def test_sound_input_is_read_and_rubbish_is_not(name: str):
    """What the harness counts means something."""
    target = fuzz_targets.target(name)
    assert [target.run(seed) for seed in target.seeds] == ["read"] * len(target.seeds)
    assert target.run(b"rubbish") in ("reasons", "refused")


def test_the_page_about_fuzzing_is_up_to_date():
    assert fuzz_page.PAGE.read_text() == fuzz_page.page(fuzz_page.counts())


def test_what_a_review_is_made_of_was_fuzzed_for_twenty_minutes():
    longest = dict.fromkeys(fuzz_targets.NAMES, 0)
    for run in fuzz_page.counts():
        longest[run["target"]] = max(longest[run["target"]], run["seconds"])
    assert min(longest[name] for name in LONG) >= 1200, longest


HARNESS = """
import signal, sys
from dataclasses import replace
from pathlib import Path
sys.modules["atheris"] = None
sys.path.insert(0, {here!r})
import fuzz

def broken(data):
    raise KeyError(data)

def slow(data):
    while True:
        pass

fuzz.fuzz_targets.FINDS = Path({finds!r})
fuzz.SLOW_SECONDS = 0.2
signal.signal(signal.SIGPROF, fuzz.ring)
campaign = fuzz.Campaign("protocol", 0.0)
campaign.target = replace(campaign.target, run={run})
campaign(b"input")
"""


@pytest.mark.parametrize(
    ("run", "kind"), [("broken", "find: KeyError at"), ("slow", "find: TooSlow at")]
)
def test_the_harness_keeps_what_breaks_or_never_ends(tmp_path: Path, run: str, kind: str):
    script = HARNESS.format(here=str(Path(__file__).parent), finds=str(tmp_path / "finds"), run=run)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.returncode == 1, done.stderr
    assert kind in done.stdout
    (kept,) = (tmp_path / "finds").iterdir()
    assert kept.read_bytes() == b"input"
