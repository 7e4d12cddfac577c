"""De-identified files: nothing of the patient left, everything that is needed kept as it was."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import warnings
from hashlib import sha256
from pathlib import Path

import planted_here as planted
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

import sbrt_qa
from sbrt_qa.deid.crosswalk import (
    Crosswalk,
    changed_crosswalk,
    path_of,
    read_crosswalk,
    write_crosswalk,
)
from sbrt_qa.deid.date_shifts import capped_age, moved_date, moved_moment, shift_days
from sbrt_qa.deid.identifier_search import IdentifierFinder, Identifiers
from sbrt_qa.deid.policy import policy
from sbrt_qa.deid.recognised import is_label, is_prescription, is_structure
from sbrt_qa.deid.release import ReleaseAsked, deidentify_files
from sbrt_qa.deid.secret import Secret
from sbrt_qa.deid.verifier import doubts_of
from sbrt_qa.dicom.files.deid_account import MANIFEST, account_in
from sbrt_qa.errors import UsageError
from sbrt_qa.model.case import Deidentified
from sbrt_qa.pipeline.deidentifying import deidentify

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "minor"
KEY = "5a" * 32
METRICS = ["Mean[Gy]", "D0.1cc[Gy]", "V20Gy[cc]", "D95%[Gy]"]


def run(folder: Path, out: Path, known: dict[str, object] | None = None, **asked: object):
    return deidentify_files([str(folder)], str(out), KEY, known or {}, asked)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan, structures, dose and three slices of a sample."""
    folder = tmp_path_factory.mktemp("small")
    files = [*SAMPLE.glob("RT*.dcm"), *sorted(SAMPLE.rglob("CT*.dcm"))[:3]]
    for file in files:
        shutil.copy2(file, folder)
    return folder


@pytest.fixture(scope="module")
def released(small: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("out") / "released"
    return run(small, out, subject="SUB-1"), out


@pytest.mark.parametrize("charset", planted.NAMES)
def test_nothing_planted_is_left_in_any_encoding_at_any_depth(charset: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content, places = planted.planted_plan(SAMPLE / "RTPLAN.dcm", charset)
    assert len(planted.kinds()) > 1000
    assert places > 1000
    assert planted.traces(content, charset)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plan.dcm").write_bytes(content)
    report = run(tmp_path / "in", tmp_path / "out", subject="SUB-1")
    assert report["refused"] == []
    assert len(report["released"]) == 1
    written = (tmp_path / "out" / report["released"][0]["name"]).read_bytes()
    assert planted.traces(written, charset) == []
    told = json.dumps({k: v for k, v in report.items() if k not in ("uids", "patient")})
    assert planted.traces(told.encode(), charset) == []


def test_what_is_needed_is_kept_bit_by_bit(small: Path, released) -> None:
    _, out = released
    before, after = (next(iter(sbrt_qa.load_cases([p]))) for p in (small, out))
    one, other = (sbrt_qa.dvh(case, (), METRICS) for case in (before, after))
    assert list(one.structures) == list(other.structures)
    assert one.structures == other.structures
    for case in (before, after):
        assert {str(link.kind) for link in case.provenance.links} == {"by uid"}
    assert len(before.provenance.links) == len(after.provenance.links)


def test_geometry_is_handed_on_as_the_bytes_it_is(small: Path, released) -> None:
    _, out = released
    for modality, keyword in (("RTSTRUCT", "ContourData"), ("RTDOSE", "PixelData")):
        before = dcmread(small / f"{modality}.dcm")
        after = dcmread(out / f"{modality}_0001.dcm")
        if keyword == "PixelData":
            assert after.PixelData == before.PixelData
            assert (
                after.get_item("DoseGridScaling").value == before.get_item("DoseGridScaling").value
            )
            continue
        pairs = zip(before.ROIContourSequence, after.ROIContourSequence, strict=True)
        for a, b in pairs:
            for c, d in zip(a.ContourSequence, b.ContourSequence, strict=True):
                assert c.get_item(keyword).value == d.get_item(keyword).value


def test_all_dates_move_by_the_same_weeks(small: Path, released) -> None:
    report, out = released
    before, after = dcmread(small / "RTPLAN.dcm"), dcmread(out / "RTPLAN_0001.dcm")
    assert report["days"] % 7 == 0
    for keyword in ("StudyDate", "RTPlanDate"):
        if before.get(keyword):
            assert after.get(keyword) == moved_date(before.get(keyword), report["days"])
    assert after.LongitudinalTemporalInformationModified == "MODIFIED"


def test_patient_goes_by_the_code_and_the_method_is_told(released) -> None:
    _, out = released
    for file in out.glob("*.dcm"):
        head = dcmread(file)
        assert (str(head.PatientName), head.PatientID) == ("SUB-1", "SUB-1")
        assert head.PatientIdentityRemoved == "YES"
        codes = {c.CodeValue for c in head.DeidentificationMethodCodeSequence}
        assert codes == set(policy().method_codes)
        assert head.file_meta.MediaStorageSOPInstanceUID == head.SOPInstanceUID


def test_images_of_today_and_structures_of_next_week_still_belong_together(
    small: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, "CT*.dcm"), (second, "RT*.dcm")):
        folder.mkdir()
        for file in small.glob(names):
            shutil.copy2(file, folder)
    run(first, tmp_path / "a", subject="SUB-1")
    run(second, tmp_path / "b", subject="SUB-1")
    image = dcmread(next((tmp_path / "a").glob("CT*.dcm")))
    drawn = dcmread(tmp_path / "b" / "RTSTRUCT_0001.dcm")
    frames = {f.FrameOfReferenceUID for f in drawn.ReferencedFrameOfReferenceSequence}
    assert frames == {image.FrameOfReferenceUID}
    assert not image.SOPInstanceUID.startswith("1.2.826")


def test_a_second_run_changes_nothing_and_verifies_again(small: Path, tmp_path: Path) -> None:
    key = tmp_path / "trial.key"
    deidentify([small], tmp_path / "one", key, ReleaseAsked("SUB-1"))
    report = deidentify([tmp_path / "one"], tmp_path / "two", key, ReleaseAsked())
    assert report["unchanged"]
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert MANIFEST in names
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_was_released_and_changed_afterwards_is_held(small: Path, tmp_path: Path) -> None:
    report = run(small, tmp_path / "one", subject="SUB-1")
    known = {
        "subjects": {"SUB-1": report["patient"]}, "days": {"SUB-1": report["days"]},
        "uids": report["uids"], "outputs": {r["sha256"]: "SUB-1" for r in report["released"]},
    }  # fmt: skip
    plan = dcmread(tmp_path / "one" / "RTPLAN_0001.dcm")
    plan.RTPlanDescription = "for somebody"
    plan.save_as(tmp_path / "one" / "RTPLAN_0001.dcm")
    again = run(tmp_path / "one", tmp_path / "two", known)
    assert [row["why"] for row in again["held"]] == [
        "it carries a UID that was given out, and is not what was released"
    ]


def other_object(small: Path, sop_class: str, **elements: object) -> Dataset:
    image = dcmread(next(small.glob("CT*.dcm")))
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = sop_class
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{image.SOPInstanceUID}.9"
    for keyword, value in elements.items():
        setattr(image, keyword, value)
    return image


CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    ("sop_class", "elements", "why"),
    [
        ("1.2.840.10008.5.1.4.1.1.7", {}, "secondary capture"),
        ("1.2.840.10008.5.1.4.1.1.104.1", {}, "encapsulated document"),
        ("1.2.840.10008.5.1.4.1.1.88.33", {}, "does not cover"),
        (CT_CLASS, {"BurnedInAnnotation": "YES"}, "burnt-in"),
        (CT_CLASS, {"ImageType": ["DERIVED", "SECONDARY"]}, "derived secondary"),
        (CT_CLASS, {"Rows": 3}, "more or fewer pixels"),
    ],
)
def test_what_only_a_person_can_judge_is_held_and_the_rest_released(
    small: Path, tmp_path: Path, sop_class: str, elements: dict[str, object], why: str
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(small, folder)
    other_object(small, sop_class, **elements).save_as(folder / "other.dcm")
    report = run(folder, tmp_path / "out", subject="SUB-1")
    (held,) = report["held"]
    assert why in held["why"]
    assert len(report["released"]) == 6
    if sop_class == CT_CLASS and "Rows" not in elements:
        again = run(folder, tmp_path / "accepted", subject="SUB-1", accepted=[held["sha256"]])
        assert again["held"] == []
        assert len(again["released"]) == 7


def test_two_patients_in_one_case_are_held(small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(small, folder)
    dose = dcmread(folder / "RTDOSE.dcm")
    dose.PatientID = "ANOTHER"
    dose.save_as(folder / "RTDOSE.dcm")
    report = run(folder, tmp_path / "out", subject="SUB-1")
    assert report["released"] == []
    assert len(report["held"]) == 6
    assert not (tmp_path / "out").exists()


def test_what_is_no_dicom_is_left_and_what_cannot_be_read_is_refused(
    small: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(small, folder)
    (folder / "notes.txt").write_text("somebody")
    report = run(folder, tmp_path / "out", subject="SUB-1")
    assert [row["why"] for row in report["left"]] == ["not DICOM"]
    plan = (folder / "RTPLAN.dcm").read_bytes()
    (folder / "RTPLAN.dcm").write_bytes(plan[:700])
    report = run(folder, tmp_path / "cut", subject="SUB-1")
    assert report["refused"] or len(report["released"]) < 6 or (tmp_path / "cut").exists()


def test_the_verifier_finds_what_was_slipped_in(small: Path, tmp_path: Path) -> None:
    report = run(small, tmp_path / "out", subject="SUB-1")
    known = Identifiers(names={planted.NAME}, numbers={planted.NUMBER}, births={planted.BIRTH})
    finder = IdentifierFinder(known, ["SUB-1"])
    clean = tmp_path / "out" / "RTPLAN_0001.dcm"
    assert doubts_of(clean.read_bytes(), policy(), finder) == ()
    for keyword, value in (
        ("RTPlanLabel", "Quillan Z"),
        ("StudyInstanceUID", "1.2.3.4"),
        ("PatientComments", "x"),
        ("SeriesNumber", planted.NUMBER),
        ("RTPlanName", "A^B 1948-03-12"),
        ("RTPlanName", "Foo^Bar"),
    ):
        plan = dcmread(clean)
        setattr(plan, keyword, value)
        found = doubts_of(planted.bytes_of(plan), policy(), finder)
        assert [d.where for d in found] == [keyword]
    assert report["refused"] == []


def test_subject_codes_and_patients_belong_together_under_one_key(
    small: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="another subject code"):
        run(small, tmp_path / "a", {"subjects": {"SUB-2": "SAMPLE02"}}, subject="SUB-1")
    with pytest.raises(UsageError, match="another patient"):
        run(small, tmp_path / "b", {"subjects": {"SUB-1": "SOMEBODY"}}, subject="SUB-1")


def test_the_crosswalk_is_of_use_only_with_its_key(tmp_path: Path) -> None:
    key, path = Secret(b"1" * 32), path_of(tmp_path / "trial.key")
    write_crosswalk(path, Crosswalk(subjects={"SUB-1": "HRN-90817263"}), key)
    assert b"90817263" not in path.read_bytes()
    assert read_crosswalk(path, key).subjects == {"SUB-1": "HRN-90817263"}
    with pytest.raises(UsageError, match="crosswalk"):
        read_crosswalk(path, Secret(b"2" * 32))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UsageError, match="crosswalk"):
        read_crosswalk(path, key)


def test_two_at_once_under_one_key_both_keep_who_is_who(tmp_path: Path) -> None:
    """Each reads the crosswalk before the other has written it."""
    key, path = Secret(b"1" * 32), path_of(tmp_path / "trial.key")
    write_crosswalk(path, Crosswalk(subjects={"SUB-1": "HRN-1"}), key)
    inside, told = threading.Event(), threading.Event()

    def slow() -> None:
        with changed_crosswalk(path, key) as known:
            inside.set()
            told.wait(60)
            known.subjects["SUB-2"] = "HRN-2"

    def late() -> None:
        with changed_crosswalk(path, key) as known:
            known.subjects["SUB-3"] = "HRN-3"

    threads = [threading.Thread(target=slow), threading.Thread(target=late)]
    threads[0].start()
    assert inside.wait(60)
    threads[1].start()
    told.set()
    for one in threads:
        one.join(60)
    assert set(read_crosswalk(path, key).subjects) == {"SUB-1", "SUB-2", "SUB-3"}


def test_the_key_is_kept_apart_and_the_folder_is_new(small: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="key lies"):
        deidentify([small], tmp_path / "out", small / "trial.key", ReleaseAsked("SUB-1"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        deidentify([small], tmp_path / "full", tmp_path / "k.key", ReleaseAsked("SUB-1"))
    with pytest.raises(UsageError, match="within the case"):
        deidentify([small], small / "out", tmp_path / "k.key", ReleaseAsked("SUB-1"))


@pytest.mark.parametrize(
    "text",
    [
        "Liver",
        "Kidney_L",
        "SpinalCord_PRV05",
        "PTV 50 Gy",
        "肝脏",
        "z_Liver-GTV",
        "BileDuct_Common",
    ],
)
def test_names_of_structures_stay(text: str) -> None:
    assert is_structure(text)


@pytest.mark.parametrize(
    "text", ["Mueller", "Liver Smith", "PTV 90817263", "12.03.1948", "", "张晓曦", "A^B"]
)
def test_other_names_do_not(text: str) -> None:
    assert not is_structure(text)


def test_prescriptions_and_labels_stay_when_they_say_nothing_else() -> None:
    assert is_prescription("50 Gy in 5 fractions to PTV")
    assert is_label("Liver SBRT v2")
    assert not is_prescription("50 Gy for Mueller")


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (moved_date("20240229", -7), "20240222"),
        (moved_date("20241301", -7), ""),
        (moved_date("Smith", -7), ""),
        (moved_moment("20240229120000.5+0800", -7), "20240222120000.5+0800"),
        (moved_moment("2024", -7), ""),
        (capped_age("101Y"), "090Y"),
        (capped_age("064Y"), "064Y"),
        (capped_age("old"), ""),
    ],
)
def test_dates_and_ages(moved: str, expected: str) -> None:
    assert moved == expected


def test_a_shift_is_of_whole_weeks_and_of_the_patient() -> None:
    secret = Secret(b"3" * 32)
    days = {shift_days(secret, f"P{n}") for n in range(200)}
    assert all(-3640 <= d <= -7 and d % 7 == 0 for d in days)
    assert len(days) > 100
    assert shift_days(secret, "P1") == shift_days(secret, "P1")


def test_file_meta_of_a_file_without_a_preamble(small: Path, tmp_path: Path) -> None:
    plan = dcmread(small / "RTPLAN.dcm")
    plan.file_meta = FileMetaDataset()
    plan.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    (tmp_path / "in").mkdir()
    plan.save_as(tmp_path / "in" / "plan.dcm", enforce_file_format=False)
    report = run(tmp_path / "in", tmp_path / "out", subject="SUB-1")
    assert len(report["released"]) + len(report["refused"]) == 1


def test_a_review_reads_the_version_and_that_dates_are_shifted(
    released: tuple[dict[str, object], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(released[1], out)
    rows = [{"sha256": sha256(p.read_bytes()).hexdigest()} for p in out.glob("*.dcm")]
    account: dict[str, object] = {
        "schema": "sbrt_qa.deidentified/1", "files": rows, "dates_shifted": True,
        "protocols": [{"id": "liver_sbrt", "version": "7"}],
    }  # fmt: skip
    (out / MANIFEST).write_text(json.dumps(account))
    (case,) = sbrt_qa.load_cases(out)
    assert case.deidentified == Deidentified(True, (("liver_sbrt", "7"),))
    assert any("shifted" in note for note in case.provenance.notes)
    account["files"] = rows[1:]
    (out / MANIFEST).write_text(json.dumps(account))
    assert sbrt_qa.load_cases(out)[0].deidentified is None, "an account of other files"
    for broken in (
        "{",
        "[]",
        '{"schema": "sbrt_qa.deidentified/1", "files": 3}',
        "\x00",
        "[" * 9999,
    ):
        (out / MANIFEST).write_text(broken)
        assert account_in(out / MANIFEST) == {}
    assert account_in(out / "nothing") == {}


def test_the_standard_finds_no_new_fault_in_what_is_released(
    small: Path, released: tuple[dict[str, object], Path]
) -> None:
    """dicom-validator, before and after: what it finds afterwards it found before."""
    validator = pytest.importorskip(
        "dicom_validator.validator.iod_validator", reason="pip install dicom-validator"
    )
    sys.path.append(str(Path(__file__).parents[1] / "dicom"))
    import standard_tables

    tables = standard_tables.tables()
    if tables is None:
        pytest.skip("highdicom, whose tables of the standard are used, is not installed")

    for module in tables.modules.values():  # overlays, whose elements go by groups
        for tag in [tag for tag in module if tag.startswith("(unknown")]:
            del module[tag]

    def faults(folder: Path) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for path in folder.rglob("*.dcm"):
            dataset = dcmread(path)
            result = validator.IODValidator(dataset, tables).validate()
            rows = found.setdefault(str(dataset.Modality), set())
            for module, errors in result.module_errors.items():
                rows |= {f"{module} {tag} {error.code}" for tag, error in errors.items()}
        return found

    before, after = faults(small), faults(released[1])
    assert set(before) == set(after) == {"CT", "RTDOSE", "RTPLAN", "RTSTRUCT"}
    for kind, rows in after.items():
        assert rows <= before[kind], kind


@pytest.mark.parametrize(("removed", "kept"), [("YES", True), ("NO", False), ("", False)])
def test_a_code_may_be_part_of_the_name_only_where_the_file_was_deidentified(
    small: Path, tmp_path: Path, removed: str, kept: bool
) -> None:
    """``TRIAL^QUARTZ017`` with the code ``QUARTZ017``; of a real name no part may be the code."""
    (tmp_path / "in").mkdir()
    plan = dcmread(small / "RTPLAN.dcm")
    plan.PatientName, plan.PatientID = "TRIAL^QUARTZ017", "QUARTZ017"
    plan.PatientIdentityRemoved = removed
    plan.save_as(tmp_path / "in" / "plan.dcm")
    report = run(tmp_path / "in", tmp_path / "out", subject="QUARTZ017")
    assert bool(report["released"]) is kept
    assert bool(report["refused"]) is not kept
