"""Exit codes, a promise to scripts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.model.outcome import Verdict, worst

UNREADABLE: Final = 1
USAGE: Final = 2
INTERNAL: Final = 70
INTERRUPTED: Final = 130

_OF_VERDICT: Final = {
    Verdict.PER_PROTOCOL: 0,
    Verdict.MINOR: 10,
    Verdict.MAJOR: 20,
    Verdict.NOT_EVALUABLE: 30,
}


def of_verdicts(verdicts: Iterable[Verdict]) -> int:
    """Return the code of the worst verdict: major, then not evaluable, minor, per protocol."""
    return _OF_VERDICT[worst(list(verdicts))]


def of_error(error: SbrtQaError) -> int:
    """Return 2 where the request was wrong, 1 where the input was."""
    return USAGE if isinstance(error, UsageError) else UNREADABLE
