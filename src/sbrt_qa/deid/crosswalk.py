"""Who is who, kept at the site: subject and patient, UIDs, shifts, and what was released.

The file is encrypted (AES-256-GCM) with a key that follows from the trial's key, so that it is of
use only with both. It is written whole, beside the old one, and then takes its place.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sbrt_qa.deid.secret import Secret
from sbrt_qa.errors import UsageError, quoted

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SCHEMA: Final = "sbrt_qa.crosswalk/1"
NONCE_BYTES: Final = 12


@dataclass(slots=True)
class Crosswalk:
    """What has been given out under one key.

    Parameters
    ----------
    subjects
        Subject code -> patient's number as the files have it.
    days
        Subject code -> shift of dates in days.
    uids
        Original UID -> the one that stands for it.
    outputs
        SHA-256 of every released file -> subject code.
    """

    subjects: dict[str, str] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def code_of(self, patient: str) -> str:
        """Return the code that a patient already has; empty for a new one."""
        return next((code for code, known in self.subjects.items() if known == patient), "")


def path_of(key_file: Path) -> Path:
    """Return where the crosswalk of a key lies."""
    return key_file.with_name(f"{key_file.name}.crosswalk")


def read_crosswalk(path: Path, secret: Secret) -> Crosswalk:
    """Return what has been given out; nothing when there is no file yet.

    Raises
    ------
    UsageError
        The file is of another key, or damaged.
    """
    if not path.exists():
        return Crosswalk()
    try:
        content = path.read_bytes()
        plain = _cipher(secret).decrypt(
            content[:NONCE_BYTES], content[NONCE_BYTES:], SCHEMA.encode()
        )
        return Crosswalk(**json.loads(plain))
    except (OSError, InvalidTag, ValueError, TypeError) as error:
        raise UsageError(
            "the crosswalk beside the key cannot be read",
            got=quoted(path.name),
            expected="the one that was written with this key",
            advice="Restore it: without it nobody knows which UIDs were given out",
        ) from error


@contextmanager
def changed_crosswalk(path: Path, secret: Secret) -> Iterator[Crosswalk]:
    """Give what has been given out by now, to be added to; nobody else changes it meanwhile.

    Raises
    ------
    UsageError
        The file is of another key, or damaged.
    """
    with path.with_name(f"{path.name}.lock").open("a", encoding="utf-8") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        known = read_crosswalk(path, secret)
        yield known
        write_crosswalk(path, known, secret)


def write_crosswalk(path: Path, known: Crosswalk, secret: Secret) -> None:
    """Write what has been given out; a process that ends here leaves the old file whole."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = json.dumps(
        {
            "subjects": known.subjects,
            "days": known.days,
            "uids": known.uids,
            "outputs": known.outputs,
        }
    )
    content = nonce + _cipher(secret).encrypt(nonce, plain.encode(), SCHEMA.encode())
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if os.name != "nt":
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _cipher(secret: Secret) -> AESGCM:
    return AESGCM(bytes.fromhex(secret.digest("crosswalk")))
