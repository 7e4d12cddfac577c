"""The trial's own rules as data: who may enter, what happens when, what is counted.

They say nothing of a plan, so they are no part of the hash that reviews of plans state: a window
that moves makes no plan to be reviewed again. They have a hash of their own, `trial_hash`.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sbrt_qa.protocol.part import FrozenPart, Id, Name, Number, Text
from sbrt_qa.protocol.problems import Problems, problem

TRIAL_KEYS: Final = (
    "schedule", "regimens", "eligibility", "timeline", "strata", "populations", "endpoints",
    "imputation", "monitoring", "subgroups", "trial_sources",
)  # fmt: skip
"""The top-level keys that are about the trial and not about a plan."""

_ANCHOR: Final = re.compile(
    r"consent|screened|randomised|death|surgery\.(first|last)|rt\.(first|last)_fraction|"
    r"rt\.approved|treatment\.first|scan\.(\d+|last_before\(randomised\))|"
    r"cycle\.[A-Z0-9_]+\.(\d+|last_before\(rt\.first\)|first_after\(rt\.last\))"
)
_FIELD: Final = re.compile(r"(subjects|baseline)\.[a-z0-9_]+")
_Whole = Annotated[int, Field(strict=True, ge=1, le=120)]
Span = tuple[Number | None, Number | None]
Arm = Literal["SBRT", "CONTROL"]
Anchor = Annotated[str, StringConstraints(max_length=60)]


class TrialRule(FrozenPart):
    """What every rule of the trial states besides its numbers, as a limit of a plan does.

    Parameters
    ----------
    arm
        The only arm that it is about; both when left out.
    beyond
        The verdict beyond the last bound.
    """

    id: Id
    title: Text
    arm: Arm | None = None
    beyond: Literal["minor", "major"] = "major"
    priority: Annotated[int, Field(strict=True, ge=1, le=4)] = 2
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id
    minor_source: str = ""
    note: str = ""


class TimelineRule(TrialRule):
    """A rule on when something happened.

    Parameters
    ----------
    measure
        ``interval`` from one anchor to another; ``fraction_gaps`` and ``cycle_gaps`` between
        neighbours; ``dose_given`` over prescribed, in percent; ``overlap`` of days of `agent` with
        fractions; ``scan_schedule``, days off the schedule; ``nearest_fraction`` to days of
        `agent`.
    from, to
        Anchors of an interval.
    agent
        The drug that a measure is about.
    fractions
        It applies to courses of so many fractions; to all when left out.
    per_protocol, minor
        Closed intervals, an end that is null is open. Without `per_protocol` it is only reported.
    per_protocol_days, minor_days
        The same for a rule in hours where only days are known.
    """

    measure: Literal[
        "interval", "fraction_gaps", "cycle_gaps", "dose_given", "overlap", "scan_schedule",
        "nearest_fraction",
    ] = "interval"  # fmt: skip
    start: Anchor = Field(default="", alias="from")
    to: Anchor = ""
    unit: Literal["days", "weeks", "hours", "percent"] = "days"
    agent: Name | None = None
    fractions: _Whole | None = None
    each: Annotated[bool, Field(strict=True)] = False
    per_protocol: Span | None = None
    minor: Span | None = None
    per_protocol_days: Span | None = None
    minor_days: Span | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        ends = (("from", self.start), ("to", self.to))
        for name, anchor in ends:
            if self.measure == "interval" and not _ANCHOR.fullmatch(anchor):
                raise PydanticCustomError(
                    "protocol", "this is no anchor of the timeline", {"path": (name,)}
                )
            if self.measure != "interval" and anchor:
                raise PydanticCustomError(
                    "protocol", "only an interval has anchors", {"path": (name,)}
                )
        if self.measure in ("cycle_gaps", "overlap", "nearest_fraction") and self.agent is None:
            raise PydanticCustomError("protocol", "this measure needs an agent", {"path": ()})
        _check_spans(self.per_protocol, self.minor, "minor")
        _check_spans(self.per_protocol_days, self.minor_days, "minor_days")
        return self


def _check_spans(inner: Span | None, outer: Span | None, name: str) -> None:
    for span in (inner, outer):
        if span and None not in span and span[0] > span[1]:  # type: ignore[operator]
            raise PydanticCustomError("protocol", "it ends before it begins", {"path": (name,)})
    if outer is None:
        return
    if inner is None:
        raise PydanticCustomError("protocol", "minor needs per_protocol", {"path": (name,)})
    low = outer[0] is not None and (inner[0] is None or outer[0] > inner[0])
    high = outer[1] is not None and (inner[1] is None or outer[1] < inner[1])
    if low or high:
        raise PydanticCustomError(
            "protocol", "the minor interval is stricter than per_protocol", {"path": (name,)}
        )


_Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Level = Number | Annotated[int, Field(strict=True)] | _Word


class EligibilityRule(TrialRule):
    """A rule on what a subject was like at entry; a violation removes nobody from those randomised.

    Parameters
    ----------
    field
        ``subjects.age``: a column of the canonical data.
    op, value, minor
        Relation, and the bounds; of ``in`` the words that are meant.
    times
        A column whose value multiplies the bound, such as the upper limit of normal.
    """

    field: Annotated[str, StringConstraints(pattern=_FIELD.pattern)]
    op: Literal["<=", "<", ">=", ">", "==", "in"]
    value: Level | tuple[Level, ...]
    minor: Level | None = None
    times: Annotated[str, StringConstraints(pattern=_FIELD.pattern)] | None = None


class Regimen(FrozenPart):
    """A chemotherapy: how long a cycle is, and on which of its days the drug is given."""

    agent: Name
    interval_days: _Whole
    given_days: tuple[_Whole, ...] = Field(min_length=1)
    drugs: Text
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class ScanSchedule(FrozenPart):
    """When scans are due, from randomisation on."""

    every_days: _Whole
    window_days: Annotated[int, Field(strict=True, ge=0, le=60)]
    until_months: _Whole
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class Stratum(FrozenPart):
    """A factor of the randomisation and its levels."""

    factor: Id
    levels: tuple[Id, ...] = Field(min_length=2)


class Populations(FrozenPart):
    """Whom the per-protocol population leaves out, beside major violations.

    `priorities` are those of verdicts that count for it.
    """

    min_cycles: Annotated[int, Field(strict=True, ge=0, le=20)]
    priorities: tuple[Annotated[int, Field(strict=True, ge=1, le=4)], ...] = (1, 2)
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class EndpointRule(FrozenPart):
    """What is counted as an event, and how long.

    Parameters
    ----------
    kind
        ``progression_free``, ``local_recurrence`` (death first competes) or ``overall_survival``.
    horizon_months
        Calendar months after randomisation, the anniversary included.
    horizon_grace_days
        A scan within so many days after the horizon counts, dated at the horizon.
    missed_scans, new_therapy
        ``event``/``ignore``: treatment policy; ``censor``: at the last adequate scan before.
    local_within_mm
        Distance from the edge up to which a new lesion is local; null: as the reader says.
    """

    id: Id
    title: Text
    kind: Literal["progression_free", "local_recurrence", "overall_survival"]
    primary: Annotated[bool, Field(strict=True)] = False
    horizon_months: _Whole
    horizon_grace_days: Annotated[int, Field(strict=True, ge=0, le=60)] = 0
    missed_scans: Literal["event", "censor"] = "event"
    new_therapy: Literal["ignore", "censor"] = "ignore"
    death_date_missing: Literal["not_evaluable", "last_known_alive"] = "not_evaluable"
    local_within_mm: Number | None = None
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id
    note: str = ""


class Imputation(FrozenPart):
    """Which day stands for a date of which a part is missing; every use is flagged and counted."""

    death: Literal["none", "first_possible_after_alive"] = "none"
    progression: Literal["none", "first_possible_after_scan"] = "none"
    ae_start: Literal["none", "first_possible_after_randomisation"] = "none"
    same_day_event_days: Annotated[Number, Field(gt=0, le=1)] = 0.5
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class Monitoring(FrozenPart):
    """What the trial was planned for; what is left out is not shown, and never invented."""

    planned_subjects: Annotated[int, Field(strict=True, ge=1, le=100000)]
    accrual_start: str = ""
    accrual_months: _Whole | None = None
    target_events: Annotated[int, Field(strict=True, ge=1, le=100000)] | None = None
    control_rate_at_horizon: Annotated[Number, Field(gt=0, lt=1)] | None = None
    one_sided_alpha: Annotated[Number, Field(gt=0, lt=0.5)] | None = None
    design_hazard_ratio: Annotated[Number, Field(gt=0, lt=1)] | None = None
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id


class SubgroupRule(FrozenPart):
    """A factor whose levels the forest of the primary endpoint shows.

    Parameters
    ----------
    levels
        The words of the column that are shown.
    cut
        Of a number: up to it, and above; instead of levels.
    """

    id: Id
    title: Text
    field: Annotated[str, StringConstraints(pattern=_FIELD.pattern)]
    levels: tuple[_Word, ...] = ()
    cut: Number | None = None
    source: tuple[Id, ...] = Field(min_length=1)
    confidence: Id

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.cut is None) == (not self.levels):
            raise PydanticCustomError(
                "protocol", "a subgroup has either levels or a cut", {"path": ()}
            )
        return self


class TrialRules(FrozenPart):
    """The keys of a protocol that are about the trial around its plans."""

    schedule: ScanSchedule | None = None
    regimens: tuple[Regimen, ...] = ()
    eligibility: tuple[EligibilityRule, ...] = ()
    timeline: tuple[TimelineRule, ...] = ()
    strata: tuple[Stratum, ...] = ()
    populations: Populations | None = None
    endpoints: tuple[EndpointRule, ...] = ()
    imputation: Imputation | None = None
    monitoring: Monitoring | None = None
    subgroups: tuple[SubgroupRule, ...] = ()

    @cached_property
    def trial_hash(self) -> str:
        """SHA-256 of the trial's rules in canonical JSON."""
        data = self.model_dump(mode="json", by_alias=True, include=set(TRIAL_KEYS))
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def regimen(self, agent: str) -> Regimen | None:
        """Return how an agent is given; None where the protocol does not say."""
        return next((one for one in self.regimens if one.agent == agent), None)


def check_trial_rules(rules: TrialRules, sources: set[str], terms: set[str]) -> Problems:
    """Tell rules of which two have one name, or whose source or confidence is not defined."""
    for key in ("eligibility", "timeline", "endpoints", "regimens", "subgroups"):
        seen: set[str] = set()
        for i, one in enumerate(getattr(rules, key)):
            name = one.agent if key == "regimens" else one.id
            if name in seen:
                yield problem((key, i, "id"), "this stands here twice")
            seen.add(name)
            yield from _check_origin((key, i), one.source, one.confidence, sources, terms)
    for key in ("schedule", "populations", "imputation", "monitoring"):
        part = getattr(rules, key)
        if part is not None:
            yield from _check_origin((key,), part.source, part.confidence, sources, terms)


def _check_origin(
    path: tuple[str | int, ...], named: tuple[str, ...], term: str, sources: set[str],
    terms: set[str],
) -> Problems:  # fmt: skip
    for i, name in enumerate(named):
        if name not in sources:
            yield problem((*path, "source", i), "there is no such source")
    if term not in terms:
        yield problem((*path, "confidence"), "there is no such confidence term")
