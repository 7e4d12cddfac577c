#!/usr/bin/env python3
"""Bring the catalogues of reports up to date with the sentences in the code.

    scripts/update_catalogue.py                rewrites src/sbrt_qa/i18n/locale/*.po
    scripts/update_catalogue.py --prune        drops what no longer stands in the code
    scripts/update_catalogue.py --set LANG     first sets `English TAB translation`, lines
    scripts/update_catalogue.py --check        changes nothing and lists what is not translated
    scripts/update_catalogue.py --check --release    ... and fails where something is not

Sentences are the literals in ``say("...")`` and ``msg("...")``, in scripts of the trial report
``say("...")`` too, and in templates ``_("...")``; ``counted(n, "beam")`` is one entry with plural
forms: ``{0} beam`` and ``{0} beams``. Besides there are whole texts of protocols and of checks, and
what refusals say. New sentences come out untranslated, and reports show them in English with a mark
until somebody has translated them.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from ruamel.yaml import YAML

import sbrt_qa.checks  # noqa: F401 - registers them
from sbrt_qa.audit.columns import MEANINGS
from sbrt_qa.checks.registry import CHECKS, Group
from sbrt_qa.compare.comparison import Area, FindingState, StructureState, Trend
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.slabs import Between, Ends
from sbrt_qa.i18n.phrase import forms_of
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import BeamKind, PrescriptionSource
from sbrt_qa.protocol.limit_moves import Move
from sbrt_qa.reports.trial.trial_page import SAID

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sbrt_qa"
LOCALE = SOURCE / "i18n" / "locale"

HEADER = """\
# Sentences of reports. scripts/update_catalogue.py keeps them in step with the code.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals};\\n"

"""

Sentence: TypeAlias = str | tuple[str, str]
"""A sentence, or its forms for one and for several."""

_IN_TEMPLATE = re.compile(r"""\b_\(\s*(["'])(.+?)\1""", re.DOTALL)

WORDS = {"msg", "say", "joined"}
"""Functions whose first argument is a sentence of the catalogue, or the sign between parts."""

REFUSALS = {"DicomError", "GeometryError"}
"""Errors that become the reason why something is not evaluable."""

SHOWN_REFUSALS = REFUSALS | {
    "UsageError", "MovedOnError", "UnfitError", "WrongChunk", "TooLarge", "NoSpace", "Incomplete",
    "OverQuotaError",
}  # fmt: skip
SHOWN_IN = re.compile(
    r"office/|intake/(chunks|landing)\.|web/(passwords|working/upload_rows)\."
    r"|web/review_office/\w+_(screen|pages|doors)\."
)
"""What is refused there is told on a page; elsewhere only the terminal tells it, in English."""


VALUES = (
    "approved", "unapproved", "rejected", "curative", "palliative",
    "photon", "electron", "neutron", "proton", "ion", "static", "dynamic",
    "treatment", "setup", "open portfilm", "trmt portfilm", "continuation", "verification",
    "none", "breath hold", "realtime", "gating", "tracking", "phase ordering",
    "phase rescanning", "retrospective", "correction", "normal", "operator", "machine",
    "unknown", "property",
)  # fmt: skip
"""Values of DICOM attributes that a report puts into words."""


def of_values() -> dict[str, str]:
    """Return the values that are words of their own: of enumerations, attributes and columns."""
    words = (
        *VALUES, *BeamKind, *LinkKind, *Between, *Ends, *Interpolation, *Group, *PrescriptionSource,
        *Area, *(area.capitalize() for area in Area), *FindingState, *Trend, *Move,
        *Severity,
        *(state.replace("_", " ") for state in StructureState),
        *(name.replace("_", " ") for name in MEANINGS),
    )  # fmt: skip
    return dict.fromkeys(map(str, words), "src/sbrt_qa")


def of_code() -> dict[Sentence, str]:
    """Return the sentences in the code and its templates, and the file of each."""
    found: dict[Sentence, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        shown = SHOWN_IN.match(path.relative_to(SOURCE).as_posix())
        refusals = SHOWN_REFUSALS if shown else REFUSALS
        for text in _said(ast.parse(path.read_text(encoding="utf-8")), refusals):
            found.setdefault(text, _where(path))
    for path in sorted(SOURCE.rglob("*.j2")):
        for match in _IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match[2], _where(path))
    for path in sorted((SOURCE / "reports" / "trial").glob("*.js")):
        said = SAID.findall(path.read_text(encoding="utf-8"))
        found = dict.fromkeys(said, _where(path)) | found
    return found


def _said(tree: ast.Module, refusals: Set[str]) -> Iterator[Sentence]:
    """Yield the literals that calls of `WORDS` begin with, and what some errors say."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        yield from _counts(node)
        told = node.args[:1] if _name(node.func) in WORDS | refusals else []
        if _name(node.func) in refusals:
            told += [k.value for k in node.keywords if k.arg in ("expected", "advice")]
        for text in told:
            if isinstance(text, ast.Constant):
                yield str(text.value)


def _counts(call: ast.Call) -> Iterator[Sentence]:
    """Yield what ``counted(number, noun)`` says, for one and for several."""
    nouns = [n.value for n in call.args[1:3] if isinstance(n, ast.Constant)]
    if _name(call.func) == "counted" and nouns:
        yield forms_of(*map(str, nouns))


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


SPOKEN = ("statement", "note", "required", "title", "question", "why", "text", "meaning")
"""Keys of a protocol whose values are sentences."""


def _spoken(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in SPOKEN and isinstance(value, str):
                yield value
            yield from _spoken(value)
    elif isinstance(part, list):
        for one in part:
            yield from _spoken(one)


def wanted() -> dict[Sentence, str]:
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
    kept = {} if "--prune" in sys.argv else {_sentence(m): "" for m in old if m.id and m.string}
    ordered = sorted(
        (kept | wanted()).items(), key=lambda i: (i[1], i[0] if isinstance(i[0], str) else i[0][0])
    )
    for text, where in ordered:
        known = old.get(text)
        string = known.string if known and _sentence(known) == text else ""
        new.add(text, string, locations=[(where, 0)] if where else [])
    return new


def _sentence(message: Message) -> Sentence:
    return tuple(message.id) if isinstance(message.id, tuple | list) else str(message.id)


def missing(catalogue: Catalog) -> list[tuple[Sentence, str]]:
    """Return the sentences without a translation, and the file of each."""
    return [
        (_sentence(m), m.locations[0][0] if m.locations else "")
        for m in catalogue
        if m.id and not (all(m.string) if isinstance(m.string, tuple | list) else m.string)
    ]


def set_translations(path: Path, lines: list[str]) -> None:
    """Put translations into a catalogue: ``English TAB translation``, of plurals by their first."""
    catalogue = updated(path)
    for line in lines:
        text, _, translation = line.rstrip("\n").partition("\t")
        message = catalogue.get(text)
        if message is None or not translation:
            print(f"not a sentence of the code: {text}")
        elif isinstance(message.id, tuple | list):
            message.string = (translation,) * catalogue.num_plurals
        else:
            message.string = translation
    path.write_bytes(content(catalogue))


def content(catalogue: Catalog) -> bytes:
    """Return a catalogue as the bytes of its file, the same for the same sentences."""
    file = io.BytesIO()
    write_po(file, catalogue, omit_header=True, width=0, include_lineno=False)
    plurals = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr}"
    header = HEADER.format(language=catalogue.locale_identifier, plurals=plurals)
    return header.encode() + file.getvalue()


def main() -> int:
    checks, left = "--check" in sys.argv, 0
    if "--set" in sys.argv:
        language = sys.argv[sys.argv.index("--set") + 1]
        set_translations(LOCALE / f"{language}.po", sys.stdin.readlines())
    for path in sorted(LOCALE.glob("*.po")):
        catalogue = updated(path)
        if not checks:
            path.write_bytes(content(catalogue))
        untranslated = missing(catalogue)
        left += len(untranslated)
        print(f"{path.name}: {len(catalogue)} sentences, {len(untranslated)} untranslated")
        for text, where in untranslated:
            print(f"  {where}: {text if isinstance(text, str) else ' | '.join(text)}")
    return 1 if left and "--release" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
