"""Studies on their way in: what belongs together, where it stands, and who has to look at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store.rows import insert
from sbrt_qa.i18n.phrase import from_kept, kept_text
from sbrt_qa.intake.study_closing import MissingPart
from sbrt_qa.web.working.arrival_tables import studies
from sbrt_qa.web.working.working_store import WorkingStore

OPEN: Final = "open"
INCOMPLETE: Final = "incomplete"
CLOSED: Final = "closed"
QUARANTINED: Final = "quarantined"
RELEASED: Final = "released"
WITHDRAWN: Final = "withdrawn"
"""States: more may come; something is missing; whole and to be released; a person has to look;
reviewed by the engine; given up by a person."""

COORDINATOR: Final = "coordinator"
"""Who owns what is in quarantine until a person takes it."""


@dataclass(frozen=True, slots=True)
class ReceivedStudy:
    """What belongs together, as it stands.

    Parameters
    ----------
    revision
        1, and one more for what came after the one before was closed.
    batch, account
        The upload, and the account that sent it; empty and 0 where only links tell.
    subject
        Code of the subject; empty where the de-identifier gives one.
    members
        Numbers of its arrivals.
    missing
        What it names and did not come, when that was last looked at.
    why, owner
        Of quarantine: the reason and who has to look; `why` also tells what went wrong otherwise.
    since, last
        When it came into its state, and when something of it last came, in s since 1970.
    accepted
        SHA-256 of files that a person released.
    submission, receipt
        Its row in the records and its receipt (JSON); 0 and empty until then.
    hold
        Whether its originals are kept beyond their time.
    """

    id: int
    site: str
    revision: int
    batch: str
    account: int
    subject: str
    state: str
    members: tuple[int, ...]
    missing: tuple[MissingPart, ...]
    why: str
    owner: str
    since: float
    last: float
    accepted: tuple[str, ...]
    submission: int
    receipt: str
    released: float
    hold: bool


MOST_WHY: Final = 1_000
"""Characters of a reason that are kept."""


class Studies:
    """The studies in a store."""

    def __init__(self, store: WorkingStore, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    def begin(
        self,
        site: str,
        members: Iterable[int],
        *,
        state: str = OPEN,
        revision: int = 1,
        batch: str = "",
        account: int = 0,
        subject: str = "",
        why: str = "",
        last: float | None = None,
    ) -> ReceivedStudy:
        """Begin one."""
        with self._store.writing(durable=True) as connection:
            key = insert_study(
                connection, self._clock(), site, members, state=state, revision=revision,
                batch=batch, account=account, subject=subject, why=why, last=last,
            )  # fmt: skip
        return self.with_id(key)

    def with_id(self, number: int) -> ReceivedStudy:
        """Return one by its number; raise LookupError where there is none."""
        found = self._those(studies.c.id == number)
        if not found:
            raise LookupError(number)
        return found[0]

    def in_states(self, *states: str) -> tuple[ReceivedStudy, ...]:
        """Return those in some states, oldest first."""
        return self._those(studies.c.state.in_(states))

    def of_sites(self, sites: Sequence[str]) -> tuple[ReceivedStudy, ...]:
        """Return those of some sites, oldest first."""
        return self._those(studies.c.site.in_(sites))

    def of_batch(self, batch: str) -> ReceivedStudy | None:
        """Return that of an upload."""
        found = self._those(studies.c.batch == batch) if batch else ()
        return found[-1] if found else None

    def all(self) -> tuple[ReceivedStudy, ...]:
        """Return all, oldest first."""
        return self._those(sa.true())

    def change(self, study: ReceivedStudy, **values: Any) -> ReceivedStudy:  # noqa: ANN401 - columns
        """Change one; `since` follows its state. A study that moved on meanwhile is left as it is.

        Returns
        -------
        ReceivedStudy
            As it is now, changed or not.
        """
        if values.get("state", study.state) != study.state:
            values["since"] = self._clock()
        if "why" in values:
            values["why"] = kept_text(values["why"])
        for name in ("members", "accepted"):
            if name in values:
                values[name] = json.dumps(sorted(values[name]))
        if "missing" in values:
            values["missing"] = json.dumps([asdict(part) for part in values["missing"]])
        c = studies.c
        with self._store.writing(durable=True) as connection:
            same = sa.and_(c.id == study.id, c.state == study.state)
            connection.execute(sa.update(studies).where(same).values(values))
        return self.with_id(study.id)

    def quarantine(self, study: ReceivedStudy, why: str) -> ReceivedStudy:
        """Set one aside for a person, with a reason that names nobody."""
        told = why if len(why) <= MOST_WHY else why[:MOST_WHY]
        return self.change(study, state=QUARANTINED, why=told, owner=COORDINATOR)

    def _those(self, where: Any) -> tuple[ReceivedStudy, ...]:  # noqa: ANN401 - a clause
        query = sa.select(studies).where(where).order_by(studies.c.id)
        with self._store.reading() as connection:
            return tuple(map(_study, connection.execute(query)))


def insert_study(
    connection: Connection,
    now: float,
    site: str,
    members: Iterable[int],
    *,
    state: str,
    revision: int = 1,
    batch: str = "",
    account: int = 0,
    subject: str = "",
    why: str = "",
    last: float | None = None,
) -> int:
    """Add the row of a study and return its number."""
    row = {
        "site": site, "revision": revision, "batch": batch, "account": account,
        "subject": subject, "state": state, "members": json.dumps(sorted(members)),
        "missing": "[]", "why": kept_text(why),
        "owner": COORDINATOR if state == QUARANTINED else "",
        "since": now, "last": now if last is None else last, "accepted": "[]", "submission": 0,
        "receipt": "", "released": 0.0, "hold": False,
    }  # fmt: skip
    return insert(connection, studies, row)


def _study(row: sa.Row[Any]) -> ReceivedStudy:
    told = dict(row._mapping)  # noqa: SLF001 - the public name of it
    told["members"] = tuple(json.loads(row.members))
    told["accepted"] = tuple(json.loads(row.accepted))
    told["why"] = from_kept(row.why)
    told["missing"] = tuple(MissingPart(**part) for part in json.loads(row.missing))
    return ReceivedStudy(**told)
