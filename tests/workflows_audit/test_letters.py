"""A letter says what deviates and by when, and is a query until it is closed."""

from __future__ import annotations

import io
import json
import shutil
from html import unescape
from pathlib import Path

import pytest
from pypdf import PdfReader
from trials import run

from sbrt_qa.audit.letter import HEADINGS, Letter, Point, letter_text
from sbrt_qa.workflows_audit.letters import as_document


def letter(points):
    return Letter("T", "S1/001/v1", "p 1", tuple(points), "2026-03-15", "2026-03-01")


def test_a_letter_tells_everything_worst_first():
    points = [
        Point("NOTE", "", "a name in it"),
        Point("DUO_MAX", "minor", "34 Gy"),
        Point("PTV", "major", "80 %", "Look at it."),
    ]
    text = letter_text(letter(points))
    assert "Answer by:   2026-03-15" in text
    assert "There are 3 points" in text
    at = [text.index(word) for word in ("PTV: 80 %", "Look at it", "DUO_MAX: 34 Gy", "NOTE: a")]
    assert at == sorted(at)
    assert HEADINGS["not_evaluable"] not in text
    assert all(len(line) <= 90 for line in text.splitlines())


def test_a_letter_without_points_says_so():
    text = letter_text(letter([]))
    assert "Everything that was evaluated" in text


@pytest.mark.parametrize("name", ["letter.pdf", "letter.html"])
def test_a_letter_to_print_says_what_its_text_says(name):
    hostile = '<script>alert(1)</script> #read("/etc/passwd") \u202e'
    points = [Point("PTV", "major", "80 %", "Look at it."), Point("NOTE", "", hostile)]
    content = as_document(letter(points), Path(name))
    if isinstance(content, bytes):
        text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages)
        assert "script" in text
    else:
        text = content
        assert "<script>" not in text
        assert "default-src 'none'" in unescape(text)
    bare = " ".join(text.split())
    for piece in ("Answer by", "2026-03-15", "PTV: 80 %", "Look at it.", "Major deviations"):
        assert piece in bare
    assert "\u202e" not in text


@pytest.mark.slow
def test_a_letter_is_a_query_until_it_is_closed(audited, tmp_path):
    audit, code = shutil.copytree(audited, tmp_path / "AUDIT"), "S08/S08-001/v1"

    def state() -> str:
        rows = json.loads(run("query", audit, "submissions", "--format", "json").out)
        return next(row["query"] for row in rows if row["code"] == code)

    assert state() == ""
    ran = run("letter", audit, code, "--out", tmp_path / "letter.txt")
    assert ran.code == 0, ran.err
    assert "Duodenum Max[Gy] 37 Gy; limit <= 33" in (tmp_path / "letter.txt").read_text()
    assert state() == "open"
    assert run("letter", audit, code).code == 2
    assert "1 query closed" in run("letter", audit, code, "--close", "answered").err
    assert state() == "closed"
    assert run("verify", audit).code == 0
    assert run("letter", audit, "S99/x/v1").code == 2
