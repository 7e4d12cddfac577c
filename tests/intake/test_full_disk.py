"""On a disk that is full to the last byte: refused, nothing torn, and then on by itself."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.small_disks import KINDS, fill, small_disk

from sbrt_qa.intake.landed_source import landed_files
from sbrt_qa.intake.landing import ArrivalSource, Landing, NoSpace, land

SENDER = ArrivalSource("c-store", "S01", "TPS")


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, request.param) as place:
        yield place


def an_object(number: int, size: int = 700_001) -> bytes:
    return np.random.default_rng(number).bytes(size)


def whole(vault: Landing) -> set[str]:
    """Return the hash of every file that landed, each held against its name."""
    found = set()
    for one in landed_files(vault.folder):
        content = vault.path(one.sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one.sha256, "a torn file"
        found.add(one.sha256)
    return found


def test_case_p19__a_full_disk_refuses_and_tears_nothing(disk: Path) -> None:
    """With no floor of ours, so that the disk itself says no."""
    vault = Landing(disk, least_free_bytes=0, least_free_part=0.0)
    landed, refused = set(), 0
    for number in range(60):
        try:
            landed.add(land(vault, SENDER, io.BytesIO(an_object(number)), max_bytes=10**6).sha256)
        except NoSpace:
            refused += 1
    assert refused > 10
    assert len(landed) > 20
    assert whole(vault) == landed
    assert list((vault.folder / "parts").iterdir()) == []
    gone = sorted(landed)[:5]
    for digest in gone:
        vault.path(digest).unlink()
    again = land(vault, SENDER, io.BytesIO(an_object(99)), max_bytes=10**6)
    assert whole(vault) == landed - set(gone) | {again.sha256}


def test_case_p19__every_last_byte_may_be_the_one_that_is_missing(disk: Path) -> None:
    vault = Landing(disk, least_free_bytes=0, least_free_part=0.0)
    land(vault, SENDER, io.BytesIO(b"first"), max_bytes=100)
    for spare in (0, 4_096, 64_000, 300_000, 650_000):
        ballast = fill(disk, spare)
        with pytest.raises(NoSpace, match="the disk took no more"):
            land(vault, SENDER, io.BytesIO(an_object(spare)), max_bytes=10**6)
        assert len(whole(vault)) == 1
        assert list((vault.folder / "parts").iterdir()) == []
        ballast.unlink()
    land(vault, SENDER, io.BytesIO(an_object(1)), max_bytes=10**6)
    assert len(whole(vault)) == 2
