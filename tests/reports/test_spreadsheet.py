"""A spreadsheet program takes the text cells of our CSV files for text, and runs none of them."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sbrt_qa.reports.as_csv import write_rows

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
TEXTS = (
    "=1+1", "=1+1\n", "+1+1", "-1+1", "@SUM(1;1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1",
    '=HYPERLINK("http://127.0.0.1";"x")', "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0",
    '=WEBSERVICE("http://127.0.0.1")', "＝1+1", "\u200b=1+1", "\ufeff=1+1", "\u202e=1+1",
    '";=1+1;"', ",=1+1", "'=1+1", "PTV", "{=1+1}", "-", "= 1", "%0A=1+1", "|=1+1",
)  # fmt: skip
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
VALUE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"


def opened(path: Path, options: str) -> list[ET.Element]:
    """Return the cells that LibreOffice makes of a CSV file."""
    assert OFFICE is not None
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [OFFICE, profile, "--headless", f"--infilter=Text - txt - csv (StarCalc):{options}",
               "--convert-to", "fods", "--outdir", str(path.parent), str(path)]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1800,
        env={**os.environ, "SAL_USE_VCLPLUGIN": "svp"},
    )  # fmt: skip
    made = path.with_suffix(".fods")
    assert made.exists(), done.stdout + done.stderr
    tree = ET.parse(made)  # noqa: S314 - of the program that was just run
    return list(tree.iter(f"{TABLE}table-cell"))


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice Calc is not installed (libreoffice-calc)")
def test_text_cells_stay_texts_in_a_spreadsheet_program(tmp_path: Path) -> None:
    """Formulas are asked for (the last option), so that an unguarded one would run."""
    options = "44,34,76,1,,0,false,true,false,false,false,-1,true"
    plain = tmp_path / "plain.csv"
    with plain.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["=1+1", "PTV"])
    unguarded = [cell.get(f"{TABLE}formula") for cell in opened(plain, options)]
    assert unguarded[0], "an unguarded cell is no formula here: nothing would be shown"
    ours = tmp_path / "ours.csv"
    ours.write_text(
        write_rows(("text", "number"), [(text, 1.5) for text in TEXTS]),
        encoding="utf-8",
        newline="",
    )
    cells = opened(ours, options)
    assert [cell for cell in cells if cell.get(f"{TABLE}formula")] == []
    kinds = [cell.get(VALUE) for cell in cells if cell.get(VALUE)]
    assert kinds.count("string") == len(TEXTS) + 2
    assert kinds.count("float") == len(TEXTS)
