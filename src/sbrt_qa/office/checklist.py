"""The checklist of contours: what readers are asked of each structure, by version.

A question that a later version drops still stands in the readings of the version that asked it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.audit.store.signed_content import checklist_items
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.roles import Right
from sbrt_qa.office.trail import tell

CHANGED: Final = "contour checklist set"

SUB_QUESTIONS: Final = ("cranial", "caudal", "laterality", "excluded organ")
"""What a structure can be asked in particular."""


@dataclass(frozen=True, slots=True)
class ContourQuestion:
    """A question: of a structure as a whole, which is asked, or of one side of it, which may be."""

    key: str
    structure: str
    question: str

    @property
    def asked(self) -> bool:
        """Whether it has to be answered before signing."""
        return not self.question


def set_checklist(engine: Database, by: Acting, structures: Mapping[str, Sequence[str]]) -> int:
    """Set the questions of the next version: structures with sub-questions; return its number.

    Raises
    ------
    RightsError, UsageError
        Who acts is no coordinator; a structure has no name, or a question is not known.
    """
    known = all(set(some) <= set(SUB_QUESTIONS) for some in structures.values())
    if not structures or not all(name.strip() for name in structures) or not known:
        raise UsageError("no such question", expected=", ".join(SUB_QUESTIONS))
    content = json.dumps(
        [{"structure": name, "questions": list(some)} for name, some in structures.items()],
        ensure_ascii=False,
    )

    def work(connection: Connection) -> int:
        role = demand(connection, by, Right.ASSIGN)
        last = newest_checklist(connection)
        version = 1 if last is None else last.version + 1
        row = {
            "version": version, "content": content, "sha256": sha256(content),
            "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        insert(connection, o.checklists, row)
        before = "" if last is None else last.sha256
        told = {"version": version}
        tell(connection, CHANGED, "", by, role, told, before=before, after=row["sha256"])
        return version

    return written(engine, work)


def newest_checklist(connection: Connection) -> sa.Row[Any] | None:
    """Return the version that a reading begun now is made with; None where there is none."""
    query = sa.select(o.checklists).order_by(o.checklists.c.version.desc()).limit(1)
    return connection.execute(query).first()


def questions_of(connection: Connection, checklist: int | None) -> tuple[ContourQuestion, ...]:
    """Return the questions of a version, each structure before its sub-questions."""
    if checklist is None:
        return ()
    query = sa.select(o.checklists.c.content).where(o.checklists.c.id == checklist)
    questions = []
    for one in checklist_items(str(connection.scalar(query))):
        name = one["structure"]
        questions.append(ContourQuestion(f"contour:{name}", name, ""))
        questions += [ContourQuestion(f"contour:{name}:{q}", name, q) for q in one["questions"]]
    return tuple(questions)
