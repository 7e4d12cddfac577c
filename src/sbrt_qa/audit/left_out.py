"""What of a submission's folder is not read, told as findings about how it was sent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit import entries
from sbrt_qa.audit.discovery import NESTED, NOT_TAKEN, part_of
from sbrt_qa.dicom.files.deid_account import MANIFEST
from sbrt_qa.errors import SbrtQaError, visible
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.outcome import Finding

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case

_OUR_WORDS: Final = frozenset({"a", "an", "dicom", "file", "files", "no", "not", "other", "usable"})
"""Of what an error says; a file that is called so names nobody."""

CODES: Final[Mapping[str, str]] = {
    entries.EMPTY: "EMPTY_FILE",
    entries.LINK: "LINK_LEFT_OUT",
    entries.HIDDEN: "HIDDEN_FILE",
    entries.SPECIAL: "SPECIAL_FILE",
    entries.PARTIAL: "PARTIAL_UPLOAD",
    entries.BACKUP: "BACKUP_COPY",
}
"""Codes of findings by why a file was left out; of all others it is `OTHER_FILE`."""

OTHER: Final = "OTHER_FILE"


def left_out(folder: Path, inventory: Inventory) -> tuple[tuple[Finding, ...], Inventory]:
    """Return findings about files that are not read, and what was read without them.

    A file that is left out is not told as one that cannot be used as well.
    """
    if not folder.is_dir():
        return (), inventory
    found = list(part_of(folder, ()))
    places = [one for one in found if one.outcome == NOT_TAKEN]
    number: Counter[tuple[str, str]] = Counter()
    for one in places:
        if one.parts[-1:] == (MANIFEST,):
            continue  # the account of a de-identification belongs to the files
        number[CODES.get(one.reason, OTHER), one.reason] += one.entries
    findings = tuple(
        Finding(
            code,
            None,
            say("files"),
            say("{0} left out: {1}", counted(count, "file"), reason),
            say("Send only the files of the plan."),
        )
        for (code, reason), count in sorted(number.items())
    ) + _nested(sum(one.reason == NESTED for one in found))
    names = {visible(one.parts[-1]) for one in places if one.parts}
    whys = {one.why for one in inventory.ignored if one.name in names}
    return findings, replace(
        inventory, cases=tuple(_without(case, whys) for case in inventory.cases)
    )


def _nested(number: int) -> tuple[Finding, ...]:
    """Return the finding about versions within a version; none where there are none."""
    if not number:
        return ()
    told = say("{0} {1}", counted(number, "folder"), NESTED)
    advice = say("Send each version in a folder of its own beside the one before.")
    return (Finding("NESTED_VERSION", None, say("files"), told, advice),)


def _without(case: Case, whys: Collection[str]) -> Case:
    unread = tuple(why for why in case.provenance.unread_files if why not in whys)
    return replace(case, provenance=replace(case.provenance, unread_files=unread))


def harmless(error: SbrtQaError, path: Path) -> str:
    """Return the part of an error that names no file: file names are often patients' names."""
    if re.search(r"['\"]", error.got):
        return ""
    names = {name for name in entries.names_below(path) if name.casefold() not in _OUR_WORDS}
    told = [part.rpartition(": ")[2] for part in error.got.split("; ")]
    return "; ".join(part for part in told if not any(part in n or n in part for n in names))
