"""Sorting what came in: headers read in a child, studies put together by their links, closed.

Whoever sends an upload says by its manifest what belongs together. Of what comes object by object
only the links tell: a study is closed when they close, nothing of it has come for a while, and its
sender has no association open. What comes after that is its next revision.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sbrt_qa.dicom.files.header_facts import UNREADABLE, header_facts
from sbrt_qa.i18n.phrase import say
from sbrt_qa.intake.landing import Landing
from sbrt_qa.intake.study_closing import (
    InstanceFacts,
    StudyStanding,
    missing_parts,
    patients_in,
    standing_of,
    studies_of,
)
from sbrt_qa.sandbox import Limits, run_isolated
from sbrt_qa.web.working.arrival_rows import FOLDERS, LANDED, OTHER, Arrival, Arrivals
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import (
    CLOSED,
    INCOMPLETE,
    OPEN,
    QUARANTINED,
    WITHDRAWN,
    ReceivedStudy,
    Studies,
)
from sbrt_qa.web.working.working_store import WorkingStore

SORT: Final = "sort"
RELEASE: Final = "release"
"""Kinds of jobs: read what landed and see what is whole; de-identify a study and review it."""

AT_ONCE: Final = 200
LIMITS: Final = Limits(seconds=600, cpu_seconds=240, memory_bytes=3 * 1024**3)

NOT_READ: Final = "objects that came and cannot be read as DICOM; their sender may send them again"
PATIENTS: Final = "objects of more than one patient lie in one study"


@dataclass(frozen=True, slots=True)
class SortingPlace:
    """Where landed files are and where rows are kept."""

    vault: Landing
    store: WorkingStore
    clock: Callable[[], float] = time.time


def sort_arrivals(place: SortingPlace, beat: Callable[[], bool] = lambda: True) -> str:
    """Read the headers of all that landed, and bring every study to where it stands.

    Doing it again changes nothing.

    Returns
    -------
    str
        How many were read, and how many studies were closed.
    """
    rows = Arrivals(place.store, place.clock)
    read, touched = 0, []
    while fresh := rows.in_state(LANDED, AT_ONCE):
        for one, told in zip(fresh, _read(place, rows.patient_key(), fresh), strict=True):
            touched.append(rows.sort(one, told))
        read += len(fresh)
        beat()
    alone = [one for one in touched if not one.batch]
    _set_aside(place, [one for one in alone if _is_unread(one)])
    loose = [one for one in alone if one.facts is not None]
    for site in sorted({one.source.site for one in loose}):
        _group(place, rows, site, [one for one in loose if one.source.site == site])
    closed = sum(_settle(place, rows, study) for study in _open_ones(place))
    return say("{0} read, {1} closed", read, closed)


def ask_sorting(place: SortingPlace, jobs: Jobs) -> None:
    """Ask for sorting where something landed or a study may be whole by now."""
    rows, now = Arrivals(place.store, place.clock), place.clock()
    waiting = bool(rows.in_state(LANDED, 1))
    if waiting or any(now - one.last >= 1 for one in _open_ones(place)):
        last = jobs.last(SORT)
        if waiting or last is None or now - last.changed >= CLOSING_EVERY_SECONDS:
            jobs.ask(SORT, "all")
    for study in Studies(place.store, place.clock).in_states(CLOSED):
        ask_release(jobs, study)


CLOSING_EVERY_SECONDS: Final = 30.0
"""How often it is looked whether studies that wait are whole."""


def ask_release(jobs: Jobs, study: ReceivedStudy) -> None:
    """Ask for the release of a study; one that failed for good is left to a person."""
    last = jobs.last_of(RELEASE, str(study.id))
    if last is None or last.made < study.since:
        jobs.ask(RELEASE, str(study.id), {"study": study.id})


def _read(place: SortingPlace, key: str, fresh: Sequence[Arrival]) -> list[dict[str, Any]]:
    """Read headers in a child; where one file ends it, each gets a child of its own."""
    paths = [str(place.vault.path(one.sha256)) for one in fresh]
    outcome = run_isolated(header_facts, (paths, key), LIMITS)
    told = outcome.value
    if isinstance(told, list) and len(told) == len(fresh) and all(map(_is_told, told)):
        return told
    if len(fresh) == 1:
        return [{"trouble": UNREADABLE}]
    return [_read(place, key, [one])[0] for one in fresh]


_TEXTS: Final = ("sop_class", "sop_uid", "series_uid", "study_uid", "modality", "patient", "code")


def _is_told(value: object) -> bool:
    """Tell whether an answer has the form that it should have, whatever its child had become."""
    if not isinstance(value, dict):
        return False
    if value.get("trouble"):
        return value["trouble"] in ("other", "unreadable") and set(value) == {"trouble"}
    links = value.get("links")
    return (
        set(value) == {"trouble", "links", *_TEXTS}
        and all(isinstance(value[name], str) and len(value[name]) <= 200 for name in _TEXTS)
        and isinstance(links, dict)
        and all(isinstance(v, list) and all(isinstance(u, str) for u in v) for v in links.values())
    )


def _is_unread(arrival: Arrival) -> bool:
    """Tell whether nobody could read what was sent as an object; folders hold other files, too."""
    sent = arrival.source.door not in FOLDERS
    return arrival.state == UNREADABLE or (arrival.state == OTHER and sent)


def _set_aside(place: SortingPlace, unreadable: Sequence[Arrival]) -> None:
    """Set aside what nobody could read, for each site: a person has to look, or ask for it again.

    Nothing links it to a study, so that no study would ever tell of it.
    """
    for site in sorted({one.source.site for one in unreadable}):
        members = [one.id for one in unreadable if one.source.site == site]
        Studies(place.store, place.clock).begin(
            site, members, state=QUARANTINED, why=NOT_READ, batch=f"unread {members[0]}"
        )


def _group(place: SortingPlace, rows: Arrivals, site: str, fresh: Sequence[Arrival]) -> None:
    """Put arrivals to what they belong to: a study that is open, or the next revision of one."""
    known = {one.id: one for one in fresh}
    while True:
        before = len(known)
        facts = [one.facts for one in known.values() if one.facts is not None]
        uids = {uid for one in facts for _, uid in one.named()}
        around = {one.study_uid for one in facts if one.study_uid}
        known |= {one.id: one for one in rows.linked(site, sorted(uids), sorted(around))}
        if len(known) == before:
            break
    by_hash = {one.sha256: one for one in known.values()}
    studies = Studies(place.store, place.clock)
    there = [one for one in studies.of_sites([site]) if not one.batch and one.state != WITHDRAWN]
    new = {one.id for one in fresh}
    for group in studies_of([one.facts for one in known.values() if one.facts is not None]):
        members = {by_hash[one.sha256].id for one in group}
        if not members & new:
            continue
        last = max(by_hash[one.sha256].at for one in group)
        mine = [one for one in there if members & {*one.members}]
        waiting = [one for one in mine if one.state in (OPEN, INCOMPLETE)]
        if waiting:
            studies.change(waiting[0], members=members, last=last)
            for other in waiting[1:]:
                studies.change(other, state=WITHDRAWN, why="went together with another")
        elif not any(members <= {*one.members} for one in mine):
            revision = max((one.revision for one in mine), default=0) + 1
            studies.begin(site, members, revision=revision, last=last)


def _open_ones(place: SortingPlace) -> tuple[ReceivedStudy, ...]:
    return Studies(place.store, place.clock).in_states(OPEN, INCOMPLETE)


def _settle(place: SortingPlace, rows: Arrivals, study: ReceivedStudy) -> bool:
    """Bring a study to where it stands; True where that closed it."""
    studies, members = Studies(place.store, place.clock), rows.with_ids(study.members)
    facts: list[InstanceFacts] = [one.facts for one in members if one.facts is not None]
    if patients_in(facts) > 1:
        studies.quarantine(study, PATIENTS)
        return False
    missing = missing_parts(facts)
    on_its_way = rows.is_sending(study.site, sorted({one.source.peer for one in members}))
    quiet = place.clock() - study.last
    stands = standing_of(missing, quiet, on_its_way=on_its_way, said_whole=bool(study.batch))
    state = {StudyStanding.CLOSED: CLOSED, StudyStanding.INCOMPLETE: INCOMPLETE}.get(stands, OPEN)
    if state == OPEN and study.state == INCOMPLETE and missing:
        state = INCOMPLETE  # more came, but not all: the site goes on being told
    if state != study.state or missing != study.missing:
        studies.change(study, state=state, missing=missing)
    return state == CLOSED
