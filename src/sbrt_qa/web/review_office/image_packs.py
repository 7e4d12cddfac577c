"""Images of recorded plans as the pages of an office show them: made once, kept for a while.

This process reads none of the files that a site sent. A child makes a folder of planes and numbers
of them; here they are handed on. The folders are no records: any may be removed, and is made anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sbrt_qa.audit.case_reports import file_name
from sbrt_qa.audit.image_pack import ImageJob, make_images
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.stored_images import RecordedPlan
from sbrt_qa.reports.html.viewer_pack import AXES, PARTS, SCENE, packed_plane, read_plane

NO_FILES: Final = msg("The files of this submission are not where this office keeps files.")
FAILED: Final = msg("The images could not be made.")

FORM: Final = 2
"""Changes with how the parts of a folder are written: none is read that was written otherwise."""

MOST_KEPT: Final = 8
"""Folders that are kept; the one that was used longest ago goes first."""


@dataclass(frozen=True, slots=True)
class PackState:
    """Whether the images of a plan are there.

    Parameters
    ----------
    folder
        Where they lie; None while they are made, or where they cannot be.
    why
        Why they cannot be; empty while they are made.
    """

    folder: Path | None = None
    why: str = ""


class ImagePacks:
    """The images of an office.

    Parameters
    ----------
    audit
        Folder of the audit; the images lie beside it.
    submissions
        Folders in which the files of submissions lie, as ``SITE/SUBJECT/vN``, directly or in a
        folder of their own each.
    """

    def __init__(self, audit: Path, submissions: Sequence[Path]) -> None:
        self._folder = audit.with_name(audit.name + ".images")
        self._submissions = tuple(submissions)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._making: set[str] = set()
        self._failed: dict[str, str] = {}
        self.shown: dict[tuple[int, int], Path] = {}
        """By submission and plan the folder of what was last told of, for its many parts."""

    def state(self, plan: RecordedPlan) -> PackState:
        """Return whether the images of a plan are there; begin to make them where they are not."""
        name = _name(plan)
        folder = self._folder / name
        if (folder / SCENE).exists():
            with suppress(OSError):
                (folder / SCENE).touch()
            return PackState(folder)
        with self._lock:
            if name in self._making:
                return PackState()
            if name in self._failed:
                return PackState(why=self._failed[name])
            source = self._source(plan.code)
            if source is None:
                return PackState(why=NO_FILES)
            self._making.add(name)
            self._pool = self._pool or ThreadPoolExecutor(1, "images")
            self._pool.submit(self._make, plan, name, source)
        return PackState()

    def forget(self, plan: RecordedPlan) -> None:
        """Try again what failed."""
        with self._lock:
            self._failed.pop(_name(plan), None)

    def close(self) -> None:
        """Begin nothing more."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _source(self, code: str) -> Path | None:
        """Return the folder of a submission's files; None where it is in none of the folders."""
        site, subject, version = code.split("/")
        below = Path(site, subject, version.partition(".")[0])
        for root in self._submissions:
            found = [root / below, *sorted(root.glob(f"*/{below}"))] if root.is_dir() else []
            if below.name == "v1":
                found.append(root / site / subject)
            there = next((one for one in found if one.is_dir()), None)
            if there is not None:
                return there
        return None

    def _make(self, plan: RecordedPlan, name: str, source: Path) -> None:
        part = self._folder / f"{name}.part"
        why: str = FAILED
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True, mode=0o700)
            self._tidy()
            site, subject, _ = plan.code.split("/")
            why = make_images(
                ImageJob(source, part, plan.plan, plan.files, plan.review, plan.protocol,
                         plan.mapping, (site, subject))
            )  # fmt: skip
            if not why:
                shutil.rmtree(self._folder / name, ignore_errors=True)
                part.rename(self._folder / name)
        except (OSError, SbrtQaError):
            why = FAILED
        finally:
            shutil.rmtree(part, ignore_errors=True)
            with self._lock:
                self._making.discard(name)
                if why:
                    self._failed[name] = why

    def _tidy(self) -> None:
        kept = [one for one in self._folder.iterdir() if (one / SCENE).exists()]
        kept.sort(key=lambda one: (one / SCENE).stat().st_mtime)
        for one in kept[: max(len(kept) + 1 - MOST_KEPT, 0)]:
            shutil.rmtree(one, ignore_errors=True)


def _name(plan: RecordedPlan) -> str:
    """Return what a folder is called: another one for another review."""
    told = json.dumps([FORM, plan.review, plan.protocol, sorted(plan.mapping.items()), plan.files])
    mark = hashlib.sha256(told.encode()).hexdigest()[:12]
    return f"{file_name(plan.code.replace('/', '_'))}-{plan.plan}-{mark}"


def scene_of(folder: Path) -> dict[str, Any] | None:
    """Return what there is to show; None where it cannot be read."""
    try:
        found = json.loads((folder / SCENE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def part_of(folder: Path, name: str) -> bytes | None:
    """Return dose, contours or curves; None where there are none."""
    try:
        return (folder / name).read_bytes() if name in PARTS else None
    except OSError:
        return None


def plane_of(folder: Path, axis: str, index: int) -> bytes | None:
    """Return one plane of the image, packed; None where there is none."""
    scene = scene_of(folder)
    if scene is None or axis not in AXES or "image" not in scene:
        return None
    told = scene["image"]
    shape = (len(told["z"]), int(told["y"][2]), int(told["x"][2]))
    try:
        return packed_plane(read_plane(folder, shape, axis, index))
    except (IndexError, OSError, ValueError):
        return None
