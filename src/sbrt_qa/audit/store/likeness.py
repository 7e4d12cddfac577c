"""Findings across submissions: the same plan or patient under two codes, or sent twice unchanged.

They are found anew from what is recorded whenever somebody asks, so that both sides have them,
whichever came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding, Verdict

IDENTICAL_FILES: Final = "IDENTICAL_FILES"
IDENTICAL_CONTENT: Final = "IDENTICAL_CONTENT"
UIDS_SHARED: Final = "UIDS_SHARED"
CODES_ALIKE: Final = "CODES_ALIKE"
UNCHANGED: Final = "RESUBMITTED_UNCHANGED"

CONTENT: Final = "contours and dose"
WHOLE: Final = "whole plan"
UID: Final = "uid"
SUBJECT_NAME: Final = "subject name"
SITE_NAME: Final = "site name"
"""Kinds of marks."""

_RT: Final = ("RTPLAN", "RTSTRUCT", "RTDOSE")
_MOST_NAMED: Final = 3
_MOST_COMPARED: Final = 50
"""Submissions with one hash that each of the others is told of."""

_ADVICE: Final = say("Find out which of them is right; the other one has to be replaced.")


@dataclass(frozen=True, slots=True)
class _One:
    """A submission."""

    id: int
    code: str
    subject: int
    site: int
    parts: tuple[int, ...]


@dataclass(slots=True)
class _Pairs:
    """What was found of pairs of submissions: each pair once, by the first thing found."""

    others: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    known: set[tuple[int, int]] = field(default_factory=set)

    def add(self, code: str, groups: Iterable[Sequence[_One]]) -> None:
        """Take in groups of submissions that are alike; those of one subject are no pair."""
        for group in groups:
            for one in group:
                for other in group[:_MOST_COMPARED]:
                    told = self.others[one.id, code]
                    is_new = (one.id, other.id) not in self.known and other.id not in told
                    if one.subject != other.subject and is_new:
                        told.append(other.id)
        self.known |= {(one, b) for (one, _), found in self.others.items() for b in found}


def cross_findings(connection: Connection) -> dict[int, tuple[Finding, ...]]:
    """Return what is to be told of submissions because of others, by submission."""
    ones = {one.id: one for one in _submissions(connection)}
    pairs = _Pairs()
    pairs.add(IDENTICAL_FILES, _groups(ones, _same_files(connection)))
    pairs.add(IDENTICAL_CONTENT, _groups(ones, _same_marks(connection, CONTENT)))
    pairs.add(UIDS_SHARED, _groups(ones, _same_marks(connection, UID)))
    alike = _Pairs()
    alike.add(CODES_ALIKE, _groups(ones, _same_marks(connection, SUBJECT_NAME)))
    found: dict[int, list[Finding]] = defaultdict(list)
    for (one, code), others in sorted((pairs.others | alike.others).items()):
        if not others:
            continue
        found[one].append(_told(code, _named(ones, others)))
    for one, finding in _sites_alike(connection, ones, alike.known):
        found[one].append(finding)
    for one, finding in _unchanged(connection, ones):
        found[one].append(finding)
    return {one: tuple(findings) for one, findings in found.items()}


def _submissions(connection: Connection) -> Iterator[_One]:
    s, b, i = t.submissions, t.subjects, t.sites
    parts = (s.c.plans, s.c.structure_sets, s.c.doses, s.c.images)
    columns: list[Any] = [
        s.c.id, s.c.version, s.c.revision, s.c.subject_id, b.c.site_id, *parts,
        b.c.code.label("subject"), i.c.code.label("site"),
    ]  # fmt: skip
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    query = sa.select(*columns).select_from(joined)
    for row in connection.execute(query.order_by(s.c.subject_id, s.c.version, s.c.revision)):
        code = submission_code(row.site, row.subject, row.version, row.revision)
        numbers = (row.plans, row.structure_sets, row.doses, row.images)
        yield _One(row.id, code, row.subject_id, row.site_id, numbers)


def _groups(ones: dict[int, _One], rows: Iterable[tuple[str, int]]) -> Iterator[Sequence[_One]]:
    """Gather the submissions that have a hash in common."""
    groups: dict[str, list[_One]] = defaultdict(list)
    for digest, submission in sorted(rows):
        groups[digest].append(ones[submission])
    yield from groups.values()


def _same_files(connection: Connection) -> Iterator[tuple[str, int]]:
    """Give the files, but images, that several subjects have, with their submissions."""
    f, s = t.files.c, t.submissions
    joined = t.files.join(s, s.c.id == f.submission_id)
    rt = f.modality.in_(_RT)
    several = sa.func.count(sa.distinct(s.c.subject_id)) > 1
    same = sa.select(f.sha256).select_from(joined).where(rt).group_by(f.sha256).having(several)
    query = sa.select(f.sha256, f.submission_id).where(f.sha256.in_(same), rt).distinct()
    yield from ((row.sha256, row.submission_id) for row in connection.execute(query))


def _same_marks(connection: Connection, kind: str) -> Iterator[tuple[str, int]]:
    """Give the marks of a kind that several subjects have, with their submissions."""
    m, s = t.marks.c, t.submissions
    joined = t.marks.join(s, s.c.id == m.submission_id)
    several = sa.func.count(sa.distinct(s.c.subject_id)) > 1
    same = (
        sa.select(m.digest)
        .select_from(joined)
        .where(m.kind == kind)
        .group_by(m.digest)
        .having(several)
    )
    query = sa.select(m.digest, m.submission_id).where(m.kind == kind, m.digest.in_(same))
    yield from ((row.digest, row.submission_id) for row in connection.execute(query.distinct()))


def _named(ones: dict[int, _One], others: Sequence[int]) -> str:
    codes = sorted(ones[other].code for other in others)
    more = ", ..." if len(codes) > _MOST_NAMED else ""
    return ", ".join(codes[:_MOST_NAMED]) + more


def _told(code: str, others: str) -> Finding:
    texts = {
        IDENTICAL_FILES: say("identical files: also sent as {0}", others),
        IDENTICAL_CONTENT: say(
            "identical contours and dose: also sent as {0}, under other UIDs", others
        ),
        UIDS_SHARED: say("one patient's UIDs under two codes: also in {0}", others),
        CODES_ALIKE: say(
            "the code of the subject differs from that of {0} in case or width of letters only",
            others,
        ),
    }
    grave = code in (IDENTICAL_FILES, IDENTICAL_CONTENT)
    verdict = Verdict.MAJOR if grave else Verdict.MINOR
    return Finding(code, verdict, say("submission"), texts[code], _ADVICE)


def _sites_alike(
    connection: Connection, ones: dict[int, _One], known: set[tuple[int, int]]
) -> Iterator[tuple[int, Finding]]:
    """Tell of sites whose codes differ in case or width only, once for each."""
    m = t.marks.c
    rows = connection.execute(sa.select(m.digest, m.submission_id).where(m.kind == SITE_NAME))
    groups: dict[str, dict[int, _One]] = defaultdict(dict)
    for digest, submission in sorted(rows, key=lambda row: ones[row.submission_id].code):
        one = ones[submission]
        groups[digest].setdefault(one.site, one)
    told = {(ones[a].site, ones[b].site) for a, b in known}
    for group in groups.values():
        for one in group.values():
            others = [o for o in group.values() if o.site != one.site]
            others = [o for o in others if (one.site, o.site) not in told]
            if others:
                text = say(
                    "the code of the site differs from that of {0} in case or width of letters "
                    "only",
                    _named(ones, [o.id for o in others]),
                )
                yield (
                    one.id,
                    Finding(CODES_ALIKE, Verdict.MINOR, say("submission"), text, _ADVICE),
                )


def _unchanged(connection: Connection, ones: dict[int, _One]) -> Iterator[tuple[int, Finding]]:
    """Tell of submissions in which nothing differs from the one before."""
    before: _One | None = None
    neighbours = []
    for one in ones.values():
        if before is not None and before.subject == one.subject and before.parts == one.parts:
            neighbours.append((before, one))
        before = one
    for first, second in neighbours:
        if _are_same(connection, t.files, first, second, sa.true()):
            texts = (
                say("identical files: sent again unchanged as {0}", second.code),
                say("identical files: nothing differs from the submission before, {0}", first.code),
            )
        elif _are_same(connection, t.marks, first, second, t.marks.c.kind == WHOLE):
            texts = (
                say(
                    "identical contours and dose: sent again unchanged as {0}, under other UIDs",
                    second.code,
                ),
                say(
                    "identical contours and dose: nothing differs from the submission before, {0}, "
                    "but UIDs",
                    first.code,
                ),
            )
        else:
            continue
        for one, text in zip((first, second), texts, strict=True):
            yield one.id, Finding(UNCHANGED, Verdict.MINOR, say("submission"), text, _ADVICE)


def _are_same(
    connection: Connection,
    table: sa.Table,
    first: _One,
    second: _One,
    condition: sa.ColumnElement[bool],
) -> bool:
    """Tell whether two submissions have the same hashes, and any."""
    column = table.c.sha256 if "sha256" in table.c else table.c.digest
    sets = [
        set(connection.scalars(sa.select(column).where(table.c.submission_id == one.id, condition)))
        for one in (first, second)
    ]
    return bool(sets[0]) and sets[0] == sets[1]
