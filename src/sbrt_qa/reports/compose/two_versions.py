"""A comparison of two versions as phrases and rounded numbers, for every format."""

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
from sbrt_qa.i18n.phrase import Phrase, counted, joined, say, stated
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.protocol.wording import rounded
from sbrt_qa.reports.compose.verdict_words import SIGNS, WORDS
from sbrt_qa.reports.page import Fact

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


def header_facts(found: CaseComparison) -> tuple[Fact, ...]:
    """Return what was compared, as pairs of label and phrase."""
    protocol = found.after.protocol
    version = f"{protocol.id} {protocol.version} · SHA-256 {protocol.sha256[:12]}"
    return (
        Fact(say("Before"), _side(found.before)),
        Fact(say("After"), _side(found.after)),
        Fact(say("Protocol"), version),
        Fact(say("Requested"), found.expect or say("no request was stated")),
    )


def case_line(found: CaseComparison) -> Phrase:
    """Return what became of the case, and of how many limits and findings."""
    before, after = found.before.verdict, found.after.verdict
    counts = joined("; ", (limits_counted(found.metrics), findings_counted(found.checks)))
    if found.trend is Trend.SAME:
        return say("{0} {1} as before: {2}", SIGNS[after], _word(after), counts)
    return say("{0} {1}, was {2}: {3}", SIGNS[after], _word(after), _word(before), counts)


def limits_counted(metrics: Sequence[MetricChange]) -> str:
    """Return how many limits have another verdict."""
    worse, better, other = (
        sum(m.trend is t for m in metrics) for t in (Trend.WORSE, Trend.BETTER, Trend.OTHER_LIMITS)
    )
    told = (
        counted(worse, "limit worse", "limits worse") if worse else "",
        counted(better, "limit better", "limits better") if better else "",
        counted(other, "limit in one version only", "limits in one version only") if other else "",
    )
    return joined(", ", told) or say("no limit with another verdict")


def findings_counted(checks: Sequence[FindingChange]) -> str:
    """Return how many findings came, went, or weigh more or less."""
    counts = {s: sum(c.state is s for c in checks) for s in FindingState}
    told = [s for s in FindingState if s is not FindingState.SAME and counts[s]]
    if not told:
        return say("the same findings")
    numbers = (say("{0} {1}", counts[s], stated(s)) for s in told)
    return say("findings: {0}", joined(", ", numbers))


def headline(found: CaseComparison) -> Phrase:
    """Return what changed from one version to the other, in one line."""
    number = len(found.changes)
    changes = counted(number, "change") if number else say("no change")
    if found.only_expected_changed is None:
        return say("{0} {1}", SIGNS[found.verdict], changes)
    unexpected = sum(one.expected is False for one in found.changes)
    worse = sum(one.expected is False for one in found.checks)
    new = ("finding is new or worse and was not requested",
           "findings are new or worse and were not requested")  # fmt: skip
    told = (
        say("{0} not requested", unexpected) if unexpected else "",
        counted(worse, *new) if worse else "",
    )
    rest = joined(", ", told) or say("nothing but what was requested")
    return say("{0} {1}, {2}", SIGNS[found.verdict], changes, rest)


def checks_told(checks: Sequence[FindingChange]) -> list[FindingChange]:
    """Return the findings that are not the same in both versions."""
    return [c for c in checks if c.state is not FindingState.SAME]


def check_state(change: FindingChange) -> str:
    """Return what became of a finding, and whether it was asked for."""
    state = stated(change.state)
    return say("{0}, not requested", state) if change.expected is False else state


def check_verdicts(change: FindingChange) -> str:
    """Return how a finding weighs in both versions: one word where that is the same."""
    words = [_weight(f) for f in (change.before, change.after) if f is not None]
    return joined(" → ", dict.fromkeys(words))


def _weight(finding: Finding) -> Phrase:
    return say("information") if finding.verdict is None else _word(finding.verdict)


def check_message(change: FindingChange) -> str:
    """Return what a finding says; both texts where the two versions say different things."""
    texts = [f.message for f in (change.before, change.after) if f is not None]
    return joined(" → ", dict.fromkeys(texts))


def same_checks_line(checks: Sequence[FindingChange]) -> str:
    """Return the codes of findings that are the same in both versions; empty for none."""
    codes = [c.shown.code for c in checks if c.state is FindingState.SAME]
    return say("the same in both: {0}", ", ".join(dict.fromkeys(codes))) if codes else ""


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
    return {True: say("✓ yes"), False: say("✕ no"), None: ""}[change.expected]


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


def untold_lines(rows: Sequence[StructureChange]) -> list[Phrase]:
    """Return why structures of the same volume were not compared, each reason once."""
    return [
        say("not compared, though of the same volume: {0} ({1})", ", ".join(names), detail)
        for detail, names in _by_reason(rows, say("not known why")).items()
    ]


def structure_reasons(rows: Sequence[StructureChange]) -> list[Phrase]:
    """Return why structures were not compared, each reason once."""
    return [
        say("{0}: {1}", ", ".join(names), detail)
        for detail, names in _by_reason([r for r in rows if r.reason is not None]).items()
    ]


def _by_reason(rows: Sequence[StructureChange], otherwise: str = "") -> dict[str, list[str]]:
    why: dict[str, list[str]] = {}
    for row in rows:
        why.setdefault(row.reason.detail if row.reason else otherwise, []).append(row.name)
    return why


def state(row: StructureChange) -> Phrase:
    """Return what became of a structure."""
    text = stated(row.state.replace("_", " "))
    return say("{0} from {1}", text, row.renamed_from) if row.renamed_from else text


def structure_numbers(row: StructureChange) -> tuple[str, ...]:
    """Return volumes, Dice coefficient and distances."""
    dice = UNKNOWN if row.dice is None else f"{row.dice:.4f}"
    volumes = (row.before_cc, row.after_cc)
    distances = (row.mean_mm, row.p95_mm, row.max_mm)
    return (*map(_number, volumes), dice, *map(_number, distances))


def dose_lines(dose: DoseChange | Reason) -> list[Phrase]:
    """Return the difference of the doses in sentences."""
    if isinstance(dose, Reason):
        return [say("? not compared: {0}", dose.detail)]
    if dose.is_same:
        most = f"{dose.max_after_gy:.2f}"
        return [say("the same dose on the same grid, maximum {0} Gy", most)]
    ends = (f"{dose.max_before_gy:.2f}", f"{dose.max_after_gy:.2f}")
    grid = say("the same grid")
    if not dose.same_grid:
        grid = say("another grid, interpolated to the earlier voxels")
    return [
        say("maximum {0} Gy → {1} Gy; {2}", *ends, grid),
        say(
            "{0} voxels from {1} Gy on: mean {2} Gy, root mean square {3} Gy, 95 % within {4} Gy, "
            "from {5} to {6} Gy",
            dose.voxels, f"{dose.threshold_gy:.1f}", f"{dose.mean_gy:+.3f}",
            f"{dose.rms_gy:.3f}", f"{dose.p95_abs_gy:.3f}", f"{dose.largest_fall_gy:+.2f}",
            f"{dose.largest_rise_gy:+.2f}",
        ),
        *_gamma_lines(dose.gamma),
    ]  # fmt: skip


def _gamma_lines(gamma: GammaSummary | Reason | None) -> list[Phrase]:
    if gamma is None:
        return []
    if isinstance(gamma, Reason):
        return [say("? gamma: {0}", gamma.detail)]
    points: str = f"{gamma.points}"
    if gamma.points != gamma.candidates:
        points = say("{0} (of {1})", gamma.points, gamma.candidates)
    highest: str = f"{gamma.highest:.2f}"
    if gamma.highest >= gamma.capped_at:
        highest = say("{0} or more", highest)
    told = say(
        "gamma {0} % of the maximum, {1} mm, above {2} %: {3} % of {4} voxels pass; mean {5}, "
        "highest {6}",
        f"{gamma.dose_percent:g}", f"{gamma.distance_mm:g}", f"{gamma.cutoff_percent:g}",
        f"{gamma.pass_percent:.1f}", points, f"{gamma.mean:.2f}", highest,
    )  # fmt: skip
    if gamma.beyond:
        beyond = ("{0} voxel lies beyond the later grid and is not known",
                  "{0} voxels lie beyond the later grid and are not known")  # fmt: skip
        told = say("{0}; {1}", told, counted(gamma.beyond, *beyond))
    return [told]


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
    return "" if row.trend is Trend.SAME else stated(row.trend)


def _side(side: ComparedSide) -> str:
    subject = say("subject {0}", side.subject) if side.subject else ""
    return joined(" · ", (side.case or say("(no label)"), _word(side.verdict), subject))


def _word(verdict: Verdict) -> Phrase:
    return stated(WORDS[verdict])


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
