#!/usr/bin/env python3
"""Draw the figures of docs/how_it_works; fill in what its pages measure and which constants hold.

Everything comes from the engine itself: figures and tables are computed, and a constant is shown
with its value and its docstring. `tests/test_how_it_works.py` fails when a page is not what the
engine says. Arguments: ``--out FOLDER`` writes there instead.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from how_it_works import contours, doses  # noqa: E402 - found by the path above

PAGES = ROOT / "docs" / "how_it_works"
FIGURES = contours.FIGURES | doses.FIGURES

MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.DOTALL)
CONSTANTS = re.compile(r"(<!-- constants (.*?) -->\n).*?(<!-- /constants -->)", re.DOTALL)


def main() -> None:
    """Write every figure and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGES)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        figure = draw()
        (folder / f"{name}.svg").write_text(figure.picture.svg(), encoding="utf-8")
        page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        (folder / f"{name}.md").write_text(filled(page, figure.measured), encoding="utf-8")


def filled(page: str, measured: tuple[str, ...]) -> str:
    """Return a page with what was measured, and with the constants as they are."""
    body = "\n".join(measured)
    page = MEASURED.sub(lambda found: f"{found[1]}{body}\n{found[2]}", page)
    return CONSTANTS.sub(lambda found: found[1] + constants_table(found[2]) + found[3], page)


def constants_table(wanted: str) -> str:
    """Return a table of constants, asked for as ``module: NAME NAME; module: NAME``."""
    rows = ["| constant | value | meaning |", "|---|---:|---|"]
    for group in wanted.split(";"):
        room, _, names = group.strip().partition(":")
        module = importlib.import_module(f"sbrt_qa.{room}")
        for name in names.split():
            value: object = module
            for part in name.split("."):
                value = getattr(value, part)
            meaning = said_of(module, name).replace("``", "`")
            shown = f"{value:,}" if isinstance(value, int) else f"{value:g}"
            rows.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(rows) + "\n"


def said_of(module: object, name: str) -> str:
    """Return the docstring of a constant, or of a field in its class's docstring, on one line."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    if "." in name:
        owner, _, field = name.partition(".")
        text = inspect.getdoc(type(getattr(module, owner))) or ""
        found = re.search(rf"^{field}\n((?:    .+\n?)+)", text, re.MULTILINE)
        return " ".join(found[1].split()) if found else ""
    for here, after in zip(tree.body[:-1], tree.body[1:], strict=True):
        targets = here.targets if isinstance(here, ast.Assign) else [getattr(here, "target", None)]
        named = any(isinstance(t, ast.Name) and t.id == name for t in targets)
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return " ".join(str(after.value.value).split())
    return ""


if __name__ == "__main__":
    main()
