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
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sbrt_qa.audit.store.office_tables import OFFICE_TABLES
from sbrt_qa.audit.store.reference_tables import (
    REFERENCE_TABLES,
    reference_limits,
    reference_sets,
    reference_structures,
)
from sbrt_qa.audit.store.table_parts import (
    CODE,
    HASH,
    key_column,
    long_text,
    metadata,
    reference,
    short_text,
)
from sbrt_qa.audit.store.trial_tables import analyses, data_cuts, trial_imports, trial_rows

__all__ = [
    "CODE", "FIRST_TABLES", "HASH", "OFFICE_TABLES", "REFERENCE_TABLES", "TRIAL_TABLES", "VERSION",
    "analyses", "audit_events", "cases", "comparisons", "data_cuts", "dvhs", "failure_ends",
    "failures", "files", "findings", "fingerprints", "letters", "marks", "metadata",
    "metric_values", "places", "protocol_versions", "queries", "query_closings", "reference_limits",
    "reference_sets", "reference_structures", "repairs", "reviews", "settled", "site_names",
    "sites", "subjects", "submissions", "trial_imports", "trial_rows", "trials",
]  # fmt: skip

VERSION: Final = "v009"
"""The newest migration."""

_VERDICTS = "('per_protocol', 'minor', 'not_evaluable', 'major')"

trials = Table(
    "trials", metadata, key_column(), Column("code", String(CODE), nullable=False, unique=True)
)

sites = Table(
    "sites",
    metadata,
    key_column(),
    reference("trial_id", "trials"),
    short_text("code"),
    UniqueConstraint("trial_id", "code"),
)

subjects = Table(
    "subjects",
    metadata,
    key_column(),
    reference("site_id", "sites"),
    short_text("code"),
    UniqueConstraint("site_id", "code"),
)

submissions = Table(
    "submissions",
    metadata,
    key_column(),
    reference("subject_id", "subjects"),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("place_key", String(HASH), nullable=False),
    Column("input_sha256", String(HASH), nullable=False),
    short_text("received"),
    short_text("recorded"),
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
    key_column(),
    reference("submission_id", "submissions"),
    Column("sha256", String(HASH), nullable=False, index=True),
    short_text("modality", 16),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

cases = Table(
    "cases",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    Column("ordinal", Integer, nullable=False),
    long_text("label"),
    UniqueConstraint("submission_id", "ordinal"),
)
"""One per plan."""

protocol_versions = Table(
    "protocol_versions",
    metadata,
    key_column(),
    short_text("code"),
    short_text("version"),
    Column("sha256", String(HASH), nullable=False, unique=True),
    Column("content", Text, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    key_column(),
    reference("case_id", "cases"),
    reference("protocol_version_id", "protocol_versions"),
    short_text("engine"),
    reference("source_id", "reviews", optional=True),
    short_text("verdict"),
    short_text("made"),
    Column("document", LargeBinary, nullable=False),
    short_text("sha256", HASH),
    long_text("facts"),
    short_text("facts_sha256", HASH),
    UniqueConstraint("case_id", "protocol_version_id", "engine"),
    CheckConstraint(f"verdict IN {_VERDICTS}", name="verdict"),
)
"""`document` is the compressed JSON form, `sha256` that of the JSON. `facts` is what a regrading
needs besides histograms, empty when nothing was read; its hash covers them and all histograms. A
regraded review has none of its own, and `source_id` names the review whose it used."""

dvhs = Table(
    "dvhs",
    metadata,
    key_column(),
    reference("review_id", "reviews"),
    Column("key", Text, nullable=False),
    long_text("name"),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("review_id", "key"),
)
"""`key` as the engine computes them, `name` the structure of the protocol it stands for."""

metric_values = Table(
    "metric_values",
    metadata,
    key_column(),
    reference("review_id", "reviews"),
    short_text("limit_id"),
    long_text("structure"),
    long_text("metric"),
    short_text("op", 8),
    short_text("unit", 16),
    Column("value", Float(53)),
    Column("reason", String(CODE)),
    Column("per_protocol_limit", Float(53)),
    Column("minor_limit", Float(53)),
    Column("margin", Float(53)),
    short_text("verdict"),
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
    key_column(),
    reference("submission_id", "submissions"),
    reference("review_id", "reviews", optional=True),
    short_text("code"),
    Column("verdict", String(CODE)),
    long_text("place"),
    long_text("message"),
    long_text("advice"),
    CheckConstraint(f"verdict IS NULL OR verdict IN {_VERDICTS}", name="verdict"),
)
"""Of a review; or of the submission as a whole, then without a review."""

repairs = Table(
    "repairs",
    metadata,
    key_column(),
    reference("case_id", "cases"),
    short_text("quirk"),
    long_text("place"),
    long_text("detail"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    short_text("at"),
    short_text("kind"),
    long_text("subject"),
    Column("details", Text, nullable=False),
    Column("previous", String(HASH), nullable=False, unique=True),
    Column("hash", String(HASH), nullable=False, unique=True),
    CheckConstraint("seq > 0", name="seq"),
)
"""A chain: each row's hash covers the one before, so none can change or vanish from its middle."""

queries = Table(
    "queries",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    short_text("opened"),
    short_text("due"),
    Column("letter", Text, nullable=False),
    short_text("sha256", HASH),
    CheckConstraint("due >= opened", name="due"),
)
"""A letter to the site that waits for an answer."""

query_closings = Table(
    "query_closings",
    metadata,
    key_column(),
    Column("query_id", ForeignKey("queries.id"), nullable=False, unique=True),
    short_text("closed"),
    Column("reason", Text, nullable=False),
    CheckConstraint("length(reason) > 0", name="reason"),
)
"""The end of a query; it has at most one."""

settled = Table(
    "settled",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    short_text("rules_sha256", HASH),
    short_text("engine"),
    UniqueConstraint("submission_id", "rules_sha256", "engine"),
)
"""Inputs that a version of the engine need not look at again under all versions of a protocol,
which `rules_sha256` stands for. One whose review broke off is not settled, and is tried again."""

comparisons = Table(
    "comparisons",
    metadata,
    key_column(),
    Column("review_id", ForeignKey("reviews.id"), nullable=False, unique=True),
    short_text("before_input", HASH),
    Column("document", LargeBinary, nullable=False),
    short_text("sha256", HASH),
)
"""What a resubmission changed: `document` is the compressed JSON form, `sha256` that of the JSON,
`before_input` the fingerprint of the files that it is compared with."""

places = Table(
    "places",
    metadata,
    key_column(),
    Column("event", Integer, nullable=False, index=True),
    Column("place_key", String(HASH), nullable=False, index=True),
    long_text("place"),
    Column("site", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    short_text("outcome"),
    long_text("reason"),
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
    key_column(),
    Column("event", Integer, nullable=False, index=True),
    Column("place_key", String(HASH), nullable=False, index=True),
    long_text("place"),
    Column("site", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("input_sha256", String(HASH), nullable=False),
    short_text("kind"),
    long_text("why"),
    short_text("rules_sha256", HASH),
    short_text("engine"),
    UniqueConstraint("event", "place_key"),
)
"""Reviews that came to nothing for a reason that is not the site's. One is open until there is a
row of `failure_ends`; `input_sha256` is empty where the files could not be read."""

failure_ends = Table(
    "failure_ends",
    metadata,
    key_column(),
    Column("failure_id", ForeignKey("failures.id"), nullable=False, unique=True),
    Column("event", Integer, nullable=False, index=True),
    short_text("how"),
)
"""How a failure ended: ``reviewed``, ``changed`` (other files came), ``gone``, or ``closed`` by a
person."""

marks = Table(
    "marks",
    metadata,
    key_column(),
    reference("submission_id", "submissions"),
    short_text("kind", 32),
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
    key_column(),
    reference("submission_id", "submissions"),
    short_text("sha256", HASH),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    UniqueConstraint("submission_id", "sha256"),
)
"""Further fingerprints by which the input of a submission is known, such as that of another way to
take it."""

letters = Table(
    "letters",
    metadata,
    key_column(),
    Column("number", Integer, nullable=False, unique=True),
    reference("submission_id", "submissions"),
    Column("query_id", ForeignKey("queries.id"), nullable=True, unique=True),
    short_text("written"),
    Column("text", Text, nullable=False),
    short_text("sha256", HASH),
    long_text("sender"),
    long_text("contact"),
    long_text("site_name"),
    Column("head_seq", Integer, nullable=False),
    short_text("head_hash", HASH),
    CheckConstraint("number > 0", name="number"),
)
"""Every letter as it was written; one that asks for something is a query as well. `head_seq` and
`head_hash` are the end of the chain that the letter names: of the event before its own."""

site_names = Table(
    "site_names",
    metadata,
    key_column(),
    reference("site_id", "sites"),
    Column("name", Text, nullable=False),
    CheckConstraint("length(name) > 0", name="name"),
)
"""What a site is called, in any script; the last one counts."""

FIRST_TABLES: Final = (
    trials, sites, subjects, submissions, files, cases, protocol_versions, reviews, dvhs,
    metric_values, findings, repairs, audit_events,
)  # fmt: skip
"""Tables of the first version of the store."""

TRIAL_TABLES: Final = (trial_imports, trial_rows, data_cuts, analyses)
"""Tables of the data of the trial itself: subjects, timeline and outcome."""
