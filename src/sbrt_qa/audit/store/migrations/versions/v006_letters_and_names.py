"""Every letter as it was written, and what sites are called.

From this version on events cover every row; what was there before is covered by an event that
bringing a store to it ends with (`sbrt_qa.audit.store.migrate`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect, refuse_replacing

revision = "v006"
down_revision = "v005"
branch_labels = None
depends_on = None

KEYS = {
    "letters": (("id",), ("number",), ("query_id",)),
    "site_names": (("id",),),
}


def upgrade() -> None:
    """Add the tables, and protect their rows."""
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("query_id", sa.Integer, sa.ForeignKey("queries.id"), unique=True),
        sa.Column("written", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("site_name", sa.Text, nullable=False),
        sa.Column("head_seq", sa.Integer, nullable=False),
        sa.Column("head_hash", sa.String(64), nullable=False),
        sa.CheckConstraint("number > 0", name="number"),
    )
    op.create_index("ix_letters_submission_id", "letters", ["submission_id"])
    op.create_table(
        "site_names",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site_id", sa.Integer, sa.ForeignKey("sites.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.CheckConstraint("length(name) > 0", name="name"),
    )
    op.create_index("ix_site_names_site_id", "site_names", ["site_id"])
    for table, keys in KEYS.items():
        protect(table)
        refuse_replacing(table, keys)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("site_names")
    op.drop_table("letters")
