"""Doses that names of targets carry, in any spelling."""

from __future__ import annotations

import pytest

from sbrt_qa.protocol.name_dose import dose_in_name


@pytest.mark.parametrize(
    "name",
    [
        "PTV_4500", "ptv4500", "PTV4500", "PTV-4500", "PTV４５００", "PTVp1_4500", "PTV!_4500",
        "PTV_4500-03", "PTV_High_4500", "PTV 4500cGy", "PTV_4500 cGy", "PTV_45Gy", "PTV 45 Gy",
        "PTV45gy", "PTV 45.0Gy", "PTV 45,0 Gy", "PTV_45p0Gy", "PTV45", "ptv_45", "PTV.45",
        "PTV_45.0", "PTV45/5", "PTV_45Gy/5F", "PTV 45Gy in 5", "PTV_45Gy_5fx", "PTV45Gy5fx",
        "PTV_900x5", "PTV_9x5", "PTV_9Gyx5", "PTV_5x9Gy", "PTV 5 x 9 Gy", "PTV_5fx9Gy",
        "PTV_900cGyx5", "PTV_3x15", "PTV 45GyE", "PTV 45 戈瑞", "靶区45戈瑞", "PTV 45 Гр",
        "PTV1_45Gy", "PTV2_45 G", "PTV45_new", "PTV_Dose45", "PTV(45)", "Lesion 45 Gy",
    ],
)  # fmt: skip
def test_a_dose_of_45_gy_in_any_spelling(name: str) -> None:
    carried = dose_in_name(name)
    assert carried is not None
    assert carried.agrees(45.0, 0.005), carried
    assert not carried.agrees(50.0, 0.005), carried


@pytest.mark.parametrize(
    ("name", "totals_gy", "fractions"),
    [
        ("PTV_Liver_2000x3", (60.0, 20.0), 3),
        ("PTV_5000x5", (50.0,), 5),
        ("PTV_54Gy3fx", (54.0,), 3),
        ("PTV_50/5", (50.0,), 5),
        ("PTV_50p4Gy", (50.4,), None),
    ],
)
def test_readings_of_a_name(name: str, totals_gy: tuple[float, ...], fractions: int | None) -> None:
    carried = dose_in_name(name)
    assert carried is not None
    assert carried.totals_gy == pytest.approx(totals_gy)
    assert carried.fractions == fractions


@pytest.mark.parametrize(
    "name",
    [
        "PTV", "PTV1", "PTV2", "PTV12", "PTV_02", "PTV+5mm", "PTV +5", "PTV-03", "CTV_D2CM",
        "GTV_10cc", "PTV_95%", "ITV_T50", "GTV T0-T90", "PTV_V95", "PTV_30mm", "PTV 0.5 cm", "",
        "PTV_2023",
    ],
)  # fmt: skip
def test_numbers_that_are_no_dose(name: str) -> None:
    assert dose_in_name(name) is None


def test_a_long_name_is_read_in_time() -> None:
    assert dose_in_name("PTV" + "1x" * 100_000) is None
