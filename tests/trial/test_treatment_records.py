"""Treatment records (DICOM) win over forms of fractions; shifted dates are never trusted."""

from __future__ import annotations

import datetime as dt

import pydicom
import pytest

from sbrt_qa.audit.store.trial_records import stored_import
from sbrt_qa.audit.trial_import import import_data, trial_store
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.rtrecord_files import write_records
from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.model.header import Stamp
from sbrt_qa.trial.data_cut import data_cut

SUBJECTS = (
    "subject,site,consent,screened,screen_result,randomised,arm\n"
    "S-7,A,2026-01-02,2026-01-03,eligible,2026-01-05,SBRT\n"
)
COURSE = (
    "subject,course,rx_gy,fractions_planned,fractions_given,dose_given_gy,completed\n"
    "S-7,1,30,3,3,30,Y\n"
)
FORM = (
    "subject,course,fraction,date,gy,source\n"
    "S-7,1,1,2026-03-02,10,CRF\nS-7,1,2,2026-03-04,10,CRF\nS-7,1,3,2026-03-06,10,CRF\n"
)


@pytest.fixture
def data(tmp_path):
    """A folder of canonical files of one irradiated subject."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "subjects.csv").write_text(SUBJECTS)
    (folder / "rt_course.csv").write_text(COURSE)
    (folder / "rt_fractions.csv").write_text(FORM)
    return folder


def records(folder, days, *, code="S-7", modified="UNMODIFIED", delivered=100.0):
    """Write a record for each day, of fractions 1, 2, ..."""
    folder.mkdir()
    sessions = [
        Session("", Stamp(dt.date.fromisoformat(day), dt.time(9, 15)), (
            BeamDelivered(1, number, 100.0, delivered, "NORMAL"),
            BeamDelivered(9, number, None, None, "NORMAL", is_setup=True),
        ))
        for number, day in enumerate(days, 1)
    ]  # fmt: skip
    for path in write_records(sessions, 3, folder, CaseIds("x", "Patient", code)):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = code
        dataset.LongitudinalTemporalInformationModified = modified
        dataset.save_as(path)
    return folder


def imported(tmp_path, data, folder):
    import_data(tmp_path / "audit", data, records=folder, today=dt.date(2026, 12, 1))
    with trial_store(tmp_path / "audit") as engine:
        return stored_import(engine).imported


def fractions(found):
    cut = data_cut(found, dt.date(2026, 12, 1))
    return [(row.text("source"), str(row.day("date")), row.number("gy"), row.text("time"))
            for row in cut.fractions("S-7")]  # fmt: skip


def test_records_win_over_the_form_and_the_difference_is_told(tmp_path, data):
    folder = records(tmp_path / "r", ["2026-03-02", "2026-03-05", "2026-03-06"], delivered=99.0)
    found = imported(tmp_path, data, folder)
    assert fractions(found) == [
        ("RTRECORD", "2026-03-02", 9.9, "09:15"), ("RTRECORD", "2026-03-05", 9.9, "09:15"),
        ("RTRECORD", "2026-03-06", 9.9, "09:15"),
    ]  # fmt: skip
    codes = [one.code for one in found.problems]
    assert "FRACTION_SOURCES" in codes
    assert "DUPLICATE_KEY" not in codes


def test_a_fraction_without_a_record_keeps_the_form(tmp_path, data):
    found = imported(tmp_path, data, records(tmp_path / "r", ["2026-03-02"]))
    assert [one[0] for one in fractions(found)] == ["RTRECORD", "CRF", "CRF"]


def test_shifted_dates_give_intervals_only_and_say_so(tmp_path, data):
    folder = records(
        tmp_path / "r", ["2019-05-01", "2019-05-04", "2019-05-05"], modified="MODIFIED"
    )
    found = imported(tmp_path, data, folder)
    assert [one[1] for one in fractions(found)] == ["2026-03-02", "2026-03-05", "2026-03-06"]
    told = {one.code: one for one in found.problems}
    assert "shifted" in told["RECORD_SHIFTED"].message
    assert "FRACTION_SOURCES" in told  # the second fraction came a day later than the form says


def test_shifted_dates_without_a_form_are_not_taken(tmp_path, data):
    (data / "rt_fractions.csv").unlink()
    folder = records(tmp_path / "r", ["2019-05-01", "2019-05-03"], modified="MODIFIED")
    found = imported(tmp_path, data, folder)
    assert fractions(found) == []
    assert [(p.code, p.level) for p in found.problems if p.code == "RECORD_SHIFTED"] == [
        ("RECORD_SHIFTED", "W")
    ]


def test_the_offset_of_the_crosswalk_moves_dates_back(tmp_path, data):
    from sbrt_qa.deid.crosswalk import Crosswalk, path_of, write_crosswalk
    from sbrt_qa.deid.secret import read_key

    key = tmp_path / "key"
    write_crosswalk(path_of(key), Crosswalk(days={"S-7": -70}), read_key(key))
    folder = records(
        tmp_path / "r", ["2025-12-22", "2025-12-24", "2025-12-26"], modified="MODIFIED"
    )
    import_data(tmp_path / "audit", data, records=folder, key_file=key, today=dt.date(2026, 12, 1))
    with trial_store(tmp_path / "audit") as engine:
        found = stored_import(engine).imported
    assert [one[1] for one in fractions(found)] == ["2026-03-02", "2026-03-04", "2026-03-06"]
    assert "RECORD_SHIFTED" not in {one.code for one in found.problems}


def test_a_record_of_a_stranger_is_told_without_saying_who(tmp_path, data):
    folder = records(tmp_path / "r", ["2026-03-02"], code="Hidden-42")
    found = imported(tmp_path, data, folder)
    assert [one[0] for one in fractions(found)] == ["CRF"] * 3
    (told,) = [one for one in found.problems if one.code == "RECORD_SUBJECT"]
    assert "Hidden-42" not in f"{told}"
    assert "RTRECORD_1" not in f"{told}"  # names of files may tell who somebody is
