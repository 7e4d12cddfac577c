"""The queue: every submission in one row, kept up to date from the records, shown in pages.

The table is a projection in the database of working state: it can be thrown away and made again,
and `differences` holds it against the records. Each reading of it first takes in what the chain of
events tells since: the submissions that events name are put together anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import grants_in
from sbrt_qa.office.queue_rows import QueueEntry, queue_entries
from sbrt_qa.office.replaced_codes import NOT_FOR_CODED, coded_entry
from sbrt_qa.office.roles import EVERYWHERE, OF_A_SITE, Grant, Role
from sbrt_qa.office.states import State, seen_by_site
from sbrt_qa.office.trial_options import options_in

PAGE: Final = 50
LONGEST_SEARCH: Final = 64

queue_metadata = sa.MetaData()

queue = sa.Table(
    "queue",
    queue_metadata,
    sa.Column("submission", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("trial", sa.Text, nullable=False, index=True),
    sa.Column("site", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("received", sa.Text, nullable=False),
    sa.Column("due", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("changed", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("minor", sa.Integer, nullable=False),
    sa.Column("major", sa.Integer, nullable=False),
    sa.Column("not_evaluable", sa.Integer, nullable=False),
    sa.Column("plans", sa.Integer, nullable=False),
    sa.Column("structure_sets", sa.Integer, nullable=False),
    sa.Column("doses", sa.Integer, nullable=False),
    sa.Column("images", sa.Integer, nullable=False),
    sa.Column("readers", sa.Text, nullable=False),
    sa.Column("adjudicators", sa.Text, nullable=False),
    sa.Column("barred", sa.Text, nullable=False),
    sa.Column("newest", sa.Integer, nullable=False),
    sa.Column("urgency", sa.Text, nullable=False, index=True),
)
"""`readers`, `adjudicators` and `barred` are keys of accounts between commas: ``,3,17,``. `urgency`
orders by the due date, what has none after that, and what is done last."""

queue_upto = sa.Table(
    "queue_upto",
    queue_metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, nullable=False),
)

ORDERS: Final[Mapping[str, sa.Column[Any]]] = {
    "urgency": queue.c.urgency, "received": queue.c.received, "changed": queue.c.changed,
    "code": queue.c.code, "state": queue.c.state, "verdict": queue.c.verdict,
}  # fmt: skip
"""What a page may be ordered by; nothing else is taken from a request."""

FILTERS: Final = ("state", "site", "trial", "kind", "verdict", "subject")
"""What a page may be filtered by, each by equality with one of some values."""


@dataclass(frozen=True, slots=True)
class QueueRequest:
    """What of the queue is wanted.

    Parameters
    ----------
    view
        ``mine`` (assigned to the account), ``pool`` (waits for a reader), ``all``.
    filters
        Values by a name of `FILTERS`.
    search
        Beginning of a code or a subject.
    order
        One of `ORDERS`; `falling` turns it round.
    after
        Where the page before ended: its `QueuePage.last`.
    """

    view: str = "all"
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    search: str = ""
    order: str = "urgency"
    falling: bool = False
    after: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        named = set(self.filters) <= set(FILTERS) and self.order in ORDERS
        if self.view not in ("mine", "pool", "all") or not named:
            raise UsageError("the queue has no such view, filter or order")
        values = [one for some in self.filters.values() for one in some]
        if len(values) > PAGE or any(len(one) > LONGEST_SEARCH for one in (*values, self.search)):
            raise UsageError("a filter is too long", got=quoted(self.search))


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page: at most 50 rows, how many there are in all, and where the next page begins."""

    rows: tuple[QueueEntry, ...]
    total: int
    last: tuple[str, int] | None


def queue_page(
    records: Database, working: Engine, by: Acting, wanted: QueueRequest, coding: bytes = b""
) -> QueuePage:
    """Return a page of what an account may see, at most 12 statements whatever the page holds.

    Readers see what they are assigned to, and the pool where they may take from it; nothing of
    their own site, of what they sent, or where a conflict is declared. Only coordinators and
    auditors see who else reads a submission, and sites see a verdict if the trial lets them.
    Admins see no queue. Statisticians see replaced codes, made with `coding`; without it nothing,
    and nothing else where they have a further role. They search no codes, and order by none.

    Raises
    ------
    UsageError
        There is no such order or filter; or it would tell a site the verdict that it is not to see.
    """
    refresh(records, working)
    grants, coded, shown, verdict = _asking(records, by, coding)
    if coded and (wanted.search or wanted.order == "code" or NOT_FOR_CODED & set(wanted.filters)):
        raise UsageError("the queue has no such view, filter or order")
    site = _is_of_site(grants)
    asks_verdict = wanted.order == "verdict" or "verdict" in wanted.filters
    if asks_verdict and not verdict and any(one.role in OF_A_SITE for one in grants):
        raise UsageError("the queue has no such view, filter or order")
    seen = _visible(grants, by.account, wanted.view, coded=coded)
    condition = sa.and_(seen, *_filtered(wanted, of_site=site))
    column: sa.ColumnElement[Any] = ORDERS[wanted.order]
    if site and wanted.order == "state":
        column = _SEEN_STATE
    order = (column.desc(), queue.c.submission.desc()) if wanted.falling else (
        column, queue.c.submission,
    )  # fmt: skip
    page = sa.select(queue, column.label("place")).where(condition).order_by(*order).limit(PAGE)
    if wanted.after is not None:
        value, key = wanted.after
        beyond = column < value if wanted.falling else column > value
        next_key = queue.c.submission < key if wanted.falling else queue.c.submission > key
        page = page.where(sa.or_(beyond, sa.and_(column == value, next_key)))
    with working.connect() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(queue).where(condition))
        rows = connection.execute(page).mappings().all()
    entries = tuple(
        _as_seen(QueueEntry.of_row(row), by.account, grants, verdict=verdict) for row in rows
    )
    if coded:
        entries = tuple(coded_entry(one, coding, sites=shown) for one in entries)
    last = (str(rows[-1]["place"]), rows[-1]["submission"]) if rows else None
    return QueuePage(entries, total or 0, last if len(rows) == PAGE else None)


def every_entry(
    records: Database, working: Engine, by: Acting, coding: bytes = b""
) -> dict[str, QueueEntry]:
    """Return all that an account may see, by the code as the records have it, in order of keys.

    The rows are as on a page: a statistician's have their codes replaced.
    """
    refresh(records, working)
    grants, coded, shown, verdict = _asking(records, by, coding)
    seen = _visible(grants, by.account, "all", coded=coded)
    with working.connect() as connection:
        rows = connection.execute(sa.select(queue).where(seen).order_by(queue.c.submission))
        found = [QueueEntry.of_row(row) for row in rows.mappings()]
    told = {one.code: _as_seen(one, by.account, grants, verdict=verdict) for one in found}
    if coded:
        return {code: coded_entry(one, coding, sites=shown) for code, one in told.items()}
    return told


def _asking(records: Database, by: Acting, coding: bytes) -> tuple[list[Grant], bool, bool, bool]:
    """Return grants that hold; whether codes are replaced, sites shown, verdicts shown to sites."""
    with reading(records) as connection:
        grants = [one for one in grants_in(connection, by.account) if one.holds(by.at)]
        if _is_locked(connection, by.account):
            grants = []
        options = options_in(connection)
    coded = bool(coding) and any(one.role is Role.STATISTICIAN for one in grants)
    if coded:
        grants = [one for one in grants if one.role is Role.STATISTICIAN]
    return grants, coded, options.statisticians_see_sites, options.sites_see_verdict


def _is_locked(connection: Connection, account: int) -> bool:
    from_table = t.metadata.tables["account_states"]
    last = sa.select(from_table.c.state).where(from_table.c.account_id == account)
    return connection.scalar(last.order_by(from_table.c.id.desc()).limit(1)) == "locked"


def _is_of_site(grants: list[Grant]) -> bool:
    """Tell whether somebody is told of states what a site is told."""
    roles = {one.role for one in grants}
    return bool(roles & OF_A_SITE) and not roles & {Role.COORDINATOR, Role.AUDITOR}


_SEEN_STATE: Final = sa.case(
    {one.value: seen_by_site(one).value for one in State}, value=queue.c.state, else_=queue.c.state
)
"""The state as a site is told it, by which alone it filters and orders."""


def _filtered(wanted: QueueRequest, *, of_site: bool) -> Iterator[sa.ColumnElement[bool]]:
    for name, values in wanted.filters.items():
        yield (_SEEN_STATE if of_site and name == "state" else queue.c[name]).in_(values)
    if wanted.search:
        found = wanted.search
        yield sa.or_(
            queue.c.code.startswith(found, autoescape=True),
            queue.c.subject.startswith(found, autoescape=True),
        )


def _visible(
    grants: list[Grant], account: int, view: str, *, coded: bool
) -> sa.ColumnElement[bool]:
    """Return which rows an account sees, from its grants alone."""
    mine = f",{account},"
    assigned = sa.or_(
        queue.c.readers.contains(mine, autoescape=True),
        queue.c.adjudicators.contains(mine, autoescape=True),
    )
    allowed: list[sa.ColumnElement[bool]] = []
    for one in grants:
        where = _covered(one)
        judged = sa.and_(where, sa.not_(queue.c.barred.contains(mine, autoescape=True)))
        if one.role in _ALL_OF_SITE or (coded and one.role is Role.STATISTICIAN):
            allowed.append(where)
        elif one.role is Role.REVIEWER:
            waits = queue.c.state == "reviewed by engine"
            allowed.append(sa.and_(judged, waits if view == "pool" else assigned))
        elif one.role is Role.ADJUDICATOR:
            allowed.append(sa.and_(judged, assigned))
    seen = sa.or_(sa.false(), *allowed)
    if view == "mine":
        return sa.and_(seen, assigned)
    return sa.and_(seen, queue.c.state == "reviewed by engine") if view == "pool" else seen


def _covered(one: Grant) -> sa.ColumnElement[bool]:
    parts: list[sa.ColumnElement[bool]] = [sa.true()]
    if one.trial != EVERYWHERE:
        parts.append(queue.c.trial == one.trial)
    if one.site != EVERYWHERE:
        parts.append(queue.c.site == one.site)
    return sa.and_(*parts)


_ALL_OF_SITE: Final = (Role.COORDINATOR, Role.AUDITOR, Role.SUBMITTER, Role.PHYSICIST)
"""Roles that see all submissions of the sites they are granted for."""


def _as_seen(entry: QueueEntry, account: int, grants: list[Grant], *, verdict: bool) -> QueueEntry:
    """Return a row without what the account is not to see: other readers, a site its verdict."""
    roles = {one.role for one in grants if one.covers(entry.trial, entry.site)}
    if roles & {Role.COORDINATOR, Role.AUDITOR}:
        return entry
    mine = f",{account},"
    entry = replace(
        entry,
        readers=mine if mine in entry.readers else "",
        adjudicators=mine if mine in entry.adjudicators else "",
        barred="",
    )
    if roles & {Role.REVIEWER, Role.ADJUDICATOR, Role.STATISTICIAN}:
        return entry
    entry = replace(entry, state=seen_by_site(State(entry.state)).value)
    return entry if verdict else replace(entry, verdict="", minor=0, major=0, not_evaluable=0)


# --- keeping it --------------------------------------------------------------------------------


def refresh(records: Database, working: Engine) -> int:
    """Take in what the records hold since; return how many rows that changed."""
    with working.connect() as connection:
        upto = connection.scalar(sa.select(queue_upto.c.seq))
    with reading(records) as connection:
        head = connection.scalar(sa.select(sa.func.max(t.audit_events.c.seq))) or 0
        if upto == head:
            return 0
        touched = None if upto is None or upto > head else _touched(connection, upto)
        entries = list(queue_entries(connection, touched))
    _put(working, entries, head, anew=touched is None)
    return len(entries)


def make_queue(working: Engine) -> None:
    """Make the tables of the queue where they are missing."""
    queue_metadata.create_all(working)


def rebuild(records: Database, working: Engine) -> int:
    """Make the queue anew from the records; return its rows."""
    make_queue(working)
    with reading(records) as connection:
        head = connection.scalar(sa.select(sa.func.max(t.audit_events.c.seq))) or 0
        entries = list(queue_entries(connection, None))
    _put(working, entries, head, anew=True)
    return len(entries)


def queue_differences(records: Database, working: Engine) -> tuple[str, ...]:
    """Return the codes of submissions whose row is not what the records say; none when all are."""
    refresh(records, working)
    with reading(records) as connection:
        true = {one.submission: one for one in queue_entries(connection, None)}
    with working.connect() as connection:
        rows = connection.execute(sa.select(queue)).mappings().all()
    kept = {row["submission"]: QueueEntry.of_row(row) for row in rows}
    wrong = {key for key in {*true, *kept} if true.get(key) != kept.get(key)}
    return tuple((true.get(key) or kept[key]).code for key in sorted(wrong))


def _put(working: Engine, entries: Iterable[QueueEntry], head: int, *, anew: bool) -> None:
    rows = [one.as_row() for one in entries]
    with working.begin() as connection:
        gone = sa.delete(queue)
        if not anew:
            gone = gone.where(queue.c.submission.in_([row["submission"] for row in rows]))
        connection.execute(gone)
        if rows:
            connection.execute(queue.insert(), rows)
        connection.execute(sa.delete(queue_upto))
        connection.execute(queue_upto.insert(), {"one": 1, "seq": head})


def _touched(connection: Connection, upto: int) -> list[int] | None:
    """Return the submissions that events since then may have changed; None where all may have."""
    e = t.audit_events.c
    found: set[int] = set()
    for row in connection.execute(sa.select(e.kind, e.details).where(e.seq > upto)):
        data = json.loads(row.details)
        if isinstance(data.get("submission"), int):
            found.add(data["submission"])
        elif row.kind in _OF_ALL:
            return None
    s = t.submissions.c
    same = sa.select(s.subject_id).where(s.id.in_(found))
    return list(connection.scalars(sa.select(s.id).where(s.subject_id.in_(same))))


_OF_ALL: Final = frozenset({
    "submissions taken in", "office option set", "conflict of interest declared",
    "conflict of interest ended", "account added", "regraded", "reviewed", "role granted",
    "grant ended", "grant confirmed",
})  # fmt: skip
"""Kinds of events that may change many rows; the next page makes the queue anew."""
