"""Hand-made cases: squares for structures, and histograms whose metrics are one division."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, DoseType
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import load_protocol

SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


@pytest.fixture(scope="session")
def liver() -> Protocol:
    return load_protocol("liver_sbrt")


@pytest.fixture(scope="session")
def structure_set() -> Callable[..., StructureSet]:
    return _structure_set


@pytest.fixture(scope="session")
def flat_dvh() -> Callable[..., DVH]:
    return _flat_dvh


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    return _make_case


def _structure_set(names: Iterable[str], empty: Iterable[str] = ()) -> StructureSet:
    """ROI numbers count from 1, first `names`, then `empty`."""
    contours = tuple(Contour(z, SQUARE) for z in (0.0, 3.0, 6.0))
    solid = [Structure(i, name, contours) for i, name in enumerate(names, 1)]
    hollow = [Structure(len(solid) + i, name) for i, name in enumerate(empty, 1)]
    return StructureSet((*solid, *hollow))


def _flat_dvh(
    low_gy: float, high_gy: float, volume_cc: float = 1000.0, outside_cc: float = 0.0
) -> DVH:
    """Dose spread evenly between two values."""
    inside_cc = volume_cc - outside_cc
    return DVH(
        volume_cc=volume_cc,
        outside_grid_cc=outside_cc,
        dose_gy=np.array([low_gy, high_gy]),
        cumulative_cc=np.array([inside_cc, 0.0]),
        min_gy=low_gy,
        mean_gy=(low_gy + high_gy) / 2,
        max_gy=high_gy,
    )


def _make_case(
    names: Iterable[str] = (),
    *,
    empty: Iterable[str] = (),
    prescription_gy: float | Reason | None = 50.0,
    fractions: int | Reason | None = 5,
    dose: Reason | None = None,
    dose_type: DoseType = DoseType.PHYSICAL,
    structures: Reason | None = None,
    plan: Reason | None = None,
) -> Case:
    prescribed = prescription_gy
    if isinstance(prescription_gy, float):
        source = PrescriptionSource.TARGET_PRESCRIPTION_DOSE
        prescribed = Prescription(prescription_gy, source)
    axis = np.array([0.0, 2.0])
    grid = DoseGrid(np.full((2, 2, 2), 65.0), axis, axis, axis, dose_type=dose_type)
    return Case(
        label="test",
        plan=plan or Plan("1.2.3", "test", prescription=prescribed, fractions=fractions),
        structures=structures or _structure_set(names, empty),
        dose=dose or grid,
    )
