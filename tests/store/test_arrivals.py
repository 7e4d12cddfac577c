"""Arrivals, studies, uploads and tokens as rows, in SQLite and in PostgreSQL."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from postgres import fresh_database

from sbrt_qa.errors import UsageError
from sbrt_qa.intake.chunks import read_manifest
from sbrt_qa.intake.landing import ArrivalSource, Landed
from sbrt_qa.intake.study_closing import MissingPart
from sbrt_qa.web.working.arrival_rows import Arrivals, record_arrival
from sbrt_qa.web.working.study_rows import Studies
from sbrt_qa.web.working.token_rows import SiteTokens
from sbrt_qa.web.working.upload_rows import Uploads
from sbrt_qa.web.working.working_store import WorkingStore

PEER = ArrivalSource("c-store", "S1", "TPS")


def landed(content: bytes) -> Landed:
    digest = hashlib.sha256(content).hexdigest()
    return Landed(digest, len(content), Path("x"), already_there=False)


def facts(uid: str, **more: object) -> dict[str, object]:
    told = {"sop_class": "1.2", "series_uid": "1", "study_uid": "2", "modality": "CT"}
    return {"trouble": "", "sop_uid": uid, "patient": "p", "code": "", "links": {}, **told, **more}


def play(store: WorkingStore, folder: Path) -> None:
    """Go through what rows of intake are for."""
    rows, studies = Arrivals(store), Studies(store)
    one = record_arrival(store, PEER, landed(b"1"), sop_uid="1.1")
    assert record_arrival(store, PEER, landed(b"1"), sop_uid="1.1").state == "again"
    assert record_arrival(store, PEER, landed(b"2"), sop_uid="1.1").is_conflict
    assert [s.state for s in studies.all()] == ["quarantined"]
    known = rows.sort(one, facts("1.1", links={"image": ["1.5"]}))
    assert known.facts is not None
    assert known.facts.named() == (("image", "1.5"),)
    assert rows.linked("S1", ["1.1"], []) == rows.linked("S1", [], ["2"]) == (known,)
    assert rows.linked("S2", ["1.1"], ["2"]) == ()
    study = studies.begin("S1", [one.id])
    missing = (MissingPart("image", 1, "RTSTRUCT"),)
    changed = studies.change(study, state="incomplete", missing=missing)
    assert (changed.missing, changed.state) == (missing, "incomplete")
    assert studies.change(study, state="closed").state == "incomplete", "it has moved on"
    number = rows.association_begun(PEER)
    assert rows.is_sending("S1", ["TPS"])
    assert not rows.is_sending("S2", ["TPS"])
    rows.association_ended(number)
    assert not rows.is_sending("S1", ["TPS"])
    uploads = Uploads(store, folder)
    manifest = read_manifest([["x", 3, ""]])
    begun = uploads.begin(1, "S1", "S1-001", "web", manifest)
    assert uploads.begin(1, "S1", "S1-001", "web", manifest).id == begun.id
    assert uploads.begin(2, "S1", "S1-001", "web", manifest).id != begun.id
    assert uploads.promised_bytes() == 6
    assert uploads.landed(begun, "/there").manifest.files[0].name == ""
    tokens = SiteTokens(store)
    token = tokens.make(1, "S1", 2)
    held = tokens.of(token)
    assert held is not None
    assert (held.account, held.site) == (1, "S1")
    later = SiteTokens(store, lambda: held.until + 1)
    assert later.of(token) is None
    assert tokens.end(held.id)
    assert tokens.of(token) is None
    with pytest.raises(UsageError):
        tokens.make(1, "S1", 0)
    store.close()


def test_rows_of_intake(tmp_path: Path) -> None:
    play(WorkingStore.in_folder(tmp_path), tmp_path / "uploads")


def test_rows_of_intake_in_postgresql(postgres_server: str, tmp_path: Path) -> None:
    play(WorkingStore.in_database(fresh_database(postgres_server)), tmp_path / "uploads")
