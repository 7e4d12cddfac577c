"""Limits held against hand-made histograms: verdicts, reasons, what counts, and the order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import METRICS
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseType
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.evaluate import Evaluation, evaluate, overall
from sbrt_qa.protocol.expressions import Tree, fold
from sbrt_qa.protocol.grading import as_lower_bound, grade
from sbrt_qa.protocol.limit_result import ConstraintResult

PP, MINOR, MAJOR, NE = (
    Verdict.PER_PROTOCOL,
    Verdict.MINOR,
    Verdict.MAJOR,
    Verdict.NOT_EVALUABLE,
)

# fmt: off
ORGANS = (
    "Liver", "GTV", "PTV", "External", "Stomach", "Duodenum", "Bowel_Small", "Bowel_Large",
    "Esophagus", "SpinalCord", "SpinalCord_PRV05", "Kidney_L", "Kidney_R", "Heart", "GreatVes",
    "BileDuct_Common", "Gallbladder", "Chestwall", "Rib", "Skin", "Spleen", "Lung_L", "Lung_R",
)
# fmt: on
"""Everything a complete plan has."""

MakeCase = Callable[..., Case]
FlatDvh = Callable[..., DVH]
Run = Callable[..., Evaluation]


@pytest.fixture
def run(liver: Protocol, flat_dvh: FlatDvh) -> Run:
    """Evaluate the liver protocol; targets get 50 to 65 Gy, organs 0 to 4 Gy unless given.

    Histograms are given by structure name; those of combined structures as ``Liver - GTV``.
    """
    usual = {
        name: flat_dvh(50.0, 65.0, 100.0) for name in ("PTV", "GTV", "CTV", "PTV_5000", "CTVsb")
    }

    def ask(case: Case, dvhs: Mapping[str, DVH | Reason] = {}, **options: object) -> Evaluation:
        def dvh_for(tree: Tree[Structure]) -> DVH | Reason:
            name = fold(tree, lambda s: s.name, lambda sign, a, b: f"{a} {sign} {b}")
            known = {**usual, **dvhs}
            room = name.startswith("External - ") and name != "External - PTV"
            return known.get(name) or (room and known.get("External")) or flat_dvh(0.0, 4.0)

        return evaluate(liver, case, dvh_for=dvh_for, **options)  # type: ignore[arg-type]

    return ask


def rows(evaluation: Evaluation) -> dict[str, ConstraintResult]:
    return {r.id: r for r in evaluation.results}


# Grading


@pytest.mark.parametrize(
    ("op", "per_protocol", "minor", "beyond", "value", "verdict", "margin"),
    [
        ("<=", 13.0, 15.2, "major", 12.0, PP, 1.0),
        ("<=", 13.0, 15.2, "major", 13.0, PP, 0.0),
        ("<=", 13.0, 15.2, "major", 13.5, MINOR, -0.5),
        ("<=", 13.0, 15.2, "major", 15.2, MINOR, -2.2),
        ("<=", 13.0, 15.2, "major", 15.25, MAJOR, -2.25),
        ("<", 1.2, 1.5, "major", 1.2, MINOR, 0.0),
        ("<", 1.2, 1.5, "major", 1.5, MAJOR, -0.3),
        (">=", 95.0, 90.0, "major", 95.0, PP, 0.0),
        (">=", 95.0, 90.0, "major", 90.0, MINOR, -5.0),
        (">=", 95.0, 90.0, "major", 89.9, MAJOR, -5.1),
        (">", 95.0, 90.0, "major", 95.0, MINOR, 0.0),
        (">", 95.0, 90.0, "major", 90.0, MAJOR, -5.0),
        ("<=", 70.0, None, "minor", 71.0, MINOR, -1.0),
        ("<=", 38.0, 38.0, "major", 38.0, PP, 0.0),
        ("<=", 38.0, 38.0, "major", 38.1, MAJOR, -0.1),
        ("<=", 38.0, None, "major", 38.1, MAJOR, -0.1),
        ("==", 1.0, 1.0, "major", 1.0, PP, 0.0),
        ("==", 1.0, 1.0, "major", 0.0, MAJOR, -1.0),
        ("report", None, None, "major", 5.0, PP, None),
    ],
)
def test_grading(
    op: str,
    per_protocol: float | None,
    minor: float | None,
    beyond: str,
    value: float,
    verdict: Verdict,
    margin: float | None,
) -> None:
    limit = Constraint.model_validate(
        {
            "id": "X",
            "structure": "Liver",
            "metric": "Mean[Gy]",
            "op": op,
            "per_protocol": per_protocol,
            "minor": minor,
            "beyond": beyond,
            "priority": 1,
            "source": ["S"],
            "confidence": "sure",
        }
    )
    graded = grade(limit, Measured(value, "Gy"))
    assert graded.verdict is verdict
    assert graded.margin == (None if margin is None else pytest.approx(margin))


# A complete plan


def test_a_complete_plan_is_per_protocol(run: Run, make_case: MakeCase) -> None:
    done = run(make_case(ORGANS))
    assert done.verdict is PP
    assert done.findings == ()
    assert {r.verdict for r in done.results if r.counts} == {PP}
    silent = {r.id for r in done.results if r.reason}  # this body gets 4 Gy, and none far away
    assert silent == {"CON_D2CM", "CON_PADDICK", "CON_GI"}


def test_only_the_level_of_the_plan_is_applied(run: Run, make_case: MakeCase) -> None:
    for prescription_gy, wanted in ((50.0, "LIV5_MEAN_50"), (45.1, "LIV5_MEAN_45")):
        names = rows(run(make_case(ORGANS, prescription_gy=prescription_gy)))
        assert [n for n in names if n.startswith("LIV5_MEAN")] == [wanted]
        assert not any(n.startswith("LIV3") for n in names)


def test_three_fractions_have_their_own_limits(run: Run, make_case: MakeCase) -> None:
    names = rows(run(make_case(ORGANS, fractions=3, prescription_gy=54.0)))
    assert names["LIV3_MEAN"].verdict is PP
    assert not any(n.startswith("LIV5") for n in names)


@pytest.mark.parametrize(
    ("structure", "low_gy", "high_gy", "name", "value", "verdict", "of_case"),
    [
        ("Liver - GTV", 0, 25.8, "LIV5_MEAN_50", 12.9, PP, MINOR),
        ("Liver - GTV", 0, 26.0, "LIV5_MEAN_50", 13.0, PP, MINOR),
        ("Liver - GTV", 0, 28.0, "LIV5_MEAN_50", 14.0, MAJOR, MAJOR),
        ("Liver - GTV", 0, 31.0, "LIV5_MEAN_50", 15.5, MAJOR, MAJOR),
        ("Spleen", 0, 80.0, "SPL5_MEAN", 40.0, PP, PP),
        ("Chestwall", 0, 50.0, "CHW5_D01", 49.995, MINOR, MINOR),
        ("Lung_L + Lung_R", 0, 20.0, "LNG5_MEAN", 10.0, MINOR, MINOR),
        ("SpinalCord", 0, 26.0, "CRD5_MAX", 25.99909, MAJOR, MAJOR),
        ("PTV", 45.0, 65.0, "TGT_V100", 75.0, MAJOR, MAJOR),
        ("PTV", 50.0, 60.0, "TGT_DMAX_LOC", 0.0, MAJOR, MAJOR),
        ("External - PTV", 0.0, 62.5, "TGT_SPILL105", 160.0, MAJOR, MAJOR),
    ],
)
def test_values_and_verdicts(
    run: Run,
    make_case: MakeCase,
    flat_dvh: FlatDvh,
    structure: str,
    low_gy: float,
    high_gy: float,
    name: str,
    value: float,
    verdict: Verdict,
    of_case: Verdict,
) -> None:
    done = run(make_case(ORGANS), {structure: flat_dvh(low_gy, high_gy)})
    row = rows(done)[name]
    assert row.value == pytest.approx(value)
    assert row.verdict is verdict
    assert done.verdict is of_case


@pytest.mark.parametrize(
    ("priority", "verdict", "counts", "expected"),
    [
        (1, MAJOR, True, MAJOR),
        (2, MAJOR, True, MAJOR),
        (3, MAJOR, True, MINOR),
        (3, MINOR, True, MINOR),
        (3, PP, True, PP),
        (4, MAJOR, False, PP),
        (1, NE, True, NE),
        (1, NE, False, PP),
    ],
)
def test_what_one_row_does_to_a_case(
    run: Run,
    make_case: MakeCase,
    priority: int,
    verdict: Verdict,
    counts: bool,
    expected: Verdict,
) -> None:
    results = run(make_case(ORGANS)).results
    row = dataclasses.replace(results[-1], priority=priority, verdict=verdict, counts=counts)
    if verdict is NE:
        why = Reason(ReasonCode.NO_DOSE, "none")
        row = dataclasses.replace(row, value=None, reason=why)
    assert overall((*results, row), ()) is expected


def test_nothing_that_counts_is_not_evaluable() -> None:
    assert overall((), ()) is NE


# The order of results


def test_what_decides_first_then_worst_first_then_priority(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    dvhs = {
        "Liver - GTV": flat_dvh(0, 28.0),
        "Heart": flat_dvh(0, 45.0),
        "Chestwall": flat_dvh(0, 50.0),
        "Spleen": Reason(ReasonCode.STRUCTURE_UNREADABLE, "broken"),
        "Stomach": Reason(ReasonCode.STRUCTURE_UNREADABLE, "broken"),
    }
    results = run(make_case(ORGANS), dvhs).results
    order = [r.id for r in results]
    assert results[0].id == "LIV5_MEAN_50"
    sequence = ["LIV5_MEAN_50", "HRT5_D01", "STO5_D05", "CHW5_D01", "DUO5_D05", "SPL5_MEAN"]
    assert [order.index(n) for n in sequence] == sorted(order.index(n) for n in sequence)
    deciding = [r.counts for r in results]
    assert deciding == sorted(deciding, reverse=True)


# What is missing


HOT_BODY = "External"
"""With this much dose in the body an organ that is not drawn may break its limits."""


def test_a_missing_required_organ_is_not_evaluable(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    body = {HOT_BODY: flat_dvh(0.0, 65.0, 110.0)}
    done = run(make_case(n for n in ORGANS if n != "Duodenum"), body)
    row = rows(done)["DUO5_D05"]
    assert row.reason is not None
    assert row.reason.code is ReasonCode.STRUCTURE_MISSING
    assert (row.verdict, row.counts, row.value, row.match) == (NE, True, None, None)
    assert done.verdict is NE


@pytest.mark.parametrize("name", ["Gallbladder", "Skin", "Rib", "Spleen"])
def test_a_missing_optional_organ_does_not_count(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh, name: str
) -> None:
    body = {HOT_BODY: flat_dvh(0.0, 65.0, 110.0)}
    done = run(make_case(n for n in ORGANS if n != name), body)
    missing = [r for r in done.results if r.structure == name]
    assert missing
    assert {(r.verdict, r.counts) for r in missing} == {(NE, False)}
    assert done.verdict is PP


def test_a_condition_of_an_organ_is_said(run: Run, make_case: MakeCase, flat_dvh: FlatDvh) -> None:
    body = {HOT_BODY: flat_dvh(0.0, 65.0, 110.0)}
    done = run(make_case(n for n in ORGANS if n != "Heart"), body)
    assert rows(done)["HRT5_D01"].note == "required if within 3 cm of PTV"
    assert done.verdict is NE


@pytest.mark.parametrize("mapping", [{}, {"PTV_5000": "PTV"}])
def test_every_target_is_judged_also_beside_one_that_is_mapped(
    run: Run, make_case: MakeCase, mapping: dict[str, str]
) -> None:
    case = make_case([*(n for n in ORGANS if n != "PTV"), "PTV_5000", "PTV_4500"])
    done = run(case, mapping=mapping)
    found = {r.structure: r.verdict for r in done.results if r.id == "TGT_V100"}
    assert found == {"PTV_5000": PP, "PTV_4500": MAJOR}
    assert done.verdict is MAJOR


def test_the_tumour_bed_stands_in_for_the_tumour(run: Run, make_case: MakeCase) -> None:
    done = run(make_case([*(n for n in ORGANS if n != "GTV"), "CTVsb"]))
    target, organ = rows(done)["TGT_GTV"], rows(done)["LIV5_MEAN_50"]
    assert target.match is not None
    assert target.match.plan_names == ("CTVsb",)
    assert "no GTV in the plan" in target.match.rule
    assert organ.match is not None
    assert organ.match.rule == "Liver - CTV (no GTV in the plan)"
    assert done.verdict is PP


def test_a_small_remnant_is_for_the_reviewer(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    done = run(make_case(ORGANS), {"Liver - GTV": flat_dvh(0.0, 4.0, 650.0)})
    row = rows(done)["LIV5_DC700"]
    assert row.reason is not None
    assert row.reason.code is ReasonCode.SMALLER_THAN_ASKED
    assert "the reviewer decides" in row.note
    assert (row.verdict, done.verdict) == (NE, NE)


def test_the_coldest_700_cc(run: Run, make_case: MakeCase, flat_dvh: FlatDvh) -> None:
    """Dose rises evenly to 30 Gy over 1000 cc: the coldest 700 cc reach 21 Gy, the hottest 9."""
    done = run(make_case(ORGANS), {"Liver - GTV": flat_dvh(0.0, 30.0)})
    assert rows(done)["LIV5_DC700"].value == pytest.approx(21.0)


# The dose grid


def test_an_organ_partly_outside_the_dose_grid(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    done = run(make_case(ORGANS), {"Stomach": flat_dvh(0.0, 4.0, 200.0, outside_cc=20.0)})
    row = rows(done)["STO5_D05"]
    assert row.reason is not None
    assert row.reason.code is ReasonCode.OUTSIDE_DOSE_GRID
    assert (row.verdict, done.verdict) == (NE, NE)


def test_the_body_may_leave_the_dose_grid(run: Run, make_case: MakeCase, flat_dvh: FlatDvh) -> None:
    body = flat_dvh(0.0, 4.0, 30000.0, outside_cc=9000.0)
    row = rows(run(make_case(ORGANS), {"External - PTV": body}))["TGT_SPILL105"]
    assert (row.value, row.verdict) == (0.0, PP)
    assert row.note.startswith("9000 cc outside the dose grid left out")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"dose": Reason(ReasonCode.NO_DOSE, "no RTDOSE")}, ReasonCode.NO_DOSE),
        ({"dose": Reason(ReasonCode.DOSE_UNUSABLE, "relative")}, ReasonCode.DOSE_UNUSABLE),
        ({"dose_type": DoseType.EFFECTIVE}, ReasonCode.DOSE_UNUSABLE),
        ({"dose_type": DoseType.ERROR}, ReasonCode.DOSE_UNUSABLE),
        (
            {"structures": Reason(ReasonCode.STRUCTURE_MISSING, "no RTSTRUCT")},
            ReasonCode.STRUCTURE_MISSING,
        ),
    ],
)
def test_without_a_usable_dose_or_structures_nothing_is_evaluable(
    run: Run, make_case: MakeCase, options: dict[str, object], code: ReasonCode
) -> None:
    done = run(make_case(ORGANS, **options))
    assert all(r.reason for r in done.results)
    codes = {r.reason.code for r in done.results if r.reason}
    assert codes == {code}
    assert done.verdict is NE


# The prescription


def test_without_a_prescription_relative_metrics_are_not_evaluable(
    run: Run, make_case: MakeCase
) -> None:
    none = Reason(ReasonCode.NO_PRESCRIPTION, "two levels")
    done = rows(run(make_case(ORGANS, prescription_gy=none)))
    for name in ("TGT_V100", "TGT_D98", "LIV5_MEAN_50", "LIV5_MEAN_30"):
        assert done[name].reason == none, name
    assert done["STO5_D05"].verdict is PP
    assert done["TGT_DMAX_LOC"].verdict is PP


def test_without_fractions_no_organ_limit_is_evaluable(run: Run, make_case: MakeCase) -> None:
    done = run(make_case(ORGANS, fractions=None))
    names = rows(done)
    assert names["TGT_V100"].verdict is PP
    for name in ("STO5_D05", "STO3_D01"):
        reason = names[name].reason
        assert reason is not None
        assert reason.detail == "the plan states no number of fractions"
    assert done.verdict is NE


def test_without_a_plan_every_reason_is_the_plans(run: Run, make_case: MakeCase) -> None:
    why = Reason(ReasonCode.REFERENCE_MISSING, "no RTPLAN")
    done = run(make_case(ORGANS, plan=why))
    assert rows(done)["STO5_D05"].reason == why
    assert done.verdict is NE


def test_other_fractions_give_one_finding_and_no_pile_of_rows(
    run: Run, make_case: MakeCase
) -> None:
    done = run(make_case(ORGANS, fractions=22, prescription_gy=48.4))
    (finding,) = done.findings
    assert (finding.code, finding.verdict) == ("RX_NOT_IN_PROTOCOL", NE)
    assert finding.message.startswith("the protocol has no organ limits for 22 fractions")
    assert all(r.id.startswith(("TGT_", "CON_")) for r in done.results)
    assert done.verdict is NE


def test_another_dose_is_a_finding(run: Run, make_case: MakeCase) -> None:
    done = run(make_case(ORGANS, prescription_gy=48.0))
    (finding,) = done.findings
    assert "48 Gy in 5 fractions is no prescription of the protocol" in finding.message
    levels = "50, 45, 40, 35, 30, 27.5 Gy in 5 fractions; 54, 45 Gy in 3 fractions"
    assert finding.message.endswith(f"expected one of {levels}")
    assert done.verdict is NE


def test_half_a_per_cent_is_the_same_prescription(run: Run, make_case: MakeCase) -> None:
    assert run(make_case(ORGANS, prescription_gy=50.2)).findings == ()


# What this version does not compute, and the map


def test_planned_metrics_say_so_and_never_count(
    liver: Protocol, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    planned = {"R50": "to come", "D10cc[Gy]": "to come"}
    protocol = liver.model_copy(update={"planned_metrics": planned})
    case = make_case(ORGANS, fractions=3, prescription_gy=54.0)
    names = rows(evaluate(protocol, case, dvh_for=lambda _: flat_dvh(0.0, 4.0)))
    for name in ("CON_R50", "STO3_D10"):
        row = names[name]
        assert row.reason is not None
        assert row.reason.code is ReasonCode.METRIC_UNKNOWN
        assert row.reason.detail == f"this version does not compute {row.metric} yet"
        assert (row.verdict, row.counts) == (NE, False)
    assert "CON_R50_LUNG" not in names


# Conformity


def body(flat_dvh: FlatDvh, prescribed_cc: float) -> DVH:
    """A body of 10000 cc in which 50 Gy reach a given volume, at most."""
    return flat_dvh(0.0, 50.0 / (1 - prescribed_cc / 10000), 10000.0)


@pytest.mark.parametrize(
    ("prescribed_cc", "verdict"),
    [(119.9, PP), (120.1, MINOR), (149.9, MINOR), (150.1, MINOR)],
)
def test_conformity_of_the_prescribed_dose(
    run: Run,
    make_case: MakeCase,
    flat_dvh: FlatDvh,
    prescribed_cc: float,
    verdict: Verdict,
) -> None:
    """PTV of 100 cc. Half the dose reaches half of this body, so that R50 is a deviation too.

    Limits of priority 3: beyond the last bound they are minor as well (case 132).
    """
    done = run(make_case(ORGANS), {"External": body(flat_dvh, prescribed_cc)})
    row = rows(done)["CON_R100"]
    assert row.value == pytest.approx(prescribed_cc / 100)
    assert (row.verdict, row.counts) == (verdict, True)
    assert rows(done)["CON_R50"].verdict is MINOR
    assert done.verdict is MINOR


@pytest.mark.parametrize(
    ("ptv_cc", "bounds"),
    [(19.9, (7.5, 9.5)), (20.0, (7.5, 9.5)), (20.1, (6.0, 7.5)), (400.0, (5.5, 6.5))],
)
def test_bounds_in_steps(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh, ptv_cc: float, bounds: tuple[float, float]
) -> None:
    row = rows(run(make_case(ORGANS), {"PTV": flat_dvh(50.0, 65.0, ptv_cc)}))["CON_R50"]
    assert (row.per_protocol_limit, row.minor_limit) == bounds


@pytest.mark.parametrize(
    ("ptv_cc", "percent", "bounds", "verdict"),
    [
        (22.0, 53.9, (54.0, 63.0), PP),
        (22.0, 54.0, (54.0, 63.0), MINOR),
        (28.0, 55.9, (56.0, 65.5), PP),
        (28.0, 99.0, (56.0, 65.5), MINOR),
        (1.8, 49.0, (50.0, 57.0), PP),
        (163.0, 76.9, (77.0, 94.0), PP),
    ],
)
def test_bounds_between_the_rows_of_a_table(
    run: Run,
    make_case: MakeCase,
    flat_dvh: FlatDvh,
    ptv_cc: float,
    percent: float,
    bounds: tuple[float, float],
    verdict: Verdict,
) -> None:
    dvhs = {"PTV": flat_dvh(50.0, 65.0, ptv_cc)}
    done = run(make_case(ORGANS), dvhs, far_dose=lambda *_: percent / 2)
    row = rows(done)["CON_D2CM"]
    assert (row.per_protocol_limit, row.minor_limit) == pytest.approx(bounds)
    assert row.value == pytest.approx(percent)
    assert (row.verdict, row.counts) == (verdict, False)


@pytest.mark.parametrize("ptv_cc", [1.7, 163.1])
def test_outside_the_table_is_not_evaluable_and_says_the_value(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh, ptv_cc: float
) -> None:
    dvhs = {"PTV": flat_dvh(50.0, 65.0, ptv_cc)}
    row = rows(run(make_case(ORGANS), dvhs, far_dose=lambda *_: 30.0))["CON_D2CM"]
    assert row.reason is not None
    assert row.reason.detail == (
        f"outside the table: it is for targets of 1.8 to 163 cc, this one has {ptv_cc} cc; "
        "the value is 60 %"
    )
    assert row.verdict is NE


@pytest.mark.parametrize(
    ("outside_cc", "evaluable"), [(0.5, True), (40.0, False)], ids=["a crop", "a neighbour"]
)
def test_a_target_that_nobody_can_judge_leaves_no_index(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh, outside_cc: float, evaluable: bool
) -> None:
    case = make_case([*ORGANS, "PTV2_old"])
    dvhs = {
        "PTV2_old": flat_dvh(50.0, 65.0, 40.0),
        "PTV2_old - PTV": flat_dvh(50.0, 65.0, outside_cc),
    }
    done = run(case, dvhs)
    for name in ("CON_R100", "CON_R50", "CON_PADDICK", "CON_GI", "CON_D2CM"):
        row = rows(done)[name]
        text = row.reason.detail if row.reason else ""
        assert ("the plan has another target, 'PTV2_old'" in text) is not evaluable, name
    assert rows(done)["TGT_V100"].verdict is PP
    assert done.verdict is NE


def test_targets_that_share_isodoses_have_the_indices_of_their_union(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    dvhs = {
        "PTV2": flat_dvh(50.0, 65.0, 40.0),
        "PTV + PTV2": flat_dvh(50.0, 65.0, 140.0),
        "External": flat_dvh(0.0, 100.0, 350.0),
    }
    done = rows(run(make_case([*ORGANS, "PTV2"]), dvhs))
    ratio = done["CON_R100"]
    assert (ratio.structure, ratio.value) == ("PTV + PTV2", pytest.approx(175 / 140))
    assert "index of the union" in ratio.note


def test_without_an_outline_there_is_no_conformity(run: Run, make_case: MakeCase) -> None:
    names = rows(run(make_case(n for n in ORGANS if n != "External")))
    for name in ("CON_R100", "CON_R50", "CON_PADDICK", "CON_GI", "CON_D2CM"):
        reason = names[name].reason
        assert reason is not None
        assert reason.detail.startswith("no structure of the plan is called External")
        assert not names[name].counts


def test_volume_at_a_biologically_effective_dose(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh
) -> None:
    """40 Gy BED10 in 3 fractions are 22.749 Gy: half a tract with 0 to 45.498 Gy."""
    case = make_case([*ORGANS, "HepatobiliaryTract"], fractions=3, prescription_gy=54.0)
    dvhs = {"HepatobiliaryTract": flat_dvh(0.0, 45.498, 10.0)}
    assert rows(run(case, dvhs))["HBT3_V40"].value == pytest.approx(5.0, abs=1e-3)


def test_a_map_of_an_absent_structure_is_a_finding(run: Run, make_case: MakeCase) -> None:
    done = run(make_case(ORGANS), mapping={"Leber": "Liver"})
    (finding,) = done.findings
    assert (finding.code, finding.verdict, finding.where) == ("MAP_UNUSED", None, "Leber")
    assert done.verdict is PP


def test_matches_tell_what_stands_for_what(run: Run, make_case: MakeCase) -> None:
    matches = {m.protocol_name: m for m in run(make_case(ORGANS)).matches}
    assert matches["Liver-GTV"].plan_names == ("Liver", "GTV")
    assert matches["Kidneys"].roi_numbers == (12, 13)
    assert "CTV" not in matches


# Parts of an organ


@pytest.mark.parametrize(
    ("high_gy", "verdict"),
    [(60.0, MAJOR), (20.0, NE), (4.0, NE)],
)
def test_a_part_can_break_a_maximum_and_meets_nothing(
    run: Run, make_case: MakeCase, flat_dvh: FlatDvh, high_gy: float, verdict: Verdict
) -> None:
    """The jejunum alone is not the small bowel: what it breaks is broken, all else is open."""
    drawn = tuple("Jejunum" if name == "Bowel_Small" else name for name in ORGANS)
    evaluation = run(make_case(drawn), {"Jejunum": flat_dvh(0.0, high_gy, 100.0)})
    found = [r for r in evaluation.results if r.structure == "Bowel_Small" and r.priority < 3]
    assert found
    assert {r.verdict for r in found if "D0." in r.metric} == {verdict}
    for row in found:
        assert row.match is not None
        assert row.match.part
        if row.verdict is NE:
            assert row.reason is not None
            assert row.reason.code is ReasonCode.PART_ONLY
            assert "a part only" in row.reason.detail


def test_a_part_within_the_minor_band_may_be_a_major_deviation() -> None:
    limit = Constraint.model_validate(
        {
            "id": "X", "structure": "Stomach", "metric": "D0.1cc[Gy]", "op": "<=",
            "per_protocol": 33.0, "minor": 35.0, "priority": 1, "source": ["S"],
            "confidence": "memory",
        }
    )  # fmt: skip
    spec = parse_metric(limit.metric)
    told = {
        gy: as_lower_bound(limit, spec, Measured(gy, "Gy"), "a part") for gy in (32.0, 34.0, 36.0)
    }
    assert told[36.0] == Measured(36.0, "Gy")
    for gy in (32.0, 34.0):
        assert isinstance(told[gy], Reason)
    assert "minor deviation" in told[34.0].detail


@pytest.mark.parametrize(
    ("metric", "grows"),
    [
        ("D0.1cc[Gy]", True), ("Max[Gy]", True), ("V30Gy[cc]", True), ("D0.1cc[%]", True),
        ("D50%[Gy]", False), ("V30Gy[%]", False), ("Mean[Gy]", False), ("Min[Gy]", False),
        ("DC700cc[Gy]", False), ("CV15Gy[cc]", False),
    ],
)  # fmt: skip
def test_which_metrics_of_a_part_are_lower_bounds(metric: str, grows: bool) -> None:
    spec = parse_metric(metric)
    assert METRICS[spec.kind].grows(spec) is grows
