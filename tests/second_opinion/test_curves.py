"""The site's DVH texts: read as they are, judged as the site's word, and refused where unclear."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.goals import level_of
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.second_opinion.curve_limits import judge_curves, what_to_know
from sbrt_qa.second_opinion.curve_text import read_curves

LIVER = load_protocol("liver_sbrt")
DOSES = np.arange(0, 42, 2.0)
"""A ramp: dose spread evenly from 0 to 40 Gy over 200 cc."""


def ramp(dose):
    return max(0.0, 1 - dose / 40.0)


def eclipse(
    *, unit="Gy", relative=False, kind="Cumulative", comma=False, plan="P1", name="Stomach"
):
    scale = 1 if unit == "Gy" else 100
    head = "Ratio of Total Structure Volume [%]" if relative else "Structure Volume [cm³]"
    if kind == "Differential":
        head = f"dVolume / dDose [cm³ / {unit}]"
    rows = []
    for d in DOSES:
        v = ramp(d) * (100 if relative else 200)
        if kind == "Differential":
            v = 200 / 40 / scale if d < 40 else 0.0
        rows.append(f"{d * scale:.3f}  {d * 2:.2f}  {v:.5f}")
    text = "\n".join([
        "Patient Name : X", f"Type : {kind} Dose Volume Histogram", f"Plan: {plan}",
        f"Prescribed dose [{unit}]: {50 * scale}.0", "", f"Structure: {name}",
        "Volume [cm³]: 200.0", f"Dose [{unit}]  Relative dose [%]  {head}", *rows, "",
    ])  # fmt: skip
    return text.replace(".", ",") if comma else text


def raystation(unit="cGy", name="Stomach"):
    scale = 100 if unit == "cGy" else 1
    rows = [f"{d * scale:.3f}\t{ramp(d) * 100:.4f}" for d in DOSES]
    return "\n".join([
        "#PatientName:X", "#Dosename:P1", f"#RoiName:{name}",
        "#Roi volume fraction outside grid: 0 %", f"#Dose unit: {unit}", *rows,
    ])  # fmt: skip


def monaco(unit="Gy", volume="cm³"):
    scale = 100 if unit == "cGy" else 1
    whole = 100 if volume == "%" else 200
    head = f"Patient ID: X~1 | Plan Name: P1 | Resolution: 0.2 | Bin Width: 2(Gy) | Dose Units: {unit} | Volume Units: {volume}"  # noqa: E501
    rows = [f"Stomach  {d * scale:.3f}  {ramp(d) * whole:.4f}" for d in DOSES]
    return "\n".join([head, "", "Structure Dose Volume", *rows, "", "2026-01-01"])


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "dvh.txt"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding", "volume_cc"),
    [
        (eclipse(), "utf-8", 200),
        (eclipse(unit="cGy"), "latin-1", 200),
        (eclipse(relative=True), "utf-8-sig", 200),
        (eclipse(comma=True), "utf-8", 200),
        (eclipse(kind="Differential"), "utf-8", 200),
        (eclipse(kind="Differential", unit="cGy"), "utf-8", 200),
        (raystation(), "utf-8", None),
        (raystation("Gy"), "utf-8", None),
        (monaco(), "utf-8", 200),
        (monaco("cGy", "%"), "utf-8", None),
    ],
)
def test_the_same_curve_comes_out_of_every_text(text, encoding, volume_cc, tmp_path):
    (curve,) = read_curves(written(tmp_path, text, encoding))
    assert (curve.structure, curve.plan) == ("Stomach", "P1")
    assert curve.volume_cc == (None if volume_cc is None else pytest.approx(volume_cc, rel=1e-3))
    assert curve.dose_gy[-1] == pytest.approx(40.0)
    assert np.interp(10.0, curve.dose_gy, curve.fraction) == pytest.approx(0.75, abs=0.002)
    assert curve.dvh().mean_gy == pytest.approx(20.0, abs=0.1)
    assert curve.bin_gy == pytest.approx(2.0)


def test_names_in_gb18030_and_several_plans(tmp_path):
    for name in ("胃", "十二指肠"):
        for encoding in ("gb18030", "utf-8"):
            (curve,) = read_curves(written(tmp_path, raystation(name=name), encoding))
            assert curve.structure == name
    (curve,) = read_curves(written(tmp_path, raystation(name="Печень")))
    assert curve.structure == "Печень"
    two = written(tmp_path, eclipse() + "\n" + eclipse(plan="P2", name="Duodenum"))
    curves = read_curves(two)
    assert [(c.plan, c.structure) for c in curves] == [("P1", "Stomach"), ("P2", "Duodenum")]
    with pytest.raises(UsageError, match="'P1', 'P2'"):
        judge_curves(curves, LIVER, "50Gy/5fx")
    rows = {r.id: r for r in judge_curves(curves, LIVER, "50Gy/5fx", "P2")}
    assert rows["DUO5_D01"].curve == "Duodenum"
    assert rows["STO5_D01"].verdict is Verdict.NOT_EVALUABLE


def test_limits_by_curves_carry_bins_and_say_what_needs_geometry(tmp_path):
    curves = read_curves(written(tmp_path, eclipse()))
    rows = {r.id: r for r in judge_curves(curves, LIVER, "50Gy/5fx")}
    d10 = rows["STO5_D10"]  # D10cc of the ramp: 38 Gy
    assert d10.value == pytest.approx(38.0, abs=0.01)
    assert d10.low <= 36.1 <= 38.0 <= 39.9 <= d10.high
    assert d10.verdict is Verdict.MINOR
    assert rows["CON_R100"].verdict is Verdict.NOT_EVALUABLE
    assert rows["LIV5_MEAN_50"].value is None
    percent = read_curves(written(tmp_path, raystation()))
    rows = {r.id: r for r in judge_curves(percent, LIVER, "50Gy/5fx")}
    assert "no volume" in rows["STO5_D10"].reason
    with pytest.raises(UsageError, match="50Gy/5fx"):
        judge_curves(curves, LIVER, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a text that is known"),
        ("hello\nworld", "not a text that is known"),
        (eclipse().replace("[Gy]", "[?]"), "unit of dose"),
        (eclipse().replace("Type : Cumulative", "Type : Natural"), "cumulative or differential"),
        (eclipse().replace("4.000  8.00", "x  8.00"), "row of the curve"),
        (eclipse().replace("4.000  8.00", "1.000  8.00"), "the curve is none"),
        (raystation().replace("#Dose unit: cGy", ""), "unit of dose"),
        (raystation().replace("100.0000", "300.0000"), "whole volume"),
        (raystation().replace("400.000\t90", "400.000\t99"), "rise with dose"),
        (monaco().replace("Dose Units: Gy", "Dose Units: %"), "unit of dose"),
        (monaco().replace("Volume Units: cm³", "Volume Units: ?"), "unit of volume"),
    ],
)
def test_a_text_that_is_not_clear_is_refused_with_its_place(text, why, tmp_path):
    with pytest.raises(InputError, match=why) as refused:
        read_curves(written(tmp_path, text))
    assert "dvh.txt" in str(refused.value)


def test_the_command_says_whose_word_it_is_and_no_audit_reads_it(tmp_path, capsys):
    path = written(tmp_path, eclipse())
    asked = ["curves", str(path), "--prescription", "50Gy/5fx"]
    assert run(asked) == 0
    assert "the site's word" in capsys.readouterr().out.splitlines()[0]
    assert run([*asked, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["form"], data["is_review"]) == ("sbrt_qa.site_curves/1", False)


# --- doses in per cent, plan sums, Pinnacle -----------------------------------------------------


def relative(*, prescribed="50.0", percent="100.0"):
    rows = [f"{d * 2:.3f}  {ramp(d) * 200:.5f}" for d in DOSES]
    return "\n".join([
        "Type : Cumulative Dose Volume Histogram", "Plan: P1",
        f"Prescribed dose [Gy]: {prescribed}", f"% for dose (%): {percent}", "",
        "Structure: Stomach", "Volume [cm³]: 200.0",
        "Relative dose [%]  Structure Volume [cm³]", *rows,
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "total_gy", "last_gy"),
    [
        (relative(), None, 40.0),
        (relative(percent="80.0"), None, 50.0),  # 100 % is 50 Gy / 0.8
        (relative(prescribed="not defined"), 50.0, 40.0),
        (relative(), 40.0, 40.0),  # what the text states goes first
        (relative().replace("Relative dose", "Dose"), None, 40.0),
    ],
)
def test_doses_in_per_cent_are_of_the_prescription(text, total_gy, last_gy, tmp_path):
    (curve,) = read_curves(written(tmp_path, text), total_gy)
    assert curve.dose_gy[-1] == pytest.approx(last_gy)
    assert curve.percent_of_gy is not None


def test_doses_in_per_cent_of_nothing_are_refused(tmp_path):
    with pytest.raises(InputError, match="in per cent of a prescription that is not stated"):
        read_curves(written(tmp_path, relative(prescribed="not defined")))


def test_a_plan_sum_is_read_as_one_plan_and_another_prescription_is_told(tmp_path):
    text = eclipse().replace("Plan: P1", "Plan sum: Both")
    (curve,) = read_curves(written(tmp_path, text.replace("50.0\n", "not defined\n", 1)))
    assert (curve.plan, curve.prescribed_gy) == ("Both", None)
    curves = read_curves(written(tmp_path, text.replace("50.0\n", "40.0\n", 1)))
    rows = {r.id: r for r in judge_curves(curves, LIVER, "50Gy/5fx", "Both")}
    assert rows["STO5_D10"].verdict is Verdict.MINOR
    assert any("40 Gy" in told for told in what_to_know(curves, level_of(LIVER, "50Gy/5fx")))
    assert not what_to_know(
        read_curves(written(tmp_path, text)), level_of(LIVER, "50Gy/5fx"), "Both"
    )


def points(values, *, begin="Points[] ={", name="Stomach", end="};", mark=", ", last=","):
    rows = [f"{d * 100:.1f}{mark}{v:.5f}{last}" for d, v in values]
    return "\n".join([
        name, "NumberOfDimensions = 2;", f"NumberOfPoints = {len(rows)};", begin, *rows, end, "",
    ])  # fmt: skip


CUMULATIVE = [(d, ramp(d) * 200) for d in DOSES]
BY_BIN = [(d, 10.0 if d < 40 else 0.0) for d in DOSES]
BY_CGY = [(d, 0.05 if d < 40 else 0.0) for d in DOSES]


def pinnacle_folder(tmp_path, text, *, mark=",", unit="PrescriptionDose.cGy", volume="200.0"):
    data = tmp_path / "export" / "Data"
    data.mkdir(parents=True)
    (data.parent / "DoseInfo.csv").write_text(f"{unit}{mark}NumberOfFractions\n1000{mark}5\n")
    (data.parent / "PatInfo.csv").write_text("LastName\nNobody\n")
    (data.parent / "PlanInfo.csv").write_text("PlanName\nP1\n")
    head = mark.join(["RegionOfInterestName", "Filename", "Volume.ccm"])
    told = volume.replace(".", "," if mark == ";" else ".")
    (data / "Info.csv").write_text(f"{head}\n{mark.join(['Stomach', 'roi_1', told])}\n")
    (data / "roi_1.csv").write_text(text)
    return data.parent


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        (points(CUMULATIVE), ","),
        (points(BY_BIN), ","),
        (points(BY_CGY), ","),
        (points(CUMULATIVE, begin="Points = {", end="}", last=""), ";"),
        (points(BY_BIN, begin="  Points [ ] = {", name="", mark=" "), ","),
    ],
)
def test_the_folder_of_pinnacle_is_read_whichever_kind_its_curves_are(text, mark, tmp_path):
    (curve,) = read_curves(pinnacle_folder(tmp_path, text, mark=mark))
    assert (curve.structure, curve.plan, curve.prescribed_gy) == ("Stomach", "P1", 50.0)
    assert curve.volume_cc == pytest.approx(200.0)
    assert np.interp(10.0, curve.dose_gy, curve.fraction) == pytest.approx(0.75, abs=0.002)


def test_a_single_text_of_pinnacle_needs_its_unit_and_a_kind_that_is_certain(tmp_path):
    rising = [(d, v) for (d, _), v in zip(DOSES_AND, [0.0, *[10.0] * 20], strict=True)]
    path = written(tmp_path, points(rising) + points(rising, name='Name = "Liver";'))
    with pytest.raises(InputError, match="unit of dose"):
        read_curves(path)
    one, other = read_curves(path, dose_unit="cGy")
    assert (one.structure, other.structure) == ("Stomach", "Liver")
    assert one.dose_gy[-1] == pytest.approx(40.0)
    assert one.volume_cc is None
    told = written(tmp_path, 'DoseUnits = "cGy";\nVolume = 200.0;\n' + points(CUMULATIVE, name=""))
    (curve,) = read_curves(told)
    assert (curve.structure, curve.volume_cc) == ("dvh", 200.0)


DOSES_AND = [(d, None) for d in DOSES]


@pytest.mark.parametrize(
    ("text", "changed", "why"),
    [
        (points(CUMULATIVE), {"volume": "260.0"}, "does not fit to the volume"),
        (points(CUMULATIVE), {"volume": ""}, "cumulative or differential is not told"),
        (points(CUMULATIVE), {"unit": "PrescriptionDose"}, "unit of dose"),
        (points(CUMULATIVE).replace("= 21;", "= 22;"), {}, "number of points"),
        (points(CUMULATIVE, end=""), {}, "do not end"),
        (points(CUMULATIVE).replace("400.0, ", "x, "), {}, "row of the curve"),
        (points(CUMULATIVE).replace("400.0, 180", "400.0, 1e999"), {}, "the curve"),
    ],
)
def test_an_unclear_folder_of_pinnacle_is_refused(text, changed, why, tmp_path):
    with pytest.raises(InputError, match=why):
        read_curves(pinnacle_folder(tmp_path, text, **changed))


def test_a_folder_of_pinnacle_reads_nothing_beside_it(tmp_path):
    folder = pinnacle_folder(tmp_path, points(CUMULATIVE))
    info = folder / "Data" / "Info.csv"
    info.write_text(info.read_text().replace("roi_1", "../PatInfo"))
    with pytest.raises(InputError, match="structure of the table"):
        read_curves(folder)
    (folder / "DoseInfo.csv").unlink()
    with pytest.raises(InputError, match="no folder of curves"):
        read_curves(folder)


def test_the_command_reads_apart_and_speaks_chinese(tmp_path, capsys):
    path = written(tmp_path, relative(prescribed="not defined"))
    asked = ["curves", str(path), "--prescription", "50Gy/5fx"]
    assert run([*asked, "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert "[en]" not in told
    assert "轻微" in told
    assert run([*asked, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert any("50 Gy" in note for note in data["notes"])
    assert {row["source"] for row in data["limits"]} == {"site's curve"}
    assert run(["curves", str(written(tmp_path, "no curves")), "--prescription", "50Gy/5fx"]) != 0
    assert "not a text that is known" in capsys.readouterr().err


def test_an_audit_lists_curves_alone_as_not_taken_and_counts_them_nowhere(tmp_path, capsys):
    place = tmp_path / "in" / "S1" / "001" / "v1"
    place.mkdir(parents=True)
    written(place, eclipse())
    audit = str(tmp_path / "audit")
    run(["audit", str(tmp_path / "in"), "--out", audit])
    capsys.readouterr()
    for about in ("submissions", "metrics", "deviations", "sites", "unreviewed"):
        assert run(["query", audit, about, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == []
    assert run(["query", audit, "completeness", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    (row,) = (r for r in rows if r["place"].endswith("v1"))
    assert row["outcome"] == "not taken"
    assert row["reason"].startswith("holds only DVH texts: the site's word")


R_SCRIPT = """
told <- commandArgs(trailingOnly=TRUE)
suppressWarnings(suppressMessages({
    read <- DVHmetrics::readDVH(told[1], type="Eclipse")
    found <- DVHmetrics::getMetric(read, metric=c("D10CC", "D50%", "V20GY_CC"))
}))
cat(sprintf("%s %.6f\\n", as.character(found$metric), found$observed), sep="")
"""


def test_an_independent_reader_in_r_finds_the_same_values(tmp_path):
    """DVHmetrics, where R and it are installed, reads the same text of Eclipse."""
    r = shutil.which("Rscript")
    if r is None:
        pytest.skip("R is not installed")
    asked = [r, "-e", "cat(requireNamespace('DVHmetrics', quietly=TRUE))"]
    if subprocess.run(asked, capture_output=True, text=True, check=False).stdout != "TRUE":
        pytest.skip("the R package DVHmetrics is not installed")
    doses = ("Min", "Max", "Mean", "Median", "Modal")
    more = "\n".join([*(f"{one} Dose [Gy]: 20.0" for one in doses), "STD [Gy]: 1.0"])
    text = (
        eclipse().replace("cm³", "cm3")
        .replace("Patient Name : X", "Patient Name : X\nPatient ID : X\nDate : 1\nCourse : C")
        .replace("50.0\n", "50.0\n% for dose (%): 100.0\n", 1)
        .replace("Volume [cm3]: 200.0", f"Volume [cm3]: 200.0\n{more}\n")
    )  # fmt: skip
    text = text.replace("Max Dose [Gy]: 20.0", "Max Dose [Gy]: 40.0")
    path = written(tmp_path, text)
    (curve,) = read_curves(path)
    script = tmp_path / "read.R"
    script.write_text(R_SCRIPT)
    ran = subprocess.run([r, str(script), str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    theirs = {one.split()[0]: float(one.split()[1]) for one in ran.stdout.splitlines()}
    whole = curve.dvh()
    ours = {"D10CC": 38.0, "D50%": 20.0, "V20GY_CC": 100.0}
    assert whole.mean_gy == pytest.approx(20.0, abs=0.1)
    assert theirs == pytest.approx(ours, abs=0.01)
    for name, percent in (("D10CC", 5.0), ("D50%", 50.0)):
        at = np.interp(-percent / 100, -curve.fraction, curve.dose_gy)
        assert at == pytest.approx(theirs[name], abs=0.01)
