"""Contours of reviewers: the outlines, what they measure, and what they change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect, refuse_replacing

revision = "v009"
down_revision = "v008"
branch_labels = None
depends_on = None

KEYS = {
    "reference_sets": (
        ("id",), ("case_id", "protocol_version_id", "engine", "file_sha256", "actor"),
    ),
    "reference_structures": (("id",), ("reference_id", "ordinal")),
    "reference_limits": (("id",), ("reference_id", "limit_id")),
}  # fmt: skip
INDICES = {
    "reference_sets": ("case_id", "protocol_version_id"),
    "reference_structures": ("reference_id",),
    "reference_limits": ("reference_id",),
}
MEASURES = (
    "volume_cc", "reference_cc", "dice", "surface_dice_1mm", "surface_dice_2mm",
    "surface_dice_3mm", "hausdorff95_mm", "hausdorff_mm", "mean_mm", "added_path_mm", "path_mm",
)  # fmt: skip


def upgrade() -> None:
    """Add the tables, and protect their rows."""
    op.create_table(
        "reference_sets",
        _id(), _to("case_id", "cases"), _to("protocol_version_id", "protocol_versions"),
        _code("engine"), _code("at"), _words("actor"), _words("role"), _words("reason"),
        _code("file_sha256"), _code("verdict"), _code("reference_verdict"),
        sa.Column("contours", sa.LargeBinary, nullable=False), _code("sha256"),
        sa.UniqueConstraint("case_id", "protocol_version_id", "engine", "file_sha256", "actor"),
        sa.CheckConstraint("length(actor) > 0", name="actor"),
        sa.CheckConstraint("length(reason) > 0", name="reason"),
        sa.CheckConstraint("length(file_sha256) = 64", name="file"),
    )  # fmt: skip
    op.create_table(
        "reference_structures",
        _id(), _to("reference_id", "reference_sets"),
        sa.Column("ordinal", sa.Integer, nullable=False), _words("structure"),
        *(sa.Column(name, sa.Float) for name in MEASURES), _words("reason"),
        sa.UniqueConstraint("reference_id", "ordinal"),
    )  # fmt: skip
    op.create_table(
        "reference_limits",
        _id(), _to("reference_id", "reference_sets"), _code("limit_id"), _words("structure"),
        _words("metric"), _code("unit", 16), sa.Column("value", sa.Float),
        sa.Column("reference_value", sa.Float), _code("verdict"), _code("reference_verdict"),
        sa.UniqueConstraint("reference_id", "limit_id"),
    )  # fmt: skip
    for table, columns in INDICES.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    for table, keys in KEYS.items():
        protect(table)
        refuse_replacing(table, keys)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(KEYS):
        op.drop_table(table)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _code(name: str, length: int = 64) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _to(name: str, table: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=False)
