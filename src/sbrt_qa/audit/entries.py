"""Files and folders below the submissions, and why some are never read, by name and kind."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.files.archive_guards import OPENED_SUFFIXES, archive_kind_of
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, looks_like_dicom
from sbrt_qa.dicom.files.readable import open_regular
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import say

LINK: Final = say("a link, which is not followed")
HIDDEN: Final = say("hidden")
SPECIAL: Final = say("not a regular file")
PARTIAL: Final = say("a partial upload")
BACKUP: Final = say("a backup copy")
EMPTY: Final = say("empty")
NOT_DICOM: Final = say("not DICOM")
DVH_TEXT: Final = say("a DVH text: the site's word, which is no review; the DICOM files are needed")
ONLY_DVH_TEXT: Final = say(
    "holds only DVH texts: the site's word, which is no review; the DICOM files are needed"
)
STRAY: Final = say("belongs to no submission")
UNREADABLE: Final = say("cannot be read")
NO_SUBMISSION: Final = say("holds no submission")
AN_AUDIT: Final = say("holds an audit")
SETTINGS: Final = say("a settings file, which is ignored here")
"""Why a place is not taken."""

_SYSTEM: Final = frozenset(
    {
        ".ds_store", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "__macosx",
        ".localized", ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems",
        ".documentrevisions-v100", ".apdisk", "icon\r", "$recycle.bin", "@eadir",
        "system volume information", ".directory", "lost+found",
    }
)  # fmt: skip
"""Files and folders that systems leave behind, in lower case."""

_COMPANION: Final = "._"
"""How names of companions begin that macOS puts beside every file."""

_PARTIAL: Final = (
    ".part", ".partial", ".filepart", ".crdownload", ".download", ".upload", ".uploading", ".tmp",
    ".aria2", ".!ut",
)  # fmt: skip
_BACKUP: Final = (".bak", ".orig", ".old", "~")
_SETTINGS: Final = ("sbrt-qa.yaml", "sbrt-qa.yml")
_DICOM: Final = (".dcm", ".dicom", ".dic", ".ima")
_TEXT_BYTES: Final = 8_000
_OTHER_ARCHIVES: Final = re.compile(r"\.(7z|rar|bz2|tbz2?|xz|txz|gz|zst|z|lzh|cab|iso)$", re.I)


@dataclass(frozen=True, slots=True)
class Node:
    """A file or folder: its name, what it is, and why it is not looked into, if so."""

    name: str
    is_folder: bool
    why_not: str = ""
    is_system: bool = False


def listed(folder: Path) -> list[Node]:
    """Return what a folder holds, in the order of the names.

    Raises
    ------
    OSError
        It cannot be listed.
    """
    with os.scandir(folder) as found:
        return sorted((_node(entry) for entry in found), key=lambda node: node.name)


def _node(entry: os.DirEntry[str]) -> Node:
    is_folder = entry.is_dir(follow_symlinks=False)
    if is_system(entry.name):
        return Node(entry.name, is_folder, is_system=True)
    if entry.is_symlink():
        return Node(entry.name, is_folder=False, why_not=LINK)
    if why := why_not_by_name(entry.name):
        return Node(entry.name, is_folder, why)
    if is_folder:
        return Node(entry.name, is_folder=True)
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return Node(entry.name, is_folder=False, why_not=UNREADABLE)
    if not stat.S_ISREG(state.st_mode):
        return Node(entry.name, is_folder=False, why_not=SPECIAL)
    return Node(entry.name, is_folder=False, why_not="" if state.st_size else EMPTY)


def is_system(name: str) -> bool:
    """Tell whether a name is that of a file or folder that a system leaves behind."""
    return name.casefold() in _SYSTEM or name.startswith(_COMPANION)


def why_not_by_name(name: str) -> str:
    """Return why a file or folder of this name is not read; empty when it may be."""
    lower = name.casefold()
    if name.startswith("."):
        return HIDDEN
    if lower.endswith(_PARTIAL) or name.startswith("~$"):
        return PARTIAL
    return BACKUP if lower.endswith(_BACKUP) else ""


def is_partial(name: str) -> bool:
    """Tell whether a file of this name is still being sent."""
    return why_not_by_name(name) == PARTIAL


def is_named_dicom(name: str) -> bool:
    """Tell whether a file is named like DICOM."""
    return name.casefold().endswith(_DICOM)


def why_not_dicom(file: Path) -> str:
    """Return why a regular file takes no part in a review; empty where it does.

    DICOM takes part, also under a name of another kind; so do archives that are opened, and
    whatever is named as DICOM is. A file of settings decides nothing for its own submission.
    """
    if file.name.casefold().endswith((*_DICOM, *OPENED_SUFFIXES)):
        return ""
    if file.name.casefold() in _SETTINGS:
        return SETTINGS
    try:
        with open_regular(file) as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, DicomError):
        return UNREADABLE
    if looks_like_dicom(head):
        return ""
    kind, opened = archive_kind_of(head)
    if opened:
        return ""
    if other := _OTHER_ARCHIVES.search(file.name):
        kind = kind or f"a {other[1].lower()} archive"
    if kind:
        return say("{0}, which is not opened", kind)
    return DVH_TEXT if _is_dvh_text(file) else NOT_DICOM


def _is_dvh_text(file: Path) -> bool:
    """Tell whether a file is a DVH text of a planning system, by its beginning."""
    from sbrt_qa.second_opinion.curve_text import is_dvh_text  # numpy: seldom asked

    try:
        with open_regular(file) as stream:
            return is_dvh_text(stream.read(_TEXT_BYTES))
    except (OSError, DicomError):
        return False


def holds_only_dvh_texts(folder: Path) -> bool:
    """Tell whether all that somebody meant to send in a folder is DVH texts, one at least."""
    number = 0
    for why in _whys_below(folder):
        if why != DVH_TEXT:
            return False
        number += 1
    return number > 0


def _whys_below(folder: Path) -> Iterator[str]:
    """Give why each file below a folder takes no part, empty where it does; systems' are not told.

    A folder that cannot be listed gives that.
    """
    try:
        nodes = listed(folder)
    except OSError:
        yield UNREADABLE
        return
    for node in nodes:
        if node.is_system or node.why_not == HIDDEN:
            continue
        if node.is_folder and not node.why_not:
            yield from _whys_below(folder / node.name)
        else:
            yield node.why_not or why_not_dicom(folder / node.name)


def is_archive(file: Path) -> bool:
    """Tell whether a file is an archive that is opened, or is named like one."""
    if file.name.casefold().endswith(OPENED_SUFFIXES):
        return True
    try:
        with open_regular(file) as stream:
            return archive_kind_of(stream.read(HEAD_BYTES))[1]
    except (OSError, DicomError):
        return False


def files_to_read(path: Path) -> Iterator[Path]:
    """Give the regular files of a submission that a review may read, in the order of the names.

    Raises
    ------
    OSError
        A folder cannot be listed, or a file cannot be read (PermissionError).
    """
    if not path.is_dir():
        yield path
        return
    for node in listed(path):
        if node.is_system or node.why_not:
            if node.why_not == UNREADABLE:
                raise PermissionError(13, "it cannot be read")
            continue
        below = path / node.name
        if node.is_folder:
            yield from files_to_read(below)
        else:
            yield below


def may_be_read(path: Path) -> bool:
    """Tell whether a file or folder below a submission may be read, as `files_to_read` does."""
    if is_system(path.name) or why_not_by_name(path.name):
        return False
    state = path.lstat()
    is_file = stat.S_ISREG(state.st_mode) and state.st_size > 0
    return is_file or stat.S_ISDIR(state.st_mode)


def names_below(path: Path) -> set[str]:
    """Return the names of files and folders of a submission, as wholes and without suffixes."""
    found = {path.name}
    with contextlib.suppress(OSError):
        found |= {name for _, folders, files in os.walk(path) for name in (*folders, *files)}
    with contextlib.suppress(OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        if path.is_file():
            with zipfile.ZipFile(path) as archive:
                found |= {part for name in archive.namelist() for part in name.split("/")}
    return {name for one in found for name in (one, one.rpartition(".")[0]) if name}
