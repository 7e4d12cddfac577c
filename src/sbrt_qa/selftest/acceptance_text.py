"""The self-test as a page to print and file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sbrt_qa.selftest.acceptance import Rates, SelfTest
from sbrt_qa.selftest.scoring import LIMITS_PERCENT

_NAME_WIDTH = 18
NOTE = (
    "Errors of doses are in % of the prescription, errors of volumes in % of the true volume.\n"
    "A flat end between two slices is nowhere in a file; the cones and cylinders along z have one."
)


def as_text(found: SelfTest) -> str:
    """Return the report as plain text, at most 120 columns wide."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: SelfTest) -> Iterator[str]:
    yield f"Self-test of sbrt_qa {found.engine_version}: {'PASSED' if found.passed else 'FAILED'}"
    yield ""
    yield f"id          {found.id}"
    yield f"date        {found.date or 'not stated'}"
    yield f"form        {found.form}: {found.pairs} phantoms, {found.values} values"
    yield f"engine      {found.convention}"
    yield f"machine     {', '.join(f'{name} {text}' for name, text in found.machine.items())}"
    yield ""
    for promise in found.promises:
        sign = "✓" if promise.met else "✕"
        relation = "≥" if promise.at_least else "≤"
        yield (
            f"{sign} {promise.name}: {promise.reached:.4g} (required {relation} "
            f"{promise.required:g})"
        )
    yield ""
    yield from _table("family", found.by_family)
    yield ""
    yield from _table("metric", found.by_metric)
    yield ""
    yield NOTE


def _table(title: str, rows: Mapping[str, Rates]) -> Iterator[str]:
    limits = "".join(f"{f'≤ {limit:g} %':>9}" for limit in LIMITS_PERCENT)
    yield f"{title:<{_NAME_WIDTH}}{'values':>7}{limits}{'largest':>10}  worst case"
    for name, row in rows.items():
        shares = "".join(f"{share:>9.1f}" for share in row.within_percent)
        largest = "missing" if row.worst_percent is None else f"{row.worst_percent:.2f} %"
        yield f"{name:<{_NAME_WIDTH}}{row.values:>7}{shares}{largest:>10}  {row.worst_case}"
