"""Uploads in chunks with whatever spoilt: refusals only, nothing kept, and sound ones still served.

`scripts/fuzz uploads SECONDS` does the same for longer, from another seed each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.intake.chunks import CHUNK_BYTES

from .playing_office import PlayingOffice
from .test_uploads_in_chunks import BOUND_SECONDS, Program, listed, make_token

ROUNDS = 60
CONTENT_BYTES = 60
SERVED = {200, 201, 204}
REFUSED = {400, 403, 404, 405, 409, 411, 413, 414, 415, 422, 429, 431, 507}


@pytest.fixture(scope="module")
def program(served: PlayingOffice) -> Program:
    return Program(served, make_token(served, "physicist.s2", "S2"))


def spoilt(draw: random.Random, content: bytes) -> bytes:
    """Return bytes with some changed, dropped or doubled, or cut off."""
    made = bytearray(content)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(made)) if made else 0
        made[at : at + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
    return bytes(made[: draw.randrange(len(made) + 1)] if draw.random() < 0.3 else made)


def odd(draw: random.Random) -> Any:
    """Return what a field may not be."""
    return draw.choice(
        [None, -1, 0, 1e308, 2**70, "", "x" * 300, "\x00", "../..", [], {}, True, "é\ud800", [[]]]
    )


def begin(draw: random.Random, program: Program) -> int:
    """Ask for an upload whose manifest is spoilt, as a value or as bytes."""
    files: list[list[Any]] = listed(draw.randbytes(40), draw.randbytes(9))
    asked = {"subject": "778", "files": files, "identified": False}
    where = draw.randrange(4)
    if where == 0:
        asked[draw.choice(list(asked))] = odd(draw)
    elif where == 1:
        files[draw.randrange(2)][draw.randrange(3)] = odd(draw)
    body = json.dumps(asked).encode()
    status, answer = program.ask("POST", "/upload", spoilt(draw, body) if where > 1 else body)
    if status == 201:  # what was spoilt did no harm: it is begun, and dropped
        program.ask("POST", f"/upload/{answer['id']}/drop")
    return status


def chunk(draw: random.Random, program: Program, upload: str) -> int:
    """Send a chunk with a wrong number, content, size, hash, or to another upload; no sound one."""
    number: int | str = draw.choice([0, 0, 1, 7, -1, "9" * 9, "%2e%2e", "0x1", "a/b"])
    content = draw.randbytes(draw.choice([n for n in range(80) if n != CONTENT_BYTES]))
    digest = draw.choice(["", "0" * 64, "g" * 64, "00", "\xff"])
    to = draw.choice([upload, upload, "x" * 22, ".."])
    return program.put(to, number, content, digest)


def raw(draw: random.Random, served: PlayingOffice, head: dict[str, str], upload: str) -> str:
    """Send a request whose frame is spoilt, and go."""
    lines = [f"PUT /upload/{upload}/0 HTTP/1.1", f"Host: {served.host}",
             *(f"{k}: {v}" for k, v in head.items()), "X-Chunk-SHA256: " + "0" * 64]  # fmt: skip
    lines.append(draw.choice([
        "Content-Length: 99999999999", "Content-Length: -1", "Transfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 12",
    ]))  # fmt: skip
    sent = ("\r\n".join(lines) + "\r\n\r\n").encode() + draw.randbytes(draw.randrange(60))
    with contextlib.suppress(OSError):
        place = ("127.0.0.1", int(served.host.rpartition(":")[2]))
        with socket.create_connection(place, timeout=BOUND_SECONDS) as line:
            line.sendall(spoilt(draw, sent) if draw.random() < 0.5 else sent)
    return "left"


def sound(draw: random.Random, program: Program) -> None:
    """Upload something sound, whole, and drop it."""
    content = draw.randbytes(draw.choice([1, 300, CHUNK_BYTES + 1]))
    status, upload = program.begin(listed(content), subject="779")
    assert status == 201
    pieces = [content[i : i + CHUNK_BYTES] for i in range(0, len(content), CHUNK_BYTES)]
    assert [program.put(upload["id"], n, one) for n, one in enumerate(pieces)] == (
        [201] * len(pieces)
    )
    status, stands = program.ask("GET", f"/upload/{upload['id']}")
    assert (status, stands["missing"]) == (200, [])
    assert program.ask("POST", f"/upload/{upload['id']}/drop")[0] in SERVED


def test_only_refusals_come_of_what_is_spoilt(
    served: PlayingOffice, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = float(os.environ.get("SBRT_QA_FUZZ_SECONDS", "0"))
    draw = random.Random(None if seconds else 20261130)  # noqa: S311
    told, until, rounds = Counter[str](), time.monotonic() + seconds, 0
    head = program._head
    content = draw.randbytes(CONTENT_BYTES)
    status, upload = program.begin(listed(content), subject="778")
    assert status == 201
    while rounds < ROUNDS or time.monotonic() < until:
        rounds += 1
        for status in (begin(draw, program), chunk(draw, program, upload["id"])):
            assert status in SERVED | REFUSED, status
            told[str(status)] += 1
        told[raw(draw, served, head, upload["id"])] += 1
        if rounds % 20 == 0:
            sound(draw, program)
            told["sound uploads served"] += 1
    print(dict(told))
    assert program.put(upload["id"], 0, content) == 201  # through all of it
    assert program.ask("POST", f"/upload/{upload['id']}/drop")[0] in SERVED
    assert not [p for p in uploads_of(served).rglob("*") if p.is_file()]
    failed = [
        one for one in caplog.records if one.name == "sbrt_qa.web" and one.levelname == "ERROR"
    ]
    assert failed == []


def uploads_of(served: PlayingOffice) -> Path:
    return Path(served.app.uploads.folder("x")).parent
