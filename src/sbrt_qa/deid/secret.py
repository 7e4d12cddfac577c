"""The key of a trial: what codes, UIDs and shifts of dates follow from, and nobody gets back."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.errors import UsageError, quoted

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """The key of keyed hashes: without it nobody gets from a code back to a name."""

    key: bytes

    def __repr__(self) -> str:
        return "Secret(…)"

    def digest(self, text: str) -> str:
        """Return the keyed hash (HMAC with SHA-256) of a text, in hexadecimal."""
        return hmac.new(self.key, encoded(text), hashlib.sha256).hexdigest()

    def uid(self, text: str) -> str:
        """Return a UID that stands for another one: always the same, and telling nothing."""
        return f"2.25.{int(self.digest(text)[:32], 16)}"

    def code(self, prefix: str, text: str) -> str:
        """Return a short code for a name: always the same, and telling nothing."""
        return f"{prefix}-{self.digest(f'{prefix} {text}')[:10]}"


def encoded(text: str) -> bytes:
    """Return the bytes of a text; of a name that is no UTF-8 those of the file system."""
    return text.encode("utf-8", "surrogateescape")


def read_key(path: Path) -> Secret:
    """Return the key in a file; it is made when there is no such file.

    Raises
    ------
    UsageError
        The file is no key, or cannot be read or made.
    """
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
