"""Every input that fuzzing once broke something with, again; and the page about it."""

from __future__ import annotations

import warnings
from pathlib import Path

import fuzz_page
import fuzz_targets
import pytest

FINDS = sorted(fuzz_targets.FINDS.glob("*.bin"))
ANSWERS = ("read", "reasons", "refused")


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
    assert target.run(b"rubbish") != "read"


def test_the_page_about_fuzzing_is_up_to_date():
    assert fuzz_page.PAGE.read_text() == fuzz_page.page(fuzz_page.counts())


def test_every_target_was_fuzzed_for_twenty_minutes():
    longest = dict.fromkeys(fuzz_targets.NAMES, 0)
    for run in fuzz_page.counts():
        longest[run["target"]] = max(longest[run["target"]], run["seconds"])
    assert min(longest.values()) >= 1200, longest
