"""Checklist of contours and reasons of overrides, as the protocol states them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from entries import PROTOCOL, entry, reviewed
from office_rows import AT, answered, small_office
from test_store import NOW

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.store.write import Recorder, add_protocol
from sbrt_qa.errors import ProtocolError, UsageError
from sbrt_qa.office.assigning import assign
from sbrt_qa.office.checklist import set_checklist
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.protocol_rules import REASON_CODES
from sbrt_qa.office.reader_forms import Judgement, judge, reading_form
from sbrt_qa.protocol.protocol_files import parse_protocol

PLAIN = PROTOCOL.format(version="1", mean=30, minor=35)
RULES = """\
contour_review: {Liver: [cranial, caudal], PTV: []}
override_reasons: [seen on the planning CT, other]
"""


def test_a_protocol_without_them_keeps_its_hash():
    plain = parse_protocol(PLAIN.encode(), "small.yaml")
    empty = parse_protocol((PLAIN + "contour_review: {}\noverride_reasons: []\n").encode(), "x")
    with_rules = parse_protocol((PLAIN + RULES).encode(), "small.yaml")
    assert plain.content_hash == empty.content_hash != with_rules.content_hash


@pytest.mark.parametrize(
    "rules",
    [
        "contour_review: {Spleen: []}", "contour_review: {Liver: [left]}",
        "override_reasons: [a, a]", f"override_reasons: [{'x' * 33}]",
    ],
)  # fmt: skip
def test_rules_that_do_not_fit_are_refused(rules):
    with pytest.raises(ProtocolError):
        parse_protocol((PLAIN + rules).encode(), "small.yaml")


def checklists(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(sa.select(o.checklists.c.content).order_by("id")))


def test_the_office_asks_what_the_protocol_asks(engine):
    rules = parse_protocol((PLAIN + RULES).encode(), "small.yaml")
    recorder = Recorder(engine, {rules.content_hash: add_protocol(engine, rules, NOW)}, "0.1")
    recorder.record(entry("S1", "001", cases=(reviewed.__wrapped__(of=rules),)), NOW)
    office = small_office(engine)
    take_in(engine, AT)
    take_in(engine, AT)
    assert len(checklists(engine)) == 1
    assign(engine, office.by("coordinator"), [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    form = reading_form(engine, office.by("reader1"), key)
    assert [one.key for one in form.questions] == [
        "contour:Liver", "contour:Liver:cranial", "contour:Liver:caudal", "contour:PTV",
    ]  # fmt: skip
    assert form.reasons == ("seen on the planning CT", "other")
    item = next(one.item for one in form.items if one.item.asked and one.item.engine != "major")
    words = "the contour is cut off at the last slice"
    with pytest.raises(UsageError):
        judge(engine, office.by("reader1"), key,
              [Judgement("engine", item.key, "major", REASON_CODES[0], words)])  # fmt: skip
    judge(engine, office.by("reader1"), key,
          [Judgement("engine", item.key, "major", "seen on the planning CT", words)])  # fmt: skip
    set_checklist(engine, office.by("coordinator"), {"Liver": []})
    take_in(engine, AT)  # what the coordinator changed since stays
    assert len(checklists(engine)) == 2
    assert verify(engine).difference == ""
