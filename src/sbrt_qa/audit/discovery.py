"""Where submissions lie: at the depth that the convention or the manifest says, and nowhere else.

Every file and folder below the root is told: as part of a submission, as not taken and why, or as
what a system left behind. A file above the submissions never makes one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sbrt_qa.audit import entries
from sbrt_qa.audit.entries import Node
from sbrt_qa.audit.layout import Naming, is_version, is_version_word, naming
from sbrt_qa.dicom.files.readable import open_regular
from sbrt_qa.errors import DicomError, UsageError, quoted, quoted_name
from sbrt_qa.i18n.phrase import counted, say

DEEPEST: Final = 3
"""Folders below the root at which a submission begins at the latest: site, subject, version."""

AUDIT_FILE: Final = "audit.json"
AUDIT_SCHEMA: Final = "sbrt_qa.audit/"
"""What the settings of an audit are called, and how the name of their schema begins."""

TAKEN: Final = "submission"
NOT_TAKEN: Final = "not taken"
SYSTEM: Final = "system file"
"""What becomes of a place."""

NESTED: Final = say("named like a version inside another, and read as part of it")
"""What is said of a version within a version, which the convention does not know."""

_SERIES: Final = re.compile(
    r"(?:ct|mr|mri|pet|pt|rs|rp|rd|rtstruct|rtplan|rtdose|rtss|dicom|dcm|plan|dose|struct\w*|"
    r"images?|series.*)(?:[ _.-]?\d*)|\d+(?:\.\d+){4,}",
    re.I,
)
"""Names of folders that hold a part of a submission; those of a study or series by UID, too."""

_SETTINGS_BYTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Submission:
    """A place with a submission.

    Parameters
    ----------
    path
        Folder or archive.
    parts
        Names of folders down to it, below the root.
    named
        What they, or the manifest, say of it.
    """

    path: Path
    parts: tuple[str, ...]
    named: Naming

    @property
    def key(self) -> str:
        """The place as a text, the same on every machine."""
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """What became of a file or folder.

    Parameters
    ----------
    parts
        Names down to it, below the root.
    outcome, reason
        ``submission``, ``not taken`` or ``system file``, and why.
    entries
        Number of files and folders that this stands for: a submission stands for all that is part
        of it, a folder that is not looked into for what it holds.
    inside
        The submission that it lies in, by its parts; None outside.
    """

    parts: tuple[str, ...]
    outcome: str
    reason: str = ""
    entries: int = 1
    inside: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """The place as a text, the same on every machine."""
        return "/".join(self.parts)


Found = Submission | FoundPlace


def discover(
    root: Path,
    manifest: Mapping[str, Naming] | None = None,
    passed_by: Callable[[Path], object] = lambda _: None,
) -> Iterator[Submission]:
    """Find the submissions under a root, in name order; see :func:`survey`."""
    found = survey(root, manifest, passed_by)
    return (one for one in found if isinstance(one, Submission))


def survey(
    root: Path,
    manifest: Mapping[str, Naming] | None = None,
    passed_by: Callable[[Path], object] = lambda _: None,
) -> Iterator[Found]:
    """Find the submissions under a root, and what became of every place below it.

    A root may be an archive itself. A folder that holds an audit is no submission, nor is anything
    in it.

    Parameters
    ----------
    root
        Folder, or archive.
    manifest
        Paths below the root and whose they are; then nothing else is a submission.
    passed_by
        Told of each folder that holds an audit.

    Raises
    ------
    UsageError
        The root, or a path of the manifest, does not exist or leads out of the root; or one path
        of the manifest lies within another.
    """
    if manifest is not None:
        yield from _Listed(root, manifest).below(root, ())
    elif root.is_dir():
        yield from _Survey(passed_by).below(root, ())
    elif root.is_file():
        parts = (root.name,)
        yield Submission(root, parts, naming(parts))
        yield FoundPlace(parts, TAKEN)
    else:
        advice = "Check the spelling of the path"
        raise UsageError("no such folder or archive", got=quoted_name(root), advice=advice)


class _Survey:
    """Walks the tree by the convention of folders."""

    def __init__(self, passed_by: Callable[[Path], object]) -> None:
        self._passed_by = passed_by

    def below(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Found]:
        """Give what a folder holds, and what became of the folder itself."""
        try:
            nodes = entries.listed(folder)
        except OSError:
            yield FoundPlace(parts, NOT_TAKEN, entries.UNREADABLE, entries=int(bool(parts)))
            return
        if any(node.name == AUDIT_FILE for node in nodes) and _is_audit(folder / AUDIT_FILE):
            self._passed_by(folder)
            held = _number_below(folder) + int(bool(parts))
            yield FoundPlace(parts, NOT_TAKEN, entries.AN_AUDIT, held)
        elif self._is_submission(folder, parts, nodes):
            yield Submission(folder, parts, self.named(parts))
            yield from part_of(folder, parts)
        else:
            yield from self._above(folder, parts, nodes)

    def named(self, parts: tuple[str, ...]) -> Naming:
        """Return whose a submission is."""
        return naming(parts)

    def _above(self, folder: Path, parts: tuple[str, ...], nodes: list[Node]) -> Iterator[Found]:
        """Give what a folder holds that is no submission itself."""
        number = seen = 0
        beside_versions = any(_is_like_version(n, parts) for n in nodes)
        for node in nodes:
            path, below = folder / node.name, (*parts, node.name)
            if not (node.is_folder and not node.why_not and not node.is_system):
                found = self._file(path, below, node)
            elif beside_versions and len(parts) and _SERIES.fullmatch(node.name):
                found = _strays(path, below)
            else:
                found = self.below(path, below)
            for one in found:
                number += isinstance(one, Submission)
                seen += isinstance(one, FoundPlace) and one.outcome != SYSTEM
                yield one
        if not parts:
            return
        if number:
            led = say("leads to {0}", counted(number, "submission"))
            yield FoundPlace(parts, TAKEN, led)
        else:
            yield FoundPlace(parts, NOT_TAKEN, _why_none(folder) if seen else entries.EMPTY)

    def _file(self, path: Path, parts: tuple[str, ...], node: Node) -> Iterator[Found]:
        """Tell of a file above the submissions, which may be an archive in the place of one."""
        if node.is_system or node.why_not or not entries.is_archive(path):
            yield _outside(path, parts, node)
        else:
            yield Submission(path, parts, self.named(parts))
            yield FoundPlace(parts, TAKEN)

    def _is_submission(self, folder: Path, parts: tuple[str, ...], nodes: list[Node]) -> bool:
        """Tell by depth and names whether a folder is a submission."""
        folders = [n for n in nodes if n.is_folder and not n.why_not and not n.is_system]
        others = [n for n in folders if not _SERIES.fullmatch(n.name)]
        if len(parts) >= DEEPEST or (parts and is_version(parts[-1])):
            return _holds_files(folder, nodes) and not entries.holds_only_dvh_texts(folder)
        if any(_is_like_version(n, parts) for n in others) or (len(parts) < 2 and others):
            return False
        direct = any(_is_dicom(folder / n.name, n) for n in nodes)
        if not parts or not folders or (others and direct):
            return direct
        held = (not others) and any(_holds_files(folder / n.name) for n in folders)
        return direct or (held and not entries.holds_only_dvh_texts(folder))


def _why_none(folder: Path) -> str:
    """Return why a folder that holds something holds no submission."""
    only = entries.holds_only_dvh_texts(folder)
    return entries.ONLY_DVH_TEXT if only else entries.NO_SUBMISSION


def _is_like_version(node: Node, parts: tuple[str, ...]) -> bool:
    """Tell whether a folder below these is named like a version; after a subject also `2`."""
    if not node.is_folder or node.why_not or node.is_system or not parts:
        return False
    return is_version(node.name) or (len(parts) == DEEPEST - 1 and is_version_word(node.name))


def _is_dicom(path: Path, node: Node) -> bool:
    """Tell whether a file is DICOM or named like it, be it empty."""
    if node.is_folder or node.is_system or node.why_not not in ("", entries.EMPTY):
        return False
    if entries.is_named_dicom(node.name):
        return True
    if node.why_not or entries.is_archive(path):
        return False
    return not entries.why_not_dicom(path)


def _holds_files(folder: Path, nodes: Sequence[Node] | None = None) -> bool:
    """Tell whether there is a file below a folder that somebody may have meant to send."""
    try:
        nodes = entries.listed(folder) if nodes is None else nodes
    except OSError:
        return True  # its review tells that it cannot be read
    meant = [n for n in nodes if not n.is_system and n.why_not != entries.HIDDEN]
    if any(not node.is_folder for node in meant):
        return True
    return any(_holds_files(folder / node.name) for node in meant if not node.why_not)


def _outside(path: Path, parts: tuple[str, ...], node: Node) -> FoundPlace:
    """Tell why a file, or a folder that is not looked into, is no submission."""
    held = _number_below(path) if node.is_folder else 0
    if node.is_system:
        return FoundPlace(parts, SYSTEM, "", 1 + held)
    why = node.why_not or entries.why_not_dicom(path) or entries.STRAY
    return FoundPlace(parts, NOT_TAKEN, why, 1 + held)


def _strays(folder: Path, parts: tuple[str, ...]) -> Iterator[FoundPlace]:
    """Tell of every file in a folder that belongs to no submission, and of the folder."""
    try:
        nodes = entries.listed(folder)
    except OSError:
        yield FoundPlace(parts, NOT_TAKEN, entries.UNREADABLE)
        return
    for node in nodes:
        path, below = folder / node.name, (*parts, node.name)
        if node.is_folder and not node.why_not and not node.is_system:
            yield from _strays(path, below)
        else:
            yield _outside(path, below, node)
    yield FoundPlace(parts, NOT_TAKEN, entries.STRAY if nodes else entries.EMPTY)


def part_of(folder: Path, parts: tuple[str, ...]) -> Iterator[FoundPlace]:
    """Tell what became of everything in a submission's folder, and of the folder."""
    number = int(bool(parts))
    for one in _inside(folder, parts, parts):
        if one.outcome == TAKEN and not one.reason:
            number += one.entries
        else:
            yield one
    yield FoundPlace(parts, TAKEN, "", number, inside=parts)


def _inside(folder: Path, parts: tuple[str, ...], of: tuple[str, ...]) -> Iterator[FoundPlace]:
    """Tell what became of everything below a folder, the folder itself left out.

    Raises
    ------
    OSError
        The folder cannot be listed.
    """
    for node in entries.listed(folder):
        path, below = folder / node.name, (*parts, node.name)
        held = _number_below(path) if node.is_folder and (node.why_not or node.is_system) else 0
        if node.is_system:
            yield FoundPlace(below, SYSTEM, "", 1 + held, inside=of)
        elif why := node.why_not or ("" if node.is_folder else entries.why_not_dicom(path)):
            yield FoundPlace(below, NOT_TAKEN, why, 1 + held, inside=of)
        elif node.is_folder:
            try:
                yield from list(_inside(path, below, of))
            except OSError:
                yield FoundPlace(below, NOT_TAKEN, entries.UNREADABLE, inside=of)
            else:
                nested = NESTED if is_version(node.name) else ""
                yield FoundPlace(below, TAKEN, nested, inside=of)
        else:
            yield FoundPlace(below, TAKEN, inside=of)


def _number_below(folder: Path) -> int:
    """Return how many files and folders a folder holds; links are not followed."""
    try:
        nodes = entries.listed(folder)
    except OSError:
        return 0
    folders = (folder / node.name for node in nodes if node.is_folder)
    return len(nodes) + sum(map(_number_below, folders))


def _is_audit(settings: Path) -> bool:
    """Tell the settings of an audit from a file of the same name that a site sent."""
    try:
        with open_regular(settings) as stream:
            return AUDIT_SCHEMA.encode() in stream.read(_SETTINGS_BYTES)
    except (OSError, DicomError):
        return False


class _Listed(_Survey):
    """Walks the tree by a manifest: what it lists is a submission, anything else is none."""

    def __init__(self, root: Path, manifest: Mapping[str, Naming]) -> None:
        super().__init__(lambda _: None)
        self._named = {PurePosixPath(text).parts: named for text, named in manifest.items()}
        for text, named in manifest.items():
            parts = PurePosixPath(text).parts
            path = root.joinpath(*parts)
            where = quoted(f"{named.site}/{named.subject}")
            if ".." in parts or PurePosixPath(text).is_absolute() or not path.exists():
                what = "a path of the manifest is not below the folder of submissions"
                raise UsageError(what, where=where)
            if any(parts[:n] in self._named for n in range(1, len(parts))):
                raise UsageError("a path of the manifest lies within another", where=where)

    def named(self, parts: tuple[str, ...]) -> Naming:
        """Return whose a submission is."""
        return self._named[parts]

    def _is_submission(
        self,
        folder: Path,  # noqa: ARG002 - as in the other walk
        parts: tuple[str, ...],
        nodes: list[Node],  # noqa: ARG002
    ) -> bool:
        return parts in self._named

    def _file(self, path: Path, parts: tuple[str, ...], node: Node) -> Iterator[Found]:
        if parts in self._named:
            yield Submission(path, parts, self.named(parts))
            yield FoundPlace(parts, TAKEN)
        else:
            yield _outside(path, parts, node)
