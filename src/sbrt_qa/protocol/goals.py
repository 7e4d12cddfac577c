"""The limits of a protocol as goals that a planning system can be given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sbrt_qa.dosimetry.metric_meaning import Compared, Portion
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.errors import MetricError, UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.protocol.conditions import holds, parse_condition
from sbrt_qa.protocol.definition import (
    ConformityLimit,
    Constraint,
    PrescriptionLevel,
    Protocol,
)
from sbrt_qa.protocol.variables.registry import VARIABLES

NOT_COMPUTED: Final = "a metric that this version does not compute"
BY_VOLUME: Final = "its bounds depend on the volume of the target"


class GoalKind(StrEnum):
    """What a limit asks about, as planning systems tell goals apart."""

    DOSE_AT_VOLUME = "dose at a volume"
    DOSE_AT_COLDEST = "dose at the coldest volume"
    VOLUME_AT_DOSE = "volume at a dose"
    VOLUME_BELOW_DOSE = "volume below a dose"
    MEAN = "mean dose"
    LOWEST = "lowest dose"
    HIGHEST = "highest dose"
    VOLUME = "volume"
    ISODOSE_RATIO = "volume of an isodose over that of the target"
    OTHER = "other"


def kind_of_goal(spec: MetricSpec) -> GoalKind:
    """Return what a metric asks about, from what its values mean."""
    meaning = meaning_of(spec)
    if meaning.of_surroundings:
        ratio = meaning.compared is Compared.RATIO_OF_VOLUMES and meaning.rises is True
        return GoalKind.ISODOSE_RATIO if ratio else GoalKind.OTHER
    match meaning.compared:
        case Compared.DOSE_AT_VOLUME:
            cold = meaning.portion is Portion.COLDEST
            return GoalKind.DOSE_AT_COLDEST if cold else GoalKind.DOSE_AT_VOLUME
        case Compared.PART_VOLUME:
            return GoalKind.VOLUME_AT_DOSE if meaning.rises else GoalKind.VOLUME_BELOW_DOSE
        case Compared.MEAN_DOSE:
            return GoalKind.MEAN
        case Compared.LOWEST_DOSE:
            return GoalKind.LOWEST
        case Compared.HIGHEST_DOSE:
            return GoalKind.HIGHEST
        case Compared.WHOLE_VOLUME:
            return GoalKind.VOLUME
        case _:
            return GoalKind.OTHER


@dataclass(frozen=True, slots=True)
class Goal:
    """One limit, as a planning system would be given it.

    Parameters
    ----------
    id, structure, metric
        As in the protocol; `structure` may be an expression such as ``Liver-GTV``.
    names
        Other names of the structure that the protocol knows, in English.
    spec
        The metric, read; None where this version does not compute it.
    op, per_protocol, minor, beyond, priority
        As in the protocol.
    when
        Under which conditions the limit applies, in words; empty for always.
    note, source
        For the reader.
    fma
        Code of the structure in the Foundational Model of Anatomy; empty where not known.
    hindrance
        Why no system can be given it; empty where one may.
    """

    id: str
    structure: str
    names: tuple[str, ...]
    metric: str
    spec: MetricSpec | None
    op: str
    per_protocol: float | None
    minor: float | None
    beyond: str
    priority: int
    when: str = ""
    note: str = ""
    source: str = ""
    fma: str = ""
    hindrance: str = ""

    @property
    def kind(self) -> GoalKind:
        """What it asks about."""
        return GoalKind.OTHER if self.spec is None else kind_of_goal(self.spec)

    @property
    def is_upper(self) -> bool:
        """Whether values above the bound are worse."""
        return self.op in ("<=", "<")

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The bound up to which a value is per protocol, and that up to which it is minor.

        Equal bounds, and a limit beyond whose only bound a value is minor, have one bound.
        """
        same = self.minor is None or self.minor == self.per_protocol
        return self.per_protocol, None if same else self.minor

    @property
    def text(self) -> str:
        """The limit in one line, to be told: ``STO5_D01: Stomach D0.1cc[Gy] <= 33``."""
        bound = "" if self.per_protocol is None else f" {self.op} {self.per_protocol:g}"
        return f"{self.id}: {self.structure} {self.metric}{bound}"


def level_of(protocol: Protocol, name: str) -> PrescriptionLevel | None:
    """Return the prescription of a protocol that goals are asked for; None for all of them.

    Raises
    ------
    UsageError
        The protocol has no such prescription.
    """
    if not name:
        return None
    wanted = "".join(name.split()).casefold()
    for level in protocol.prescriptions:
        if "".join(level.id.split()).casefold() == wanted:
            return level
    known = ", ".join(p.id for p in protocol.prescriptions) or "none: the protocol names no doses"
    raise UsageError("no such prescription", got=quoted(name), expected=known)


def goals_of(protocol: Protocol, level: PrescriptionLevel | None = None) -> tuple[Goal, ...]:
    """Return the limits of a protocol in its order: targets, conformity, organs.

    With a `level` those that apply to it. What only a case can decide (a limit if an organ is
    drawn, or if another metric is high) stays, and its condition is told. Rules for the liver that
    are not in force are no limits.
    """
    found = [
        _goal(protocol, c, "", level) for c in _chosen(protocol, protocol.targets.limits, level)
    ]
    found += [_index(c) for c in protocol.conformity if not c.reference_only]
    for option in protocol.options:
        if _excluded(option.when, level):
            continue
        chosen = _chosen(protocol, option.constraints, level)
        found += [_goal(protocol, c, _left(option.when, level), level) for c in chosen]
    return tuple(found)


def _chosen(
    protocol: Protocol, limits: tuple[Constraint, ...], level: PrescriptionLevel | None
) -> list[Constraint]:
    in_force = (c for c in limits if c.liver_rule in ("", protocol.liver_rule))
    return [c for c in in_force if not _excluded(c.when, level)]


def _facts(level: PrescriptionLevel) -> Mapping[str, float | Reason]:
    unknown = Reason(ReasonCode.NOT_APPLICABLE, say("only a case can decide it"))
    known = {"prescription_gy": level.total_gy, "fractions": float(level.fractions)}
    return dict.fromkeys(VARIABLES, unknown) | known


def _excluded(when: str, level: PrescriptionLevel | None) -> bool:
    return level is not None and holds(parse_condition(when), _facts(level)) is False


def _left(when: str, level: PrescriptionLevel | None) -> str:
    """Return a condition as long as it is one: empty where the level settles it."""
    settled = level is not None and holds(parse_condition(when), _facts(level)) is True
    return "" if settled else when


def _goal(
    protocol: Protocol, limit: Constraint, outer: str, level: PrescriptionLevel | None
) -> Goal:
    asked = limit.only_if
    only_if = f"{asked.structure} {asked.metric} > {asked.above:g}" if asked else ""
    drawn = "the structure is drawn" if limit.if_drawn else ""
    known = next((s for s in protocol.structures if s.name == limit.structure), None)
    spec, hindrance = _read(limit.metric, protocol)
    return Goal(
        limit.id, limit.structure, known.aliases.get("en", ()) if known else (), limit.metric, spec,
        limit.op, limit.per_protocol, limit.minor, limit.beyond, limit.priority,
        when=", ".join(filter(None, (outer, _left(limit.when, level), only_if, drawn))),
        note=limit.note, source=", ".join(limit.source), fma=known.fma if known else "",
        hindrance=hindrance,
    )  # fmt: skip


def _index(limit: ConformityLimit) -> Goal:
    return Goal(
        limit.id, "PTV", (), limit.metric, parse_metric(limit.metric), limit.op,
        limit.per_protocol, limit.minor, limit.beyond, limit.priority,
        note=limit.meaning, source=", ".join(limit.source),
        hindrance=BY_VOLUME if limit.table else "",
    )  # fmt: skip


def _read(metric: str, protocol: Protocol) -> tuple[MetricSpec | None, str]:
    if metric in protocol.planned_metrics:
        return None, NOT_COMPUTED
    try:
        return parse_metric(metric), ""
    except MetricError:
        return None, NOT_COMPUTED
