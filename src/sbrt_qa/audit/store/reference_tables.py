"""The tables of a reviewer's contours: the outlines, what they measure, and what they change.

A reviewer who draws again is a further row; nothing is changed.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Integer, LargeBinary, Table, UniqueConstraint

from sbrt_qa.audit.store.table_parts import (
    HASH,
    key_column,
    long_text,
    metadata,
    reference,
    short_text,
)
from sbrt_qa.compare.reference_measures import MEASURES

reference_sets = Table(
    "reference_sets",
    metadata,
    key_column(),
    reference("case_id", "cases"),
    reference("protocol_version_id", "protocol_versions"),
    short_text("engine"),
    short_text("at"),
    long_text("actor"),
    long_text("role"),
    long_text("reason"),
    short_text("file_sha256", HASH),
    short_text("verdict"),
    short_text("reference_verdict"),
    Column("contours", LargeBinary, nullable=False),
    short_text("sha256", HASH),
    UniqueConstraint("case_id", "protocol_version_id", "engine", "file_sha256", "actor"),
    CheckConstraint("length(actor) > 0", name="actor"),
    CheckConstraint("length(reason) > 0", name="reason"),
    CheckConstraint("length(file_sha256) = 64", name="file"),
)
"""A second structure set of a plan, drawn by `actor`. `contours` is compressed JSON, `sha256` that
of the JSON; `file_sha256` that of the file it came from. Verdicts are the plan's with either."""

reference_structures = Table(
    "reference_structures",
    metadata,
    key_column(),
    reference("reference_id", "reference_sets"),
    Column("ordinal", Integer, nullable=False),
    long_text("structure"),
    *(Column(name, Float) for name in MEASURES),
    long_text("reason"),
    UniqueConstraint("reference_id", "ordinal"),
)
"""One for each structure of the second set; `reason` is a code where nothing is measured."""

reference_limits = Table(
    "reference_limits",
    metadata,
    key_column(),
    reference("reference_id", "reference_sets"),
    short_text("limit_id"),
    long_text("structure"),
    long_text("metric"),
    short_text("unit", 16),
    Column("value", Float),
    Column("reference_value", Float),
    short_text("verdict"),
    short_text("reference_verdict"),
    UniqueConstraint("reference_id", "limit_id"),
)
"""Every limit that has a value with either."""

REFERENCE_TABLES = (reference_sets, reference_structures, reference_limits)
