"""The examples of docs/adding.md work as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOC = Path(__file__).parents[1] / "docs" / "adding.md"

USE = """
import types, sys
from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.dicom.quirks import QUIRKS
from sbrt_qa.reports.registry import Page

ramp = DVH(1000.0, 0.0, [0.0, 50.0], [1000.0, 0.0], 0.0, 25.0, 50.0)
print(evaluate(parse_metric("Median[Gy]"), ramp, MetricContext()).value)
doses = types.SimpleNamespace(metric_context=MetricContext(50.0, 42.7))
context = types.SimpleNamespace(doses=doses)
print(*next(CHECKS["DOSE_MAX_BELOW_PRESCRIPTION"].examine(context))[:3])
quirk = QUIRKS["dose-units-in-lower-case"]
print(quirk.repair("Gy").value, quirk.repair("GY"))
print(repr(render_reviews([], Page())))
"""


def test_the_worked_examples_run_as_printed() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    code = "\n".join(["from sbrt_qa.dicom.quirks import DOSE_UNITS, Mended", *blocks, USE])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "25.0",
        "dose maximum 42.70 Gy of 50 Gy prescribed Check that this is the dose of the whole plan.",
        "GY None",
        "''",
    ]
