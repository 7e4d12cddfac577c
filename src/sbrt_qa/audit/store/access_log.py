"""Who looked at what, and when: a chain of its own, beside the records.

What is only looked at changes no record, and there is much of it; so it lives in
``AUDIT/access.db`` (a schema of its own in PostgreSQL). The end of this chain is told to the chain
of the records every hour and with every signature: whoever cuts events off is found out there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sbrt_qa.audit.store.chain import START, canonical
from sbrt_qa.audit.store.connection import open_engine, reading, translated
from sbrt_qa.audit.store.office_tables import signatures
from sbrt_qa.audit.store.tables import audit_events

FILE: Final = "access.db"
SCHEMA: Final = "access"
ACCESS_LOCK: Final = 7_300_018
"""Key of PostgreSQL's advisory lock that lets one process at a time append."""

HEAD_TOLD: Final = "end of the access log"
"""The kind of the event of the records' chain that tells the end of this one."""

access_metadata = sa.MetaData()

access_events = sa.Table(
    "access_events",
    access_metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("page", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody looked at something.

    Parameters
    ----------
    at
        UTC.
    account, session, request
        Code of the account, hash of the session's id, number of the request.
    action
        ``read``, or ``download``, ``export``, ``view PHI``.
    page
        The pattern of the address, such as ``/cases/{case}``; never an address with what it holds.
    subject
        The submission, where it is about one.
    reason
        Why, where it was asked.
    """

    at: str
    account: str
    session: str
    request: str
    action: str
    page: str
    subject: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """An event of the log, with its place in the chain."""

    seq: int
    access: Access
    hash: str


class AccessLog:
    """The log of one audit.

    Parameters
    ----------
    engine
        Of its database.
    make
        Whether the table and its triggers are made where they are missing.
    """

    def __init__(self, engine: Engine, *, make: bool = True) -> None:
        self._engine = engine
        if make:
            self._make()

    def _make(self) -> None:
        engine = self._engine
        with self._writing() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
            access_metadata.create_all(connection)
            for statement in _triggers(engine.dialect.name):
                connection.exec_driver_sql(statement)

    @classmethod
    def in_folder(cls, folder: Path) -> AccessLog:
        """Open the file in a folder; only its owner may read it."""
        path = folder / FILE
        path.touch(0o600)
        return cls(open_engine(f"sqlite:///{path}"))

    @classmethod
    def in_database(cls, url: str) -> AccessLog:
        """Open the table in a schema of its own of a PostgreSQL database."""
        return cls(_in_schema(open_engine(url)))

    @classmethod
    def there(cls, folder: Path, records: Engine) -> AccessLog | None:
        """Open the log of an audit to look at it, where there is one; nothing is made."""
        if records.dialect.name == "postgresql":
            engine = _in_schema(open_engine(records.url.render_as_string(hide_password=False)))
            if SCHEMA in sa.inspect(engine).get_schema_names():
                return cls(engine, make=False)
            engine.dispose()
            return None
        path = folder / FILE
        return cls(open_engine(f"sqlite:///{path}"), make=False) if path.is_file() else None

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def append(self, accesses: Iterable[Access]) -> None:
        """Add what was looked at, in its order, in one transaction; it is durable on return."""
        with self._writing() as connection:
            seq, previous = _end(connection)
            rows = []
            for one in accesses:
                seq += 1
                told = {**asdict(one), "seq": seq, "previous": previous}
                previous = _hash(told)
                rows.append({**told, "hash": previous})
            if rows:
                connection.execute(access_events.insert(), rows)

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last event; 0 and `START` of an empty log."""
        with self._reading() as connection:
            return _end(connection)

    def rows(self, subject: str = "", account: str = "", most: int = 200) -> list[AccessRow]:
        """Return events, newest first, by the beginning of the subject and by account."""
        e = access_events.c
        query = sa.select(access_events).order_by(e.seq.desc()).limit(most)
        if subject:
            query = query.where(e.subject.startswith(subject, autoescape=True))
        if account:
            query = query.where(e.account == account)
        with self._reading() as connection:
            return [_row(row) for row in connection.execute(query)]

    def differences(self, told: Mapping[int, str]) -> Iterator[str]:
        """Tell every event that is not what it was, and ends that were told and are gone.

        Parameters
        ----------
        told
            Hashes by number of the event, as the chain of the records tells them.
        """
        seq, previous = 0, START
        seen: dict[int, str] = {}
        with self._reading() as connection:
            query = sa.select(access_events).order_by(access_events.c.seq)
            for row in connection.execute(query).mappings():
                values = {k: v for k, v in row.items() if k != "hash"}
                if (row["seq"], row["previous"]) != (seq + 1, previous):
                    yield f"access log: event {row['seq']} does not follow event {seq}"
                if row["hash"] != _hash(values):
                    yield f"access log: event {row['seq']} is not what was recorded"
                seq, previous = row["seq"], row["hash"]
                if seq in told:
                    seen[seq] = previous
        for number, digest in sorted(told.items()):
            if number and seen.get(number) != digest:
                yield f"access log: event {number}, which the records tell of, is gone or changed"

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as fresh:
            connection = fresh.execution_options(sbrt_qa_writes=True, sbrt_qa_durable=True)
            with connection.begin():
                if self._engine.dialect.name == "postgresql":
                    lock = f"SELECT pg_advisory_xact_lock({ACCESS_LOCK})"
                    connection.exec_driver_sql(lock)
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as connection, connection.begin():
            yield connection


def access_differences(folder: Path, records: Engine) -> Iterator[str]:
    """Tell what of an audit's access log is not as it was, or that a log the records know is gone.

    Parameters
    ----------
    records
        The store of records.
    """
    with reading(records) as connection:
        told = told_heads(connection)
    log = AccessLog.there(folder, records)
    if log is None:
        if told:
            yield "the access log, which the records tell of, is not there"
        return
    try:
        yield from log.differences(told)
    finally:
        log.close()


def told_heads(connection: Connection) -> dict[int, str]:
    """Return the ends of the access log that the records tell of: each hour, with signatures."""
    e, s = audit_events.c, signatures.c
    found: dict[int, str] = {}
    for text in connection.scalars(sa.select(e.details).where(e.kind == HEAD_TOLD)):
        data = json.loads(text)
        found[data["event"]] = data["sha256"]
    for document in connection.scalars(sa.select(s.document)):
        number, _, digest = str(json.loads(document).get("access_head", "")).partition(" ")
        if number.isdigit():
            found[int(number)] = digest
    return found


def _in_schema(engine: Engine) -> Engine:
    return engine.execution_options(schema_translate_map={None: SCHEMA})


def _end(connection: Connection) -> tuple[int, str]:
    e = access_events.c
    row = connection.execute(sa.select(e.seq, e.hash).order_by(e.seq.desc()).limit(1)).first()
    return (0, START) if row is None else (row.seq, row.hash)


def _hash(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(told)).encode()).hexdigest()


def _row(row: sa.Row[Any]) -> AccessRow:
    access = Access(
        row.at, row.account, row.session, row.request, row.action, row.page, row.subject,
        row.reason,
    )  # fmt: skip
    return AccessRow(row.seq, access, row.hash)


def _triggers(dialect: str) -> tuple[str, ...]:
    words = "events of the access log are never changed"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER IF NOT EXISTS access_events_no_{action.lower()} BEFORE {action} ON "
            f"access_events BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for action in ("UPDATE", "DELETE")
        )
    name = f"{SCHEMA}.access_events_append_only"
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION "
        f"'{words}'; END $$ LANGUAGE plpgsql",
        f"CREATE OR REPLACE TRIGGER access_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {SCHEMA}.access_events FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )
