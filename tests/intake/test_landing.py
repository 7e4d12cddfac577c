"""Landing: what is told to have landed is on disk, whole; what is refused leaves nothing."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.intake.landing import (
    ArrivalSource,
    DiskSpace,
    Incomplete,
    Landing,
    NoSpace,
    TooLarge,
    forget,
    is_stopped,
    land,
    sweep,
)

GB = 10**9
SENDER = ArrivalSource("web", "S01", "account 3")


def roomy(_: Path) -> DiskSpace:
    return DiskSpace(1000 * GB, 900 * GB)


def vault_in(folder: Path) -> Landing:
    return Landing(folder, roomy)


def files_under(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def test_a_landed_file_is_named_by_its_hash_alone(tmp_path: Path) -> None:
    content = np.random.default_rng(1).bytes(3_000_000)
    landed = land(vault_in(tmp_path), SENDER, io.BytesIO(content), max_bytes=10**7)
    digest = hashlib.sha256(content).hexdigest()
    assert (landed.sha256, landed.size_bytes, landed.already_there) == (digest, len(content), False)
    assert landed.path == tmp_path / "landing" / digest[:2] / digest[2:]
    assert landed.path.read_bytes() == content
    assert files_under(tmp_path) == [landed.path]
    assert landed.path.stat().st_mode & 0o077 == 0


def test_the_same_bytes_land_once(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    first = land(vault, SENDER, io.BytesIO(b"abc"), max_bytes=10)
    again = land(vault, ArrivalSource("stow", "S02", "x"), io.BytesIO(b"abc"), max_bytes=10)
    assert again.already_there
    assert again.path == first.path
    assert files_under(tmp_path) == [first.path]


def test_a_shorter_file_under_a_hash_is_written_anew(tmp_path: Path) -> None:
    """What a broken disk left under a name is no reason to tell that all is there."""
    vault = vault_in(tmp_path)
    first = land(vault, SENDER, io.BytesIO(b"abcdef"), max_bytes=10)
    first.path.chmod(0o600)
    first.path.write_bytes(b"abc")
    again = land(vault, SENDER, io.BytesIO(b"abcdef"), max_bytes=10)
    assert not again.already_there
    assert again.path.read_bytes() == b"abcdef"


class BrokenLine(io.RawIOBase):
    """Gives some bytes, then breaks off."""

    def __init__(self, given: bytes) -> None:
        super().__init__()
        self._given: bytes | None = given

    def read(self, _size: int = -1, /) -> bytes:
        given, self._given = self._given, None
        if given is None:
            raise ConnectionResetError
        return given


@pytest.mark.parametrize(
    ("stream", "how", "refused"),
    [
        (io.BytesIO(b"x" * 11), {}, TooLarge),
        (io.BytesIO(b""), {}, Incomplete),
        (io.BytesIO(b"x" * 9), {"expect_bytes": 10}, Incomplete),
        (io.BytesIO(b"x" * 10), {"expect_bytes": 9}, Incomplete),
        (io.BytesIO(b"x"), {"expect_sha256": "0" * 64}, Incomplete),
        (BrokenLine(b"xyz"), {}, Incomplete),
    ],
)
def test_what_is_refused_leaves_nothing(
    tmp_path: Path, stream: io.BytesIO, how: dict[str, object], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        land(vault_in(tmp_path), SENDER, stream, max_bytes=10, **how)  # type: ignore[arg-type]
    assert files_under(tmp_path) == []


def test_case_p19__nothing_is_taken_on_a_full_disk_and_it_goes_on_by_itself(tmp_path: Path) -> None:
    free = {"now": 101 * GB}
    vault = Landing(tmp_path, lambda _: DiskSpace(1000 * GB, free["now"]))
    land(vault, SENDER, io.BytesIO(b"a"), max_bytes=10)
    free["now"] = 99 * GB
    with pytest.raises(NoSpace):
        land(vault, SENDER, io.BytesIO(b"b"), max_bytes=10)
    free["now"] = 149 * GB  # above the floor, but not yet clearly
    with pytest.raises(NoSpace):
        land(vault, SENDER, io.BytesIO(b"b"), max_bytes=10)
    assert is_stopped(vault)
    free["now"] = 151 * GB
    assert not is_stopped(vault)
    free["now"] = 120 * GB
    land(vault, SENDER, io.BytesIO(b"b"), max_bytes=10)


def test_five_gibibytes_stay_free_on_a_small_disk(tmp_path: Path) -> None:
    vault = Landing(tmp_path, lambda _: DiskSpace(20 * GB, 5 * GB))
    with pytest.raises(NoSpace):
        land(vault, SENDER, io.BytesIO(b"a"), max_bytes=10)


def test_a_disk_that_fills_while_a_file_comes_ends_it(tmp_path: Path) -> None:
    looked: list[int] = []

    def filling(_: Path) -> DiskSpace:
        looked.append(1)
        return DiskSpace(1000 * GB, 900 * GB if len(looked) < 2 else 50 * GB)

    class Zeros(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            return bytes(size)

    with pytest.raises(NoSpace):
        land(Landing(tmp_path, filling), SENDER, Zeros(), max_bytes=10**12)  # type: ignore[arg-type]
    assert [p.name for p in files_under(tmp_path)] == ["full"]


def child(*words: str) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("landing_child.py")
    return subprocess.Popen(
        [sys.executable, str(script), *words], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(os.name == "nt", reason="needs resource limits")
def test_a_write_that_the_system_cuts_short_leaves_nothing(tmp_path: Path) -> None:
    told, _ = child(str(tmp_path), "little room").communicate()
    assert told == "no space\n"
    assert files_under(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_what_was_told_to_have_landed_outlives_a_kill(tmp_path: Path) -> None:
    """`scripts/bench landing` does the same at 200 moments."""
    with child(str(tmp_path), "5") as landing:
        assert landing.stdout is not None
        acknowledged = [landing.stdout.readline().strip() for _ in range(40)]
        landing.kill()
        acknowledged += landing.stdout.read().split("\n")[:-1]
    vault = vault_in(tmp_path)
    for digest in acknowledged:
        assert hashlib.sha256(vault.path(digest).read_bytes()).hexdigest() == digest
    sweep(vault)
    for path in files_under(tmp_path):
        digest = path.parent.name + path.name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, "no torn file has a name"
    assert len(files_under(tmp_path)) - len(set(acknowledged)) in (0, 1)


@pytest.mark.skipif(os.name == "nt", reason="needs locks of files")
def test_sweeping_leaves_what_is_still_written(tmp_path: Path) -> None:
    vault, waiting, going_on = vault_in(tmp_path), threading.Event(), threading.Event()

    class Slow(io.RawIOBase):
        given = False

        def read(self, _size: int = -1, /) -> bytes:
            if self.given:
                return b""
            self.given = True
            waiting.set()
            going_on.wait()
            return b"late"

    dead = tmp_path / "landing" / "parts" / "left"
    dead.parent.mkdir(parents=True)
    dead.write_bytes(b"half")
    thread = threading.Thread(
        target=lambda: land(vault, SENDER, Slow(), max_bytes=10)  # type: ignore[arg-type]
    )
    thread.start()
    waiting.wait()
    assert sweep(vault) == 1
    going_on.set()
    thread.join()
    assert vault.path(hashlib.sha256(b"late").hexdigest()).read_bytes() == b"late"


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "", "A" * 64, "0" * 63, "a/" * 32])
def test_case_p12__only_a_hash_names_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        vault_in(tmp_path).path(name)


def test_forgetting_deletes_the_file(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    landed = land(vault, SENDER, io.BytesIO(b"abc"), max_bytes=10)
    assert forget(vault, landed.sha256)
    assert not forget(vault, landed.sha256)
    assert files_under(tmp_path) == []
