"""Answers of ``trial failure`` that lie in a folder, for the report of the trial."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sbrt_qa.audit.store.records import sha256
from sbrt_qa.errors import ResultError, UsageError, quoted, quoted_name
from sbrt_qa.trial.failure_records import FailureRecord, failure_records

MOST_BYTES: Final = 20_000_000
"""Largest file that is read."""


def failure_files(folder: Path) -> tuple[tuple[FailureRecord, ...], dict[str, str]]:
    """Return all recurrences of a folder, and the hash that a report states of them.

    Raises
    ------
    UsageError
        There is no such folder, or a file in it is no answer.
    """
    if not folder.is_dir():
        raise UsageError("there is no such folder", got=quoted_name(folder))
    found: list[FailureRecord] = []
    texts = []
    for path in sorted(folder.glob("*.json")):
        try:
            if path.stat().st_size > MOST_BYTES:
                raise UsageError("too large to be an answer", where=quoted(path.name))
            text = path.read_text(encoding="utf-8")
            found += failure_records(text)
        except (OSError, UnicodeDecodeError, ResultError) as error:
            raise UsageError(
                "this is no answer of trial failure", where=quoted(path.name),
                advice="Make it with --subject CODE -f json --out FILE.",
            ) from error  # fmt: skip
        texts.append(text)
    return tuple(found), {"mapped recurrences": sha256("\n".join(texts))}
