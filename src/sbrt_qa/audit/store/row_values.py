"""Results as the columns of their rows."""

from __future__ import annotations

import zlib
from typing import Any, Final

from sbrt_qa.audit.store.records import StoredComparison, sha256
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import ConstraintResult

COMPRESSION: Final = 1
"""Level of zlib: a document takes a fifth more room than at the usual level, and half the time."""


def comparison_row(one: StoredComparison) -> dict[str, Any]:
    """Return the columns of a comparison with the submission before."""
    packed = zlib.compress(one.document.encode(), COMPRESSION)
    return {
        "before_input": one.before_input,
        "document": packed,
        "sha256": sha256(one.document),
    }


def value_row(one: ConstraintResult) -> dict[str, Any]:
    """Return the columns of one limit's result; a value that is not relied on is left out."""
    return {
        "limit_id": one.key,
        "structure": one.structure,
        "metric": one.metric,
        "op": one.op,
        "unit": one.unit,
        "value": one.value if one.is_relied_on else None,
        "reason": None if one.reason is None else one.reason.code.value,
        "per_protocol_limit": one.per_protocol_limit,
        "minor_limit": one.minor_limit,
        "margin": one.margin,
        "verdict": one.verdict.value,
        "borderline": one.borderline,
        "priority": one.priority,
        "counts": one.counts,
    }


def finding_row(one: Finding) -> dict[str, Any]:
    """Return the columns of one finding."""
    verdict = None if one.verdict is None else one.verdict.value
    texts = {"place": one.where, "message": one.message, "advice": one.advice}
    return {"code": one.code, "verdict": verdict, **texts}
