"""The chain of events, and how it tells what was changed."""

from __future__ import annotations

import pytest
from entries import entry
from test_store import NOW, recorder

from sbrt_qa.audit.store.chain import (
    START,
    Event,
    append,
    canonical,
    event_hash,
    events,
    first_break,
)
from sbrt_qa.audit.store.connection import reading, writing


def made(count: int) -> list[Event]:
    chain: list[Event] = []
    previous = START
    for seq in range(1, count + 1):
        details = canonical({"n": seq})
        digest = event_hash(seq, NOW, "made", "", details, previous)
        chain.append(Event(seq, NOW, "made", "", details, previous, digest))
        previous = digest
    return chain


def test_a_sound_chain_has_a_head():
    chain = made(4)
    assert first_break(chain) == ("", chain[-1].hash)
    assert first_break([]) == ("", START)


@pytest.mark.parametrize("field", ["at", "kind", "subject", "details", "hash"])
def test_any_change_shows(field):
    chain = made(4)
    object.__setattr__(chain[1], field, "other")
    assert first_break(chain)[0] == "event 2 is not what it was"


def test_a_missing_event_shows():
    assert first_break([*made(4)[:1], *made(4)[2:]])[0] == "event 2 is missing"


def test_an_event_made_anew_breaks_the_next():
    chain = made(4)
    forged = event_hash(2, NOW, "forged", "", chain[1].details, chain[0].hash)
    chain[1] = Event(2, NOW, "forged", "", chain[1].details, chain[0].hash, forged)
    assert first_break(chain)[0] == "event 3 does not follow the one before it"


def test_a_stored_chain_reads_back(engine):
    recorder(engine).record(entry(), NOW)
    with writing(engine) as connection:
        last = append(connection, NOW, "tried", "", {"text": "ü\n", "number": 1.5})
    with reading(engine) as connection:
        assert first_break(events(connection)) == ("", last.hash)


def test_the_details_are_the_same_for_the_same_content():
    assert canonical({"b": 1, "a": [None, "é"]}) == '{"a":[null,"é"],"b":1}'
