"""A receiver whose whole disk is full, its database with it: refused, and on by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.small_disks import KINDS, fill, small_disk

from sbrt_qa.intake.landing import NoSpace
from sbrt_qa.network.spooled_messages import IN_MEMORY_BYTES, Spool

from .raw_dicom import CT, EXPLICIT, Line, Running, echo, receiver
from .test_storing import landed_data, small


@pytest.fixture(params=KINDS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with small_disk(tmp_path, request.param) as disk, receiver(disk) as one:
        yield one


def test_case_p19__a_receiver_on_a_full_disk_says_a700_and_serves_on(running: Running) -> None:
    line = Line(running.port).associated((CT, EXPLICIT))
    first = [f"1.2.9.{n}" for n in range(3)]
    for uid in first:
        assert line.store(CT, uid.encode(), small(uid))[0] == 0x0000
    for spare in (0, 300_000):
        ballast = fill(running.root.parent, spare)
        large = small("1.2.9.77", bytes(3_000_000))
        status, comment = line.store(CT, b"1.2.9.77", large)
        assert (status, bool(comment)) == (0xA700, True)
        answered = line.store(CT, f"1.2.9.5.{spare}".encode(), small(f"1.2.9.5.{spare}"))[0]
        assert answered in (0x0000, 0xA700)
        if answered == 0x0000:
            first.append(f"1.2.9.5.{spare}")
        assert echo(running.port) == 0, "a known peer is served on the full disk"
        ballast.unlink()
        assert line.store(CT, f"1.2.9.6.{spare}".encode(), small(f"1.2.9.6.{spare}"))[0] == 0
        first.append(f"1.2.9.6.{spare}")
    line.release()
    there = landed_data(running)
    assert set(first) <= set(there)
    for uid in first:
        assert there[uid] == hashlib.sha256(small(uid)).hexdigest()
    assert not list((running.root / "landing" / "parts").iterdir())
    assert len(running.arrivals("landed")) == len(first)
    assert running.end() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_no_longer_fit_are_a_trouble_and_no_fault(tmp_path: Path, kind: str) -> None:
    """What is kept back in memory is found not to fit when it is read, or dropped."""
    with small_disk(tmp_path, kind, 10) as disk:
        for spare in (4_096, 8_192):
            ballast = fill(disk, IN_MEMORY_BYTES + spare)
            troubles = set()
            for size in range(IN_MEMORY_BYTES, IN_MEMORY_BYTES + 60_000, 3_001):
                spool = Spool(disk, 10**9)
                for _ in range(size // 2_000):
                    spool.write(bytes(2_000))
                spool.settle()
                troubles.add(type(spool.trouble))
                if spool.trouble is None:
                    assert spool.head(10) == bytes(10)
                spool.close()
            ballast.unlink()
            assert NoSpace in troubles
