"""Limits as goals for planning systems, and limits read from a score card."""

import csv
import io
import json
import runpy
import sys
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from sbrt_qa.errors import ProtocolError, UsageError
from sbrt_qa.protocol.goals import goals_of, level_of
from sbrt_qa.protocol.protocol_files import library, load_protocol
from sbrt_qa.protocol.scorecard_draft import draft_of_file
from sbrt_qa.protocol.scorecard_read import read_scorecard
from sbrt_qa.reports.goals.goal_formats import FORMATS, formats_of_goals, goal_format, write_goals

LIVER = load_protocol("liver_sbrt")
SYSTEMS = ("eclipse", "planscorecard", "raystation", "sheet")
LEVELS = [("liver_sbrt", "50Gy/5fx"), ("liver_sbrt", "54Gy/3fx"), ("liver_sbrt", "")]
LEVELS += [(name, "") for name in library() if name != "liver_sbrt"]


def unsaid_of(file):
    return {one.goal.id: one.why for one in file.unsaid if one.left_out}


def test_the_systems_register_themselves():
    assert tuple(formats_of_goals()) == SYSTEMS
    with pytest.raises(ValueError, match="two formats of goals"):
        goal_format("sheet", suffix=".x", meaning="")(FORMATS["sheet"].write)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_every_limit_is_in_the_file_or_said_to_be_left_out(system, name, level):
    protocol = load_protocol(name)
    goals = goals_of(protocol, level_of(protocol, level))
    file = write_goals(protocol, system, level)
    left = unsaid_of(file)
    assert file.written + len(left) == len(goals)
    for goal_id in left:
        assert goal_id in file.content, f"{goal_id} is nowhere in the file"
    assert system != "sheet" or not left


def test_limits_of_one_level_are_those_that_a_review_of_such_a_plan_holds():
    ids = {g.id: g for g in goals_of(LIVER, level_of(LIVER, "50 Gy / 5 fx"))}
    assert "LIV5_MEAN_50" in ids
    assert not ids["LIV5_MEAN_50"].when  # the level settles it
    assert not {"LIV5_MEAN_45", "LIV3_DC700"} & set(ids)
    assert ids["KID5_V10_L"].when == "Kidney_R Mean[Gy] > 10"
    together = {g.id: g for g in goals_of(LIVER)}
    assert together["LIV5_MEAN_45"].when == "fractions == 5, prescription_gy == 45"


def test_an_unknown_system_or_level_is_refused_with_what_there_is():
    with pytest.raises(UsageError, match="eclipse, planscorecard, raystation, sheet"):
        write_goals(LIVER, "monaco")
    with pytest.raises(UsageError, match="50Gy/5fx"):
        write_goals(LIVER, "eclipse", "60Gy/5fx")


def test_eclipse_gets_codes_and_units_of_its_templates():
    root = ET.fromstring(write_goals(LIVER, "eclipse", "50Gy/5fx").content)  # noqa: S314 - ours
    items = [
        (i.get("ID"), {e.tag: e.text for e in i if e.tag != "StructureCode"})
        for i in root.iter("MeasureItem")
    ]
    stomach = next(v for n, v in items if n == "Stomach" and v["TypeSpecifier"] == "0.1")
    assert (stomach["Type"], stomach["Modifier"], stomach["Value"]) == ("5", "1", "33")
    assert stomach["VariationAcceptable"] == "35"
    target = next(v for n, v in items if n == "PTV" and v["TypeSpecifier"] == "100")
    assert (target["Type"], target["Modifier"], target["Value"]) == ("2", "0", "95")
    assert target["ReportDQPValueInAbsoluteUnits"] == "false"
    chest = next(v for n, v in items if n == "Chestwall" and v["Type"] == "3")
    assert chest["Value"] == "30000"  # mm3
    assert root.find("Preview").get("ApprovalStatus") == "Unapproved"


class Evaluation:
    """What a script of RayStation meets: it keeps the goals it is given."""

    def __init__(self, old: bool):
        self.old, self.goals = old, []

    def AddClinicalGoal(self, **asked):  # noqa: N802 - as the system has it
        if self.old and "PrimaryAcceptanceLevel" in asked:
            raise TypeError("unknown argument")
        self.goals.append(asked)


@pytest.mark.parametrize("old", [False, True])
def test_the_script_for_raystation_adds_its_goals_and_prints_the_rest(
    old, tmp_path, monkeypatch, capsys
):
    setup = Evaluation(old)
    rois = [SimpleNamespace(Name=n) for n in ("PTV", "Stomach")]
    objects = {
        "Plan": SimpleNamespace(TreatmentCourse=SimpleNamespace(EvaluationSetup=setup)),
        "Case": SimpleNamespace(PatientModel=SimpleNamespace(RegionsOfInterest=rois)),
    }
    connect = ModuleType("connect")
    connect.get_current = objects.get
    monkeypatch.setitem(sys.modules, "connect", connect)
    script = tmp_path / "goals.py"
    script.write_text(write_goals(LIVER, "raystation", "50Gy/5fx").content, encoding="utf-8")
    runpy.run_path(str(script))
    level = "AcceptanceLevel" if old else "PrimaryAcceptanceLevel"
    v100 = next(g for g in setup.goals if g["GoalType"] == "VolumeAtDose" and g[level] == 0.95)
    assert (v100["ParameterValue"], v100["GoalCriteria"]) == (5000, "AtLeast")
    d01 = next(g for g in setup.goals if g["RoiName"] == "Stomach" and g[level] == 3300)
    assert (d01["GoalType"], d01["ParameterValue"]) == ("DoseAtAbsoluteVolume", 0.1)
    assert old or d01["SecondaryAcceptanceLevel"] == 3500
    printed = capsys.readouterr().out
    assert "no structure Duodenum" in printed
    assert "LIV5_DC700" in printed
    assert ("no secondary level" in printed) == old


def test_per_cent_of_the_prescription_needs_one_for_raystation():
    left = unsaid_of(write_goals(LIVER, "raystation"))
    assert "--prescription" in left["TGT_V100"]
    assert "TGT_V100" not in unsaid_of(write_goals(LIVER, "raystation", "50Gy/5fx"))


def test_the_sheet_holds_every_limit_as_in_the_protocol():
    rows = csv.DictReader(io.StringIO(write_goals(LIVER, "sheet").content))
    found = {r["id"]: r for r in rows}
    for limit in LIVER.all_constraints:
        if limit.liver_rule in ("", LIVER.liver_rule):
            row = found[limit.id]
            assert (row["structure"], row["metric"]) == (limit.structure, limit.metric)
            assert row["per_protocol"] == (
                "" if limit.per_protocol is None else f"{limit.per_protocol:g}"
            )


def interpolated(points, x):
    """A score as PlanScoreCard reads it: linear between points, constant beyond."""
    below = [p for p in points if p["PointX"] <= x]
    above = [p for p in points if p["PointX"] > x]
    if not below or not above:
        return (below or above)[-1 if below else 0]["Score"]
    a, b = below[-1], above[0]
    part = (x - a["PointX"]) / (b["PointX"] - a["PointX"])
    return a["Score"] + part * (b["Score"] - a["Score"])


def test_scores_are_full_within_a_limit_and_nothing_beyond_it():
    card = json.loads(write_goals(LIVER, "planscorecard", "50Gy/5fx").content)
    assert (card["DosePerFraction"], card["NumberOfFractions"]) == (10.0, 5)
    scores = {s["MetricComment"].split()[0]: s["ScorePoints"] for s in card["ScoreTemplates"]}
    sto = scores["STO5_D01"]  # <= 33, minor to 35
    assert [interpolated(sto, x) for x in (0, 33, 34, 35, 36)] == [2, 2, 1.5, 1, 0]
    v100 = scores["TGT_V100"]  # >= 95, minor to 90
    assert [interpolated(v100, x) for x in (100, 95, 90, 80)] == [2, 2, 1, 0]
    coldest = next(s for s in card["ScoreTemplates"] if s["MetricType"] == "DoseAtSubVolume")
    assert (coldest["InputValue"], coldest["InputUnit"]) == (700, "CC")


@pytest.mark.parametrize(("name", "level"), [("liver_sbrt", "50Gy/5fx"), ("tg101", "")])
def test_a_score_card_that_we_wrote_reads_back_to_the_same_limits(name, level, tmp_path):
    protocol = load_protocol(name)
    file = write_goals(protocol, "planscorecard", level)
    left = unsaid_of(file)
    card = tmp_path / "card.json"
    card.write_text(file.content, encoding="utf-8")
    read = read_scorecard(card)
    goals = [g for g in goals_of(protocol, level_of(protocol, level)) if g.id not in left]
    assert [(r.structure, r.metric, r.per_protocol, r.minor, r.op[0]) for r in read.lines] == [
        (g.structure, g.metric, *g.bounds, g.op[0]) for g in goals
    ]
    draft = draft_of_file(card, LIVER.effective)
    again = tmp_path / "draft.yaml"
    again.write_text(draft.text, encoding="utf-8")
    loaded = load_protocol(again)
    assert len(loaded.all_constraints) + len(loaded.conformity) == len(goals) == draft.limits
    assert not loaded.approved_by
    assert all(f"# - {line}" in draft.text for line in draft.remarks)


def line(**changed):
    base = {
        "Structure": {"StructureId": "Stomach", "StructureComment": "", "StructureCode": "7148"},
        "MetricType": "DoseAtVolume", "InputValue": 0.1, "InputUnit": "CC", "OutputUnit": "Gy",
        "ScorePoints": [{"PointX": 33, "Score": 5}, {"PointX": 40, "Score": 0}],
    }  # fmt: skip
    return base | changed


def card_of(tmp_path, *lines, **more):
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"TemplateName": "X", "ScoreTemplates": lines} | more), "utf-8")
    return path


def points(*pairs, flag=()):
    return [{"PointX": x, "Score": s, "Variation": x in flag} for x, s in pairs]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("D0.1cc[Gy]", "<=", 33.0, None)),
        ({"OutputUnit": "cGy"}, ("D0.1cc[cGy]", "<=", 33.0, None)),
        ({"InputValue": 95, "InputUnit": "%", "OutputUnit": "%",
          "ScorePoints": points((90, 0), (100, 9))},
         ("D95%[%]", ">=", 100.0, None)),
        ({"ScorePoints": points((33, 5), (35, 2), (40, 0), flag=(35,))},
         ("D0.1cc[Gy]", "<=", 33.0, 35.0)),
        ({"AcceptableLevel": 34, "VariationLevel": 36}, ("D0.1cc[Gy]", "<=", 34.0, 36.0)),
        ({"MetricType": "VolumeAtDose", "InputValue": 20, "InputUnit": "Gy", "OutputUnit": "%"},
         ("V20Gy[%]", "<=", 33.0, None)),
        ({"MetricType": "MeanDose", "InputUnit": ""}, ("Mean[Gy]", "<=", 33.0, None)),
        ({"MetricType": "ConformityIndex", "InputValue": 50, "InputUnit": "%", "OutputUnit": ""},
         ("R50", "<=", 33.0, None)),
    ],
)  # fmt: skip
def test_lines_that_are_limits(changed, expected, tmp_path):
    (read,) = read_scorecard(card_of(tmp_path, line(**changed))).lines
    assert (read.metric, read.op, read.per_protocol, read.minor) == expected


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"MetricType": "HomogeneityIndex"}, "not known here"),
        ({"MetricType": 7}, "not known here"),
        ({"OutputUnit": "Sv"}, "no known unit"),
        ({"InputUnit": "ml?"}, "asked at"),
        ({"InputValue": None}, "asked at"),
        ({"Structure": None}, "names no structure"),
        ({"Structure": {"StructureId": ""}}, "no usable name"),
        ({"Structure": {"StructureId": "A", "StructureComment": "B AND C"}}, "made by the score"),
        ({"ScorePoints": points((33, 5))}, "less than two points"),
        ({"ScorePoints": points((1, 0), (2, 5), (3, 0))}, "neither falls nor rises"),
        ({"ScorePoints": points((33, 5), (40, 5))}, "neither falls nor rises"),
        ({"ScorePoints": points((1, 2), (2, 1), (3, 0), flag=(1, 2))}, "several points"),
        ({"ScorePoints": [{"PointX": "33", "Score": 1}, {"PointX": 2, "Score": 0}]}, "no number"),
        ({"AcceptableLevel": 34, "VariationLevel": 33}, "stricter"),
        ({"AcceptableLevel": 50}, "outside its score curve"),
        ({"MetricType": "ConformityIndex", "InputValue": 95, "InputUnit": "%"}, "isodose"),
    ],
)
def test_a_line_that_is_not_certain_is_listed_and_no_limit(changed, why, tmp_path):
    draft = draft_of_file(card_of(tmp_path, line(), line(**changed)), LIVER.effective)
    assert draft.limits == 1
    (told,) = draft.unread
    assert told.startswith("line 2")
    assert why in told
    assert f"# - {told}" in draft.text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no JSON"),
        ("[1, 2]", "no PlanScoreCard template"),
        ('{"ScoreTemplates": []}', "no PlanScoreCard template"),
        ('{"ScoreTemplates": 7}', "no PlanScoreCard template"),
        ("[" * 100_000, "no JSON"),
        ('{"ScoreTemplates": [{"InputValue": NaN}]}', "no JSON"),
        ('{"ScoreTemplates": [1, null, "x"]}', "no line of the score card could be read"),
    ],
)
def test_what_is_no_score_card_is_refused(content, why, tmp_path):
    path = tmp_path / "card.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ProtocolError, match=why):
        draft_of_file(path, LIVER.effective)


def test_hostile_text_stays_a_comment_or_a_string(tmp_path):
    bad = line(MetricComment="x\n- {id: EVIL}", Structure={"StructureId": 'a"\u202e: {b'})
    fine = line(MetricComment="ok\nid: other")
    path = card_of(tmp_path, bad, fine, TemplateName="n\nid: evil", NumberOfFractions=5)
    draft = draft_of_file(path, LIVER.effective)
    again = tmp_path / "draft.yaml"
    again.write_text(draft.text, encoding="utf-8")
    assert [c.structure for c in load_protocol(again).all_constraints] == ["Stomach"]
