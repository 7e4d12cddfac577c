"""DVHs stored in an RTDOSE: which are kept, and what their numbers mean."""

from __future__ import annotations

import os
from pathlib import Path

import builders as make
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.case import Case

REAL = Path(os.environ.get("SBRT_QA_CASES", Path(__file__).parents[2].parent / "shared" / "cases"))


def stored(data: bytes = b"1\\10\\1\\10\\1\\5", roi: int = 1, **changes: object) -> Dataset:
    """10 cc: all receives 1 Gy, half of it 2 Gy, none 3 Gy."""
    referenced = make.item(ReferencedROINumber=roi, DVHROIContributionType="INCLUDED")
    elements: dict[str, object] = {
        "DVHType": "CUMULATIVE", "DoseUnits": "GY", "DoseType": "PHYSICAL", "DVHDoseScaling": 1,
        "DVHVolumeUnits": "CM3", "DVHReferencedROISequence": Items([referenced]),
    }  # fmt: skip
    return make.raw(make.item(**(elements | changes)), "DVHData", data, "DS")


def case_with(folder: Path, *histograms: Dataset, **elements: object) -> Case:
    dose = make.dose(DVHSequence=Items(list(histograms)), **elements)
    return load_cases([make.save_case(folder, RD=dose)])[0]


def test_a_cumulative_curve_is_read_at_lower_edges(tmp_path: Path) -> None:
    (found,) = case_with(tmp_path, stored()).stored_dvhs
    assert found.roi_number == 1
    assert found.volume_cc == 10
    assert found.dose_gy.tolist() == [0, 1, 2, 3]
    assert found.fraction.tolist() == [1, 1, 0.5, 0]
    assert (found.curve_min_gy, found.curve_max_gy, found.curve_mean_gy) == (1, 3, 2)


def test_case_15__scaling_applies_to_dose_not_to_volume(tmp_path: Path) -> None:
    (found,) = case_with(tmp_path, stored(DVHDoseScaling="0.5", DVHMaximumDose=1.5)).stored_dvhs
    assert found.dose_gy.tolist() == [0, 0.5, 1, 1.5]
    assert found.volume_cc == 10
    assert found.max_gy == 1.5


@pytest.mark.parametrize(
    ("data", "changes", "doses", "fractions", "volume_cc"),
    [
        (b"1\\0\\1\\5\\1\\5", {"DVHType": "DIFFERENTIAL"}, [0, 1, 2, 3], [1, 1, 0.5, 0], 10),
        (b"0\\10\\1\\10\\1\\5", {}, [0, 1, 2, 3], [1, 1, 0.5, 0], 10),
        (b"100\\10\\100\\5", {"DoseUnits": "CGY"}, [0, 1, 2], [1, 0.5, 0], 10),
        (b"1\\100\\1\\50", {"DVHVolumeUnits": "PERCENT"}, [0, 1, 2], [1, 0.5, 0], None),
        (b"1\\10\\1\\5\\1\\-1E-13", {}, [0, 1, 2, 3], [1, 0.5, 0, 0], 10),
    ],
    ids=["differential", "doses step from 0", "cGy", "per cent", "rounding below 0"],
)
def test_forms_in_use(
    tmp_path: Path,
    data: bytes,
    changes: dict[str, object],
    doses: list[float],
    fractions: list[float],
    volume_cc: float | None,
) -> None:
    (found,) = case_with(tmp_path, stored(data, **changes)).stored_dvhs
    assert found.dose_gy.tolist() == pytest.approx(doses)
    assert found.fraction.tolist() == pytest.approx(fractions)
    assert found.volume_cc == volume_cc


@pytest.mark.parametrize(
    ("data", "changes", "why"),
    [
        (b"1\\10\\1", {}, "pairs of width and volume"),
        (b"1\\10\\1\\nan", {}, "no number"),
        (b"1\\10\\0\\5", {}, "not positive"),
        (b"1\\0\\1\\0", {}, "no volume"),
        (b"1\\5\\1\\10", {}, "volumes rise"),
        (b"1\\10\\1\\5", {"DVHDoseScaling": None}, "DVH Dose Scaling"),
        (b"1\\10\\1\\5", {"DoseUnits": "RELATIVE"}, "not Gy"),
        (b"1\\10\\1\\5", {"DoseType": "EFFECTIVE"}, "not physical"),
        (b"1\\10\\1\\5", {"DVHVolumeUnits": "ML"}, "Volume Units"),
        (b"1\\10\\1\\5", {"DVHType": "NATURAL"}, "neither cumulative"),
        (b"1\\10\\1\\5", {"DVHReferencedROISequence": None}, "exactly one"),
    ],
)
def test_what_cannot_be_compared_is_left_out_and_said(
    tmp_path: Path, data: bytes, changes: dict[str, object], why: str
) -> None:
    case = case_with(tmp_path, stored(data, **changes), stored())
    assert len(case.stored_dvhs) == 1
    (note,) = [n for n in case.provenance.notes if "stored DVH 1 is not used" in n]
    assert why in note


def test_statistics_in_per_cent_of_the_prescription_are_read_as_such(tmp_path: Path) -> None:
    """Prescribed are 50 Gy; the curve ends at 52.5 Gy, so a maximum of 105 is per cent."""
    data = b"50\\10\\2.5\\5"
    changes = {"DVHMinimumDose": 100, "DVHMeanDose": 102, "DVHMaximumDose": 105}
    case = case_with(tmp_path, stored(data, **changes))
    (found,) = case.stored_dvhs
    assert (found.min_gy, found.mean_gy, found.max_gy) == pytest.approx((50, 51, 52.5))
    assert "dvh-statistics-in-percent" in {r.quirk for r in case.provenance.repairs}


def test_statistics_in_gy_stay(tmp_path: Path) -> None:
    case = case_with(tmp_path, stored(b"50\\10\\2.5\\5", DVHMaximumDose=52.4, DVHMeanDose=51))
    assert (case.stored_dvhs[0].max_gy, case.stored_dvhs[0].mean_gy) == (52.4, 51)
    assert not case.provenance.repairs


def test_statistics_that_contradict_the_curve_are_dropped(tmp_path: Path) -> None:
    case = case_with(tmp_path, stored(DVHMaximumDose=17))
    assert case.stored_dvhs[0].max_gy is None
    assert any("contradict" in n for n in case.provenance.notes)


def test_case_49__a_summed_dose_does_not_reuse_a_stored_dvh(tmp_path: Path) -> None:
    sequence = Items([stored()])
    for number in (1, 2):
        beam = make.dose(
            uid=f"1.2.3.3{number}", summation="BEAM", beams=(number,), DVHSequence=sequence
        )
        make.save(beam, tmp_path / f"RD{number}.dcm")
    case = load_cases([make.save_case(tmp_path, RD=None)])[0]
    assert case.dose.summation == "SUMMED_BEAMS"
    assert case.stored_dvhs == ()
    assert any("summed dose" in n for n in case.provenance.notes)


def test_dvhs_of_another_structure_set_are_not_used(tmp_path: Path) -> None:
    other = Items([make.reference("1.2.3.999")])
    case = case_with(tmp_path, stored(), ReferencedStructureSetSequence=other)
    assert case.stored_dvhs == ()


@pytest.mark.real_exports
@pytest.mark.skipif(not REAL.is_dir(), reason="real exports are not here")
def test_eclipse_statistics_in_percent_agree_with_their_curves() -> None:
    (case,) = load_cases([REAL / "dicompyler_breast_boost"])
    assert len(case.stored_dvhs) == 9
    for found in case.stored_dvhs:
        assert found.max_gy == pytest.approx(found.curve_max_gy, abs=0.021)
        assert np.all(np.diff(found.fraction) <= 0)
