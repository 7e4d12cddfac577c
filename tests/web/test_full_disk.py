"""Uploads and STOW-RS on a disk that is full, the database with it: 507, then on by itself."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.small_disks import KINDS, fill, small_disk

from sbrt_qa.errors import StoreError
from sbrt_qa.intake.landed_source import landed_files
from sbrt_qa.intake.landing import Landing
from sbrt_qa.web.request_guard import RequestHead
from sbrt_qa.web.review_office.chunk_doors import refused
from sbrt_qa.web.visits import Visit
from sbrt_qa.web.working.arrival_rows import Arrivals
from sbrt_qa.web.working.upload_rows import Uploads
from sbrt_qa.web.working.working_store import WorkingStore

from .playing_office import PlayingOffice
from .test_stow import body, posted, small
from .test_uploads_in_chunks import Program, listed, make_token


@pytest.fixture(scope="module")
def program(served: PlayingOffice) -> Program:
    return Program(served, make_token(served, "physicist.s2", "S2"))


@pytest.fixture(params=KINDS)
def disk(
    request: pytest.FixtureRequest, tmp_path: Path, served: PlayingOffice,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:  # fmt: skip
    """A small disk on which everything that comes in is kept."""
    with small_disk(tmp_path, request.param) as place:
        store = WorkingStore.in_folder(place)
        monkeypatch.setattr(served.app, "store", store)
        vault = Landing(place / "intake", least_free_bytes=0, least_free_part=0.0)
        monkeypatch.setattr(served.app, "vault", vault)
        monkeypatch.setattr(served.app, "uploads", Uploads(store, place / "intake" / "uploads"))
        vault.folder.mkdir(parents=True)
        yield place
        store.close()


def whole(served: PlayingOffice) -> set[str]:
    found = set()
    for one in landed_files(served.app.vault.folder):
        content = served.app.vault.path(one.sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one.sha256
        found.add(one.sha256)
    return found


def test_case_p19__an_upload_on_a_full_disk_is_told_and_goes_on(
    disk: Path, served: PlayingOffice, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    content = np.random.default_rng(1).bytes(3_000_000)
    status, upload = program.begin(listed(content))
    assert status == 201
    for spare in (0, 100_000, 1_500_000, 2_999_000):
        ballast = fill(disk, spare)
        assert program.put(upload["id"], 0, content) == 507, spare
        assert program.begin(listed(content + b"x"))[0] in (201, 507)
        assert not list((disk / "intake" / "uploads" / upload["id"]).glob("*.part"))
        assert program.ask("GET", f"/upload/{upload['id']}")[1]["missing"] == [0]
        ballast.unlink()
    assert program.put(upload["id"], 0, content) == 201
    ballast = fill(disk, 40_000)
    status, told = program.finish(upload["id"], [content])
    assert status == 507
    assert "disk" in str(told) or "full" in str(told)
    assert not list((served.app.vault.folder / "parts").iterdir())
    ballast.unlink()
    status, told = program.finish(upload["id"], [content])
    assert (status, told["state"]) == (200, "landed")
    assert whole(served) == {hashlib.sha256(content).hexdigest()}
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_case_p19__stow_on_a_full_disk_is_told_and_goes_on(
    disk: Path, served: PlayingOffice, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    assert posted(program, body(small("1.2.9.1")))[0] == 200
    answered = {"1.2.9.1"}
    for spare in (0, 4_096, 1_000_000, 1_040_000, 1_100_000, 2_000_000):
        ballast = fill(disk, spare)
        large = small("1.2.9.8") + bytes(2_000_000 + spare % 5_000)
        assert posted(program, body(large))[0] == 507, spare
        uid = f"1.2.9.2.{spare}"
        status = posted(program, body(small(uid)))[0]
        assert status in (200, 409, 507)
        answered |= {uid} if status == 200 else set()
        ballast.unlink()
    assert posted(program, body(small("1.2.9.3")))[0] == 200
    assert not list((served.app.vault.folder / "parts").iterdir())
    there = whole(served)
    for uid in answered | {"1.2.9.3"}:
        digest = hashlib.sha256(small(uid)).hexdigest()
        assert digest in there
        assert Arrivals(served.app.store).of_hash(digest)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_a_database_that_is_full_is_told_as_a_full_disk() -> None:
    head = RequestHead("office.example", secure=True, address="127.0.0.1")
    visit = Visit("n", "PUT", "/uploads/x/chunks", head)
    what = "the working state cannot be used"
    assert refused(StoreError(what, got="'database or disk is full'"), visit).status_code == 507
    with pytest.raises(StoreError):
        refused(StoreError(what, got="'no such table'"), visit)
