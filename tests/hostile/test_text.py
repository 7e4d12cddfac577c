"""ACCEPTANCE D3, text: whatever a name says, it is shown as text, matched as text, and no more."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import builders as b
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.outcome import ReasonCode

from .conftest import Command

TEXTS = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "template": "{{7*7}} ${7*7} <%= 7*7 %>",
    "log4j": "${jndi:ldap://127.0.0.1/a}",
    "format": "%s%n%x {0} {name}",
    "SQL": "'; DROP TABLE reviews; --",
    "hyperlink formula": '=HYPERLINK("http://127.0.0.1")',
    "command formula": "+cmd|' /C calc'!A0",
    "sum formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "minus formula": "-2+3+cmd|' /C calc'!A0",
    "tab formula": "\t=1+1",
    "CR LF and a log line": "Liver\r\n2026-01-01 INFO all per protocol",
    "ANSI": "\x1b[2J\x1b]0;owned\x07",
    "C1": "\x9b2J\x85",
    "NUL": "Li\0ver",
    "bidi override": "GTV\u202everiL",
    "zero width": "Li\u200bver\ufeff",
    "homoglyph": "Liv\u0435r",
    "combining bomb": "L" + "\u0300\u0301\u0489" * 400,
    "10 kB": "Liver" * 2000,
    "only spaces": "      ",
    "emoji": "\U0001f4a9\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "surrogates in bytes": "\udced\udca0\udc80",
    "wrong bytes": "\udcff\udcfe\udc80",
    "path": "../../etc/passwd",
    "javascript": "javascript:alert(1)",
    "SVG": "<svg onload=alert(1)>",
    "file URL": "file:///etc/passwd",
    "markup of the terminal": "[bold red]x[/] [link=http://127.0.0.1]y[/link]",
    "unassigned": "\U000e0001\ufdd0\ue000",
    "line separators": "a\u2028b\u2029c",
}
"""Lone surrogates stand for bytes that are no UTF-8."""


def put(dataset: b.Dataset, keyword: str, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape").replace(b"\\", b"/")
    b.raw(dataset, keyword, data + b" " * (len(data) % 2), "UN" if len(data) > 60_000 else "LO")


def case_named(folder: Path, text: str) -> Path:
    """A case in which every text says this, and a liver in which nothing is odd."""
    beam, target = b.beam(1), b.target(1, 50.0)
    plan = b.plan(beams=[beam], targets=[target], SpecificCharacterSet="ISO_IR 192")
    odd = b.roi(1, "x", b.stack())
    structures = b.structure_set(
        odd, b.roi(2, "GTV", b.stack((-2.0, 0.0, 2.0)), "GTV"), SpecificCharacterSet="ISO_IR 192"
    )
    dose = b.dose(SpecificCharacterSet="ISO_IR 192")
    for dataset, keywords in (
        (beam, ("BeamName", "BeamDescription", "TreatmentMachineName")),
        (target, ("DoseReferenceDescription",)),
        (plan, ("RTPlanLabel", "RTPlanName", "RTPlanDescription", "PatientName", "PatientID")),
        (odd[0], ("ROIName", "ROIDescription")),
        (structures, ("StructureSetLabel", "SeriesDescription", "PatientName", "PatientID")),
        (dose, ("DoseComment", "PatientName", "PatientID")),
    ):
        for keyword in keywords:
            put(dataset, keyword, text)
    return b.save_case(folder, RP=plan, RS=structures, RD=dose)


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_hostile_text_is_only_ever_text(sbrt_qa: Command, tmp_path, text):
    """Nothing is executed, written or hidden; a spreadsheet sees no formula (case 76)."""
    folder = case_named(tmp_path / "case", text)
    before = sorted(tmp_path.rglob("*"))
    for command in ("inspect", "check", "dvh"):
        ran = sbrt_qa(command, folder)
        assert ran.code in (0, 10, 20, 30)
        assert "49" not in ran.said.split()
    checked = sbrt_qa("check", folder)
    cells = [c for row in csv.reader(io.StringIO(checked.out, newline="")) for c in row]
    formulas = [c for c in cells if c[:1] in ("=", "+", "@", "-", "\t", "\r") and not is_number(c)]
    assert not formulas
    assert sorted(tmp_path.rglob("*")) == before


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def report_of(text: str, folder: Path, protocol: Path) -> Page:
    """Write the report of a case in which every text says this, and read it as a browser would."""
    page = folder / "report.html"
    case = case_named(folder / "case", text)
    code = run(["check", str(case), "-p", str(protocol), "-o", str(page), "--no-bands"])
    assert code in (0, 10, 20, 30)
    found = Page()
    found.feed(page.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def harmless(tmp_path_factory, small_protocol) -> Page:
    return report_of("harmless", tmp_path_factory.mktemp("harmless"), small_protocol)


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_report_for_a_browser_holds_it_as_text(tmp_path, harmless, small_protocol, text):
    """No element, attribute or address of a page comes from a file (case 76)."""
    found = report_of(text, tmp_path, small_protocol)
    assert not found.strange
    assert found.running == harmless.running


class Page(HTMLParser):
    """Collects what only a hostile file brings: elements and attributes that run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.running: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            address = name in ("src", "href", "action", "data") and (value or "")
            if name.startswith("on") or (address and not address.startswith(("#", "data:image/"))):
                self.strange.append(f"{tag} {name}={value}")
        if tag in ("script", "style", "img", "a", "template"):
            self.running[tag] += 1
        if tag in ("iframe", "object", "embed", "base", "form", "link"):
            self.strange.append(tag)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_every_format_of_dvh_shows_it_inert(sbrt_qa: Command, tmp_path, text, form):
    folder = case_named(tmp_path / "case", text)
    ran = sbrt_qa("dvh", folder, "-f", form)
    assert ran.code == 0
    assert len(ran.out) < 200_000
    if form == "json":
        assert json.loads(ran.out)


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_text_that_is_not_a_name_of_the_protocol_is_no_structure_of_it(tmp_path, text):
    """What only looks like ``Liver`` does not stand for it."""
    (case,) = load_cases(case_named(tmp_path, text))
    review = review_of(case)
    (liver,) = [c for c in review.constraints if c.id == "MEAN"]
    assert liver.reason is not None
    assert liver.reason.code is ReasonCode.STRUCTURE_MISSING


def review_of(case):
    from fuzz_targets import rules

    from sbrt_qa.review.review import review_case

    return review_case(case, rules())


def test_a_homoglyph_is_said(tmp_path):
    (case,) = load_cases(case_named(tmp_path, TEXTS["homoglyph"]))
    (liver,) = [c for c in review_of(case).constraints if c.id == "MEAN"]
    assert "'Liv\u0435r' (its letters are not what they look like)" in liver.reason.detail


@pytest.mark.parametrize("name", ["zero width", "bidi override"])
def test_what_cannot_be_seen_in_a_name_is_shown(sbrt_qa: Command, tmp_path, name):
    said = sbrt_qa("dvh", case_named(tmp_path, TEXTS[name]), "-f", "csv").out
    assert "\\u20" in said


def test_marks_never_pile_up(sbrt_qa: Command, tmp_path):
    """At most as many as some writing needs; the rest is shown by number."""
    said = sbrt_qa("inspect", case_named(tmp_path, TEXTS["combining bomb"])).out
    said += sbrt_qa("dvh", tmp_path, "-f", "csv").out
    run = longest = 0
    for character in said:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        longest = max(longest, run)
    assert 0 < longest <= 4
    assert "\\u0301" in said


def test_names_equal_once_normalised_are_two_structures(tmp_path):
    names = ("Größe", unicodedata.normalize("NFD", "Größe"), "GRÖSSE", "Größe ")
    rois = [b.roi(i, "x", b.stack()) for i in range(1, 5)]
    structures = b.structure_set(*rois, SpecificCharacterSet="ISO_IR 192")
    for roi, name in zip(rois, names, strict=True):
        put(roi[0], "ROIName", name)
    (case,) = load_cases(b.save_case(tmp_path, RS=structures))
    assert [s.roi_number for s in case.structures.structures] == [1, 2, 3, 4]
    assert len(case.structures.keys()) == 4


def test_two_names_that_mean_one_structure_are_asked_about(tmp_path):
    rois = [b.roi(1, "LIVER", b.stack()), b.roi(2, "liver", b.stack())]
    (case,) = load_cases(b.save_case(tmp_path, RS=b.structure_set(*rois)))
    (liver,) = [c for c in review_of(case).constraints if c.id == "MEAN"]
    assert liver.reason.code is ReasonCode.STRUCTURE_AMBIGUOUS
