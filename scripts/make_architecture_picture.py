#!/usr/bin/env python3
"""Draw the rooms of the package as they stand on each other: docs/pictures/architecture.svg.

    scripts/make_architecture_picture.py [--check]

Steps and doors are those that `tests/test_architecture.py` keeps, a room's words are the first
line of its docstring, so that the picture says what is true. ``--check`` writes nothing and fails
where the picture is old.
"""

from __future__ import annotations

import ast
import sys
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sbrt_qa"
RULES = ROOT / "tests" / "test_architecture.py"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"

WIDTH, LEFT, RIGHT, GAP, LINE = 1000, 60, 20, 10, 15
CHARACTER = 6.1
"""Mean width of a character of the small font, in px."""


def rule(name: str) -> Any:  # noqa: ANN401 - whatever the constant holds
    """Return a constant of the architecture test; nothing is executed."""
    for node in ast.parse(RULES.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise SystemExit(f"{RULES}: no {name}")


def words_of(room: str) -> str:
    """Return the first sentence of a room's docstring; empty where the room does not exist yet."""
    for path in (SOURCE / room / "__init__.py", SOURCE / f"{room}.py"):
        if path.is_file():
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            return text.split("\n")[0].rstrip(".")
    return ""


def libraries_of(room: str, doors: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the outside libraries that this room may import, which others may not."""
    return [
        library for library, places in doors.items() if any(room == p.split(".")[0] for p in places)
    ]


def box(
    x: float, y: float, width: float, lines: tuple[str, list[str], list[str]], height: float
) -> str:
    """Return one room."""
    name, words, libraries = lines
    planned = "" if words else ' class="planned"'
    parts = [f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4"{planned}/>']
    at = y + 18
    parts.append(f'<text x="{x + 10:g}" y="{at:g}" class="name">{escape(name)}</text>')
    for line in words or ["not built yet"]:
        at += LINE
        parts.append(f'<text x="{x + 10:g}" y="{at:g}">{escape(line)}</text>')
    for line in libraries:
        at += LINE
        parts.append(f'<text x="{x + 10:g}" y="{at:g}" class="library">{escape(line)}</text>')
    return "\n".join(parts)


def picture() -> str:
    """Return the picture: one row a step, the top one first."""
    doors = rule("DOORS")
    y, rows = 40.0, []
    for step in rule("STAIRCASE"):
        rooms = sorted(step, key=lambda r: (not words_of(r), r))
        width = (WIDTH - LEFT - RIGHT - GAP * (len(rooms) - 1)) / len(rooms)
        fit = int((width - 20) / CHARACTER)
        told = []
        for room in rooms:
            libraries = libraries_of(room, doors) if words_of(room) else []
            only = wrap("outside libraries: " + ", ".join(libraries), fit) if libraries else []
            told.append((room, wrap(words_of(room), fit), only))
        height = 18 + LINE * max(max(1, len(w)) + len(o) for _, w, o in told) + 12
        for place, lines in enumerate(told):
            rows.append(box(LEFT + place * (width + GAP), y, width, lines, height))
        y += height + GAP
    arrow = (
        f'<path d="M28 40V{y - 16:g}" class="arrow"/><path d="M22 {y - 22:g}L28 {y - 12:g}L34 '
        f'{y - 22:g}" class="arrow"/><text x="{-(y / 2):g}" y="18" transform="rotate(-90)" '
        'text-anchor="middle">imports only from the same room and from lower ones</text>'
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" width="{WIDTH}">
<title>The rooms of sbrt_qa, each standing on those that it imports from</title>
<style>
svg {{ background: #fff; font: 12px system-ui, sans-serif; fill: #222; }}
rect {{ fill: #f3f6f9; stroke: #5b7083; }} .planned {{ fill: none; stroke-dasharray: 4 3; }}
.name {{ font-weight: 600; font-size: 13px; }} .library {{ fill: #7a4b00; }}
.arrow {{ fill: none; stroke: #5b7083; stroke-width: 1.5; }}
</style>
<text x="{LEFT}" y="24" class="name">sbrt_qa: what stands on what</text>
{arrow}
{chr(10).join(rows)}
</svg>
"""


def main() -> None:
    """Write the picture, or tell whether it is current."""
    drawn = picture()
    if "--check" in sys.argv:
        if not PICTURE.is_file() or PICTURE.read_text(encoding="utf-8") != drawn:
            raise SystemExit(f"{PICTURE.name} is old: run scripts/make_architecture_picture.py")
        return
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
