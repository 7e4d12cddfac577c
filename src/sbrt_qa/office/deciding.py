"""What follows from a signature: the last reading, agreement or adjudication, the decision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.chain import canonical
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.case_standing import CaseStanding, signed_parts, standing_in
from sbrt_qa.office.moving import step
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import State
from sbrt_qa.office.trail import as_engine, tell
from sbrt_qa.office.trial_options import options_in

DECIDED: Final = "case decided"

CANNOT_JUDGE: Final = "cannot judge"
"""The grade of a reader who cannot tell; an adjudicator has to."""

ONE_READING: Final = "one reading"
AGREEMENT: Final = "readings agree"
ADJUDICATED: Final = "adjudication"
"""How a decision came about."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item on which two readings differ in a way that an adjudicator has to settle."""

    item: str
    said: tuple[str, ...]


def disagreements(contents: list[dict[str, Any]]) -> tuple[Disagreement, ...]:
    """Return where signed readings differ: the grade, and items that one of them grades major.

    A grade that cannot be judged settles nothing, so it counts as a disagreement even where both
    say so. So does an unacceptable contour that only one of them sees.
    """
    found = []
    grades = tuple(one["grade"] for one in contents)
    if len(set(grades)) > 1 or (State.REJECTED not in grades and "cannot judge" in grades):
        found.append(Disagreement("grade", grades))
    for name, verdict, worst in (
        ("items", "verdict", Verdict.MAJOR.value), ("contours", "answer", "unacceptable"),
    ):  # fmt: skip
        said = [{row["item"]: row[verdict] for row in one[name]} for one in contents]
        for item in sorted({key for one in said for key in one}):
            words = tuple(one.get(item, "") for one in said)
            if worst in words and len(set(words)) > 1:
                found.append(Disagreement(item, words))
    return tuple(found)


def signed_contents(connection: Connection, submission: int, number: int) -> list[dict[str, Any]]:
    """Return what the readers of a round signed, in the order of their signatures."""
    s, r = o.signatures, o.readings
    query = (
        sa.select(s.c.document)
        .select_from(s.join(r, s.c.reading_id == r.c.id))
        .where(s.c.submission_id == submission, s.c.round == number, r.c.part == "reader")
        .order_by(s.c.id)
    )
    return [json.loads(text)["content"] for text in connection.scalars(query)]


@dataclass(frozen=True, slots=True)
class ReadersDiffer:
    """Where signed readings of a round differ, with the names of who signed them, in order."""

    names: tuple[str, ...]
    on: tuple[Disagreement, ...]


def readers_differ(engine: Database, by: Acting, submission: int) -> ReadersDiffer:
    """Return where the readers of a round differ, for who sees their readings.

    Raises
    ------
    RightsError
        The account does not see them.
    """
    with reading(engine) as connection:
        case = standing_in(connection, submission)
        demand(connection, by, Right.SEE_OTHER_READING, case.facts)
        contents = signed_contents(connection, submission, case.round)
    return ReadersDiffer(tuple(str(one["name"]) for one in contents), disagreements(contents))


def after_signature(
    connection: Connection, case: CaseStanding, by: Acting, role: Role, signature: int, part: str
) -> None:
    """Take the steps that follow from a signature, within its transaction."""
    if part == "adjudicator":
        document = connection.scalar(
            sa.select(o.signatures.c.document).where(o.signatures.c.id == signature)
        )
        content = json.loads(str(document))["content"]
        step(connection, case, State.DECIDED, by, role)
        _decide(connection, case, by, role, signature, [content], ADJUDICATED)
        return
    parts = signed_parts(connection, case.submission, case.round)
    if sum(one == "reader" for one in parts.values()) < case.wanted:
        return
    step(connection, case, State.READ, by, Role.REVIEWER)
    contents = signed_contents(connection, case.submission, case.round)
    program = as_engine(connection, by.at)
    alone = options_in(connection).automatic_decision
    if disagreements(contents) or not alone:
        step(connection, case, State.ADJUDICATION, program, Role.ENGINE)
        return
    step(connection, case, State.DECIDED, program, Role.ENGINE)
    how = ONE_READING if len(contents) == 1 else AGREEMENT
    _decide(connection, case, by, Role.REVIEWER, signature, contents, how)


def _decide(
    connection: Connection,
    case: CaseStanding,
    by: Acting,
    role: Role,
    signature: int,
    contents: list[dict[str, Any]],
    how: str,
) -> None:
    """Record a decision: the grade, and of each item the worst that a reading came to."""
    outcome = State(contents[0]["grade"])
    items: dict[str, dict[str, str]] = {}
    for content in contents:
        for row in content["items"]:
            known = items.setdefault(row["item"], {"engine": row["engine"], "verdict": ""})
            known["verdict"] = _worst(known["verdict"], row["verdict"])
    text = canonical(items)
    row = {
        "submission_id": case.submission, "round": case.round, "outcome": outcome.value,
        "how": how, "signature_id": signature, "account_id": by.account, "items": text,
        "sha256": sha256(text), "at": by.at,
    }  # fmt: skip
    made = insert(connection, o.decisions, row)
    told = {"submission": case.submission, "round": case.round, "decision": made, "how": how}
    tell(connection, DECIDED, case.code, by, role, told, after=outcome.value)
    step(connection, standing_in(connection, case.submission), outcome, by, role)


def _worst(*verdicts: str) -> str:
    said = [Verdict(one) for one in verdicts if one]
    return max(said, key=lambda one: one.rank).value if said else ""
