"""Canonical CSV files, one for each table: UTF-8, comma, header."""

from __future__ import annotations

import csv
import io

from sbrt_qa.errors import InputError, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.assemble import MOST_BYTES
from sbrt_qa.trial.problem import Problem


def read_csv_rows(
    content: bytes, name: str
) -> tuple[tuple[str, ...], tuple[tuple[int, dict[str, str]], ...], tuple[Problem, ...]]:
    """Return header, rows by line, and what is wrong with the form of a CSV file.

    A byte order mark and any end of line are fine. A row that is longer or shorter than the header
    is left out and told.

    Raises
    ------
    InputError
        It is too large, no UTF-8 text, or no CSV.
    """
    name = visible(name)
    if len(content) > MOST_BYTES:
        raise InputError("the file is too large", where=name, expected=f"<= {MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            "the file is not UTF-8 text", where=f"{name}:{line}", advice="Save it as CSV UTF-8."
        ) from None
    if "\x00" in text:
        raise InputError("the file holds zero bytes and is no text", where=name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[Problem] = []
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
        if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
            advice = say("Save it with commas between the columns.")
            what = say("the columns are not separated by commas")
            return (), (), (Problem("DELIMITER", "E", what, advice, name, 1),)
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                rows.append((line, dict(zip(header, cells, strict=True))))
            elif any(cell.strip() for cell in cells):
                what = say("{0} cells, and the header has {1}", len(cells), len(header))
                problems.append(Problem("CELLS", "E", what, "", name, line, blocks=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"no CSV: {visible(str(error))}", where=f"{name}:{reader.line_num}"
        ) from None
    return header, tuple(rows), tuple(problems)
