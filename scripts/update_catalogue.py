#!/usr/bin/env python3
"""Bring the catalogues of reports up to date with the sentences in the code.

    scripts/update_catalogue.py [--prune]    rewrites src/sbrt_qa/reports/locale/*.po

Sentences of the `reports` room are the arguments of ``msg(...)`` and, in templates, of ``_(...)``.
Those of other rooms are the texts of what they report: reasons, findings, notes. A field of an
f-string is numbered: ``{0} cc lie outside the dose grid``. A call of ``counted`` says two things:
``1 beam`` and ``{0} beams``. New sentences come out untranslated; `tests/reports/test_words.py`
fails until somebody has translated them.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from ruamel.yaml import YAML

import sbrt_qa.checks  # noqa: F401 - registers them
from sbrt_qa.checks.registry import CHECKS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sbrt_qa"
LOCALE = SOURCE / "reports" / "locale"

HEADER = "# Sentences of reports. scripts/update_catalogue.py keeps them in step with the code.\n\n"

_IN_TEMPLATE = re.compile(r"""\b_\(\s*(["'])(.+?)\1""", re.DOTALL)

TELLING = {"Reason", "Finding", "Found", "Mended", "Repair", "Link", "note", "Passed", "Seen"}
"""Calls whose texts reach a report."""

SHORT = dict.fromkeys(
    (
        "right {0}, left {1}, anterior {2}, posterior {3}, inferior {4}, superior {5} mm",
        "exact name", "alias ({0})", "user map", "{0} is empty", "no {0} in the plan",
        "required {0}", "the image is in another frame of reference and is not shown",
        "the image is not shown: {0}",
        "the image reaches over less than half of the dose grid and is not shown",
        "in force at the planning date", "as asked for", "only version; {0}",
        "latest version; {0}", "only version", "latest version", "planning date not known",
        "planned before the first version took effect", "between planes: {0}",
        "beyond the end planes: {0}",
        "dose between voxels: {0}", "morph", "slab", "tapered", "half_slice", "cubic", "linear",
        "{0} (no {1} in the plan)", "exact name: {0} (no {1} in the plan)", "approved",
        "unapproved", "rejected", "curative", "palliative", "by uid", "by frame of reference",
        "unlinked", "{0}-{1} {2}, {3} energies", "{0} mm to the left", "{0} mm to the right",
        "on the left", "on the right",
        "{0} → structure set", "{0} → plan", "{0} → image series",
        "right {0}, left {1}, anterior {2}, posterior {3}, inferior {4}, superior {5} mm",
    ),
    "src/sbrt_qa",
)  # fmt: skip
"""Words that other rooms report without a call that shows it."""

SILENT = (
    "dicom/archive.py", "dosimetry/metric_names.py", "dicom/oddities/registry.py",
    "dosimetry/gamma/__init__.py", "protocol/differences.py", "review/changes.py",
    "review/compare.py", "review/dose_changes.py", "review/structure_changes.py",
)  # fmt: skip
"""Files whose texts end up in errors or in comparisons, not in reports."""

ROOMS = ("checks", "protocol", "dosimetry", "dicom", "review", "crosscheck")


def of_reports() -> dict[str, str]:
    """Return the sentences of the `reports` room and the file of each."""
    found: dict[str, str] = {}
    for path in sorted((SOURCE / "reports").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= dict.fromkeys(_counts(node), _where(path))
            if isinstance(node, ast.Call) and _name(node.func) == "msg":
                (text,) = node.args
                found.setdefault(ast.literal_eval(text), _where(path))
    for path in sorted((SOURCE / "reports").rglob("*.j2")):
        for match in _IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match[2], _where(path))
    return found


def of_other_rooms() -> dict[str, str]:
    """Return the sentences that other rooms report and the file of each."""
    found: dict[str, str] = {}
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            if _where(path).endswith(SILENT):
                continue
            for text in _told(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(text, _where(path))
    return found


def _told(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of calls that report, and those that functions return as text."""
    outer = _assigned(tree)
    for function in ast.walk(tree):
        if isinstance(function, ast.Module | ast.FunctionDef):
            known = outer | _assigned(function)
            told = isinstance(function, ast.FunctionDef) and _tells(function)
            for decorator in getattr(function, "decorator_list", []):
                yield from _titles(decorator)
            for node in _own(function):
                yield from _counts(node)
                if isinstance(node, ast.Call) and _name(node.func) in TELLING:
                    yield from _texts([*node.args, *(k.value for k in node.keywords)], known)
                elif told and isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                    yield from _texts([node.value], known)


def _counts(node: ast.AST) -> Iterator[str]:
    """Yield what ``counted(number, noun)`` says, for one and for several."""
    if isinstance(node, ast.Call) and _name(node.func) == "counted":
        nouns = [n.value for n in node.args[1:] if isinstance(n, ast.Constant)]
        if nouns:
            yield f"1 {nouns[0]}"
            yield f"{{0}} {nouns[1] if len(nouns) > 1 else f'{nouns[0]}s'}"


def _titles(decorator: ast.expr) -> Iterator[str]:
    """Yield the title of a check."""
    for keyword in getattr(decorator, "keywords", []):
        if keyword.arg == "title" and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value)


def _tells(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns).endswith(
        ("str", "str]", "str | None")
    )


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what is assigned to the names of a module or function."""
    found: dict[str, list[ast.expr]] = {}
    for node in _own(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                for name, value in pairs:
                    found.setdefault(_name(name), []).append(value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found.setdefault(_name(node.target), []).append(node.value)
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield child
            yield from _own(child)


def _texts(nodes: list[ast.expr], known: dict[str, list[ast.expr]]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in known:
            yield from _texts(known[node.id], {})
        elif isinstance(node, ast.IfExp):
            yield from _texts([node.body, node.orelse], known)
        elif isinstance(node, ast.BoolOp):
            yield from _texts(node.values, known)
        text = _template(node)
        if text is not None and is_sentence(text):
            yield text


def is_sentence(text: str) -> bool:
    """Tell whether a text holds a word beside its fields, and a blank."""
    own = re.sub(r"\{\d+\}", "", text)
    return " " in text.strip() and re.search(r"[A-Za-z]{2,}", own) is not None


def _template(node: ast.expr) -> str | None:
    """Return a string, or an f-string with numbered fields."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts, count = [], 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            else:
                parts.append(f"{{{count}}}")
                count += 1
        return "".join(parts)
    return None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def of_checks() -> dict[str, str]:
    """Return titles and sources of all plan checks, and where they stand."""
    texts = [text for one in CHECKS.values() for text in (one.title, one.source)]
    return dict.fromkeys(texts, "src/sbrt_qa/checks/registry.py")


def of_protocols() -> dict[str, str]:
    """Return what the protocols of the library say themselves, and the file of each."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "protocols").glob("*.yaml")):
        data = YAML(typ="safe").load(path)
        for text in _spoken(data):
            found.setdefault(" ".join(text.split()), _where(path))
    return found


def _spoken(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("statement", "note", "required") and isinstance(value, str):
                yield value
            yield from _spoken(value)
    elif isinstance(part, list):
        for one in part:
            yield from _spoken(one)


def wanted() -> dict[str, str]:
    """Return every sentence that a catalogue must hold, and the file of each."""
    others = SHORT | of_protocols() | of_checks() | of_other_rooms()
    return {**{text: where for text, where in others.items() if where}, **of_reports()}


def updated(path: Path) -> Catalog:
    """Return a catalogue with every sentence in the code; what else is translated is kept.

    It may belong to work that is not here yet. ``--prune`` drops it.
    """
    language = path.stem
    with path.open("rb") as file:
        old = read_po(file, locale=language)
    new = Catalog(locale=language, project="sbrt_qa", fuzzy=False)
    known_before = {str(m.id): "" for m in old if m.id and m.string and "--prune" not in sys.argv}
    for text, where in sorted((known_before | wanted()).items(), key=lambda i: (i[1], i[0])):
        known = old.get(text)
        new.add(text, known.string if known else "", locations=[(where, 0)] if where else [])
    return new


def content(catalogue: Catalog) -> bytes:
    """Return a catalogue as the bytes of its file, the same for the same sentences."""
    file = io.BytesIO()
    write_po(file, catalogue, omit_header=True, width=0, include_lineno=False)
    return HEADER.encode() + file.getvalue()


def main() -> int:
    missing = 0
    for path in sorted(LOCALE.glob("*.po")):
        catalogue = updated(path)
        path.write_bytes(content(catalogue))
        untranslated = [m.id for m in catalogue if m.id and not m.string]
        missing += len(untranslated)
        print(f"{path.name}: {len(catalogue)} sentences, {len(untranslated)} untranslated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
