"""Bands: where a value may lie, and what each view contributes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.bands import OtherDoses, Views, band_of, intervals_among, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.cut_off import ends_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.readings import FLOOR, READINGS, SAFETY, beyond, moved, scaled
from sbrt_qa.dosimetry.steady_sections import is_steady
from sbrt_qa.dosimetry.view_kinds import VIEWS, View
from sbrt_qa.geometry.slabs import Convention
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Driver, Measured, Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Box, Cone, Sphere, cylinder

NO_PLAN = Reason(ReasonCode.REFERENCE_MISSING, "none")
CENTRE = (0.3, -0.4, 0.2)
ALONG_Z = cylinder(CENTRE, 12.0, 30.0, 2)
METRICS = ("Volume[cc]", "Mean[Gy]", "Min[Gy]", "Max[Gy]", "D95%[Gy]", "D0.1cc[Gy]", "V25Gy[%]")


def ramp_grid(slope=(0.6, 0.0, 0.0), reach=40.0, step=2.0):
    axis = np.arange(-reach, reach + 1, step)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    dose = 30 + slope[0] * x + slope[1] * y + slope[2] * z
    return DoseGrid(np.maximum(dose, 0.0), axis, axis, axis)


def peak_grid(step=3.0, reach=30.0):
    axis = np.arange(-reach, reach + 1, step)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid(60 * np.exp(-((x - 1.1) ** 2 + y**2 + z**2) / 200), axis, axis, axis)


def doses_of(shape, dose, spacing_mm=2.0):
    drawn = contour(shape, np.arange(-70.0, 71.0, spacing_mm) + 0.31 * spacing_mm)
    return CaseDoses(Case("phantom", NO_PLAN, StructureSet((drawn,)), dose)), drawn


def bands_of(doses: CaseDoses, structure: Structure, metrics=METRICS):
    """Return value and band of each metric."""
    views = Views(doses).of(subject_of(structure))
    context, found = doses.metric_context, {}
    for text in metrics:
        spec = parse_metric(text)
        value = evaluate(spec, doses.dvh(structure), context)
        seen = [(VIEWS[n], evaluate(spec, dvh, context)) for n, dvh in views.items()]
        others = [(view, o.value) for view, o in seen if isinstance(o, Measured)]
        found[text] = (value.value, band_of(value.value, others))
    return found


# From values to a band


def test_aspects_add_up_and_alternatives_do_not():
    caps, shape = View(Driver.END_CAPS, "low end"), View(Driver.BETWEEN_PLANES, "shape")
    band = band_of(10.0, [(caps, 9.0), (caps, 9.5), (caps, 10.2), (shape, 9.0), (shape, 9.9)])
    # What the shape moves one end by, moves the other by six tenths: see `OTHER_SIDE`.
    assert (band.low, band.high) == pytest.approx((8.0, 10.2 + 0.6 * 1.0))


def test_errors_that_are_independent_add_up_as_such_and_choices_of_a_program_do_not():
    shape, curve = View(Driver.BETWEEN_PLANES, "shape"), View(Driver.QUADRATURE, "curve")
    seen = [(shape, 7.0), (curve, 6.0), (View(Driver.END_CAPS, "low end"), 9.0)]
    assert band_of(10.0, seen).low == pytest.approx(10.0 - 1.0 - 5.0)
    assert band_of(10.0, seen, all_choices=True).low == pytest.approx(10.0 - 1.0 - 7.0)


def test_the_driver_is_what_moves_the_value_most():
    caps, dose = View(Driver.END_CAPS, "low end"), View(Driver.DOSE_INTERPOLATION, "dose")
    assert band_of(10.0, [(caps, 9.0), (dose, 12.0)]).driver is Driver.DOSE_INTERPOLATION
    assert band_of(10.0, [(caps, 7.0), (dose, 12.0)]).driver is Driver.END_CAPS


def test_no_value_is_told_more_exactly_than_the_floor():
    band = band_of(20.0, [])
    assert (band.low, band.high) == pytest.approx((20 - 20 * FLOOR, 20 + 20 * FLOOR))


def test_a_band_does_not_reach_below_nothing():
    view = View(Driver.QUADRATURE, "curve")
    assert band_of(0.1, [(view, 0.0), (View(Driver.END_CAPS, "shape"), 0.0)]).low == 0.0


@given(
    value=st.floats(0, 100),
    others=st.lists(st.tuples(st.sampled_from(list(VIEWS.values())), st.floats(0, 100))),
)
def test_a_band_holds_its_value_and_every_other(value, others):
    band = band_of(value, others)
    assert band.low <= value <= band.high
    for _, other in others:
        assert band.low <= other + 1e-9
        assert other <= band.high + 1e-9


# What each view does


SLOPES = ((0.0, 0.0, 0.0), (0.5, -0.3, 0.2), (-0.2, 0.1, -0.6))
"""Gy per mm along x, y and z."""


def sphere_bands(radius, slope, spacing):
    """Return value and band of each metric of a sphere in a ramp of dose."""
    doses, ball = doses_of(Sphere(CENTRE, radius), ramp_grid(slope), spacing)
    return bands_of(doses, ball)


@settings(max_examples=15, deadline=None)
@given(
    radius=st.floats(4, 20),
    slope=st.tuples(*[st.floats(-0.6, 0.6)] * 3),
    spacing=st.sampled_from([1.0, 2.0, 3.0]),
)
def test_every_band_holds_the_default(radius, slope, spacing):
    for value, band in sphere_bands(radius, slope, spacing).values():
        assert band.low <= value <= band.high


def test_bands_of_spheres_in_a_ramp_hold_the_truth_of_98_in_100():
    tried = inside = 0
    for k, radius in enumerate(np.linspace(4, 20, 65)):
        for spacing in (1.0, 2.0, 3.0):
            slope = SLOPES[k % len(SLOPES)]
            found = sphere_bands(float(radius), slope, spacing)
            truth = {
                "Volume[cc]": 4 / 3 * np.pi * radius**3 / 1000,
                "Mean[Gy]": 30 + np.dot(slope, CENTRE),
            }
            tried += len(truth)
            inside += sum(found[m][1].low <= t <= found[m][1].high for m, t in truth.items())
    assert inside >= 0.98 * tried


def test_a_sphere_whose_pole_lies_just_beyond_a_plane_misses_its_band_by_little():
    _, band = sphere_bands(7.1875, SLOPES[0], 1.0)["Volume[cc]"]
    truth = 4 / 3 * np.pi * 7.1875**3 / 1000
    assert band.high * (1 + 2e-4) > truth


def test_flat_ends_drive_the_volume_of_a_cylinder_along_z():
    doses, structure = doses_of(ALONG_Z, ramp_grid())
    _, band = bands_of(doses, structure)["Volume[cc]"]
    assert band.driver is Driver.END_CAPS
    planes = len({c.z_mm for c in structure.contours})
    section = np.pi * 12.0**2 / 1000
    assert band.low == pytest.approx((planes - 1) * 2.0 * section, rel=2e-3)
    assert band.high == pytest.approx((planes + 1) * 2.0 * section, rel=2e-3)


def test_the_slices_do_not_matter_to_what_has_tapered_ends():
    doses, ball = doses_of(Sphere(CENTRE, 12.0), ramp_grid())
    there = Views(doses).of(subject_of(ball))
    assert not {name for name in there if "end " in name}


def test_what_is_drawn_on_one_slice_may_be_half_as_thick_and_is_never_nothing():
    axis = np.array([[-9.0, -9.0], [9.0, -9.0], [9.0, 9.0], [-9.0, 9.0]])
    lone = Structure(1, "LONE", (Contour(0.5, axis),))
    doses = CaseDoses(Case("phantom", NO_PLAN, StructureSet((lone,)), ramp_grid()))
    value, band = bands_of(doses, lone, ("Volume[cc]",))["Volume[cc]"]
    assert value == pytest.approx(3 * 324 / 1000, rel=1e-3)
    assert band.driver is Driver.END_CAPS
    assert (band.low, band.high) == pytest.approx((value / 2, 2 * value), rel=2e-3)


def test_a_peak_between_voxels_drives_the_maximum():
    doses, ball = doses_of(Sphere((1.1, 0, 0), 8.0), peak_grid())
    value, band = bands_of(doses, ball)["Max[Gy]"]
    assert band.driver is Driver.DOSE_INTERPOLATION
    assert value == pytest.approx(60.0, rel=5e-4)
    assert band.low < 60 * 0.998
    assert 60.0 <= band.high < 60 * 1.005


def test_a_structure_too_large_for_a_finer_grid_is_read_by_the_spline_as_well():
    doses, ball = doses_of(Sphere((1.1, 0, 0), 62.0), peak_grid(2.0, reach=70.0))
    _, band = bands_of(doses, ball, ("D0.1cc[Gy]",))["D0.1cc[Gy]"]
    assert band.low < 60 * np.exp(-((0.1 * 3 / 4 / np.pi) ** (2 / 3)) * 100 / 200) < band.high


@pytest.mark.parametrize("name", [n for n in READINGS if "end " in n])
@pytest.mark.parametrize("shape", [ALONG_Z, Cone(CENTRE, 16.0, 5.0, 36.0, 2)], ids=["tube", "cone"])
@pytest.mark.parametrize("slope", [(0.6, 0.0, 0.0), (0.0, 0.0, 0.6)], ids=["across", "along"])
def test_other_ends_give_what_integrating_anew_gives(name, shape, slope):
    doses, structure = doses_of(shape, ramp_grid(slope))
    quick = OtherDoses(doses, READINGS[name]).changed(subject_of(structure))
    anew = CaseDoses(doses.case, READINGS[name].convention).dvh(structure)
    assert isinstance(quick, DVH)
    assert isinstance(anew, DVH)
    assert quick.volume_cc == pytest.approx(anew.volume_cc, rel=5e-4)
    assert quick.mean_gy == pytest.approx(anew.mean_gy, abs=0.02)
    assert quick.min_gy == pytest.approx(anew.min_gy, abs=0.02)
    assert quick.max_gy == pytest.approx(anew.max_gy, abs=0.02)
    for part in (0.02, 0.1, 0.5, 0.9, 0.98):
        volume = part * anew.volume_cc
        assert quick.dose_at_volume_gy(volume) == pytest.approx(
            anew.dose_at_volume_gy(volume), abs=0.05
        )


def test_other_ends_count_what_lies_beyond_the_dose_grid():
    axis = np.arange(-40.0, 41.0, 2.0)
    short = axis[axis <= 15.0]
    dose = DoseGrid(np.full((short.size, axis.size, axis.size), 20.0), axis, axis, short)
    doses, structure = doses_of(ALONG_Z, dose)
    reading = READINGS["high end whole"]
    quick = OtherDoses(doses, reading).changed(subject_of(structure))
    anew = CaseDoses(doses.case, reading.convention).dvh(structure)
    assert quick is not None
    assert quick.outside_grid_cc == pytest.approx(anew.outside_grid_cc, abs=2e-3)
    assert quick.inside_grid_cc == pytest.approx(anew.inside_grid_cc, abs=2e-3)


def test_refinement_goes_on_to_where_the_square_law_leads():
    doses, ball = doses_of(Sphere((1.1, 0, 0), 8.0), peak_grid())
    coarse = OtherDoses(doses, READINGS["linear"]).changed(subject_of(ball))
    fine = doses.dvh(ball)
    further = beyond(coarse, fine, 3)
    step = fine.mean_gy - coarse.mean_gy
    assert further.mean_gy == pytest.approx(fine.mean_gy + SAFETY * step / 8)
    assert further.volume_cc == fine.volume_cc


def test_the_quadrature_may_be_wrong_on_both_sides():
    doses, ball = doses_of(Sphere(CENTRE, 12.0), ramp_grid())
    dvh = doses.dvh(ball)
    half = dvh.volume_cc / 2
    low, high = (moved(dvh, sign).dose_at_volume_gy(half) for sign in (-1, 1))
    assert low < dvh.dose_at_volume_gy(half) < high
    assert scaled(dvh, -1).volume_cc < dvh.volume_cc < scaled(dvh, 1).volume_cc


def test_what_a_reading_does_not_change_is_not_computed_again():
    doses, structure = doses_of(ALONG_Z, ramp_grid())
    other = OtherDoses(doses, READINGS["half slice"])
    assert other.changed(subject_of(structure)) is None
    assert other.region(structure) is doses.region(structure)


def test_without_a_dose_there_is_no_band():
    case = Case(
        "x", NO_PLAN, StructureSet((contour(ALONG_Z, np.arange(-20.0, 20.0, 2.0)),)), NO_PLAN
    )
    doses = CaseDoses(case)
    assert Views(doses).of(subject_of(case.structures.structures[0])) == {}


def test_flat_ends_reach_below_and_above_on_their_own():
    low = Convention(flat_low=0.0)
    assert low.flat_ends == (0.0, 0.5)
    assert "0 of a gap below and 0.5 above" in str(low)


def test_the_uncertainty_of_a_noisy_dose_holds_what_it_is_without_noise():
    """A ball in an even dose: every dose of it is the same, and noise makes extremes of it."""
    random = np.random.default_rng(20261130)
    axis = np.arange(-30.0, 31.0, 2.0)
    even = np.full((axis.size,) * 3, 50.0)
    metrics = ("Min[Gy]", "Mean[Gy]", "Max[Gy]", "D2%[Gy]", "D50%[Gy]", "D98%[Gy]")
    for sd in (0.25, 0.5, 1.0):
        noisy = DoseGrid(even + random.normal(0.0, sd, even.shape), axis, axis, axis)
        bands = bands_of(*doses_of(Sphere(CENTRE, 14.0), noisy), metrics)
        for metric, (_, band) in bands.items():
            assert band.low <= 50.0 <= band.high, metric
            assert band.high - band.low < 12 * sd, metric
            assert band.driver is Driver.NOISE, metric


def test_a_smooth_dose_has_no_noise():
    doses, ball = doses_of(Sphere(CENTRE, 14.0), ramp_grid((0.5, -0.3, 0.2)))
    assert not {"noise lower", "noise higher"} & set(Views(doses).of(subject_of(ball)))


def test_the_trilinear_reading_counts_a_tenth_in_the_uncertainty_and_whole_in_the_spread():
    value, linear = Measured(50.0, "Gy"), Measured(48.0, "Gy")
    found = intervals_among(parse_metric("D95%[Gy]"), value, [(VIEWS["linear"], linear)])
    assert found.uncertainty.low == pytest.approx(50.0 - 0.1 * 2.0)
    assert found.spread.low == pytest.approx(48.0)


# Where a dose ends between two voxels


ENDS = {"dose goes on", "dose ends early"}


def cut_off_grid(end_mm, step=2.5):
    """Return a ramp along x that ends between two voxels, as at the skin."""
    axis = np.arange(-40.0, 41.0, step)
    x = np.meshgrid(axis, axis, axis, indexing="ij")[2]
    return DoseGrid(np.where(x <= end_mm, 30 + 0.5 * x, 0.0), axis, axis, axis)


def cut_off_bands(end_mm, far_mm):
    """Return bands of a box up to `far_mm` in a ramp along x that ends at `end_mm`, and truths."""
    low_mm, last_mm = -10.0, min(end_mm, far_mm)
    part = (last_mm - low_mm) / (far_mm - low_mm)
    truth = {
        "Min[Gy]": 30 + 0.5 * low_mm if end_mm >= far_mm else 0.0,
        "Mean[Gy]": part * (30 + 0.25 * (last_mm + low_mm)),
        "Max[Gy]": 30 + 0.5 * last_mm,
        "V25Gy[%]": 100 * part,
    }
    box = Box((low_mm, -9.3, -11.0), (far_mm, 8.1, 9.0))
    return bands_of(*doses_of(box, cut_off_grid(end_mm)), tuple(truth)), truth


@pytest.mark.parametrize("end_mm", [7.6, 8.7, 9.9])
@pytest.mark.parametrize("far_mm", [7.55, 12.0, 18.0])
def test_the_uncertainty_holds_wherever_dose_ends_between_two_voxels(end_mm, far_mm):
    """Voxels lie at 7.5 and 10 mm: the file is the same for every end between them."""
    found, truth = cut_off_bands(end_mm, far_mm)
    for metric, (_, band) in found.items():
        assert band.low - 1e-9 <= truth[metric] <= band.high + 1e-9, metric


def test_a_dose_that_ends_far_away_changes_no_interval():
    doses, box = doses_of(Box((-10.0, -9.0, -11.0), (5.0, 8.0, 9.0)), cut_off_grid(30.0))
    assert not ENDS & set(Views(doses).of(subject_of(box)))


def test_a_dose_that_falls_to_nothing_evenly_is_not_cut_off():
    doses, box = doses_of(Box((-30.0, -9.0, -11.0), (5.0, 8.0, 9.0)), ramp_grid((1.5, 0.0, 0.0)))
    assert doses.case.dose.dose_gy.min() == 0.0
    assert not ENDS & set(Views(doses).of(subject_of(box)))


def test_both_ends_of_a_cut_off_dose_are_one_voxel_apart_from_it():
    values = np.zeros((5, 5, 6))
    values[:, :, :3] = (10.0, 20.0, 30.0)
    later, earlier = ends_of(values, 1.0)
    assert later[2, 2].tolist() == [10.0, 20.0, 30.0, 40.0, 0.0, 0.0]
    assert earlier[2, 2].tolist() == [10.0, 20.0, 0.0, 0.0, 0.0, 0.0]
    assert ends_of(np.zeros((3, 3, 3)), 1.0) is None
    assert ends_of(np.ones((3, 3, 3)), 1.0) is None


def test_a_dose_that_curves_to_where_it_is_cut_off_goes_on_along_its_curve():
    """On a straight line it would be below 0 in the next voxel, and the end would not be told."""
    values = np.zeros((5, 5, 7))
    values[:, :, :4] = (19.0, 11.0, 6.0, 2.9)
    later, earlier = ends_of(values, 0.2)
    assert later[2, 2, 4] == pytest.approx(3 * (2.9 - 6.0) + 11.0)
    assert earlier[2, 2].tolist() == [19.0, 11.0, 6.0, 0.0, 0.0, 0.0, 0.0]


def small_end_grid(beyond_gy, step=2.5):
    """Return a ramp along x that ends at 8.7 mm with an even dose beyond."""
    axis = np.arange(-40.0, 41.0, step)
    x = np.meshgrid(axis, axis, axis, indexing="ij")[2]
    return DoseGrid(np.where(x <= 8.7, 30 + 0.5 * x, beyond_gy), axis, axis, axis)


@pytest.mark.parametrize("beyond_gy", [0.4, 1.7])
@pytest.mark.parametrize("far_mm", [8.0, 12.0, 18.0])
def test_the_uncertainty_holds_where_dose_ends_at_a_small_value(beyond_gy, far_mm):
    low_mm, last_mm = -10.0, min(8.7, far_mm)
    part = (last_mm - low_mm) / (far_mm - low_mm)
    truth = {
        "Min[Gy]": 30 + 0.5 * low_mm if far_mm <= 8.7 else beyond_gy,
        "Mean[Gy]": part * (30 + 0.25 * (last_mm + low_mm)) + (1 - part) * beyond_gy,
        "Max[Gy]": 30 + 0.5 * last_mm,
        "V25Gy[%]": 100 * part,
    }
    box = Box((low_mm, -9.3, -11.0), (far_mm, 8.1, 9.0))
    doses, drawn = doses_of(box, small_end_grid(beyond_gy))
    assert set(Views(doses).of(subject_of(drawn))) >= ENDS
    for metric, (_, band) in bands_of(doses, drawn, tuple(truth)).items():
        assert band.low - 1e-9 <= truth[metric] <= band.high + 1e-9, metric


def test_a_steep_fall_to_a_small_dose_is_no_end():
    axis = np.arange(-40.0, 41.0, 2.5)
    x = np.meshgrid(axis, axis, axis, indexing="ij")[2]
    dose = DoseGrid(60.0 / (1 + np.exp(x / 3.0)), axis, axis, axis)
    doses, box = doses_of(Box((-15.0, -9.0, -11.0), (20.0, 8.0, 9.0)), dose)
    assert not ENDS & set(Views(doses).of(subject_of(box)))


# Whether sections tell of one another


@pytest.mark.parametrize(
    ("shape", "steady"),
    [
        (Sphere(CENTRE, 12.0), True),
        (ALONG_Z, True),
        (Cone(CENTRE, 16.0, 5.0, 36.0, 2), True),
        (cylinder(CENTRE, 12.0, 40.0, 0), False),
        (Cone(CENTRE, 16.0, 5.0, 36.0, 0), False),
        (Sphere(CENTRE, 3.0), False),
    ],
)
def test_sections_that_change_evenly_are_steady(shape, steady):
    """Of a ball of 3 mm there are too few to tell."""
    doses, drawn = doses_of(shape, ramp_grid())
    assert is_steady(doses.region(drawn)) is steady


def test_contours_that_are_drawn_unevenly_are_not_steady():
    random = np.random.default_rng(20261201)
    even = contour(Sphere(CENTRE, 12.0), np.arange(-20.0, 21.0, 2.0))
    moved = [Contour(c.z_mm, c.xy_mm + random.normal(0.0, 0.4, 2)) for c in even.contours]
    doses = CaseDoses(
        Case("x", NO_PLAN, StructureSet((Structure(1, "GTV", tuple(moved)),)), NO_PLAN)
    )
    assert not is_steady(doses.region(doses.case.structures.structures[0]))


def test_other_shapes_count_less_where_sections_are_steady():
    ball, lying = Sphere(CENTRE, 12.0), Cone(CENTRE, 16.0, 5.0, 36.0, 0)
    names = [
        set(Views(d).of(subject_of(s)))
        for d, s in (doses_of(b, ramp_grid()) for b in (ball, lying))
    ]
    assert "slab, steady" in names[0]
    assert "slab" not in names[0]
    assert "slab" in names[1]
    assert "slab, steady" not in names[1]
