"""Questions, proof, anchor and places on PostgreSQL: the same as on SQLite, row by row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import fill
from forging import forge
from postgres import fresh_database
from trials import run

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.anchor import Anchors
from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import AuditSettings, begin, open_audit
from sbrt_qa.audit.head import HEAD
from sbrt_qa.audit.published import put_letter, record_files
from sbrt_qa.audit.questions import ABOUT, Question, ask
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.queries import letters
from sbrt_qa.audit.verifying import accept_loss, verify

NOW = "2026-02-02T10:00:00Z"


def made(folder: Path, database: str) -> Path:
    """Make the small audit with rows in every table."""
    engine = begin(folder, AuditSettings("T", database)).engine()
    fill(engine)
    record_files(engine, folder, NOW)
    for one in letters(engine):
        put_letter(folder, one.top.number, one.text)
    engine.dispose()
    return folder


@pytest.fixture(scope="module")
def both(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same audit on SQLite and on PostgreSQL. The page is not written yet. Read only."""
    folder = tmp_path_factory.mktemp("both")
    return made(folder / "A", ""), made(folder / "B", fresh_database(postgres_server))


@pytest.mark.parametrize("about", ABOUT)
def test_a_question_has_the_same_answer_on_both(both, about):
    one, other = (list(ask(audit, Question(about))) for audit in both)
    moving = {"since", "days_open", "days_left", "recorded"} & set(one[0] if one else ())
    plain = ([{k: v for k, v in row.items() if k not in moving} for row in a] for a in (one, other))
    first, second = plain
    assert first == second


def test_queries_are_printed_alike(both):
    for about in ("submissions", "places", "unreviewed"):
        one, other = (run("query", audit, about, "--format", "csv") for audit in both)
        assert (one.code, other.code) == (0, 0), one.err + other.err
        assert len(one.out.splitlines()) == len(other.out.splitlines())


@pytest.fixture
def audit(postgres_server: str, tmp_path: Path) -> Path:
    return made(tmp_path / "AUDIT", fresh_database(postgres_server))


def test_case_143_144__what_is_cut_off_added_or_emptied_is_named(audit, tmp_path):
    anchor = tmp_path / "anchor.txt"
    assert finish(audit, anchors=Anchors(anchor))[1] == ""
    assert verify(audit, anchor_file=anchor).difference == ""
    last = int((audit / HEAD).read_text().split()[1])
    e = t.audit_events
    engine = open_audit(audit).unchecked_engine()
    with reading(engine) as connection:
        rows = [dict(r) for r in connection.execute(sa.select(e).order_by(e.c.seq)).mappings()]
    for kept in (last - 1, last // 2, 0):
        forge(engine, e.delete().where(e.c.seq > kept))
        assert verify(audit).difference, f"all but {kept} events"
        assert run("verify", audit).code == 1
        ran = run("audit", tmp_path, "--out", audit, "--trial", "T")
        assert ran.code != 0
        forge(engine, e.insert().values(rows[kept:]))
        assert verify(audit, anchor_file=anchor).difference == ""
    engine.dispose()


def test_a_person_goes_on_with_a_backup(audit):
    before = Path(shutil.copytree(audit, audit.parent / "before"))
    finish(audit)
    head = (audit / HEAD).read_bytes()
    e = t.audit_events
    last = sa.select(sa.func.max(e.c.seq)).scalar_subquery()
    engine = open_audit(audit).unchecked_engine()
    forge(engine, e.delete().where(e.c.seq == last))
    engine.dispose()
    assert before.exists()
    assert verify(audit).difference
    assert (audit / HEAD).read_bytes() == head
    office = doing("Test Office", "coordinator", "backup of Monday")
    assert accept_loss(audit, "", office) >= 1
    finish(audit)
    assert verify(audit).difference == ""
