"""Tables as Excel workbooks: numbers are numbers, texts are texts whatever they begin with."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from sbrt_qa.errors import UsageError
from sbrt_qa.reports import workbook
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.table_of_rows import render_rows
from sbrt_qa.reports.workbook import LONGEST_TEXT, Cell, write_workbook


def read(data: bytes, name: str = "t") -> list[tuple[object, ...]]:
    book = load_workbook(io.BytesIO(data))
    return [tuple(cell.value for cell in row) for row in book[name].iter_rows()]


def test_values_come_back_as_they_were() -> None:
    rows: list[list[Cell]] = [["肝脏", 33.7107833758316, 3, None], ["", -0.0, 0, True]]
    data = write_workbook({"t": (("a", "b", "c", "d"), rows)})
    assert read(data) == [
        ("a", "b", "c", "d"),
        ("肝脏", 33.7107833758316, 3, None),
        (None, 0.0, 0, True),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\t=1"])
def test_no_text_is_run(text: str) -> None:
    data = write_workbook({"t": (("a",), [[text]])})
    cell = load_workbook(io.BytesIO(data))["t"]["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert cell.value == text.replace("\t", "\\x09")


def test_control_characters_are_made_visible_and_long_texts_cut() -> None:
    data = write_workbook({"t": (("a",), [["a\x00\x1bb"], ["x" * 40_000]])})
    shown = read(data)
    assert shown[1] == ("a\\x00\\x1bb",)
    assert len(str(shown[2][0])) == LONGEST_TEXT


def test_a_table_without_rows_keeps_its_heading() -> None:
    assert read(write_workbook({"t": (("a", "b"), [])})) == [("a", "b")]


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(UsageError, match="cannot hold the table"):
        write_workbook({"t": (("a",), [[1], [2], [3]])})


def test_rows_with_too_many_columns_for_a_table_stand_one_below_another() -> None:
    few, many = ({f"column_{n}": f"value-{n}" for n in range(count)} for count in (4, 30))
    beside = render_rows([few, few], "table", Page(120)).splitlines()
    assert beside[0].split() == list(few)
    below = render_rows([many | {"column_7": None}, many], "table", Page(120))
    first, second = below.split("\n\n", 1)
    assert [line.split() for line in second.splitlines()] == [[k, v] for k, v in many.items()]
    assert "column_7" not in first
    assert max(map(len, below.splitlines())) < 40
