"""Dose units in lower case: a value that is repaired, one left alone, and what the log keeps."""

from sbrt_qa.dicom.quirks import DOSE_UNITS, QUIRKS, Log

NAME = "dose-units-in-lower-case"


def test_lower_case_is_repaired_and_capitals_are_left_alone():
    repair = QUIRKS[NAME].repair
    assert repair("Gy").value == "GY"
    assert repair("GY") is None


def test_the_repair_is_in_the_provenance():
    log = Log()
    assert DOSE_UNITS.mend("Gy", "RTDOSE", log) == "GY"
    assert [(one.quirk, one.where) for one in log.repairs] == [(NAME, "RTDOSE")]
