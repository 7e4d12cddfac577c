#!/usr/bin/env python3
"""Write docs/conformance.md and docs/quirks.md: what the tests and the code themselves say.

The case numbers come from names (`test_case_31_...`, `test_case_20_22__...`) and docstrings
(`Case 31.`, `cases 16 and 17`) of test functions; what each case is about stands in
docs/conformance_cases.toml.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
CASES = ROOT / "docs" / "conformance_cases.toml"
PAGE = ROOT / "docs" / "conformance.md"
QUIRK_PAGE = ROOT / "docs" / "quirks.md"
TRIAL_CASES = ROOT / "docs" / "trial_cases.toml"
TRIAL_PAGE = ROOT / "docs" / "trial_cases.md"

OFFICE_CASES = ROOT / "docs" / "office_cases.toml"
OFFICE_PAGE = ROOT / "docs" / "office_cases.md"

REQUIRED = frozenset({*range(1, 83), *range(87, 95), 98, 101})
"""Cases that must have a test; the others belong to parts that do not exist yet."""

_IN_NAME = re.compile(r"case_(\d+(?:(?:_and)?_\d+)*)(?=_|$)")
_IN_DOCSTRING = re.compile(r"\b[Cc]ases? (\d+(?:(?:, and |, | and )\d+)*)")

INTRODUCTION = """# Conformance

What users of other tools met, and what sbrt_qa does about it. `scripts/make_conformance_page.py`
makes this page from the tests themselves: a test names its case in its name or its docstring.
`tests/test_conformance_page.py` fails when the page is not what the tests say, or when a case has
no test. Numbers that are not listed belong to parts that do not exist yet.

"""

_TRIAL_IN_NAME = re.compile(r"^test_((?:t\d+_)+)_")

TRIAL_INTRODUCTION = """# Cases of the trial

What the trial around the plans must get right. `scripts/make_conformance_page.py` makes this page
from the tests: a test names its case in its name, `test_t12__...`. A case without a test says so.

"""

_OFFICE_IN_NAME = re.compile(r"^test_(?:case_)?((?:[ps]\d+_+)+)(?<=__)")

OFFICE_INTRODUCTION = """# Cases of the review office

What the office must withstand. `scripts/make_conformance_page.py` makes this page from the tests: a
test names its case in its name, `test_case_s28__...`. A case without a test says so. Long series
(load, kills, soak) are in `scripts/bench office`.

"""

QUIRK_INTRODUCTION = """# Quirks

Every repair that reading can make. A repair is never silent: its name, the file or structure and
one sentence stand in the provenance of the case, in `sbrt-qa inspect`, in the table, and in the
JSON of a review. Each has a test pair in `tests/dicom/test_quirks.py`, a value it repairs and one
it leaves alone. `scripts/make_conformance_page.py` makes this page from the registry;
[adding things](adding.md) shows how a quirk is added.

| quirk | at | what it does | seen in | example |
|---|---|---|---|---|
"""


class Case(NamedTuple):
    """One case: what is given and what sbrt_qa does, in our words."""

    number: int
    given: str
    does: str


def numbers_of(function: ast.FunctionDef) -> set[int]:
    """Return the case numbers that a test names."""
    texts = [m[1] for m in _IN_NAME.finditer(function.name)]
    texts += [m[1] for m in _IN_DOCSTRING.finditer(ast.get_docstring(function) or "")]
    return {int(n) for text in texts for n in re.findall(r"\d+", text)}


def cases_in_tests() -> dict[int, list[str]]:
    """Return ``file::test`` of every test that names a case, by case."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in numbers_of(node):
                    name = f"{path.relative_to(ROOT)}::{node.name}"
                    found.setdefault(number, []).append(name)
    return found


def sections() -> dict[str, list[Case]]:
    """Return the cases by section, as described in the data file."""
    data = tomllib.loads(CASES.read_text(encoding="utf-8"))
    return {
        title: [Case(int(number), *texts) for number, texts in cases.items()]
        for title, cases in data.items()
    }


def missing() -> set[int]:
    """Return required cases that no test names, or that are not described."""
    described = {case.number for cases in sections().values() for case in cases}
    return set(REQUIRED) - (set(cases_in_tests()) & described)


def page() -> str:
    """Return the text of docs/conformance.md."""
    tests = cases_in_tests()
    count = sum(len(names) for names in tests.values())
    text = f"{len(tests)} cases are named by tests, {count} times in all.\n"
    return INTRODUCTION + text + "".join(_section(*one, tests) for one in sections().items())


def _section(title: str, cases: list[Case], tests: dict[int, list[str]]) -> str:
    rows = "".join(
        f"| {c.number} | {c.given} | {c.does} | {'<br>'.join(_links(tests.get(c.number, [])))} |\n"
        for c in cases
    )
    head = "| case | given | what sbrt_qa does | tests |\n|---|---|---|---|\n"
    return f"\n## {title}\n\n{head}{rows}"


def _links(names: list[str]) -> Iterator[str]:
    for name in names:
        path, _, test = name.partition("::")
        yield f"[{test.removeprefix('test_')}](../{path})"


def trial_cases_in_tests() -> dict[int, list[str]]:
    """Return ``file::test`` of every test that names a case of the trial, by case."""
    return {int(case): tests for case, tests in _named_cases(_TRIAL_IN_NAME, r"\d+").items()}


def office_cases_in_tests() -> dict[str, list[str]]:
    """Return ``file::test`` of every test that names a case of the office, by case: P1, S28."""
    named = _named_cases(_OFFICE_IN_NAME, r"[ps]\d+")
    return {case.upper(): tests for case, tests in named.items()}


def _named_cases(in_name: re.Pattern[str], case: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = in_name.match(node.name) if isinstance(node, ast.FunctionDef) else None
            for one in re.findall(case, named[1]) if named else ():
                found.setdefault(one, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def trial_page() -> str:
    """Return the text of docs/trial_cases.md."""
    tests = {str(number): names for number, names in trial_cases_in_tests().items()}
    return _table_of(TRIAL_INTRODUCTION, TRIAL_CASES, tests, "T")


def office_page() -> str:
    """Return the text of docs/office_cases.md."""
    return _table_of(OFFICE_INTRODUCTION, OFFICE_CASES, office_cases_in_tests(), "")


def _table_of(introduction: str, described: Path, tests: dict[str, list[str]], mark: str) -> str:
    text = introduction
    for title, cases in tomllib.loads(described.read_text(encoding="utf-8")).items():
        text += f"## {title}\n\n| case | given | what sbrt_qa does | tests |\n|---|---|---|---|\n"
        for number, (given, does) in cases.items():
            links = "<br>".join(_links(tests.get(number, []))) or "no test yet"
            text += f"| {mark}{number} | {given} | {does} | {links} |\n"
        text += "\n"
    return text.rstrip("\n") + "\n"


def office_cases() -> set[str]:
    """Return the cases of the office that are described."""
    sections_of = tomllib.loads(OFFICE_CASES.read_text(encoding="utf-8"))
    return {case for cases in sections_of.values() for case in cases}


def quirk_page() -> str:
    """Return the text of docs/quirks.md."""
    from sbrt_qa.dicom import load  # noqa: F401 - every quirk registers itself when it is imported
    from sbrt_qa.dicom.quirks import QUIRKS

    rows = (
        f"| `{q.name}` | {q.stage} | {q.summary} | {q.vendor} | {q.example} |\n"
        for q in sorted(QUIRKS.values(), key=lambda q: (q.stage, q.name))
    )
    return QUIRK_INTRODUCTION + "".join(rows)


def main() -> int:
    pages = (
        (PAGE, page()),
        (QUIRK_PAGE, quirk_page()),
        (TRIAL_PAGE, trial_page()),
        (OFFICE_PAGE, office_page()),
    )
    for path, text in pages:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    if missing():
        print(f"without a test or a description: {sorted(missing())}", file=sys.stderr)
    return 1 if missing() else 0


if __name__ == "__main__":
    sys.exit(main())
