"""Inputs that need no further look, and comparisons of resubmissions with what came before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect

revision = "v003"
down_revision = "v002"
branch_labels = None
depends_on = None

_SETTLE_WHAT_IS_REVIEWED = """
INSERT INTO settled (submission_id, rules_sha256, engine)
SELECT c.submission_id, p.sha256, r.engine
FROM reviews r JOIN cases c ON c.id = r.case_id
JOIN protocol_versions p ON p.id = r.protocol_version_id
GROUP BY c.submission_id, p.sha256, r.engine
HAVING count(DISTINCT c.id) =
    (SELECT count(*) FROM cases o WHERE o.submission_id = c.submission_id)
ORDER BY c.submission_id
"""


def upgrade() -> None:
    """Add the tables; what was reviewed by an older version of the store is settled."""
    op.create_table(
        "settled",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("rules_sha256", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.UniqueConstraint("submission_id", "rules_sha256", "engine"),
    )
    op.create_index("ix_settled_submission_id", "settled", ["submission_id"])
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "review_id", sa.Integer, sa.ForeignKey("reviews.id"), nullable=False, unique=True
        ),
        sa.Column("before_input", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.execute(_SETTLE_WHAT_IS_REVIEWED)
    for table in ("settled", "comparisons"):
        protect(table)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("comparisons")
    op.drop_table("settled")
