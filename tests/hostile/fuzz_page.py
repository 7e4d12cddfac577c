"""Writes docs/fuzzing.md from tests/hostile/fuzz_counts.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COUNTS = HERE / "fuzz_counts.json"
PAGE = HERE.parents[1] / "docs" / "fuzzing.md"

Run = dict[str, Any]


def counts() -> list[Run]:
    """Return all runs so far."""
    runs: list[Run] = json.loads(COUNTS.read_text()) if COUNTS.exists() else []
    return runs


def add(run: Run) -> None:
    """Add a run to the counts and write the page."""
    runs = [*counts(), run]
    COUNTS.write_text(json.dumps(runs, indent=1) + "\n")
    PAGE.write_text(page(runs))


def page(runs: list[Run]) -> str:
    """Return the text of the page."""
    rows = [
        f"| {r['target']} | {r['date']} | {r['seconds']} | {'yes' if r['guided'] else 'no'} "
        f"| {r['executed']:,} | {r['read']:,} | {r['reasons']:,} | {r['refused']:,} "
        f"| {len(r['finds'])} | {r['slowest_seconds']} |"
        for r in runs
    ]
    listed = [f"- {r['target']}: {place}" for r in runs for place in r["finds"]]
    return f"{INTRODUCTION}{_lines(rows)}{FINDS_TEXT}{_lines(listed or ['None.'])}"


def _lines(texts: list[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


INTRODUCTION = """\
# Fuzzing

`scripts/fuzz TARGET [SECONDS]` spoils a sound RTSTRUCT, RTDOSE, RTPLAN, RTRECORD or protocol file
- bytes, DICOM elements, lengths, value representations, YAML lines and words - and does with it
all that a user would: reading, linking, the review, and its JSON and CSV forms. Only our own
errors, or reasons inside a result, may come of it. Anything else is a find, as is a check that
breaks off, an input that takes more than 10 s of processor time or more than 6 GB, and a review
that does not survive its JSON form.

This page is written by the harness from `tests/hostile/fuzz_counts.json`. *Guided* says whether
atheris measured which code an input reaches; *read* inputs gave a whole
result in spite of the damage, *reasons* one in which something is not evaluable and says why.

| target | date | s | guided | executed | read | reasons | refused | kinds of find | slowest, s |
|---|---|---|---|---|---|---|---|---|---|
"""

FINDS_TEXT = """
## Finds

The first input of each kind is kept in `tests/hostile/finds/` and replayed by
`tests/hostile/test_finds.py`; line numbers are those of the day of the run. All are fixed.

"""
