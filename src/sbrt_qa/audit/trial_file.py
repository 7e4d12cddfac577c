"""Who writes to sites: `trial.yaml` in the audit's folder, or the file that is asked for.

::

    sender: QA office of the trial
    contact: |
      Example Street 1, 12345 Example Town
      qa-office@trial.example

Both are optional; nothing else may stand there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.errors import UsageError, quoted

FILE: Final = "trial.yaml"
MAX_BYTES: Final = 100_000
MAX_LINES, MAX_CHARACTERS = 8, 300


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes a letter, and how to reach them; lines of text, empty where nobody said."""

    sender: str = ""
    contact: str = ""


def read_sender(audit: Path, asked: Path | None = None) -> Sender:
    """Read who writes; nobody where there is no such file.

    Raises
    ------
    UsageError
        The file that is asked for cannot be read.
    ProtocolError
        It is no YAML, or holds something else.
    """
    path = asked or audit / FILE
    if asked is None and not path.exists():
        return Sender()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        got = str(error.strerror)
        raise UsageError("it cannot be read", where=quoted(path.name), got=got) from error
    return parse_sender(content, path.name)


def parse_sender(content: bytes, name: str) -> Sender:
    """Read the content of such a file; `name` is what errors call it.

    Raises
    ------
    UsageError, ProtocolError
        It is no YAML, or holds something else.
    """
    from sbrt_qa.protocol.protocol_files import read_settings

    data, _ = read_settings(content, name)
    if unknown := sorted(set(data) - {"sender", "contact"}):
        expected = "sender, contact"
        raise UsageError("unknown key", where=name, got=quoted(unknown[0]), expected=expected)
    return Sender(**{key: _lines(value, key, name) for key, value in data.items()})


def _lines(value: object, key: str, name: str) -> str:
    lines = [line.strip() for line in value.splitlines()] if isinstance(value, str) else [""]
    sound = all(line.isprintable() and len(line) <= MAX_CHARACTERS for line in lines)
    if not any(lines) or not sound or len(lines) > MAX_LINES:
        expected = f"at most {MAX_LINES} lines of text"
        raise UsageError(f"the {key} is none", where=name, expected=expected)
    return "\n".join(line for line in lines if line)
