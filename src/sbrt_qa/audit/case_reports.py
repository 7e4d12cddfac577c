"""Case reports of an audit: written by the worker that reviewed, put in place by the parent.

A worker does not know yet what a submission will be called, and the parent must not hold a page for
every plan. So the worker writes beside the reports, and the parent renames once the review is
recorded: what is in place is whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.privacy import REMOVED
from sbrt_qa.audit.renaming import renamed_text

if TYPE_CHECKING:
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.evidence.evidence import Evidence, Reviewed

FOLDER: Final = "cases"
NEW: Final = ".new"
"""Folder of pages whose submission is not recorded yet."""

UNNAMED: Final = "[pseudonymized]"
"""Stands in a page for a subject whose pseudonym its worker is not told."""

_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)
_MARK: Final = 6


def file_name(code: str) -> str:
    """Return a code as a name of a folder that is safe, and another one's nowhere.

    Systems that take upper and lower case for the same would mix up ``s1`` and ``S1``, and some do
    not know names such as ``CON`` or ``S1.``: such codes get a mark.
    """
    if code == code.upper() and not code.endswith(".") and not _RESERVED.fullmatch(code):
        return code
    return f"{code.rstrip('.')}-{hashlib.sha256(code.encode()).hexdigest()[:_MARK]}"


def relative_path(code: str, plan: int) -> str:
    """Return where the report of a plan lies, below the audit's folder, with slashes.

    ``cases/S01/S01-017/v2/report.html``; further plans of a submission are ``report-2.html``.
    """
    site, subject, version = code.split("/")
    name = "report.html" if plan == 1 else f"report-{plan}.html"
    return "/".join((FOLDER, file_name(site), file_name(subject), version, name))


class CaseReports:
    """The reports of one audit's folder."""

    def __init__(self, audit: Path) -> None:
        self._audit = audit
        self._new = audit.absolute() / FOLDER / NEW

    def begin(self) -> None:
        """Make room, and forget what an earlier run left unfinished."""
        self._new.mkdir(parents=True, exist_ok=True)
        for left in self._new.iterdir():
            left.unlink(missing_ok=True)

    def stem(self, place_key: str) -> Path:
        """Return where a worker writes the pages of one place; it adds the number of the plan."""
        return self._new / place_key

    def hashes(self, place_key: str, plans: int) -> tuple[str, ...]:
        """Return the SHA-256 of the pages of a place that wait, by plan; empty where none waits."""
        pages = [Path(f"{self.stem(place_key)}-{n}.html") for n in range(1, plans + 1)]
        return tuple(file_hash(page) if page.exists() else "" for page in pages)

    def put_in_place(self, place_key: str, code: str, plans: int) -> int:
        """Move the pages of a recorded submission to where they belong; return how many."""
        moved = 0
        for plan in range(1, plans + 1):
            new = Path(f"{self.stem(place_key)}-{plan}.html")
            if new.exists():
                page = self._audit / relative_path(code, plan)
                page.parent.mkdir(parents=True, exist_ok=True)
                new.replace(page)
                moved += 1
        return moved

    def are_there(self, code: str, plans: int) -> bool:
        """Tell whether every plan of a submission has its report."""
        return all((self._audit / relative_path(code, n)).exists() for n in range(1, plans + 1))

    def links(self, code: str, plans: int) -> list[str]:
        """Return the reports of a submission that are there, below the audit's folder."""
        paths = (relative_path(code, plan) for plan in range(1, plans + 1))
        return [path for path in paths if (self._audit / path).exists()]

    def size(self) -> tuple[int, int]:
        """Return number and bytes of all reports."""
        sizes = [page.stat().st_size for page in (self._audit / FOLDER).glob("*/*/*/*.html")]
        return len(sizes), sum(sizes)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- in the worker ------------------------------------------------------------------------------


def write_report(reviewed: Reviewed, stem: Path, plan: int, language: str) -> str:
    """Write one page; return why that was not possible, empty when it was.

    A page that cannot be made takes nothing from the review, which is recorded all the same.
    """
    from sbrt_qa.reports.registry import render_report

    try:
        Path(f"{stem}-{plan}.html").write_bytes(render_report("html", reviewed, language))
    except Exception as error:  # noqa: BLE001 - told, and the review goes on
        return type(error).__name__
    return ""


def without_identifiers(evidence: Evidence, found: Scan) -> Evidence:
    """Return what is drawn of a case under the names that its review is stored with."""
    if not found.replacements:
        return evidence
    clean = found.clean

    def keyed(by_key: Mapping[str, Any]) -> dict[str, Any]:
        return {clean(key): value for key, value in by_key.items()}

    structures = {k: replace(s, name=clean(s.name)) for k, s in evidence.structures.items()}
    curves = {key: replace(curve, key=clean(key)) for key, curve in evidence.curves.items()}
    return replace(
        evidence,
        structures=keyed(structures),
        curves=keyed(curves),
        curve_of={limit: clean(key) for limit, key in evidence.curve_of.items()},
        planes=keyed(evidence.planes),
        gaps=keyed(evidence.gaps),
        notes=tuple(map(clean, evidence.notes)),
    )


def pseudonymous(page: Reviewed, known: Mapping[str, str], subjects: Iterable[str]) -> Reviewed:
    """Return what a page shows with pseudonyms for subjects, and without UIDs of input files.

    Parameters
    ----------
    known
        Pseudonyms by name; a name that only the files tell has none yet.
    subjects
        Names that the files tell.
    """
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.review.case_review import CaseReview

    instead = dict.fromkeys((*subjects, page.review.subject), next(iter(known.values()), UNNAMED))
    instead |= known
    review = CaseReview.from_json(renamed_text(page.review.to_json(), instead, lambda _: REMOVED))
    comparison = page.comparison
    if comparison is not None:
        text = renamed_text(comparison.to_json(), instead, lambda _: REMOVED)
        comparison = CaseComparison.from_json(text)
    return replace(page, review=review, comparison=comparison)
