"""What an audit is asked to do, and what it tells of each submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.actor import Doing
from sbrt_qa.sandbox import Limits

if TYPE_CHECKING:
    from sbrt_qa.audit.layout import Naming

__all__ = ["LIMITS", "Request", "Step", "manifest_of", "now"]

ANSWER_BYTES: Final = 256 * 1024**2
"""Largest answer about one submission: its histograms take half a megabyte a plan."""

ATTEMPTS: Final = 3
"""How many runs try a submission whose review breaks off; then only those that are told to."""

LIMITS: Final = Limits(answer_bytes=ANSWER_BYTES)
MAX_MANIFEST: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """What to audit, and how.

    Parameters
    ----------
    submissions
        Folders and zip archives.
    out
        The audit's folder.
    protocol
        Name in the library, or a file.
    manifest
        CSV that says whose each path is, see `sbrt_qa.audit.layout`.
    jobs
        Submissions reviewed at a time.
    dask
        Address of a scheduler; then its workers review.
    key_file
        Replace subjects' codes by keyed hashes with the key of this file.
    limits
        Caps of each review.
    passed_over
        Places that are left alone this time, by their keys: they may still be arriving.
    reports
        Write a case report of every plan into the audit's folder.
    retry
        Try once more what could not be reviewed in three runs because the review broke off.
    wait
        Wait for workers of a cluster where none is left; else the run ends.
    sites
        CSV file with the names of sites, see `sbrt_qa.audit.site_names`.
    language
        In which case reports are written; as the audit did before when empty.
    by
        Who has it run.
    """

    submissions: tuple[Path, ...]
    out: Path
    protocol: str
    trial: str = ""
    database: str = ""
    manifest: Path | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1
    dask: str = ""
    key_file: Path | None = None
    limits: Limits = LIMITS
    passed_over: frozenset[str] = frozenset()
    reports: bool = True
    retry: bool = False
    wait: bool = False
    sites: Path | None = None
    language: str = ""
    by: Doing = field(default_factory=Doing)


@dataclass(frozen=True, slots=True)
class Step:
    """One submission done: its code, and its verdict, None when there was no review.

    ``trouble`` says why it could not be reviewed, where that is so: for a reason of the site's
    when there is a verdict, else of ours, and then it is still to be reviewed. ``unwritten`` counts
    case reports that could not be written.
    """

    code: str
    verdict: str | None
    found: int
    complete: bool
    trouble: str = ""
    unwritten: int = 0


def manifest_of(request: Request) -> dict[str, Naming] | None:
    """Read the manifest of a request, if it has one.

    Raises
    ------
    UsageError
        It cannot be read, or is wrong.
    """
    path = request.manifest
    if path is None:
        return None
    from sbrt_qa.audit.layout import read_manifest

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_manifest(file.read(MAX_MANIFEST))
    except (OSError, UnicodeDecodeError) as error:
        where, expected = quoted(path.name), "a CSV file in UTF-8"
        raise UsageError("the manifest cannot be read", where=where, expected=expected) from error
