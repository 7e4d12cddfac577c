#!/usr/bin/env python3
"""Fill a review office for a demo, and serve it: `scripts/demo --office [FOLDER] [--port N]`.

Three of the sample plans are reviewed once and recorded as 60 submissions of two sites. Three
reviewers and all the other roles work on them, each step by its use case, so that rights, events
and signatures are those of real work. A folder that holds such an office is served as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sbrt_qa import __version__
from sbrt_qa.audit.case_reports import CaseReports, relative_path
from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.job import SubmissionJob
from sbrt_qa.audit.one_submission import review_submission
from sbrt_qa.audit.recording import reviewed_case
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.store.records import Entry, Place, ReviewedCase, StoredFile
from sbrt_qa.audit.store.write import Recorder, add_protocol
from sbrt_qa.audit.times import now
from sbrt_qa.office.accounts import OfficeAccount
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.demo_office import play_demo
from sbrt_qa.office.intake_trail import tell_token_made
from sbrt_qa.pipeline import DEFAULT_PROTOCOL, protocol
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.working.password_rows import PasswordRows
from sbrt_qa.web.working.token_rows import SiteTokens
from sbrt_qa.web.working.working_store import WorkingStore

SAMPLES = Path(__file__).resolve().parents[1] / "sample_dicom"
TAKEN = ("compliant", "minor", "major")
SITES = ("DEMO1", "DEMO2")
SUBMISSIONS = 60
AGAIN = {58: (56, 0), 59: (53, 1)}
"""Submissions that are the next version of an earlier subject: of which, and by which sample."""
TOKEN_DAYS = 30
PASSWORD = "demo quartz lantern 7"  # noqa: S105 - of a demo on this machine, printed


def main() -> int:
    """Fill the office, print the logins, and serve it until it is told to end."""
    parser = argparse.ArgumentParser(prog="scripts/demo --office")
    parser.add_argument("folder", nargs="?", type=Path, help="of the audit; a new one if not given")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--no-serve", action="store_true", help="fill it only")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="sbrt-qa-demo-")) / "audit"
    if not (folder / "audit.db").exists():
        codes = filled(folder)
        print(f"A demo office with {SUBMISSIONS} submissions is in {folder}")
        print(f"Password of every login: {PASSWORD}")
        print("Logins: " + ", ".join(codes))
        to = f"--to http://127.0.0.1:{asked.port} --token-file {token_path(folder)}"
        who = f"--site {SITES[0]} --subject D900 --key demo.key"
        print(f"As a site: sbrt-qa submit sample_dicom/compliant {who} {to}", flush=True)
    if asked.no_serve:
        return 0
    command = [sys.executable, "-m", "sbrt_qa.cli", "serve", str(folder), "--port", str(asked.port)]
    return subprocess.run(command, check=False).returncode


def filled(folder: Path) -> list[str]:
    """Record the submissions, play the work on them, and return what accounts sign in with."""
    rules = protocol(DEFAULT_PROTOCOL)
    audit = begin(folder, AuditSettings(DEFAULT_PROTOCOL))
    reports = CaseReports(folder)
    reports.begin()
    text = rules.model_dump_json(by_alias=True)
    reviewed = [plans_of(SAMPLES / name, text, reports.stem(name)) for name in TAKEN]
    engine, store = audit.engine(), WorkingStore.in_folder(folder)
    try:
        at = hour_ago()
        rows = {rules.content_hash: add_protocol(engine, rules, at)}
        recorder = Recorder(engine, rows, __version__)
        for number in range(SUBMISSIONS):
            which = AGAIN[number][1] if number in AGAIN else number % len(TAKEN)
            name, cases = TAKEN[which], reviewed[which]
            pages = reports.hashes(name, len(cases))
            code = recorder.record(replace(entry(number, cases), reports=pages), at).code
            for plan in range(1, len(pages) + 1):
                page = folder / relative_path(code, plan)
                page.parent.mkdir(parents=True)
                page.hardlink_to(f"{reports.stem(name)}-{plan}.html")
        reports.begin()
        made = play_demo(engine, at)
        passwords = Passwords(PasswordRows(store))
        for account in made.accounts.values():
            passwords.set(str(account.key), PASSWORD)
        keep_token(folder, engine, store, made.accounts)
    finally:
        write_head(folder, engine)
        engine.dispose()
        store.close()
    return list(made.accounts)


def hour_ago() -> str:
    """Return when the demo's work began: each step of it is a second later, and none to come."""
    began = datetime.now(UTC) - timedelta(hours=1)
    return began.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token_path(folder: Path) -> Path:
    """Return where the token of the first site lies: beside the audit."""
    return folder.with_name(f"{folder.name}.token")


def keep_token(
    folder: Path, engine: Database, store: WorkingStore, accounts: Mapping[str, OfficeAccount]
) -> None:
    """Make the token with which the first site uploads, and keep it for a try."""
    sender, admin = accounts[f"physicist.{SITES[0].lower()}"], accounts["admin"]
    tell_token_made(engine, Acting(admin.key, now()), sender.key, SITES[0], TOKEN_DAYS)
    path = token_path(folder)
    path.touch(0o600)
    path.write_text(SiteTokens(store).make(sender.key, SITES[0], TOKEN_DAYS) + "\n")


def plans_of(path: Path, rules: str, report: Path) -> tuple[ReviewedCase, ...]:
    """Review a sample once, as an audit does, and write its reports."""
    answer = review_submission(SubmissionJob(path, (rules,), report=report))
    if answer.contents is None:
        raise SystemExit(f"{path.name} could not be read")
    return tuple(map(reviewed_case, answer.contents.plans))


def entry(number: int, cases: tuple[ReviewedCase, ...]) -> Entry:
    """Return a submission of the demo; what stands for its files is its own."""
    of, version = (AGAIN[number][0], 2) if number in AGAIN else (number, 1)
    site, subject = SITES[of % len(SITES)], f"D{of:03}"
    received = datetime.now(UTC) - timedelta(days=number % 10)
    told = received.isoformat(timespec="seconds").replace("+00:00", "Z")
    kinds = ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT", "CT")
    files = tuple(StoredFile(digest(f"{number} {i}"), kind) for i, kind in enumerate(kinds))
    place = Place("DEMO", site, subject, version, digest(f"{site}/{subject}"), told)
    return Entry(place, digest(str(number)), files, cases, ())


def digest(text: str) -> str:
    """Return what stands for the bytes of a file that there is not."""
    return hashlib.sha256(f"demo {text}".encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
