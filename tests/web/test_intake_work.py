"""What comes in object by object: sorted, closed by its links, released, reviewed, receipted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom import dcmread

from sbrt_qa.audit import verifying
from sbrt_qa.audit.folder import AuditFolder, AuditSettings, begin
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.errors import ResultError
from sbrt_qa.intake.landing import ArrivalSource, DiskSpace, Landing, land
from sbrt_qa.intake.receipt import read_receipt
from sbrt_qa.office.receipts import refuted
from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.review_office.intake_place import delete_originals
from sbrt_qa.web.review_office.release_work import ReleasePlace, release_study
from sbrt_qa.web.review_office.sorting_work import NOT_READ, SortingPlace, sort_arrivals
from sbrt_qa.web.working.arrival_rows import Arrival, Arrivals, record_arrival
from sbrt_qa.web.working.study_rows import ReceivedStudy, Studies
from sbrt_qa.web.working.working_store import WorkingStore

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
PEER = ArrivalSource("c-store", "S1", "TPS")


@dataclass
class Door:
    """Takes objects in as a receiver does, at times that a test sets."""

    folder: Path
    now: float = 1_000_000.0
    store: WorkingStore = field(init=False)
    vault: Landing = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.store = WorkingStore.in_folder(self.folder)
        self.vault = Landing(self.folder / "intake", lambda _: DiskSpace(10**12, 10**12))

    def clock(self) -> float:
        return self.now

    def take(self, content: bytes, source: ArrivalSource = PEER, sop_uid: str = "") -> Arrival:
        landed = land(self.vault, source, io.BytesIO(content), max_bytes=10**9)
        return record_arrival(self.store, source, landed, sop_uid=sop_uid, clock=self.clock)

    def sort(self, later: float = 0.0) -> tuple[ReceivedStudy, ...]:
        self.now += later
        sort_arrivals(SortingPlace(self.vault, self.store, self.clock))
        return Studies(self.store).all()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "office")
    yield made
    made.store.close()


def sample(name: str, *wanted: str) -> list[bytes]:
    files = sorted(p for p in (SAMPLE / name).rglob("*.dcm"))
    return [p.read_bytes() for p in files if not wanted or p.name.startswith(wanted)]


def changed(content: bytes, **elements: str) -> bytes:
    dataset, out = dcmread(io.BytesIO(content)), io.BytesIO()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(out)
    return out.getvalue()


def test_case_p14__a_study_is_whole_when_its_links_close(door: Door) -> None:
    objects = sample("compliant")
    images = [one for one in objects if dcmread(io.BytesIO(one)).Modality == "CT"]
    rest = [one for one in objects if one not in images]
    assert (len(images), len(rest)) == (55, 3)
    for one in [*images[:-1], *rest]:
        door.take(one)
    (study,) = door.sort()
    assert (study.state, len(study.members)) == ("open", 57)
    (study,) = door.sort(later=700)
    assert study.state == "open", "quiet, but an image is missing that contours lie on"
    assert [(m.kind, m.count, m.named_by) for m in study.missing] == [("image", 1, "RTSTRUCT")]
    (study,) = door.sort(later=3_000)
    assert study.state == "incomplete"
    door.take(images[-1])
    assert door.sort()[0].state == "open", "it has only just come"
    rows = Arrivals(door.store, door.clock)
    number = rows.association_begun(PEER)
    door.now += 3_000
    rows.association_goes_on(number)
    assert door.sort()[0].state == "open", "its sender is still there"
    rows.association_ended(number)
    (study,) = door.sort()
    assert (study.state, len(study.members), study.missing) == ("closed", 58, ())
    again = door.take(images[0], sop_uid=str(dcmread(io.BytesIO(images[0])).SOPInstanceUID))
    assert again.state == "again"
    assert len(door.sort(later=700)) == 1, "the same once more is nothing new"
    late = changed(rest[0], SOPInstanceUID="2.25.77")
    assert not door.take(late).is_conflict
    first, second = door.sort()
    assert (first.revision, len(first.members)) == (1, 58), "never mixed in"
    assert (second.revision, second.state, len(second.members)) == (2, "open", 59)


def test_case_p22__the_same_uid_with_other_content_is_seen_by_both(door: Door) -> None:
    plan = sample("beams", "RTPLAN")[0]
    uid = str(dcmread(io.BytesIO(plan)).SOPInstanceUID)
    other = changed(plan, RTPlanLabel="Other")
    assert door.take(plan, sop_uid=uid).state == "landed"
    assert door.take(other, sop_uid=uid).is_conflict, "while the first is not even read"
    assert door.take(other, sop_uid=uid).is_conflict
    studies = {one.state: one for one in door.sort()}
    assert set(studies) == {"open", "quarantined"}, "one of each, both kept"
    assert studies["quarantined"].owner == "coordinator"
    assert "content is not the same" in studies["quarantined"].why
    silent = changed(plan, RTPlanLabel="Third")  # its sender does not name the UID
    assert door.take(silent).state == "landed"
    assert [one.state for one in door.sort()].count("quarantined") == 2


def test_another_site_may_have_the_same_uid(door: Door) -> None:
    plan = sample("beams", "RTPLAN")[0]
    door.take(plan)
    assert not door.take(plan, ArrivalSource("c-store", "S2", "TPS")).is_conflict
    assert [one.site for one in door.sort()] == ["S1", "S2"]


def test_case_p23__two_patients_in_one_study_are_set_aside(door: Door) -> None:
    plan, dose = sample("beams", "RTPLAN")[0], sample("beams", "RTDOSE")[0]
    door.take(plan)
    door.take(changed(dose, PatientID="ANOTHER9"))
    (study,) = door.sort()
    assert (study.state, study.why) == (
        "quarantined", "objects of more than one patient lie in one study",
    )  # fmt: skip
    assert "ANOTHER9" not in repr(study)


def test_case_s29__what_no_reader_takes_ends_nothing(door: Door) -> None:
    plan = sample("beams", "RTPLAN")[0]
    door.take(b"no DICOM at all")
    door.take(plan[: len(plan) // 2])
    door.take(b"\0" * 128 + b"DICM" + bytes(range(256)) * 40)
    door.take(plan)
    studies = door.sort()
    assert [len(one.members) for one in studies if one.state == "open"][-1] >= 1
    states = sorted(one.state for one in Arrivals(door.store).with_ids(range(1, 5)))
    assert "landed" not in states
    assert "other" in states
    (aside,) = [one for one in studies if one.why == NOT_READ]
    assert (aside.members, aside.state, aside.owner) == ((1, 3), "quarantined", "coordinator")
    assert [one.id for one in door.sort()] == [one.id for one in studies], "told once"


@dataclass
class Office:
    """An audit with nothing in it, and what a release works with."""

    door: Door
    audit: AuditFolder
    engine: Database

    def place(self) -> ReleasePlace:
        return ReleasePlace(
            self.audit, self.engine, "", self.door.store, self.door.vault, self.door.clock
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    audit = begin(tmp_path / "audit", AuditSettings("liver_sbrt"))
    engine, made = audit.engine(), Door(tmp_path / "state")
    yield Office(made, audit, engine)
    made.store.close()
    engine.dispose()


def test_case_s37__a_closed_study_is_released_receipted_and_its_originals_end(
    office: Office,
) -> None:
    door = office.door
    contents = sample("beams")
    members = [door.take(one).id for one in contents]
    note = door.take(b"a letter that lay beside the export")
    studies = Studies(door.store, door.clock)
    study = studies.begin("S1", [*members, note.id], state="closed", subject="S1-001")
    done = release_study(office.place(), study)
    assert (done.state, done.subject) == ("released", "S1-001"), done.why
    assert versions_of(office.engine, "S1", "S1-001") == {1: done.submission}
    receipt = read_receipt(done.receipt)
    assert receipt.submission == "S1/S1-001/v1"
    assert {one.sha256 for one in receipt.files} == {
        one.sha256 for one in Arrivals(door.store).with_ids([*members, note.id])
    }
    assert not door.vault.path(note.sha256).exists(), "case P24: listed, and not kept"
    assert not {one.sha256 for one in receipt.files} & {*receipt.reviewed}, "de-identified"
    assert receipt.dates_shifted
    assert refuted(office.engine, receipt) == ""
    forged = done.receipt.replace("S1-001", "S1-002")
    with pytest.raises(ResultError):
        read_receipt(forged)
    patient = str(dcmread(io.BytesIO(contents[0])).PatientID).encode()
    released = list((door.vault.root / "released").rglob("*.dcm"))
    assert released
    assert not any(patient in path.read_bytes() for path in released)
    assert release_study(office.place(), study) == done, "twice is once"
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == 0
    door.now += 31 * 24 * 3600
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == len(members)
    assert not any(door.vault.path(one.sha256).exists() for one in receipt.files)
    write_head(office.audit.folder, office.engine)
    assert not verifying.verify(office.audit.folder).difference


def test_originals_of_what_was_withdrawn_end_too_and_so_does_what_is_no_dicom(
    office: Office,
) -> None:
    door = office.door
    plan = door.take(sample("beams", "RTPLAN")[0])
    note = door.take(b"a letter", ArrivalSource("watch", "S1", "folder"))
    door.sort()
    (study,) = Studies(door.store, door.clock).all()
    Studies(door.store, door.clock).change(study, state="withdrawn", why="sent by mistake")
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == 0
    door.now += 25 * 3600
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == 1
    assert not door.vault.path(note.sha256).exists()
    assert door.vault.path(plan.sha256).exists()
    door.now += 31 * 24 * 3600
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == 1
    assert not door.vault.path(plan.sha256).exists()
    assert delete_originals(office.engine, door.store, door.vault, door.clock) == 0
    write_head(office.audit.folder, office.engine)
    assert not verifying.verify(office.audit.folder).difference


def test_case_p49__what_only_a_person_can_judge_waits_for_one(office: Office) -> None:
    door = office.door
    contents = sample("beams")
    uid, capture = "2.25.4711", "1.2.840.10008.5.1.4.1.1.7"
    made = dcmread(io.BytesIO(contents[0]))
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = capture
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid
    out = io.BytesIO()
    made.save_as(out)
    members = [door.take(one).id for one in [*contents, out.getvalue()]]
    study = Studies(door.store).begin("S1", members, state="closed", subject="S1-001")
    done = release_study(office.place(), study)
    assert (done.state, done.owner) == ("quarantined", "coordinator")
    assert "secondary capture" in done.why
    assert versions_of(office.engine, "S1", "S1-001") == {}
    assert not list((door.vault.root / "work").iterdir()), "nothing of it is left lying about"


def zipped(**entries: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        zipped(**{"../../../evil.dcm": b"\0" * 128 + b"DICM"}),
        zipped(**{"/etc/evil": b"words"}),
        zipped(bomb=bytes(60_000_000)),
        zipped(a=b"words")[:-30],
        zipped(a=b"words"),
    ],
    ids=["leads out", "absolute", "bomb", "cut off", "nothing in it"],
)
def test_case_s1__an_archive_made_to_deceive_is_set_aside(
    office: Office, content: bytes, tmp_path: Path
) -> None:
    door = office.door
    member = door.take(content).id
    study = Studies(door.store).begin("S1", [member], state="closed", subject="S1-001")
    done = release_study(office.place(), study)
    assert done.state == "quarantined", done
    assert done.why
    assert not list(tmp_path.rglob("evil*"))
    assert not list((door.vault.root / "work").iterdir())
    assert release_study(office.place(), done) == done, "only a person's decision brings it on"
