"""The tables of the review office: accounts, grants, readings, signatures, decisions.

All are written once, as every table of the store: a grant that is taken back, an assignment that
ends, a decision that is reopened is a further row. No secret is here: passwords, sessions and
drafts are working state and live elsewhere.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sbrt_qa.audit.store.reading_tables import (
    challenges,
    checklists,
    comments,
    decisions,
    judgements,
    readings,
    signatures,
)
from sbrt_qa.audit.store.table_parts import (
    HASH,
    key_column,
    long_text,
    metadata,
    reference,
    short_text,
)

__all__ = [
    "OFFICE_TABLES", "account_states", "accounts", "assignment_ends", "assignments", "challenges",
    "checklists", "comments", "conflict_ends", "conflicts", "decisions", "due_dates",
    "grant_confirmations", "grant_ends", "grants", "judgements", "office_settings", "readings",
    "reopenings", "review_plans", "senders", "signatures", "thread_ends", "thread_messages",
    "threads", "transitions",
]  # fmt: skip

accounts = Table(
    "accounts",
    metadata,
    key_column(),
    Column("code", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    short_text("kind", 16),
    long_text("profession"),
    long_text("home_site"),
    short_text("made"),
    CheckConstraint("kind IN ('person', 'engine')", name="kind"),
    CheckConstraint("length(name) > 0", name="name"),
)
"""Who can act. `code` is what one signs in with; neither it nor the name is ever given to another.
`profession` is ``physics`` or ``oncology`` or empty, `home_site` the site somebody works at."""

account_states = Table(
    "account_states",
    metadata,
    key_column(),
    reference("account_id", "accounts"),
    short_text("state", 16),
    reference("by_account_id", "accounts"),
    Column("reason", Text, nullable=False),
    short_text("at"),
    CheckConstraint("state IN ('active', 'locked')", name="state"),
)
"""That an account was locked or opened again; the last row counts."""

grants = Table(
    "grants",
    metadata,
    key_column(),
    reference("account_id", "accounts"),
    short_text("role", 32),
    short_text("trial"),
    short_text("site"),
    short_text("begin_at"),
    short_text("until_at"),
    reference("by_account_id", "accounts"),
    Column("needs_second", Boolean, nullable=False),
    long_text("reason"),
    short_text("at"),
)
"""A role of an account in a trial and a site, each a code or ``*`` for all. `until_at` may be
empty. One that needs a second account counts once there is a row of `grant_confirmations`."""

grant_confirmations = Table(
    "grant_confirmations",
    metadata,
    key_column(),
    Column("grant_id", ForeignKey("grants.id"), nullable=False, unique=True),
    reference("by_account_id", "accounts"),
    short_text("at"),
)

grant_ends = Table(
    "grant_ends",
    metadata,
    key_column(),
    Column("grant_id", ForeignKey("grants.id"), nullable=False, unique=True),
    reference("by_account_id", "accounts"),
    Column("reason", Text, nullable=False),
    short_text("at"),
)

conflicts = Table(
    "conflicts",
    metadata,
    key_column(),
    reference("account_id", "accounts"),
    short_text("site"),
    reference("subject_id", "subjects", optional=True),
    Column("reason", Text, nullable=False),
    reference("by_account_id", "accounts"),
    short_text("at"),
)
"""A declared conflict of interest: with a site, or with one subject (`site` empty then)."""

conflict_ends = Table(
    "conflict_ends",
    metadata,
    key_column(),
    Column("conflict_id", ForeignKey("conflicts.id"), nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    reference("by_account_id", "accounts"),
    short_text("at"),
)

office_settings = Table(
    "office_settings",
    metadata,
    key_column(),
    short_text("name"),
    Column("value", Text, nullable=False),
    reference("by_account_id", "accounts"),
    long_text("reason"),
    short_text("at"),
)
"""What the trial allows; the last row of a name counts. `value` is JSON."""

senders = Table(
    "senders",
    metadata,
    key_column(),
    Column("submission_id", ForeignKey("submissions.id"), nullable=False, unique=True),
    reference("account_id", "accounts"),
    short_text("at"),
)
"""The account that sent a submission, where one did."""

review_plans = Table(
    "review_plans",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    short_text("kind", 32),
    Column("readers", Integer, nullable=False),
    Column("blind", Boolean, nullable=False),
    reference("by_account_id", "accounts"),
    short_text("at"),
    UniqueConstraint("submission_id", "round"),
    CheckConstraint("readers IN (1, 2)", name="readers"),
)
"""How a round is to be read: which type of review, by how many, and whether blind."""

transitions = Table(
    "transitions",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    short_text("from_state", 32),
    short_text("to_state", 32),
    reference("account_id", "accounts"),
    short_text("role", 32),
    long_text("reason"),
    short_text("at"),
    Column("expected", Integer, nullable=False),
    UniqueConstraint("submission_id", "expected"),
)
"""Steps of a submission's life. `expected` is the key of the step it follows, 0 for the first, so
that of two steps from the same state only one is recorded. `from_state` is empty for the first."""

assignments = Table(
    "assignments",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    short_text("part", 16),
    reference("account_id", "accounts"),
    reference("by_account_id", "accounts"),
    long_text("reason"),
    short_text("at"),
    CheckConstraint("part IN ('reader', 'adjudicator')", name="part"),
)

assignment_ends = Table(
    "assignment_ends",
    metadata,
    key_column(),
    Column("assignment_id", ForeignKey("assignments.id"), nullable=False, unique=True),
    reference("by_account_id", "accounts"),
    Column("reason", Text, nullable=False),
    short_text("at"),
)

due_dates = Table(
    "due_dates",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    short_text("due"),
    long_text("reason"),
    reference("by_account_id", "accounts"),
    short_text("at"),
)
"""By when a submission is to be decided; the last row counts."""

reopenings = Table(
    "reopenings",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    reference("by_account_id", "accounts"),
    short_text("at"),
    UniqueConstraint("submission_id", "round"),
    CheckConstraint("length(reason) > 0", name="reason"),
)
"""That a decided submission was taken up again; `round` is the number of the new round."""

threads = Table(
    "threads",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("topic", Text, nullable=False),
    short_text("due"),
    reference("query_id", "queries", optional=True),
    reference("account_id", "accounts"),
    short_text("at"),
)
"""A question of the office to the site; `query_id` is the letter that it went out with."""

thread_messages = Table(
    "thread_messages",
    metadata,
    key_column(),
    reference("thread_id", "threads"),
    reference("account_id", "accounts"),
    short_text("side", 16),
    Column("text", Text, nullable=False),
    Column("attachment_sha256", String(HASH), nullable=False, default=""),
    short_text("at"),
    CheckConstraint("side IN ('office', 'site')", name="side"),
    CheckConstraint("length(text) > 0", name="text"),
)

thread_ends = Table(
    "thread_ends",
    metadata,
    key_column(),
    Column("thread_id", ForeignKey("threads.id"), nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts"),
    short_text("at"),
    CheckConstraint("length(reason) > 0", name="reason"),
)

OFFICE_TABLES = (
    accounts, account_states, grants, grant_confirmations, grant_ends, conflicts, conflict_ends,
    office_settings, senders, review_plans, transitions, assignments, assignment_ends, due_dates,
    checklists, readings, judgements, comments, challenges, signatures, decisions, reopenings,
    threads, thread_messages, thread_ends,
)  # fmt: skip
"""All tables of the office, each after those that it refers to."""
