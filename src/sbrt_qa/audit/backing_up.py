"""``backup`` and ``restore``: an audit's folder and store as they were at one moment, without keys.

A backup is a folder that can be read without this program: the files of the audit's folder, the
store as a database file (SQLite) or a dump (PostgreSQL), and ``backup.json`` with the end of the
chain and the hash of every file. It is made while others go on writing, and verified before it is
called one. Secrets stay out: the key of places, the keys of the web and whoever is signed in.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa import __version__
from sbrt_qa.audit.folder import DATABASE, KEY, SETTINGS, AuditFolder, open_audit
from sbrt_qa.audit.head import HEAD, write_head
from sbrt_qa.audit.store.sqlite_copies import copy_database, copy_without_secrets
from sbrt_qa.audit.times import now
from sbrt_qa.errors import StoreError, UsageError, quoted, quoted_name

if TYPE_CHECKING:
    from sbrt_qa.audit.store.chain import Head

MANIFEST: Final = "backup.json"
SCHEMA: Final = "sbrt_qa.backup/1"
DUMP: Final = "audit.dump"
"""The store of an audit in PostgreSQL, as ``pg_dump --format=custom`` writes it."""

WORKING: Final = "working.db"
ACCESS: Final = "access.db"
TRIES: Final = 5
"""How often a copy is made anew because files and store moved on between the two."""

_LEFT_OUT: Final = (KEY, HEAD, DATABASE, WORKING, ACCESS, MANIFEST, "RUNNING", "SERVING")
_ENDS: Final = (".key", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """What a backup holds.

    Parameters
    ----------
    head
        End of the chain.
    difference
        What in the audit is not as it was recorded, and so not in its copy either.
    """

    files: int
    head: str
    difference: str = ""


def backup(audit: Path, out: Path, database: str = "") -> MadeBackup:
    """Copy an audit into a new folder, while others may write, and verify the copy.

    Raises
    ------
    UsageError
        There is no audit; the folder is not empty, or lies in the audit's.
    StoreError
        The store cannot be read, or something differs in the copy that does not in the audit.
    """
    place = open_audit(audit)
    _refuse_used(out)
    if out.resolve().is_relative_to(audit.resolve()):
        raise UsageError("a backup within the audit's folder", got=quoted_name(out))
    part = out.with_name(f"{out.name}.part")
    _refuse_used(part)
    try:
        head, difference = _copied(place, part, database)
        told: dict[str, Any] = {
            "schema": SCHEMA, "made": now(), "sbrt_qa": __version__, "trial": place.settings.trial,
            "head": str(head), "files": {name: _digest(part / name) for name in _names(part)},
        }  # fmt: skip
        (part / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        for path in part.rglob("*"):
            _to_disk(path)
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists():
            out.rmdir()
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return MadeBackup(len(told["files"]), str(head), difference)


def _copied(place: AuditFolder, part: Path, database: str) -> tuple[Head, str]:
    """Return the end of the chain of a copy, and what differs in it as in the audit."""
    from sbrt_qa.audit.verifying import verify

    difference = ""
    for _ in range(TRIES):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _copy_files(place.folder, part)
        if database or place.settings.database:
            return _dumped(place, part / DUMP, database), ""
        copy_database(place.folder / DATABASE, part / DATABASE)
        head, difference = _verified(part)
        if not difference or difference == verify(place.folder).difference:
            return head, difference
    raise StoreError("the copy is not as it was recorded, so it is no backup", got=difference)


def _verified(part: Path) -> tuple[Head, str]:
    from sbrt_qa.audit.verifying import verify

    copy = open_audit(part)
    engine = copy.unchecked_engine()
    try:
        head = write_head(part, engine)
    finally:
        engine.dispose()
    return head, verify(part).difference


def _copy_files(folder: Path, part: Path) -> None:
    """Copy what is no database and no secret; links are not followed."""
    for name in _names(folder):
        if name in _LEFT_OUT or name.endswith(_ENDS) or Path(name).name.startswith(f".{HEAD}"):
            continue
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(folder / name, part / name, follow_symlinks=False)
        except FileNotFoundError:
            continue  # a file that was only there for a moment; one that is recorded is missed
    if (folder / WORKING).is_file():
        copy_without_secrets(folder / WORKING, part / WORKING)
    if (folder / ACCESS).is_file():
        copy_database(folder / ACCESS, part / ACCESS)


def _names(folder: Path) -> list[str]:
    """Return the regular files below a folder, by their names from there."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path.relative_to(folder).as_posix() for path in found]


def _dumped(place: AuditFolder, dump: Path, database: str) -> Head:
    from sbrt_qa.audit.store.verify_records import head

    engine = place.engine(database)
    try:
        before = head(engine)
        _run("pg_dump", engine.url, "--format=custom", f"--file={dump}")
    finally:
        engine.dispose()
    (dump.parent / HEAD).write_text(f"sbrt_qa.head/1 {before}\n", encoding="ascii")
    return before


def _run(program: str, url: Any, *arguments: str) -> None:  # noqa: ANN401 - of the library
    """Run a program of PostgreSQL; the password goes by the environment, where nobody lists it."""
    address = url.set(drivername="postgresql", password=None).render_as_string()
    password = {"PGPASSWORD": url.password} if url.password else {}
    command = (program, f"--dbname={address}", "--no-owner", "--no-privileges", *arguments)
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command, env=os.environ | password, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        advice = "Install PostgreSQL's client programs."
        raise StoreError("a program is not there", got=program, advice=advice) from error
    if done.returncode:
        first = (done.stderr.strip().splitlines() or [""])[0]
        raise StoreError(f"{program} failed", got=quoted(first))


def restore(copy: Path, audit: Path, database: str = "") -> MadeBackup:
    """Put a backup back as an audit, into a new folder or one whose store is gone.

    No file that is there is replaced. Where the folder knows of later events, the audit is refused
    by every command until a person accepts the loss, see `sbrt_qa.audit.verify_outside`.

    Raises
    ------
    UsageError
        It is no backup, or the folder holds an audit with a store, or something else.
    StoreError
        The backup is not what it was.
    """
    told = _manifest(copy)
    _refuse_damaged(copy, told)
    dump = (copy / DUMP).is_file()
    if dump and not (database or open_audit(copy).settings.database):
        raise UsageError("this backup is of PostgreSQL", expected="--database of an empty one")
    if (audit / DATABASE).exists() or (audit.exists() and not _is_ours(audit)):
        advice = "Give a new folder, or move the store that is there away first."
        raise UsageError("something is there already", got=quoted_name(audit), advice=advice)
    audit.mkdir(parents=True, exist_ok=True)
    for name in told["files"]:
        if name != DUMP and not (audit / name).exists():
            (audit / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(copy / name, audit / name)
            _to_disk(audit / name)
    if dump:
        engine = open_audit(audit).unchecked_engine(database)
        try:
            _run(
                "pg_restore",
                engine.url,
                "--exit-on-error",
                "--single-transaction",
                str(copy / DUMP),
            )
        finally:
            engine.dispose()
    return MadeBackup(len(told["files"]), str(told["head"]))


def _is_ours(audit: Path) -> bool:
    return audit.is_dir() and ((audit / SETTINGS).is_file() or not any(audit.iterdir()))


def _manifest(copy: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
        if told["schema"] == SCHEMA and isinstance(told["files"], dict) and told["head"]:
            return told
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UsageError("no backup there", got=quoted_name(copy), expected=f"a folder with {MANIFEST}")


def _refuse_damaged(copy: Path, told: dict[str, Any]) -> None:
    there = {name for name in _names(copy) if name != MANIFEST}
    for name, digest in told["files"].items():
        if name not in there:
            raise StoreError("a file of the backup is missing", where=quoted(name))
        if _digest(copy / name) != digest:
            raise StoreError("a file of the backup is not what it was", where=quoted(name))
    for name in sorted(there - set(told["files"])):
        raise StoreError("a file is in the backup that was not put there", where=quoted(name))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _refuse_used(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("something is there already", got=quoted_name(out))
