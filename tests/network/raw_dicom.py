"""DICOM messages byte by byte, as no library would send them; and a receiver in its own process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.intake.first_elements import of_file
from sbrt_qa.web.working.arrival_rows import Arrival, Arrivals
from sbrt_qa.web.working.landing_place import LEAST_FREE
from sbrt_qa.web.working.working_store import WorkingStore

WAIT_SECONDS = 60.0
"""How long a state is waited for before a test fails; not how long anything may take."""

TRIES = 3
"""How often what has a deadline of its own is tried, for a machine that stood still meanwhile."""

CT = "1.2.840.10008.5.1.4.1.1.2"
RTPLAN = "1.2.840.10008.5.1.4.1.1.481.5"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"

needs_dcmtk = pytest.mark.skipif(
    not shutil.which("storescu"), reason="storescu and echoscu (dcmtk) are not installed"
)

PEERS = """
[[peer]]
site = "S01"
calling = "TPS1"
called = "SBRTQA"
networks = ["127.0.0.0/8"]
"""


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for a state and return what it is."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    pytest.fail(f"never came: {what}")


@dataclass
class Running:
    """A receiver that is open."""

    process: subprocess.Popen[str]
    port: int
    root: Path
    said: list[str]
    log: Path

    def counts(self) -> dict[str, int]:
        """What it has counted so far."""
        with contextlib.suppress(OSError, ValueError):
            return dict(json.loads((self.root / "receiver.json").read_text()))
        return {}

    def counted(self, what: str, at_least: int = 1) -> int:
        """Wait until something was counted."""
        return int(until(lambda: (n := self.counts().get(what, 0)) >= at_least and n, what))

    def arrivals(self, state: str) -> tuple[Arrival, ...]:
        """All arrivals in a state, as the office has them."""
        store = WorkingStore.in_folder(self.root.with_name("AUDIT"))
        try:
            return Arrivals(store).in_state(state, most=1_000_000)
        finally:
            store.close()

    def landed(self) -> list[Path]:
        """All files that landed."""
        return sorted(p for p in (self.root / "landing").glob("??/*") if p.is_file())

    def end(self) -> int:
        """Tell it to end, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)


@contextlib.contextmanager
def receiver(
    folder: Path, peers: str = PEERS, *options: str, before: Callable[[], None] | None = None
) -> Iterator[Running]:
    """Start ``sbrt-qa receive`` on a free port."""
    audit = folder / "AUDIT"
    if not audit.exists():
        begin(audit, AuditSettings("small"))
    with contextlib.closing(WorkingStore.in_folder(audit)) as store:
        store.keep_setting(LEAST_FREE, "1")  # however full the disk of this machine is
    (folder / "peers.toml").write_text(peers, encoding="utf-8")
    command = [sys.executable, "-m", "sbrt_qa.cli", "receive", str(audit), "--port", "0",
               "--peers", str(folder / "peers.toml"), *options]  # fmt: skip
    log = folder / "receiver.log"
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - it sets a limit of the child alone
        )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, log.read_text(encoding="utf-8")
    port = int(first.split("at 127.0.0.1:")[1].split(",")[0])
    running = Running(process, port, folder / "AUDIT.intake", [first], log)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        running.said += process.communicate(timeout=WAIT_SECONDS)[0].splitlines()


def echo(port: int, calling: str = "TPS1", called: str = "SBRTQA", *options: str) -> int:
    """Ask for a C-ECHO with DCMTK; return its exit code."""
    done = subprocess.run(
        ["echoscu", "-to", "60", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(port)],
        capture_output=True, check=False, timeout=WAIT_SECONDS, env=dcmtk(),
    )  # fmt: skip
    return done.returncode


def served_beside(port: int, hostile: Callable[[], list[Line]]) -> list[Line]:
    """Ask for a C-ECHO while hostile connections are open; return those of the time it came."""
    for _ in range(TRIES):
        lines = hostile()
        if echo(port) == 0:
            return lines
    pytest.fail("a known peer was not served")


def storing(port: int, *paths: Path, calling: str = "TPS1") -> subprocess.Popen[bytes]:
    """Begin to send files or folders with DCMTK."""
    return subprocess.Popen(
        ["storescu", "-to", "60", "-aet", calling, "-aec", "SBRTQA", "+sd", "+r", "-R",
         "127.0.0.1", str(port), *map(str, paths)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dcmtk(),
    )  # fmt: skip


def stored(port: int, *paths: Path, calling: str = "TPS1") -> tuple[int, str]:
    """Send files or folders with DCMTK; return its exit code and what it told."""
    sending = storing(port, *paths, calling=calling)
    told, _ = sending.communicate(timeout=WAIT_SECONDS)
    return sending.returncode, told.decode("latin-1")


def dcmtk() -> Mapping[str, str]:
    """Environment for DCMTK, which finds its dictionary itself."""
    return {k: v for k, v in os.environ.items() if k in ("PATH", "DCMDICTPATH", "LD_LIBRARY_PATH")}


def data_set(path: Path) -> tuple[str, str, str, bytes]:
    """Return SOP class, instance, transfer syntax and the bytes of the data set of a file."""
    content = path.read_bytes()
    told = of_file(content)
    assert told is not None
    return told.sop_class, told.sop_instance, told.transfer_syntax, content[told.data_at :]


# --- bytes ---------------------------------------------------------------------------------------


def pdu(kind: int, body: bytes) -> bytes:
    """Return a PDU."""
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body


def item(kind: int, body: bytes) -> bytes:
    """Return an item of an association request."""
    return bytes((kind, 0)) + len(body).to_bytes(2, "big") + body


def request(
    *contexts: tuple[str, str], calling: bytes = b"TPS1", called: bytes = b"SBRTQA"
) -> bytes:
    """Return an A-ASSOCIATE-RQ with one transfer syntax for each SOP class."""
    offered = b"".join(
        item(0x20, bytes((2 * n + 1, 0, 0, 0)) + item(0x30, one.encode()) + item(0x40, ts.encode()))
        for n, (one, ts) in enumerate(contexts)
    )
    user = item(0x51, (131_072).to_bytes(4, "big")) + item(0x52, b"1.2.3.4")
    return pdu(
        1,
        b"\0\1\0\0" + called.ljust(16) + calling.ljust(16) + bytes(32)
        + item(0x10, b"1.2.840.10008.3.1.1.1") + offered + item(0x50, user),
    )  # fmt: skip


def command(*elements: tuple[int, bytes]) -> bytes:
    """Return a command set, its elements with an even length."""
    body = b""
    for tag, value in elements:
        even = value + bytes(len(value) % 2)
        body += b"\0\0" + tag.to_bytes(2, "little") + len(even).to_bytes(4, "little") + even
    return b"\0\0\0\0\4\0\0\0" + len(body).to_bytes(4, "little") + body


def u16(number: int) -> bytes:
    """Return a number of two bytes."""
    return number.to_bytes(2, "little")


def pdv(control: int, part: bytes, context: int = 1) -> bytes:
    """Return a P-DATA-TF with one fragment."""
    return pdu(4, (len(part) + 2).to_bytes(4, "big") + bytes((context, control)) + part)


def store_request(sop_class: str, sop_instance: bytes, number: int = 1, context: int = 1) -> bytes:
    """Return the command of a C-STORE."""
    body = command(
        (0x0002, sop_class.encode()), (0x0100, u16(1)), (0x0110, u16(number)), (0x0700, u16(0)),
        (0x0800, u16(1)), (0x1000, sop_instance),
    )  # fmt: skip
    return pdv(3, body, context)


class Line:
    """A connection to a receiver."""

    def __init__(self, port: int, *, source: str = "127.0.0.1") -> None:
        self.where, self.source = ("127.0.0.1", port), (source, 0)
        self.socket = self._connected()

    def __del__(self) -> None:
        self.socket.close()

    def _connected(self) -> socket.socket:
        return socket.create_connection(self.where, WAIT_SECONDS, source_address=self.source)

    def send(self, data: bytes) -> None:
        """Send bytes; the other side may have gone."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def pdu(self) -> tuple[int, bytes]:
        """Return the next PDU, 0 where the other side ended."""
        head = self._read(6)
        if len(head) < 6:
            return 0, b""
        return head[0], self._read(int.from_bytes(head[2:], "big"))

    def is_ended(self) -> bool:
        """Wait until the other side ends; what it says before is read."""
        while True:
            try:
                if not self.socket.recv(65_536):
                    return True
            except TimeoutError:
                return False
            except OSError:
                return True

    def associated(self, *contexts: tuple[str, str]) -> Line:
        """Ask for an association, and get it; again where a busy machine let a deadline pass."""
        for _ in range(TRIES):
            self.send(request(*contexts))
            kind, _ = self.pdu()
            if kind == 2:
                return self
            self.socket.close()
            self.socket = self._connected()
        pytest.fail("no association")

    def status(self) -> tuple[int, str]:
        """Return status and comment of the next answer."""
        kind, body = self.pdu()
        assert kind == 4, kind
        found, at = {}, 0
        answer = body[6:]
        while at < len(answer):
            tag = int.from_bytes(answer[at + 2 : at + 4], "little")
            length = int.from_bytes(answer[at + 4 : at + 8], "little")
            found[tag] = answer[at + 8 : at + 8 + length]
            at += 8 + length
        comment = found.get(0x0902, b"").decode("ascii").rstrip("\0 ")
        return int.from_bytes(found[0x0900], "little"), comment

    def store(self, sop_class: str, sop_instance: bytes, data: bytes) -> tuple[int, str]:
        """Send an object and return status and comment."""
        self.send(store_request(sop_class, sop_instance))
        parts = [data[i : i + 100_000] for i in range(0, len(data), 100_000)] or [b""]
        for n, part in enumerate(parts):
            self.send(pdv(2 if n == len(parts) - 1 else 0, part))
        return self.status()

    def release(self) -> None:
        """Release the association."""
        self.send(pdu(5, bytes(4)))
        assert self.pdu()[0] == 6
        self.socket.close()

    def _read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            try:
                part = self.socket.recv(size - len(got))
            except ConnectionError:
                part = b""
            if not part:
                break
            got += part
        return got
