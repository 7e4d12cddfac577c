"""Files of an audit that people read - the page, case reports, letters - and what they were.

The hash of each stands in an event: of a case report in that of its review, of a letter in its own,
of the page in one that is written with it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.audit.case_reports import FOLDER, NEW, file_hash, relative_path
from sbrt_qa.audit.head import LETTERS, PAGE

if TYPE_CHECKING:
    from sbrt_qa.audit.store.chain import Event
    from sbrt_qa.audit.store.connection import Database

WRITTEN: Final = "reports written"
"""Kind of the event of reports that were made anew, and of files that an older version wrote."""

PAGE_WRITTEN: Final = "page written"


def letter_path(number: int) -> str:
    """Return where the copy of a letter lies, below the audit's folder."""
    return f"{LETTERS}/{number:04d}.txt"


def put_letter(audit: Path, number: int, text: str) -> None:
    """Write the copy of a letter."""
    path = audit / letter_path(number)
    path.parent.mkdir(exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(text.encode())
    new.replace(path)


def files_there(audit: Path) -> Iterator[str]:
    """Return the files of an audit that people read, below its folder, links included."""
    if os.path.lexists(audit / PAGE):
        yield PAGE
    for top in (FOLDER, LETTERS):
        for folder, names, files in os.walk(audit / top):
            here = Path(folder).relative_to(audit)
            if here == Path(FOLDER):
                names[:] = [name for name in names if name != Path(NEW).name]
            links = [name for name in names if (audit / here / name).is_symlink()]
            yield from ((here / name).as_posix() for name in sorted([*files, *links]))


def recorded_files(told: Iterable[Event]) -> dict[str, str]:
    """Return by path what the events say that files were last."""
    found: dict[str, str] = {}
    for event in told:
        found |= dict(_told_by(event.kind, event.subject, event.data))
    return found


def files_recorded(engine: Database) -> dict[str, str]:
    """Return by path what a store's events say that files were last."""
    from sbrt_qa.audit.store.chain import events
    from sbrt_qa.audit.store.connection import reading

    with reading(engine) as connection:
        return recorded_files(events(connection))


def _told_by(kind: str, code: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if kind in (WRITTEN, PAGE_WRITTEN):
        yield from data.get("files", {}).items()
    for plan, digest in enumerate(data.get("reports", ()) if code else (), 1):
        if digest:
            yield relative_path(code, plan), digest
    if "number" in data and "letter" in data:
        yield letter_path(data["number"]), data["letter"]


def file_differences(audit: Path, recorded: Mapping[str, str]) -> Iterator[str]:
    """Tell of every file that is not what was recorded, is not there, or was never recorded."""
    root = audit.resolve()
    for path, digest in sorted(recorded.items()):
        file = audit / path
        if not os.path.lexists(file):
            yield f"{path} was recorded and is not there; sbrt-qa audit makes reports anew"
        elif file.is_symlink() or file.resolve() != root / path or not file.is_file():
            yield f"{path} is a link, or no file, and not what was recorded"
        elif file_hash(file) != digest:
            yield f"{path} is not what was recorded"
    for path in sorted(set(files_there(audit)) - set(recorded)):
        yield f"{path} is there and was never recorded"


def record_files(engine: Database, audit: Path, at: str) -> None:
    """Record what files an older version left, so that they are covered from now on."""
    from sbrt_qa.audit.store.write import note

    files = [audit / path for path in files_there(audit)]
    sound = [file for file in files if file.is_file() and not file.is_symlink()]
    if sound:
        told = {file.relative_to(audit).as_posix(): file_hash(file) for file in sound}
        note(engine, at, WRITTEN, {"files": told})


def put_page(engine: Database, audit: Path, page: str, at: str) -> Path:
    """Record the page, and put it in place whole."""
    from sbrt_qa.audit.store.write import note

    content = page.encode()
    path = audit / PAGE
    new = audit / f".{PAGE}.{os.getpid()}"
    new.write_bytes(content)
    note(engine, at, PAGE_WRITTEN, {"files": {PAGE: hashlib.sha256(content).hexdigest()}})
    new.replace(path)
    return path
