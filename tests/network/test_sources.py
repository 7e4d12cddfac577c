"""Studies from an Orthanc and files from a watched folder: all of them, once, and only theirs."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.intake.first_elements import file_head
from sbrt_qa.intake.landing import DiskSpace, Landing, NoSpace
from sbrt_qa.network.http_addresses import HttpRefusedError, read_address
from sbrt_qa.network.orthanc_source import OrthancFeed
from sbrt_qa.network.peers import OrthancSource, WatchedFolder
from sbrt_qa.network.storing import Storing
from sbrt_qa.network.watched_folders import FolderWatch

from .conftest import SAMPLE
from .orthanc_server import PASSWORD, USER, OrthancServer, needs_orthanc, orthanc
from .raw_dicom import CT, EXPLICIT, PEERS, data_set, receiver, until
from .test_storing import small


def storing_at(folder: Path, free: list[int] | None = None) -> Storing:
    """Return a place for objects, on a disk with room."""
    left = free or [10**12]
    return Storing(Landing(folder, lambda _: DiskSpace(10**12, left[0])))


def instances(where: Storing) -> set[str]:
    """Return the instances that landed."""
    return {data_set(p)[1] for p in where.landing.folder.glob("??/*")}


# --- Orthanc -------------------------------------------------------------------------------------


@needs_orthanc
def test_an_orthanc_is_followed_and_nothing_is_taken_twice(tmp_path: Path) -> None:
    slices = sorted((SAMPLE / "minor" / "CT").glob("*.dcm"))[:5]
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    where = storing_at(tmp_path / "intake")
    with orthanc(tmp_path / "orthanc") as server:
        source = OrthancSource("S01", server.url, USER, str(secret))
        for path in slices[:4]:
            server.ask("POST", "/instances", path.read_bytes())
        stable(server)
        assert OrthancFeed.of(source, where).follow() == 4
        assert {p.read_bytes() for p in where.landing.folder.glob("??/*")} == {
            p.read_bytes() for p in slices[:4]
        }
        assert OrthancFeed.of(source, where).follow() == 0
        server.ask("POST", "/instances", slices[4].read_bytes())
        again = OrthancFeed.of(source, where)
        until(again.follow, "the study is stable again")
        assert len(instances(where)) == 5
        wrong = OrthancSource("S01", server.url, USER, "")
        with pytest.raises(HttpRefusedError, match="refuses"):
            OrthancFeed.of(wrong, storing_at(tmp_path / "other")).follow()


def stable(server: OrthancServer) -> None:
    """Wait until a study is stable."""
    until(
        lambda: any(
            c["ChangeType"] == "StableStudy" for c in server.ask("GET", "/changes")["Changes"]
        ),
        "a stable study",
    )


STUDY = "0a0a0a0a-0a0a0a0a-0a0a0a0a-0a0a0a0a-0a0a0a0a"


class Lying(http.server.BaseHTTPRequestHandler):
    """A server that says what it is told to."""

    says: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        status, headers, body = self.says.get(self.path.partition("?")[0], (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def lying() -> Iterator[str]:
    """A server for hostile answers, and its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lying) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        Lying.asked, Lying.says = [], {}
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def feed_of(changes: list[dict[str, Any]], last: int = 7) -> tuple[int, dict[str, str], bytes]:
    """Return an answer with changes."""
    changes = [{**one, "Seq": n + 1} for n, one in enumerate(changes)]
    return 200, {}, json.dumps({"Changes": changes, "Last": last, "Done": True}).encode()


def test_case_s25__a_redirect_is_not_followed(lying: str, tmp_path: Path) -> None:
    Lying.says = {"/changes": (302, {"Location": f"{lying}/other"}, b"")}
    feed = OrthancFeed.of(OrthancSource("S01", lying), storing_at(tmp_path))
    with pytest.raises(HttpRefusedError, match="refuses"):
        feed.follow()
    assert not any("other" in path for path in Lying.asked)


def test_what_a_server_says_leads_nowhere_else(lying: str, tmp_path: Path) -> None:
    Lying.says = {
        "/changes": feed_of(
            [{"ChangeType": "StableStudy", "ID": "../../etc", "Path": "/secret"},
             {"ChangeType": "StableStudy", "ID": STUDY, "Path": "/secret"}]
        ),
        f"/studies/{STUDY}/instances": (200, {}, b'[{"ID": "../x"}, 7, {"Path": "/secret"}]'),
    }  # fmt: skip
    assert OrthancFeed.of(OrthancSource("S01", lying), storing_at(tmp_path)).follow() == 0
    assert {p.partition("?")[0] for p in Lying.asked} == {
        "/changes", f"/studies/{STUDY}/instances"
    }  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"[" * 100_000, b'{"Changes": 7, "Last": 1, "Done": true}', b"\xff"]
)
def test_what_is_no_feed_is_refused(lying: str, tmp_path: Path, body: bytes) -> None:
    Lying.says = {"/changes": (200, {}, body)}
    with pytest.raises(HttpRefusedError):
        OrthancFeed.of(OrthancSource("S01", lying), storing_at(tmp_path)).follow()


def test_an_instance_that_is_not_what_its_hash_says_is_not_taken(
    lying: str, tmp_path: Path
) -> None:
    whole = file_head(CT, "1.2.3", EXPLICIT) + small("1.2.3")
    one, other = STUDY.replace("a", "1"), STUDY.replace("a", "2")
    md5 = hashlib.md5(whole).hexdigest().encode()  # noqa: S324 - as Orthanc tells it
    Lying.says = {
        "/changes": feed_of([{"ChangeType": "StableStudy", "ID": STUDY}]),
        f"/studies/{STUDY}/instances": (200, {}, json.dumps([{"ID": one}, {"ID": other}]).encode()),
        f"/instances/{one}/attachments/dicom/md5": (200, {}, md5),
        f"/instances/{one}/file": (200, {}, whole[:-2]),
        f"/instances/{other}/attachments/dicom/md5": (200, {}, md5),
        f"/instances/{other}/file": (200, {}, whole),
    }
    where = storing_at(tmp_path)
    assert OrthancFeed.of(OrthancSource("S01", lying), where).follow() == 1
    assert [p.read_bytes() for p in where.landing.folder.glob("??/*")] == [whole]
    assert where.counts["orthanc: not taken"] == 1


def test_a_full_disk_is_no_step_forward_in_the_feed(lying: str, tmp_path: Path) -> None:
    whole = file_head(CT, "1.2.3", EXPLICIT) + small("1.2.3")
    md5 = hashlib.md5(whole).hexdigest().encode()  # noqa: S324 - as Orthanc tells it
    Lying.says = {
        "/changes": feed_of([{"ChangeType": "StableStudy", "ID": STUDY}]),
        f"/studies/{STUDY}/instances": (200, {}, json.dumps([{"ID": STUDY}]).encode()),
        f"/instances/{STUDY}/attachments/dicom/md5": (200, {}, md5),
        f"/instances/{STUDY}/file": (200, {}, whole),
    }
    free = [10**9]
    where = storing_at(tmp_path, free)
    feed = OrthancFeed.of(OrthancSource("S01", lying), where)
    with pytest.raises(NoSpace):
        feed.follow()
    free[0] = 10**12
    assert feed.follow() == 1
    assert feed.follow() == 0


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "https://[fe80::1]/", "http://8.8.8.8/", "file:///etc/passwd",
     "http://user:word@127.0.0.1/", "http://0.0.0.0/", "ftp://127.0.0.1/", "http://127.0.0.1:x/",
     "http://224.0.0.1/", "http://[::ffff:169.254.169.254]/", "", "http://127.0.0.1/?a=b"],
)  # fmt: skip
def test_case_s25__addresses_that_lead_to_no_server_of_a_site(url: str) -> None:
    with pytest.raises(UsageError):
        read_address(url)


# --- a watched folder ----------------------------------------------------------------------------


def test_a_file_is_taken_once_it_rests(tmp_path: Path) -> None:
    folder = tmp_path / "S01"
    shutil.copytree(SAMPLE / "minor" / "CT", folder / "CT")
    (folder / "notes.txt").write_text("no DICOM")
    (folder / "half.dcm.part").write_bytes(file_head(CT, "1.2.3", EXPLICIT) + small("1.2.3"))
    where = storing_at(tmp_path / "intake")
    watch = FolderWatch(WatchedFolder("S01", str(folder)), where)
    assert watch.look() == 0
    growing = sorted(folder.glob("CT/*"))[0]
    with growing.open("ab") as file:
        file.write(b"\xfc\xff\xfc\xffOB\0\0\2\0\0\0\0\0")
    assert watch.look() == len(list((folder / "CT").iterdir())) - 1
    assert watch.look() == 1
    assert where.counts["watch: left, no DICOM"] == 1
    (folder / "half.dcm.part").rename(folder / "half.dcm")
    assert watch.look() == 0
    assert watch.look() == 1
    assert "1.2.3" in instances(where)
    later = FolderWatch(WatchedFolder("S01", str(folder)), where)
    assert [later.look(), later.look()] == [0, 0]
    assert len(list(folder.rglob("*.dcm"))) == len(instances(where))


def test_nothing_in_a_folder_leads_out_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dcm"
    secret.write_bytes(file_head(CT, "1.2.9", EXPLICIT) + small("1.2.9"))
    folder = tmp_path / "S01"
    folder.mkdir()
    (folder / "link.dcm").symlink_to(secret)
    (folder / "away").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe.dcm")
    where = storing_at(tmp_path / "intake")
    watch = FolderWatch(WatchedFolder("S01", str(folder)), where)
    assert [watch.look() for _ in range(3)] == [0, 0, 0]
    assert instances(where) == set()


def test_what_a_full_disk_did_not_take_is_taken_later(tmp_path: Path) -> None:
    folder = tmp_path / "S01"
    folder.mkdir()
    (folder / "a").write_bytes(file_head(CT, "1.2.9", EXPLICIT) + small("1.2.9"))
    free = [10**9]
    where = storing_at(tmp_path / "intake", free)
    watch = FolderWatch(WatchedFolder("S01", str(folder)), where)
    watch.look()
    with pytest.raises(NoSpace):
        watch.look()
    free[0] = 10**12
    assert watch.look() == 1


def test_a_receiver_takes_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "from_site"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(file_head(CT, "1.2.9", EXPLICIT) + small("1.2.9"))
    peers = f'{PEERS}\n[[watch]]\nsite = "S01"\nfolder = "{folder}"\n'
    with receiver(tmp_path, peers) as running:
        running.counted("watch: taken")
        assert [data_set(p)[1] for p in running.landed()] == ["1.2.9"]
