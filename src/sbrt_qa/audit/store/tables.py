"""What is kept of a trial: the tables as they are now.

Every row is written once. What changes is a new row: a resubmission is another submission, a review
under an amendment another review. Triggers of the database refuse updates and deletions (see
`migrations`), and each recording is one link of the chain of `audit_events`.

Nothing here identifies a patient beyond the trial's subject code: no file names, no paths.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION: Final = "v006"
"""The newest migration."""

CODE: Final = 64
"""Longest code of a trial, site, subject or finding."""

HASH: Final = 64
"""Characters of a SHA-256."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(name: str, table: str, *, optional: bool = False) -> Column[int]:
    return Column(name, ForeignKey(f"{table}.id"), nullable=optional, index=True)


def _text(name: str, length: int = CODE) -> Column[str]:
    return Column(name, String(length), nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


_VERDICTS = "('per_protocol', 'minor', 'not_evaluable', 'major')"

trials = Table("trials", metadata, _id(), Column("code", String(CODE), nullable=False, unique=True))

sites = Table(
    "sites",
    metadata,
    _id(),
    _to("trial_id", "trials"),
    _text("code"),
    UniqueConstraint("trial_id", "code"),
)

subjects = Table(
    "subjects",
    metadata,
    _id(),
    _to("site_id", "sites"),
    _text("code"),
    UniqueConstraint("site_id", "code"),
)

submissions = Table(
    "submissions",
    metadata,
    _id(),
    _to("subject_id", "subjects"),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("place_key", String(HASH), nullable=False),
    Column("input_sha256", String(HASH), nullable=False),
    _text("received"),
    _text("recorded"),
    Column("plans", Integer, nullable=False),
    Column("structure_sets", Integer, nullable=False),
    Column("doses", Integer, nullable=False),
    Column("images", Integer, nullable=False),
    UniqueConstraint("subject_id", "version", "revision"),
    UniqueConstraint("place_key", "input_sha256", name="uq_submissions_input"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("revision > 0", name="revision"),
    CheckConstraint("length(input_sha256) = 64", name="input"),
)
"""One per version of a subject; `revision` counts changes of the files of one version."""

files = Table(
    "files",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    Column("sha256", String(HASH), nullable=False, index=True),
    _text("modality", 16),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

cases = Table(
    "cases",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    Column("ordinal", Integer, nullable=False),
    _words("label"),
    UniqueConstraint("submission_id", "ordinal"),
)
"""One per plan."""

protocol_versions = Table(
    "protocol_versions",
    metadata,
    _id(),
    _text("code"),
    _text("version"),
    Column("sha256", String(HASH), nullable=False, unique=True),
    Column("content", Text, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    _id(),
    _to("case_id", "cases"),
    _to("protocol_version_id", "protocol_versions"),
    _text("engine"),
    _to("source_id", "reviews", optional=True),
    _text("verdict"),
    _text("made"),
    Column("document", LargeBinary, nullable=False),
    _text("sha256", HASH),
    _words("facts"),
    _text("facts_sha256", HASH),
    UniqueConstraint("case_id", "protocol_version_id", "engine"),
    CheckConstraint(f"verdict IN {_VERDICTS}", name="verdict"),
)
"""`document` is the compressed JSON form, `sha256` that of the JSON. `facts` is what a regrading
needs besides histograms, empty when nothing was read; its hash covers them and all histograms. A
regraded review has none of its own, and `source_id` names the review whose it used."""

dvhs = Table(
    "dvhs",
    metadata,
    _id(),
    _to("review_id", "reviews"),
    Column("key", Text, nullable=False),
    _words("name"),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("review_id", "key"),
)
"""`key` as the engine computes them, `name` the structure of the protocol it stands for."""

metric_values = Table(
    "metric_values",
    metadata,
    _id(),
    _to("review_id", "reviews"),
    _text("limit_id"),
    _words("structure"),
    _words("metric"),
    _text("op", 8),
    _text("unit", 16),
    Column("value", Float(53)),
    Column("reason", String(CODE)),
    Column("per_protocol_limit", Float(53)),
    Column("minor_limit", Float(53)),
    Column("margin", Float(53)),
    _text("verdict"),
    Column("borderline", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("counts", Boolean, nullable=False),
    CheckConstraint("(value IS NULL) <> (reason IS NULL)", name="value_or_reason"),
    CheckConstraint("value IS NOT NULL OR verdict <> 'per_protocol'", name="no_silent_pass"),
    CheckConstraint(f"verdict IN {_VERDICTS}", name="verdict"),
    UniqueConstraint("review_id", "limit_id"),
)

findings = Table(
    "findings",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    _to("review_id", "reviews", optional=True),
    _text("code"),
    Column("verdict", String(CODE)),
    _words("place"),
    _words("message"),
    _words("advice"),
    CheckConstraint(f"verdict IS NULL OR verdict IN {_VERDICTS}", name="verdict"),
)
"""Of a review; or of the submission as a whole, then without a review."""

repairs = Table(
    "repairs",
    metadata,
    _id(),
    _to("case_id", "cases"),
    _text("quirk"),
    _words("place"),
    _words("detail"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("at"),
    _text("kind"),
    _words("subject"),
    Column("details", Text, nullable=False),
    Column("previous", String(HASH), nullable=False, unique=True),
    Column("hash", String(HASH), nullable=False, unique=True),
    CheckConstraint("seq > 0", name="seq"),
)
"""A chain: each row's hash covers the one before, so none can change or vanish from its middle."""

queries = Table(
    "queries",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    _text("opened"),
    _text("due"),
    Column("letter", Text, nullable=False),
    _text("sha256", HASH),
    CheckConstraint("due >= opened", name="due"),
)
"""A letter to the site that waits for an answer."""

query_closings = Table(
    "query_closings",
    metadata,
    _id(),
    Column("query_id", ForeignKey("queries.id"), nullable=False, unique=True),
    _text("closed"),
    Column("reason", Text, nullable=False),
    CheckConstraint("length(reason) > 0", name="reason"),
)
"""The end of a query; it has at most one."""

settled = Table(
    "settled",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    _text("rules_sha256", HASH),
    _text("engine"),
    UniqueConstraint("submission_id", "rules_sha256", "engine"),
)
"""Inputs that a version of the engine need not look at again under all versions of a protocol,
which `rules_sha256` stands for. One whose review broke off is not settled, and is tried again."""

comparisons = Table(
    "comparisons",
    metadata,
    _id(),
    Column("review_id", ForeignKey("reviews.id"), nullable=False, unique=True),
    _text("before_input", HASH),
    Column("document", LargeBinary, nullable=False),
    _text("sha256", HASH),
)
"""What a resubmission changed: `document` is the compressed JSON form, `sha256` that of the JSON,
`before_input` the fingerprint of the files that it is compared with."""

places = Table(
    "places",
    metadata,
    _id(),
    Column("event", Integer, nullable=False, index=True),
    Column("place_key", String(HASH), nullable=False, index=True),
    _words("place"),
    Column("site", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    _text("outcome"),
    _words("reason"),
    Column("entries", Integer, nullable=False),
    CheckConstraint("entries >= 0", name="entries"),
    UniqueConstraint("event", "place_key"),
)
"""What became of each file and folder below the submissions: a row for each that a run found to
have another outcome than the run before, and one of outcome ``gone`` for what is not there any
more. `event` is the number of the run's event, whose hash covers its rows; `entries` how many files
and folders the row stands for. Names that are no codes are not kept."""

failures = Table(
    "failures",
    metadata,
    _id(),
    Column("event", Integer, nullable=False, index=True),
    Column("place_key", String(HASH), nullable=False, index=True),
    _words("place"),
    Column("site", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("input_sha256", String(HASH), nullable=False),
    _text("kind"),
    _words("why"),
    _text("rules_sha256", HASH),
    _text("engine"),
    UniqueConstraint("event", "place_key"),
)
"""Reviews that came to nothing for a reason that is not the site's. One is open until there is a
row of `failure_ends`; `input_sha256` is empty where the files could not be read."""

failure_ends = Table(
    "failure_ends",
    metadata,
    _id(),
    Column("failure_id", ForeignKey("failures.id"), nullable=False, unique=True),
    Column("event", Integer, nullable=False, index=True),
    _text("how"),
)
"""How a failure ended: ``reviewed``, ``changed`` (other files came), ``gone``, or ``closed`` by a
person."""

marks = Table(
    "marks",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    _text("kind", 32),
    Column("digest", String(HASH), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    CheckConstraint("length(digest) = 64", name="digest"),
    UniqueConstraint("submission_id", "kind", "ordinal", "digest"),
)
"""What tells that two submissions are of one plan or one patient: hashes of contours and dose
without their UIDs, by plan (`ordinal`); keyed hashes of UIDs and of the names of the folders."""

fingerprints = Table(
    "fingerprints",
    metadata,
    _id(),
    _to("submission_id", "submissions"),
    _text("sha256", HASH),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    UniqueConstraint("submission_id", "sha256"),
)
"""Further fingerprints by which the input of a submission is known, such as that of another way to
take it."""

letters = Table(
    "letters",
    metadata,
    _id(),
    Column("number", Integer, nullable=False, unique=True),
    _to("submission_id", "submissions"),
    Column("query_id", ForeignKey("queries.id"), nullable=True, unique=True),
    _text("written"),
    Column("text", Text, nullable=False),
    _text("sha256", HASH),
    _words("sender"),
    _words("contact"),
    _words("site_name"),
    Column("head_seq", Integer, nullable=False),
    _text("head_hash", HASH),
    CheckConstraint("number > 0", name="number"),
)
"""Every letter as it was written; one that asks for something is a query as well. `head_seq` and
`head_hash` are the end of the chain that the letter names: of the event before its own."""

site_names = Table(
    "site_names",
    metadata,
    _id(),
    _to("site_id", "sites"),
    Column("name", Text, nullable=False),
    CheckConstraint("length(name) > 0", name="name"),
)
"""What a site is called, in any script; the last one counts."""

FIRST_TABLES: Final = (
    trials, sites, subjects, submissions, files, cases, protocol_versions, reviews, dvhs,
    metric_values, findings, repairs, audit_events,
)  # fmt: skip
"""Tables of the first version of the store."""
