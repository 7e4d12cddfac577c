"""Feed spoilt messages to a door of the network:  scripts/fuzz frames|multipart [SECONDS]

`frames`: PDUs and messages as the guard follows them, and a real guard before a real receiver on
this machine, which has to stay open and answer a known peer. `multipart`: the parts of STOW-RS
bodies. `network` is both in turn. Only refusals may come of what is spoilt.
"""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "network"))

from raw_dicom import (  # noqa: E402
    CT,
    EXPLICIT,
    VERIFICATION,
    Line,
    command,
    pdu,
    pdv,
    receiver,
    request,
    store_request,
    u16,
)

from sbrt_qa.intake.first_elements import file_head, of_data_set, of_file  # noqa: E402
from sbrt_qa.network.pdu_frames import MessageWatch, PduError, announced, titles  # noqa: E402

ECHO = pdv(3, command((2, VERIFICATION.encode()), (0x0100, u16(0x30)), (0x0110, u16(7)),
                      (0x0800, u16(0x0101))))  # fmt: skip
GOOD = (
    request((CT, EXPLICIT), (VERIFICATION, EXPLICIT)), store_request(CT, b"1.2.3"),
    pdv(2, b"\x08\0\x16\0UI\x1a\0" + CT.encode() + b"\0"), ECHO, pdu(5, bytes(4)),
)  # fmt: skip


def spoilt(draw: random.Random, content: bytes) -> bytes:
    """Return bytes with some of them changed, dropped, doubled, or cut off."""
    made = bytearray(content)
    for _ in range(draw.randrange(1, 8)):
        if not made:
            break
        at = draw.randrange(len(made))
        kind = draw.randrange(5)
        if kind == 0:
            made[at] = draw.randrange(256)
        elif kind == 1:
            del made[at : at + draw.randrange(1, 9)]
        elif kind == 2:
            made[at:at] = made[at : at + draw.randrange(1, 40)]
        elif kind == 3:
            made[at : at + 4] = draw.choice((b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff"))
        else:
            del made[at:]
    return bytes(made)


def frames(draw: random.Random) -> str:
    """Follow spoilt PDUs as the guard does."""
    stream = spoilt(draw, b"".join(draw.choices(GOOD, k=draw.randrange(1, 6))))
    watch, first, at = MessageWatch(10_000_000), True, 0
    try:
        while at + 6 <= len(stream):
            _, length = announced(stream[at : at + 6], 131_072, first=first)
            body = stream[at + 6 : at + 6 + length]
            if len(body) < length:
                return "cut off"
            if first:
                titles(body)
            elif stream[at] == 4:
                watch.take(memoryview(body))
            first, at = False, at + 6 + length
    except PduError:
        return "refused"
    return "followed"


def bodies(draw: random.Random) -> str:
    """Find the parts of a spoilt body, and read the first elements of each."""
    part = file_head(CT, "1.2.3", EXPLICIT) + GOOD[2][12:]
    whole = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n"
    content = spoilt(draw, whole * draw.randrange(1, 4) + b"--b--\r\n")
    parts: list[bytes] = []
    parser = MultipartParser(b"b", {
        "on_part_begin": lambda: parts.append(b""),
        "on_part_data": lambda data, start, end: parts.append(data[start:end]),
    })  # fmt: skip
    try:
        while content:
            size = draw.randrange(1, 200)
            parser.write(content[:size])
            content = content[size:]
    except FormParserError:
        return "refused"
    for one in parts:
        of_file(one)
        of_data_set(one, EXPLICIT)
    return "followed"


def fuzz_frames(draw: random.Random, end: float) -> Counter[str]:
    """Fuzz frames, and a receiver that has to go on serving a known peer."""
    told = Counter[str]()
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder)) as running:
        while time.monotonic() < end:
            for _ in range(300):
                told[f"frames {frames(draw)}"] += 1
            for _ in range(4):
                line = Line(running.port)
                if draw.random() < 0.8:
                    line.associated((CT, EXPLICIT), (VERIFICATION, EXPLICIT))
                line.send(spoilt(draw, b"".join(draw.choices(GOOD, k=draw.randrange(1, 6)))))
                line.socket.close()
                told["connections"] += 1
            known = Line(running.port).associated((CT, EXPLICIT), (VERIFICATION, EXPLICIT))
            known.send(ECHO.replace(b"\1\3", b"\3\3", 1))
            if known.status() != (0, "") or running.process.poll() is not None:
                sys.exit("a known peer was not served")
            known.release()
            told["known peers served"] += 1
        print(running.counts())
        print(running.log.read_text(encoding="utf-8")[-500:])
    return told


def fuzz_multipart(draw: random.Random, end: float) -> Counter[str]:
    """Fuzz bodies of STOW-RS."""
    told = Counter[str]()
    while time.monotonic() < end:
        told[f"bodies {bodies(draw)}"] += 1
    return told


DOORS = {"frames": (fuzz_frames,), "multipart": (fuzz_multipart,),
         "network": (fuzz_frames, fuzz_multipart)}  # fmt: skip


def main() -> None:
    """Fuzz for some seconds, and tell what came of it."""
    doors = DOORS[sys.argv[1]]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    draw = random.Random()  # noqa: S311
    for fuzz in doors:
        print(dict(fuzz(draw, time.monotonic() + seconds / len(doors))))


if __name__ == "__main__":
    main()
