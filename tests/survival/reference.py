"""Reference values computed with R, and the data they were computed from.

Small data sets stand in `reference_values.json` itself; the larger public ones are not part of the
repository: `SBRT_QA_TRIAL` names their folder.
"""

from __future__ import annotations

import csv
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(os.environ.get("SBRT_QA_TRIAL", Path(__file__).parents[3] / "shared" / "trial"))
REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference_values.json").read_text(encoding="utf-8")
)

CLOSED = 1e-9
ITERATED = 1e-6
"""Relative tolerances: of closed forms, and of iterated fits."""

Columns = dict[str, Any]


@cache
def data(name: str) -> Columns:
    """Return the columns of a data set; skip where it is not here."""
    entry = REFERENCE.get(name, {})
    if isinstance(entry, dict) and "data" in entry:
        return {key: np.array(values) for key, values in entry["data"].items()}
    path = FOLDER / "data" / f"{name}.csv"
    if not path.is_file():
        pytest.skip("no public data sets here; SBRT_QA_TRIAL names their folder")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        key: np.array([np.nan if row[key] in ("", "NA") else float(row[key]) for row in rows])
        for key in rows[0]
    }


def close(expected: Any, tolerance: float = CLOSED) -> Any:
    """Return what compares equal within a relative tolerance, 0 within an absolute one."""
    return pytest.approx(expected, rel=tolerance, abs=1e-13)
