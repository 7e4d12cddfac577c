"""The plan sheet: one page with every limit, in both languages."""

import io

import pypdf
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import stated
from sbrt_qa.i18n.words import Words
from sbrt_qa.protocol.goals import goals_of, level_of
from sbrt_qa.protocol.protocol_files import library, load_protocol
from sbrt_qa.reports.sheet.plan_sheet import plan_sheet, sheet_data

LIVER = load_protocol("liver_sbrt")


def text_of(pdf):
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return len(pages), " ".join(page.extract_text() for page in pages)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", [n for n in library() if "@" not in n])
def test_it_is_one_page_with_every_structure(name, language):
    protocol = load_protocol(name)
    pages, text = text_of(plan_sheet(protocol, Words(language)))
    assert pages == 1
    flat = "".join(text.split()).replace("\u200b", "")
    for structure in {c.structure for c in protocol.all_constraints}:
        assert structure in flat


def test_it_shows_bounds_grid_and_what_to_export():
    _, text = text_of(plan_sheet(LIVER, Words(), "50Gy/5fx"))
    for part in ("not approved", "D0.1cc ≤ 33 (35)", "D10cc ≤ 25*", "2 mm or finer", "RTDOSE"):
        assert part in text.replace("\u200b", "").replace("\u00a0", " ")


@pytest.mark.parametrize("level", ["", "54Gy/3fx"])
def test_every_limit_stands_in_its_column(level):
    data = sheet_data(LIVER, Words(), level_of(LIVER, level))
    assert data["heads"][2:] == (["5 fractions", "3 fractions"] if not level else ["Limits"])
    for goal in goals_of(LIVER, level_of(LIVER, level)):
        row = next(r for r in data["rows"] if r[0] == goal.structure)
        columns = [1] if goal.when.startswith("fractions == 3") else [0]
        bound = "" if goal.per_protocol is None else f"{goal.per_protocol:g}"
        assert all(bound in row[2 + i] for i in columns), goal.id


def test_the_command_writes_it_and_refuses_what_is_no_pdf(tmp_path, capsys):
    out = tmp_path / "sheet.pdf"
    assert run(["protocol", "sheet", "liver_sbrt", "--out", str(out), "--lang", "zh"]) == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert run(["protocol", "sheet", "liver_sbrt", "--out", str(tmp_path / "sheet.xlsx")]) != 0
    assert "pdf" in capsys.readouterr().err
    with pytest.raises(UsageError, match="50Gy/5fx"):
        plan_sheet(LIVER, Words(), "1Gy/1fx")


def test_yes_is_a_word_and_the_title_is_in_the_language_of_the_sheet():
    for language in ("en", "zh"):
        words = Words(language)
        data = sheet_data(LIVER, words, None)
        target = next(row for row in data["rows"] if "PTV" in row[0])
        assert f"GlobalMaxInPTV: {words('yes')}" in target[2]
        assert data["subtitle"] == words.value(stated(LIVER.title))
    assert data["subtitle"] != LIVER.title
