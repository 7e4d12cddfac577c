"""The page on scripting: its code runs from top to bottom in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scripting.md"

AFTER = """
print(case.names[:4], sbrt_qa.dvh(case, "PTV", "Median[Gy]")["PTV"].metrics["Median[Gy]"].value)
again = sbrt_qa.review_case(case, sbrt_qa.load_protocol("liver_sbrt"), bands=False)
print([f.code for f in (*again.passed, *again.findings) if f.code == "LIVER_NAMED"])
"""


def test_the_code_of_the_page_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 6
    code = "\n".join([*blocks, AFTER])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "['External', 'CTV', 'PTV', 'Liver']" in done.stdout
    assert "['LIVER_NAMED']" in done.stdout
