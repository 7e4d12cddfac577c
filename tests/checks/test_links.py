"""Links and provenance: every check passes on the sound case, finds its fault, or cannot tell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pydicom
import pytest

from sbrt_qa.checks.registry import Found
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.case import Case, Link, LinkKind, Provenance, Repair
from sbrt_qa.model.header import Stamp
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import PatientSetup

from .cases import NOON, NOTHING, case, headers, image, outcomes, plan, severity_of, told

LATER = Stamp(dt.date(2026, 1, 5), dt.time(13))
NEXT_DAY = Stamp(dt.date(2026, 1, 6))
BARE = Provenance()
TWO_SETUPS = (PatientSetup("HFS"), PatientSetup("HFP"))
UNLINKED = Link("a", "b", LinkKind.UNLINKED)
NOT_SAID = {k: {"identity_removed": ""} for k in ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT")}


def test_files_of_one_identifier_are_not_asked_for_again_as_they_are() -> None:
    clash = "'A.dcm', 'B.dcm' have the same SOP Instance UID but different content: none is used"
    read = case(
        provenance=Provenance(unread_files=(clash, "C.dcm: cut off"), clashing_files=(clash,))
    )
    first, second = outcomes("FILE_UNREAD", read)
    assert first.advice.startswith("Send only the one that is meant")
    assert second.advice == "Send it again."


@pytest.mark.parametrize("keyword", ["OperatorsName", "ReviewerName"])
def test_case_156__log_in_names_in_plans_marked_as_de_identified_are_found(
    keyword, tmp_path
) -> None:
    sample = Path(__file__).resolve().parents[2] / "sample_dicom" / "compliant"
    for name in ("RTPLAN.dcm", "RTSTRUCT.dcm", "RTDOSE.dcm"):
        data = pydicom.dcmread(sample / name)
        data.PatientIdentityRemoved = "YES"
        data.DeidentificationMethod = "made up"
        if name == "RTPLAN.dcm":
            setattr(data, keyword, "kmueller7")
        data.save_as(tmp_path / name)
    (read,) = load_cases(tmp_path)
    (found, passed) = outcomes("IDENTIFIERS_LEFT", read)
    assert found.where == "RTPLAN.dcm"
    assert keyword in found.message
    assert "kmueller7" not in f"{found}{passed}"
    assert severity_of("IDENTIFIERS_LEFT", found) is Severity.BLOCK


def of(**changes: dict) -> Case:
    return case(provenance=headers(**changes))


TABLE = [
    ("FRAME_OF_REFERENCE", of(), "pass"),
    ("FRAME_OF_REFERENCE", of(RTDOSE={"frame_of_reference_uid": "1.9"}), "find"),
    ("FRAME_OF_REFERENCE", of(RTPLAN={"frame_of_reference_uid": ""}), "pass"),
    ("FRAME_OF_REFERENCE", of(RTSTRUCT={"frame_of_reference_uid": ""}), "find"),
    ("FRAME_OF_REFERENCE", case(provenance=BARE), "nothing"),
    ("LINK_DANGLING", of(), "pass"),
    ("LINK_DANGLING", of(RTDOSE={"plan_uids": ("7",)}), "find"),
    ("LINK_DANGLING", of(RTPLAN={"structure_set_uids": ("7",)}), "find"),
    ("LINK_DANGLING", of(RTDOSE={"structure_set_uids": ("7", "1.3")}), "pass"),
    ("LINK_DANGLING", of(CT={"series_uid": "8"}), "find"),
    ("LINK_DANGLING", case(provenance=BARE), "nothing"),
    ("DOSE_STALE", of(), "pass"),
    ("DOSE_STALE", of(RTSTRUCT={"stated_at": LATER}), "find"),
    ("DOSE_STALE", of(RTPLAN={"stated_at": NEXT_DAY}), "find"),
    ("DOSE_STALE", of(RTDOSE={"created_at": NEXT_DAY}), "pass"),
    ("DOSE_STALE", of(RTDOSE={"created_at": None}), "find"),
    ("DOSE_STALE", case(provenance=BARE), "nothing"),
    ("STRUCTURES_NEWER", of(), "pass"),
    ("STRUCTURES_NEWER", of(RTSTRUCT={"stated_at": LATER}), "find"),
    ("STRUCTURES_NEWER", of(RTSTRUCT={"stated_at": None}), "nothing"),
    ("PLAN_NOT_APPROVED", case(), "pass"),
    ("PLAN_NOT_APPROVED", case(plan=plan(approval="UNAPPROVED")), "find"),
    ("PLAN_NOT_APPROVED", case(plan=plan(approval="")), "find"),
    ("PLAN_NOT_APPROVED", case(plan=NOTHING), "nothing"),
    ("PLAN_NOT_APPROVED", of(RTSTRUCT={"approval": "REJECTED"}), "find"),
    ("PLAN_NOT_APPROVED", of(RTDOSE={"approval": "REJECTED"}), "find"),
    ("PLAN_NOT_APPROVED", of(RTSTRUCT={"approval": "UNAPPROVED"}), "pass"),
    ("PATIENT_POSITION", case(), "pass"),
    ("PATIENT_POSITION", case(image=image(patient_position="FFS")), "find"),
    ("PATIENT_POSITION", case(plan=plan(setups=TWO_SETUPS)), "find"),
    ("PATIENT_POSITION", case(image=None), "nothing"),
    ("PATIENT_DIFFERS", of(), "pass"),
    ("PATIENT_DIFFERS", of(CT={"same_patient_as_first": False}), "find"),
    ("PATIENT_DIFFERS", case(provenance=BARE), "nothing"),
    ("IDENTITY_NOT_REMOVED", of(), "pass"),
    ("IDENTITY_NOT_REMOVED", of(CT={"identity_removed": "NO"}), "find"),
    ("IDENTITY_NOT_REMOVED", of(CT={"says_how": False}), "find"),
    ("IDENTITY_NOT_REMOVED", case(provenance=BARE), "nothing"),
    ("IDENTIFIERS_LEFT", of(), "pass"),
    ("IDENTIFIERS_LEFT", of(CT={"identifying": ("PatientBirthDate",)}), "find"),
    ("IDENTIFIERS_LEFT", of(CT={"burned_in": "YES"}), "find"),
    ("IDENTIFIERS_LEFT", of(**NOT_SAID), "nothing"),
    ("PATIENT_NAME", of(), "pass"),
    ("PATIENT_NAME", of(CT={"name_like_person": True}), "find"),
    ("PATIENT_NAME", of(**NOT_SAID), "nothing"),
    ("PRIVATE_ELEMENTS", of(), "nothing"),
    ("PRIVATE_ELEMENTS", of(CT={"private_elements": 3}), "find"),
    ("SUBJECT_MISSING", of(), "pass"),
    ("SUBJECT_MISSING", of(**{k: {"has_subject": False} for k in NOT_SAID}), "find"),
    ("SUBJECT_MISSING", of(**NOT_SAID), "nothing"),
    ("PART_MISSING", case(), "nothing"),
    ("PART_MISSING", case(dose=NOTHING), "find"),
    ("LINK_GUESSED", case(), "nothing"),
    ("LINK_GUESSED",
     case(provenance=Provenance(links=(Link("a", "b", LinkKind.BY_FRAME_OF_REFERENCE),))), "find"),
    ("LINK_MISSING", case(), "nothing"),
    ("LINK_MISSING", case(provenance=Provenance(links=(UNLINKED,))), "find"),
    ("REPAIRED", case(), "nothing"),
    ("REPAIRED", case(provenance=Provenance(repairs=(Repair("q", "w", "d"),))), "find"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


def test_an_hour_too_late_is_told_without_a_date() -> None:
    found = outcomes("DOSE_STALE", of(RTSTRUCT={"stated_at": LATER}))[1]
    assert found.message == "it was changed 60 min after the dose was written"
    assert "2026" not in str(found)


def test_case_126__newer_structures_that_the_plan_names_are_information() -> None:
    """The plan of the sound case names its structure set, 1.3, by UID; then it does not."""
    named, other = {"stated_at": LATER}, {"structure_set_uids": ("7",)}
    for code, worst in (("DOSE_STALE", None), ("STRUCTURES_NEWER", None)):
        (found,) = (o for o in outcomes(code, of(RTSTRUCT=named)) if isinstance(o, Found))
        assert found.severity is Severity.INFO
        (found,) = (
            o for o in outcomes(code, of(RTSTRUCT=named, RTPLAN=other)) if isinstance(o, Found)
        )
        assert found.severity is worst


def test_clocks_may_differ_a_little() -> None:
    soon = Stamp(NOON.date, dt.time(12, 1, 30))
    assert told("DOSE_STALE", of(RTSTRUCT={"stated_at": soon})) == "pass"
    assert told("DOSE_STALE", of(RTSTRUCT={"stated_at": soon}), slack_min=1.0) == "find"


def test_values_that_identify_are_never_shown() -> None:
    (found, _) = outcomes("IDENTIFIERS_LEFT", of(CT={"identifying": ("PatientBirthDate",)}))
    assert found.found == "PatientBirthDate"


def test_an_approval_that_is_not_stated_is_information() -> None:
    (found,) = outcomes("PLAN_NOT_APPROVED", case(plan=plan(approval="")))
    assert found.severity is Severity.INFO
