"""What the plan checks find on real exports, counted by check.

python benchmarks/plan_checks.py            prints the table
python benchmarks/plan_checks.py --write    puts it into docs/real_exports.md
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from conformance import CASES, PAGE
from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.errors import DicomError

START, END = "<!-- plan checks table -->\n", "<!-- end of plan checks table -->\n"


def counted() -> dict[str, Counter[str]]:
    """Return verdicts by check over every case of every folder; ``passed`` for what passed."""
    protocol = load_protocol("liver_sbrt")
    counts: dict[str, Counter[str]] = {}
    for folder in sorted(_folders()):
        try:
            cases = load_cases(folder)
        except DicomError:
            continue
        for case in cases:
            review = review_case(case, protocol, bands=False)
            for f in review.findings:
                if f.group:
                    counts.setdefault(f.code, Counter())[f.verdict or "info"] += 1
            for f in review.passed:
                counts.setdefault(f.code, Counter())["passed"] += 1
    return counts


def _folders() -> list[Path]:
    return [f for f in CASES.rglob("*") if f.is_dir() and any(p.is_file() for p in f.iterdir())]


def table(counts: dict[str, Counter[str]]) -> str:
    """Return the table in Markdown."""
    words = ("passed", "info", "minor", "not_evaluable", "major")
    rows = [
        "| check | passed | info | minor | not evaluable | major |",
        "|---|---|---|---|---|---|",
    ]
    for code in sorted(counts):
        cells = " | ".join(str(counts[code][w] or "") for w in words)
        rows.append(f"| `{code}` | {cells} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Print or write the table."""
    made = table(counted())
    if "--write" not in sys.argv:
        print(made)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    PAGE.write_text(before + START + made + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
