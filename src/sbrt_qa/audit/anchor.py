"""The chain's head put elsewhere: into a file, or handed to a program.

Whoever can change the store can change what lies beside it. A file on another machine, a mailbox
or a time-stamping service holds what nobody with the store alone can take back.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.audit.store.chain import Head

COMMAND_SECONDS: Final = 30
MAX_FILE: Final = 100_000_000
_LINE: Final = re.compile(r"(\d{1,15}) ([0-9a-f]{64}) (\S{1,40}) (\S{1,64})")


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where heads go at the end of each run: a file that grows by a line, and a program."""

    file: Path | None = None
    command: str = ""

    def refuse_inside(self, audit: Path) -> None:
        """Raise UsageError where the file lies in the audit's own folder."""
        if self.file is not None and self.file.resolve().is_relative_to(audit.resolve()):
            advice = "Keep it where whoever can change the audit cannot: on another machine."
            raise UsageError(
                "the anchor lies in the audit's own folder",
                got=quoted(self.file.name),
                advice=advice,
            )

    def put(self, head: Head, at: str, trial: str) -> str:
        """Put a head where it goes; return why that failed, empty when it did not.

        The program is called with number, hash, time and trial, each an argument of its own; no
        shell reads them. It has half a minute, and its exit code must be 0.
        """
        failed = [self._into_file(head, at, trial), self._to_command(head, at, trial)]
        return "; ".join(filter(None, failed))

    def _into_file(self, head: Head, at: str, trial: str) -> str:
        if self.file is None:
            return ""
        try:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"{head} {at} {trial}\n")
        except OSError as error:
            return f"the anchor file cannot be written ({error.strerror})"
        return ""

    def _to_command(self, head: Head, at: str, trial: str) -> str:
        if not self.command:
            return ""
        arguments = [self.command, str(head.seq), head.hash, at, trial]
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, of the caller's own program
                arguments,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"the anchor command took longer than {COMMAND_SECONDS} s"
        except OSError as error:
            return f"the anchor command cannot be run ({error.strerror})"
        return f"the anchor command ended with {done.returncode}" if done.returncode else ""


NOWHERE: Final = Anchors()
"""No anchor."""


def anchored(file: Path) -> tuple[Head, ...]:
    """Return the heads that a file holds, oldest first.

    Raises
    ------
    UsageError
        It cannot be read, holds none, or a line is none.
    """
    from sbrt_qa.audit.store.chain import Head

    try:
        with file.open(encoding="utf-8") as lines:
            text = lines.read(MAX_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the anchor file cannot be read", got=quoted(file.name)) from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageError("not a line of an anchor file", where=f"line {number}")
        found.append(Head(int(match[1]), match[2]))
    if not found:
        raise UsageError("the anchor file holds no head", got=quoted(file.name))
    return tuple(found)
