"""Metrics of the whole case: immune cells, function of the liver, and what lies as far away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.dosimetry.whole_case import WholeCase
from sbrt_qa.errors import MetricError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.review.dvh_subjects import subjects_among
from sbrt_qa.review.review import review_case

UNKNOWN = Reason(ReasonCode.REFERENCE_MISSING, "not known")


def even(low, high, cc, outside_cc=0.0):
    """Return a histogram of doses spread evenly."""
    edges = np.array([low, high])
    curve = np.array([cc - outside_cc, 0.0])
    return DVH(cc, outside_cc, edges, curve, low, (low + high) / 2, high)


BODY = even(5.0, 15.0, 62_000.0)
"""Mean 10 Gy in 62 l: an integral dose of 620,000 Gy cc."""


def around(means=(10.0, 10.0, 10.0), body=BODY, edge=0.0, standard=1000.0, rank=10.0, area=UNKNOWN):
    by_name = dict(zip(("Lungs", "Heart", "Liver"), means, strict=True))
    return WholeCase(
        by_name.__getitem__, lambda: body, edge, lambda: standard, lambda: rank, lambda: area
    )


def value(text, dvh=BODY, fractions=5.0, whole=None, **more):
    context = MetricContext(50.0, 60.0, fractions=fractions, whole_case=whole or around(), **more)
    return evaluate(parse_metric(text), dvh, context)


@pytest.mark.parametrize(("fractions", "expected"), [(45.0, 10.7500), (5.0, 7.9167)])
def test_edic_by_its_formula(fractions, expected):
    """BEYOND 4: all means 10 Gy, integral dose 620,000 Gy cc."""
    found = value("EDIC", fractions=fractions)
    assert found.value == pytest.approx(expected, abs=5e-5)
    assert found.unit == "Gy"


@pytest.mark.parametrize("text", ["IntegralDose", "IntegralDose[Gycc]", "IntegralDose[Gy cc]"])
def test_the_integral_dose_is_mean_times_volume(text):
    assert value(text) == Measured(620_000.0, "Gy cc")


def test_what_of_the_body_has_no_dose_counts_up_to_a_twentieth():
    body = even(5.0, 15.0, 62_000.0, outside_cc=12_000.0)
    assert value("IntegralDose", body, whole=around(body=body, edge=2.0)).value == 500_000
    lost = value("IntegralDose", body, whole=around(body=body, edge=2.2))
    assert lost.code is ReasonCode.OUTSIDE_DOSE_GRID
    assert value("EDIC", body, whole=around(body=body, edge=2.2)).code is lost.code


@pytest.mark.parametrize(
    ("dvh", "whole", "fractions", "code"),
    [
        (even(5.0, 15.0, 1_000.0), around(), 5.0, ReasonCode.NOT_APPLICABLE),
        (BODY, around(means=(UNKNOWN, 1.0, 1.0)), 5.0, ReasonCode.REFERENCE_MISSING),
        (BODY, around(body=UNKNOWN), 5.0, ReasonCode.REFERENCE_MISSING),
        (BODY, around(edge=UNKNOWN), 5.0, ReasonCode.REFERENCE_MISSING),
        (BODY, around(), None, ReasonCode.NO_PRESCRIPTION),
    ],
)
def test_edic_has_a_reason_for_each_gap(dvh, whole, fractions, code):
    assert value("EDIC", dvh, fractions, whole).code is code


def test_without_a_case_around_there_is_no_edic():
    alone = MetricContext(50.0, fractions=5.0)
    for text in ("EDIC", "IntegralDose", "EqualDistanceRank[%]", "FunctionalRemnantShare[%]"):
        assert evaluate(parse_metric(text), BODY, alone).code is ReasonCode.REFERENCE_MISSING


LIVER = even(0.0, 50.0, 500.0)


@pytest.mark.parametrize(
    ("text", "expected", "unit"),
    [
        ("FunctionalLoss[cc]", 500 * (1 - 21.926 / 50), "cc"),
        ("FunctionalLoss[%]", 100 * (1 - 21.926 / 50), "%"),
        ("FunctionalLossCirrhosis[cc]", 500 * (1 - 15.616 / 50), "cc"),
        ("FunctionalRemnant[cc]", 500 * 21.926 / 50, "cc"),
        ("FunctionalRemnantShare[%]", 50 * 21.926 / 50, "%"),
    ],
)
def test_functional_loss_begins_at_its_bed(text, expected, unit):
    """D (1 + D / (5 x 2)) = 70 at 21.926 Gy, and 40 at 15.616 Gy."""
    found = value(text, LIVER)
    assert found.value == pytest.approx(expected, rel=2e-4)
    assert found.unit == unit


def test_functional_loss_needs_fractions_and_the_share_a_size():
    assert value("FunctionalLoss[cc]", LIVER, None).code is ReasonCode.NO_PRESCRIPTION
    unknown = around(standard=UNKNOWN)
    assert value("FunctionalRemnantShare[%]", LIVER, whole=unknown) == UNKNOWN


def test_the_spill_that_a_ball_allows():
    """BEYOND 6: radius 15 mm and 5 mm of fall allow an R50 of 2.3704."""
    radius = 15.0
    ball = even(50.0, 60.0, 4 / 3 * math.pi * radius**3 / 1000)
    body = even(0.0, 50.0, 2 * 2.37037 * ball.volume_cc)
    there = Surroundings(body, 0.0, lambda _: 0.0)
    whole = around(area=4 * math.pi * radius**2)
    found = value("ShapeSpill_5", ball, whole=whole, surroundings=lambda: there)
    assert value("R50", ball, surroundings=lambda: there).value == pytest.approx(2.3704, abs=5e-5)
    assert found.value == pytest.approx(1.0, abs=1e-4)
    assert value("ShapeSpill_5", ball, surroundings=lambda: there) == UNKNOWN
    with pytest.raises(MetricError, match="takes a number after an underscore"):
        parse_metric("ShapeSpill")


# --- drawn ----------------------------------------------------------------------------------------


def drawn(number, name, half_mm, centre=(0.0, 0.0, 0.0), kind="ORGAN", radius=None):
    """Return a box, or a ball of contours 2 mm apart."""
    planes = []
    for z in np.arange(-(radius or half_mm) + 1, radius or half_mm, 2.0):
        turn = np.linspace(0, 2 * np.pi, 73)[:-1]
        loop = (
            np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float) * half_mm
            if radius is None
            else math.sqrt(radius**2 - z**2) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        )
        planes.append(Contour(float(z + centre[2]), loop + np.array(centre[:2])))
    return Structure(number, name, tuple(planes), kind)


def case(dose_of):
    """Return a ball in a box with an organ on each side; `dose_of` is of x, y, z."""
    axis = np.arange(-60.0, 61.0, 4.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    structures = StructureSet((
        drawn(1, "External", 50.0, kind="EXTERNAL"),
        drawn(2, "PTV", 15.0, kind="PTV", radius=15.0),
        drawn(3, "Right", 8.0, (-30.0, 0.0, 0.0)),
        drawn(4, "Left", 8.0, (30.0, 0.0, 0.0)),
        drawn(5, "Apart", 8.0, (300.0, 0.0, 0.0)),
    ))  # fmt: skip
    plan = Plan(
        "1.2.3", "P", prescription=Prescription(50.0, next(iter(PrescriptionSource))), fractions=5
    )
    return Case("P", plan, structures, DoseGrid(dose_of(x, y, z), axis, axis, axis))


def asked(one, name, text):
    doses = CaseDoses(one)
    subject = subjects_among(structures_of(one), [name])[name]
    dvh = subject.dvh(doses)
    return dvh if isinstance(dvh, Reason) else evaluate(
        parse_metric(text), dvh, subject.context(doses)
    )  # fmt: skip


def test_a_dose_of_two_halves_ranks_organs_at_a_quarter_and_three_quarters():
    """Half of each shell gets 1 Gy, half 2 Gy: the middles of their ranks are 25 and 75 %."""
    one = case(lambda x, y, z: np.where(x > 0.0, 2.0, 1.0) + 0 * (y + z))
    assert asked(one, "Right", "EqualDistanceRank[%]").value == pytest.approx(25, abs=2.5)
    assert asked(one, "Left", "EqualDistanceRank[%]").value == pytest.approx(75, abs=2.5)
    assert isinstance(asked(one, "Apart", "EqualDistanceRank[%]"), Reason)
    kept = tuple(s for s in one.structures.structures if s.name != "PTV")
    without = replace(one, structures=StructureSet(kept))
    assert asked(without, "Left", "EqualDistanceRank[%]").code is ReasonCode.STRUCTURE_MISSING


def test_one_dose_everywhere_ranks_all_in_the_middle():
    one = case(lambda x, y, z: np.full_like(x, 10.0))
    assert asked(one, "Left", "EqualDistanceRank[%]").value == pytest.approx(50)


def test_a_ball_whose_dose_falls_by_distance_spills_as_its_shape_allows():
    """100 % at the surface, 50 % at 10 mm beyond it."""
    one = case(lambda x, y, z: np.maximum(0, 50 - 2.5 * (np.sqrt(x**2 + y**2 + z**2) - 15)))
    assert asked(one, "PTV", "ShapeSpill_10").value == pytest.approx(1.0, abs=0.05)


RULES = """\
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2010-01-01
title: A small protocol
statement: For tests.
sources: {MADE: {citation: made up for tests, read_as: not read}}
confidence_terms: {test: no confidence}
prescriptions: [{id: 50Gy/5fx, total_gy: 50, fractions: 5}]
structures:
  - {name: External, kind: external, required: true}
  - {name: PTV, kind: target, required: true}
  - {name: Left, kind: organ, required: true}
targets: []
options:
  - id: few
    when: fractions <= 5
    constraints:
      - {id: L0, structure: External, metric: IntegralDose, op: "<=", per_protocol: 100, minor: 110,
          priority: 1, source: [MADE], confidence: test}
      - {id: L1, structure: External, metric: EDIC, op: "<=", per_protocol: 1, minor: 2,
          priority: 1, source: [MADE], confidence: test}
      - {id: L2, structure: Left, metric: "EqualDistanceRank[%]", op: "<=", per_protocol: 50,
          minor: 60, priority: 1, source: [MADE], confidence: test}
      - {id: L3, structure: Left, metric: "FunctionalLoss[cc]", op: "<=", per_protocol: 1,
          minor: 2, priority: 1, source: [MADE], confidence: test}
      - {id: L4, structure: PTV, metric: ShapeSpill_5, op: "<=", per_protocol: 1,
          minor: 2, priority: 1, source: [MADE], confidence: test}
"""


def test_a_protocol_makes_them_limits():
    one = case(lambda x, y, z: np.where(x > 0.0, 60.0, 30.0) + 0 * (y + z))
    rules = parse_protocol(RULES.encode(), "rules.yaml")
    rows = {row.id: row for row in review_case(one, rules).constraints}
    assert rows["L0"].value == pytest.approx(45_000, rel=0.05)
    assert rows["L1"].value is None
    assert "Lungs" in str(rows["L1"].reason.detail)
    assert rows["L2"].value == pytest.approx(75, abs=2.5)
    assert rows["L3"].value == pytest.approx(4.096, rel=0.01)
    area, cc = 4 * math.pi * 15**2, 4 / 3 * math.pi * 15**3 / 1000
    assert rows["L4"].value == pytest.approx(1000 / cc / (1 + 5 * area / 3000 / cc) ** 3, rel=0.05)
    assert all(row.verdict.value == "major" for key, row in rows.items() if key != "L1")
