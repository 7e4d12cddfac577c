"""Kernels have a place to be kept in where neither the program nor the user can write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sbrt_qa.geometry.compiling import cache_folder
from sbrt_qa.geometry.compiling.cache_folder import can_write, private_folder


def subfolder(path: str) -> str:
    return Path(path).parent.name + "_x"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    kept = tmp_path / "package" / "geometry" / "__pycache__"
    kept.mkdir(parents=True)
    (kept / "_kernels.scan-1.py311.nbi").write_bytes(b"index")
    (kept / "_kernels.scan-1.py311.1.nbc").write_bytes(b"code")
    (kept / "_kernels.cpython-311.pyc").write_bytes(b"not a kernel")
    return tmp_path / "package"


@pytest.fixture
def nothing_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom no permission holds back."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)


@pytest.mark.usefixtures("nothing_writable")
def test_compiled_kernels_are_copied_to_where_they_can_be_read(
    package: Path, tmp_path: Path
) -> None:
    warm = tmp_path / "warm" / "geometry_y"
    warm.mkdir(parents=True)
    (warm / "other.nbc").write_bytes(b"warm")
    made = private_folder(str(tmp_path / "warm"), tmp_path / "home", subfolder, package)
    assert made is not None
    assert made.stat().st_mode & 0o777 == 0o700  # machine code of others is not to be run
    found = {p.relative_to(made).as_posix(): p.read_bytes() for p in made.rglob("*.*")}
    assert found == {
        "geometry_y/other.nbc": b"warm",
        "geometry_x/_kernels.scan-1.py311.nbi": b"index",
        "geometry_x/_kernels.scan-1.py311.1.nbc": b"code",
    }
    cache_folder._remove(made, os.getpid() + 1)
    assert made.exists()
    cache_folder._remove(made, os.getpid())
    assert not made.exists()


def test_a_place_that_can_be_written_is_left_alone(package: Path, tmp_path: Path) -> None:
    assert private_folder("", tmp_path / "home", subfolder, package) is None


def test_a_folder_can_be_written_that_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert can_write(tmp_path / "a" / "b")
    assert not can_write(tmp_path / "file" / "a")
