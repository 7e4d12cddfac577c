"""Where an audit lives: a folder with its settings, its key and, usually, its database."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.discovery import AUDIT_FILE, AUDIT_SCHEMA
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sbrt_qa.audit.layout import Secret
    from sbrt_qa.store.connection import Database

SETTINGS: Final = AUDIT_FILE
DATABASE: Final = "audit.db"
KEY: Final = "places.key"
KEY_BYTES: Final = 32
FORMAT: Final = f"{AUDIT_SCHEMA}1"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an audit was begun with, and keeps.

    Parameters
    ----------
    trial
        Its code.
    database
        Address without a password; empty for the file in the folder.
    pseudonymized
        Whether subjects go by keyed hashes.
    """

    trial: str
    database: str = ""
    pseudonymized: bool = False
    schema: str = FORMAT


@dataclass(frozen=True, slots=True)
class AuditFolder:
    """An audit that exists."""

    folder: Path
    settings: Settings

    def engine(self, database: str = "") -> Database:
        """Open the store, brought to the current version.

        Parameters
        ----------
        database
            The address, with a password if one is needed; that of the settings when empty.
        """
        from sbrt_qa.store.connection import is_current, open_engine, translated

        path = (self.folder / DATABASE).absolute()
        engine = open_engine(database or self.settings.database or f"sqlite:///{path}")
        with translated():
            current = is_current(engine)
        if not current:
            from sbrt_qa.store.migrate import upgrade

            upgrade(engine)
        return engine


def begin(folder: Path, settings: Settings) -> AuditFolder:
    """Open an audit folder, made when it is not there.

    Raises
    ------
    UsageError
        The folder holds something else, or the audit was begun with other settings.
    """
    if (folder / SETTINGS).exists():
        known = open_audit(folder)
        for name in ("trial", "database", "pseudonymized"):
            was, now = getattr(known.settings, name), getattr(settings, name)
            if now and was != now:
                what = f"this audit was begun with another {name}"
                raise UsageError(what, where=quoted(folder.name), got=quoted(now))
        return known
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        advice = "Give a new or empty folder, or that of an audit."
        raise UsageError("the folder holds something else", got=quoted(folder.name), advice=advice)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(settings), indent=2) + "\n"
        (folder / SETTINGS).write_text(text, encoding="utf-8")
    except OSError as error:
        got = str(error.strerror)
        raise UsageError("the folder cannot be made", where=quoted(folder.name), got=got) from error
    return AuditFolder(folder, settings)


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
                "the audit's folder would lie among the submissions",
                got=quoted(out.name),
                where=quoted(root.name),
                advice="Give --out a folder elsewhere, such as one beside the submissions; an "
                "audit that was begun there can be moved as a whole.",
            )


def open_audit(folder: Path) -> AuditFolder:
    """Open an audit that was begun before.

    Raises
    ------
    UsageError
        There is none.
    """
    try:
        data = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        settings = Settings(**data) if data["schema"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        settings = None
    if settings is None:
        raise UsageError(
            "no audit there",
            got=quoted(folder.name),
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
    from sbrt_qa.audit.layout import Secret

    if audit.settings.pseudonymized and key_file is None:
        raise UsageError("this audit is pseudonymized: give its key with --pseudonymize FILE")
    path = key_file or audit.folder / KEY
    if key_file is not None and path.resolve().is_relative_to(audit.folder.resolve()):
        advice = "Keep the key apart from what it protects."
        raise UsageError("the key lies in the audit's own folder", advice=advice)
    try:
        return Secret(_key(path))
    except (OSError, ValueError) as error:
        raise UsageError(
            "the key cannot be used",
            got=quoted(path.name),
            expected=f"{2 * KEY_BYTES} hexadecimal digits, or a file that does not exist yet",
        ) from error


def _key(path: Path) -> bytes:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
    key = bytes.fromhex(path.read_text().strip())
    if len(key) != KEY_BYTES:
        raise ValueError(len(key))
    return key
