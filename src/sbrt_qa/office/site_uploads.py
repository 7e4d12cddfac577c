"""What a site sends and what is asked of it: codes, versions, and open questions."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from sbrt_qa.audit.coding import is_subject_code
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.rights import CaseFacts
from sbrt_qa.office.roles import EVERYWHERE, OF_A_SITE, Right
from sbrt_qa.office.states import State


@dataclass(frozen=True, slots=True)
class AskedOfSite:
    """A question that waits for an answer of the site."""

    submission: int
    topic: str
    due: str


def sites_of(engine: Database, by: Acting) -> tuple[str, ...]:
    """Return the sites that an account sends for, by its grants that hold now."""
    with reading(engine) as connection:
        grants = [one for one in grants_in(connection, by.account) if one.holds(by.at)]
    own = {one.site for one in grants if one.role in OF_A_SITE and one.site != EVERYWHERE}
    return tuple(sorted(own))


def refuse_upload(engine: Database, by: Acting, trial: str, site: str, subject: str) -> None:
    """Check that an account may send for a site, and that the subject is named by a code.

    Raises
    ------
    RightsError
        It may not.
    UsageError
        The subject has no code of the trial: short, plain, with a digit, and no date in it.
    """
    with reading(engine) as connection:
        demand(connection, by, Right.UPLOAD, CaseFacts(trial, site))
    if not is_subject_code(subject):
        raise UsageError(
            "not a subject code", got=quoted(subject[:40]),
            expected="letters and digits such as S01-017; never a name or a date of birth",
        )  # fmt: skip


def versions_of(engine: Database, site: str, subject: str) -> dict[int, int]:
    """Return the submissions of a subject by their version; of revisions the last."""
    s, b, i = t.submissions, t.subjects, t.sites
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    query = sa.select(s.c.version, s.c.id).select_from(joined)
    query = query.where(i.c.code == site, b.c.code == subject).order_by(s.c.version, s.c.revision)
    with reading(engine) as connection:
        return {int(version): int(key) for version, key in connection.execute(query)}


def files_of(engine: Database, submission: int) -> frozenset[str]:
    """Return the hashes of the files of a submission."""
    f = t.files.c
    with reading(engine) as connection:
        query = sa.select(f.sha256).where(f.submission_id == submission)
        return frozenset(connection.scalars(query))


def asked_of_site(engine: Database, by: Acting) -> tuple[AskedOfSite, ...]:
    """Return the questions that wait for an answer of the sites that an account answers for.

    A newer version answers those about the one before; of what is withdrawn nothing is asked.
    """
    h, e, m, s = o.threads, o.thread_ends, o.thread_messages, t.submissions
    last = sa.select(sa.func.max(m.c.id)).group_by(m.c.thread_id)
    moved = o.transitions.c
    gone = State.RESUBMITTED.value, State.WITHDRAWN.value
    replaced = sa.select(moved.id).where(moved.submission_id == s.c.id, moved.to_state.in_(gone))
    joined = (
        h.join(m, m.c.thread_id == h.c.id)
        .outerjoin(e, e.c.thread_id == h.c.id)
        .join(s, h.c.submission_id == s.c.id)
        .join(t.subjects, s.c.subject_id == t.subjects.c.id)
        .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
    )
    query = (
        sa.select(h.c.submission_id, h.c.topic, h.c.due)
        .select_from(joined)
        .where(e.c.id.is_(None), m.c.id.in_(last), m.c.side == "office")
        .where(t.sites.c.code.in_(sites_of(engine, by)), ~replaced.exists())
        .order_by(h.c.due, h.c.id)
    )
    with reading(engine) as connection:
        return tuple(AskedOfSite(*row) for row in connection.execute(query))


def protocol_content(engine: Database) -> tuple[str, str]:
    """Return the id of the protocol that the newest reviews are held against, and its JSON.

    Both are empty where nothing was reviewed yet.
    """
    p = t.protocol_versions.c
    with reading(engine) as connection:
        row = connection.execute(sa.select(p.code, p.content).order_by(p.id.desc())).first()
    return ("", "") if row is None else (str(row.code), str(row.content))
