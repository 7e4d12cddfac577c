"""Endpoints of each subject: when, what, and why censored; nothing is guessed without a flag.

Times run from randomisation. A horizon is the calendar anniversary, itself included. The censoring
codes are those of the ADaM export: 0 an event, 1 the horizon, 2 the data cut, 3 lost, 4 withdrawn,
5 no assessment after randomisation, 6 scans missed, 7 new therapy, 8 a competing death.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.protocol.trial_rules import EndpointRule, Imputation, ScanSchedule, TrialRules
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.partial_dates import PartialDate, add_months
from sbrt_qa.trial.scan_history import TrialScan, recurrence_of, scans_of
from sbrt_qa.trial.trial_data import TrialRow

DAYS_PER_MONTH: Final = 30.4375
"""For display only; events are decided by the calendar."""


class Censored(enum.IntEnum):
    """How a time ends."""

    EVENT = 0
    HORIZON = 1
    DATA_CUT = 2
    LOST = 3
    WITHDRAWN = 4
    NO_ASSESSMENT = 5
    MISSED_SCANS = 6
    NEW_THERAPY = 7
    COMPETING_DEATH = 8


@dataclass(frozen=True, slots=True)
class EndpointTime:
    """The time of one endpoint of one subject.

    Parameters
    ----------
    start, end
        Days; None where it is not evaluable, which `reason` then says.
    time_days
        From start to end; an event on the day of randomisation has half a day, and is flagged.
    code
        How it ends; None where it is not evaluable.
    what
        The event, or why it is censored.
    imputed
        ``D`` or ``M`` where a day stands for a partial date: what of it was missing.
    flags
        What a reader should know.
    table, column, number
        Where the end comes from.
    """

    endpoint: str
    subject: str
    start: dt.date | None = None
    end: dt.date | None = None
    time_days: float | None = None
    code: Censored | None = None
    what: str = ""
    imputed: str = ""
    flags: tuple[str, ...] = ()
    table: str = ""
    column: str = ""
    number: int | None = None
    reason: str = ""

    @property
    def event(self) -> bool:
        """Whether the event of the endpoint happened; a competing death is none."""
        return self.code is Censored.EVENT

    @property
    def cause(self) -> int:
        """0 censored or not evaluable, 1 the event, 2 a competing death."""
        if self.code is Censored.COMPETING_DEATH:
            return 2
        return int(self.event)


@dataclass(frozen=True, slots=True)
class _End:
    """A day on which a time may end."""

    day: dt.date
    what: str
    table: str
    column: str
    number: int | None = None
    imputed: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the endpoints of a subject are derived from."""

    cut: DataCut
    row: TrialRow
    origin: dt.date
    scans: tuple[TrialScan, ...]
    rules: TrialRules
    latest: bool

    @property
    def code(self) -> str:
        return self.row.subject

    @property
    def imputation(self) -> Imputation | None:
        return self.rules.imputation

    @property
    def schedule(self) -> ScanSchedule | None:
        return self.rules.schedule

    def withdrawn(self) -> dt.date | None:
        """Return the day after which nothing counts; withdrawal of treatment alone is none."""
        status = self.cut.data.one("status", self.code)
        days = status.days("withdrawn") if status else None
        if status is None or days is None or days.first > self.cut.cut:
            return None
        return None if status.text("withdrawal") in ("treatment_only", "") else days.last

    def lost(self) -> bool:
        status = self.cut.data.one("status", self.code)
        return bool(status and status.yes("lost"))

    def death_is_dateless(self) -> bool:
        status = self.cut.data.one("status", self.code)
        return bool(status and status.yes("alive") is False and status.days("death") is None)


def derive(
    cut: DataCut, rules: TrialRules, endpoint: EndpointRule, *, latest: bool = False
) -> tuple[EndpointTime, ...]:
    """Return an endpoint of every subject that was randomised, in the order of their codes.

    Parameters
    ----------
    endpoint
        As the protocol has it; a sensitivity analysis passes a changed copy.
    latest
        Let the last possible day stand for a partial date, instead of the imputed one.
    """
    found = []
    for row in cut.randomised:
        origin = randomised_on(row)
        assert origin is not None  # noqa: S101 - what `randomised` means
        scans = scans_of(cut.data, row.subject, origin)
        subject = _Subject(cut, row, origin, scans, rules, latest)
        found.append(_derived(subject, endpoint))
    return tuple(found)


def _derived(one: _Subject, rule: EndpointRule) -> EndpointTime:
    empty = EndpointTime(rule.id, one.code, one.origin)
    codes = one.cut.codes_of.get(one.code, frozenset())
    surviving = rule.kind == "overall_survival"
    if "PROGRESSION_BEFORE" in codes and not surviving:
        return replace(empty, reason=say("recurrence before randomisation"))
    if "DEATH_CONTRADICTED" in codes:
        return replace(empty, reason=say("the day of death contradicts other data"))
    needed = {"status"} if surviving else {"status", "assessments", "recurrences"}
    if out := sorted(needed & one.cut.kept_out.get(one.code, frozenset())):
        return replace(empty, reason=say("a row that may decide it was kept out: {0}", out[0]))
    death = _death(one)
    if isinstance(death, str):
        return replace(empty, reason=death)
    seen = None if surviving else _progression(one, rule)
    if isinstance(seen, str):
        return replace(empty, reason=seen)
    if one.death_is_dateless() and seen is None and not _survives_without_date(rule):
        return replace(empty, reason=say("dead, and the day of death is not known"))
    found = _ending(one, rule, seen, death)
    return _timed(one, found, empty)


def _survives_without_date(rule: EndpointRule) -> bool:
    return rule.death_date_missing == "last_known_alive"


def _death(one: _Subject) -> _End | str | None:
    days = one.cut.death(one.code)
    if days is None:
        return None
    alive = one.cut.last_alive(one.code)
    if not days.exact and alive is not None:
        narrowed = days.not_before(min(alive + dt.timedelta(1), days.last))
        days = narrowed or days
    chosen = _chosen(one, days, one.imputation is not None and one.imputation.death != "none")
    if chosen is None:
        return say("the day of death is not known, and the protocol imputes none")
    return _End(chosen, say("death"), "status", "death", None, days.missing_part)


def _chosen(one: _Subject, days: PartialDate, imputes: bool) -> dt.date | None:  # noqa: FBT001
    if days.exact:
        return days.first
    if not imputes:
        return None
    return min(days.last, one.cut.cut) if one.latest else days.first


def _progression(one: _Subject, rule: EndpointRule) -> _End | str | None:
    found = recurrence_of(
        one.scans, local=rule.kind == "local_recurrence", within_mm=rule.local_within_mm
    )
    if found is None:
        return None
    days, flags = found.days, found.flags
    before = [s.days.first for s in one.scans if s.adequate and s.days.last < days.last]
    floor = max((day for day in before if day < found.days.last), default=one.origin)
    if not days.exact:
        days = days.not_before(min(floor + dt.timedelta(1), days.last)) or days
    imputes = one.imputation is not None and one.imputation.progression != "none"
    chosen = _chosen(one, days, imputes)
    if chosen is None:
        return say("the day of the recurrence is not known, and the protocol imputes none")
    what = say("local recurrence") if rule.kind == "local_recurrence" else say("recurrence")
    return _End(chosen, what, "assessments", "date", found.number, days.missing_part, flags)


def _ending(
    one: _Subject, rule: EndpointRule, seen: _End | None, death: _End | None
) -> tuple[_End, Censored]:
    """Return how a time ends: at the first event that counts, or where it is censored."""
    horizon = add_months(one.origin, rule.horizon_months)
    stop = one.withdrawn()
    events = [(end, Censored.EVENT) for end in (seen,) if end is not None]
    if death is not None:
        competing = rule.kind == "local_recurrence"
        events.append((death, Censored.COMPETING_DEATH if competing else Censored.EVENT))
    events = [(_graced(rule, end, horizon), code) for end, code in events]
    events = [(e, c) for e, c in events if e.day <= horizon and (stop is None or e.day <= stop)]
    if not events:
        return _censored(one, rule, horizon, one.cut.cut)
    first = min(events, key=lambda event: (event[0].day, event[1]))
    return _under_policy(one, rule, first, horizon)


def _graced(rule: EndpointRule, end: _End, horizon: dt.date) -> _End:
    late = (end.day - horizon).days
    if end.table != "assessments" or not 0 < late <= rule.horizon_grace_days:
        return end
    flags = (*end.flags, say("a scan within the grace after the horizon, dated at it"))
    return replace(end, day=horizon, flags=flags)


def _under_policy(
    one: _Subject, rule: EndpointRule, first: tuple[_End, Censored], horizon: dt.date
) -> tuple[_End, Censored]:
    """Censor before an event where a sensitivity analysis asks for it; flag it else."""
    end, code = first
    if rule.kind == "overall_survival":
        return first
    flags = list(end.flags)
    if missed_before(one.scans, one.origin, one.schedule, end.day):
        if rule.missed_scans == "censor":
            return _censored(one, rule, horizon, end.day, Censored.MISSED_SCANS)
        flags.append(say("two or more scans in a row were missed before it"))
    therapy = new_therapy(one.cut, one.code)
    if therapy is not None and therapy < end.day:
        if rule.new_therapy == "censor":
            return _censored(one, rule, horizon, therapy, Censored.NEW_THERAPY)
        flags.append(say("after a new therapy"))
    return replace(end, flags=tuple(flags)), code


def missed_before(
    scans: tuple[TrialScan, ...], origin: dt.date, schedule: ScanSchedule | None, day: dt.date
) -> bool:
    """Tell whether two scheduled scans in a row are missing right before a day."""
    if schedule is None:
        return False
    last = max((s.days.last for s in scans if s.adequate and s.days.last < day), default=origin)
    window = dt.timedelta(schedule.window_days)
    until = add_months(origin, schedule.until_months)
    due = origin + dt.timedelta(schedule.every_days)
    missed = 0
    while due + window < day and due <= until:
        missed += due - window > last
        due += dt.timedelta(schedule.every_days)
    return missed > 1


def new_therapy(cut: DataCut, subject: str) -> dt.date | None:
    """Return the first possible day of a therapy against the tumour that was not planned."""
    days = [
        row.days("start") for row in cut.data.of_subject("therapies", subject)
        if row.yes("planned_by_protocol") is not True
    ]  # fmt: skip
    return min((one.first for one in days if one), default=None)


def _censored(
    one: _Subject, rule: EndpointRule, horizon: dt.date, until: dt.date,
    why: Censored | None = None,
) -> tuple[_End, Censored]:  # fmt: skip
    """Return the day up to which a subject is known to be without the event."""
    stop = one.withdrawn()
    if stop is not None and stop < until:
        until = stop
    last = _last_seen(one, rule, until, strictly=why is not None)
    if last is None:
        what = say("no assessment after randomisation")
        return _End(one.origin, what, "subjects", "randomised"), Censored.NO_ASSESSMENT
    if last.day >= horizon:
        return replace(last, day=horizon, what=say("followed to the horizon")), Censored.HORIZON
    if why is None:
        why = Censored.LOST if one.lost() else Censored.DATA_CUT
        why = Censored.WITHDRAWN if stop is not None else why
    return replace(last, what=_WHY[why]), why


_WHY: Final = {
    Censored.DATA_CUT: say("last assessment before the data cut"),
    Censored.LOST: say("lost to follow-up"),
    Censored.WITHDRAWN: say("consent withdrawn"),
    Censored.MISSED_SCANS: say("last adequate scan before scans that were missed"),
    Censored.NEW_THERAPY: say("last adequate scan before a new therapy"),
}


def _last_seen(one: _Subject, rule: EndpointRule, until: dt.date, *, strictly: bool) -> _End | None:
    if rule.kind == "overall_survival":
        alive = one.cut.last_alive(one.code)
        if alive is None or alive < one.origin:
            return None
        return _End(min(alive, until), "", "status", "last_contact")
    seen = [
        s for s in one.scans
        if s.adequate and s.days.first > one.origin
        and (s.days.last < until if strictly else s.days.last <= until)
        and (rule.kind != "local_recurrence" or s.covers_liver)
    ]  # fmt: skip
    if not seen:
        return None
    last = max(seen, key=lambda s: s.days)
    return _End(last.days.first, "", "assessments", "date", last.number, last.days.missing_part)


def _timed(one: _Subject, found: tuple[_End, Censored], empty: EndpointTime) -> EndpointTime:
    end, code = found
    days = float((end.day - one.origin).days)
    flags = list(end.flags)
    if days <= 0 and code in (Censored.EVENT, Censored.COMPETING_DEATH):
        days = one.imputation.same_day_event_days if one.imputation else 0.5
        flags.append(say("an event on the day of randomisation"))
    if end.imputed:
        flags.append(say("a day stands for a date of which a part is missing"))
    return replace(
        empty, end=max(end.day, one.origin), time_days=max(days, 0.0), code=code, what=end.what,
        imputed=end.imputed, flags=tuple(flags), table=end.table, column=end.column,
        number=end.number,
    )  # fmt: skip
