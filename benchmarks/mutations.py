"""Every column of every table changed, rows taken out, and the last events cut: what of it
`sbrt-qa verify` names, on SQLite and on PostgreSQL.

    scripts/bench mutations [sqlite] [postgresql] [--all]

Each change is made behind the program's back, verified, and taken back. It is made in one row of
each table, with --all in every row.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bench_helpers import HERE

sys.path.append(str(HERE.parent / "tests" / "store"))

from entries import fill
from forging import Change, changes, forge, updating
from postgres import running_server

from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import AuditSettings, begin, open_audit
from sbrt_qa.audit.published import put_letter, record_files
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.queries import letters
from sbrt_qa.audit.verifying import verify

AT = "2026-02-02T10:00:00Z"
KINDS = ("sqlite", "postgresql")


def main() -> int:
    """Try every change on the databases that are asked for; return 1 when one is not named."""
    missed = 0
    heads = f"{'refused':>9}{'made':>8}{'named':>8}{'seconds':>10}"
    print(f"{'database':<12}{'change':<28}{heads}")
    for kind in [one for one in KINDS if one in sys.argv[1:]] or KINDS:
        with audit_on(kind) as audit:
            for what, tried in (
                ("a column of a row", columns),
                ("a row taken out", rows),
                ("events cut from the end", cuts),
            ):
                begun = time.perf_counter()
                outcomes = dict(tried(audit))
                seconds = time.perf_counter() - begun
                made = [found for found in outcomes.values() if found is not None]
                counts = f"{len(outcomes) - len(made):>9}{len(made):>8}{sum(made):>8}"
                print(f"{kind:<12}{what:<28}{counts}{seconds:>10.0f}", flush=True)
                for name in (one for one, found in outcomes.items() if found is False):
                    print(f"  not named: {name}")
                    missed += 1
            if difference := verify(audit).difference:
                print(f"  not taken back: {difference}")
                missed += 1
    return 1 if missed else 0


@contextmanager
def audit_on(kind: str) -> Iterator[Path]:
    """Give an audit with rows in every table and files of every kind, on a database of a kind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "AUDIT"
        url = stack.enter_context(running_server()) if kind == "postgresql" else ""
        engine = begin(folder, AuditSettings("T", url)).engine()
        fill(engine)
        page = folder / "cases" / "S1" / "001" / "v1" / "report.html"
        page.parent.mkdir(parents=True)
        page.write_text("<p>S1</p>")
        record_files(engine, folder, AT)
        for one in letters(engine):
            put_letter(folder, one.top.number, one.text)
        engine.dispose()
        finish(folder)
        yield folder


Outcomes = Iterator[tuple[str, bool | None]]
"""What was tried, and whether it was named; None where the database refused it, or changed
nothing."""


def columns(audit: Path) -> Outcomes:
    """Change each column in each way, see `forging.others`."""
    with opened(audit) as engine:
        with reading(engine) as connection:
            tried = changes(connection, all_rows="--all" in sys.argv)
        for number, change in enumerate(tried):
            table = t.metadata.tables[change.table]
            key = next(iter(table.primary_key.columns))
            with reading(engine) as connection:
                query = sa.select(table.c[change.column]).where(key == change.key)
                old = connection.scalar(query)
            try:
                forge(engine, updating(change))
            except (sa.exc.IntegrityError, sa.exc.DataError):
                yield f"{number}: {change}", None
                continue
            moved = change.value if change.column == key.name else change.key
            with reading(engine) as connection:
                there = connection.scalar(sa.select(table.c[change.column]).where(key == moved))
            if there == old:  # PostgreSQL cuts blanks beyond the width of a column
                yield f"{number}: {change}", None
                continue
            yield f"{number}: {change}", bool(verify(audit).difference)
            forge(engine, updating(Change(change.table, change.column, moved, old)))


def rows(audit: Path) -> Outcomes:
    """Take a row out, each in its turn."""
    with opened(audit) as engine:
        for table in t.metadata.sorted_tables:
            key = next(iter(table.primary_key.columns))
            with reading(engine) as connection:
                there = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for row in there if "--all" in sys.argv else there[-1:]:
                forge(engine, table.delete().where(key == row[key.name]))
                yield f"{table.name} {row[key.name]}", bool(verify(audit).difference)
                forge(engine, table.insert().values(row))


def cuts(audit: Path) -> Outcomes:
    """Cut the last event, the last two, and so on until none is left."""
    e = t.audit_events
    with opened(audit) as engine:
        with reading(engine) as connection:
            query = sa.select(e).order_by(e.c.seq)
            there: list[dict[str, Any]] = [dict(r) for r in connection.execute(query).mappings()]
        for row in reversed(there):
            forge(engine, e.delete().where(e.c.seq == row["seq"]))
            yield f"all but {row['seq'] - 1} events", bool(verify(audit).difference)
        forge(engine, *(e.insert().values(row) for row in there))


@contextmanager
def opened(audit: Path) -> Iterator[sa.Engine]:
    """Open the store of an audit past all that guards it."""
    engine = open_audit(audit).unchecked_engine()
    try:
        yield engine
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
