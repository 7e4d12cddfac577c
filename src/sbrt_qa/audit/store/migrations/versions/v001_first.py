"""The first version of the store. It stands as it was; helpers are its own, as code may change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import forget, protect

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


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _to(name: str, table: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=optional)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _code(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])


def _make_trials() -> None:
    op.create_table(
        "trials",
        _id(),
        sa.Column("code", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "sites",
        _id(),
        _to("trial_id", "trials"),
        _code("code"),
        sa.UniqueConstraint("trial_id", "code"),
    )
    _index("sites", "trial_id")
    op.create_table(
        "subjects",
        _id(),
        _to("site_id", "sites"),
        _code("code"),
        sa.UniqueConstraint("site_id", "code"),
    )
    _index("subjects", "site_id")


def _make_submissions() -> None:
    op.create_table(
        "submissions",
        _id(),
        _to("subject_id", "subjects"),
        _number("version"),
        _number("revision"),
        _code("place_key"),
        _code("input_sha256"),
        _code("received"),
        _code("recorded"),
        _number("plans"),
        _number("structure_sets"),
        _number("doses"),
        _number("images"),
        sa.CheckConstraint("length(input_sha256) = 64", name="input"),
        sa.CheckConstraint("revision > 0", name="revision"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.UniqueConstraint("place_key", "input_sha256"),
        sa.UniqueConstraint("subject_id", "version", "revision"),
    )
    _index("submissions", "subject_id")
    op.create_table(
        "files",
        _id(),
        _to("submission_id", "submissions"),
        _code("sha256"),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name="sha256"),
    )
    _index("files", "sha256")
    _index("files", "submission_id")
    op.create_table(
        "cases",
        _id(),
        _to("submission_id", "submissions"),
        _number("ordinal"),
        _words("label"),
        sa.UniqueConstraint("submission_id", "ordinal"),
    )
    _index("cases", "submission_id")


def _make_cases() -> None:
    op.create_table(
        "protocol_versions",
        _id(),
        _code("code"),
        _code("version"),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        _words("content"),
    )


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        _id(),
        _to("case_id", "cases"),
        _to("protocol_version_id", "protocol_versions"),
        _code("engine"),
        _to("source_id", "reviews", optional=True),
        _code("verdict"),
        _code("made"),
        sa.Column("document", sa.LargeBinary, nullable=False),
        _code("sha256"),
        _words("facts"),
        _code("facts_sha256"),
        sa.CheckConstraint(
            "verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')", name="verdict"
        ),
        sa.UniqueConstraint("case_id", "protocol_version_id", "engine"),
    )
    _index("reviews", "case_id")
    _index("reviews", "protocol_version_id")
    _index("reviews", "source_id")
    op.create_table(
        "dvhs",
        _id(),
        _to("review_id", "reviews"),
        _words("key"),
        _words("name"),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("review_id", "key"),
    )
    _index("dvhs", "review_id")


def _make_values() -> None:
    op.create_table(
        "metric_values",
        _id(),
        _to("review_id", "reviews"),
        _code("limit_id"),
        _words("structure"),
        _words("metric"),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("reason", sa.String(64)),
        sa.Column("per_protocol_limit", sa.Float(53)),
        sa.Column("minor_limit", sa.Float(53)),
        sa.Column("margin", sa.Float(53)),
        _code("verdict"),
        sa.Column("borderline", sa.Boolean, nullable=False),
        _number("priority"),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.CheckConstraint("value IS NOT NULL OR verdict <> 'per_protocol'", name="no_silent_pass"),
        sa.CheckConstraint("(value IS NULL) <> (reason IS NULL)", name="value_or_reason"),
        sa.CheckConstraint(
            "verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')", name="verdict"
        ),
        sa.UniqueConstraint("review_id", "limit_id"),
    )
    _index("metric_values", "review_id")


def _make_findings() -> None:
    op.create_table(
        "findings",
        _id(),
        _to("submission_id", "submissions"),
        _to("review_id", "reviews", optional=True),
        _code("code"),
        sa.Column("verdict", sa.String(64)),
        _words("place"),
        _words("message"),
        _words("advice"),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('per_protocol', 'minor', 'not_evaluable', 'major')",
            name="verdict",
        ),
    )
    _index("findings", "review_id")
    _index("findings", "submission_id")
    op.create_table(
        "repairs",
        _id(),
        _to("case_id", "cases"),
        _code("quirk"),
        _words("place"),
        _words("detail"),
    )
    _index("repairs", "case_id")
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        _code("at"),
        _code("kind"),
        _words("subject"),
        _words("details"),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.CheckConstraint("seq > 0", name="seq"),
    )
