"""One phantom in patient coordinates, stored in every orientation: one DVH, end to end.

Rotated means the stored grid and the slices are rotated and the patient is not: every file holds
the same voxels at the same places. Rotating the patient as well changes on which lines the engine
integrates, so those tests have the tolerance of the quadrature.
"""

from __future__ import annotations

import builders as b
import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.review.dvh_table import dvh

STEP = np.array([2.0, 2.5, 3.0])
CENTRE = np.array([4.0, -7.0, 11.0])
SIZE = np.array([25, 21, 17])
"""Voxels along x, y and z: 48 x 50 x 48 mm."""

ROTATED = {
    "HFS": ((1, 0, 0), (0, 1, 0)),
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "FFP": ((1, 0, 0), (0, -1, 0)),
    "HFDL": ((0, -1, 0), (1, 0, 0)),
    "HFDR": ((0, 1, 0), (-1, 0, 0)),
    "FFDL": ((0, 1, 0), (1, 0, 0)),
    "FFDR": ((0, -1, 0), (-1, 0, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "coronal, upside down": ((-1, 0, 0), (0, 0, 1)),
}


def field(x, y, z):
    """A bent, lopsided dose in stored units of 1 mGy, so that no symmetry hides a mistake."""
    x, y, z = x - CENTRE[0], y - CENTRE[1], z - CENTRE[2]
    bump = np.exp(-((x - 3) ** 2 + 1.5 * (y + 2) ** 2 + 0.7 * (z - 4) ** 2) / 900)
    return 40000 * bump + 60 * x - 30 * y + 20 * z + 6000


def places(row, column, step, size):
    """Patient coordinates (x, y, z) of the voxels [frame, row, column] of a grid at the centre."""
    directions = np.stack([row, column, np.cross(row, column)], axis=1).astype(float)
    k, i, j = np.indices(size[::-1], dtype=float)
    steps = np.stack([j, i, k], axis=-1) - (np.array(size) - 1) / 2
    return CENTRE + (steps * step) @ directions.T


def stored_dose(row, column, **keywords):
    """The dose on the same voxels, stored with rows and columns along the given directions."""
    axes = np.abs(np.stack([row, column, np.cross(row, column)])).argmax(axis=1)
    step, size = STEP[axes], SIZE[axes]
    at = places(row, column, step, size)
    return dose_at(at, row, column, step, **keywords)


def dose_at(at, row, column, step, turn=None, **keywords):
    seen = at if turn is None else CENTRE + (at - CENTRE) @ turn.T
    values = np.rint(field(*np.moveaxis(seen, -1, 0))).astype(np.uint16)
    return b.dose(
        values,
        position=at[0, 0, 0].tolist(),
        orientation=(*row, *column),
        spacing=(step[1], step[0]),
        offsets=(step[2] * np.arange(at.shape[0])).tolist(),
        **keywords,
    )


def egg(turn=None):
    """A lopsided body with a hole, contoured every 3 mm."""
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    contours = []
    for z in np.arange(-12.0, 13.0, 3.0):
        radius = 14 - 0.03 * z**2 + 0.2 * z
        for scale, shift in ((1.0, 2.0), (0.3, 4.0)):
            points = [
                (scale * radius * np.cos(a) + shift, 0.8 * scale * radius * np.sin(a) - 1.0, z)
                for a in angles
            ]
            turned = np.array(points) if turn is None else np.array(points) @ turn
            xyz = turned + CENTRE
            contours.append(b.contour(float(xyz[0, 2]), [tuple(p) for p in xyz[:, :2].tolist()]))
    return b.structure_set(b.roi(1, "Egg", contours))


def curve(folder, **parts):
    (case,) = load_cases(b.save_case(folder, **parts))
    assert isinstance(case.dose, DoseGrid), case.dose
    (histogram,) = (CaseDoses(case).dvh(s) for s in structures_of(case).values())
    assert isinstance(histogram, DVH), histogram
    return case, histogram


def largest_difference(one, other):
    """Of volume at dose and of the statistics, relative to the volume and the maximum dose."""
    doses = np.linspace(0, 1.05 * other.max_gy, 400)
    volumes = [
        abs(one.volume_at_dose_cc(d) - other.volume_at_dose_cc(d)) / other.volume_cc for d in doses
    ]
    statistics = [
        abs(getattr(one, n) - getattr(other, n)) / other.max_gy
        for n in ("min_gy", "mean_gy", "max_gy")
    ]
    return max(*volumes, *statistics, abs(one.volume_cc / other.volume_cc - 1))


@pytest.fixture(scope="module")
def upright(tmp_path_factory):
    return curve(tmp_path_factory.mktemp("HFS"), RS=egg(), RD=stored_dose((1, 0, 0), (0, 1, 0)))


@pytest.mark.parametrize("name", ROTATED)
def test_case_41_a_dose_stored_in_any_right_angled_orientation_gives_one_dvh(
    tmp_path, upright, name
):
    case, histogram = curve(tmp_path, RS=egg(), RD=stored_dose(*ROTATED[name]))
    assert largest_difference(histogram, upright[1]) <= 1e-6
    assert not case.provenance.repairs


@pytest.mark.parametrize("name", list(ROTATED)[:8])
def test_case_41_images_in_any_axial_orientation_change_no_dvh(tmp_path, upright, name):
    row, column = ROTATED[name]
    for number, z in enumerate(np.arange(-12.0, 13.0, 3.0) + CENTRE[2]):
        image = b.ct_slice(float(z), orientation=(*row, *column))
        b.save(image, tmp_path / f"CT{number}.dcm")
    case, histogram = curve(tmp_path, RS=egg(), RD=stored_dose(*ROTATED[name]))
    assert case.image is not None
    assert case.image.z_mm.size == 9
    assert largest_difference(histogram, upright[1]) <= 1e-6


@pytest.mark.parametrize("signs", [(1, -1, -1), (-1, 1, -1), (-1, -1, 1)], ids=["x", "y", "z"])
def test_case_41_a_patient_turned_over_has_the_same_dvh(tmp_path, upright, signs):
    """Contours, dose and image turned by 180 degrees about each axis."""
    turn = np.diag(np.array(signs, dtype=float))
    at = places((1, 0, 0), (0, 1, 0), STEP, SIZE)
    dose = dose_at(at, (1, 0, 0), (0, 1, 0), STEP, turn=turn)
    _, histogram = curve(tmp_path, RS=egg(turn), RD=dose)
    assert largest_difference(histogram, upright[1]) <= 2e-3


@pytest.mark.parametrize("position", ["HFS", "FFP", ""])
def test_case_43_patient_position_changes_nothing(tmp_path, upright, position):
    dose = stored_dose(*ROTATED["HFP"], PatientPosition=position)
    _, histogram = curve(tmp_path, RS=egg(), RD=dose)
    assert largest_difference(histogram, upright[1]) <= 1e-6


# --- oblique grids ----------------------------------------------------------------------------


def tilted(degrees, axis):
    """Row and column directions turned about a patient axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    a, other = [i for i in range(3) if i != axis]
    matrix[np.ix_([a, other], [a, other])] = [[c, -s], [s, c]]
    return matrix[:, 0], matrix[:, 1]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("degrees", "axis"), [(5, 2), (-20, 2), (4, 0), (8, 1), (95, 2)])
def test_case_44_an_oblique_dose_grid_is_resampled_and_the_cost_is_said(
    tmp_path, upright, degrees, axis, descending
):
    row, column = tilted(degrees, axis)
    at = places(row, column, STEP, SIZE + 8)
    dose = dose_at(at, row, column, STEP)
    if descending:
        dose = dose_at(at[::-1], row, column, STEP)
        dose.GridFrameOffsetVector = (-STEP[2] * np.arange(at.shape[0])).tolist()
    case, histogram = curve(tmp_path, RS=egg(), RD=dose)
    assert largest_difference(histogram, upright[1]) <= 4e-3
    (repair,) = case.provenance.repairs
    assert repair.quirk == "oblique-dose-grid"
    assert f"tilted by {abs(degrees) if degrees < 90 else degrees - 90} degrees" in repair.detail
    assert "of its maximum" in repair.detail
    told = dvh(case).structures["Egg"]
    assert told.outside_dose_grid_cc == pytest.approx(0.0, abs=1e-9)


def test_case_44_what_an_oblique_grid_does_not_hold_stays_outside(tmp_path):
    """No dose is made up beyond the stored grid: the egg leaves a small, tilted grid."""
    row, column = tilted(30, 2)
    at = places(row, column, STEP, np.array([13, 11, 9]))
    case, histogram = curve(tmp_path, RS=egg(), RD=dose_at(at, row, column, STEP))
    centres = np.stack(np.meshgrid(case.dose.x_mm, case.dose.y_mm, indexing="ij"), axis=-1)
    within = np.abs((centres - CENTRE[:2]) @ np.stack([row[:2], column[:2]], axis=1))
    assert (within <= np.array([12.0, 12.5]) + 1e-6).all()
    assert histogram.outside_grid_cc > 0.1 * histogram.volume_cc


def test_case_44_an_oblique_grid_of_uneven_frames_is_refused(tmp_path):
    row, column = tilted(10, 2)
    at = places(row, column, STEP, SIZE)
    dose = dose_at(at, row, column, STEP)
    offsets = STEP[2] * np.arange(SIZE[2])
    offsets[-1] += 1
    dose.GridFrameOffsetVector = offsets.tolist()
    (case,) = load_cases(b.save_case(tmp_path, RS=egg(), RD=dose))
    assert isinstance(case.dose, Reason)
    assert "oblique" in case.dose.detail


def test_case_44_directions_that_are_not_right_angled_are_refused(tmp_path):
    dose = stored_dose((1, 0, 0), (0, 1, 0))
    dose.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.1736, 0.9848, 0.0]
    (case,) = load_cases(b.save_case(tmp_path, RS=egg(), RD=dose))
    assert isinstance(case.dose, Reason)
    assert "not perpendicular unit vectors" in case.dose.detail


# --- contours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "plane"), [((2, 0, 1), "sagittal"), ((0, 2, 1), "coronal")], ids=str
)
def test_case_27_sagittal_and_coronal_contours_are_refused_by_name(tmp_path, order, plane):
    flat = [(*p, 5.0) for p in b.SQUARE]
    turned = [tuple(p[i] for i in order) for p in flat]
    text = b.decimals(v for p in turned for v in p)
    drawn = [b.contour(0.0, text=text), b.contour(0.0, text=text)]
    structures = b.structure_set(b.roi(7, "Cord", drawn), b.roi(8, "Liver", b.stack()))
    (case,) = load_cases(b.save_case(tmp_path, RS=structures))
    cord, liver = case.structures.structures
    assert cord.problem.code is ReasonCode.STRUCTURE_UNREADABLE
    assert "'Cord' (ROI 7): contour 1 is not axial" in cord.problem.detail
    assert f"it is {plane}" in cord.problem.detail
    assert liver.problem is None


def test_case_27_a_tilted_contour_is_refused_with_its_tilt(tmp_path):
    rise = np.tan(np.radians(10))
    points = [(x, y, y * rise) for x, y in b.SQUARE]
    bad = b.contour(0.0, text=b.decimals(v for p in points for v in p))
    structures = b.structure_set(b.roi(7, "Cord", [b.contour(-9.0), bad]))
    (case,) = load_cases(b.save_case(tmp_path, RS=structures))
    (cord,) = case.structures.structures
    assert "contour 2 is not axial: its plane is tilted by 10 degrees" in cord.problem.detail
