"""The tables of a report: limits, checks, structures, values from elsewhere, repairs, files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.i18n.phrase import counted, joined
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.outcome import Finding, Reason, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, value_text
from sbrt_qa.protocol.wording import unit_text
from sbrt_qa.reports.compose import plain, verdict_words
from sbrt_qa.reports.compose.elsewhere import cell_lines
from sbrt_qa.reports.compose.organ_names import ORGANS, named
from sbrt_qa.reports.compose.verdict_words import limit_mark, mark_of
from sbrt_qa.reports.page import CheckRow, LimitRow, StructureRow, Table
from sbrt_qa.review.case_review import CaseReview, StructureSummary, TargetSummary
from sbrt_qa.second_opinion.second_opinion import TOLERANCE_SOURCE, Comparison
from sbrt_qa.units import gy_text

NOTHING: Final = "–"

TITLES: Final[Mapping[str, str]] = {
    "TARGET_UNJUDGED": msg("Targets that are not judged"),
    "TARGET_SECOND": msg("Several targets"),
    "TARGET_SET_APART": msg("Targets set apart by the user"),
    "TARGET_NOT_OF_ITS_OWN": msg("Targets judged within others"),
    "STATEMENT_UNUSED": msg("Statements that fit nothing"),
    "FAR_UNUSED": msg("Organs stated to be far"),
    "FAR_STATED": msg("Organs stated to be far"),
}
"""What findings are about that no check of the list made."""

SLICES: Final = ("CT", "MR", "PT")
"""Modalities of which one file is one slice; they are told as one row."""


def limit_rows(review: CaseReview, evidence: Evidence | None, words: Words) -> tuple[LimitRow, ...]:
    """Return every limit, in the review's order, which is worst first."""
    moved = review.robustness
    return tuple(
        _limit(c, evidence, words, cell_lines(c, moved[c.key], words) if c.key in moved else ())
        for c in review.constraints
    )


def _limit(
    c: ConstraintResult, evidence: Evidence | None, words: Words, aside: tuple[str, ...]
) -> LimitRow:
    return LimitRow(
        id=visible(c.key),
        mark=limit_mark(c, words),
        counts=c.counts,
        priority=str(c.priority) if c.counts else f"({c.priority})",
        structure=verdict_words.structure_text(c, words),
        metric=visible(c.metric),
        value=words.value(value_text(c)),
        intervals=plain.intervals(c, words),
        borderline=c.borderline,
        depends_on_convention=c.depends_on_convention,
        bound=verdict_words.bound_text(c, words),
        minor=verdict_words.minor_text(c, words),
        margin=verdict_words.margin_text(c),
        percent=verdict_words.percent_text(c),
        reason=words.whole(words.sentence(c.reason.detail)) if c.reason else "",
        note=words.whole(words.sentence(joined("; ", (c.doubtful_contour, c.note)))),
        source=visible(", ".join(c.source)),
        curve=evidence.curve_of.get(c.key, "") if evidence else "",
        place=evidence is not None and c.key in evidence.places,
        aside=aside,
        unit=visible(c.unit),
    )


def check_rows(findings: Iterable[Finding], words: Words, *, good: bool) -> tuple[CheckRow, ...]:
    """Return findings, or checks that found nothing wrong when `good`."""
    return tuple(_check(f, words, good=good) for f in findings)


def _check(f: Finding, words: Words, *, good: bool) -> CheckRow:
    verdict = f.verdict or (Verdict.PER_PROTOCOL if good else None)
    title, message, advice = (words.sentence(text) for text in (f.title, f.message, f.advice))
    seen = (f.found, f.expected, f.tolerance)
    found, expected, tolerance = (_with_signs(words.value(text)) for text in seen)
    where = _where(f.where, words)
    if message and message != found:
        message = message.rstrip(".。") + words(msg("."))
    return CheckRow(
        code=visible(f.code),
        mark=mark_of(verdict, words),
        title=title or (words(TITLES[f.code]) if f.code in TITLES else visible(f.code)),
        where=where,
        message=message,
        advice=advice,
        found=found,
        expected=expected,
        tolerance=tolerance,
        source=words.sentence(f.source),
        group=words.sentence(f.group),
    )


def _where(where: str, words: Words) -> str:
    """Return where something was found; organs in the reader's language."""
    names = where.split(", ")
    if ORGANS.isdisjoint(names):
        return words.value(where)
    return ", ".join(named(name, words) for name in names)


def _with_signs(text: str) -> str:
    """Return a number and its bound as they are printed, not as they are typed."""
    return text.replace("<=", "\u2264").replace(">=", "\u2265").replace("mm2", "mm\u00b2")


def structure_rows(
    review: CaseReview, evidence: Evidence | None, words: Words
) -> tuple[StructureRow, ...]:
    """Return every structure, in file order."""
    return tuple(_structure(s, evidence, words) for s in review.structures)


def _structure(s: StructureSummary, evidence: Evidence | None, words: Words) -> StructureRow:
    outside = ""
    if s.outside_dose_grid_cc is not None and s.volume_cc:
        outside = f"{100 * s.outside_dose_grid_cc / s.volume_cc:.1f} %"
    planes = evidence.planes if evidence else {}
    gaps = evidence.gaps if evidence else {}
    return StructureRow(
        name=visible(s.key),
        protocol_names=", ".join(named(name, words) for name in s.matched) or NOTHING,
        kind=visible(s.interpreted_type) or NOTHING,
        volume=_number(s.volume_cc),
        slices=str(planes.get(s.key, NOTHING)),
        gaps=str(gaps.get(s.key, NOTHING)),
        outside=outside,
        minimum=_number(s.min_gy),
        mean=_number(s.mean_gy),
        maximum=_number(s.max_gy),
        reason=words.sentence(s.reason.detail) if s.reason else "",
        curve=s.key if evidence is not None and s.key in evidence.curves else "",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def comparison_table(rows: Sequence[Comparison], words: Words) -> Table | None:
    """Return values beside those from elsewhere, None when there are none.

    Below them stands how many agree, with whom, and why others do not, each cause once.
    """
    if not rows:
        return None
    texts = (
        msg("structure"), msg("metric"), msg("ours"), msg("theirs"), msg("difference"),
        msg("tolerance"), msg("agreement"),
    )  # fmt: skip
    cells = tuple((visible(r.structure), visible(r.metric), *_numbers_of(r)) for r in rows)
    causes: dict[str, list[str]] = {}
    for row in rows:
        for text in row.told:
            causes.setdefault(words.sentence(text), []).append(f"{row.structure} {row.metric}")
    notes = (
        words(
            msg("{agree} of {judged} values agree with {source}."),
            agree=sum(r.agrees is True for r in rows),
            judged=sum(r.agrees is not None for r in rows),
            source=visible(", ".join(dict.fromkeys(r.origin for r in rows))),
        ),
        words.sentence(TOLERANCE_SOURCE) + words(msg(".")),
        *(f"{visible(', '.join(names))}: {text}" for text, names in causes.items()),
    )
    return Table(tuple(words(t) for t in texts), cells, notes, tuple(range(2, len(texts))))


def _numbers_of(row: Comparison) -> tuple[str, ...]:
    """Return our value, the other, difference, tolerance, and a sign of agreement."""
    numbers = (row.ours, row.other, row.tolerance)
    ours, other, tolerance = (NOTHING if n is None else f"{n:.2f}" for n in numbers)
    difference = NOTHING if row.difference is None else f"{row.difference:+.2f}"
    return ours, other, difference, tolerance, {None: "?", True: "✓", False: "△"}[row.agrees]


TARGET_HEADS: Final = (
    msg("target"), msg("kind"), msg("role"), msg("prescribed"), msg("volume"), msg("coverage"),
    msg("near minimum"), msg("hot spot"), msg("conformity"), msg("verdict"),
)  # fmt: skip
ROLES: Final = {
    "judged": msg("judged"), "copy": msg("copy"), "union": msg("union"),
    "helper": msg("planning structure"), "held": msg("part of a target"),
    "set apart": msg("set apart"), "empty": msg("empty"), "unclear": msg("unclear"),
}  # fmt: skip


def target_table(review: CaseReview, words: Words) -> Table | None:
    """Return every target of the plan with its dose at a glance, None when there is none."""
    if not review.targets:
        return None
    rows = []
    for one in review.targets:
        name, kind, role, *numbers = _target_cells(one)
        role = words(ROLES[role]) if role in ROLES else visible(role)
        mark = mark_of(one.verdict, words)
        verdict = NOTHING if one.verdict is None else f"{mark.sign}\u00a0{mark.word}"
        rows.append((name, kind or NOTHING, role, *(n or NOTHING for n in numbers), verdict))
    notes = [
        words(msg("Coverage is V100 %, near minimum D98 %, hot spot D0.03cc, in % of what is "
                  "prescribed to the target.")),
        *(f"{visible(t.name)}: {words.sentence(t.why)}" for t in review.targets
          if t.role != "judged"),
    ]  # fmt: skip
    if any(t.own_prescription for t in review.targets):
        notes.append(words(msg("* the plan prescribes this dose to this very structure")))
    if any(t.of_union for t in review.targets):
        notes.append(words(msg("In brackets: an index of the union of these targets.")))
    return Table(tuple(words(h) for h in TARGET_HEADS), tuple(rows), tuple(notes), wide=(0, 8))


def _target_cells(one: TargetSummary) -> tuple[str, ...]:
    """Return the cells of one target but its verdict; empty where nothing is known."""
    given = one.prescription_gy
    dose = "" if given is None or isinstance(given, Reason) else f"{gy_text(given)} Gy"
    return (
        visible(one.name),
        visible(one.kind),
        one.role,
        f"{dose} *" if dose and one.own_prescription else dose,
        "" if one.volume_cc is None else f"{one.volume_cc:.2f} cc",
        *map(_percent, (one.coverage_percent, one.near_minimum_percent, one.hot_spot_percent)),
        ", ".join(_index(one, name, v) for name, v in one.conformity.items()),
    )


def _index(one: TargetSummary, name: str, value: float) -> str:
    """Return an index; that of a union with its targets in brackets."""
    union = one.of_union.get(name, "")
    plain_name, _, unit = name.partition("[")
    shown = f"{visible(plain_name)} {value:.2f}" + unit_text(unit.rstrip("]"))
    return shown + (f" ({visible(union)})" if union else "")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"


def repair_table(review: CaseReview, words: Words) -> Table | None:
    """Return the repairs that reading took, None when there were none."""
    if not review.repairs:
        return None
    heads = (words(msg("repair")), words(msg("where")), words(msg("what was done")))
    rows = ((visible(r.quirk), visible(r.where), words.sentence(r.detail))
            for r in review.repairs)  # fmt: skip
    return Table(heads, tuple(dict.fromkeys(rows)))


def _stack(files: Sequence[SourceFile], words: Words) -> tuple[str, str, str, str]:
    """Return the slices of an image as one row, with a fingerprint of their fingerprints."""
    together = hashlib.sha256("".join(sorted(f.sha256 for f in files)).encode()).hexdigest()
    return (
        words.sentence(counted(len(files), "slice")),
        visible(files[0].modality),
        words(msg("SHA-256 of their sorted SHA-256")),
        together,
    )


def input_table(review: CaseReview, words: Words) -> Table:
    """Return the files with their fingerprints, then how they were joined."""
    heads = (words(msg("file")), words(msg("kind")), "SOP Instance UID", "SHA-256")
    single = [f for f in review.files if f.modality not in SLICES]
    rows = [
        (visible(f.name), visible(f.modality), visible(f.sop_instance_uid), f.sha256)
        for f in single
    ]
    stacks = ([f for f in review.files if f.modality == modality] for modality in SLICES)
    rows += [_stack(files, words) for files in stacks if files]
    links = tuple(
        f"{visible(k.source)} → {visible(k.target)}: {words.sentence(str(k.kind))}"
        + (f" ({words.sentence(k.note)})" if k.note else "")
        for k in review.links
    )
    return Table(heads, tuple(rows), links)
