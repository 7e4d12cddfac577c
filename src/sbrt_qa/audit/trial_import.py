"""``trial import``, ``problems`` and ``diff``: the trial's own data beside its plans."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.trial_records import ImportHead, StoredImport
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.trial.assemble import TextTable
    from sbrt_qa.trial.data_changes import RowChange
    from sbrt_qa.trial.readers.forms import DataFiles
    from sbrt_qa.trial.validate import Imported

KNOWN_SHARE: Final = 0.5
"""Below this share of irradiated subjects with plans in the audit, names and codes do not meet."""

TRIAL_UNSTATED: Final = "trial"
"""Code of a trial whose data came before any plan."""


@contextmanager
def trial_store(audit: Path, database: str = "", *, begin: bool = False) -> Iterator[Database]:
    """Give the store of an audit; with `begin` one is begun where a folder is new or empty.

    Raises
    ------
    UsageError, StoreError
        There is none, or it cannot be used.
    """
    from sbrt_qa.audit.folder import SETTINGS, AuditSettings, open_audit
    from sbrt_qa.audit.folder import begin as begin_folder

    if begin and not (audit / SETTINGS).exists():
        from sbrt_qa.audit.store.connection import shown

        folder = begin_folder(
            audit, AuditSettings(TRIAL_UNSTATED, shown(database) if database else "")
        )
    else:
        folder = open_audit(audit)
    engine = folder.engine(database)
    try:
        yield engine
    finally:
        engine.dispose()


def import_data(
    audit: Path,
    data: Path,
    *,
    mapping: Path | None = None,
    records: Path | None = None,
    key_file: Path | None = None,
    database: str = "",
    by: Doing | None = None,
    today: dt.date | None = None,
) -> StoredImport:
    """Read, check and record the data of a trial: one import, one transaction, one event.

    `records` is a folder of RT treatment records (DICOM), whose fractions win over those of forms.

    Raises
    ------
    UsageError
        There is no audit or no data, or the audit goes by pseudonyms and no key is given.
    InputError
        A file cannot be read, or holds what identifies a patient; nothing is recorded then.
    """
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store.trial_records import StoredImport, record_import
    from sbrt_qa.audit.times import now
    from sbrt_qa.trial.assemble import assemble
    from sbrt_qa.trial.readers.forms import read_data
    from sbrt_qa.trial.validate import validate

    files = read_data(data, mapping)
    if records is not None:
        files = _with_records(files, records, key_file)
    with trial_store(audit, database, begin=True) as engine:
        tables = _coded(audit, files.tables, key_file)
        imported = validate(assemble(tables, today or dt.datetime.now().astimezone().date()))
        _refuse_strangers(audit, engine, imported)
        head: ImportHead = record_import(
            engine,
            imported,
            now(),
            form=files.form,
            files=files.files,
            mapping_sha256=files.mapping_sha256,
            by=by,
        )
        write_head(audit, engine)
    return StoredImport(head, imported)


def _with_records(files: DataFiles, records: Path, key_file: Path | None) -> DataFiles:
    """Return data with the fractions of treatment records; they win over what forms say."""
    from dataclasses import replace

    from sbrt_qa.trial.readers.recorded_fractions import read_treatment_records

    days: dict[str, int] = {}
    if key_file is not None and key_file.exists():
        from sbrt_qa.deid.crosswalk import path_of, read_crosswalk
        from sbrt_qa.deid.secret import read_key

        days = read_crosswalk(path_of(key_file), read_key(key_file)).days
    found = read_treatment_records(records, files.tables, days.get)
    hashes = {**files.files, **found.files}
    return replace(files, tables=(*files.tables, found.table), files=hashes)


def _coded(
    audit: Path, tables: tuple[TextTable, ...], key_file: Path | None
) -> tuple[TextTable, ...]:
    """Return tables in which subjects go by the pseudonyms of an audit that has them."""
    from dataclasses import replace

    from sbrt_qa.audit.folder import open_audit, read_secret

    folder = open_audit(audit)
    if not folder.settings.pseudonymized:
        return tables
    secret = read_secret(folder, key_file)

    def code(cells: dict[str, str]) -> dict[str, str]:
        name = cells.get("subject", "")
        return cells | {"subject": secret.code("P", name.strip())} if name.strip() else cells

    return tuple(
        replace(one, rows=tuple((line, code(dict(cells))) for line, cells in one.rows))
        for one in tables
    )


def _refuse_strangers(audit: Path, engine: Database, imported: Imported) -> None:
    """Refuse data whose subjects are not those of the plans of an audit that has pseudonyms."""
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.treated_plans import subject_codes

    if not open_audit(audit).settings.pseudonymized or not (known := subject_codes(engine)):
        return
    treated = [r.subject for r in imported.data.of("subjects") if r.text("arm") == "SBRT"]
    met = sum(code in known for code in treated)
    if treated and met < KNOWN_SHARE * len(treated):
        raise UsageError(
            "the subjects of the data are not those of the plans, so nothing was imported",
            got=f"{met} of {len(treated)} subjects of the SBRT arm",
            expected="at least half of them",
            advice="Give the key that the audit was made with: --pseudonymize KEYFILE",
        )


def problems_of(audit: Path, database: str = "", number: int = 0) -> StoredImport:
    """Return an import, the last one when `number` is 0, with what is wrong with it.

    Raises
    ------
    UsageError
        There is none.
    """
    from sbrt_qa.audit.store.trial_records import stored_import

    with trial_store(audit, database) as engine:
        return stored_import(engine, number)


def changes_of(
    audit: Path, database: str = "", before: int = 0, after: int = 0
) -> tuple[RowChange, ...]:
    """Return what differs between two imports, key by key; by default the last two.

    Raises
    ------
    UsageError
        There are not two.
    """
    from sbrt_qa.audit.store.trial_records import import_heads, stored_import
    from sbrt_qa.trial.data_changes import row_changes

    with trial_store(audit, database) as engine:
        numbers = [one.id for one in import_heads(engine)]
        after = after or (numbers[-1] if numbers else 0)
        earlier = [number for number in numbers if number < after]
        before = before or (earlier[-1] if earlier else 0)
        if not before:
            raise UsageError("there is no earlier import to compare with")
        first, second = stored_import(engine, before), stored_import(engine, after)
    return row_changes(first.imported.data, second.imported.data)


def check_date(text: str) -> dt.date:
    """Return a date of the command line.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError("not a date", got=quoted(text), expected="YYYY-MM-DD") from None
