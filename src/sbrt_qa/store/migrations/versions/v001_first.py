"""The first version of the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.store.migrations.append_only import forget, protect

revision = "v001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "trials",
    "sites",
    "subjects",
    "submissions",
    "files",
    "cases",
    "protocol_versions",
    "reviews",
    "dvhs",
    "metric_values",
    "findings",
    "repairs",
    "audit_events",
)


def upgrade() -> None:
    """Make all tables, and protect their rows."""
    _make_trials()
    _make_submissions()
    _make_cases()
    _make_reviews()
    _make_values()
    _make_findings()
    for table in TABLES:
        protect(table)


def downgrade() -> None:
    """Drop everything."""
    for table in reversed(TABLES):
        op.drop_table(table)
    forget()


def _make_trials() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("trial_id", sa.Integer, sa.ForeignKey("trials.id"), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.UniqueConstraint("trial_id", "code"),
    )
    op.create_index("ix_sites_trial_id", "sites", ["trial_id"])
    op.create_table(
        "subjects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site_id", sa.Integer, sa.ForeignKey("sites.id"), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.UniqueConstraint("site_id", "code"),
    )
    op.create_index("ix_subjects_site_id", "subjects", ["site_id"])


def _make_submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.Integer, sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("place_key", sa.String(64), nullable=False),
        sa.Column("input_sha256", sa.String(64), nullable=False),
        sa.Column("received", sa.String(64), nullable=False),
        sa.Column("recorded", sa.String(64), nullable=False),
        sa.Column("plans", sa.Integer, nullable=False),
        sa.Column("structure_sets", sa.Integer, nullable=False),
        sa.Column("doses", sa.Integer, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.CheckConstraint("length(input_sha256) = 64", name="input"),
        sa.CheckConstraint("revision > 0", name="revision"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.UniqueConstraint("place_key", "input_sha256"),
        sa.UniqueConstraint("subject_id", "version", "revision"),
    )
    op.create_index("ix_submissions_subject_id", "submissions", ["subject_id"])
    op.create_table(
        "files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name="sha256"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_index("ix_files_submission_id", "files", ["submission_id"])
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.UniqueConstraint("submission_id", "ordinal"),
    )
    op.create_index("ix_cases_submission_id", "cases", ["submission_id"])


def _make_cases() -> None:
    op.create_table(
        "protocol_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("content", sa.Text, nullable=False),
    )


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column(
            "protocol_version_id", sa.Integer, sa.ForeignKey("protocol_versions.id"), nullable=False
        ),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("source_id", sa.Integer, sa.ForeignKey("reviews.id")),
        sa.Column("verdict", sa.String(64), nullable=False),
        sa.Column("made", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("facts_sha256", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')", name="verdict"
        ),
        sa.UniqueConstraint("case_id", "protocol_version_id", "engine"),
    )
    op.create_index("ix_reviews_case_id", "reviews", ["case_id"])
    op.create_index("ix_reviews_protocol_version_id", "reviews", ["protocol_version_id"])
    op.create_index("ix_reviews_source_id", "reviews", ["source_id"])
    op.create_table(
        "dvhs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("review_id", sa.Integer, sa.ForeignKey("reviews.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("review_id", "key"),
    )
    op.create_index("ix_dvhs_review_id", "dvhs", ["review_id"])


def _make_values() -> None:
    op.create_table(
        "metric_values",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("review_id", sa.Integer, sa.ForeignKey("reviews.id"), nullable=False),
        sa.Column("limit_id", sa.String(64), nullable=False),
        sa.Column("structure", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("reason", sa.String(64)),
        sa.Column("per_protocol_limit", sa.Float(53)),
        sa.Column("minor_limit", sa.Float(53)),
        sa.Column("margin", sa.Float(53)),
        sa.Column("verdict", sa.String(64), nullable=False),
        sa.Column("borderline", sa.Boolean, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.CheckConstraint("value IS NOT NULL OR verdict <> 'per_protocol'", name="no_silent_pass"),
        sa.CheckConstraint("(value IS NULL) <> (reason IS NULL)", name="value_or_reason"),
        sa.CheckConstraint(
            "verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')", name="verdict"
        ),
        sa.UniqueConstraint("review_id", "limit_id"),
    )
    op.create_index("ix_metric_values_review_id", "metric_values", ["review_id"])


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("review_id", sa.Integer, sa.ForeignKey("reviews.id")),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(64)),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')",
            name="verdict",
        ),
    )
    op.create_index("ix_findings_review_id", "findings", ["review_id"])
    op.create_index("ix_findings_submission_id", "findings", ["submission_id"])
    op.create_table(
        "repairs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("quirk", sa.String(64), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_repairs_case_id", "repairs", ["case_id"])
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.CheckConstraint("seq > 0", name="seq"),
    )
