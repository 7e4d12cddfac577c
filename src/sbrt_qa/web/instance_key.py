"""The key of an installation: in a file outside the audit, for secrets that must be read again.

`SBRT_QA_INSTANCE_KEY` names the file; else it lies beside the audit's folder and is called after
it. It is in no backup, on no command line, and only its owner may read it.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sbrt_qa.errors import UsageError, quoted

VARIABLE: Final = "SBRT_QA_INSTANCE_KEY"
KEY_BYTES: Final = 32
_NONCE: Final = 12


def key_path(audit: Path) -> Path:
    """Return where the key of an audit's installation lies."""
    named = os.environ.get(VARIABLE, "")
    folder = audit.absolute()
    return Path(named) if named else folder.with_name(f"{folder.name}.instance.key")


class InstanceKey:
    """Seals texts with a key that is read when it is first needed, and made where there is none.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def sealed(self, text: bytes, about: str) -> str:
        """Return a text that only this key opens again, and only as what it is about.

        Raises
        ------
        UsageError
            The key cannot be read, others may read it, or it is none.
        """
        nonce = secrets.token_bytes(_NONCE)
        return (nonce + AESGCM(self._key(make=True)).encrypt(nonce, text, about.encode())).hex()

    def opened(self, sealed: str, about: str) -> bytes:
        """Return a sealed text.

        Raises
        ------
        UsageError
            The key is not there, others may read it, or it is another.
        """
        data = bytes.fromhex(sealed)
        try:
            cipher = AESGCM(self._key(make=False))
            return cipher.decrypt(data[:_NONCE], data[_NONCE:], about.encode())
        except InvalidTag:
            raise UsageError("this was encrypted with another key of the installation") from None

    def _key(self, *, make: bool) -> bytes:
        if make and not self._path.exists():
            self._make()
        try:
            mode = self._path.stat().st_mode
            text = self._path.read_text(encoding="ascii").strip()
            key = bytes.fromhex(text)
        except (OSError, ValueError) as error:
            what = "the key of the installation cannot be read"
            raise UsageError(what, got=quoted(self._path.name)) from error
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise UsageError("others may read the key of the installation", expected="mode 0600")
        if len(key) != KEY_BYTES:
            raise UsageError(
                "this is not a key of an installation", expected="64 hexadecimal digits"
            )
        return key

    def _make(self) -> None:
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process made it at this moment
            return
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
