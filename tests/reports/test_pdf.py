"""The PDF says what the page model says, on every page whose it is, and nothing in it runs."""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pypdf
import pytest
from babel.messages.pofile import read_po
from fontTools.ttLib import TTFont

from sbrt_qa import load_cases, load_protocol
from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.i18n.words import FOLDER, Words
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
from sbrt_qa.reports.compose.case_page import DISCLAIMER, compose
from sbrt_qa.reports.compose.labels import labels
from sbrt_qa.reports.figures.coverage_pictures import coverage_drawings
from sbrt_qa.reports.pdf.glyphs import FONTS, breakable, coverage, printable
from sbrt_qa.reports.pdf.pictures import draw
from sbrt_qa.reports.pdf.typeset import typeset
from sbrt_qa.reports.pdf.typeset_data import payload
from sbrt_qa.reports.registry import render_report
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.information import Told

from .samples import sample

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
MOST_BYTES = 2_000_000


def reviewed(name: str) -> Reviewed:
    return sample(name, bands=name == "major")


@cache
def rendered(name: str, language: str = "en") -> pypdf.PdfReader:
    return read(render_report("pdf", reviewed(name), language))


def read(data: bytes) -> pypdf.PdfReader:
    assert data.startswith(b"%PDF-1.7")
    assert len(data) <= MOST_BYTES
    return pypdf.PdfReader(io.BytesIO(data))


def bare(text: str) -> str:
    """Text without blanks and breaks, which a page lays out as it likes."""
    return re.sub(r"[\s\u200b]+", "", text)


def texts_of(pdf: pypdf.PdfReader) -> list[str]:
    """The text of each page, bare."""
    return [bare(page.extract_text()) for page in pdf.pages]


def text_of(pdf: pypdf.PdfReader) -> str:
    return "".join(texts_of(pdf))


FOOT = 200
"""Most characters at the foot of a page."""


@cache
def page_texts(name: str, language: str = "en") -> list[str]:
    """The text of each page of a sample's report, read once for all tests."""
    return texts_of(rendered(name, language))


def whole_text(name: str, language: str = "en") -> str:
    """The text of all pages without what stands at the head and the foot of each."""
    pages, foot = page_texts(name, language), bare(Words(language)(DISCLAIMER))
    first, last = min(pages[1:]), max(pages[1:])
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    head = "".join(a for a, _ in same)
    assert all(foot in page[-FOOT:] for page in pages)
    return pages[0] + "".join(page[len(head) : page.rindex(foot)] for page in pages[1:]) + head


@cache
def case_with_names(*names: str) -> Reviewed:
    """The sample's minor case with the first structures called otherwise."""
    (case,) = load_cases(SAMPLES / "minor")
    assert isinstance(case.structures, StructureSet)
    renamed = dict(zip((8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19), names, strict=False))
    structures = tuple(
        replace(s, name=renamed.get(n, s.name)) for n, s in enumerate(case.structures.structures)
    )
    changed = replace(case, structures=replace(case.structures, structures=structures))
    return review_and_gather(changed, load_protocol("liver_sbrt"), Asked(bands=False))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["major", "missing_organ"])
def test_it_says_what_the_page_says(name: str, language: str) -> None:
    report = compose(reviewed(name).review, reviewed(name).evidence, language)
    text = whole_text(name, language)
    said = list(texts(asdict(report)))
    assert len(said) > 500
    assert [part for part in said if bare(part) not in text] == []


UNSHOWN = frozenset({
    "verdict", "language", "curve", "place", "reached", "group", "passed_counted", "beside_brief",
})  # fmt: skip
"""Fields that pictures and layout are made of, or that only a terminal shows."""


def texts(value: object, name: str = "") -> Iterator[str]:
    """Every text of the page model that a reader is to see."""
    if isinstance(value, dict):
        markers = {"limits"} if "deviations" in value else set()
        for key in value.keys() - UNSHOWN - markers:
            yield from texts(value[key], key)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part, name)
    elif isinstance(value, str):
        yield value


def test_every_page_says_whose_it_is_and_which() -> None:
    pages = page_texts("major")
    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        assert "SAMPLE03" in text
        assert f"page{number}of{len(pages)}" in text
        assert "Nottotreatment" not in text
        assert "Notfortreatmentdecisions" in text


def test_page_one_names_the_verdict_and_every_deviation() -> None:
    report = compose(reviewed("major").review, reviewed("major").evidence)
    first = page_texts("major")[0]
    assert bare(report.headline) in first
    for concern in report.concerns:
        assert bare(concern.title) in first
        assert all(bare(d.value) in first for d in concern.deviations)


def test_page_one_shows_the_worst_structure_with_its_picture_and_what_to_change() -> None:
    worst = compose(reviewed("major").review, reviewed("major").evidence).concerns[0]
    page, text = rendered("major").pages[0], page_texts("major")[0]
    told = (worst.why, worst.picture, *worst.actions, *(d.statement for d in worst.deviations))
    assert [sentence for sentence in told if bare(sentence) not in text] == []
    forms = [form.get_object() for form in page["/Resources"]["/XObject"].values()]
    assert any(form["/Subtype"] in ("/Image", "/Form") for form in forms)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_told_of_a_structure_stands_on_one_page(language: str) -> None:
    """No picture is left alone on the page after the words that it belongs to."""
    pages = page_texts("major", language)
    for concern in compose(reviewed("major").review, reviewed("major").evidence, language).concerns:
        told = [bare(text) for text in (concern.picture, *concern.actions) if text]
        told += [bare(d.statement) for d in concern.deviations]
        assert any(all(text in page for text in told) for page in pages), concern.title


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_small_liver_is_one_line_of_page_one_which_still_holds_all_it_held(language: str) -> None:
    """BEYOND 5: the block describes a liver below 700 cc, and the verdict stays as it was."""
    whole = reviewed("major")
    told = {
        "liver_volume": Told(612.0, "cc"), "spared_15Gy": Told(431.0, "cc"),
        "mean_dose": Told(9.4, "Gy"), "functional_remnant": Told(402.0, "cc"),
        "functional_remnant_share": Told(
            None, "%", Reason(ReasonCode.REFERENCE_MISSING, "height and weight are not known")
        ),
    }  # fmt: skip
    information = {**whole.review.information, "remnant": told}
    small = replace(whole, review=replace(whole.review, information=information))
    report = compose(small.review, small.evidence, language)
    assert "612 cc" in report.small_liver
    assert report.mark == compose(whole.review, whole.evidence, language).mark
    pages = texts_of(read(render_report("pdf", small, language)))
    first = pages[0]
    assert bare(report.small_liver) in first
    assert sum(bare(report.small_liver) in page for page in pages) == 1
    told_first = (report.headline, *(row.title for row in report.glance))
    assert [text for text in told_first if bare(text) not in first] == []
    assert len(pages) == len(rendered("major", language).pages)
    assert bare(report.small_liver) in bare(render_report("html", small, language).decode())
    assert not compose(whole.review, whole.evidence, language).small_liver


def test_it_is_tagged_bookmarked_and_titled() -> None:
    pdf = rendered("major")
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert pdf.metadata is not None
    assert "SAMPLE03" in (pdf.metadata.title or "")
    entries = [entry.title for entry in flat(pdf.outline)]
    report = compose(reviewed("major").review, reviewed("major").evidence)
    headings = labels("en")
    for key in ("glance", "limits", "checks", "structures", "curves", "methods", "signatures"):
        assert headings[key] in entries
    for concern in report.concerns:
        assert any(bare(concern.title) in bare(entry) for entry in entries)


def flat(outline: list) -> list:
    return [
        one for entry in outline for one in (flat(entry) if isinstance(entry, list) else [entry])
    ]


def test_its_fonts_are_embedded_and_its_curves_are_vectors() -> None:
    pdf = rendered("minor", "zh")
    fonts = {
        font.get_object()["/BaseFont"]: font.get_object()
        for page in pdf.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert any("CJK" in name for name in fonts)
    for font in fonts.values():
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    report = compose(reviewed("minor").review, reviewed("minor").evidence)
    rasters = [o for o in objects(pdf) if o.get("/Subtype") == "/Image"]
    assert reviewed("minor").review.image is not None
    planes = 3 * len(coverage_drawings(reviewed("minor"), {}, Words("en")))
    assert len(rasters) == sum(bool(c.place) for c in report.concerns) + planes


def objects(pdf: pypdf.PdfReader) -> list[pypdf.generic.DictionaryObject]:
    found = [pdf.get_object(n) for n in range(1, int(pdf.trailer["/Size"]))]
    return [o for o in found if isinstance(o, pypdf.generic.DictionaryObject)]


def test_pictures_are_described_for_who_cannot_see_them() -> None:
    told = [str(o["/Alt"]) for o in objects(rendered("major")) if "/Alt" in o]
    report = compose(reviewed("major").review, reviewed("major").evidence)
    for concern in report.concerns:
        if concern.place:
            assert any(bare(concern.picture) in bare(text) for text in told)


def test_chinese_names_are_written_and_found() -> None:
    names = ("十二指肠", "脊髓PRV", "肾脏左侧_淺草")
    text = text_of(read(render_report("pdf", case_with_names(*names), "en")))
    assert all(name in text for name in names[:2])
    assert "肾脏左侧_" in text


def test_what_no_font_shows_is_told_by_its_code() -> None:
    names = ("胃龘", "كبد", "🫁 lung")
    text = text_of(read(render_report("pdf", case_with_names(*names), "en")))
    assert "胃[U+9F98]" in text
    assert "[U+0643]" in text
    assert "[U+1FAC1]lung" in text


HOSTILE = (
    '#panic("x") #read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0": *',
    "$ 1/0 $ *bold* _it_ `raw` <label> @ref",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "</text><script>alert(1)</script>&lt;",
    '"><image href="file:///etc/passwd"/>',
    "\\u{1f600} \\ // comment /* more",
    "{{7*7}} ${jndi:ldap://x} %s%n",
    "=HYPERLINK(1) \x1b[2J \u202eLiver",
    "]; ) } #let x = 1",
    "A" * 4000,
)


def test_hostile_names_are_only_text() -> None:
    data = render_report("pdf", case_with_names(*HOSTILE), "en")
    pdf = read(data)
    text = text_of(pdf)
    for name in HOSTILE[:-1]:
        assert bare(visible(name)) in text
    assert "root:" not in text
    for one in objects(pdf):
        assert not {"/URI", "/JS", "/JavaScript", "/Launch", "/AA", "/OpenAction"} & set(one)
        assert one.get("/S") not in ("/URI", "/JavaScript", "/Launch", "/GoToR", "/SubmitForm")
    assert list(pdf.attachments) == ["review.json"]


def test_the_review_is_attached_as_json() -> None:
    (data,) = rendered("major").attachments["review.json"]
    assert CaseReview.from_json(data.decode()) == reviewed("major").review
    signed = f"SHA-256{hashlib.sha256(data).hexdigest()}"
    assert signed in whole_text("major")


def test_the_same_review_gives_the_same_bytes() -> None:
    one, other = (render_report("pdf", reviewed("minor"), "en") for _ in range(2))
    assert one == other


def test_without_files_there_are_no_pictures_and_it_says_so(review: CaseReview) -> None:
    report = compose(review, None)
    pdf = read(render_report("pdf", Reviewed(review), "en"))
    assert all(bare(note) in text_of(pdf) for note in report.evidence_notes)
    assert [o for o in objects(pdf) if o.get("/Subtype") == "/Image"] == []


def test_the_input_files_are_told_with_their_hashes() -> None:
    report = compose(reviewed("major").review, reviewed("major").evidence)
    text = whole_text("major")
    assert len(report.inputs.rows) >= 3
    assert all(bare(cell) in text for row in report.inputs.rows for cell in row)


class TestGlyphs:
    @pytest.mark.parametrize("weight", ["Regular", "Bold"])
    def test_the_fonts_show_what_they_are_said_to(self, weight: str) -> None:
        files = [p for p in FONTS.glob("*.?tf") if weight in p.name or "-Regular" in p.name]
        shown = {chr(c) for path in files for c in TTFont(path).getBestCmap()}
        assert coverage() <= shown

    def test_gb2312_is_covered(self) -> None:
        pairs = (bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
        known = [pair.decode("gb2312", "ignore") for pair in pairs]
        assert len([c for c in known if c]) == 6763
        assert set(known) - {""} <= coverage()

    def test_the_fonts_licence_stands_beside_them(self) -> None:
        assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")

    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda p: p.stem)
    def test_every_sentence_of_a_catalogue_can_be_printed(self, path: Path) -> None:
        with path.open("rb") as file:
            sentences = [str(m.string) for m in read_po(file)]
        assert [s for s in sentences if printable(s) != s] == []

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("", ""),
            ("Liver ≥ 5 ✓ 肝", "Liver ≥ 5 ✓ 肝"),
            ("龘", "[U+9F98]"),
            ("a\u0338", "a[U+0338]"),
            ("x " * 601, "x " * 599 + "x…"),
            ("x" * 121, "x" * 119 + "…"),
            ("x" * 120, "x" * 120),
        ],
    )
    def test_printable(self, text: str, shown: str) -> None:
        assert printable(text) == shown

    @pytest.mark.parametrize(
        ("text", "pieces"),
        [
            ("short words stay", 1),
            ("SpinalCord_PRV05_extra", 3),
            ("a" * 25, 2),
            ("计划不符合方案：至少有一项重大偏离，请按下文修改计划并重新提交。", 1),
            ("将30Gy等剂量线移出Bowel_Large，若靶区与之相接则接受较低的覆盖", 1),
        ],
    )
    def test_breakable(self, text: str, pieces: int) -> None:
        found = breakable(text).split("\u200b")
        assert "".join(found) == text
        assert len(found) == pieces


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_the_typesetter_forgets_earlier_documents() -> None:
    """Kept, their pictures would add some 20 MB each until ten documents are held."""
    found = reviewed("major")
    report = compose(found.review, found.evidence)
    pictures, files = draw(found, report)
    sizes = []
    for number in range(9):
        other = {
            name: text.replace("</svg>", f"<!--{number}--></svg>") for name, text in files.items()
        }
        texts = {"report.json": payload(report, pictures), "review.json": found.review.to_json()}
        typeset(texts | other)
        sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6)
    assert sizes[-1] - sizes[2] < 60


@pytest.mark.parametrize("language", ["en", "zh"])
def test_structure_and_metric_of_a_limit_stand_side_by_side(language: str) -> None:
    """Long notes go below a row: they never squeeze a column until words overlap."""
    starts: dict[str, float] = {}

    def place(text: str, user: list[float], matrix: list[float], *_font: object) -> None:
        starts[bare(text)] = user[4] + matrix[4]

    for page in rendered("major", language).pages[1:]:
        page.extract_text(visitor_text=place)
    assert starts["LIV5_DC700TG"] + 72 < starts["DC700cc[Gy]"]


def test_a_name_beyond_the_bold_font_is_set_in_regular() -> None:
    assert {"鑫", "★"} <= coverage()
    source = (
        '#import "style.typ": *\n#set document(title: "x")\n'
        '#set text(font: fonts, fallback: false)\n#text(weight: "bold")[肝 鑫★]'
    )
    (page,) = pypdf.PdfReader(io.BytesIO(typeset({"main.typ": source}))).pages
    assert bare(page.extract_text()) == "肝鑫★"
