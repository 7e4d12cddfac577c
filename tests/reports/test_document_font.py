"""Documents carry their Chinese characters, so that they show where no Chinese font is."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import sbrt_qa
from sbrt_qa.reports.sheet.sheet import Heading, Paragraph, Sheet
from sbrt_qa.reports.sheet.sheet_render import sheet_html
from sbrt_qa.reports.trial.trial_page import trial_page
from sbrt_qa.web.response_headers import REPORT_POLICY

NO_ANSWERS = dict.fromkeys(
    ("rows", "sites", "limits", "periods", "approvals", "outliers", "queries", "unreviewed",
     "places", "plots"), (),
)  # fmt: skip


def letter(language: str, word: str) -> str:
    blocks = (Heading(word), Paragraph(word))
    return sheet_html(Sheet(word, (), blocks, foot=word, language=language))


def trial(language: str, word: str) -> str:
    return trial_page(word, word, word, NO_ANSWERS, {"details": {}, "changes": {}}, language)


@pytest.mark.parametrize("made", [letter, trial])
def test_a_page_carries_the_characters_it_shows_and_allows_them(made) -> None:
    page = made("zh", "疗程的剂量")
    found = re.search(r'url\("data:font/woff;base64,([^"]+)"\)', page)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1])
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert set("疗程的剂量") <= set(
        map(chr, TTFont(io.BytesIO(base64.b64decode(found[1]))).getBestCmap())
    )
    assert "font-src data:" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "@font-face" not in made("en", "dose of the course")


def test_the_frame_of_the_office_lets_a_report_use_its_font() -> None:
    assert "font-src data:" in REPORT_POLICY


def test_the_font_stands_before_those_of_the_system_wherever_documents_name_them() -> None:
    """Behind them, Chromium leaves the first words of every size blank."""
    folder = Path(sbrt_qa.__file__).parent / "reports"
    files = [f for ending in ("css", "js", "py") for f in folder.rglob(f"*.{ending}")]
    lines = [
        (file.name, line)
        for file in files
        if not file.name.startswith("uplot")
        for line in file.read_text(encoding="utf-8").splitlines()
        if "system-ui" in line
    ]

    assert len(lines) >= 10
    assert [at for at in lines if not re.search(r'Report CJK"?, ?system-ui', at[1])] == []
