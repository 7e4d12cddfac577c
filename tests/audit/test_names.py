"""Case 140: names, numbers and dates of birth are found in every way that people write them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sbrt_qa.audit.privacy import REMOVED, Header, Texts, scan

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "dicom")]

from invented_names import patients, ways
from structure_names import NAMES as SOUND

CODES = ("S1", "S1-001")


def found(header: Header, text: str) -> bool:
    return bool([one for one in scan(header, Texts((text,))).findings if "ROI_NAME" in one.code])


def test_case_140__every_planted_name_number_and_date_is_found_and_taken_out():
    missed = []
    for patient in patients(60):
        for way, text in ways(patient):
            result = scan(patient.header, Texts((text,)))
            clean = result.clean(text)
            rest = clean.replace(REMOVED, "")
            again = scan(patient.header, Texts((rest,)))
            if clean == text or found(patient.header, rest) or again.clean(rest) != rest:
                missed.append((patient.language, way, text, clean))
    assert missed == []


def test_case_140__sound_names_of_structures_are_no_alarm():
    names = [name for listed in SOUND.values() for name in listed]
    alarms = [
        (patient.surname, patient.given, name)
        for patient in patients(25)
        for name in names
        if found(patient.header, name)
    ]
    assert len(alarms) * 1000 <= len(names) * 25, alarms[:20]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王^伟", "王伟"), ("王^伟", "PTV伟"), ("王^伟", "伟"), ("王伟", "wang wei"),
        ("王伟", "WeiWang"), ("張^偉", "张伟"), ("吕^丽", "lv li"), ("吕^丽", "Lyu Li"),
        ("欧阳^静", "ouyang"), ("Wang^Wei=王^伟", "王伟 SBRT"), ("Müller^Jürgen", "Mueller"),
        ("Weiß^Anna", "WEISS"), ("Søren^Ida", "soren"), ("Li^Bo", "Li_Bo PTV"), ("Li^Bo", "BoLi"),
        ("Щербаков^Пётр", "Shcherbakov"), ("Иванченко^Юлия", "Ivanchenko"),
    ],
)  # fmt: skip
def test_case_140__siblings(name, text):
    assert found(Header((name,), codes=CODES), text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Li^Bo", "Li"), ("Lee^Max", "Max dose"), ("Max^Ana", "PTV_max"), ("左^明", "左肺"),
        ("江^红", "红"), ("Liver^Heart", "Liver"), ("Han^Tan", "Liver-Han"), ("Leber^Ida", "Leber"),
    ],
)  # fmt: skip
def test_a_short_part_and_a_clinical_word_say_nothing_alone(name, text):
    assert not found(Header((name,), codes=CODES), text)


def test_a_short_part_counts_beside_a_second_hint():
    header = Header(("Li^Bo",), ("H1234567",), ("19630812",), codes=CODES)
    for text in ("Li 12.8.63", "Bo H1234567", "Bo Li"):
        assert found(header, text)
        assert scan(header, Texts((text,))).clean(text) == REMOVED
