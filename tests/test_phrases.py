"""What a report is told is said in phrases, so that it can be said in every language.

Walks the source: nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "sbrt_qa"
ROOMS = (
    "model", "geometry", "dosimetry", "dicom", "protocol", "checks", "review", "second_opinion",
    "compare", "evidence", "audit", "pipeline", "i18n",
)  # fmt: skip
FILES = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]

TELLING = {
    "Reason": 1, "Finding": 2, "Found": 0, "Passed": 0, "Untold": 0, "Mended": 1, "Repair": 2,
    "repaired": 2, "Link": 3, "note": 0,
}  # fmt: skip
"""Calls that tell a report something, and how many codes and names come before the texts."""

CODES = ("code", "group", "source", "quirk", "kind", "value", "target", "verdict", "severity")

NOT_WORDS = re.compile(r"Gy|cGy|mm|cc|MU|MV|x|([A-Z][a-z]*\d*){2,}|dicompyler-core")
"""Units, names in camel case such as keywords of DICOM and structures of TG-263, a program."""


def words_of(text: str) -> list[str]:
    """Return the words of a text that a reader would want in his language."""
    found = re.findall(r"[A-Za-z][\w-]*", text)
    return [w for w in found if re.search("[a-z]", w) and not NOT_WORDS.fullmatch(w)]


def unsaid(node: ast.expr, known: dict[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """Yield the parts of an expression that put words into a text without `say`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and words_of(node.value):
        yield node
    elif isinstance(node, ast.JoinedStr):
        if any(words_of(str(p.value)) for p in node.values if isinstance(p, ast.Constant)):
            yield node
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if is_phrase(part.value, known):
                    yield node
                yield from unsaid(part.value, known)
    elif isinstance(node, ast.Name):
        for value in known.get(node.id, []):
            yield from unsaid(value, {})
    elif isinstance(node, ast.Call) and name_of(node) == "join":
        for part in node.args:
            inner = part.elt if isinstance(part, ast.GeneratorExp | ast.ListComp) else part
            if is_phrase(inner, known):
                yield node
            yield from unsaid(inner, known)
    else:
        for part in parts_of(node):
            yield from unsaid(part, known)


def parts_of(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    return [node.left, node.right] if isinstance(node, ast.BinOp) else []


def is_phrase(node: ast.expr, known: dict[str, list[ast.expr]]) -> bool:
    """Tell whether an expression is seen to be a phrase, which plain text would take apart."""
    if isinstance(node, ast.Name):
        return any(is_phrase(value, {}) for value in known.get(node.id, []))
    if isinstance(node, ast.Call):
        return name_of(node) in ("say", "joined", "counted", "stated", "said")
    return any(is_phrase(part, known) for part in parts_of(node))


def name_of(call: ast.Call) -> str:
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def told(scope: ast.AST) -> Iterator[ast.expr]:
    for call in ast.walk(scope):
        of_store = isinstance(call, ast.Call) and ast.unparse(call.func) == "note"
        if isinstance(call, ast.Call) and name_of(call) in TELLING and not of_store:
            yield from call.args[TELLING[name_of(call)] :]
            yield from (k.value for k in call.keywords if k.arg not in CODES)


def faults(source: str) -> list[str]:
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    found = {
        (wrong.lineno, ast.unparse(wrong))
        for function in functions
        for text in told(function)
        for wrong in unsaid(text, assigned(function))
    }
    return [f"{line}: {text}" for line, text in sorted(found)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_what_a_report_is_told_is_said(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_what_is_said_is_a_literal(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    said = [call for call in calls if name_of(call) == "say"]
    assert [ast.unparse(c) for c in said if not isinstance(c.args[0], ast.Constant)] == []
    mapped = [c for c in calls if name_of(c) == "map" and ast.unparse(c.args[0]) in ("say", "msg")]
    assert [ast.unparse(c) for c in mapped] == []  # the catalogue reads calls alone


@pytest.mark.parametrize(
    "line",
    [
        'Found(name, f"{n} beams are missing")',
        'Found("the plan", say("it is old"))',
        'Reason(code, "no dose at " + where)',
        'Reason(code, ", ".join(say("beam {0}", n) for n in numbers))',
        'log.note("empty" if not n else "full")',
        'Found(name, f"{say(two)} ({n})")',
        'text = f"at {n} mm"; Reason(code, text)',
    ],
)
def test_texts_that_are_not_said_are_found(line: str) -> None:
    assert faults(f"def check():\n    {line}")


@pytest.mark.parametrize(
    "line",
    [
        'Found("PTV", say("{0} beams are missing", n), found=f"{x:.1f} Gy", expected="> 0.5 mm")',
        'Finding("NO_DOSE", None, "RTPLAN", say("no dose"), source="AAPM TG-275")',
        'Reason(code, joined(", ", (say("beam {0}", n) for n in numbers)))',
    ],
)
def test_texts_that_are_said_pass(line: str) -> None:
    assert faults(f"def check():\n    {line}") == []
