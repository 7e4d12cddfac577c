"""The HTML file itself: whole, small, closed to the outside, and honest about text from files."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.pipeline import reporting
from sbrt_qa.reports.html.html_page import css_text
from sbrt_qa.reports.html.viewer_contours import HALF_BYTE, contour_block, unpacked
from sbrt_qa.reports.html.viewer_dose import dose_block, encoded
from sbrt_qa.reports.pdf.glyphs import coverage
from sbrt_qa.reports.registry import format_of, is_document, render_report
from sbrt_qa.review.case_review import CaseReview

from .samples import sample

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
MOST_BYTES = 1_500_000


@pytest.fixture(scope="module")
def page() -> str:
    reviewed = sample("major")
    return render_report("html", reviewed, "en").decode()


def _hashes(page: str, element: str) -> set[str]:
    texts = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    return {base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts}


def test_the_file_is_small_enough(page: str) -> None:
    assert len(page.encode()) <= MOST_BYTES


def test_the_policy_allows_only_what_is_in_the_file(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert set(re.findall(r"script-src 'sha256-([^']+)'", policy)) == _hashes(page, "script")
    assert set(re.findall(r"style-src 'sha256-([^']+)'", policy)) == _hashes(page, "style")
    assert "unsafe" not in policy


def test_nothing_outside_is_referred_to(page: str) -> None:
    without_names = page.replace("http://www.w3.org/2000/svg", "")
    comments = re.sub(r"/\*!.*?\*/", "", without_names, flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"", comments) == []
    assert re.findall(r"@import|url\((?!#)", comments) == []
    assert "style=" not in re.sub(r"<(script|style).*?</\1>", "", comments, flags=re.DOTALL)


def test_page_one_says_what_is_wrong_and_what_to_change(page: str) -> None:
    first = page[page.index('id="summary"') : page.index('id="limits"')]
    for told in (
        "The plan does not meet the protocol: at least one deviation is major.",
        "The hottest 0.5 cc receive at least 49.01 Gy; 30 Gy at most is per protocol.",
        "The hottest 0.1 cc receive at least 49.60 Gy; 33 Gy at most is per protocol; up to "
        "35 Gy is a minor deviation.",
        "19.01 Gy (63 %) above the limit.",
        "A small part of the duodenum at a high dose can ulcerate, bleed or perforate.",
        "Bring the 30 Gy isodose off Duodenum",
    ):
        assert told in first, told
    assert first.count("<svg") >= 10
    assert "Not for treatment decisions" in page


def test_the_same_case_makes_the_same_file(page: str) -> None:
    again = render_report("html", reporting.report([SAMPLE / "major"], bands=False), "en")
    assert again.decode() == page


def test_a_review_without_its_case_is_rendered_without_pictures(review: CaseReview) -> None:
    page = render_report("html", Reviewed(review), "en").decode()
    assert "made without the plan&#39;s files, so it has no pictures" in page
    assert 'id="viewer"' not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_text_for_css_cannot_leave_its_string() -> None:
    assert css_text('a"}</style>') == "a\\22 \\7d \\3c \\2f style\\3e "


def test_formats_are_chosen_by_suffix() -> None:
    assert format_of(Path("x/report.HTML")) == "html"
    assert format_of(Path("report.doc")) == ""
    assert is_document("html")
    assert not is_document("json")


# --- data -------------------------------------------------------------------------------------


def _decoded(axes: int, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    low, high = np.frombuffer(zlib.decompress(data), np.uint8).reshape(2, *shape).astype(np.uint16)
    turned = low | (high << 8)
    units = (turned >> 1) ^ (-(turned & 1)).astype(np.uint16)
    for axis in (0, 1, 2)[3 - axes :]:
        units = np.cumsum(units, axis=axis, dtype=np.uint16)
    return units


@pytest.mark.parametrize("noise", [0, 300])
def test_units_of_dose_come_back_exactly(noise: int) -> None:
    random = np.random.default_rng(1)
    ramp = np.arange(7 * 11 * 13).reshape(7, 11, 13) * 60
    units = ((ramp + random.integers(0, noise + 1, ramp.shape)) % 65536).astype(np.uint16)
    axes, data = encoded(units)
    np.testing.assert_array_equal(_decoded(axes, data, units.shape), units)


def _dose() -> DoseGrid:
    axis = np.arange(30) * 2.0
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid(
        60 * np.exp(-((x - 30) ** 2 + (y - 28) ** 2 + (z - 25) ** 2) / 400), *[axis] * 3
    )


def test_dose_is_whole_and_fine_where_there_is_room() -> None:
    dose = _dose()
    block = dose_block(dose, 1_000_000)
    shape = (block.z_mm.size, block.y_mm.size, block.x_mm.size)
    values = _decoded(block.axes, block.data, shape) * block.step_gy
    axes = ((dose.z_mm, block.z_mm), (dose.y_mm, block.y_mm), (dose.x_mm, block.x_mm))
    first = [int(np.searchsorted(whole, part[0])) for whole, part in axes]
    cut = tuple(slice(f, f + n) for f, n in zip(first, shape, strict=True))
    assert block.step_gy == 0.01
    assert np.abs(values - dose.dose_gy[cut]).max() <= block.step_gy / 2 + 1e-9
    outside = np.ones(dose.dose_gy.shape, bool)
    outside[cut] = False
    assert dose.dose_gy[outside].max(initial=0) < 0.02 * dose.max_gy


def test_dose_is_cut_before_it_is_thinned_when_room_is_short() -> None:
    wide, short = dose_block(_dose(), 1_000_000), dose_block(_dose(), 6_000)
    assert len(short.data) <= 6_000 < len(wide.data)
    assert np.diff(short.x_mm) == pytest.approx(2.0)


def test_contours_have_every_point_of_the_file_where_it_is() -> None:
    reviewed = sample("major")
    assert reviewed.evidence is not None
    structures = reviewed.evidence.structures
    for most, unit in ((10**6, 0.01), (1, 0.1)):
        block = contour_block(structures, most)
        assert block.unit_mm == unit
        moves, at = unpacked(zlib.decompress(block.data)), 0
        for key, structure in structures.items():
            drawn = sorted(structure.contours, key=lambda c: round(c.z_mm, 3))
            sizes = [int(n) for _, *loops in sorted(block.planes[key]) for n in loops]
            assert sizes == [len(c.xy_mm) for c in drawn]
            for _, *loops in block.planes[key]:
                for size in map(int, loops):
                    points = np.cumsum(moves[at : at + size], axis=0) * unit
                    at += size
                    assert any(
                        len(c.xy_mm) == size and np.abs(c.xy_mm - points).max() <= unit / 2 + 1e-9
                        for c in structure.contours
                    )
        assert at == len(moves)


def test_very_many_contours_take_half_a_byte_and_keep_every_point() -> None:
    heights = np.arange(-100.0, 100.0)
    angles = np.linspace(0.0, 2 * np.pi, 20_001)[:-1]
    ring = 40.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    many = Structure(1, "many", tuple(Contour(float(z), ring + z / 9) for z in heights))
    odd = Structure(2, "odd", (Contour(0.0, ring[:3] * 50),))
    block = contour_block({"odd": odd, "many": many})
    assert block.bits == HALF_BYTE
    moves = unpacked(zlib.decompress(block.data), block.bits)
    drawn = [*odd.contours, *many.contours]
    assert len(moves) == sum(len(c.xy_mm) for c in drawn)
    at = 0
    for contour in drawn:
        points = np.cumsum(moves[at : at + len(contour.xy_mm)], axis=0) * block.unit_mm
        at += len(contour.xy_mm)
        assert np.abs(points - contour.xy_mm).max() <= block.unit_mm / 2 + 1e-9


def test_a_chinese_page_carries_the_characters_it_shows_and_an_english_one_none() -> None:
    chinese = render_report("html", sample("minor"), "zh").decode()
    found = re.search(r'url\("data:font/woff;base64,([^"]+)"\)', chinese)
    assert found is not None
    data = base64.b64decode(found[1])
    assert len(data) < 300_000
    shown = {c for c in chinese if "\u2e80" <= c <= "\u9fff"} & coverage()
    assert shown <= set(map(chr, TTFont(io.BytesIO(data)).getBestCmap()))
    assert "font-src data:" in chinese
    assert "@font-face" not in render_report("html", sample("minor"), "en").decode()
