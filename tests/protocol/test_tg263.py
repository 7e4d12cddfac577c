"""The names of AAPM TG-263: its list, what its rules make of it, which listed name is nearest."""

from __future__ import annotations

import pytest

from sbrt_qa.protocol.tg263 import is_name, listed_names, nearest_name


def test_the_list_is_whole_and_keeps_the_form() -> None:
    names = listed_names()

    assert len(names) == len(set(names)) == 718
    assert all(0 < len(n) <= 16 and n.isascii() and " " not in n for n in names)
    assert {"A_Aorta", "Bowel_Small", "Glnd_Submand_L", "VB_T12", "Wall_Vagina"} <= set(names)


def test_every_name_of_the_list_is_one_in_either_order() -> None:
    for name in listed_names():
        with_digits = name.replace("xxxx", "5000").replace("xx", "05").replace("PRVx", "PRV3")
        other = "-".join("_".join(reversed(p.split("_"))) for p in with_digits.split("-"))

        assert is_name(with_digits), name
        assert is_name(other), name


@pytest.mark.parametrize(
    "name",
    ["Stomach_PRV05", "OpticNrv_PRV03_L", "Retina_PRV_R", "Lung~_L", "Brain~", "Liver-PTV",
     "Bowel-PTV", "GTV^mine", "Bolus_05mm", "PTV_High", "PTV_Mid01", "PTV1", "PTV_5000",
     "PTV_50Gyx5", "PTV_50p4Gy", "GTVp1_CT1PT1", "PTV_Liver_5000", "PTV!", "PTV_Low-03",
     "IGTV", "CTVn2", "PTV_Lung"],
)  # fmt: skip
def test_the_rules_make_names_of_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("LIVER", "Liver"), ("BODY", "Body"), ("Spinal Cord", "SpinalCord"),
        ("Left Kidney", "Kidney_L"), ("kidney rt", "Kidney_R"), ("RT_LUNG", "Lung_R"),
        ("Oesophagus", "Esophagus"), ("Duodenm", "Duodenum"),
        ("Colon_Descending", "Colon_Decending"),
        ("Liver - GTV", "Liver-GTV"), ("PTV 50Gy", "PTV"), ("PTV_total", "PTV"),
    ],
)  # fmt: skip
def test_the_nearest_name_is_told(name: str, nearest: str) -> None:
    assert not is_name(name)
    assert nearest_name(name) == nearest


@pytest.mark.parametrize(
    "name",
    ["Kidney", "Lung", "Couch", "Ring", "-Liver", "Liver-", "", "Dose 4000[cGy]", "肝", "PTV-",
     "Stomach_PRVxx", "PTV_Nowhere"],
)  # fmt: skip
def test_what_is_no_name_is_none(name: str) -> None:
    assert not is_name(name)


def test_no_name_is_near_that_means_something_else() -> None:
    """One kidney is not both, what is left of the liver not the liver, left not right."""
    assert nearest_name("Kidney") is None
    assert nearest_name("Liver minus") != "Liver"
    for name in ("Kidny_L", "Left Kidny", "Fmur_Head_L"):
        assert (nearest_name(name) or "").endswith("_L")
