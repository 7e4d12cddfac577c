"""SQLite refuses a row in the place of another as well.

`INSERT OR REPLACE` deletes the row before without asking the triggers on deletions. PostgreSQL
knows no such statement; its `ON CONFLICT DO UPDATE` is an update, which is refused already.
"""

from __future__ import annotations

from alembic import op

revision = "v004"
down_revision = "v003"
branch_labels = None
depends_on = None

KEYS = {
    "trials": (("id",), ("code",)),
    "sites": (("id",), ("trial_id", "code")),
    "subjects": (("id",), ("site_id", "code")),
    "submissions": (("id",), ("place_key", "input_sha256"), ("subject_id", "version", "revision")),
    "files": (("id",),),
    "cases": (("id",), ("submission_id", "ordinal")),
    "protocol_versions": (("id",), ("sha256",)),
    "reviews": (("id",), ("case_id", "protocol_version_id", "engine")),
    "dvhs": (("id",), ("review_id", "key")),
    "metric_values": (("id",), ("review_id", "limit_id")),
    "findings": (("id",),),
    "repairs": (("id",),),
    "audit_events": (("seq",), ("hash",), ("previous",)),
    "queries": (("id",),),
    "query_closings": (("id",), ("query_id",)),
    "settled": (("id",), ("submission_id", "rules_sha256", "engine")),
    "comparisons": (("id",), ("review_id",)),
}
"""Of each table the columns of its keys; a row that agrees with another in one would replace it."""


def upgrade() -> None:
    """Refuse rows that would replace others."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, keys in KEYS.items():
        same = " OR ".join(_is_there(table, key) for key in keys)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {same} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
        )


def downgrade() -> None:
    """Ask no more."""
    if op.get_bind().dialect.name == "sqlite":
        for table in KEYS:
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_replace")


def _is_there(table: str, key: tuple[str, ...]) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of our own
