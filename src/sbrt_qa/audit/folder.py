"""Where an audit lives: a folder with its settings, its key and, usually, its database."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.discovery import AUDIT_FILE, AUDIT_SCHEMA
from sbrt_qa.deid.secret import read_key
from sbrt_qa.errors import StoreError, UsageError, quoted, quoted_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.deid.secret import Secret

SETTINGS: Final = AUDIT_FILE
DATABASE: Final = "audit.db"
KEY: Final = "places.key"
FORMAT: Final = f"{AUDIT_SCHEMA}1"


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What an audit was begun with, and keeps.

    Parameters
    ----------
    trial
        Its code.
    database
        Address without a password; empty for the file in the folder.
    pseudonymized
        Whether subjects go by keyed hashes.
    language
        In which case reports are written; English when empty. It alone may change later.
    """

    trial: str
    database: str = ""
    pseudonymized: bool = False
    language: str = ""
    schema: str = FORMAT


@dataclass(frozen=True, slots=True)
class AuditFolder:
    """An audit that exists."""

    folder: Path
    settings: AuditSettings

    def engine(self, database: str = "") -> Database:
        """Open the store, brought to the current version.

        One in a folder that cannot be written is opened for reading only.

        Parameters
        ----------
        database
            The address, with a password if one is needed; that of the settings when empty.

        Raises
        ------
        StoreError
            It cannot be used; or it is gone, or lacks an event that something outside it names.
        """
        from sbrt_qa.audit.head import known_heads, refuse_gone, refuse_lost
        from sbrt_qa.audit.store.connection import version_now

        known = known_heads(self.folder)
        if self.is_gone(database):
            refuse_gone(known)
        engine = self.unchecked_engine(database)
        version = version_now(engine)
        if not version:
            refuse_gone(known)
        if not self.is_current(version):
            self._bring_up_to_date(engine, database)
        refuse_lost(engine, known)
        return engine

    def unchecked_engine(self, database: str = "") -> Database:
        """Open the store as it is, held against nothing."""
        from sbrt_qa.audit.store.connection import open_engine
        from sbrt_qa.audit.store.read_only import open_read_only

        address = database or self.settings.database
        if address:
            return open_engine(address)
        path = (self.folder / DATABASE).absolute()
        return open_engine(f"sqlite:///{path}") if self.is_writable else open_read_only(path)

    @staticmethod
    def is_current(version: str) -> bool:
        """Tell whether a version of the tables is that of this program."""
        from sbrt_qa.audit.store.connection import VERSION

        return version == VERSION

    def _bring_up_to_date(self, engine: Database, database: str) -> None:
        """Migrate a store; files that an older version wrote are recorded."""
        from sbrt_qa.audit.head import write_head
        from sbrt_qa.audit.published import record_files
        from sbrt_qa.audit.store.migrate import upgrade
        from sbrt_qa.audit.store.verify_records import head
        from sbrt_qa.audit.times import now

        if not (database or self.settings.database or self.is_writable):
            raise StoreError(
                "the store is of an older version and cannot be written",
                where=quoted_name(self.folder),
                advice="Make the folder writable once, so that it can be brought up to date.",
            )
        upgrade(engine)
        if head(engine).seq:
            record_files(engine, self.folder, now())
        if os.access(self.folder, os.W_OK):
            write_head(self.folder, engine)

    @property
    def is_writable(self) -> bool:
        """Whether the folder, and the store in it, can be written."""
        from sbrt_qa.audit.store.read_only import is_writable

        return is_writable(self.folder / DATABASE)

    def refuse_read_only(self) -> None:
        """Raise StoreError where nothing can be recorded: the folder, or its store, is read-only.

        What is recorded also goes into the folder, wherever the store is.
        """
        in_folder = not self.settings.database and (self.folder / DATABASE).exists()
        if not os.access(self.folder, os.W_OK) or (in_folder and not self.is_writable):
            raise StoreError(
                "this audit is read-only, so nothing can be recorded in it",
                where=quoted_name(self.folder),
                advice="query, verify, export and letter --copy still work.",
            )

    def is_gone(self, database: str = "") -> bool:
        """Tell whether the store should be a file in the folder, and is not there or empty."""
        path = self.folder / DATABASE
        in_folder = not (database or self.settings.database)
        return in_folder and (not path.exists() or not path.stat().st_size)


def begin(folder: Path, settings: AuditSettings) -> AuditFolder:
    """Open an audit folder, made when it is not there.

    Raises
    ------
    UsageError
        The folder holds something else, or the audit was begun with other settings.
    StoreError
        The audit is there and cannot be written.
    """
    if (folder / SETTINGS).exists():
        known = open_audit(folder)
        for name in ("trial", "database", "pseudonymized"):
            was, now = getattr(known.settings, name), getattr(settings, name)
            if now and was != now:
                what = f"this audit was begun with another {name}"
                raise UsageError(what, where=quoted_name(folder), got=quoted(now))
        known.refuse_read_only()
        return in_language(known, settings.language)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        advice = "Give a new or empty folder, or that of an audit."
        raise UsageError(
            "the folder holds files that are no audit", got=quoted_name(folder), advice=advice
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, settings)
    except OSError as error:
        got = str(error.strerror)
        raise UsageError("the folder cannot be made", where=quoted_name(folder), got=got) from error
    return AuditFolder(folder, settings)


def in_language(place: AuditFolder, language: str) -> AuditFolder:
    """Return an audit whose case reports are written in a language from now on.

    Reports that are there stay as they are.

    Parameters
    ----------
    language
        Such as ``zh``; where it is empty, all stays as it was.
    """
    if not language or language == (place.settings.language or "en"):
        return place
    settings = replace(place.settings, language=language)
    _write(place.folder, settings)
    return AuditFolder(place.folder, settings)


def _write(folder: Path, settings: AuditSettings) -> None:
    new = folder / f".{SETTINGS}.{os.getpid()}"
    new.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    new.replace(folder / SETTINGS)


def refuse_inside(out: Path, submissions: Iterable[Path]) -> None:
    """Refuse an audit among what it audits: its files would be taken for submissions.

    Raises
    ------
    UsageError
        The audit's folder lies in a folder of submissions, or is one.
    """
    for root in submissions:
        if root.is_dir() and out.resolve().is_relative_to(root.resolve()):
            raise UsageError(
                "the audit's folder would lie inside the submissions",
                got=quoted_name(out),
                where=quoted_name(root),
                advice="Give --out a folder elsewhere, such as one beside the submissions; an "
                "audit that was begun there can be moved as a whole.",
            )


def open_to_record(folder: Path) -> AuditFolder:
    """Open an audit that was begun before, to record something in it.

    Raises
    ------
    UsageError, StoreError
        There is none; or it cannot be written.
    """
    place = open_audit(folder)
    place.refuse_read_only()
    return place


def open_audit(folder: Path) -> AuditFolder:
    """Open an audit that was begun before.

    Raises
    ------
    UsageError
        There is none.
    """
    try:
        data = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        settings = AuditSettings(**data) if data["schema"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        settings = None
    if settings is None:
        raise UsageError(
            "no audit there",
            got=quoted_name(folder),
            expected="the folder that sbrt-qa audit --out was given",
        )
    return AuditFolder(folder, settings)


def read_secret(audit: AuditFolder, key_file: Path | None) -> Secret:
    """Return the key of keyed hashes: of a file kept apart, or of the audit itself.

    Raises
    ------
    UsageError
        The file is no key, lies in the audit's folder, or is needed and not given.
    """
    if audit.settings.pseudonymized and key_file is None:
        raise UsageError("this audit is pseudonymized: give its key with --pseudonymize FILE")
    path = key_file or audit.folder / KEY
    if key_file is not None and path.resolve().is_relative_to(audit.folder.resolve()):
        advice = "Keep the key apart from what it protects."
        raise UsageError("the key lies in the audit's own folder", advice=advice)
    return read_key(path)
