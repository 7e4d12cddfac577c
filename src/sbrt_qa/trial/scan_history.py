"""The scans of a subject as they count: one result for each, and where a recurrence was seen.

Where a central reader read a scan, that reading counts; readers who differ are listed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.partial_dates import PartialDate
from sbrt_qa.trial.trial_data import TrialData, TrialRow

LOCAL = "MARGIN"
"""The site of a recurrence at the edge of the resection or ablation."""

EXTRAHEPATIC = frozenset(("LUNG", "NODES", "PERITONEUM", "PRIMARY_BED", "BONE", "BRAIN", "OTHER"))


@dataclass(frozen=True, slots=True)
class TrialScan:
    """One scan.

    Parameters
    ----------
    result
        As it counts: of the central reader where there is one.
    site_result
        Of the site where a central reader differs; empty else.
    recurrences
        The rows of what it shows.
    """

    number: int
    days: PartialDate
    adequate: bool
    covers_liver: bool
    result: str
    site_result: str = ""
    recurrences: tuple[TrialRow, ...] = ()

    @property
    def places(self) -> frozenset[str]:
        """The sites of what it shows."""
        return frozenset(row.text("site") for row in self.recurrences)


@dataclass(frozen=True, slots=True)
class SeenRecurrence:
    """The first recurrence that counts, and the scan that it is dated by."""

    number: int
    days: PartialDate
    flags: tuple[str, ...] = ()


def scans_of(data: TrialData, subject: str, origin: dt.date) -> tuple[TrialScan, ...]:
    """Return the scans of a subject from randomisation on, by date."""
    by_number: dict[int, list[TrialRow]] = {}
    for row in data.of_subject("assessments", subject):
        by_number.setdefault(row.whole("scan") or 0, []).append(row)
    seen: dict[int, list[TrialRow]] = {}
    for row in data.of_subject("recurrences", subject):
        seen.setdefault(row.whole("scan") or 0, []).append(row)
    found = []
    for number, rows in by_number.items():
        scan = _scan(number, rows, tuple(seen.get(number, ())))
        if scan is not None and scan.days.last >= origin:
            found.append(scan)
    return tuple(sorted(found, key=lambda scan: (scan.days, scan.number)))


def _scan(number: int, rows: list[TrialRow], seen: tuple[TrialRow, ...]) -> TrialScan | None:
    central = next((row for row in rows if row.text("reader") == "CENTRAL"), None)
    site = next((row for row in rows if row.text("reader") == "SITE"), None)
    row = central or site
    days = row.days("date") if row else None
    if row is None or days is None:
        return None
    result, other = row.text("result"), site.text("result") if central and site else ""
    adequate = bool(row.yes("adequate")) and result != "NE"
    liver = any("liver" in one.words("covers") for one in rows)
    differs = other if other and other != result else ""
    return TrialScan(number, days, adequate, liver, result, differs, seen)


def discordant(scans: Sequence[TrialScan]) -> tuple[TrialScan, ...]:
    """Return the scans on which site and central reader differ."""
    return tuple(scan for scan in scans if scan.site_result)


def recurrence_of(
    scans: Sequence[TrialScan], *, local: bool = False, within_mm: float | None = None
) -> SeenRecurrence | None:
    """Return the first recurrence that counts.

    One that was equivocal on the scan before, at the same place, is dated there.

    Parameters
    ----------
    local
        Only what was seen at the edge of resection or ablation.
    within_mm
        What is local by its distance from the edge, instead of the reader's word.
    """
    for i, scan in enumerate(scans):
        if scan.result != "RECURRENCE" or (local and not _is_local(scan, within_mm)):
            continue
        before = scans[i - 1] if i else None
        if before is not None and before.result == "EQUIVOCAL" and _same_place(before, scan):
            flags = (say("equivocal first, and confirmed on the next scan"),)
            return SeenRecurrence(before.number, before.days, flags)
        return SeenRecurrence(scan.number, scan.days)
    return None


def _same_place(before: TrialScan, scan: TrialScan) -> bool:
    """Tell whether an equivocal scan is about the same place; one without places is about it."""
    return not before.places or not scan.places or bool(before.places & scan.places)


def _is_local(scan: TrialScan, within_mm: float | None) -> bool:
    if within_mm is None:
        return LOCAL in scan.places
    known = [row.number("distance_margin_mm") for row in scan.recurrences
             if row.text("site") not in EXTRAHEPATIC]  # fmt: skip
    return any(distance is not None and distance <= within_mm for distance in known)
