"""A comparison of two versions as words and rounded numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sbrt_qa.compare.comparison import (
    Area,
    DoseChange,
    FindingState,
    GammaSummary,
    StructureState,
    Trend,
)
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.wording import rounded
from sbrt_qa.reports.view import SIGNS, WORDS

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import (
        CaseComparison,
        Change,
        ComparedSide,
        FindingChange,
        MetricChange,
        StructureChange,
    )
    from sbrt_qa.model.outcome import Finding

UNKNOWN = "–"

_NUMBERS = re.compile(r"-?[0-9.]+(, -?[0-9.]+){6,}")
"""Seven numbers or more: angles of an arc."""

_LONG_UID = re.compile(r"[0-9.]{20,}([0-9.]{8})(?![0-9.])")

FEW = 3
"""Items up to which each has a row of its own."""


def header_lines(found: CaseComparison) -> list[tuple[str, str]]:
    """Return what was compared, as pairs of label and text."""
    protocol = found.after.protocol
    lines = [
        ("Before", _side(found.before)),
        ("After", _side(found.after)),
        ("Protocol", f"{protocol.id} {protocol.version} · sha256 {protocol.sha256[:12]}"),
        ("Requested", found.expect or "no request was stated"),
    ]
    return [(label, visible(text)) for label, text in lines]


def case_line(found: CaseComparison) -> str:
    """Return what became of the case, and of how many limits and findings."""
    before, after = found.before.verdict, found.after.verdict
    verdict = f"{SIGNS[after]} {WORDS[after]}"
    verdict += " as before" if found.trend is Trend.SAME else f", was {WORDS[before]}"
    return f"{verdict}: {limits_counted(found.metrics)}; {findings_counted(found.checks)}"


def limits_counted(metrics: Sequence[MetricChange]) -> str:
    """Return how many limits have another verdict."""
    counts = {t: sum(m.trend is t for m in metrics) for t in (Trend.WORSE, Trend.BETTER)}
    parts = [f"{counted(n, 'limit')} {trend}" for trend, n in counts.items() if n]
    if other := sum(m.trend is Trend.OTHER_LIMITS for m in metrics):
        parts += [f"{counted(other, 'limit')} in one version only"]
    return ", ".join(parts) or "no limit with another verdict"


def findings_counted(checks: Sequence[FindingChange]) -> str:
    """Return how many findings came, went, or weigh more or less."""
    counts = {s: sum(c.state is s for c in checks) for s in FindingState}
    told = [s for s in FindingState if s is not FindingState.SAME and counts[s]]
    if not told:
        return "the same findings"
    return ", ".join(
        f"{counted(counts[s], 'finding') if s is told[0] else counts[s]} {s}" for s in told
    )


def headline(found: CaseComparison) -> str:
    """Return what changed from one version to the other, in one line."""
    number = len(found.changes)
    changes = counted(number, "change") if number else "no change"
    sign = SIGNS[found.verdict]
    if found.only_expected_changed is None:
        return f"{sign} {changes}"
    unexpected = sum(one.expected is False for one in found.changes)
    worse = sum(one.expected is False for one in found.checks)
    parts = [f"{unexpected} not requested"] if unexpected else []
    parts += [f"{counted(worse, 'finding')} new or worse unasked"] if worse else []
    return f"{sign} {changes}, {', '.join(parts) or 'nothing but what was requested'}"


def checks_told(checks: Sequence[FindingChange]) -> list[FindingChange]:
    """Return the findings that are not the same in both versions."""
    return [c for c in checks if c.state is not FindingState.SAME]


def check_state(change: FindingChange) -> str:
    """Return what became of a finding, and whether it was asked for."""
    unasked = ", not requested" if change.expected is False else ""
    return f"{change.state}{unasked}"


def check_verdicts(change: FindingChange) -> str:
    """Return how a finding weighs in both versions: one word where that is the same."""
    words = [_weight(f) for f in (change.before, change.after) if f is not None]
    return " → ".join(dict.fromkeys(words))


def _weight(finding: Finding) -> str:
    return "information" if finding.verdict is None else WORDS[finding.verdict]


def check_message(change: FindingChange) -> str:
    """Return what a finding says; both texts where the two versions say different things."""
    texts = [f.message.rstrip(".") for f in (change.before, change.after) if f is not None]
    return " → ".join(dict.fromkeys(texts))


def same_checks_line(checks: Sequence[FindingChange]) -> str:
    """Return the codes of findings that are the same in both versions; empty for none."""
    codes = [c.shown.code for c in checks if c.state is FindingState.SAME]
    return f"the same in both: {', '.join(dict.fromkeys(codes))}" if codes else ""


def grouped_changes(changes: Sequence[Change]) -> list[Change]:
    """Return the changes, one row for a property that changed in more than `FEW` items."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in map(_brief, changes):
        groups.setdefault((change.area, change.what, change.expected), []).append(change)
    shown: list[Change] = []
    for group in groups.values():
        shown += [_joined(group)] if len(group) > FEW else group
    return shown


def _brief(change: Change) -> Change:
    """Return a change with the ends of UIDs and of long lists of numbers only."""
    shorten = _end_of_uids if change.area in (Area.IDENTIFIERS, Area.IMAGE) else _ends_of_list
    return replace(change, before=shorten(change.before), after=shorten(change.after))


def _end_of_uids(text: str) -> str:
    return _LONG_UID.sub(r"…\1", text)


def _ends_of_list(text: str) -> str:
    """Return a long list of numbers by its ends: ``350, 354 … 179 (49)``."""
    if not _NUMBERS.fullmatch(text):
        return text
    numbers = text.split(", ")
    return f"{', '.join(numbers[:2])} … {numbers[-1]} ({len(numbers)})"


def _joined(group: Sequence[Change]) -> Change:
    """Return one row for all: how many items, and their values as far as there is room."""
    return replace(
        group[0],
        item=f"{group[0].item} … {group[-1].item} ({len(group)})",
        before=_listed([c.before for c in group]),
        after=_listed([c.after for c in group]),
    )


def _listed(values: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(values))
    return ", ".join(distinct[:FEW]) + (", …" if len(distinct) > FEW else "")


def requested(change: Change) -> str:
    """Return whether a change was requested, as a sign and a word."""
    return {True: "✓ yes", False: "✕ no", None: ""}[change.expected]


def split_structures(
    rows: Sequence[StructureChange],
) -> tuple[list[StructureChange], list[str], list[StructureChange]]:
    """Return the structures that differ, the names of those that do not, and the untold.

    Untold are those that were not compared and whose volumes are not known to differ.
    """
    same = [row.name for row in rows if row.state is StructureState.SAME]
    untold = [
        row
        for row in rows
        if row.state is StructureState.NOT_COMPARED
        and _number(row.before_cc) == _number(row.after_cc)
    ]
    told = [row for row in rows if row.state is not StructureState.SAME and row not in untold]
    return told, same, untold


def untold_lines(rows: Sequence[StructureChange]) -> list[str]:
    """Return why structures of the same volume were not compared, each reason once."""
    why: dict[str, list[str]] = {}
    for row in rows:
        detail = row.reason.detail if row.reason else "not known why"
        why.setdefault(detail, []).append(row.name)
    return [
        f"not compared, though of the same volume: {', '.join(names)} ({detail})"
        for detail, names in why.items()
    ]


def structure_reasons(rows: Sequence[StructureChange]) -> list[str]:
    """Return why structures were not compared, each reason once."""
    why: dict[str, list[str]] = {}
    for row in rows:
        if row.reason is not None:
            why.setdefault(row.reason.detail, []).append(row.name)
    return [f"{', '.join(names)}: {detail}" for detail, names in why.items()]


def state(row: StructureChange) -> str:
    """Return what became of a structure."""
    text = row.state.replace("_", " ")
    return visible(f"{text} from {row.renamed_from}" if row.renamed_from else text)


def structure_numbers(row: StructureChange) -> tuple[str, ...]:
    """Return volumes, Dice coefficient and distances."""
    dice = UNKNOWN if row.dice is None else f"{row.dice:.4f}"
    volumes = (row.before_cc, row.after_cc)
    distances = (row.mean_mm, row.p95_mm, row.max_mm)
    return (*map(_number, volumes), dice, *map(_number, distances))


def dose_lines(dose: DoseChange | Reason) -> list[str]:
    """Return the difference of the doses in sentences."""
    if isinstance(dose, Reason):
        return [f"? not compared: {dose.detail}"]
    if dose.is_same:
        return [f"the same dose on the same grid, maximum {dose.max_after_gy:.2f} Gy"]
    grid = "the same grid" if dose.same_grid else "another grid, interpolated to the earlier voxels"
    return [
        f"maximum {dose.max_before_gy:.2f} Gy → {dose.max_after_gy:.2f} Gy; {grid}",
        f"{dose.voxels} voxels from {dose.threshold_gy:.1f} Gy on: mean {dose.mean_gy:+.3f} Gy, "
        f"root mean square {dose.rms_gy:.3f} Gy, 95 % within {dose.p95_abs_gy:.3f} Gy, "
        f"from {dose.largest_fall_gy:+.2f} to {dose.largest_rise_gy:+.2f} Gy",
        *_gamma_lines(dose.gamma),
    ]


def _gamma_lines(gamma: GammaSummary | Reason | None) -> list[str]:
    if gamma is None:
        return []
    if isinstance(gamma, Reason):
        return [f"? gamma: {gamma.detail}"]
    selected = "" if gamma.points == gamma.candidates else f", selected from {gamma.candidates},"
    more = " or more" if gamma.highest >= gamma.capped_at else ""
    beyond = ""
    if gamma.beyond:
        beyond = f"; {counted(gamma.beyond, 'voxel')} beyond the later grid, not known"
    return [
        f"gamma {gamma.dose_percent:g} % of the maximum, {gamma.distance_mm:g} mm, above "
        f"{gamma.cutoff_percent:g} %: {gamma.pass_percent:.1f} % of {gamma.points} voxels"
        f"{selected} pass; mean {gamma.mean:.2f}, highest {gamma.highest:.2f}{more}"
        f"{beyond}"
    ]


def metric_numbers(row: MetricChange) -> tuple[str, str, str]:
    """Return both values with their unit, and the difference."""
    unit = "" if row.unit in ("1", "bool") else f" {row.unit}"
    before, after = (
        UNKNOWN if v is None else f"{rounded(v)}{unit}" for v in (row.before, row.after)
    )
    difference = UNKNOWN if row.difference is None else rounded(row.difference, signed=True)
    if before == after != UNKNOWN:
        difference = "0.00"
    return before, after, difference


def split_metrics(
    rows: Sequence[MetricChange],
) -> tuple[list[MetricChange], list[str], list[str]]:
    """Return the limits to show, those first whose verdict changed, and the ids of the others.

    The others have the same verdict in both versions, and the same value to the digits that are
    shown, or no value in either.
    """
    quiet = [row for row in rows if row.trend is Trend.SAME and _reads_the_same(row)]
    silent = [row.id for row in quiet if row.before is None]
    same = [row.id for row in quiet if row.before is not None]
    shown = [row for row in rows if row.id not in (*silent, *same)]
    return sorted(shown, key=lambda row: row.trend is Trend.SAME), same, silent


def _reads_the_same(row: MetricChange) -> bool:
    before, after, _ = metric_numbers(row)
    return before == after


def trend(row: MetricChange) -> str:
    """Return a word where the verdict changed; nothing where it did not."""
    return "" if row.trend is Trend.SAME else str(row.trend)


def origin_lines(found: CaseComparison) -> list[str]:
    """Return where the numbers come from."""
    engine = found.engine
    return [
        f"Computed by sbrt_qa {engine.version}; {engine.convention}.",
        "Dice: twice the common volume over the sum of both. mean, 95 %, max: distance between the "
        "surfaces, by area.",
    ]


def _side(side: ComparedSide) -> str:
    parts = [side.case or "(no label)", WORDS[side.verdict]]
    parts += [f"subject {side.subject}"] if side.subject else []
    return " · ".join(parts)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
