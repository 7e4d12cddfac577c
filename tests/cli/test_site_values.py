"""``check --site-values`` and stored DVHs, from files to every format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from sbrt_qa.review.case_review import CaseReview

from .conftest import Command

SITE = """\
structure,metric,value,unit
Duodenum,Max,35,Gy
Duodenum,Mean,3000,cGy
Duodenum,D50%,33,Gy
Duodenum,Volume,24,cc
Spleen,Mean,3,Gy
duodenum,Max,35,Gy
"""


def sent(folder: Path, text: str = SITE) -> Path:
    path = folder / "site.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_site_values_stand_beside_ours(
    sbrt_qa: Command, case: Path, protocol: Callable[..., str], tmp_path: Path
) -> None:
    options = ("--protocol", protocol(), "--site-values", sent(tmp_path))
    data = json.loads(sbrt_qa("check", case, *options, "--format", "json").out)[0]
    review = CaseReview.from_json(json.dumps(data))
    assert json.loads(review.to_json()) == data
    rows = {(r.structure, r.metric): r for r in review.site_values}
    assert rows["Duodenum", "Max[Gy]"].agrees is True
    assert rows["Duodenum", "Mean[Gy]"].other == 30
    assert rows["duodenum", "Max[Gy]"].ours == rows["Duodenum", "Max[Gy]"].ours
    middle = rows["Duodenum", "D50%[Gy]"]
    assert middle.agrees is False
    assert middle.cause
    assert rows["Spleen", "Mean[Gy]"].reason is not None

    table = sbrt_qa("check", case, *options).out
    assert "Comparison with the site's own values" in table
    assert "no structure is called 'Spleen'" in table
    compared = sbrt_qa("check", case, *options, "-f", "compared_csv").out
    found = list(csv.DictReader(io.StringIO(compared)))
    (line,) = [r for r in found if r["metric"] == "D50%[Gy]"]
    assert (line["other_value"], line["agrees"]) == ("33.0", "no")
    assert line["other_source"] == "site file, line 4"


def test_a_bad_line_is_wrong_usage(sbrt_qa: Command, case: Path, tmp_path: Path) -> None:
    ran = sbrt_qa("check", case, "--site-values", sent(tmp_path, SITE + "X,Mean,?,Gy\n"))
    assert ran.code == 2
    assert "--site-values, line 8: the value is no number" in ran.err


def test_a_file_that_is_not_there_is_wrong_usage(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("check", case, "--site-values", "nowhere.csv")
    assert ran.code == 2
    assert "there is no such file of site values" in ran.err
    assert "nowhere.csv" in ran.err
