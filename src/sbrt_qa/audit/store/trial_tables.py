"""The tables of the trial's own data: imports and their rows, data cuts, analyses.

A correction is a further import; nothing is changed. What subjects go by is their code alone.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, Table, Text, UniqueConstraint

from sbrt_qa.audit.store.table_parts import (
    HASH,
    key_column,
    long_text,
    metadata,
    reference,
    short_text,
)

trial_imports = Table(
    "trial_imports",
    metadata,
    key_column(),
    short_text("at"),
    short_text("form", 32),
    Column("files", Text, nullable=False),
    short_text("mapping_sha256", HASH),
    short_text("canonical_sha256", HASH),
    Column("row_count", Integer, nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    short_text("sha256", HASH),
    CheckConstraint("length(canonical_sha256) = 64", name="canonical"),
)
"""`files` is JSON of the files' hashes; `document` the compressed JSON of the problems that were
found, `sha256` that of the JSON; `mapping_sha256` is empty where there was no mapping."""

trial_rows = Table(
    "trial_rows",
    metadata,
    key_column(),
    reference("import_id", "trial_imports"),
    short_text("table_name", 32),
    Column("row_key", Text, nullable=False),
    Column("json", Text, nullable=False),
    short_text("sha256", HASH),
    UniqueConstraint("import_id", "table_name", "row_key"),
)
"""The canonical rows of an import that can be analysed."""

data_cuts = Table(
    "data_cuts",
    metadata,
    key_column(),
    reference("import_id", "trial_imports"),
    short_text("cut_date", 10),
    long_text("label"),
    short_text("at"),
    Column("verdicts", LargeBinary, nullable=False),
    short_text("verdicts_sha256", HASH),
)
"""The days up to which data count, each with the plan verdicts as they were when it was frozen."""

analyses = Table(
    "analyses",
    metadata,
    key_column(),
    reference("cut_id", "data_cuts"),
    short_text("protocol_sha256", HASH),
    short_text("engine"),
    short_text("made"),
    Column("document", LargeBinary, nullable=False),
    short_text("sha256", HASH),
)
"""What was derived of a data cut: `document` is the compressed JSON, `sha256` that of the JSON."""
