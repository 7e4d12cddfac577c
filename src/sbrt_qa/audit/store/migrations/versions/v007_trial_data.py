"""The trial's own data: imports and their rows, data cuts, and what was derived of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect, refuse_replacing

revision = "v007"
down_revision = "v006"
branch_labels = None
depends_on = None

KEYS = {
    "trial_imports": (("id",),),
    "trial_rows": (("id",), ("import_id", "table_name", "row_key")),
    "data_cuts": (("id",),),
    "analyses": (("id",),),
}


def upgrade() -> None:
    """Add the tables, and protect their rows."""
    op.create_table(
        "trial_imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.String(64), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("mapping_sha256", sa.String(64), nullable=False),
        sa.Column("canonical_sha256", sa.String(64), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("error_count", sa.Integer, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("length(canonical_sha256) = 64", name="canonical"),
    )
    op.create_table(
        "trial_rows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("import_id", sa.Integer, sa.ForeignKey("trial_imports.id"), nullable=False),
        sa.Column("table_name", sa.String(32), nullable=False),
        sa.Column("row_key", sa.Text, nullable=False),
        sa.Column("json", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.UniqueConstraint("import_id", "table_name", "row_key"),
    )
    op.create_index("ix_trial_rows_import_id", "trial_rows", ["import_id"])
    op.create_table(
        "data_cuts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("import_id", sa.Integer, sa.ForeignKey("trial_imports.id"), nullable=False),
        sa.Column("cut_date", sa.String(10), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("at", sa.String(64), nullable=False),
        sa.Column("verdicts", sa.LargeBinary, nullable=False),
        sa.Column("verdicts_sha256", sa.String(64), nullable=False),
    )
    op.create_index("ix_data_cuts_import_id", "data_cuts", ["import_id"])
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("cut_id", sa.Integer, sa.ForeignKey("data_cuts.id"), nullable=False),
        sa.Column("protocol_sha256", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("made", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_index("ix_analyses_cut_id", "analyses", ["cut_id"])
    for table, keys in KEYS.items():
        protect(table)
        refuse_replacing(table, keys)


def downgrade() -> None:
    """Drop them."""
    for table in ("analyses", "data_cuts", "trial_rows", "trial_imports"):
        op.drop_table(table)
