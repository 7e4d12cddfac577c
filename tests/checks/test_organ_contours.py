"""Organs in question: seeded errors in the sample patient are found, the sound one raises none.

The whole bench is `scripts/bench contours`; this is a small part of it, on the sample patient.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa import load_cases, load_protocol
from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import CHECKS, Group
from sbrt_qa.checks.run_checks import run_checks
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import DicomError
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.rasters import CellRaster, filled
from sbrt_qa.model.case import Case
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.matching import Matcher
from sbrt_qa.testing.phantoms.contour_errors import ERRORS, seeded

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"
LIVER = load_protocol("liver_sbrt")
CODES = [c.code for c in CHECKS.values() if c.group is Group.CONTOURS]


@pytest.fixture(scope="module")
def sample() -> Case:
    return load_cases(SAMPLE)[0]


def found_in(case: Case):
    numbers = frozenset(s.roi_number for s in case.structures.structures)
    find = Matcher(LIVER, case.structures, {}).find
    return run_checks(CheckContext(CaseDoses(case), numbers, LIVER, find), CODES)


def with_error(case: Case, kind: str, size: int, number: int = 0):
    changed, names = seeded(case.structures, ERRORS[kind], size, number)
    return dataclasses.replace(case, structures=changed), names


def test_half_a_stomach_and_a_target_in_the_lung_are_asked_about(sample):
    """A hollow organ has neighbours that look like its wall: there its flat side tells."""
    half, names = with_error(sample, "half drawn", 2, number=1)
    assert names == ("Stomach",)
    assert "Stomach" in {f.where for f in found_in(half).findings}
    by_name = {s.name: s for s in sample.structures.structures}
    lung = max(by_name["Lungs"].contours, key=lambda c: np.ptp(c.xy_mm, axis=0).prod())
    edge = lung.xy_mm[lung.xy_mm[:, 0].argmin()] + (14.0, 0.0)
    turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    circle = edge + 8.0 * np.column_stack([np.cos(turn), np.sin(turn)])
    moved = tuple(Contour(lung.z_mm - 3.0 * k, circle) for k in (3, 2, 1, 0))
    changed = tuple(
        dataclasses.replace(s, contours=moved) if s.name == "CTV" else s
        for s in sample.structures.structures
    )
    structures = dataclasses.replace(sample.structures, structures=changed)
    done = found_in(dataclasses.replace(sample, structures=structures))
    (found,) = [f for f in done.findings if f.code == "ORGAN_TISSUE" and f.where == "CTV"]
    assert "lung or gas" in found.message


def test_the_group_is_called_contours():
    assert {CHECKS[c].group for c in CODES} == {"contours"}
    assert len(CODES) >= 7


@pytest.mark.parametrize("with_image", [True, False])
def test_a_sound_patient_raises_no_question(sample, with_image):
    case = sample if with_image else dataclasses.replace(sample, image=None)
    done = found_in(case)
    assert done.findings == ()
    silent = {f.code for f in done.not_told}
    assert silent == (set() if with_image else {"ORGAN_OUTLINE", "ORGAN_TISSUE"})
    assert with_image or all("no image" in f.message for f in done.not_told)


@pytest.mark.parametrize(
    ("kind", "size", "number"),
    [
        ("sideways", 1, 0),
        ("front or back", 1, 0),
        ("wrong level", 1, 1),
        ("too wide", 0, 0),
        ("too tight", 1, 2),
        ("planning volume", 1, 1),
        ("cut below", 1, 1),
        ("half drawn", 1, 0),
        ("wrong side", 0, 0),
        ("copy", 1, 0),
        ("joined", 1, 0),
        ("cord aside", 1, 1),
    ],
)
def test_a_seeded_error_is_a_question_about_that_organ(sample, kind, size, number):
    case, names = with_error(sample, kind, size, number)
    about = [f for f in found_in(case).findings if set(f.where.split(", ")) & set(names)]
    assert about
    assert {f.group for f in about} == {"contours"}
    assert {f.verdict for f in about} == {"minor"}
    assert all(f.expected and f.advice for f in about)


@pytest.mark.parametrize(("size", "number"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)])
def test_an_organ_with_blunt_ends_is_cut_where_its_tissue_goes_on(sample, size, number):
    """Half a duodenum meets its limit more easily than the whole; only the image can tell."""
    cut, names = with_error(sample, "cut, other", size, number)
    (found,) = (f for f in found_in(cut).findings if f.code == "ORGAN_END")
    assert (found.where,) == names
    blind = found_in(dataclasses.replace(cut, image=None))
    assert "ORGAN_END" not in {f.code for f in blind.findings}


@pytest.mark.parametrize("size", range(2))
def test_exchanged_names_are_called_exchanged(sample, size):
    case, names = with_error(sample, "swapped", size)
    told = [f for f in found_in(case).findings if f.code == "ORGANS_SWAPPED"]
    assert [set(f.where.split(", ")) for f in told] == [set(names)]
    assert "look exchanged" in told[0].message


def test_pixels_that_cannot_be_read_are_told(sample):
    def broken(_: int) -> np.ndarray:
        raise DicomError("no pixels")

    image = dataclasses.replace(sample.image, load_slice=broken)
    done = found_in(dataclasses.replace(sample, image=image))
    assert {f.code for f in done.findings} == {"ORGAN_TISSUE", "ORGAN_OUTLINE"}
    assert all("could not be looked at" in f.message for f in done.findings)
    assert all(f.verdict is None for f in done.findings)


def test_only_some_slices_are_read_one_by_one(sample):
    read: list[int] = []
    whole = sample.image.load_hu()

    def load(index: int) -> np.ndarray:
        read.append(index)
        return whole[index]

    image = dataclasses.replace(sample.image, load_slice=load, load_hu=ImageSeries.__new__)
    found_in(dataclasses.replace(sample, image=image))
    assert len(read) == len(set(read)) <= sample.image.z_mm.size


def test_a_narrower_range_of_the_protocol_counts_and_a_wider_one_does_not(sample):
    numbers = frozenset(s.roi_number for s in sample.structures.structures)
    find = Matcher(LIVER, sample.structures, {}).find
    context = CheckContext(CaseDoses(sample), numbers, LIVER, find)
    examine = CHECKS["ORGAN_SIZE"].examine
    narrow = [o.where for o in examine(context, ranges=("Spleen volume_cc 200 1000",))]
    assert "Spleen" in narrow
    wide = [o.where for o in examine(context, ranges=("Spleen volume_cc 1 9000",))]
    assert "Spleen" not in wide


def test_a_disc_with_a_hole_fills_as_many_cells_as_its_area():
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outer, inner = (np.column_stack([r * np.cos(t), r * np.sin(t)]) for r in (30.0, 10.0))
    contours = [Contour(z, xy) for z in (0.0, 3.0, 6.0) for xy in (outer, inner)]
    disc = Structure(1, "Disc", tuple(contours))
    raster = CellRaster(np.arange(-6, 13, 3.0), (-40, -40), (0.5, 0.5), (161, 161))
    inside = filled(stack_planes(disc), raster, 3.0)
    assert inside.any(axis=(1, 2)).tolist() == [False, False, True, True, True, False, False]
    area = np.count_nonzero(inside[2]) * 0.25
    assert area == pytest.approx(np.pi * (30**2 - 10**2), rel=0.01)


def test_a_phantom_of_boxes_is_left_alone():
    corners = np.array([[-20.0, -20], [20, -20], [20, 20], [-20, 20]])
    planes = tuple(Contour(z, corners) for z in np.arange(0, 30, 3.0))
    parts = StructureSet((Structure(1, "Liver", planes), Structure(2, "Stomach", planes)))
    done = found_in(Case("BOXES", None, parts, None))
    assert done.findings == ()
    assert {f.code for f in done.not_told} == set(CODES)
