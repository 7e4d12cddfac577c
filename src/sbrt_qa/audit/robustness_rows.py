"""What the stored reviews say of limits with the patient elsewhere, one row a limit and length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database

SIDES: Final = (("left", "right"), ("back", "front"), ("head", "feet"))
"""What growing and falling x, y and z are for the patient."""


def robustness_in(engine: Database, protocol: str = "") -> Iterator[dict[str, Any]]:
    """Yield the rows of every plan's newest review; none where no shifts were asked for.

    Setup errors have a row of their own, whose `radius_mm` is empty.
    """
    from sbrt_qa.audit.store.kept import reviews

    newest = {one.case_id: one for one in reviews(engine, protocol=protocol)}
    for one in newest.values():
        site, subject, _ = one.code.split("/")
        place = {"code": one.code, "site": site, "subject": subject, "plan": one.plan}
        document = json.loads(one.document)
        planned = {_key(row): row for row in document.get("constraints", ())}
        for limit, told in (document.get("robustness") or {}).items():
            row = planned.get(limit, {})
            known = {
                **place,
                "limit": limit,
                "structure": row.get("structure", ""),
                "metric": row.get("metric", ""),
                "unit": row.get("unit", ""),
                "nominal": told.get("nominal"),
                "verdict_planned": row.get("verdict", ""),
            }
            yield from (known | one for one in _each(told))


def _key(row: Mapping[str, Any]) -> str:
    """Return the key of a limit, as `sbrt_qa.protocol.evaluated_limit` makes it."""
    numbers = (row.get("match") or {}).get("roi_numbers") or ()
    return f"{row['id']}#{numbers[0]}" if row.get("target") and numbers else str(row["id"])


def _each(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for radius, at in (told.get("radius_mm") or {}).items():
        yield {
            "radius_mm": float(radius), "worst": at.get("worst"),
            "towards": towards(at.get("shift_mm")), "verdict": at.get("verdict", ""),
            "flips": at.get("flips"), "unknown": at.get("unknown", 0), "chance": None,
            "chance_error": None, "reason": _why(at),
        }  # fmt: skip
    if setup := told.get("setup"):
        yield {
            "radius_mm": None, "worst": None, "towards": "", "verdict": "", "flips": None,
            "unknown": setup.get("unknown", 0), "chance": setup.get("chance"),
            "chance_error": setup.get("error"), "reason": _why(setup),
        }  # fmt: skip


def _why(told: Mapping[str, Any]) -> str:
    reason = told.get("reason") or {}
    return str(reason.get("detail", "") if isinstance(reason, Mapping) else reason)


def towards(shift_mm: Any) -> str:  # noqa: ANN401 - as a stored document has it
    """Return a shift in words, such as ``2.1 mm left, 2.1 mm feet``; empty where there is none."""
    if not shift_mm:
        return ""
    return ", ".join(
        f"{abs(value):.3g} mm {up if value > 0 else down}"
        for value, (up, down) in zip(shift_mm, SIDES, strict=True)
        if abs(value) > 1e-6
    )
