"""The demo office: work of every kind, and a store that verifies."""

from __future__ import annotations

from entries import entry, reviewed
from test_store import NOW, recorder

from sbrt_qa.audit.store.connection import open_engine, reading
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.demo_office import play_demo


def test_the_demo_has_work_of_every_kind(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'audit.db'}")
    upgrade(engine)
    one, cases = recorder(engine), (reviewed(),)
    for number in range(9):
        place = f"S{number % 2 + 1}", f"{number:03}"
        one.record(entry(*place, content=str(number), cases=cases), NOW)
    made = play_demo(engine, "2026-03-02T08:00:00.000Z")
    with reading(engine) as connection:
        states = [str(standing_in(connection, n).state) for n in range(1, 10)]
    assert states == [
        "reviewed by engine", "assigned", "in review", "queried", "in review", "accepted",
        "accepted with deviation", "adjudication", "accepted with deviation",
    ]  # fmt: skip
    assert {"reviewer1", "reviewer2", "reviewer3", "physicist.s1", "physicist.s2"} <= set(
        made.accounts
    )
    assert verify(engine).difference == ""
    engine.dispose()
