"""Letters to sites, and how they were closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect

revision = "v002"
down_revision = "v001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "queries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("opened", sa.String(64), nullable=False),
        sa.Column("due", sa.String(64), nullable=False),
        sa.Column("letter", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("due >= opened", name="due"),
    )
    op.create_index("ix_queries_submission_id", "queries", ["submission_id"])
    op.create_table(
        "query_closings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("query_id", sa.Integer, sa.ForeignKey("queries.id"), nullable=False, unique=True),
        sa.Column("closed", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.CheckConstraint("length(reason) > 0", name="reason"),
    )
    for table in ("queries", "query_closings"):
        protect(table)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("query_closings")
    op.drop_table("queries")
