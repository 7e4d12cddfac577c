"""Received files in a folder under numbers, archives unpacked; run in a child with caps."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sbrt_qa.dicom.files.archive import open_archive
from sbrt_qa.dicom.files.archive_guards import archive_kind
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, looks_like_dicom
from sbrt_qa.dicom.files.deid_account import MANIFEST, account_in
from sbrt_qa.errors import DicomError

MOST_FILES: Final = 20_000


def unpack_here(paths: Sequence[str], out: str) -> dict[str, Any]:
    """Lay received files into a folder under numbers; the files of an archive each as one.

    An account of de-identification that came with them gets the name by which it is known. No
    other name from outside is used.

    Returns
    -------
    dict
        ``files``, how many there are now; ``others``, places among `paths` of what is neither
        DICOM, nor an archive, nor the account: such files are not laid out.

    Raises
    ------
    DicomError
        An archive is damaged, too large, or made to deceive.
    """
    folder, made, others, known = Path(out), 0, [], False
    for place, path in enumerate(map(Path, paths)):
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not archive_kind(head):
            account = not known and bool(account_in(path))
            if not account and not looks_like_dicom(head):
                others.append(place)
                continue
            made += 1
            _link(path, folder / (MANIFEST if account else f"{made:06}"))
            known = known or account
            continue
        for entry in open_archive(path):
            made += 1
            if made > MOST_FILES:
                raise DicomError("more files than are taken", expected=f"at most {MOST_FILES}")
            (folder / f"{made:06}").write_bytes(entry.read())
    if not known:
        _name_account(folder)
    return {"files": made, "others": others}


def _name_account(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if account_in(path):
            path.rename(folder / MANIFEST)
            return


def _link(path: Path, to: Path) -> None:
    with contextlib.suppress(OSError):
        os.link(path, to)
        return
    shutil.copyfile(path, to)
