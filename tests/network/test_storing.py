"""What a receiver takes: every byte as it came, durably, and an answer that says what became of it.

DCMTK is the peer for whole folders; what no library sends is written byte by byte.
"""

from __future__ import annotations

import hashlib
import io
import random
import resource
from pathlib import Path

import pydicom
import pytest

from sbrt_qa.errors import StoreError
from sbrt_qa.intake.first_elements import (
    FirstElements,
    file_head,
    is_uid,
    of_data_set,
    of_file,
)
from sbrt_qa.intake.landing import DiskSpace, Landing
from sbrt_qa.network.peers import Peer
from sbrt_qa.network.spooled_messages import Spool
from sbrt_qa.network.storing import MAX_OBJECT_BYTES, StoreTold, Storing

from .conftest import SAMPLE
from .raw_dicom import (
    CT,
    EXPLICIT,
    IMPLICIT,
    RTPLAN,
    SECONDARY,
    Line,
    Running,
    command,
    data_set,
    needs_dcmtk,
    pdv,
    receiver,
    store_request,
    stored,
    u16,
)

NAME = "Wayward^Patricia"


def small(instance: str, more: bytes = b"", sop_class: str = CT) -> bytes:
    """Return a data set, explicit little endian."""
    made = pydicom.Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.PatientName = sop_class, instance, NAME
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, made, implicit_vr=False, little_endian=True)
    return buffer.getvalue() + more


def landed_data(running: Running) -> dict[str, str]:
    """Return the SHA-256 of the data set of each landed instance."""
    found = {}
    for path in running.landed():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name
        _, instance, _, data = data_set(path)
        found[instance] = hashlib.sha256(data).hexdigest()
    return found


@needs_dcmtk
def test_case_p15__a_plan_of_58_objects_lands_byte_for_byte(receiving: Running) -> None:
    code, told = stored(receiving.port, SAMPLE / "minor")
    assert code == 0, told
    sent = [p for p in (SAMPLE / "minor").rglob("*.dcm") if p.is_file()]
    was = landed_data(receiving)
    compared = 0
    for path in sent:
        _, _, syntax, data = data_set(path)
        instance = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
        assert instance in was
        if syntax == EXPLICIT:  # DCMTK inflates what is deflated, before it sends
            compared += was[instance] == hashlib.sha256(data).hexdigest()
    assert len(was) == len(sent)
    assert compared >= 50
    receiving.counted("answered 0000", 58)


def test_same_content_is_stored_once_and_other_content_is_a_conflict(receiving: Running) -> None:
    """Case P22: both are kept, and the sender is told."""
    line = Line(receiving.port).associated((CT, EXPLICIT))
    first, other = small("1.2.3.22"), small("1.2.3.22", b"\x10\0\x20\0LO\2\0x ")
    before = len(receiving.landed())
    assert line.store(CT, b"1.2.3.22", first) == (0x0000, "")
    assert line.store(CT, b"1.2.3.22", first) == (0x0000, "")
    assert len(receiving.landed()) == before + 1
    status, comment = line.store(CT, b"1.2.3.22", other)
    assert (status, comment) == (
        0xC110, "This UID came before with other content; both are kept"
    )  # fmt: skip
    assert line.store(CT, b"1.2.3.22", other)[0] == 0xC110
    assert line.store(CT, b"1.2.3.22", first)[0] == 0x0000
    assert len(receiving.landed()) == before + 2
    hashes = {hashlib.sha256(p.read_bytes()).hexdigest() for p in receiving.landed()}
    conflicts = receiving.arrivals("conflict")
    assert {one.sha256 for one in conflicts} <= hashes
    assert [(one.source.site, one.source.peer) for one in conflicts] == [("S01", "TPS1")] * 2
    line.release()


@pytest.mark.parametrize(
    "uid",
    [b"../../x", b"/etc/x", b"1." + b"1" * 4_998, b"1.02.3", b"1.2.", b"a\\b", b"\xff\xfe", b""],
    ids=["up", "root", "5000 characters", "leading zero", "dot", "two", "no ASCII", "empty"],
)
def test_case_p12_p13__what_is_no_uid_gets_a_status_and_no_path(
    receiving: Running, uid: bytes, tmp_path: Path
) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT))
    before = {p for p in receiving.root.parent.rglob("*") if p.is_file()}
    text = uid.decode("latin-1")
    data = b"\x08\0\x16\0UI" + len(CT).to_bytes(2, "little") + CT.encode() + text.encode("latin-1")
    status, comment = line.store(CT, uid, data)
    assert status == 0xC111
    assert comment == "The SOP Instance UID is no UID; kept for a person"
    new = {p for p in receiving.root.parent.rglob("*") if p.is_file()} - before
    assert {p.parent.parent.name for p in new if p.suffix != ".db"} <= {"landing", "AUDIT.intake"}
    assert line.store(CT, b"1.2.3.5", small("1.2.3.5"))[0] in (0x0000,)
    line.release()


def test_a_data_set_that_is_something_else_is_refused(receiving: Running) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT), (RTPLAN, IMPLICIT))
    before = len(receiving.landed())
    assert line.store(CT, b"1.2.3.6", small("1.2.3.6", sop_class=RTPLAN))[0] == 0xA900
    assert line.store(CT, b"1.2.3.6", small("1.2.3.7"))[0] == 0xA900
    assert len(receiving.landed()) == before
    line.release()


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 50, bytes(range(256)) * 9, b"\x08\0\x16\0SQ\0\0\xff\xff\xff\xff"]
)
def test_case_s29__what_is_not_understood_is_kept_and_said(receiving: Running, data: bytes) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT))
    status, comment = line.store(CT, b"1.2.3.8." + str(len(data)).encode(), data)
    assert (status, comment) == (0xC000, "Not understood; kept for a person to look at")
    line.release()


def test_a_secondary_capture_is_taken(receiving: Running) -> None:
    line = Line(receiving.port).associated((SECONDARY, EXPLICIT))
    assert line.store(SECONDARY, b"1.2.3.9", small("1.2.3.9", sop_class=SECONDARY))[0] == 0
    line.release()


def test_case_p17__no_log_has_a_word_of_what_was_sent(receiving: Running) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT))
    line.store(CT, NAME.encode(), small("1.2.3.10"))
    line.send(pdv(3, b"\0\0\0\0\4\0\0\0\0\0\0\0\0\0\2\0\x10\0\0\0" + NAME.encode()))
    assert line.is_ended()
    broken = Line(receiving.port).associated((CT, EXPLICIT))
    broken.send(store_request(CT, NAME.encode(), context=77))
    broken.send(pdv(2, NAME.encode(), context=77))
    assert broken.is_ended()
    told = receiving.log.read_text(encoding="utf-8") + str(receiving.counts())
    assert "Wayward" not in told
    assert "1.2.3.10" not in told


# --- without room, without end -------------------------------------------------------------------


def no_file_beyond_a_megabyte() -> None:
    """Let the disk take no more than this of one file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


def test_case_p19__a_full_disk_in_mid_write_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with receiver(tmp_path, before=no_file_beyond_a_megabyte) as running:
        line = Line(running.port).associated((CT, EXPLICIT))
        large = small("1.2.3.11") + bytes(3_000_000)
        status, comment = line.store(CT, b"1.2.3.11", large)
        assert (status, comment) == (0xA700, "No space left here; send it again later")
        left = [p for p in running.root.rglob("*") if p.is_file() and p.stat().st_size > 1_000]
        assert left == []
        assert line.store(CT, b"1.2.3.12", small("1.2.3.12"))[0] == 0x0000
        line.release()


PEER = Peer("S01", "TPS1", "SBRTQA", ())


def place(folder: Path, free: list[int], max_bytes: int = MAX_OBJECT_BYTES) -> Storing:
    """Return a place on a disk with some free bytes of a terabyte."""
    return Storing(Landing(folder, lambda _: DiskSpace(10**12, free[0])), max_bytes=max_bytes)


def put(where: Storing, folder: Path, data: bytes, peer: Peer = PEER) -> int:
    """Store an object and return the status."""
    spool = Spool(folder, where.max_bytes)
    spool.write(data)
    answer = where.store(
        peer, StoreTold(CT, of_data_set(data, EXPLICIT).sop_instance, EXPLICIT), spool
    )
    spool.close()
    assert len(answer.comment) <= 64
    return answer.status


def test_case_p19__taking_stops_on_a_full_disk_and_begins_again_by_itself(tmp_path: Path) -> None:
    free = [200 * 10**9]
    where = place(tmp_path, free)
    assert put(where, tmp_path, small("1.2.1")) == 0x0000
    free[0] = 99 * 10**9
    assert put(where, tmp_path, small("1.2.2")) == 0xA700
    free[0] = 140 * 10**9
    assert put(where, tmp_path, small("1.2.2")) == 0xA700
    free[0] = 151 * 10**9
    assert put(where, tmp_path, small("1.2.2")) == 0x0000


def test_what_is_too_large_and_what_is_beyond_a_quota_is_told(tmp_path: Path) -> None:
    where = place(tmp_path, [10**12], max_bytes=1_000)
    assert put(where, tmp_path, small("1.2.3", bytes(2_000))) == 0xA700
    limited = Peer("S02", "TPS2", "SBRTQA", (), quota_bytes=200)
    statuses = [put(where, tmp_path, small(f"1.2.4.{n}"), limited) for n in range(4)]
    assert statuses[0] == 0x0000
    assert statuses[-1] == 0xA700
    assert put(where, tmp_path, small("1.2.5")) == 0x0000


def test_a_restart_begins_no_quota_anew(tmp_path: Path) -> None:
    limited = Peer("S02", "TPS2", "SBRTQA", (), quota_bytes=1_000)
    asked: list[tuple[str, float]] = []

    def taken(site: str, since: float) -> int:
        asked.append((site, since))
        return 990

    where = place(tmp_path, [10**12], max_bytes=1_000)
    where.taken = taken
    assert put(where, tmp_path, small("1.2.4.1"), limited) == 0xA700
    assert put(where, tmp_path, small("1.2.4.2")) == 0x0000, "a peer without a quota"
    assert [site for site, _ in asked] == ["S02"], "asked once a day"
    assert asked[0][1] % 86_400 == 0
    limited = Peer("S02", "TPS2", "SBRTQA", (), quota_bytes=990 + 8 * len(small("1.2.4.3")))
    assert put(where, tmp_path, small("1.2.4.3"), limited) == 0x0000

    def broken(site: str, since: float) -> int:
        raise StoreError("the working state cannot be used")

    other = place(tmp_path, [10**12])
    other.taken = broken
    assert put(other, tmp_path, small("1.2.4.4"), limited) == 0xA700


def test_whatever_was_answered_for_is_there_after_a_kill(tmp_path: Path) -> None:
    """More moments are in the bench; here three: after an answer, and within the next object."""
    for after in (1, 2, 5):
        with receiver(tmp_path) as running:
            line = Line(running.port).associated((CT, EXPLICIT))
            answered = [f"1.2.7.{after}.{n}" for n in range(after)]
            for uid in answered:
                assert line.store(CT, uid.encode(), small(uid))[0] == 0x0000
            line.send(store_request(CT, b"1.2.7.99"))
            line.send(pdv(0, small("1.2.7.99")[:40]))
            running.process.kill()
            running.process.wait(60)
            was = landed_data(running)
            assert set(answered) <= set(was)
            for uid in answered:
                assert was[uid] == hashlib.sha256(small(uid)).hexdigest()
    with receiver(tmp_path) as running:
        assert not list((running.root / "landing" / "parts").glob("*"))
        assert not list((running.root / "receiving").glob("*"))
        assert len(landed_data(running)) >= 8


def test_a_request_that_lacks_something_is_ended_and_shifts_nothing(receiving: Running) -> None:
    """The data of a request that is not answered are never those of the next one."""
    line = Line(receiving.port).associated((CT, EXPLICIT))
    lacking = command((2, CT.encode()), (0x0100, u16(1)), (0x0800, u16(1)), (0x1000, b"1.2.99"))
    line.send(pdv(3, lacking))
    line.send(pdv(2, small("1.2.99")))
    assert line.is_ended()
    assert "1.2.99" not in landed_data(receiving)


def test_requests_before_the_answer_to_the_first_keep_their_own_data(receiving: Running) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT))
    for n in (1, 2, 3):
        line.send(store_request(CT, f"1.2.98.{n}".encode(), number=n))
        line.send(pdv(2, small(f"1.2.98.{n}")))
    assert [line.status()[0] for _ in range(3)] == [0, 0, 0]
    was = landed_data(receiving)
    for n in (1, 2, 3):
        assert was[f"1.2.98.{n}"] == hashlib.sha256(small(f"1.2.98.{n}")).hexdigest()
    line.release()


# --- the first bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((SAMPLE / "major").rglob("*.dcm"))[::6])
def test_the_first_bytes_say_what_the_whole_file_says(path: Path) -> None:
    whole, told = pydicom.dcmread(path), of_file(path.read_bytes()[:16_384])
    assert told is not None
    syntax = str(whole.file_meta.TransferSyntaxUID)
    assert told.transfer_syntax == syntax
    if syntax != "1.2.840.10008.1.2.1.99":
        assert (told.sop_class, told.sop_instance) == (whole.SOPClassUID, whole.SOPInstanceUID)
        assert not whole.preamble.strip(b"\0")


def test_the_head_of_a_file_is_what_another_reader_reads() -> None:
    made = file_head(CT, "1.2.3.45", EXPLICIT) + small("1.2.3.45")
    read = pydicom.dcmread(io.BytesIO(made))
    assert read.file_meta.MediaStorageSOPInstanceUID == "1.2.3.45"
    assert read.file_meta.MediaStorageSOPClassUID == CT
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert read.PatientName == NAME
    assert of_file(made) == FirstElements(CT, "1.2.3.45", EXPLICIT, made.index(b"\x08\0\x16\0"))


def test_no_first_bytes_are_too_strange() -> None:
    draw = random.Random(7)  # noqa: S311
    made = file_head(CT, "1.2.3.45", EXPLICIT) + small("1.2.3.45")
    for _ in range(3_000):
        spoilt = bytearray(made)
        for _ in range(draw.randrange(1, 6)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        cut = bytes(spoilt[: draw.randrange(len(spoilt))])
        for told in (of_file(cut), of_data_set(bytes(spoilt), IMPLICIT)):
            assert told is None or 0 <= told.data_at <= len(spoilt)


def told_uids(told: FirstElements) -> list[str]:
    return [one for one in (told.sop_class, told.sop_instance, told.transfer_syntax) if one]


def test_a_cut_head_says_less_and_never_something_else() -> None:
    made = file_head(CT, "1.2.3.45", EXPLICIT) + small("1.2.3.45")
    for length in range(len(made)):
        told = of_file(made[:length])
        assert told is None or set(told_uids(told)) <= {CT, "1.2.3.45", EXPLICIT}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("1.2.840", True), ("2.25.0", True), ("1", False), ("1.02", False), ("1.2.", False),
     ("1.2.a", False), ("1." * 32 + "1", False), ("1." * 31 + "11", True), ("", False),
     ("1.2\n", False), ("１.２", False)],
)  # fmt: skip
def test_a_uid(text: str, is_one: bool) -> None:
    assert is_uid(text) is is_one
