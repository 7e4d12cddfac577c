"""The review office: accounts, grants, readings, signatures, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sbrt_qa.audit.store.migrations.append_only import protect, refuse_replacing

revision = "v008"
down_revision = "v007"
branch_labels = None
depends_on = None

KEYS = {
    "accounts": (("id",), ("code",)),
    "account_states": (("id",),),
    "grants": (("id",),),
    "grant_confirmations": (("id",), ("grant_id",)),
    "grant_ends": (("id",), ("grant_id",)),
    "conflicts": (("id",),),
    "conflict_ends": (("id",), ("conflict_id",)),
    "office_settings": (("id",),),
    "senders": (("id",), ("submission_id",)),
    "review_plans": (("id",), ("submission_id", "round")),
    "transitions": (("id",), ("submission_id", "expected")),
    "assignments": (("id",),),
    "assignment_ends": (("id",), ("assignment_id",)),
    "due_dates": (("id",),),
    "checklists": (("id",), ("version",)),
    "readings": (("id",), ("submission_id", "round", "account_id")),
    "judgements": (("id",),),
    "comments": (("id",), ("replaces_id",)),
    "challenges": (("id",), ("token_sha256",)),
    "signatures": (("id",), ("challenge_id",), ("reading_id",), ("sha256",)),
    "decisions": (("id",), ("submission_id", "round")),
    "reopenings": (("id",), ("submission_id", "round")),
    "threads": (("id",),),
    "thread_messages": (("id",),),
    "thread_ends": (("id",), ("thread_id",)),
}
"""Of each new table the columns of its keys."""

INDICES = {
    "account_states": ("account_id", "by_account_id"),
    "grants": ("account_id", "by_account_id"),
    "grant_confirmations": ("by_account_id",),
    "grant_ends": ("by_account_id",),
    "conflicts": ("account_id", "by_account_id", "subject_id"),
    "conflict_ends": ("by_account_id",),
    "office_settings": ("by_account_id",),
    "senders": ("account_id",),
    "review_plans": ("by_account_id", "submission_id"),
    "transitions": ("account_id", "submission_id"),
    "assignments": ("account_id", "by_account_id", "submission_id"),
    "assignment_ends": ("by_account_id",),
    "due_dates": ("by_account_id", "submission_id"),
    "checklists": ("by_account_id",),
    "readings": ("account_id", "checklist_id", "submission_id"),
    "judgements": ("account_id", "reading_id"),
    "comments": ("account_id", "reading_id", "replaces_id"),
    "challenges": ("account_id", "reading_id"),
    "signatures": ("account_id", "submission_id"),
    "decisions": ("account_id", "signature_id", "submission_id"),
    "reopenings": ("by_account_id", "submission_id"),
    "threads": ("account_id", "query_id", "submission_id"),
    "thread_messages": ("account_id", "thread_id"),
    "thread_ends": ("account_id",),
}


def upgrade() -> None:
    """Add the tables, and protect their rows."""
    _make_accounts()
    _make_course_of_review()
    _make_readings()
    _make_signatures()
    _make_threads()
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


def _number(name: str, *, unique: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, unique=unique or None)


def _code(name: str, length: int = 64, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, unique=unique or None)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _to(name: str, table: str, *, optional: bool = False, unique: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(f"{table}.id")
    return sa.Column(name, sa.Integer, key, nullable=optional, unique=unique or None)


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        _id(), _code("code", unique=True), _words("name"), _code("kind", 16),
        _words("profession"), _words("home_site"), _code("made"),
        sa.CheckConstraint("kind IN ('person', 'engine')", name="kind"),
        sa.CheckConstraint('length(name) > 0', name="name"),
    )  # fmt: skip
    op.create_table(
        "account_states",
        _id(), _to("account_id", "accounts"), _code("state", 16),
        _to("by_account_id", "accounts"), _words("reason"), _code("at"),
        sa.CheckConstraint("state IN ('active', 'locked')", name="state"),
    )  # fmt: skip
    op.create_table(
        "grants",
        _id(), _to("account_id", "accounts"), _code("role", 32), _code("trial"), _code("site"),
        _code("begin_at"), _code("until_at"), _to("by_account_id", "accounts"),
        sa.Column("needs_second", sa.Boolean, nullable=False), _words("reason"), _code("at"),
    )  # fmt: skip
    op.create_table(
        "grant_confirmations",
        _id(), _to("grant_id", "grants", unique=True), _to("by_account_id", "accounts"),
        _code("at"),
    )  # fmt: skip
    op.create_table(
        "grant_ends",
        _id(), _to("grant_id", "grants", unique=True), _to("by_account_id", "accounts"),
        _words("reason"), _code("at"),
    )  # fmt: skip
    op.create_table(
        "conflicts",
        _id(), _to("account_id", "accounts"), _code("site"),
        _to("subject_id", "subjects", optional=True), _words("reason"),
        _to("by_account_id", "accounts"), _code("at"),
    )  # fmt: skip
    op.create_table(
        "conflict_ends",
        _id(), _to("conflict_id", "conflicts", unique=True), _words("reason"),
        _to("by_account_id", "accounts"), _code("at"),
    )  # fmt: skip


def _make_course_of_review() -> None:
    op.create_table(
        "office_settings",
        _id(), _code("name"), _words("value"), _to("by_account_id", "accounts"), _words("reason"),
        _code("at"),
    )  # fmt: skip
    op.create_table(
        "senders",
        _id(), _to("submission_id", "submissions", unique=True), _to("account_id", "accounts"),
        _code("at"),
    )  # fmt: skip
    op.create_table(
        "review_plans",
        _id(), _to("submission_id", "submissions"), _number("round"), _code("kind", 32),
        _number("readers"), sa.Column("blind", sa.Boolean, nullable=False),
        _to("by_account_id", "accounts"), _code("at"),
        sa.UniqueConstraint("submission_id", "round"),
        sa.CheckConstraint('readers IN (1, 2)', name="readers"),
    )  # fmt: skip
    op.create_table(
        "transitions",
        _id(), _to("submission_id", "submissions"), _code("from_state", 32),
        _code("to_state", 32), _to("account_id", "accounts"), _code("role", 32), _words("reason"),
        _code("at"), _number("expected"),
        sa.UniqueConstraint("submission_id", "expected"),
    )  # fmt: skip
    op.create_table(
        "assignments",
        _id(), _to("submission_id", "submissions"), _number("round"), _code("part", 16),
        _to("account_id", "accounts"), _to("by_account_id", "accounts"), _words("reason"),
        _code("at"),
        sa.CheckConstraint("part IN ('reader', 'adjudicator')", name="part"),
    )  # fmt: skip
    op.create_table(
        "assignment_ends",
        _id(), _to("assignment_id", "assignments", unique=True), _to("by_account_id", "accounts"),
        _words("reason"), _code("at"),
    )  # fmt: skip
    op.create_table(
        "due_dates",
        _id(), _to("submission_id", "submissions"), _code("due"), _words("reason"),
        _to("by_account_id", "accounts"), _code("at"),
    )  # fmt: skip


def _make_readings() -> None:
    op.create_table(
        "checklists",
        _id(), _number("version", unique=True), _words("content"), _code("sha256"),
        _to("by_account_id", "accounts"), _code("at"),
        sa.CheckConstraint('length(sha256) = 64', name="sha256"),
        sa.CheckConstraint('version > 0', name="version"),
    )  # fmt: skip
    op.create_table(
        "readings",
        _id(), _to("submission_id", "submissions"), _number("round"), _code("part", 16),
        _to("account_id", "accounts"), _code("role", 32),
        _to("checklist_id", "checklists", optional=True), _code("at"),
        sa.UniqueConstraint("submission_id", "round", "account_id"),
        sa.CheckConstraint("part IN ('reader', 'adjudicator')", name="part"),
    )  # fmt: skip
    op.create_table(
        "judgements",
        _id(), _to("reading_id", "readings"), _code("kind", 16), _words("item"),
        _code("engine", 32), _code("before", 32), _code("after", 32), _code("reason_code", 32),
        _words("justification"), _to("account_id", "accounts"), _code("at"),
        sa.CheckConstraint('length(item) > 0', name="item"),
        sa.CheckConstraint("kind <> 'engine' OR after = engine OR after = ''"
            " OR length(justification) >= 10", name="justified"),
        sa.CheckConstraint("kind IN ('engine', 'contour', 'grade')", name="kind"),
    )  # fmt: skip
    op.create_table(
        "comments",
        _id(), _to("reading_id", "readings"), _to("replaces_id", "comments", optional=True),
        _words("pin"), _words("text"), _code("visibility", 16), _to("account_id", "accounts"),
        _code("at"),
        sa.UniqueConstraint("replaces_id"),
        sa.CheckConstraint("visibility IN ('office', 'site')", name="visibility"),
    )  # fmt: skip


def _make_signatures() -> None:
    op.create_table(
        "challenges",
        _id(), _code("token_sha256", unique=True), _to("reading_id", "readings"),
        _to("account_id", "accounts"), _code("session"), _code("content_sha256"),
        _code("meaning", 32), _code("language", 16), _code("at"), _code("until_at"),
    )  # fmt: skip
    op.create_table(
        "signatures",
        _id(), _to("reading_id", "readings", unique=True),
        _to("challenge_id", "challenges", unique=True), _to("submission_id", "submissions"),
        _number("round"), _to("account_id", "accounts"), _code("role", 32), _words("name"),
        _code("meaning", 32), _words("sentence"), _code("language", 16), _code("proof", 32),
        _code("at"), _code("local_at"), _code("content_sha256"), _words("document"),
        _code("sha256", unique=True),
        sa.CheckConstraint('length(content_sha256) = 64', name="content"),
        sa.CheckConstraint('length(sha256) = 64', name="sha256"),
    )  # fmt: skip
    op.create_table(
        "decisions",
        _id(), _to("submission_id", "submissions"), _number("round"), _code("outcome", 32),
        _code("how", 32), _to("signature_id", "signatures"), _to("account_id", "accounts"),
        _words("items"), _code("sha256"), _code("at"),
        sa.UniqueConstraint("submission_id", "round"),
        sa.CheckConstraint("outcome IN ('accepted', 'accepted with deviation', 'rejected')",
            name="outcome"),
    )  # fmt: skip
    op.create_table(
        "reopenings",
        _id(), _to("submission_id", "submissions"), _number("round"), _words("reason"),
        _to("by_account_id", "accounts"), _code("at"),
        sa.UniqueConstraint("submission_id", "round"),
        sa.CheckConstraint('length(reason) > 0', name="reason"),
    )  # fmt: skip


def _make_threads() -> None:
    op.create_table(
        "threads",
        _id(), _to("submission_id", "submissions"), _words("topic"), _code("due"),
        _to("query_id", "queries", optional=True), _to("account_id", "accounts"), _code("at"),
    )  # fmt: skip
    op.create_table(
        "thread_messages",
        _id(), _to("thread_id", "threads"), _to("account_id", "accounts"), _code("side", 16),
        _words("text"), _code("attachment_sha256"), _code("at"),
        sa.CheckConstraint("side IN ('office', 'site')", name="side"),
        sa.CheckConstraint('length(text) > 0', name="text"),
    )  # fmt: skip
    op.create_table(
        "thread_ends",
        _id(), _to("thread_id", "threads", unique=True), _words("reason"),
        _to("account_id", "accounts"), _code("at"),
        sa.CheckConstraint('length(reason) > 0', name="reason"),
    )  # fmt: skip
