"""One hostile address with hundreds of connections and bodies: others are served."""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
from collections.abc import Iterator

import pytest

from sbrt_qa.web.body_limits import BodyRefusedError, OpenBodies
from sbrt_qa.web.http_server import MOST_CONNECTIONS, MOST_OF_ONE

from .playing_office import PlayingOffice
from .test_uploads_in_chunks import Program, listed, make_token

HOSTILE = "127.0.0.2"
WAIT_SECONDS = 300.0
MOST_FILES = 2_000


@pytest.fixture(scope="module")
def program(served: PlayingOffice) -> Program:
    return Program(served, make_token(served, "physicist.s2", "S2"))


@contextlib.contextmanager
def lines_to(served: PlayingOffice, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open connections from another address of this machine, each with some bytes."""
    port = int(served.host.rpartition(":")[2])
    with contextlib.ExitStack() as held:
        lines = []
        for _ in range(count):
            with contextlib.suppress(OSError):  # one that was ended before it could say anything
                line = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS, (HOSTILE, 0))
                held.enter_context(line)
                lines.append(line)
                line.sendall(sent)
        yield lines


def ended(lines: list[socket.socket], least: int) -> None:
    """Wait until so many of some connections were answered or ended."""
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line, selectors.EVENT_READ)
        found = 0
        while found < least:
            ready = waiting.select(WAIT_SECONDS)
            assert ready, f"{found} were ended, and no more"
            for key, _ in ready:
                waiting.unregister(key.fileobj)
            found += len(ready)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for as many connections, at both ends; skips where this process may not have it."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft == resource.RLIM_INFINITY or soft >= MOST_FILES
    if not enough and hard != resource.RLIM_INFINITY and hard < MOST_FILES:
        pytest.skip(f"this process may not open {MOST_FILES} files")
    if not enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="127.0.0.2 is an address of this machine on Linux only"
)


@pytest.mark.usefixtures("many_files")
def test_case_s2__two_hundred_open_bodies_of_one_sender_leave_others_served(
    served: PlayingOffice, program: Program
) -> None:
    head = f"POST /sign-in HTTP/1.1\r\nHost: {served.host}\r\nContent-Length: 900\r\n\r\nx"
    with lines_to(served, MOST_OF_ONE, head.encode()) as lines:
        ended(lines, MOST_OF_ONE - 32)  # beyond its places it is told so, and ended
        status, upload = program.begin(listed(b"content"))
        assert status == 201
        assert program.put(upload["id"], 0, b"content") == 201
        assert program.ask("POST", f"/upload/{upload['id']}/drop")[0] == 200


@pytest.mark.usefixtures("many_files")
def test_case_s2__silent_connections_of_one_sender_leave_others_served(
    served: PlayingOffice, program: Program
) -> None:
    with lines_to(served, MOST_CONNECTIONS + 50, b"GET / HTTP/1.1\r\n"):
        status, upload = program.begin(listed(b"content"))
        assert status == 201
        assert program.ask("POST", f"/upload/{upload['id']}/drop")[0] == 200


def test_nobody_takes_all_places() -> None:
    bodies = OpenBodies(5, 3)
    for _ in range(3):
        bodies.enter("a")
    with pytest.raises(BodyRefusedError):
        bodies.enter("a")
    bodies.enter("b")
    bodies.enter("c")
    with pytest.raises(BodyRefusedError):
        bodies.enter("d")
    bodies.leave("a")
    bodies.enter("d")
