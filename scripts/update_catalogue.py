#!/usr/bin/env python3
"""Bring the catalogues of reports up to date with the sentences in the code.

    scripts/update_catalogue.py [--prune]    rewrites src/sbrt_qa/i18n/locale/*.po

Sentences are the literals in ``say("...")`` and ``msg("...")``, in scripts of the trial report
``say("...")`` too, and in templates ``_("...")``;
``counted(n, "beam")`` says two: ``1 beam`` and ``{0} beams``. Besides there are whole texts of
protocols and of checks, and what refusals say. New sentences come out untranslated;
`tests/reports/test_words.py` fails until somebody has translated them.
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
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.slabs import Between, Ends
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.plan import BeamKind
from sbrt_qa.reports.trial.trial_page import SAID

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sbrt_qa"
LOCALE = SOURCE / "i18n" / "locale"

HEADER = "# Sentences of reports. scripts/update_catalogue.py keeps them in step with the code.\n\n"

_IN_TEMPLATE = re.compile(r"""\b_\(\s*(["'])(.+?)\1""", re.DOTALL)

WORDS = {"msg", "say", "joined"}
"""Functions whose first argument is a sentence of the catalogue, or the sign between parts."""

REFUSALS = {"DicomError", "GeometryError"}
"""Errors that become the reason why something is not evaluable."""


VALUES = (
    "approved", "unapproved", "rejected", "curative", "palliative",
    "photon", "electron", "neutron", "proton", "ion", "static", "dynamic",
    "treatment", "setup", "open portfilm", "trmt portfilm", "continuation", "verification",
    "none", "breath_hold", "realtime", "gating", "tracking", "normal", "operator", "machine",
    "unknown", "rel_mass_density", "rel_elec_density", "effective_z", "property",
)  # fmt: skip
"""Values of DICOM attributes that a report puts into words."""


def of_values() -> dict[str, str]:
    """Return the values that are words of their own, of enumerations and of attributes."""
    return dict.fromkeys(
        (*VALUES, *BeamKind, *LinkKind, *Between, *Ends, *Interpolation), "src/sbrt_qa"
    )


def of_code() -> dict[str, str]:
    """Return the sentences in the code and its templates, and the file of each."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for text in _said(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(text, _where(path))
    for path in sorted((SOURCE / "reports").rglob("*.j2")):
        for match in _IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match[2], _where(path))
    for path in sorted((SOURCE / "reports" / "trial").glob("*.js")):
        said = SAID.findall(path.read_text(encoding="utf-8"))
        found = dict.fromkeys(said, _where(path)) | found
    return found


def _said(tree: ast.Module) -> Iterator[str]:
    """Yield the literals that calls of `WORDS` begin with, and what errors say."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        yield from _counts(node)
        told = node.args[:1] if _name(node.func) in WORDS | REFUSALS else []
        if _name(node.func) in REFUSALS:
            told += [k.value for k in node.keywords if k.arg in ("expected", "advice")]
        for text in told:
            if isinstance(text, ast.Constant):
                yield str(text.value)


def _counts(call: ast.Call) -> Iterator[str]:
    """Yield what ``counted(number, noun)`` says, for one and for several."""
    nouns = [n.value for n in call.args[1:] if isinstance(n, ast.Constant)]
    if _name(call.func) == "counted" and nouns:
        yield f"1 {nouns[0]}"
        yield f"{{0}} {nouns[1] if len(nouns) > 1 else f'{nouns[0]}s'}"


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
    return of_protocols() | of_checks() | of_values() | of_code()


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
