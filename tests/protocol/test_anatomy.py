"""The file of what organs look like: it holds, names its sources, and is no protocol."""

from __future__ import annotations

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.protocol.anatomy_file import load_anatomy, parse_anatomy
from sbrt_qa.protocol.protocol_files import library

HEAD = """
schema: sbrt_qa.anatomy/1
sources: {S: {citation: none, read_as: made up}}
confidence_terms: {t: made up}
organs: [{organ: Liver, kind: solid, ends: true}]
may_overlap: []
above: []
ranges:
"""
ROW = "  - {{organ: {0}, quantity: {1}, range: {2}, usual: [2, 3], source: [{3}], confidence: t}}\n"


def test_every_range_has_a_source_and_a_confidence():
    anatomy = load_anatomy()
    assert len(anatomy.ranges) > 100
    assert all(r.source and r.confidence in anatomy.confidence_terms for r in anatomy.ranges)
    assert anatomy.range_of("Liver", "volume_cc").range[0] < 400  # a remnant


def test_lists_of_protocols_pass_it_by():
    assert "anatomy" not in library()
    assert "liver_sbrt" in library()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW.format("Lever", "volume_cc", "[1, 9]", "S"), "not defined: Lever"),
        (ROW.format("Liver", "volume_cc", "[1, 9]", "X"), "not defined: X"),
        (ROW.format("Liver", "weight", "[1, 9]", "S"), "volume_cc"),
        (ROW.format("Liver", "volume_cc", "[5, 9]", "S"), "low before high"),
        (2 * ROW.format("Liver", "volume_cc", "[1, 9]", "S"), "twice"),
    ],
)
def test_what_is_wrong_is_named(row, message):
    with pytest.raises(ProtocolError, match=message):
        parse_anatomy((HEAD + row).encode(), "anatomy.yaml")


def test_a_range_is_narrowed_and_never_widened():
    (row,) = parse_anatomy(
        (HEAD + ROW.format("Liver", "volume_cc", "[1, 9]", "S")).encode(), "x"
    ).ranges
    assert row.narrowed(0, 5).range == (1, 5)
    assert row.narrowed(4, 50).range == (4, 9)
    with pytest.raises(ValueError, match="low before high"):
        row.narrowed(10, 20)
