"""Tables of what came in: arrivals, the studies they make, open associations and site tokens."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sbrt_qa.web.working.working_tables import metadata

arrivals: Final = sa.Table(
    "arrivals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("sop_uid", sa.Text, nullable=False, index=True),
    sa.Column("study_uid", sa.Text, nullable=False, index=True),
    sa.Column("patient", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("deleted", sa.Float, nullable=False),
)
"""`batch` is an upload's id where a manifest says what belongs together, else empty. `deleted` is
when the original was deleted, 0 while it is kept."""

studies: Final = sa.Table(
    "studies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("site", sa.Text, nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("account", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("members", sa.Text, nullable=False),
    sa.Column("missing", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("since", sa.Float, nullable=False),
    sa.Column("last", sa.Float, nullable=False),
    sa.Column("accepted", sa.Text, nullable=False),
    sa.Column("submission", sa.Integer, nullable=False),
    sa.Column("receipt", sa.Text, nullable=False),
    sa.Column("released", sa.Float, nullable=False),
    sa.Column("hold", sa.Boolean, nullable=False),
)
"""`members` are numbers of arrivals, `missing` what was not there when its links were last looked
at, `since` when it came into its state, `hold` keeps its originals."""

associations: Final = sa.Table(
    "associations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)

site_tokens: Final = sa.Table(
    "site_tokens",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("account", sa.Integer, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("made", sa.Float, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)
"""Tokens with which a site's programs upload, and do nothing else; each acts for an account."""

uploads: Final = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Integer, nullable=False, index=True),
    sa.Column("site", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("manifest", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("begun", sa.Float, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)
"""Uploads in chunks; which chunks came is told by the files on disk alone. `address` is where a
browser goes on once all landed."""
