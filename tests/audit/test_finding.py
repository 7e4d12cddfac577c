"""Submissions of one subject come in the order of their versions, each with the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sbrt_qa.audit.discovery_thread import Finder, found_below
from sbrt_qa.audit.layout import read_manifest


def submissions(root: Path, *places: str) -> None:
    for place in places:
        (root / place).mkdir(parents=True)
        (root / place / "RTPLAN.dcm").touch()


def listed(root: Path, *manifest: object, **more: frozenset[str]) -> dict[str, str | None]:
    return {
        one.submission.key: one.before and one.before.path.relative_to(root).as_posix()
        for one in found_below(root, *(manifest or (None,)), **more)
    }


def test_versions_come_by_number_and_not_by_name(tmp_path):
    submissions(tmp_path, "S1/017/v1", "S1/017/v10", "S1/017/v2", "S1/018/v1", "S2/017/v2")
    found = listed(tmp_path)
    assert list(found) == ["S1/017/v1", "S1/017/v2", "S1/017/v10", "S1/018/v1", "S2/017/v2"]
    assert found == {
        "S1/017/v1": None, "S1/017/v2": "S1/017/v1", "S1/017/v10": "S1/017/v2",
        "S1/018/v1": None, "S2/017/v2": None,
    }  # fmt: skip


def test_versions_may_stand_in_names_of_folders_and_archives(tmp_path):
    submissions(tmp_path, "S1/017_v1")
    (tmp_path / "S1" / "017_v2.zip").write_bytes(b"PK\x03\x04")
    assert listed(tmp_path) == {"S1/017_v1": None, "S1/017_v2.zip": "S1/017_v1"}


def test_a_manifest_may_list_them_in_any_order(tmp_path):
    submissions(tmp_path, "a", "b", "c")
    rows = ("path,site,subject,version", "a,S1,017,2", "b,S1,018,1", "c,S1,017,1")
    found = listed(tmp_path, read_manifest("\n".join(rows)))
    assert list(found) == ["c", "a", "b"]
    assert found == {"c": None, "a": "c", "b": None}


def test_what_is_still_arriving_is_not_compared_with(tmp_path):
    submissions(tmp_path, "S1/017/v1", "S1/017/v2")
    assert listed(tmp_path, passed_over=frozenset({"S1/017/v1"})) == {"S1/017/v2": None}


def test_a_finder_that_is_stopped_ends_the_run(tmp_path):
    submissions(tmp_path, "S1/017/v1")
    with pytest.raises(KeyboardInterrupt):
        list(Finder([tmp_path], stopped=lambda: True))
