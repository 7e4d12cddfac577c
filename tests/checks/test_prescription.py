"""Prescription: what states it, what the protocol allows, and what the liver allows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.checks.prescribed import said_in
from sbrt_qa.dosimetry.interpolation import dose_at_gy
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseType
from sbrt_qa.model.outcome import Finding, Severity, Verdict
from sbrt_qa.model.plan import DoseReference, FractionGroup
from sbrt_qa.protocol.limit_result import ConstraintResult

from .cases import (
    BODY,
    CTV,
    LIVER_ORGAN,
    NOTHING,
    PTV,
    beam,
    box,
    case,
    dose,
    outcomes,
    plan,
    severity_of,
    told,
    with_beams,
)

AT = (-45.0, 0.0, 0.0)
TOLD = (Finding("RX_NOT_IN_PROTOCOL", Verdict.NOT_EVALUABLE, "RTPLAN", "22 fractions"),)


def named(name: str, **changes: object) -> Case:
    return case(BODY, replace(PTV, name=name), CTV, LIVER_ORGAN, **changes)


def pointed(dose_gy: float | None, at: tuple[float, float, float] = AT) -> Case:
    """Two beams that state a dose per fraction at a point."""
    return with_beams(*(beam(n, dose_gy=dose_gy, dose_point_mm=at) for n in (1, 2)))


REFERENCE = DoseReference(1, "SITE", "TARGET", target_prescription_gy=45.0)
OWN = replace(REFERENCE, roi_number=PTV.roi_number)
"""The plan prescribes 45 Gy to the PTV by its number, beside the 50 Gy of the plan."""

TABLE = [
    ("RX_NOT_IN_PROTOCOL", case(), "pass"),
    ("RX_NOT_IN_PROTOCOL", case(plan=plan(prescription=NOTHING)), "untold"),
    ("RX_NOT_IN_PROTOCOL", case(plan=plan(fractions=NOTHING)), "untold"),
    ("RX_NOT_IN_PROTOCOL", case(plan=NOTHING), "nothing"),
    ("RX_STATEMENTS_DIFFER", case(), "pass"),
    ("RX_STATEMENTS_DIFFER", case(plan=plan(prescription_text="5 x 10 Gy")), "pass"),
    ("RX_STATEMENTS_DIFFER", case(plan=plan(prescription_text="5 x 9 Gy")), "find"),
    ("RX_STATEMENTS_DIFFER", case(plan=plan(name="Liver 50 Gy in 3 fractions")), "find"),
    ("RX_STATEMENTS_DIFFER",
     case(plan=plan(fraction_groups=(FractionGroup(1, 5, (1, 2), 45.0),))), "find"),
    ("RX_STATEMENTS_DIFFER", case(plan=plan(prescription=NOTHING)), "nothing"),
    ("TARGET_NAME_DOSE", named("PTV_5000"), "pass"),
    ("TARGET_NAME_DOSE", named("PTV_1000x5"), "pass"),
    ("TARGET_NAME_DOSE", named("PTV_5000x5"), "pass"),
    ("TARGET_NAME_DOSE", named("PTV_4500"), "find"),
    ("TARGET_NAME_DOSE", named("PTV_4500", plan=plan(dose_references=(REFERENCE,))), "pass"),
    ("TARGET_NAME_DOSE", named("ptv4500"), "find"),
    ("TARGET_NAME_DOSE", named("PTV4500"), "find"),
    ("TARGET_NAME_DOSE", named("PTV 45Gy"), "find"),
    ("TARGET_NAME_DOSE", named("PTV_5x9Gy"), "find"),
    ("TARGET_NAME_DOSE", named("PTV45/5"), "find"),
    ("TARGET_NAME_DOSE", named("PTV50/5"), "pass"),
    ("TARGET_NAME_DOSE", named("Lesion 45 Gy"), "find"),
    ("TARGET_NAME_DOSE", named("PTV_5000", plan=plan(dose_references=(OWN,))), "find"),
    ("TARGET_NAME_DOSE", named("PTV_4500", plan=plan(dose_references=(OWN,))), "pass"),
    ("TARGET_NAME_DOSE", case(), "nothing"),
    ("TARGET_NAME_DOSE", named("PTV_4500", plan=NOTHING), "nothing"),
    ("BEAM_DOSE_SUM", case(), "pass"),
    ("BEAM_DOSE_SUM", with_beams(beam(1, dose_gy=5.4), beam(2, dose_gy=5.4)), "pass"),
    ("BEAM_DOSE_SUM", with_beams(beam(1, dose_gy=4.8), beam(2, dose_gy=5.0)), "pass"),
    ("BEAM_DOSE_SUM", with_beams(beam(1, dose_gy=4.6), beam(2, dose_gy=5.0)), "find"),
    ("BEAM_DOSE_SUM", with_beams(beam(1, dose_gy=6.0), beam(2, dose_gy=6.0)), "find"),
    ("BEAM_DOSE_SUM", with_beams(beam(1, dose_gy=None)), "nothing"),
    ("BEAM_DOSE_SUM", pointed(2.0), "nothing"),
    ("BEAM_DOSE_AT_POINT", pointed(5.5), "pass"),
    ("BEAM_DOSE_AT_POINT", pointed(5.1), "find"),
    ("BEAM_DOSE_AT_POINT", pointed(5.5, (500.0, 0.0, 0.0)), "find"),
    ("BEAM_DOSE_AT_POINT", pointed(None), "nothing"),
    ("BEAM_DOSE_AT_POINT", case(), "nothing"),
    ("BEAM_DOSE_AT_POINT",
     replace(pointed(5.1), dose=dose(dose_type=DoseType.EFFECTIVE)), "nothing"),
    ("DOSE_FAR_FROM_PRESCRIPTION", case(), "nothing"),
    ("DOSE_FAR_FROM_PRESCRIPTION", case(dose=dose(11.0)), "find"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


def test_what_the_evaluation_told_is_taken_up() -> None:
    (found,) = outcomes("RX_NOT_IN_PROTOCOL", case(), told=TOLD)
    assert found.message == "22 fractions"


@pytest.mark.parametrize(("total_gy", "severity"), [(47.0, Severity.MAJOR), (48.2, Severity.MINOR)])
def test_how_far_beam_doses_are_off_decides(total_gy: float, severity: Severity) -> None:
    tried = with_beams(*(beam(n, dose_gy=total_gy / 10) for n in (1, 2)))
    (found,) = outcomes("BEAM_DOSE_SUM", tried)
    assert severity_of("BEAM_DOSE_SUM", found) is severity


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5 x 10 Gy", [(10.0, 5, True)]),
        ("10 Gy × 5", [(10.0, 5, True)]),
        ("1000cGy*5", [(10.0, 5, True)]),
        ("50 Gy/5 fx", [(50.0, 5, False)]),
        ("rx 1: PTV 50 Gy: 250 cGy x 22", [(2.5, 22, True)]),
        ("50,4 Gy in 28", [(50.4, 28, False)]),
        ("4 x 3 mm, 6 MV", []),
        ("PTV50", []),
    ],
)
def test_doses_and_fractions_in_texts(text: str, said: list) -> None:
    found = [(s.dose_gy, s.fractions, s.each) for s in said_in(text)]
    assert found == [pytest.approx(s) for s in said]


def limit(structure: str, metric: str, value: float, **changes: object) -> ConstraintResult:
    fields = {
        "op": "<=", "match": None, "value": value, "unit": "Gy", "reason": None,
        "per_protocol_limit": 33.0, "minor_limit": 35.0, "beyond": Verdict.MAJOR, "margin": 0.0,
        "verdict": Verdict.PER_PROTOCOL, "priority": 1, "counts": True, "source": ("X",),
        "confidence": "memory",
    }  # fmt: skip
    return ConstraintResult("ID", structure, metric, **(fields | changes))


LOW = limit(
    "PTV", "V100%[%]", 91.0, op=">=", unit="%", per_protocol_limit=95.0, minor_limit=90.0,
    verdict=Verdict.MINOR,
)  # fmt: skip
NEAR = box(7, "Duodenum", ((-27, -15), (-10, 10), (-10, 10)))
FAR = box(7, "Duodenum", ((30, 50), (-10, 10), (-10, 10)))


@pytest.mark.parametrize(
    ("organ", "value_gy", "says", "named"),
    [
        (NEAR, 33.0, "Duodenum, 3 mm from the PTV, has D0.1cc[Gy] 33.0 Gy of <= 33", "Duodenum"),
        (NEAR, 20.0, "no organ of priority 1 near the PTV is at its limit", ""),
        (FAR, 33.0, "no organ of priority 1 near the PTV is at its limit", ""),
    ],
)
def test_low_coverage_is_explained_by_an_organ_at_its_limit(organ, value_gy, says, named) -> None:
    tried = case(BODY, PTV, CTV, LIVER_ORGAN, organ)
    results = (LOW, limit("Duodenum", "D0.1cc[Gy]", value_gy))
    (found,) = outcomes("OAR_DRIVEN", tried, results=results)
    assert says in found.message
    assert found.found == named
    assert "V100%[%] 91.0 % of >= 95" in found.message


def test_full_coverage_needs_no_explanation() -> None:
    full = replace(LOW, value=97.0, verdict=Verdict.PER_PROTOCOL)
    assert told("OAR_DRIVEN", case(), results=(full,)) == "nothing"


@pytest.mark.parametrize(
    ("rx_gy", "mean_gy", "word", "says"),
    [
        (50.0, 12.9, "pass", "allows 50 Gy"),
        (50.0, 13.6, "find", "50 Gy was prescribed; a mean of 13.6 Gy allows 45 Gy (scaled"),
        (45.0, 9.0, "find", "45 Gy was prescribed; a mean of 9.0 Gy allows 50 Gy"),
        (50.0, 40.0, "find", "allows no level"),
        (48.0, 10.0, "nothing", ""),
    ],
)
def test_the_mean_dose_of_the_liver_chooses_the_level(rx_gy, mean_gy, word, says) -> None:
    stated = plan().prescription
    tried = case(plan=plan(prescription=replace(stated, total_gy=rx_gy)))
    results = (limit("Liver-GTV", "Mean[Gy]", mean_gy),)
    assert told("LIVER_LEVEL", tried, results=results) == word
    assert says in "".join(map(str, outcomes("LIVER_LEVEL", tried, results=results)))


@pytest.mark.parametrize(
    ("coldest_gy", "advice"),
    [
        (16.0, "Step down to 45 Gy, or say why not."),  # 14.4 Gy when scaled
        (
            40.0,
            "settles the mean dose but not the dose to the least irradiated 700 cc (36.0 Gy, "
            "limit 15 Gy): another plan",
        ),
    ],
)
def test_a_step_down_names_the_limits_that_it_would_not_settle(coldest_gy, advice) -> None:
    coldest = limit("Liver-GTV", "DC700cc[Gy]", coldest_gy, per_protocol_limit=15.0)
    other = limit("Duodenum", "D0.5cc[Gy]", 49.0, per_protocol_limit=30.0)
    results = (limit("Liver-GTV", "Mean[Gy]", 13.6), coldest, other)
    (found,) = outcomes("LIVER_LEVEL", case(), results=results)
    assert advice in found.advice
    assert "Duodenum" not in found.advice


def test_without_a_mean_dose_no_level_is_chosen() -> None:
    assert told("LIVER_LEVEL", case()) == "nothing"


def test_the_dose_at_a_point_is_interpolated() -> None:
    ramp = dose()
    along = np.broadcast_to(ramp.x_mm + 104.0, ramp.dose_gy.shape)
    ramp = replace(ramp, dose_gy=along)
    assert dose_at_gy(ramp, (-103.5, 0.3, 0.7)) == pytest.approx(0.5)
    assert dose_at_gy(ramp, (104.0, 64.0, -64.0)) == pytest.approx(208.0)
    assert dose_at_gy(ramp, (104.1, 0.0, 0.0)) is None


BESIDE = box(9, "Duodenum", ((-30, -10), (-15, 15), (-15, 15)))
"""Touches one whole side of the PTV, which is a cube of 30 mm."""


def falling(gy_per_mm: float) -> Case:
    """The PTV has 55 Gy, and around it the dose falls with the distance from the cube."""
    grid = dose()
    away = [
        np.maximum(np.maximum(low - axis, axis - high), 0.0)
        for axis, (low, high) in zip(
            (grid.z_mm, grid.y_mm, grid.x_mm), ((-15, 15), (-15, 15), (-60, -30)), strict=True
        )
    ]
    z, y, x = np.meshgrid(*away, indexing="ij")
    values = np.maximum(55.0 - gy_per_mm * np.sqrt(z**2 + y**2 + x**2), 0.0)
    return case(BODY, PTV, CTV, LIVER_ORGAN, BESIDE, dose=replace(grid, dose_gy=values))


@pytest.mark.parametrize(("gy_per_mm", "lost_mm"), [(5.0, 5.0), (2.5, 10.0)])
def test_coverage_lost_to_an_organ_is_the_slab_over_which_the_dose_falls(
    gy_per_mm: float, lost_mm: float
) -> None:
    """From 55 to 30 Gy: as much of the cube of 30 mm as the fall takes, to a step of the raster."""
    missed = limit("Duodenum", "D0.1cc[Gy]", 50.0, per_protocol_limit=30.0)
    (found,) = outcomes("COVERAGE_COST", falling(gy_per_mm), results=(missed,))
    now, then = (float(text) for text in re.findall(r"([\d.]+) %", found.found))
    assert now == pytest.approx(100.0, abs=0.1)
    assert then == pytest.approx(100 * (1 - lost_mm / 30), abs=100 * 2.25 / 30)
    (low, high) = map(float, re.findall(r"\(([\d.]+) to ([\d.]+) %", found.message)[0])
    assert low <= 100 * (1 - lost_mm / 30) <= high
    assert high - low == pytest.approx(100 * 2 * 2.25 / 30, abs=6.0)
    assert found.tolerance == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": 3},
        {"value": 20.0},
        {"metric": "D5cc[Gy]"},
        {"structure": "Chestwall"},
        {"structure": "Stomach"},
    ],
)
def test_coverage_is_not_offered_for_anything_else(changes: dict) -> None:
    missed = limit("Duodenum", "D0.1cc[Gy]", 50.0, per_protocol_limit=30.0)
    given = (replace(missed, **changes),)
    assert told("COVERAGE_COST", falling(5.0), results=given) == "nothing"
