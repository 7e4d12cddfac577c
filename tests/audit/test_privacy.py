"""Identifiers are told without being repeated, and do not stay in what is stored."""

from __future__ import annotations

import json

import pytest

from sbrt_qa.audit.privacy import REMOVED, Header, Texts, names_patient, scan, scrub
from sbrt_qa.audit.renaming import renamed_text
from sbrt_qa.errors import quoted, visible

CODES = ("S1", "S1-001")
SOUND = Header(("SBRTQA^S1-001",), ("S1-001",), codes=CODES)
ERIKA = Header(("Muster^Erika",), ("4711-99",), ("19630812",), codes=CODES)


def codes(header: Header, texts: Texts = Texts()) -> list[str]:  # noqa: B008 - frozen
    return [one.code for one in scan(header, texts).findings]


@pytest.mark.parametrize(
    "header",
    [
        Header(),
        SOUND,
        Header(("anonymous",), ("anon",)),
        Header(("ANON^PATIENT",), ("XXX",)),
        Header(("S1_001",), ("s1-001",), codes=CODES),
    ],
)
def test_what_is_anonymous_is_no_finding(header):
    assert codes(header) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (Header(("Muster^Erika",), codes=CODES), "IDENTIFIER_PATIENT_NAME"),
        (Header(ids=("12345678",), codes=CODES), "IDENTIFIER_PATIENT_ID"),
        (Header(birth_dates=("19630812",)), "IDENTIFIER_BIRTH_DATE"),
        (Header(people={"OperatorsName": ("Meier^Max",)}), "IDENTIFIER_ELEMENTS"),
        (Header(others={"PatientAddress": ("x",)}), "IDENTIFIER_ELEMENTS"),
        (Header(private={"RTPLAN": 3}), "IDENTIFIER_PRIVATE_TAGS"),
    ],
)
def test_what_headers_should_not_hold(header, expected):
    assert codes(header) == [expected]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (Texts(structures=("PTV Muster",)), "IDENTIFIER_IN_ROI_NAME"),
        (Texts(structures=("PTV_4711-99",)), "IDENTIFIER_IN_ROI_NAME"),
        (Texts(structures=("Doe^Jane",)), "IDENTIFIER_IN_ROI_NAME"),
        (Texts(labels=("ERIKA SBRT",)), "IDENTIFIER_IN_LABEL"),
        (Texts(labels=("plan 1963-08-12",)), "IDENTIFIER_IN_LABEL"),
        (Texts(structures=("PTVMuster1",)), "IDENTIFIER_IN_ROI_NAME"),
        (Texts(structures=("GTV 12.08.1963",)), "IDENTIFIER_IN_ROI_NAME"),
        (Texts(labels=("08121963",)), "IDENTIFIER_IN_LABEL"),
        (Texts(labels=("born 3/4/1951",)), "IDENTIFIER_IN_LABEL"),
        (Texts(files=(("RD_muster.dcm", "RTDOSE"),)), "IDENTIFIER_IN_FILE_NAME"),
    ],
)
def test_names_that_people_wrote_are_searched(texts, expected):
    assert expected in codes(ERIKA, texts)
    assert expected not in codes(ERIKA, Texts(("PTV", "Liver"), ("SBRT",), (("RD.1.dcm", "x"),)))


def test_findings_repeat_nothing():
    texts = Texts(("PTV Muster",), ("Erika",), (("Muster.dcm", "RTDOSE"),))
    header = Header(ERIKA.names, ERIKA.ids, ERIKA.birth_dates, {"OperatorsName": ("Meier^Max",)})
    found = scan(header, texts)
    shown = f"{found.findings} {found!r} {header!r}".casefold()
    for secret in ("muster", "erika", "4711", "1963", "meier"):
        assert secret not in shown


def test_what_is_stored_is_cleaned():
    texts = Texts(
        ("PTV Muster", "Liver"), ("Erika",), (("RD_muster.dcm", "RTDOSE"), ("a note.txt", ""))
    )
    found = scan(ERIKA, texts)
    data = {
        "name": "PTV Muster",
        "note": "RD_muster.dcm: 'PTV Muster' is empty; a note.txt",
        "list": ["Liver", 1.5, None, "Erika"],
    }
    assert scrub(data, found) == {
        "name": f"PTV {REMOVED}",
        "note": f"RTDOSE-1: 'PTV {REMOVED}' is empty; file-2",
        "list": ["Liver", 1.5, None, REMOVED],
    }


def test_two_names_that_are_cleaned_stay_two():
    found = scan(ERIKA, Texts(("PTV Muster", "PTV Erika", f"PTV {REMOVED} 2")))
    cleaned = [found.clean(name) for name in ("PTV Muster", "PTV Erika")]
    assert cleaned == [f"PTV {REMOVED}", f"PTV {REMOVED} 3"]


@pytest.mark.parametrize("name", ["PTV_50.4", "GTV_v1.2.3", "Ring 5-10", "V20Gy", "CTV4"])
def test_numbers_in_names_of_structures_are_no_dates(name):
    assert codes(SOUND, Texts((name,))) == []


def test_words_of_the_protocol_are_no_names():
    header = Header(("Liver^Heart",), codes=CODES)
    texts = Texts(("Liver", "Heart"), vocabulary=frozenset({"liver", "heart"}))
    found = scan(header, texts)
    assert [f.code for f in found.findings] == ["IDENTIFIER_PATIENT_NAME"]
    assert found.clean("Liver") == "Liver"


def test_codes_of_results_stay_whatever_a_structure_is_called():
    found = scan(Header(("minor^Major",)), Texts(("minor", "major")))
    assert scrub(["minor", "no_dose", "minor x"], found) == ["minor", "no_dose", f"{REMOVED} x"]


@pytest.mark.parametrize(
    "name", ["RTPLAN.dcm", "CT_001.dcm", "RD.1.2.840.113619.2.dcm", "1.dcm", "IM12345", "RS-3"]
)
def test_plain_file_names_stay(name):
    found = scan(SOUND, Texts(files=((name, "CT"),)))
    assert found.clean(name) == name
    assert found.findings == ()


@pytest.mark.parametrize("name", ["12345678.dcm", "export of monday.dcm"])
def test_other_file_names_are_replaced(name):
    found = scan(SOUND, Texts(files=((name, "CT"),)))
    assert found.clean(f"{name}: broken") == "CT-1: broken"


@pytest.mark.parametrize(
    ("code", "refused"),
    [("S04-004", False), ("S04_Muster", True), ("4711008", True), ("S05-004", True)],
)
def test_a_number_of_the_trial_stays_a_code_beside_a_name_that_was_left(code, refused):
    header = Header(("Muster^Erika",), (code,), ())
    assert names_patient(code, header, ("S04",)) is refused


def test_case_140__a_text_is_cleaned_in_every_form_that_messages_give_it():
    long = f"PTV Muster {'x' * 90}"
    odd = "\u202ePTV Muster"
    found = scan(ERIKA, Texts((long, odd)))
    for text in (quoted(long), quoted(odd), f"{visible(odd)}: empty"):
        assert "Muster" not in found.clean(text)


def test_case_140__a_name_read_in_doubt_leaves_neither_itself_nor_its_bytes():
    header = Header(("Grünhöfer^Jürgen",), people={"OperatorsName": ("Köstwirt^Ulrich",)})
    found = scan(header, Texts())
    for name in (*header.names, *header.people["OperatorsName"]):
        raw = name.encode()
        detail = f"declared as latin_1, but read as utf-8: {quoted(name)}; bytes {raw.hex(' ')}"
        clean = found.clean(detail)
        assert name not in clean
        assert raw[:4].hex(" ") not in clean
        assert found.clean(raw.hex(" ")) == REMOVED  # as the part of a sentence by itself
    for text in ("angles 10 20 30", "at 12 5 mm", "be at 10 mm"):
        assert found.clean(text) == text
    assert scan(SOUND, Texts()).clean("bytes e8 91 a3") == "bytes e8 91 a3"


@pytest.mark.parametrize(
    "code", ["Muster", "MUSTER-1", "Erika7", "4711", "muster_e", "19630812", "12081963"]
)
def test_case_140__a_code_that_is_the_patients_own_name_or_number_is_none(code):
    header = Header(("Muster^Erika",), ("4711",), ("19630812",))
    assert names_patient(code, header)


@pytest.mark.parametrize("code", ["S01-001", "017", "LIVER-4", "P4711X"])
def test_case_140__other_codes_are_codes(code):
    assert not names_patient(code, Header(("Muster^Erika",), ("4711",), ("19630812",)))
    assert not names_patient(code, Header((code,), (code,)))  # de-identified by its code
    assert not names_patient("CLINIC", Header((f"CLINIC^{code}",), (code,)))


def test_case_140__a_pseudonym_stands_for_a_code_within_words_but_for_no_number():
    names = {"S01-001": "P-1", "5": "P-2"}
    data = {"a": "PTV_S01-001_x", "b": "27.5 of 5 Gy", "c": "5", "d": "xS01-0012"}
    told = json.loads(renamed_text(json.dumps(data), names, str))
    assert told == {"a": "PTV_P-1_x", "b": "27.5 of 5 Gy", "c": "P-2", "d": "xS01-0012"}
