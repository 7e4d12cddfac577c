"""The report as values: sections, sentences and rows, in one language, for every document format.

Texts are final and safe to show (`errors.visible`), but not escaped for any markup: each format
escapes for itself. Pictures are drawn from the evidence by the keys that stand here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sbrt_qa.model.outcome import Verdict


@dataclass(frozen=True, slots=True)
class PageMark:
    """A verdict as sign and word, and what it stands for; None is information."""

    verdict: Verdict | None
    sign: str
    word: str


Cell: TypeAlias = str | PageMark


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what is said of it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A point on a DVH: a limit, or what the plan reaches.

    `volume_cc` is None where only the dose counts (a mean): a vertical line. `value` is that of the
    metric there, and `minor` tells the bound of a minor deviation from the limit itself.
    """

    dose_gy: float
    volume_cc: float | None
    text: str
    limit: str = ""
    value: float | None = None
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Deviation:
    """One limit that is missed, in plain words.

    Parameters
    ----------
    limit
        Its id in the protocol.
    statement
        Value, limit and bound of minor in one sentence.
    excess
        By how much, in one sentence.
    off
        By how much, as a number.
    intervals
        Where the true value may lie and what other planning systems would print, each with what
        widens it most, one sentence each; none where they are not known.
    unsure
        One sentence where the verdict is borderline or depends on the convention; else empty.
    borderline
        Whether the verdict changes within the uncertainty.
    source
        Where the limit comes from, with its priority.
    """

    limit: str
    mark: PageMark
    metric: str
    value: str
    bound: str
    minor: str
    statement: str
    excess: str
    off: str
    intervals: tuple[str, ...]
    unsure: str
    borderline: bool
    source: str


@dataclass(frozen=True, slots=True)
class Concern:
    """Everything that is wrong with one structure.

    Parameters
    ----------
    title
        Structure of the protocol, and of the plan where it is called otherwise.
    deviations
        Worst first.
    checks
        Checks of the plan that found something about this structure, and decide.
    why
        Why it matters; empty where nothing is known of the structure.
    actions
        What may settle it.
    place
        Id of the limit whose place is shown, a key of `Evidence.places`; empty without one.
    picture
        Caption of that picture.
    curve
        Key of its DVH in `Evidence.curves`; empty without one.
    limits, reached
        Markers on the DVH: the bounds, and what the plan has there.
    notes
        What the protocol says about these limits.
    """

    title: str
    mark: PageMark
    deviations: tuple[Deviation, ...]
    checks: tuple[CheckRow, ...]
    why: str
    actions: tuple[str, ...]
    place: str = ""
    picture: str = ""
    curve: str = ""
    limits: tuple[Marker, ...] = ()
    reached: tuple[Marker, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One number at a glance: what is asked, what the plan has, what is allowed, by how much off.

    What a check found stands in `value`, and the other texts are empty. `borderline` tells whether
    the verdict changes where the value may lie.
    """

    mark: PageMark
    label: str
    value: str
    bound: str
    off: str
    borderline: bool = False


@dataclass(frozen=True, slots=True)
class Glance:
    """One row at a glance: a structure or object, what is wrong with it, what may settle it.

    `concern` is the place of its full text among the concerns, None where there is no more to say.
    """

    mark: PageMark
    title: str
    glimpses: tuple[Glimpse, ...]
    action: str
    concern: int | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One row of the table of limits. `value`, `margin` are empty where there is none.

    `aside` tells what the limit becomes with the patient elsewhere, a line for each distance. Value
    and bounds are in `unit`: numbers of different units are never put in one order.
    """

    id: str
    mark: PageMark
    counts: bool
    priority: str
    structure: str
    metric: str
    value: str
    intervals: tuple[str, ...]
    borderline: bool
    depends_on_convention: bool
    bound: str
    minor: str
    margin: str
    percent: str
    reason: str
    note: str
    source: str
    curve: str
    place: bool
    aside: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One finding, or one check that found nothing wrong."""

    code: str
    mark: PageMark
    title: str
    where: str
    message: str
    advice: str
    found: str
    expected: str
    tolerance: str
    source: str
    group: str


@dataclass(frozen=True, slots=True)
class StructureRow:
    """One structure: `curve` is its key; numbers are texts, empty where not known."""

    name: str
    protocol_names: str
    kind: str
    volume: str
    slices: str
    gaps: str
    outside: str
    minimum: str
    mean: str
    maximum: str
    reason: str
    curve: str


@dataclass(frozen=True, slots=True)
class Table:
    """A plain table: heads and rows of equally many cells; `numbers` are columns set to the right.

    `wide` are the columns whose texts are broken into lines where a page is too narrow; none for
    the last one. The others stay as wide as what stands in them.

    `notes` stand below it.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    wide: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.heads) for row in self.rows):
            msg = f"every row of a table has {len(self.heads)} cells"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    Parameters
    ----------
    language
        Of all sentences.
    standing
        Whether the limits are a draft, or who approved them: the first line of every page.
    subject, plan
        Subject code (may be empty) and plan label; both on every page.
    mark, headline, summary
        The verdict: sign and word, one sentence, the counts.
    clinical
        The plan in one clinical sentence; empty where that cannot be said.
    proposal
        One proposal for the plan as a whole; empty where no limit deviates.
    asked
        By when an answer is due and what is asked, where that is known.
    facts, brief
        Plan, prescription, delivery, dose, structures, image, protocol; and those for page one.
    next_step
        What to do about the verdict; empty where there is nothing to do.
    glance
        Everything that decides against the plan, one row each, worst first.
    concerns
        Structures with deviations: those with a major one first.
    apart
        Checks that decide and are about none of these structures.
    unknown
        Why limits are not evaluable: reason, and the limits concerned.
    unsure, by_convention
        Borderline limits, and limits whose verdict depends on the convention, one sentence each.
    limits_legend
        What the columns of the limits mean.
    findings, passed
        Plan checks by what they mean, and those that found nothing wrong.
    passed_counted
        How many checks of each group found nothing at all; empty without any.
    not_told
        Plan checks that had nothing to look at, one sentence for each reason.
    targets
        Every target of the plan, one row each; None where there is none.
    beside, beside_brief, small_liver
        Values beside the limits, the liver that is left and dose to immune cells; the same in a
        line each; and the line of page one on a liver below 700 cc, empty for any other.
    aside, aside_notes, rose
        The line of page one on verdicts that get worse with the patient elsewhere, what the column
        of limits means, and a picture; empty where that was not asked for, or none gets worse.
    methods, inputs, origin
        What made this result, of what, and what the limits are.
    signatures, signed
        Lines to be filled by hand, and what exactly is signed.
    disclaimer
        On every page.
    """

    language: str
    standing: str
    title: str
    subject: str
    plan: str
    mark: PageMark
    headline: str
    summary: str
    next_step: str
    facts: tuple[Fact, ...]
    glance: tuple[Glance, ...]
    concerns: tuple[Concern, ...]
    apart: tuple[CheckRow, ...]
    unknown: tuple[Fact, ...]
    unsure: tuple[str, ...]
    by_convention: tuple[str, ...]
    limits: tuple[LimitRow, ...]
    limits_legend: str
    findings: tuple[CheckRow, ...]
    passed: tuple[CheckRow, ...]
    passed_counted: str
    structures: tuple[StructureRow, ...]
    names: tuple[str, ...]
    site_values: Table | None
    cross_check: Table | None
    repairs: Table | None
    notes: tuple[str, ...]
    methods: tuple[Fact, ...]
    inputs: Table
    origin: str
    signatures: tuple[str, ...]
    signed: str
    disclaimer: str
    evidence_notes: tuple[str, ...] = field(default=())
    targets: Table | None = None
    not_told: tuple[str, ...] = field(default=())
    beside: Table | None = None
    beside_brief: tuple[str, ...] = field(default=())
    small_liver: str = ""
    aside: str = ""
    aside_notes: tuple[str, ...] = field(default=())
    rose: str = ""
    clinical: str = ""
    proposal: str = ""
    brief: tuple[Fact, ...] = field(default=())
    asked: tuple[Fact, ...] = field(default=())
