"""Releasing a study: de-identified and verified in a child, reviewed and recorded, receipt given.

What the verifier does not let pass is set aside for a person, with the reason. Nothing here reads a
file that a site sent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sbrt_qa import pipeline
from sbrt_qa.audit.coding import is_subject_code
from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.request import Request
from sbrt_qa.audit.run_audit import audit
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.times import now
from sbrt_qa.deid.received_release import verify_here
from sbrt_qa.deid.release import ReleaseAsked
from sbrt_qa.dicom.files.deid_account import MANIFEST
from sbrt_qa.dicom.files.unpacked import unpack_here
from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.i18n.phrase import joined, msg, said, say, stated
from sbrt_qa.intake.landing import Landing, forget
from sbrt_qa.intake.receipt import Receipt, ReceivedFile
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.entering import name_sender, take_in
from sbrt_qa.office.receipts import code_of_submission, give_receipt, tell_deleted
from sbrt_qa.office.site_uploads import files_of, protocol_content, versions_of
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.pipeline import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.deidentifying import deidentify
from sbrt_qa.protocol.protocol_files import library
from sbrt_qa.sandbox import Limits, Outcome, run_isolated
from sbrt_qa.web.folder_lock import held_lock
from sbrt_qa.web.review_office.intake_place import RELEASED_FOLDER
from sbrt_qa.web.review_office.lost_rows import NOBODY, WHO_SENT
from sbrt_qa.web.working.arrival_rows import Arrival, Arrivals
from sbrt_qa.web.working.study_rows import CLOSED, RELEASED, WITHDRAWN, ReceivedStudy, Studies
from sbrt_qa.web.working.working_store import WorkingStore

LOCK: Final = "RELEASING"
WORK: Final = "work"
"""Folder of what one release has in hand; there is one at a time."""

KEY_SUFFIX: Final = ".deid.key"
LIMITS: Final = Limits(seconds=900, cpu_seconds=300)
NO_SUBJECT: Final = msg("no code of a subject of this site came with it")
NOT_AS_SAID: Final = msg("it was sent as de-identified, and the account of that is missing")
SENT_BEFORE: Final = msg("the office has exactly these files already, as {0}; nothing was made new")
KEPT_BACK: Final = {
    "refused": msg("{0} of the files refused: {1}"),
    "held": msg("{0} of the files held for a person: {1}"),
}
"""What a release did not let through, in words."""
NO_DICOM: Final = msg("there is no DICOM object in it that can be released")


@dataclass(frozen=True, slots=True)
class ReleasePlace:
    """What a release works with.

    Parameters
    ----------
    audit, engine, database
        Of the audit; the address with its password where the records are in a database of others.
    store, vault
        Working state, and where files landed.
    """

    audit: AuditFolder
    engine: Database
    database: str
    store: WorkingStore
    vault: Landing
    clock: Callable[[], float] = time.time

    @property
    def key_file(self) -> Path:
        """Key of de-identification: outside the audit, and of what it protects."""
        folder = self.audit.folder.absolute()
        return folder.with_name(folder.name + KEY_SUFFIX)


def release_study(
    place: ReleasePlace, study: ReceivedStudy, by: Acting | None = None
) -> ReceivedStudy:
    """De-identify a study, have it reviewed and recorded, and give its receipt.

    Doing it again after it was cut off comes to the same end: the audit knows files that it has.

    Parameters
    ----------
    by
        Who sent it; None where that is no account.

    Returns
    -------
    ReceivedStudy
        Released, or in quarantine with the reason; as it is where it was not closed.

    Raises
    ------
    SbrtQaError
        The review did not come to its end; the study waits as it was.
    """
    with held_lock(place.vault.root / LOCK):
        now_it_is = Studies(place.store, place.clock).with_id(study.id)
        return _release(place, now_it_is, by) if now_it_is.state == CLOSED else now_it_is


def _release(place: ReleasePlace, study: ReceivedStudy, by: Acting | None) -> ReceivedStudy:
    studies = Studies(place.store, place.clock)
    if study.site == NOBODY:
        return studies.quarantine(study, WHO_SENT)
    members = Arrivals(place.store, place.clock).with_ids(study.members)
    shutil.rmtree(place.vault.root / WORK, ignore_errors=True)  # what a killed release left
    work = place.vault.root / WORK / f"{study.id}-{secrets.token_hex(8)}"
    work.mkdir(mode=0o700, parents=True)
    try:
        paths = [str(place.vault.path(one.sha256)) for one in members]
        laid = _laid(paths, work / "case")
        told = dict(laid.value or {})
        if laid.error is not None or laid.failure or not told.get("files"):
            return studies.quarantine(study, _why(laid) or NO_DICOM)
        named = replace(study, subject=study.subject or _code_in(members))
        done = _deidentified(place, named, work, members[-1].source.door)
        if isinstance(done, str):
            return studies.quarantine(study, done)
        if isinstance(done, _SentBefore):
            why = say(SENT_BEFORE, done.code)
            return studies.change(study, state=WITHDRAWN, submission=done.submission, why=why)
        released = _recorded(place, study, members, done, by)
        _drop_others(place, released, members, told.get("others", []))
        return released
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _laid(paths: list[str], folder: Path) -> Outcome:
    folder.mkdir(mode=0o700)
    return run_isolated(unpack_here, (paths, str(folder)), LIMITS)


def _why(outcome: Outcome) -> str:
    return said(outcome.error) if outcome.error is not None else outcome.failure


def _drop_others(
    place: ReleasePlace, study: ReceivedStudy, members: tuple[Arrival, ...], others: list[int]
) -> None:
    """Delete what came beside the objects and is no DICOM: listed, and not kept (case P24)."""
    hashes = {members[i].sha256 for i in others if 0 <= i < len(members)}
    rows = Arrivals(place.store, place.clock)
    alone = tuple(h for h in sorted(hashes) if len(rows.of_hash(h)) == 1)
    if alone:
        code = code_of_submission(place.engine, study.submission)
        tell_deleted(place.engine, now(), code, alone)
        write_head(place.audit.folder, place.engine)
    for one in alone:
        forget(place.vault, one)
        rows.note_deleted(one)


def _code_in(members: tuple[Arrival, ...]) -> str:
    """Return the one code that files go by which say that they were de-identified; else none."""
    codes = {one.facts.code for one in members if one.facts is not None} - {""}
    return codes.pop() if len(codes) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Released:
    """Where released files lie, `root` / site / subject / version, and the subject's code."""

    root: Path
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class _SentBefore:
    """The version that the office has already, file by file."""

    submission: int
    code: str


def _deidentified(
    place: ReleasePlace, study: ReceivedStudy, work: Path, door: str
) -> _Released | _SentBefore | str:
    """Return where the released files are, or why a person has to look."""
    trial = place.audit.settings.trial
    out, case = work / "released", work / "case"
    if (case / MANIFEST).exists():
        verify = partial(verify_here, accepted=bool(study.accepted))
        seen = run_isolated(verify, (str(case), study.subject, [study.site, trial]), LIMITS,
                            prepare=pipeline.warm_up)  # fmt: skip
        if seen.error is not None or seen.failure:
            return _why(seen)
        why = str(dict(seen.value).get("why", "unreadable"))
        if why:
            return why
        case.rename(out)
        return _put(place, study, study.subject, out)
    allowed = options_of(place.engine).identified_by_token
    if door == "submit" and not allowed:
        return NOT_AS_SAID
    protocol = protocol_of(place, place.vault.root / WORK / f"{study.id}.protocol.yaml")
    accepted = _hashes(case) if study.accepted else ()  # a person has looked at all of it
    asked = ReleaseAsked(study.subject, study.site, trial, "", accepted, protocol)
    try:
        report = deidentify([case], out, place.key_file, asked)
    except SbrtQaError as error:
        return said(error)
    for told, words in KEPT_BACK.items():
        rows: list[dict[str, Any]] = report[told]
        if rows and not (told == "held" and accepted and report["released"]):
            whys = sorted({row["why"] for row in rows})
            return say(words, len(rows), joined("; ", map(stated, whys)))
    if not report["released"]:
        return NO_DICOM
    return _put(place, study, str(report["subject"]), out)


def _hashes(folder: Path) -> tuple[str, ...]:
    found = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return tuple(found)


def _objects(folder: Path) -> frozenset[str]:
    """Return the hashes of the objects in a folder of released files."""
    found = []
    for path in folder.iterdir():
        if path.name != MANIFEST:
            with path.open("rb") as file:
                found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return frozenset(found)


def _put(
    place: ReleasePlace, study: ReceivedStudy, subject: str, out: Path
) -> _Released | _SentBefore | str:
    """Move released files to where the audit finds them, as the next version of the subject.

    Files that are exactly those of its newest version are no version more.
    """
    if not is_subject_code(subject):
        return NO_SUBJECT
    root = place.vault.root / RELEASED_FOLDER / str(study.id)
    before = [int(p.name[1:]) for p in root.glob(f"{study.site}/{subject}/v*")]
    known = versions_of(place.engine, study.site, subject)
    if known and not before and files_of(place.engine, known[max(known)]) == _objects(out):
        return _SentBefore(known[max(known)], submission_code(study.site, subject, max(known)))
    version = max(known, default=0) + 1
    version = before[0] if before else version  # it was cut off, and may be recorded already
    shutil.rmtree(root, ignore_errors=True)
    target = root / study.site / subject / f"v{version}"
    target.parent.mkdir(parents=True)
    out.rename(target)
    return _Released(root, subject, version)


def _recorded(
    place: ReleasePlace,
    study: ReceivedStudy,
    members: tuple[Arrival, ...],
    done: _Released,
    by: Acting | None,
) -> ReceivedStudy:
    """Have released files reviewed and recorded, and give the receipt."""
    steps = list(audit(_request(place, done.root)))
    trouble = "; ".join(step.trouble for step in steps if step.trouble)
    submission = versions_of(place.engine, study.site, done.subject).get(done.version)
    if submission is None:
        raise UsageError(trouble or "these files were sent before; nothing new was recorded")
    take_in(place.engine, now())
    if by is not None:
        with suppress(UsageError):  # it was cut off after this
            name_sender(place.engine, Acting(by.account, now(), by.session, by.request), submission)
    account = json.loads((next(done.root.rglob(MANIFEST))).read_text(encoding="utf-8"))
    last = dt.datetime.fromtimestamp(max(one.at for one in members), dt.UTC)
    receipt = give_receipt(
        place.engine, now(), submission,
        Receipt(
            submission="", door=members[-1].source.door,
            received=last.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            recorded=now(), files=tuple(ReceivedFile(m.sha256, m.size_bytes) for m in members),
            reviewed=(), dates_shifted=bool(account.get("dates_shifted")),
            head_seq=0, head_hash="",
        ),
    )  # fmt: skip
    with suppress(SbrtQaError, OSError):  # as after an audit: what is recorded is recorded
        write_head(place.audit.folder, place.engine)
    return Studies(place.store, place.clock).change(
        study, state=RELEASED, subject=done.subject, submission=submission, why=trouble[:1_000],
        receipt=receipt.to_json(), released=place.clock(),
    )  # fmt: skip


def _request(place: ReleasePlace, root: Path) -> Request:
    protocol = protocol_of(place, root.with_suffix(".protocol.yaml"))
    return Request((root,), place.audit.folder, protocol, place.audit.settings.trial,
                   place.database)  # fmt: skip


def protocol_of(place: ReleasePlace, path: Path) -> str:
    """Return the protocol of the audit: of the library, or that it was begun with, in a file."""
    code, content = protocol_content(place.engine)
    names = {stem.partition("@")[0] for stem in library()}
    if not code or code in names:
        return code or DEFAULT_PROTOCOL
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(path)
