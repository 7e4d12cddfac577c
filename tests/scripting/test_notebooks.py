"""The notebooks: their cells run from top to bottom, and say what their texts promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NAMES = ["1_one_plan", "2_cohort", "3_own_metric_and_protocol", "4_two_plans", "5_trial"]

SHOWN = """
def shown(value):
    repr(value)
    html = getattr(value, "_repr_html_", None)
    return None if html is None else html()
"""
"""What a notebook does with the last line of a cell."""

AFTER = {
    "1_one_plan": "assert str(review.verdict) == 'per_protocol' and '<svg' in table._repr_html_()",
    "2_cohort": (
        "assert list(verdicts.values()) == ['per_protocol', 'minor'] and missed and len(means) == 6"
    ),
    "3_own_metric_and_protocol": (
        "assert 50 < median_gy < 62 and own['TGT_V100'][1] == 'per_protocol'"
        " and \"Did you mean '>='?\" in told"
    ),
    "4_two_plans": (
        "assert other.pass_percent < 100 and moved['Duodenum'] > 0"
        " and 'frames of reference' in refused"
    ),
    "5_trial": "assert rate.low < 5 / 40 < rate.high and len(curves) == 2",
}


def cells(name: str) -> list[str]:
    data = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert (data["nbformat"], data["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in data["cells"]}) == len(data["cells"])
    assert data["cells"][0]["cell_type"] == "markdown"
    code = [cell for cell in data["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    return ["".join(cell["source"]) for cell in code]


def as_run(code: str) -> str:
    """Return a cell whose last expression is shown, as a notebook shows it."""
    import ast

    tree = ast.parse(code)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        call = ast.Call(ast.Name("shown", ast.Load()), [last.value], [])
        tree.body[-1] = ast.copy_location(ast.Expr(call), last)
    return ast.unparse(ast.fix_missing_locations(tree))


def test_there_are_these_notebooks() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_of_a_notebook_run_from_top_to_bottom(name: str) -> None:
    """Case 19D: as a notebook would run them, in its folder, each last line shown."""
    code = "\n".join([SHOWN, *map(as_run, cells(name)), AFTER[name]])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=FOLDER, capture_output=True, text=True,
        check=False, env=os.environ | {"MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
