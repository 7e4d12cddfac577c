"""What reviewers' contours say beside those of the plans, one row a structure and one a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.compare.reference_measures import MEASURES

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database

_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(
    ("structure", *MEASURES, "limit", "metric", "unit", "value", "reference_value", "verdict",
     "reference_verdict", "changes", "reason"),
)  # fmt: skip


def references_in(engine: Database, protocol: str = "") -> Iterator[dict[str, Any]]:
    """Yield the rows of every recorded set; those whose verdict changes first among the limits."""
    from sbrt_qa.audit.store.answers import newest_submissions
    from sbrt_qa.audit.store.connection import reading
    from sbrt_qa.audit.store.reference_records import references

    with reading(engine) as connection:
        newest = newest_submissions(connection)
    for one in references(engine, protocol):
        whose = {
            "code": one.code, "site": one.site, "subject": one.subject,
            "latest": one.submission_id in newest, "plan": one.plan, "reference": one.id,
            "at": one.at, "actor": one.actor, "role": one.role, "why": one.reason,
        }  # fmt: skip
        for structure in one.structures:
            yield {**whose, **_NOTHING, **structure}
        told = [_limit(row) for row in one.limits]
        for limit in sorted(told, key=lambda row: not row["changes"]):
            yield {**whose, **_NOTHING, **limit, "reason": ""}


def _limit(row: Mapping[str, Any]) -> dict[str, Any]:
    changes = row["verdict"] != row["reference_verdict"]
    kept = {name: value for name, value in row.items() if name != "limit_id"}
    return {"limit": row["limit_id"], **kept, "changes": changes}
