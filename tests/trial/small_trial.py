"""A trial of one or two subjects, spoiled cell by cell, to say what must be made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.data_cut import DataCut, data_cut
from sbrt_qa.trial.endpoints import EndpointTime, derive
from sbrt_qa.trial.timeline import RuleResult, timeline_result
from sbrt_qa.trial.validate import Imported, validate

TODAY = dt.date(2027, 6, 30)
RULES = load_protocol("liver_sbrt")
Rows = dict[str, list[dict[str, str]]]


def base(**subject: str) -> Rows:
    """Return one subject of the SBRT arm, randomised on 2026-01-05, alive on 2027-01-20."""
    row = {
        "subject": "001", "site": "A", "consent": "2025-12-20", "screened": "2025-12-22",
        "screen_result": "eligible", "randomised": "2026-01-05", "arm": "SBRT",
    }  # fmt: skip
    status = {"subject": "001", "last_contact": "2027-01-20", "alive": "Y"}
    return {"subjects": [row | subject], "status": [status]}


def scan(number: int, date: str, result: str = "NED", **cells: str) -> dict[str, str]:
    return {
        "subject": "001", "scan": str(number), "date": date, "result": result, "adequate": "Y",
        "reader": "SITE", "covers": "liver;abdomen", **cells,
    }  # fmt: skip


def seen(rec: int, number: int, site: str = "MARGIN", **cells: str) -> dict[str, str]:
    return {"subject": "001", "rec": str(rec), "scan": str(number), "site": site, **cells}


def event(**cells: str) -> dict[str, str]:
    row = {
        "subject": "001", "ae": "1", "term": "Nausea", "soc": "Gastrointestinal disorders",
        "ctcae_version": "5.0", "grade": "2", "start": "2026-02-01", "serious": "N",
    }  # fmt: skip
    return row | cells


def fraction(number: int, date: str, **cells: str) -> dict[str, str]:
    row = {"subject": "001", "course": "1", "fraction": str(number), "date": date, "gy": "10"}
    return row | cells


COURSE = {
    "subject": "001", "course": "1", "rx_gy": "50", "fractions_planned": "5",
    "fractions_given": "5", "dose_given_gy": "50", "completed": "Y",
}  # fmt: skip


def read(rows: Mapping[str, list[dict[str, str]]], today: dt.date = TODAY) -> Imported:
    """Read rows as the tables of files."""
    tables = [
        TextTable(
            name, f"{name}.csv",
            tuple(dict.fromkeys(
                [c.name for c in TABLES[name].columns if c.required]
                + [column for row in listed for column in row]
            )),
            tuple((line, row) for line, row in enumerate(listed, 2)),
        )
        for name, listed in rows.items()
    ]  # fmt: skip
    return validate(assemble(tables, today))


def codes(found: Imported) -> list[str]:
    return [f"{one.level} {one.code}" for one in found.problems]


def cut_of(rows: Rows, cut: str = "2027-06-30", *, today: dt.date = TODAY) -> DataCut:
    return data_cut(read(rows, today), dt.date.fromisoformat(cut))


def time_of(
    rows: Rows, endpoint: str = "PFS12", cut: str = "2027-06-30", **changed
) -> EndpointTime:
    """Return an endpoint of the first subject; `changed` are other rules of the endpoint."""
    rule = next(one for one in RULES.endpoints if one.id == endpoint)
    latest = changed.pop("latest", False)
    return derive(cut_of(rows, cut), RULES, rule.model_copy(update=changed), latest=latest)[0]


def rule_of(rows: Rows, name: str, cut: str = "2027-06-30") -> RuleResult:
    found = cut_of(rows, cut)
    rule = next(one for one in RULES.timeline if one.id == name)
    return timeline_result(found, found.randomised[0], rule, RULES)
