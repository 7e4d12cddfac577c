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

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("open_key", sa.Text, unique=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("not_before", sa.Float, nullable=False),
    sa.Column("lease_until", sa.Float, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("made", sa.Float, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
)
"""What is to be done beside the pages. `open_key` is kind and key as long as a job is not over, so
that the same one is not open twice."""

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("pending", sa.Text, nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)
"""Authenticators: `sealed` is the secret that counts, `pending` one that waits for its first code;
neither can be read without the key of the installation."""

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("code_sha256", sa.Text, primary_key=True),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
)
"""Who is whom at an identity service; that an account is tied to one is an event of records."""

identity_visits = sa.Table(
    "identity_visits",
    metadata,
    sa.Column("state_sha256", sa.Text, primary_key=True),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("reading", sa.Integer, nullable=False),
    sa.Column("challenge", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("verifier", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("began", sa.Float, nullable=False),
)

identity_proofs = sa.Table(
    "identity_proofs",
    metadata,
    sa.Column("session", sa.Text, primary_key=True),
    sa.Column("reading", sa.Integer, nullable=False),
    sa.Column("challenge", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
