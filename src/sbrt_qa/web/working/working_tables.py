"""Tables of working state. They may be changed and emptied; `verify` never looks at them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA: Final = "working"
"""Of PostgreSQL; in SQLite the tables have a file of their own."""

metadata = sa.MetaData()

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id_sha256", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("begun", sa.Float, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)

passwords = sa.Table(
    "passwords",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
)

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("last", sa.Float, nullable=False),
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("token_sha256", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("saved", sa.Float, nullable=False),
)
