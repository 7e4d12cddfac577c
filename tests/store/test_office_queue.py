"""The queue: what each account sees of it, in pages, and that it is what the records say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import entry, reviewed
from office_rows import AT, SmallOffice, answered, signed, small_office
from test_store import NOW, recorder

from sbrt_qa.audit.store.connection import open_engine
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.errors import UsageError
from sbrt_qa.office.assigning import assign, plan_review, set_due
from sbrt_qa.office.conflicts import declare_conflict
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.granting import grant_role
from sbrt_qa.office.queue_page import (
    PAGE,
    QueueRequest,
    make_queue,
    queue,
    queue_differences,
    queue_page,
    rebuild,
)
from sbrt_qa.office.roles import Role
from sbrt_qa.office.trial_options import set_option

NUMBER = 55


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    path = tmp_path_factory.mktemp("queue") / "audit.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    one, cases = recorder(engine), (reviewed(),)
    for number in range(NUMBER):
        place = f"S{number % 2 + 1}", f"{number:03}"
        one.record(entry(*place, content=str(number), cases=cases), NOW)
    office = small_office(engine)
    take_in(engine, AT)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path, office.keys


@pytest.fixture
def office(template: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[SmallOffice]:
    path = Path(shutil.copy(template[0], tmp_path / "audit.db"))
    engine = open_engine(f"sqlite:///{path}")
    yield SmallOffice(engine, template[1])
    engine.dispose()


@pytest.fixture
def working(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'working.db'}")
    make_queue(engine)
    yield engine
    engine.dispose()


def page(office: SmallOffice, working: sa.Engine, who: str, **wanted: object):
    return queue_page(office.engine, working, office.by(who), QueueRequest(**wanted))


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("order", ["urgency", "code", "received", "state"])
def test_p10__pages_hold_every_row_once_in_order(office, working, order, falling):
    set_due(office.engine, office.by("coordinator"), 7, "2026-01-01T12:00:00Z")
    found, after = [], None
    while True:
        part = page(office, working, "coordinator", order=order, falling=falling, after=after)
        found += part.rows
        assert part.total == NUMBER
        assert len(part.rows) <= PAGE
        if (after := part.last) is None:
            break
    assert sorted(one.submission for one in found) == list(range(1, NUMBER + 1))
    keys = [(getattr(one, order), one.submission) for one in found]
    assert keys == sorted(keys, reverse=falling)
    if order == "urgency":
        assert (found[0].submission == 7) is not falling


def test_a_page_takes_at_most_12_statements(office, working):
    page(office, working, "coordinator")
    said = []
    for engine in (office.engine, working):
        sa.event.listen(engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    for who in ("coordinator", "reader1", "physicist"):
        said.clear()
        page(office, working, who, filters={"site": ("S1",)}, search="S1/0")
        statements = [one for one in said if not one.startswith(("BEGIN", "PRAGMA"))]
        assert 1 <= len(statements) <= 12


def test_p31__who_must_not_judge_a_case_does_not_see_it(office, working):
    admin, coordinator = office.by("admin"), office.by("coordinator")
    set_option(office.engine, admin, "pool", value=True)
    assert page(office, working, "reader1", view="pool").total == NUMBER
    declare_conflict(office.engine, coordinator, office.keys["reader1"], "kin", site="S1")
    assert {one.site for one in page(office, working, "reader1", view="pool").rows} == {"S2"}
    grant_role(office.engine, admin, office.keys["physicist"], Role.REVIEWER)
    assert page(office, working, "physicist", view="pool").total == NUMBER  # of the own sites
    grant_role(office.engine, admin, office.keys["reader2"], Role.PHYSICIST, site="S1")
    assert page(office, working, "reader2").total == 28  # as the site's physicist
    assert page(office, working, "reader2", view="mine").total == 0


def test_what_roles_see(office, working):
    for who in ("admin", "statistician", "reader1", "judge"):
        assert page(office, working, who).total == 0
    for who in ("coordinator", "auditor"):
        assert page(office, working, who).rows[0].verdict == "not_evaluable"
    assert {one.verdict for one in page(office, working, "physicist").rows} == {""}
    set_option(office.engine, office.by("admin"), "sites_see_verdict", value=True)
    assert {one.verdict for one in page(office, working, "physicist").rows} == {"not_evaluable"}


def test_p39__the_queue_of_a_blind_reader_tells_nothing_of_the_other(office, working):
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, 1, "retrospective", 2, blind=True)
    assign(office.engine, coordinator, [1], office.keys["reader2"])
    assign(office.engine, coordinator, [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    before = page(office, working, "reader2")
    signed(office, "reader1", key)
    assert page(office, working, "reader2") == before
    (one,) = before.rows
    assert one.reader_keys == (office.keys["reader2"],)
    assert page(office, working, "reader2", view="mine") == before


def test_the_queue_follows_the_records_and_can_be_made_again(office, working):
    page(office, working, "coordinator")
    assign(office.engine, office.by("coordinator"), [1, 2], office.keys["reader1"])
    signed(office, "reader1", answered(office, "reader1", 1))
    recorder(office.engine).record(entry("S1", "004", content="anew", version=2), NOW)
    take_in(office.engine, AT)
    rows = page(office, working, "coordinator", filters={"state": ("accepted",)}).rows
    assert [one.submission for one in rows] == [1]
    assert queue_differences(office.engine, working) == ()
    with working.begin() as connection:
        connection.execute(sa.update(queue).where(queue.c.submission == 2).values(state="accepted"))
    assert queue_differences(office.engine, working) == ("S2/001/v1",)
    assert rebuild(office.engine, working) == NUMBER + 1
    assert queue_differences(office.engine, working) == ()


@pytest.mark.parametrize(
    "wanted",
    [
        {"order": "code; DROP TABLE queue"},
        {"order": "barred"},
        {"filters": {"barred": ("x",)}},
        {"filters": {"site": ("x" * 10_000,)}},
        {"search": "x" * 10_000},
        {"view": "others"},
    ],
)
def test_s23__what_is_not_on_the_list_is_refused(wanted):
    with pytest.raises(UsageError):
        QueueRequest(**wanted)


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", "S1/0\r\nX"])
def test_s23__a_search_is_a_text(office, working, text):
    assert page(office, working, "coordinator", search=text).total == 0
    assert page(office, working, "coordinator", filters={"site": (text,)}).total == 0
