"""What ``check`` and ``report`` share: a document about one case, and the exit code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.output import tell, write_whole
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.registry import render_report

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.submission import Occasion


def need_file(name: str, out: Path | None) -> Path:
    """Return the file for a document.

    Raises
    ------
    UsageError
        None is given.
    """
    if out is None:
        raise UsageError(
            f"a report in {name} is written to a file", expected=f"--out report.{name}"
        )
    return out


def write_document(name: str, out: Path, language: str, reviewed: Reviewed) -> None:
    """Write one case as a document."""
    write_whole(out, render_report(name, reviewed, language))


def without_pictures(reviews: Sequence[CaseReview], site: str = "") -> Reviewed:
    """Return the one review there is, for a report without pictures.

    Raises
    ------
    UsageError
        There are several plans.
    """
    from sbrt_qa.evidence.evidence import Reviewed

    if len(reviews) != 1:
        raise UsageError(
            "a report is about one plan",
            got=", ".join(quoted(review.case) for review in reviews),
            advice="Choose with sbrt-qa report --plan LABEL.",
        )
    return Reviewed(reviews[0], occasion=made_today(site or reviews[0].site))


def made_today(site: str = "") -> Occasion:
    """Return the occasion of a report of which nothing is known but the day, and the site."""
    from sbrt_qa.review.submission import Occasion

    return Occasion(site=site, written=dt.date.today())


def finish(reviews: Sequence[CaseReview]) -> int:
    """Return the exit code of reviews; where no dose could be read, say why."""
    code = exit_codes.of_reviews(reviews)
    if code == exit_codes.UNREADABLE:
        whys = dict.fromkeys(r.dose.detail for r in reviews if isinstance(r.dose, Reason))
        tell(f"{visible('; '.join(whys))}. Export the plan again with its dose.")
    return code
