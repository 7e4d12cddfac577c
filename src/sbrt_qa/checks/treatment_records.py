"""Whether the plan was delivered as planned, where treatment records are there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.outcome import Severity

SOURCE: Final = "RTOG 0618, 0813, 1112 (recalled); bounds proposed"


def treatments(context: CheckContext) -> list[Session]:
    """Return the sessions that delivered treatment, in order of time."""
    return [s for s in context.case.sessions if any(not b.is_setup for b in s.beams)]


def _fractions(sessions: list[Session]) -> list[int]:
    """Return the fraction numbers that were delivered; sessions without one count each."""
    numbers = {b.fraction for s in sessions for b in s.beams if not b.is_setup}
    known = sorted(n for n in numbers if n is not None)
    return known if None not in numbers else list(range(1, len(sessions) + 1))


@check(
    "FRACTIONS_DELIVERED",
    title="Fractions delivered",
    group=Group.DELIVERY,
    severity=Severity.MAJOR,
    milder=(Severity.INFO,),
    rows=(31,),
)
def fractions_delivered(context: CheckContext) -> Iterator[Outcome]:
    """Compare the fractions in the treatment records with those planned.

    More than planned is a major deviation. Fewer is information: treatment may go on, or records
    may be missing.
    """
    sessions, planned = treatments(context), context.fractions
    if not sessions or planned is None:
        return
    given = len(_fractions(sessions))
    found, expected = counted(given, "fraction"), counted(planned, "fraction")
    if given > planned:
        yield Found(
            say("records"),
            say("{0} delivered", found),
            say("Ask the site at once."),
            found,
            expected,
        )
    elif given < planned:
        text = say("{0} of {1} delivered", found, planned)
        yield Found(say("records"), text, "", found, expected, severity=Severity.INFO)
    else:
        yield Passed(say("records"), found, expected)


@check(
    "FRACTION_INTERVAL",
    title="Time between fractions",
    group=Group.DELIVERY,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    source=SOURCE,
    rows=(31,),
)
def fraction_interval(
    context: CheckContext,
    least_h: float = 24.0,
    least_h_up_to_3: float = 40.0,
    slack_h: float = 2.0,
) -> Iterator[Outcome]:
    """Find fractions that follow each other too soon.

    Below the least time it is a minor deviation, on the same day a major one. Whole days are
    compared where a record gives no time of day.

    Parameters
    ----------
    least_h
        Hours between the beginnings of two fractions.
    least_h_up_to_3
        The same for plans of up to three fractions.
    slack_h
        By which a fraction may be early: nobody is treated at exactly the same time of day.
    """
    sessions = [s for s in treatments(context) if s.began is not None]
    few = context.fractions is not None and context.fractions <= 3
    least = least_h_up_to_3 if few else least_h
    shortest: float | None = None
    for before, after in pairwise(sessions):
        if before.began is None or after.began is None or _same_fraction(before, after):
            continue
        hours = before.began.minutes_until(after.began) / 60
        shortest = hours if shortest is None else min(shortest, hours)
        if hours < least - slack_h:
            same_day = before.began.date == after.began.date
            text = say("{0} h after the fraction before", f"{hours:.0f}")
            if same_day:
                text = say("{0} h after the fraction before, on the same day", f"{hours:.0f}")
            severity = None if same_day else Severity.MINOR
            found, expected = say("{0} h", f"{hours:.0f}"), say(">= {0} h", f"{least:g}")
            where, advice = _name(after), say("Ask the site why.")
            yield Found(
                where, text, advice, found, expected, say("{0} h", f"{slack_h:g}"), severity
            )
    if shortest is not None and shortest >= least - slack_h:
        yield Passed(
            say("records"),
            say("at least {0} h", f"{shortest:.0f}"),
            say(">= {0} h", f"{least:g}"),
            say("{0} h", f"{slack_h:g}"),
        )


def _same_fraction(one: Session, other: Session) -> bool:
    """Tell whether two records are of one fraction, as after an interruption."""
    a = {b.fraction for b in one.beams if not b.is_setup}
    return a == {b.fraction for b in other.beams if not b.is_setup} and None not in a


def _name(session: Session) -> str:
    numbers = sorted({b.fraction for b in session.beams if b.fraction is not None})
    return say("fraction {0}", ", ".join(map(str, numbers))) if numbers else session.name


@check(
    "OVERALL_TIME",
    title="Overall treatment time",
    group=Group.DELIVERY,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    source=SOURCE,
    rows=(31,),
)
def overall_time(
    context: CheckContext,
    least_days: float = 5.0,
    most_days: float = 15.0,
    major_days: float = 21.0,
) -> Iterator[Outcome]:
    """Find a course that took too long, or was over too soon.

    Days from the first fraction to the last, both counted, once all planned fractions are there.
    Too long beyond `major_days` is a major deviation, everything else a minor one.

    Parameters
    ----------
    least_days, most_days
        Days that a course may take.
    major_days
        Days beyond which it is a major deviation.
    """
    sessions = [s for s in treatments(context) if s.began is not None]
    planned = context.fractions
    if planned is None or planned < 2 or len(_fractions(sessions)) < planned:
        return
    first, last = sessions[0].began, sessions[-1].began
    if first is None or last is None:
        return
    days = (last.date - first.date).days + 1
    found, expected = (
        counted(days, "day"),
        say("{0} to {1} days", f"{least_days:g}", f"{most_days:g}"),
    )
    if least_days <= days <= most_days:
        yield Passed(say("records"), found, expected, say("minor <= {0} days", f"{major_days:g}"))
        return
    severity = None if days > major_days else Severity.MINOR
    text = say("the course took {0}", found)
    tolerance = say("minor <= {0} days", f"{major_days:g}")
    yield Found(
        say("records"), text, say("Ask the site why."), found, expected, tolerance, severity
    )


@check(
    "DELIVERED_METERSET",
    title="Delivered meterset",
    group=Group.DELIVERY,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    source=SOURCE,
    rows=(31,),
)
def delivered_meterset(
    context: CheckContext, minor_percent: float = 1.0, major_percent: float = 5.0
) -> Iterator[Outcome]:
    """Compare the meterset that each beam delivered with the plan's.

    All records of one fraction are added up, so that a beam that was interrupted and resumed counts
    whole. A beam that is in no record of a fraction was not delivered.

    Parameters
    ----------
    minor_percent, major_percent
        Of the planned meterset; beyond the first it is minor, beyond the second major.
    """
    plan, sessions = context.plan, treatments(context)
    if plan is None or not sessions:
        return
    given: dict[tuple[int | None, int | None], float] = {}
    for beam in (b for s in sessions for b in s.beams if not b.is_setup):
        if beam.meterset_delivered is not None:
            key = (beam.fraction, beam.beam_number)
            given[key] = given.get(key, 0.0) + beam.meterset_delivered
    fractions = list(dict.fromkeys(f for f, _ in given))
    worst = 0.0
    for fraction in fractions:
        for planned in plan.beams:
            if not planned.meterset:
                continue
            done = given.get((fraction, planned.number), 0.0)
            off = 100 * abs(done - planned.meterset) / planned.meterset
            worst = max(worst, off)
            if off > minor_percent:
                severity = Severity.MINOR if off <= major_percent else None
                found, expected = (
                    f"{done:.1f}",
                    f"{planned.meterset:.1f} {planned.meterset_unit}".strip(),
                )
                text = say("{0} delivered of {1}", found, expected)
                where = say("fraction {0}, beam {1}", fraction, planned.number)
                tolerance = f"{minor_percent:g} %"
                advice = say("Ask the site what happened.")
                yield Found(where, text, advice, found, expected, tolerance, severity)
    if fractions and worst <= minor_percent:
        yield Passed(
            say("records"),
            say("within {0} %", f"{worst:.2g}"),
            say("as planned"),
            f"{minor_percent:g} %",
        )


@check("TERMINATION", title="Termination of beams", group=Group.DELIVERY, rows=(31,))
def termination(context: CheckContext) -> Iterator[Outcome]:
    """Tell of beams that an operator or the machine ended."""
    normal = 0
    for session in treatments(context):
        for beam in session.beams:
            if beam.termination in ("", "NORMAL"):
                normal += 1
            else:
                ended = stated(beam.termination.lower())
                text = say("beam {0} ended by {1}", beam.beam_number, ended)
                yield Found(
                    _name(session),
                    text,
                    found=ended,
                    expected=say("normal"),
                )
    if normal:
        yield Passed(say("records"), counted(normal, "beam"), say("normal"))
