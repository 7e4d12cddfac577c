"""An audit of a synthetic trial: cases per second, what a core is worth, what the parent does.

The first versions of all subjects are reviewed on one core by a loop over the single-case engine
and by `sbrt-qa audit --jobs 1`, then on two. After that come all submissions on two cores, each
held against the one before, without and with case reports; and a loop over dicompyler-core (every
structure of every case). About five minutes.

``--office`` audits the 99 submissions of an office (`office.py`), prints what is planted, found and
listed beyond that, and fails where they differ. ``--cases N`` audits N submissions and tells the
memory of the parent on the way. ``--simulate N`` records N submissions made from one review,
without DICOM, and times recording, verifying, the questions and the dashboard at that size.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench_helpers import HERE, ONE_THREAD, SkippedError, dicompyler, machine, print_table, verdict

from sbrt_qa.testing.sample.trial import write_trial

PER_CORE, PARENT_MS = 0.85, 5.0

LOOP = """
import sys, time
from pathlib import Path
from sbrt_qa import pipeline
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.review.review import review_case
pipeline.warm_up()
rules = pipeline.protocol(sys.argv[1])
start = time.perf_counter()
for name in sys.argv[2:]:
    try:
        for case in load_cases([Path(name)]):
            review_case(case, rules).to_json()
    except SbrtQaError:
        pass
print(time.perf_counter() - start)
"""


def on_cores(command: list, cores: int) -> tuple[float, float, float, str]:
    """Run on so many cores; return wall seconds, own processor seconds, peak MB, output."""
    every = sorted(os.sched_getaffinity(0))[:cores]
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
            preexec_fn=lambda: os.sched_setaffinity(0, every),  # noqa: PLW1509 - no threads here
        )
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0)
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode()


def audit_command(trial: Path, out: Path, jobs: int, *more: object) -> list:
    command = [sys.executable, "-m", "sbrt_qa.cli", "audit", "--quiet", "-o", out, "-j", jobs]
    return [*command, "-p", trial / "protocol_v1.yaml", *more]


def audit(trial: Path, out: Path, jobs: int, source: str = "submissions", *more: object) -> tuple:
    shutil.rmtree(out, ignore_errors=True)
    return on_cores(audit_command(trial, out, jobs, trial / source, *more), jobs)


def compare(submissions: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name)
        planted = write_trial(trial, submissions)
        places = [trial / "submissions" / o.site / o.subject / f"v{o.version}" for o in planted]
        places = [p if p.exists() else p.with_suffix(".zip") for p in places]
        folders = [p for p in places if p.is_dir()]
        firsts = [p for p in places if p.stem == "v1"]
        for place in firsts:
            copied(place, trial / "first" / place.relative_to(trial / "submissions"))
        copied(places[0], trial / "one" / "S01" / "S01-001")
        circumstances = machine()
        loop = float(
            on_cores([sys.executable, "-c", LOOP, trial / "protocol_v1.yaml", *firsts], 1)[3]
        )
        bare = "--no-reports"
        start = audit(trial, trial / "A0", 1, "one", bare)
        one = audit(trial, trial / "A1", 1, "first", bare)
        pair = audit(trial, trial / "A4", 2, "first", bare)
        two = audit(trial, trial / "A2", 2, "submissions", bare)
        told = audit(trial, trial / "A3", 2)
        rows = [
            ["first versions: single-case engine, a loop", *_speed(loop, len(firsts)), ""],
            _row("first versions: audit, 1 core", one, len(firsts)),
            _row("first versions: audit, 2 cores", pair, len(firsts)),
            _row("all, each held against the one before: 2 cores", two, submissions),
            _row("the same with reports", told, submissions),
        ]
        try:
            script = [dicompyler(), HERE / "peers" / "dicompyler_many.py", *folders]
            peer = json.loads(on_cores(script, 1)[3])
            speed = f"{peer['cases'] / peer['seconds']:.2f}"
            left = f"{peer['failed']} failed"
            rows.append(["dicompyler-core, a loop", f"{peer['seconds']:.1f}", speed, left])
        except SkippedError as why:
            print(f"skipped: {why}")
        header = ("what", "seconds", "cases/s", "peak MB of the parent")
        pages = [page.stat().st_size for page in (trial / "A3").rglob("report.html")]
        print_table(f"{submissions} submissions ({circumstances})", header, rows)
        steady = (one[0] - start[0]) / (len(firsts) - 1)
        worth = loop / len(firsts) / steady
        parent_ms = 1000 * (one[1] - start[1]) / (len(firsts) - 1)
        print(
            f"start-up {start[0]:.1f} s; then a core is worth {100 * worth:.0f} % of the engine's"
        )
        print(f"target at least {100 * PER_CORE:.0f} %: {verdict(met=worth >= PER_CORE)}")
        print(f"parent's work per case, the trial's page included, {parent_ms:.1f} ms")
        print(f"target at most {PARENT_MS:g} ms: {verdict(met=parent_ms <= PARENT_MS)}")
        print(f"{len(pages)} case reports, {sum(pages) / len(pages) / 1e3:.0f} kB each")
        print(f"two cores over one {one[0] / pair[0]:.2f}x; parent's peak {start[2]:.0f} MB at 1 "
              f"and {two[2]:.0f} MB at {submissions} submissions")  # fmt: skip


def _row(what: str, run: tuple, cases: int) -> list[str]:
    return [what, *_speed(run[0], cases), f"{run[2]:.0f}"]


def _speed(seconds: float, cases: int) -> tuple[str, str]:
    return f"{seconds:.1f}", f"{cases / seconds:.2f}"


def copied(place: Path, to: Path) -> None:
    """Copy a submission, a folder or an archive."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.copytree(place, to)
    else:
        shutil.copy(place, to)


def memory(cases: int) -> None:
    """Tell the parent's memory while it audits so many cases."""
    with tempfile.TemporaryDirectory() as name:
        trial, out = Path(name), Path(name) / "AUDIT"
        write_trial(trial, cases)
        command = audit_command(trial, out, os.cpu_count() or 1, trial / "submissions")
        start = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), stderr=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD}
        )
        rows, wanted = [], cases // 10
        while process.poll() is None:
            done = recorded(out / "audit.db")
            if done >= wanted:
                seconds = time.perf_counter() - start
                rows.append([str(done), f"{seconds:.0f}", f"{resident_mb(process.pid):.0f}"])
                wanted = (done * 10 // cases + 1) * cases // 10
            time.sleep(0.2)
        print_table(
            f"{cases} cases ({machine()})", ("recorded", "seconds", "MB of the parent"), rows
        )


def recorded(database: Path) -> int:
    if not database.exists():
        return 0
    with contextlib.closing(sqlite3.connect(database, timeout=60)) as store:
        try:
            return int(store.execute("SELECT count(*) FROM submissions").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def resident_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def office(reports: list[str]) -> int:
    """Audit the trial of an office and hold what is listed against what is planted."""
    from office_trial import write_office

    from sbrt_qa.audit.questions import Question, ask

    with tempfile.TemporaryDirectory() as name:
        trial, out = Path(name), Path(name) / "AUDIT"
        made = write_office(trial)
        command = audit_command(trial, out, os.cpu_count() or 1, trial / "submissions", *reports)
        start = time.perf_counter()
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        rows = {about: list(ask(out, Question(about))) for about in
                ("submissions", "deviations", "places", "unreviewed")}  # fmt: skip
        for one in rows["deviations"] + rows["submissions"]:
            one["code"] = re.sub(r"X-[0-9a-f]{10}", "X-?", one["code"])
        table, wrong = [], 0
        unjudged = {(code, what) for code, what, verdict in made.deviations if not verdict}
        told = {
            (one["code"], one["what"],
             "" if (one["code"], one["what"]) in unjudged else one["verdict"])
            for one in rows["deviations"]
        }  # fmt: skip
        taken = {(one["place"], one["outcome"], one["reason"]) for one in rows["places"]
                 if one["outcome"] != "submission"}  # fmt: skip
        codes = {one["code"] for one in rows["submissions"]}
        for what, planted, found in (
            ("submissions", made.codes, codes),
            ("deviations and findings", made.deviations, told),
            ("places not taken", made.places, taken),
            ("still to be reviewed", set(), {one["place"] for one in rows["unreviewed"]}),
        ):
            missed, extra = planted - found, found - planted
            wrong += len(missed) + len(extra)
            table.append([what, str(len(planted)), str(len(planted & found)), str(len(extra))])
            for one in sorted(missed, key=str):
                print("missed:", one)
            for one in sorted(extra, key=str):
                print("extra:", one)
        print_table(
            f"the trial of an office ({machine()})", ("what", "planted", "found", "extra"), table
        )
        entries = sum(one["entries"] for one in rows["places"])
        there = sum(len(dirs) + len(files) for _, dirs, files in
                    os.walk(os.fsencode(trial / "submissions")))  # fmt: skip
        wrong += entries != there
        print(f"{there} files and folders, {entries} accounted for; exit code {done.returncode}")
        print(f"{seconds:.0f} s; every planted fault and nothing else: {verdict(met=not wrong)}")
        return int(bool(wrong) or done.returncode != 0)


def simulate(submissions: int) -> None:
    sys.path.append(str(HERE.parent / "tests" / "store"))
    from entries import entry, protocol

    from sbrt_qa.audit.dashboard import trial_report
    from sbrt_qa.audit.folder import AuditSettings, begin
    from sbrt_qa.audit.questions import Question, ask
    from sbrt_qa.audit.store.verify_records import verify
    from sbrt_qa.audit.store.write import Recorder, add_protocol

    rules, made = protocol(), entry()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "AUDIT"
        engine = begin(folder, AuditSettings("simulated")).engine()
        recorder = Recorder(engine, {rules.content_hash: add_protocol(engine, rules, "0")}, "0")
        start, worked = time.perf_counter(), time.process_time()
        for n in range(submissions):
            place = replace(
                made.place, site=f"S{n % 40:02d}", subject=f"{n // 40:05d}", place_key=f"{n:064x}"
            )
            files = tuple(replace(f, sha256=f"{n:062x}{i:02x}") for i, f in enumerate(made.files))
            one = replace(made, place=place, input_sha256=f"{n:064x}", files=files)
            recorder.record(one, f"{n:09d}")
        rows = [["recording", time.perf_counter() - start]]
        print(*rows[-1], flush=True)
        worked = 1000 * (time.process_time() - worked) / submissions
        for about in ("submissions", "sites", "limits", "approvals", "outliers"):
            start = time.perf_counter()
            count = sum(1 for _ in ask(folder, Question(about)))
            rows.append([f"query {about} ({count} rows)", time.perf_counter() - start])
            print(*rows[-1], flush=True)
        start = time.perf_counter()
        page = len(trial_report(folder))
        rows.append([f"dashboard ({page / 1e6:.1f} MB)", time.perf_counter() - start])
        print(*rows[-1], flush=True)
        start = time.perf_counter()
        found = verify(engine)
        rows.append(["verify", time.perf_counter() - start])
        size = (folder / "audit.db").stat().st_size
        engine.dispose()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table = [[what, f"{s:.2f}", f"{1000 * s / submissions:.3f}"] for what, s in rows]
        print_table(f"{submissions} simulated submissions", ("what", "seconds", "ms each"), table)
        print(f"{size / 1e6:.0f} MB on disk, peak {peak:.0f} MB; {found.difference or 'verifies'}")
        print(f"processor time to record one: {worked:.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--simulate", type=int, metavar="N", default=0)
    parser.add_argument("--cases", type=int, metavar="N", default=0)
    parser.add_argument("--office", action="store_true")
    arguments = parser.parse_args()
    if arguments.office:
        sys.exit(office([]))
    if arguments.simulate:
        simulate(arguments.simulate)
    elif arguments.cases:
        memory(arguments.cases)
    else:
        compare(arguments.submissions)
