"""Cases on structures and grids, from DICOM files to the DVH."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest
from cases import FIELD, cube, drawn, dvhs, grid, loaded, one_dvh

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import IntegrationSettings, integrate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.review.dvh_table import dvh
from sbrt_qa.testing.phantoms.closed_forms import Truth
from sbrt_qa.testing.phantoms.dose_fields import Linear, Planar, Sigmoid, sample
from sbrt_qa.testing.phantoms.shapes import Box, Sphere

CENTRE = (1.3, -0.7, 2.9)


@pytest.mark.parametrize("radius_mm", [1.5, 2.5, 4.5])
def test_case_1__dose_at_volume_of_a_tiny_structure_falls_steadily(tmp_path, radius_mm):
    histogram = one_dvh(tmp_path, drawn(Sphere(CENTRE, radius_mm), step=1.0))
    assert histogram.volume_cc < 0.5
    parts = np.concatenate([np.linspace(0, 0.96, 50), np.linspace(0.96, 1, 81)])
    doses = [histogram.dose_at_volume_gy(p * histogram.inside_grid_cc) for p in parts]
    assert (np.diff(doses) <= 0).all()
    assert min(doses) == histogram.min_gy > 0


def test_case_5__the_curve_is_smooth_at_the_slice_pitch(tmp_path):
    """A dose that rises along z only would show every slice as a step in the curve."""
    along_z = grid(field=Planar(2, Linear(40.0, 1.0)))
    box = Box((-10.0, -10.0, -15.0), (10.0, 10.0, 15.0))
    histogram = one_dvh(tmp_path, drawn(box, step=3.0, start=0.5), dose=along_z)
    edges, volumes = histogram.differential(0.5)
    inside = volumes[(edges[:-1] > 27) & (edges[1:] < 53)]
    assert inside.size > 40
    assert inside == pytest.approx(np.full(inside.size, 0.2), rel=0.03)


def test_case_6__a_finer_lattice_gives_the_same_curve_without_a_shift():
    structure, dose = drawn(Sphere(CENTRE, 12.0)), grid()
    curves = [
        integrate(region_of(structure), dose, settings=IntegrationSettings(area_mm2=area))
        for area in (4.0, 1.0, 0.25)
    ]
    for other in curves[1:]:
        for part in (0.02, 0.1, 0.5, 0.9, 0.98):
            doses = [c.dose_at_volume_gy(part * c.volume_cc) for c in (curves[0], other)]
            assert doses[0] == pytest.approx(doses[1], abs=0.02)


def test_case_8__d0_5cc_on_a_3_mm_grid_is_that_of_the_truth(tmp_path):
    shape = Sphere(CENTRE, 14.0)
    histogram = one_dvh(tmp_path, drawn(shape), dose=grid(step=3.0))
    truth = Truth(shape, FIELD).dose_at_volume_gy(0.5)
    assert histogram.dose_at_volume_gy(0.5) == pytest.approx(truth, rel=0.01)


def test_case_12__volumes_are_not_larger_than_the_truth_on_average(tmp_path):
    """Many sizes, slice spacings and positions: errors fall on both sides of zero."""
    errors = []
    for radius in (4.0, 7.0, 12.0, 18.0):
        for step, start in ((1.0, 0.2), (2.0, 0.5), (3.0, 0.8)):
            shape = Sphere(CENTRE, radius)
            found = one_dvh(tmp_path, drawn(shape, step, start)).volume_cc
            errors.append(found / Truth(shape, FIELD).volume_cc - 1)
    assert abs(np.mean(errors)) < 0.005
    assert max(errors) < 0.03


@pytest.mark.parametrize("shift_mm", [200.0, -200.0])
def test_case_14__a_dose_that_does_not_meet_the_structures_gives_reasons(tmp_path, shift_mm):
    case = loaded(tmp_path, drawn(Sphere(CENTRE, 10.0)), dose=grid(shift=shift_mm))
    (row,) = dvh(case, metrics=["Mean[Gy]", "V20Gy[%]"]).structures.values()
    assert (row.min_gy, row.mean_gy, row.max_gy) == (None, None, None)
    assert [m.value for m in row.metrics.values()] == [None, None]
    assert row.reason.code is ReasonCode.OUTSIDE_DOSE_GRID


def test_case_18__sensitivity_of_a_steep_target_is_stated_and_small(tmp_path):
    """The grid of evaluation is the engine's own: refining it moves V100% within its error."""
    steep = Planar(0, Sigmoid(45.0, -8.0, 2.0))
    dose = sample(steep, *(np.arange(-30.0, 31.0, 2.0),) * 3)
    structure = drawn(Sphere((0.0, 0.0, 0.0), 11.0))
    parts = []
    for area in (16.0, 4.0, 1.0):
        found = integrate(region_of(structure), dose, settings=IntegrationSettings(area_mm2=area))
        parts.append(found.volume_at_dose_cc(40.0) / found.volume_cc)
        assert found.quadrature_error <= IntegrationSettings().tolerance
    assert max(parts) - min(parts) <= IntegrationSettings().tolerance
    assert (
        one_dvh(tmp_path, structure, dose=dose).quadrature_error <= IntegrationSettings().tolerance
    )


@pytest.mark.parametrize("side_mm", [70.0, 80.0, 120.0])
def test_case_19_and_32_the_outer_contour_is_computed_whatever_it_leaves(tmp_path, side_mm):
    """A body smaller than, as large as and larger than a fine dose grid of 80 mm."""
    body = drawn(cube(side_mm), step=2.5, start=0.5, name="BODY")
    histogram = one_dvh(tmp_path, body, dose=grid(step=1.6))
    inside = min(side_mm, 80.0) ** 3 / 1000
    assert histogram.inside_grid_cc == pytest.approx(inside, rel=0.02)
    assert histogram.volume_cc == pytest.approx(side_mm**3 / 1000, rel=0.03)
    expected = histogram.volume_cc - histogram.inside_grid_cc
    assert histogram.outside_grid_cc == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metrics", ["D2%[Gy]", "V30Gy[%]", "Min[Gy]"])
def test_case_32__metrics_of_a_body_that_leaves_a_fine_grid_are_reasons(tmp_path, metrics):
    body = drawn(cube(120.0), step=2.5, start=0.5, name="BODY")
    (row,) = dvh(loaded(tmp_path, body), metrics=[metrics]).structures.values()
    assert row.metrics[metrics].value is None
    assert row.metrics[metrics].reason.code is ReasonCode.OUTSIDE_DOSE_GRID


def image(z_mm):
    z = np.asarray(z_mm, dtype=float)
    blank = np.zeros((z.size, 8, 8), np.int16)
    return ImageSeries(z, (-40.0, -40.0), (10.0, 10.0), (8, 8)), blank


def square(z_mm, half=10.0):
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    return Contour(z_mm, corners)


def test_case_29__contours_on_the_first_and_last_slice_have_a_dvh(tmp_path):
    series, hu = image(np.arange(-9.0, 10.0, 3.0))
    structure = Structure(1, "Liver", tuple(square(float(z)) for z in series.z_mm))
    case = loaded(tmp_path, structure, image=series, hu=hu)
    assert case.image.z_mm.tolist() == series.z_mm.tolist()
    histogram = dvhs(case)["Liver"]
    assert histogram.volume_cc == pytest.approx(7 * 3 * 0.4, rel=1e-6)
    assert histogram.outside_grid_cc == 0.0


def test_case_34__contours_stay_on_their_own_slice_of_a_mixed_series(tmp_path):
    """Slices every 3 mm, then every 6 mm: each contour reaches half-way to its neighbours."""
    z_mm = [-15.0, -12.0, -9.0, -6.0, -3.0, 0.0, 6.0, 12.0, 18.0]
    series, hu = image(z_mm)
    structure = Structure(1, "Liver", tuple(square(z) for z in z_mm))
    case = loaded(tmp_path, structure, image=series, hu=hu)
    (found,) = case.structures.structures
    assert [c.z_mm for c in found.contours] == z_mm
    histogram = dvhs(case)["Liver"]
    assert histogram.volume_cc == pytest.approx((33 + 1.5 + 3) * 0.4, rel=1e-6)


@pytest.mark.parametrize("shift_mm", [0.0, 0.37, 1.25, 2.1])
def test_case_36__a_grid_off_by_part_of_a_voxel_shifts_nothing(tmp_path, shift_mm):
    shape = cube(20.0)
    histogram = one_dvh(tmp_path, drawn(shape, start=0.5), dose=grid(shift=shift_mm))
    truth = Truth(shape, FIELD)
    assert histogram.mean_gy == pytest.approx(truth.mean_gy, rel=1e-4)
    for part in (0.05, 0.5, 0.95):
        expected = truth.dose_at_volume_gy(part * truth.volume_cc)
        assert histogram.dose_at_volume_gy(part * histogram.volume_cc) == pytest.approx(
            expected, rel=2e-3
        )


# --- stored DVHs ------------------------------------------------------------------------------


def stored_dvh(number):
    wanted = b.Items([b.item(ReferencedROINumber=number, DVHROIContributionType="INCLUDED")])
    return b.item(
        DVHReferencedROISequence=wanted,
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DVHDoseScaling="0.01",
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=2,
        DVHData=[1.0, 777.0, 1.0, 0.0],
    )


def box_of(folder, *doses):
    structures = b.structure_set(b.roi(1, "A", b.stack()), b.roi(2, "B", b.stack()))
    for number, dose in enumerate(doses):
        b.save(dose, folder / f"D{number}.dcm")
    (case,) = load_cases(b.save_case(folder, RS=structures, RD=None))
    return case


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2)])
def test_case_15_54_a_stored_dvh_of_some_structures_changes_nothing(tmp_path, numbers):
    """Its dose scaling can touch neither dose nor volume: both come from contours and grid."""
    dose = b.dose(DVHSequence=b.Items([stored_dvh(n) for n in numbers]))
    for histogram in dvhs(box_of(tmp_path, dose)).values():
        assert isinstance(histogram, DVH)
        assert histogram.volume_cc == pytest.approx(0.4 * 6, rel=1e-6)
        assert (histogram.min_gy, histogram.max_gy) == pytest.approx((1.0, 1.0))


def test_case_49__the_stored_dvh_of_one_beam_is_not_that_of_the_sum(tmp_path):
    doses = [
        b.dose(
            uid=f"1.2.3.3{n}", summation="BEAM", beams=(n,), scaling="0.002",
            DVHSequence=b.Items([stored_dvh(1)]),
        )
        for n in (1, 2)
    ]  # fmt: skip
    histogram = dvhs(box_of(tmp_path, *doses))["A"]
    assert histogram.mean_gy == pytest.approx(4.0)
    assert histogram.volume_cc == pytest.approx(2.4, rel=1e-6)


def test_case_42__no_written_curve_ever_rises(tmp_path):
    rng = np.random.default_rng(5)
    axis = np.arange(-20.0, 21.0, 2.5)
    rough = DoseGrid(rng.uniform(0, 60, (17, 17, 17)), axis, axis, axis)
    case = loaded(tmp_path, drawn(Sphere(CENTRE, 12.0)), dose=rough)
    (row,) = dvh(case, curve_bin_gy=0.1).structures.values()
    assert (np.diff(row.curve.volume_cc) <= 0).all()
    assert not isinstance(row.reason, Reason)
