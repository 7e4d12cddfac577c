"""Recording imports of the trial's data, and giving them back as values."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import Database, reading, writing
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.row_values import COMPRESSION
from sbrt_qa.audit.store.rows import insert, insert_all
from sbrt_qa.errors import ResultError, UsageError
from sbrt_qa.i18n.phrase import phrases_in, with_phrases
from sbrt_qa.model.actor import Doing
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.trial_data import row_from_json, rows_sha256, trial_data
from sbrt_qa.trial.validate import Imported

IMPORTED: Final = "trial data imported"
"""Kind of the event of an import."""

ROWS_AT_A_TIME: Final = 5000


@dataclass(frozen=True, slots=True)
class ImportHead:
    """What an import says of itself.

    Parameters
    ----------
    files
        SHA-256 by what each file is called.
    mapping_sha256
        Of the mapping file; empty without one.
    """

    id: int
    at: str
    form: str
    files: Mapping[str, str]
    mapping_sha256: str
    canonical_sha256: str
    rows: int
    errors: int


@dataclass(frozen=True, slots=True)
class StoredImport:
    """An import with its content."""

    head: ImportHead
    imported: Imported = field(repr=False)


def record_import(
    engine: Database,
    imported: Imported,
    at: str,
    *,
    form: str,
    files: Mapping[str, str],
    mapping_sha256: str = "",
    by: Doing | None = None,
) -> ImportHead:
    """Record an import in one transaction, with one event; return what it says of itself.

    The same data with the same problems as the import before are not recorded a second time; that
    import is returned.
    """
    document = _document(imported)
    digest = sha256(document)
    data = imported.data
    with writing(engine, durable=True) as connection:
        last = _last(connection)
        if last is not None and (last.canonical_sha256, last.sha256) == (data.sha256, digest):
            return _head(last)
        row = {
            "at": at, "form": form, "files": json.dumps(dict(sorted(files.items()))),
            "mapping_sha256": mapping_sha256, "canonical_sha256": data.sha256,
            "row_count": data.size, "error_count": imported.errors,
            "document": zlib.compress(document.encode(), COMPRESSION), "sha256": digest,
        }  # fmt: skip
        number = insert(connection, t.trial_imports, row)
        _insert_rows(connection, number, imported)
        told = {
            "import": number, "canonical": data.sha256, "rows": data.size,
            "errors": imported.errors, "files": sorted(files.values()), "mapping": mapping_sha256,
        }  # fmt: skip
        append(connection, at, IMPORTED, "", told, by)
    return ImportHead(
        number, at, form, dict(files), mapping_sha256, data.sha256, data.size, imported.errors
    )


def _insert_rows(connection: Connection, number: int, imported: Imported) -> None:
    waiting: list[dict[str, Any]] = []
    for table, rows in imported.data.rows.items():
        for row in rows:
            text = row.as_json()
            waiting.append({
                "import_id": number, "table_name": table, "row_key": json.dumps(row.key),
                "json": text, "sha256": sha256(text),
            })  # fmt: skip
            if len(waiting) == ROWS_AT_A_TIME:
                insert_all(connection, t.trial_rows, waiting)
                waiting = []
    insert_all(connection, t.trial_rows, waiting)


def _document(imported: Imported) -> str:
    data = {
        "problems": [asdict(one) for one in imported.problems],
        "phrases": phrases_in(imported.problems),
        "blocked_subjects": list(imported.blocked_subjects),
        "kept_out": {subject: list(tables) for subject, tables in imported.kept_out.items()},
    }
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _last(connection: Connection) -> sa.Row[Any] | None:
    query = sa.select(t.trial_imports).order_by(t.trial_imports.c.id.desc()).limit(1)
    return connection.execute(query).first()


def _head(row: sa.Row[Any]) -> ImportHead:
    return ImportHead(
        row.id, row.at, row.form, json.loads(row.files), row.mapping_sha256,
        row.canonical_sha256, row.row_count, row.error_count,
    )  # fmt: skip


def import_heads(engine: Database) -> tuple[ImportHead, ...]:
    """Return all imports, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(t.trial_imports).order_by(t.trial_imports.c.id))
        return tuple(_head(row) for row in rows)


def stored_import(engine: Database, number: int = 0) -> StoredImport:
    """Return an import by its number; the last one when that is 0.

    Raises
    ------
    UsageError
        There is none.
    ResultError
        It is not what it was.
    """
    with reading(engine) as connection:
        head = _asked(connection, number)
        texts = _texts(connection, head)
    document = json.loads(unpacked(head.document))
    data = trial_data(row_from_json(table, text) for table, text in texts)
    problems = _problems(document)
    kept_out = {subject: tuple(tables) for subject, tables in document["kept_out"].items()}
    imported = Imported(data, problems, tuple(document["blocked_subjects"]), kept_out)
    return StoredImport(_head(head), imported)


def stored_head(engine: Database, number: int = 0) -> ImportHead:
    """Return what an import says of itself, its rows checked but not read.

    Raises
    ------
    UsageError, ResultError
        As `stored_import`.
    """
    with reading(engine) as connection:
        head = _asked(connection, number)
        _texts(connection, head)
    return _head(head)


def stored_problems(engine: Database, number: int) -> tuple[Problem, ...]:
    """Return what was wrong with an import, without its rows.

    Raises
    ------
    UsageError
        There is none.
    """
    with reading(engine) as connection:
        head = _asked(connection, number)
    return _problems(json.loads(unpacked(head.document)))


def _problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    problems = tuple(Problem(**one) for one in document["problems"])
    return with_phrases(problems, document["phrases"])


def _texts(connection: Connection, head: sa.Row[Any]) -> list[tuple[str, str]]:
    """Return table and text of every row of an import, in the order in which they were hashed."""
    rows = t.trial_rows
    found = connection.execute(
        sa.select(rows.c.table_name, rows.c.json)
        .where(rows.c.import_id == head.id).order_by(rows.c.id)
    )  # fmt: skip
    texts = [(row.table_name, row.json) for row in found]
    if rows_sha256(texts) != head.canonical_sha256:
        raise ResultError("an import of trial data is not what it was", where=f"import {head.id}")
    return texts


def _asked(connection: Connection, number: int) -> sa.Row[Any]:
    query = sa.select(t.trial_imports).order_by(t.trial_imports.c.id.desc()).limit(1)
    if number:
        query = query.where(t.trial_imports.c.id == number)
    found = connection.execute(query).first()
    if found is None:
        what = "there is no such import" if number else "no data of the trial have been imported"
        advice = "Import them: sbrt-qa trial import AUDIT DATA"
        raise UsageError(what, got=str(number) if number else "", advice=advice)
    return found
