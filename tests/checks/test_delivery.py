"""Delivery: what treatment records say of fractions, times and metersets."""

from __future__ import annotations

import datetime as dt

import pytest

from sbrt_qa.model.case import Case
from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.model.header import Stamp
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import FractionGroup

from .cases import case, outcomes, plan, severity_of, told

FIRST = dt.datetime(2026, 1, 12, 9, 0)
EVERY_SECOND_DAY = (0, 48, 96, 168, 216)


def session(fraction: int | None, hours: float | None, mu=(500.0, 500.0), end="NORMAL") -> Session:
    when = None if hours is None else FIRST + dt.timedelta(hours=hours)
    beams = tuple(BeamDelivered(i, fraction, 500.0, m, end) for i, m in enumerate(mu, start=1))
    return Session(f"R{fraction}", when and Stamp(when.date(), when.time()), beams)


def course(*hours: float, fractions: int = 5, **changes) -> Case:
    sessions = tuple(session(i, h, **changes) for i, h in enumerate(hours, start=1))
    group = (FractionGroup(1, fractions, (1, 2)),)
    return case(sessions=sessions, plan=plan(fractions=fractions, fraction_groups=group))


TABLE = [
    ("FRACTIONS_DELIVERED", course(*EVERY_SECOND_DAY), "pass"),
    ("FRACTIONS_DELIVERED", course(0, 48), "find"),
    ("FRACTIONS_DELIVERED", course(*EVERY_SECOND_DAY, 300), "find"),
    ("FRACTIONS_DELIVERED", case(), "nothing"),
    ("FRACTION_INTERVAL", course(*EVERY_SECOND_DAY), "pass"),
    ("FRACTION_INTERVAL", course(0, 23, 96, 168, 216), "pass"),
    ("FRACTION_INTERVAL", course(0, 20, 96, 168, 216), "find"),
    ("FRACTION_INTERVAL", course(0, 36, 84, fractions=3), "find"),
    ("FRACTION_INTERVAL", course(0, 48, 96, fractions=3), "pass"),
    ("FRACTION_INTERVAL", course(0), "nothing"),
    ("FRACTION_INTERVAL", case(), "nothing"),
    ("OVERALL_TIME", course(*EVERY_SECOND_DAY), "pass"),
    ("OVERALL_TIME", course(0, 48, 96, 168, 480), "find"),
    ("OVERALL_TIME", course(0, 24, 48, 72, 73), "find"),
    ("OVERALL_TIME", course(0, 48), "nothing"),
    ("OVERALL_TIME", case(), "nothing"),
    ("DELIVERED_METERSET", course(*EVERY_SECOND_DAY), "pass"),
    ("DELIVERED_METERSET", course(0, 48, mu=(500.0, 480.0)), "find"),
    ("DELIVERED_METERSET", course(0, 48, mu=(500.0,)), "find"),
    ("DELIVERED_METERSET", course(0, 48, mu=(None, None)), "nothing"),
    ("DELIVERED_METERSET", case(), "nothing"),
    ("TERMINATION", course(0), "pass"),
    ("TERMINATION", course(0, end="OPERATOR"), "find"),
    ("TERMINATION", case(), "nothing"),
]


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


@pytest.mark.parametrize(
    ("code", "tried", "severity"),
    [
        ("FRACTION_INTERVAL", course(0, 6), Severity.MAJOR),
        ("FRACTION_INTERVAL", course(0, 18), Severity.MINOR),
        ("OVERALL_TIME", course(0, 48, 96, 168, 19 * 24), Severity.MINOR),
        ("OVERALL_TIME", course(0, 48, 96, 168, 22 * 24), Severity.MAJOR),
        ("DELIVERED_METERSET", course(0, mu=(500.0, 485.0)), Severity.MINOR),
        ("DELIVERED_METERSET", course(0, mu=(500.0, 450.0)), Severity.MAJOR),
        ("FRACTIONS_DELIVERED", course(0, 48), Severity.INFO),
    ],
)
def test_how_far_it_is_off_decides(code: str, tried: Case, severity: Severity) -> None:
    (found,) = outcomes(code, tried)
    assert severity_of(code, found) is severity


def test_a_beam_that_was_resumed_counts_whole() -> None:
    parts = (session(1, 0, mu=(500.0, 200.0)), session(1, 0.5, mu=(0.0, 300.0)))
    tried = case(sessions=parts)
    assert told("DELIVERED_METERSET", tried) == "pass"
    assert told("FRACTION_INTERVAL", tried) == "nothing"


def test_imaging_is_no_treatment() -> None:
    beams = (BeamDelivered(9, 1, is_setup=True),)
    tried = case(sessions=(Session("R", None, beams),))
    assert told("FRACTIONS_DELIVERED", tried) == "nothing"


def test_whole_days_are_compared_without_a_time_of_day() -> None:
    days = [Stamp(FIRST.date() + dt.timedelta(days=d)) for d in (0, 1)]
    sessions = tuple(
        Session(f"R{i}", day, session(i, 0).beams) for i, day in enumerate(days, start=1)
    )
    assert told("FRACTION_INTERVAL", case(sessions=sessions)) == "pass"
