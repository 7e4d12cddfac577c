"""Adverse events of a trial: which began under treatment, what they are laid to, who had how much.

A patient counts once, at the highest grade: over all, in a class, in a term. Where a date or an
attribution is missing the convention is the cautious one - the event counts - and the other count
stands beside it.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.trial.anchor_days import cycle_days, fraction_days
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.partial_dates import PartialDate, add_months
from sbrt_qa.trial.trial_data import TrialRow

TREATMENTS: Final = {"chemo": "rel_chemo", "sbrt": "rel_sbrt", "io": "rel_io"}
"""What an event may be laid to, and the column that says so."""

RELATED: Final = frozenset({"possible", "probable", "definite"})
"""Attributions that count as related."""

DAYS_AFTER: Final = 90
"""Days after the last dose in which an event still counts, unless it is laid to SBRT; proposed."""

HORIZON_MONTHS: Final = 36
"""Months from randomisation beyond which no event counts."""

REGISTERED_GRADES: Final = (3, 4)
"""Grades of the rate as registered: it leaves out grade 5."""


class Emergence(enum.StrEnum):
    """Whether an event began, or grew worse, under treatment."""

    EMERGENT = "emergent"
    BY_CONVENTION = "by_convention"
    """The start is known in part only, and may have been before: counted, and counted without."""
    NOT_EMERGENT = "not_emergent"
    UNTREATED = "untreated"
    """The subject had no dose that it could have begun under."""


@dataclass(frozen=True, slots=True)
class TreatmentSpan:
    """When a subject was treated; any of them None where it is not known or did not happen."""

    randomised: dt.date | None
    first_dose: PartialDate | None
    last_dose: PartialDate | None


@dataclass(frozen=True, slots=True)
class ToxicEvent:
    """One adverse event.

    Parameters
    ----------
    related
        By treatment, whether it is laid to it; None where nobody said.
    emergence
        Whether it began under treatment.
    """

    subject: str
    number: int
    soc: str
    term: str
    grade: int
    related: Mapping[str, bool | None]
    emergence: Emergence

    @property
    def counts(self) -> bool:
        """Whether it is counted: emergent, if only by convention."""
        return self.emergence in (Emergence.EMERGENT, Emergence.BY_CONVENTION)

    @property
    def is_related(self) -> bool:
        """Whether it is laid to any treatment; what nobody judged counts as related."""
        return any(one is not False for one in self.related.values())

    @property
    def is_surely_related(self) -> bool:
        """Whether somebody laid it to a treatment."""
        return any(one is True for one in self.related.values())


def emergence(
    start: PartialDate,
    grade: int,
    baseline_grade: int | None,
    span: TreatmentSpan,
    *,
    laid_to_sbrt: bool | None,
) -> Emergence:
    """Return whether an event began, or grew worse than at baseline, under treatment.

    It must not have been there in that grade before; it begins on the day of the first dose or
    later, within `DAYS_AFTER` days of the last one unless it is laid to SBRT, and within the
    horizon. A start known in part counts where any of its days would (proposed), and is marked.
    """
    if span.first_dose is None:
        return Emergence.UNTREATED
    if baseline_grade is not None and grade <= baseline_grade:
        return Emergence.NOT_EMERGENT
    ends = []
    if span.last_dose is not None and laid_to_sbrt is False:
        ends.append(span.last_dose.last + dt.timedelta(days=DAYS_AFTER))
    if span.randomised is not None:
        ends.append(add_months(span.randomised, HORIZON_MONTHS))
    latest = min(ends, default=dt.date.max)
    if start.last < span.first_dose.first or start.first > latest:
        return Emergence.NOT_EMERGENT
    surely = start.first >= span.first_dose.last and start.last <= latest
    return Emergence.EMERGENT if surely else Emergence.BY_CONVENTION


def treatment_span(cut: DataCut, subject: TrialRow) -> TreatmentSpan:
    """Return when a subject was treated, from cycles and fractions."""
    code = subject.subject
    doses = [*cycle_days(cut, code), *fraction_days(cut, code)]
    first = min(doses, default=None, key=lambda one: (one.first, one.last))
    last = max(doses, default=None, key=lambda one: (one.last, one.first))
    return TreatmentSpan(randomised_on(subject), first, last)


def toxic_events(cut: DataCut, subject: TrialRow) -> tuple[ToxicEvent, ...]:
    """Return all adverse events of a subject, in the order of their numbers."""
    span = treatment_span(cut, subject)
    found = []
    for row in cut.data.of_subject("adverse_events", subject.subject):
        start = row.days("start")
        if start is None:
            continue  # a row without a start is kept out at import, and told there
        related = {name: _related(row.text(column)) for name, column in TREATMENTS.items()}
        grade = int(row.text("grade"))
        when = emergence(
            _not_before(start, span.randomised), grade, row.whole("baseline_grade"), span,
            laid_to_sbrt=related["sbrt"],
        )  # fmt: skip
        found.append(
            ToxicEvent(
                subject.subject, row.whole("ae") or 0, row.text("soc"), row.text("term"), grade,
                related, when,
            )
        )  # fmt: skip
    return tuple(found)


def _related(said: str) -> bool | None:
    return said in RELATED if said else None


def _not_before(start: PartialDate, randomised: dt.date | None) -> PartialDate:
    """Return a start known in part from the day of randomisation on, where it may be later."""
    if start.exact or randomised is None or not start.first < randomised <= start.last:
        return start
    return PartialDate(randomised, start.last)


GroupKey = tuple[str, str]
"""A class and a term: both empty for all events, the term empty for the whole class."""


def highest_grades(events: Iterable[ToxicEvent]) -> dict[GroupKey, dict[str, int]]:
    """Return for all events, each class and each term the highest grade of each patient.

    Records that overlap, or repeat a term, are one patient. So the terms of a class may add up to
    more patients than the class has.
    """
    found: dict[GroupKey, dict[str, int]] = {}
    for one in events:
        for key in (("", ""), (one.soc, ""), (one.soc, one.term)):
            grades = found.setdefault(key, {})
            grades[one.subject] = max(grades.get(one.subject, 0), one.grade)
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class ToxicityRates:
    """How many patients of a group had what; each a number of `n`.

    Parameters
    ----------
    n
        Patients of the group.
    registered
        A related event of grade 3 or 4, as registered; what nobody judged counts as related.
    registered_judged
        The same with those events only that somebody laid to a treatment.
    registered_dated
        The same as `registered` without events that count by the convention on dates.
    severe
        An event of grade 3, 4 or 5 of any cause.
    fatal
        An event of grade 5 of any cause.
    """

    n: int
    registered: int
    registered_judged: int
    registered_dated: int
    severe: int
    fatal: int


def toxicity_rates(events: Iterable[ToxicEvent], subjects: Sequence[str]) -> ToxicityRates:
    """Return the rates of a group; events of others, and those that do not count, are left out."""
    mine = [one for one in events if one.counts and one.subject in set(subjects)]
    of_grade = [one for one in mine if one.grade in REGISTERED_GRADES]
    return ToxicityRates(
        len(subjects),
        _patients(one for one in of_grade if one.is_related),
        _patients(one for one in of_grade if one.is_surely_related),
        _patients(
            one for one in of_grade if one.is_related and one.emergence is Emergence.EMERGENT
        ),
        _patients(one for one in mine if one.grade >= REGISTERED_GRADES[0]),
        _patients(one for one in mine if one.grade > REGISTERED_GRADES[-1]),
    )


def attribution_matrix(
    events: Iterable[ToxicEvent],
) -> dict[tuple[bool | None, bool | None, bool | None], int]:
    """Return how many events that count are laid to (chemotherapy, SBRT, immunotherapy)."""
    found: dict[tuple[bool | None, bool | None, bool | None], int] = {}
    for one in events:
        if one.counts:
            key = (one.related["chemo"], one.related["sbrt"], one.related["io"])
            found[key] = found.get(key, 0) + 1
    return found


def _patients(events: Iterable[ToxicEvent]) -> int:
    return len({one.subject for one in events})
