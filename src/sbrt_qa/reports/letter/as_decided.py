"""A review beside the decision of the office: what it judged otherwise is told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sbrt_qa.i18n.words import SOURCE, Words
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import value_text
from sbrt_qa.reports.compose.verdict_words import structure_text
from sbrt_qa.review.case_review import CaseReview


def without_overridden(
    review: CaseReview, plan: int, overridden: Iterable[str], *, asks: bool
) -> CaseReview:
    """Return a review without the items that the office judged otherwise.

    What the program says of those would not be true any more; the letter tells them apart.

    Parameters
    ----------
    plan
        Its number within the submission.
    overridden
        Keys of items.
    asks
        Whether the site has to correct anything; if not, advice is left out.
    """
    gone = set(overridden)
    findings = (one for key, one in _keyed(review.findings, plan) if key not in gone)
    return replace(
        review,
        constraints=tuple(c for c in review.constraints if f"limit:{plan}:{c.id}" not in gone),
        findings=tuple(one if asks else replace(one, advice="") for one in findings),
    )


def labels(review: CaseReview, plan: int, prefix: str = "") -> dict[str, str]:
    """Return what the items of a review are called, with their values, by key."""
    found, english = {}, Words(SOURCE)
    for one in review.constraints:
        value = "" if one.value is None else f", {value_text(one)}"
        name = f"{structure_text(one, english)} {one.metric} ({one.id})"
        found[f"limit:{plan}:{one.id}"] = prefix + name + value
    for key, told in _keyed(review.findings, plan):
        found[key] = prefix + told.code + (f" ({told.where})" if told.where else "")
    return found


def _keyed(findings: Sequence[Finding], plan: int) -> Iterator[tuple[str, Finding]]:
    """Yield findings with their keys, as readings name them."""
    seen = Counter[str]()
    for one in findings:
        seen[one.code] += 1
        yield f"finding:{plan}:{one.code}:{seen[one.code]}", one
