"""The tables of a reader's work: checklists, readings, judgements, signatures, decisions."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sbrt_qa.audit.store.table_parts import (
    HASH,
    key_column,
    long_text,
    metadata,
    reference,
    short_text,
)

checklists = Table(
    "checklists",
    metadata,
    key_column(),
    Column("version", Integer, nullable=False, unique=True),
    Column("content", Text, nullable=False),
    Column("sha256", String(HASH), nullable=False),
    reference("by_account_id", "accounts"),
    short_text("at"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)
"""What reviewers are asked of contours, by version; a reading names the one it was made with."""

readings = Table(
    "readings",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    short_text("part", 16),
    reference("account_id", "accounts"),
    short_text("role", 32),
    reference("checklist_id", "checklists", optional=True),
    short_text("at"),
    UniqueConstraint("submission_id", "round", "account_id"),
    CheckConstraint("part IN ('reader', 'adjudicator')", name="part"),
)
"""A reader's form on a submission in one round, begun when it was opened."""

judgements = Table(
    "judgements",
    metadata,
    key_column(),
    reference("reading_id", "readings"),
    short_text("kind", 16),
    Column("item", Text, nullable=False),
    short_text("engine", 32),
    short_text("before", 32),
    short_text("after", 32),
    short_text("reason_code", 32),
    long_text("justification"),
    reference("account_id", "accounts"),
    short_text("at"),
    CheckConstraint("kind IN ('engine', 'contour', 'grade')", name="kind"),
    CheckConstraint("length(item) > 0", name="item"),
    CheckConstraint(
        "kind <> 'engine' OR after = engine OR after = '' OR length(justification) >= 10",
        name="justified",
    ),
)
"""What a reader said of an item, and what stood there before; the last row of an item counts. Of
kind ``engine`` are limits, checks and findings: `engine` is the verdict of the program, and one
that `after` differs from is overridden. Of kind ``contour`` are answers of the checklist, of kind
``grade`` is the grade of the case."""

comments = Table(
    "comments",
    metadata,
    key_column(),
    reference("reading_id", "readings"),
    reference("replaces_id", "comments", optional=True),
    Column("pin", Text, nullable=False, default=""),
    Column("text", Text, nullable=False),
    short_text("visibility", 16),
    reference("account_id", "accounts"),
    short_text("at"),
    UniqueConstraint("replaces_id"),
    CheckConstraint("visibility IN ('office', 'site')", name="visibility"),
)
"""Words of a reader, pinned to a structure, a limit or a point in mm (JSON), or to nothing. One
that replaces another stands in its place; an empty text takes it back."""

challenges = Table(
    "challenges",
    metadata,
    key_column(),
    Column("token_sha256", String(HASH), nullable=False, unique=True),
    reference("reading_id", "readings"),
    reference("account_id", "accounts"),
    Column("session", String(HASH), nullable=False),
    Column("content_sha256", String(HASH), nullable=False),
    short_text("meaning", 32),
    short_text("language", 16),
    short_text("at"),
    short_text("until_at"),
)
"""What somebody was shown to sign: the hash of it, for one account in one session, for a while."""

signatures = Table(
    "signatures",
    metadata,
    key_column(),
    Column("reading_id", ForeignKey("readings.id"), nullable=False, unique=True),
    Column("challenge_id", ForeignKey("challenges.id"), nullable=False, unique=True),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    reference("account_id", "accounts"),
    short_text("role", 32),
    Column("name", Text, nullable=False),
    short_text("meaning", 32),
    Column("sentence", Text, nullable=False),
    short_text("language", 16),
    short_text("proof", 32),
    short_text("at"),
    short_text("local_at"),
    short_text("content_sha256", HASH),
    Column("document", Text, nullable=False),
    Column("sha256", String(HASH), nullable=False, unique=True),
    CheckConstraint("length(content_sha256) = 64", name="content"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)
"""An electronic signature. `document` is canonical JSON of exactly what was signed, with who, when
and what it means; `sha256` is its hash, `content_sha256` that of the part shown on the screen."""

decisions = Table(
    "decisions",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("round", Integer, nullable=False),
    short_text("outcome", 32),
    short_text("how", 32),
    reference("signature_id", "signatures"),
    reference("account_id", "accounts"),
    Column("items", Text, nullable=False),
    short_text("sha256", HASH),
    short_text("at"),
    UniqueConstraint("submission_id", "round"),
    CheckConstraint(
        "outcome IN ('accepted', 'accepted with deviation', 'rejected')", name="outcome"
    ),
)
"""What became of a submission. `items` is JSON: the verdict of each item beside the program's."""
