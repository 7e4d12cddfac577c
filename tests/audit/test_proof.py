"""What somebody with the audit's folder could do to it is named: cases 143 and 144.

The audit of most of these tests is put together here, small, with rows in every table and files of
every kind; so that each change can be tried on its own.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import fill
from forging import AUDIT_TABLES, changes, forge, updating
from trials import run

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import Anchors
from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import AuditSettings, begin, open_audit
from sbrt_qa.audit.head import HEAD, write_head
from sbrt_qa.audit.published import put_letter, record_files
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import canonical, event_hash
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.queries import letters
from sbrt_qa.audit.store.triggers import keys
from sbrt_qa.audit.verifying import accept_loss, verify
from sbrt_qa.errors import StoreError, UsageError

NOW = "2026-02-02T10:00:00Z"
OFFICE = doing("Test Office", "coordinator")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small audit with every kind of row and file. Read only."""
    folder = tmp_path_factory.mktemp("proof") / "AUDIT"
    place = begin(folder, AuditSettings("T"))
    engine = place.engine()
    fill(engine)
    for name in ("S1", "S2"):
        page = folder / "cases" / name / "001" / "v1" / "report.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<p>{name}</p>")
    record_files(engine, folder, NOW)
    for one in letters(engine):
        put_letter(folder, one.top.number, one.text)
    engine.dispose()
    finish(folder)
    assert verify(folder).difference == ""
    return folder


@pytest.fixture
def audit(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "AUDIT"))


def forged(audit: Path, *statements: sa.Executable) -> str:
    engine = open_audit(audit).unchecked_engine()
    forge(engine, *statements)
    engine.dispose()
    return verify(audit).difference


def store_as_it_was(audit: Path, whole: Path) -> None:
    """Put the database back; a log beside it would belong to the one that was changed."""
    for left in audit.glob("audit.db*"):
        left.unlink()
    for part in whole.glob("audit.db*"):
        shutil.copy(part, audit)


def test_case_144__every_column_of_every_table_is_covered(whole, tmp_path):
    engine = open_audit(whole).unchecked_engine()
    with reading(engine) as connection:
        tried = changes(connection, tables=AUDIT_TABLES)
    engine.dispose()
    assert {(c.table, c.column) for c in tried} == {
        (table.name, column.name) for table in AUDIT_TABLES for column in table.c
    }
    copy = Path(shutil.copytree(whole, tmp_path / "AUDIT"))
    unnamed = []
    for change in tried:
        store_as_it_was(copy, whole)
        if not forged(copy, updating(change)):
            unnamed.append(str(change))
    assert unnamed == []
    store_as_it_was(copy, whole)
    assert verify(copy).difference == ""  # nothing but the store was changed


def test_case_144__every_row_that_is_deleted_or_added_is_named(audit, whole):
    for table in (one for one in AUDIT_TABLES if one is not t.audit_events):
        last = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        assert forged(audit, table.delete().where(table.c.id == last)), table.name
        store_as_it_was(audit, whole)
        engine = open_audit(audit).unchecked_engine()
        with reading(engine) as connection:
            row = dict(connection.execute(sa.select(table).limit(1)).mappings().one())
        engine.dispose()
        for name in {name for key in keys(table) for name in key}:
            row[name] = row[name] + 1000 if isinstance(row[name], int) else f"x{row[name]}"[:64]
        assert forged(audit, table.insert().values(row)), table.name
        store_as_it_was(audit, whole)
    assert verify(audit).difference == ""  # nothing but the store was changed


def test_case_144__events_cut_from_the_end_are_named(whole, audit):
    e = t.audit_events
    for kept in range(int((whole / HEAD).read_text().split()[1])):
        store_as_it_was(audit, whole)
        assert forged(audit, e.delete().where(e.c.seq > kept)), f"all but {kept} events"


def test_case_144__events_cut_with_all_that_they_tell_are_named(audit):
    finish(audit)  # the last event adds no row
    e = t.audit_events
    last = sa.select(sa.func.max(e.c.seq)).scalar_subquery()
    assert "events were cut off" in forged(audit, e.delete().where(e.c.seq == last))


def change_text(path: Path) -> None:
    path.write_text(path.read_text() + " ")


def link(path: Path) -> None:
    same = path.with_name("same")
    path.rename(same)
    path.symlink_to(same.name)


def another(path: Path) -> None:
    shutil.copy(path, path.with_name(f"another{path.suffix}"))


@pytest.mark.parametrize("change", [change_text, Path.unlink, link, another])
@pytest.mark.parametrize("name", ["index.html", "cases/S1/001/v1/report.html", "letters/0002.txt"])
def test_case_144__any_file_that_is_replaced_is_named(audit, name, change):
    if name == "index.html" and change is another:
        name = "cases/S2/001/v1/report.html"
    change(audit / name)
    assert (
        Path(name).parent.as_posix() in verify(audit).difference or name in verify(audit).difference
    )


def test_case_144__two_reports_that_changed_places_are_named(audit):
    one, other = (audit / "cases" / site / "001" / "v1" / "report.html" for site in ("S1", "S2"))
    aside = one.read_text()
    one.write_text(other.read_text())
    other.write_text(aside)
    assert "cases/S1/001/v1/report.html is not what was recorded" in verify(audit).difference


def test_case_144__a_folder_of_reports_that_is_a_link_is_named(audit, tmp_path):
    (audit / "cases" / "S1").rename(tmp_path / "S1")
    (audit / "cases" / "S1").symlink_to(tmp_path / "S1")
    assert "is a link" in verify(audit).difference


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE findings ADD COLUMN note TEXT",
        "CREATE TABLE more (id INTEGER)",
        "CREATE VIEW seen AS SELECT * FROM findings",
        "CREATE TRIGGER quiet AFTER INSERT ON findings BEGIN SELECT 1; END",
        "DROP INDEX ix_findings_review_id",
        "UPDATE alembic_version SET version_num = 'v004'",
        "UPDATE alembic_version SET version_num = ''",
        "DROP TABLE site_names",
    ],
)
def test_a_schema_that_is_not_ours_is_named(audit, statement):
    base = sqlite3.connect(audit / "audit.db")
    base.execute(statement)
    base.commit()
    base.close()
    assert verify(audit).difference


# --- the store is gone, emptied or older ---------------------------------------------------------


def gone(audit: Path) -> None:
    (audit / "audit.db").unlink()


def empty_file(audit: Path) -> None:
    (audit / "audit.db").write_bytes(b"")


def empty_store(audit: Path) -> None:
    gone(audit)
    begin(audit.parent / "other", AuditSettings("T")).engine().dispose()
    shutil.copy(audit.parent / "other" / "audit.db", audit / "audit.db")


def older(audit: Path) -> None:
    engine = open_audit(audit).unchecked_engine()
    e = t.audit_events
    forge(engine, e.delete().where(e.c.seq > 3))
    engine.dispose()


def without_head(harm: Callable[[Path], None]) -> Callable[[Path], None]:
    def both(audit: Path) -> None:
        harm(audit)
        (audit / HEAD).unlink()

    both.__name__ = f"{harm.__name__}, without HEAD"
    return both


def only_letters(harm: Callable[[Path], None]) -> Callable[[Path], None]:
    def all_three(audit: Path) -> None:
        without_head(harm)(audit)
        (audit / "index.html").unlink()

    all_three.__name__ = f"{harm.__name__}, with letters alone"
    return all_three


HARMS = [gone, empty_file, empty_store, older]
HARMS += [*map(without_head, HARMS), *map(only_letters, HARMS[:-1])]
"""The last is told from letters only where one was written since."""


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_case_143__a_store_that_is_gone_or_older_is_never_begun_anew(audit, tmp_path, harm):
    harm(audit)
    assert verify(audit).difference
    with pytest.raises(StoreError, match="the store"):
        open_audit(audit).engine()
    assert verify(audit).difference  # nothing was made in its place


def test_case_143__audit_refuses_to_begin_anew(audit, tmp_path):
    gone(audit)
    (tmp_path / "submissions").mkdir()
    ran = run("audit", tmp_path / "submissions", "--out", audit, "--trial", "T")
    assert ran.code == 1
    assert "the store is gone" in ran.err
    assert not (audit / "audit.db").exists()
    shown = run("verify", audit)
    assert (shown.code, shown.out) == (1, "")
    assert "the store is gone" in shown.err


@pytest.mark.parametrize("text", ["", "sbrt_qa.head/1 4 " + "0" * 64 + "\n", "nonsense", None])
def test_case_143__a_head_that_is_edited_or_gone_is_named(audit, text):
    if text is None:
        (audit / HEAD).unlink()
    else:
        (audit / HEAD).write_text(text)
    assert verify(audit).difference


def test_a_person_goes_on_with_a_backup_and_says_why(audit):
    backup = shutil.copy(audit / "audit.db", audit.parent / "backup.db")
    finish(audit)
    for left in audit.glob("audit.db*"):
        left.unlink()
    shutil.copy(backup, audit / "audit.db")
    with pytest.raises(StoreError, match="lacks an event"):
        open_audit(audit).engine()
    with pytest.raises(UsageError, match="is not named"):
        accept_loss(audit, "", doing("", reason="the disk broke"))
    assert accept_loss(audit, "", doing("Test Office", reason="the disk broke")) == 1
    finish(audit)
    assert verify(audit).difference == ""
    with pytest.raises(UsageError, match="nothing that is known"):
        accept_loss(audit, "", doing("Test Office", reason="again"))


# --- anchors -------------------------------------------------------------------------------------


def added_event(audit: Path) -> None:
    """Add an event with a sound hash at the end, as whoever knows the program could."""
    engine = open_audit(audit).unchecked_engine()
    e = t.audit_events
    with reading(engine) as connection:
        last = connection.execute(sa.select(e).order_by(e.c.seq.desc()).limit(1)).one()
    details = canonical({"by": doing("Somebody").told(), "note": "all is well", "query": 1})
    seq, kind = last.seq + 1, "query answered"
    made = event_hash(seq, last.at, kind, "", details, last.hash)
    row = {"seq": seq, "at": last.at, "kind": kind, "subject": "", "details": details,
           "previous": last.hash, "hash": made}  # fmt: skip
    forge(engine, e.insert().values(row))
    write_head(audit, engine)
    engine.dispose()


def test_an_event_that_somebody_added_shows_by_the_anchor(audit, tmp_path):
    anchor = tmp_path / "anchor.txt"
    finish(audit, anchors=Anchors(anchor))
    assert verify(audit, anchor_file=anchor).difference == ""
    added_event(audit)
    assert verify(audit).difference == ""
    assert "after the last that was anchored" in verify(audit, anchor_file=anchor).difference


def test_an_older_store_with_a_head_to_match_shows_by_the_anchor(audit, tmp_path):
    anchor = tmp_path / "anchor.txt"
    before = Path(shutil.copytree(audit, tmp_path / "before"))
    finish(audit, anchors=Anchors(anchor))
    assert verify(before).difference == ""
    assert "events were cut off" in verify(before, anchor_file=anchor).difference


def test_the_anchor_command_is_given_arguments_and_no_shell(audit, tmp_path):
    program = tmp_path / "put away"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$(dirname "$0")/put"\n')
    program.chmod(0o755)
    _, trouble = finish(audit, anchors=Anchors(command=str(program)))
    assert trouble == ""
    number, digest, _, trial = (tmp_path / "put").read_text().split()
    assert (audit / HEAD).read_text() == f"sbrt_qa.head/1 {number} {digest}\n"
    assert trial == "T"
    assert "cannot be run" in finish(audit, anchors=Anchors(command=f"{program}; true"))[1]
    program.write_text("#!/bin/sh\nexit 3\n")
    assert "ended with 3" in finish(audit, anchors=Anchors(command=str(program)))[1]


def test_an_anchor_lies_elsewhere(audit, tmp_path):
    with pytest.raises(UsageError, match="in the audit's own folder"):
        Anchors(audit / "anchor.txt").refuse_inside(audit)
    Anchors(tmp_path / "anchor.txt").refuse_inside(audit)
    with pytest.raises(UsageError, match="holds no head"):
        verify(audit, anchor_file=Path("/dev/null"))


def test_settings_are_read_as_before(audit):
    assert json.loads((audit / "audit.json").read_text())["trial"] == "T"
