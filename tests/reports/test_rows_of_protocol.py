"""Limits of a protocol and differences between two as rows: every one, with its bounds."""

from __future__ import annotations

import csv
import io

import pytest
from typer.testing import CliRunner

from sbrt_qa.cli.main import application
from sbrt_qa.pipeline import protocol, protocols
from sbrt_qa.pipeline.protocol_loading import protocol_differences
from sbrt_qa.protocol.differences import placed_limits
from sbrt_qa.protocol.protocol_rows import ConformityLimit
from sbrt_qa.reports.rows_of_protocol import (
    DIFFERENCE_COLUMNS,
    LIMIT_COLUMNS,
    difference_rows,
    limit_rows,
)


@pytest.mark.parametrize("name", [one.id for one in protocols()])
def test_every_limit_of_the_library_is_a_row_with_its_bounds(name: str) -> None:
    rows = list(limit_rows(protocol(name)))
    assert all(set(row) == set(LIMIT_COLUMNS) for row in rows)
    at = 0
    for placed in placed_limits(protocol(name)):
        limit = placed.limit
        table = limit.table if isinstance(limit, ConformityLimit) else ()
        for bounds in table or (limit,):
            row, at = rows[at], at + 1
            assert (row["id"], row["metric"], row["confidence"]) == (
                limit.id, limit.metric, limit.confidence,
            )  # fmt: skip
            assert (row["per_protocol"], row["minor"]) == (bounds.per_protocol, bounds.minor)
            assert placed.when in row["applies_when"]
    assert at == len(rows)


def test_every_difference_is_a_row() -> None:
    _, found, *_ = protocol_differences("liver_sbrt@0.1", "liver_sbrt", (), {})
    rows = list(difference_rows(found))
    assert [row["text"] for row in rows] == [str(one.text) for one in found]
    assert all(set(row) == set(DIFFERENCE_COLUMNS) for row in rows)


def test_help_has_a_short_form_at_every_depth() -> None:
    for words in ([], ["check"], ["protocol"], ["protocol", "show"], ["trial", "import"]):
        short, long = (CliRunner().invoke(application(), [*words, h]) for h in ("-h", "--help"))
        assert (short.exit_code, short.output) == (0, long.output)


def test_a_protocol_is_shown_as_csv() -> None:
    ran = CliRunner().invoke(application(), ["protocol", "show", "tg101", "--format", "csv"])
    read = list(csv.DictReader(io.StringIO(ran.output)))
    assert len(read) == len(list(limit_rows(protocol("tg101"))))
