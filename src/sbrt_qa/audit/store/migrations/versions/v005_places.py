"""Every place below the submissions, reviews that failed by no fault of the site, and likeness."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect, refuse_replacing

revision = "v005"
down_revision = "v004"
branch_labels = None
depends_on = None

KEYS = {
    "places": (("id",), ("event", "place_key")),
    "failures": (("id",), ("event", "place_key")),
    "failure_ends": (("id",), ("failure_id",)),
    "marks": (("id",), ("submission_id", "kind", "ordinal", "digest")),
    "fingerprints": (("id",), ("submission_id", "sha256")),
}
"""Of each new table the columns of its keys."""

INDICES = {
    "places": ("event", "place_key"),
    "failures": ("event", "place_key"),
    "failure_ends": ("event",),
    "marks": ("submission_id", "digest"),
    "fingerprints": ("submission_id",),
}


def upgrade() -> None:
    """Add the tables, and protect their rows."""
    _make_places()
    _make_failures()
    _make_likeness()
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


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _code(name: str, length: int = 64) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _submission() -> sa.Column[int]:
    return sa.Column("submission_id", sa.Integer, sa.ForeignKey("submissions.id"), nullable=False)


def _make_places() -> None:
    op.create_table(
        "places",
        _id(),
        _number("event"),
        _code("place_key"),
        _words("place"),
        _words("site"),
        _words("subject"),
        _code("outcome"),
        _words("reason"),
        _number("entries"),
        sa.CheckConstraint("entries >= 0", name="entries"),
        sa.UniqueConstraint("event", "place_key"),
    )


def _make_failures() -> None:
    op.create_table(
        "failures",
        _id(),
        _number("event"),
        _code("place_key"),
        _words("place"),
        _words("site"),
        _words("subject"),
        _code("input_sha256"),
        _code("kind"),
        _words("why"),
        _code("rules_sha256"),
        _code("engine"),
        sa.UniqueConstraint("event", "place_key"),
    )
    op.create_table(
        "failure_ends",
        _id(),
        sa.Column(
            "failure_id", sa.Integer, sa.ForeignKey("failures.id"), nullable=False, unique=True
        ),
        _number("event"),
        _code("how"),
    )


def _make_likeness() -> None:
    op.create_table(
        "marks",
        _id(),
        _submission(),
        _code("kind", 32),
        _code("digest"),
        _number("ordinal"),
        sa.CheckConstraint("length(digest) = 64", name="digest"),
        sa.UniqueConstraint("submission_id", "kind", "ordinal", "digest"),
    )
    op.create_table(
        "fingerprints",
        _id(),
        _submission(),
        _code("sha256"),
        sa.CheckConstraint("length(sha256) = 64", name="sha256"),
        sa.UniqueConstraint("submission_id", "sha256"),
    )
