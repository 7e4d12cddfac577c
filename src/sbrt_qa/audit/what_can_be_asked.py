"""What can be asked of an audit, and by what an answer can be narrowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database

Row = dict[str, Any]

PLACE: Final = frozenset({"site", "subject", "latest"})
"""Options that choose submissions."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an audit.

    Parameters
    ----------
    about
        Name of an answer.
    site, subject, limit
        Only these, when not empty.
    verdict
        Only this verdict of the program.
    decision
        Only what the office decided so, and still counts; or ``undecided``.
    latest
        Only the last submission of each subject.
    protocol
        Hash, or its beginning, of the protocol whose reviews are meant; the newest when empty.
    """

    about: str
    site: str = ""
    subject: str = ""
    limit: str = ""
    verdict: str = ""
    latest: bool = False
    protocol: str = ""
    decision: str = ""

    def has_place(self, site: str, subject: str, *, latest: bool) -> bool:
        """Tell whether a submission is one of those that are meant."""
        return (
            self.site in ("", site)
            and self.subject in ("", subject)
            and (latest or not self.latest)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question is answered: rows of the same columns, and the options that narrow it.

    Rows that carry the column of an option are chosen by it; an answer that sums up narrows what it
    sums up itself.
    """

    rows: Callable[[Database, str, Question], Iterator[Row]]
    narrowed_by: frozenset[str]

    def check(self, question: Question) -> None:
        """Refuse options that this answer cannot heed.

        Raises
        ------
        UsageError
            There is one.
        """
        for name in ("site", "subject", "limit", "verdict", "latest", "decision"):
            if getattr(question, name) and name not in self.narrowed_by:
                known = (
                    ", ".join(f"--{one}" for one in sorted(self.narrowed_by)) or "no such option"
                )
                raise UsageError(
                    f"{question.about} cannot be narrowed by --{name}",
                    got=quoted(str(getattr(question, name))),
                    expected=known,
                )
