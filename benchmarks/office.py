"""The review office under load, and killed: `scripts/bench office [options]`.

Fills an office (5,000 submissions, 50 reviewers unless told), serves it, and measures: pages of the
queue that all reviewers ask for at once, signing with the password, races for one decision, and
what is left of what was acknowledged when web and worker are killed again and again. On SQLite, or
with `--database postgresql` on a server that is started for it. Everything is synthetic.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

sys.path.append(str(Path(__file__).parents[1] / "tests" / "store"))

from entries import entry, reviewed
from office_rows import answered
from postgres import fresh_database, running_server
from test_store import NOW, recorder

from sbrt_qa.audit.folder import AuditFolder, AuditSettings, begin
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.times import now
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.office.accounts import add_account, found_office
from sbrt_qa.office.acting import Acting, session_hash
from sbrt_qa.office.assigning import assign
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.granting import grant_role
from sbrt_qa.office.roles import Role
from sbrt_qa.office.signing import FreshProof, begin_signing, sign, signing_view
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.review_office.office_app import ADDRESS_KEY, Addresses
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.working.job_rows import DONE, FAILED, Jobs
from sbrt_qa.web.working.password_rows import PasswordRows
from sbrt_qa.web.working.session_rows import Sessions
from sbrt_qa.web.working.working_store import WorkingStore, store_of

SECRET = "quartz lantern meadow 7"  # noqa: S105 - of an office that lives for a minute
SITES = 40
EACH_SECONDS = 3.0
"""How often a reviewer asks for a page."""

BOUND_SECONDS = 600.0


@dataclass
class BenchOffice:
    """An office that is filled: accounts by name, and what reads which submission."""

    audit: AuditFolder
    database: str
    engine: sa.Engine
    store: WorkingStore
    keys: dict[str, int] = field(default_factory=dict)

    def by(self, who: str, at: str = "") -> Acting:
        """Return an account at work."""
        return Acting(self.keys[who], at or now(), session_hash(who), "1")

    @property
    def addresses(self) -> Addresses:
        """What turns rows into addresses, as the pages do."""
        return Addresses(bytes.fromhex(self.store.setting(ADDRESS_KEY)))


def filled(folder: Path, database: str, submissions: int, reviewers: int) -> BenchOffice:
    """Record submissions, found the office, give each reviewer their part of the cases."""
    audit = begin(folder, AuditSettings("bench", database))
    engine, store = audit.engine(database), store_of(audit, database)
    office = BenchOffice(audit, database, engine, store)
    one, cases = recorder(engine), (reviewed(),)
    for number in range(submissions):
        place = f"S{number % SITES + 1:02}", f"{number:05}"
        one.record(entry(*place, content=str(number), cases=cases), NOW)
    take_in(engine, now())
    office.keys["admin"] = found_office(engine, "admin", "Bench Admin", now()).key
    people = [("coordinator", Role.COORDINATOR)]
    people += [(f"reviewer{n}", Role.REVIEWER) for n in range(reviewers)]
    for code, role in people:
        made = add_account(engine, office.by("admin"), code, f"{code.title()} Person")
        grant_role(engine, office.by("admin"), made.key, role)
        office.keys[code] = made.key
    for n in range(reviewers):
        mine = [key for key in range(1, submissions + 1) if key % reviewers == n]
        assign(engine, office.by("coordinator"), mine, office.keys[f"reviewer{n}"])
    words = Passwords(PasswordRows(store))
    for code in ("reviewer0", "reviewer1"):
        words.set(str(office.keys[code]), SECRET)
    return office


# --- the server ----------------------------------------------------------------------------------


class Web:
    """`sbrt-qa serve` in a process of its own, begun again where it was killed."""

    def __init__(self, office: BenchOffice) -> None:
        self.office, self.port = office, 0
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sbrt_qa.cli", "serve", str(self.office.audit.folder),
                   "--port", str(self.port), "--no-work"]  # fmt: skip
        if self.office.database:
            command += ["--database", self.office.database]
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r":(\d+)/", line)
            if found is None:
                log.seek(0)
                sys.exit(f"the office was not served: {line!r}\n{log.read()[-2000:]}")
        self.port = int(found[1])
        return process

    def kill(self) -> None:
        """Kill it, and begin it again."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._started()

    def cpu_seconds(self) -> float:
        """Return the processor time it took."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, who: str, method: str, path: str, **fields: str) -> tuple[int, str, str]:
        """Send a request of a session; return status, place and text."""
        sent = {"Host": f"127.0.0.1:{self.port}", "Cookie": f"sbrtqa={who}",
                "X-Form-Token": form_token(who),
                "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=BOUND_SECONDS)
        try:
            body = urlencode(fields) if method == "POST" else None
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.getheader("location", ""), answer.read().decode()
        finally:
            connection.close()


def quantile(values: list[float], part: float) -> float:
    """Return a quantile of some values."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def queue_load(web: Web, cookies: list[str], seconds: float) -> str:
    """Let every reviewer ask for the queue every three seconds; return what it took."""
    took: list[float] = []
    sizes: list[int] = []
    until = time.monotonic() + seconds
    before = web.cpu_seconds()

    def reviewer(cookie: str, offset: float) -> None:
        time.sleep(offset)
        while time.monotonic() < until:
            start = time.monotonic()
            status, _, text = web.ask(cookie, "GET", "/queue")
            spent = time.monotonic() - start
            if status != 200:
                sys.exit(f"the queue answered {status}")
            took.append(spent)
            sizes.append(len(text.encode()))
            time.sleep(max(0.0, EACH_SECONDS - spent))

    together([(reviewer, (one, n * EACH_SECONDS / len(cookies))) for n, one in enumerate(cookies)])
    cpu = 1000 * (web.cpu_seconds() - before) / len(took)
    return (
        f"queue: {len(took)} pages of {len(cookies)} reviewers, largest {max(sizes) / 1000:.0f} kB "
        f"(target 120), median {1000 * statistics.median(took):.0f} ms, "
        f"p95 {1000 * quantile(took, 0.95):.0f} ms (target 300), {cpu:.0f} ms of processor a page "
        "(target 60)"
    )


def together(calls: list[tuple[object, tuple[object, ...]]]) -> None:
    """Call all at once, each in a thread."""
    threads = [threading.Thread(target=call, args=some) for call, some in calls]  # type: ignore[arg-type]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def mine(office: BenchOffice, who: str, states: tuple[str, ...] = ("assigned",)) -> list[int]:
    """Return the submissions of a reader that are in a state."""
    m, a = o.transitions.c, o.assignments.c
    last = sa.select(sa.func.max(m.id)).group_by(m.submission_id)
    query = sa.select(m.submission_id).where(m.id.in_(last), m.to_state.in_(states))
    query = query.where(m.submission_id.in_(
        sa.select(a.submission_id).where(a.account_id == office.keys[who])
    ))  # fmt: skip
    with reading(office.engine) as connection:
        return list(connection.scalars(query.order_by(m.submission_id)))


def signing(office: BenchOffice, web: Web, cookie: str, number: int) -> str:
    """Read and sign cases through the pages; return how long the signature itself takes."""
    took = []
    for submission in mine(office, "reviewer0")[:number]:
        case = office.addresses.text("case", submission)
        path = web.ask(cookie, "POST", f"/cases/{case}/reading")[1]
        form = web.ask(cookie, "GET", path)[2]
        fields = {"g.v": "accepted", "step": "sign"}
        said = r'name="([iq]\d+)\.v"><option value="">[^<]*</option><option value="([^"]+)"'
        for name, value in re.findall(said, form):
            fields[f"{name}.v"] = html.unescape(value)
        web.ask(cookie, "POST", path, **fields)
        dialog = web.ask(cookie, "POST", f"{path}/sign")[2]
        found = re.search(r'name="challenge" value="([^"]+)"', dialog)
        if found is None:
            sys.exit("the dialog of signing has no token")
        start = time.monotonic()
        status = web.ask(cookie, "POST", f"{path}/sign", challenge=found[1], password=SECRET,
                         meaning="physics")[0]  # fmt: skip
        took.append(time.monotonic() - start)
        if status != 303:
            sys.exit(f"signing answered {status}")
    return (
        f"sign: {len(took)} signatures, median {statistics.median(took):.2f} s, "
        f"slowest {max(took):.2f} s (target 1)"
    )


def races(office: BenchOffice, number: int) -> str:
    """Let two processes' worth of connections sign one reading at once; exactly one may."""
    engines = [office.audit.engine(office.database) for _ in range(2)]
    wrong = 0
    for submission in mine(office, "reviewer1")[:number]:
        by = office.by("reviewer1")
        key = answered(office, "reviewer1", submission, at=now())  # type: ignore[arg-type]
        view = signing_view(office.engine, by, key, "physics")
        tokens = [begin_signing(office.engine, by, key, "physics", view.sha256) for _ in engines]
        start, made = threading.Barrier(2), []

        def one(engine: sa.Engine, token: str, key: int = key,
                start: threading.Barrier = start, made: list[int] = made) -> None:  # fmt: skip
            start.wait()
            at = now()
            who = office.by("reviewer1")
            with suppress(SbrtQaError):
                made.append(sign(engine, who, key, token, FreshProof(who.account, "password", at),
                                 at).id)  # fmt: skip

        together([(one, pair) for pair in zip(engines, tokens, strict=True)])
        wrong += len(made) != 1
    for engine in engines:
        engine.dispose()
    return f"races: {number}, decided otherwise than once: {wrong} (target 0)"


# --- killed --------------------------------------------------------------------------------------


def worker(office: BenchOffice) -> subprocess.Popen[bytes]:
    """Start a worker with a short lease."""
    command = [
        sys.executable,
        "-m",
        "sbrt_qa.cli",
        "work",
        str(office.audit.folder),
        "--lease",
        "2",
    ]
    if office.database:
        command += ["--database", office.database]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet)


def kills(office: BenchOffice, web: Web, cookie: str, number: int) -> str:
    """Kill web and worker in turn while comments are written and jobs are asked for."""
    (submission, *_) = mine(office, "reviewer0")
    case = office.addresses.text("case", submission)
    path = web.ask(cookie, "POST", f"/cases/{case}/reading")[1]
    acknowledged: list[str] = []
    asked: list[str] = []
    jobs, ends = Jobs(office.store), threading.Event()

    def writer() -> None:
        count = 0
        while not ends.is_set():
            count += 1
            text = f"comment {count} {hashlib.sha256(str(count).encode()).hexdigest()[:8]}"
            try:
                status = web.ask(cookie, "POST", path, comment=text, visibility="office")[0]
            except (OSError, http.client.HTTPException):
                continue  # nothing was acknowledged
            if status == 303:
                acknowledged.append(text)
            if count % 20 == 0:
                jobs.ask("take in", text)
                asked.append(text)

    writes = threading.Thread(target=writer)
    writes.start()
    chance, doing = random.Random(7), worker(office)  # noqa: S311 - moments of a benchmark
    for turn in range(number):
        time.sleep(chance.uniform(0.05, 1.0))
        if turn % 2:
            doing.send_signal(signal.SIGKILL)
            doing.wait()
            doing = worker(office)
        else:
            web.kill()
    ends.set()
    writes.join()
    until = time.monotonic() + BOUND_SECONDS
    while any(one.state not in (DONE, FAILED) for one in jobs.all()):
        if time.monotonic() > until:
            sys.exit("jobs are not done")
        time.sleep(0.2)
    doing.terminate()
    doing.wait()
    with reading(office.engine) as connection:
        there = list(connection.scalars(sa.select(o.comments.c.text)))
    lost = [one for one in acknowledged if there.count(one) != 1]
    undone = {one.key for one in jobs.all(DONE) if one.kind == "take in"} ^ set(asked)
    difference = verify(office.engine).difference
    return (
        f"kills: {number}; {len(acknowledged)} comments acknowledged, lost or doubled {len(lost)}; "
        f"{len(asked)} jobs, not done {len(undone)}; verify: {difference or 'as recorded'}"
    )


@contextmanager
def place(kind: str):
    """Give a folder, and the address of a database: empty for a file in the folder."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory())) / "AUDIT"
        url = ""
        if kind == "postgresql":
            url = fresh_database(held.enter_context(running_server()))
        yield folder, url


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=5000)
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--signatures", type=int, default=20)
    parser.add_argument("--races", type=int, default=100)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    with place(asked.database) as (folder, url):
        start = time.monotonic()
        office = filled(folder, url, asked.submissions, asked.reviewers)
        print(f"{asked.database}: {asked.submissions} submissions, {asked.reviewers} reviewers, "
              f"filled in {time.monotonic() - start:.0f} s", flush=True)  # fmt: skip
        web = Web(office)
        try:
            sessions = Sessions(office.store)
            cookies = [sessions.begin(str(office.keys[f"reviewer{n}"]))
                       for n in range(asked.reviewers)]  # fmt: skip
            web.ask(cookies[0], "GET", "/queue")
            print(queue_load(web, cookies, asked.seconds), flush=True)
            print(signing(office, web, cookies[0], asked.signatures), flush=True)
            print(races(office, asked.races), flush=True)
            print(kills(office, web, cookies[0], asked.kills), flush=True)
        finally:
            web.process.kill()
            office.engine.dispose()
            office.store.close()


if __name__ == "__main__":
    main()
