"""Plans side by side as values: columns, rows, curves and pictures, in one language."""

from __future__ import annotations

from dataclasses import dataclass, field

from sbrt_qa.reports.page import Fact, PageMark


@dataclass(frozen=True, slots=True)
class PlanColumn:
    """One plan: its letter on this page, its label, verdict, what is told of it, and its counts.

    `best` is in how many limits its value is better than that of every other plan, or as good.
    """

    letter: str
    label: str
    mark: PageMark
    facts: tuple[Fact, ...]
    summary: str
    best: int


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """The value of one limit in one plan; `best` where no other plan has a better one."""

    value: str
    mark: PageMark | None
    best: bool = False


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One limit: what it asks, and the cell of every plan in their order."""

    limit: str
    structure: str
    metric: str
    bound: str
    priority: str
    cells: tuple[ScoreCell, ...]


@dataclass(frozen=True, slots=True)
class PlanDrawing:
    """A picture as SVG, with what it shows."""

    title: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class PlansPage:
    """The whole document.

    Parameters
    ----------
    standing
        Whether the limits are a draft, or who approved them; above everything.
    columns, rows
        The plans, and every limit of any of them.
    curves
        One picture for each structure that limits are about, a curve for each plan.
    differences
        Where the dose of a plan differs from that of the first.
    notes
        What cannot be compared and why, and what else there is to say.
    legend
        What the marks of the table mean.
    """

    language: str
    title: str
    standing: str
    columns: tuple[PlanColumn, ...]
    rows: tuple[ScoreRow, ...]
    curves: tuple[PlanDrawing, ...]
    differences: tuple[PlanDrawing, ...]
    notes: tuple[str, ...]
    legend: str
    disclaimer: str
    labels: dict[str, str] = field(default_factory=dict)
