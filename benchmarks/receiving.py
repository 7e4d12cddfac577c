"""The receiver under load and attack: senders side by side, silence, kills, a soak; figures.

    scripts/bench receiving [senders|attacks|kills|soak] [NUMBER]

`senders`: 20 (`NUMBER`) storescu with 58 objects each. `attacks`: a C-ECHO of a peer while others
hold silent, slow and lying connections. `kills`: SIGKILL at `NUMBER` (200) moments in
mid-send; every object that was answered for is there. `soak`: `NUMBER` (3,000) associations.
Needs storescu and echoscu (dcmtk).
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "network"))

from raw_dicom import (
    CT,
    EXPLICIT,
    PEERS,
    VERIFICATION,
    Line,
    Running,
    echo,
    pdv,
    receiver,
    request,
    store_request,
    storing,
)

from sbrt_qa.intake.first_elements import file_head, of_file

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_dicom"
WIDE = PEERS.replace("networks", "connections = 25\nnetworks")
TICKS = os.sysconf("SC_CLK_TCK")


def must(true: bool, what: str) -> None:  # noqa: FBT001
    if not true:
        sys.exit(f"not so: {what}")


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def processor_seconds(running: Running) -> float:
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(running: Running, what: str = "VmRSS") -> float:
    """Return memory of a receiver in MB."""
    text = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(next(x for x in text.splitlines() if x.startswith(what)).split()[1]) / 1024


def distinct(folder: Path, number: int) -> list[Path]:
    """Return one plan's files for each sender, alike but for their UIDs."""
    files = sorted(SAMPLE.joinpath("minor", "CT").glob("*.dcm"))
    made = []
    for n in range(number):
        place = folder / f"{n}"
        place.mkdir()
        for i in range(58):
            content = files[i % len(files)].read_bytes()
            told = of_file(content)
            must(told is not None, "a sample that is DICOM")
            uid = f"1.2.3.{1000 + n}.{1000 + i}.1".ljust(len(told.sop_instance), "1")
            (place / f"{i}.dcm").write_bytes(
                content.replace(told.sop_instance.encode(), uid.encode())
            )
        made.append(place)
    return made


def senders(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder), WIDE) as running:
        source = Path(folder) / "source"
        source.mkdir()
        places = distinct(source, number)
        before, begun = processor_seconds(running), time.monotonic()
        sending = [storing(running.port, place) for place in places]
        told = [one.communicate()[0].decode("latin-1") for one in sending]
        took = processor_seconds(running) - before
        objects = len(running.landed())
        failed = sum(one.returncode != 0 for one in sending)
        print(f"{number} senders x 58: {objects} landed, {failed} senders failed")
        print(f"{1000 * took / max(objects, 1):.1f} ms of processor time an object")
        print(f"peak {memory(running, 'VmHWM'):.0f} MB, {time.monotonic() - begun:.1f} s")
        failures = [text for one, text in zip(sending, told, strict=True) if one.returncode]
        print("".join(failures)[:500])
        print(running.counts())


def attacks(_: int) -> None:
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder)) as running:
        before = memory(running)
        for name, first in (
            ("12 silent", b""), ("12 dripping", request((VERIFICATION, EXPLICIT))[:50]),
            ("12 announcing 4 GB", b"\1\0\xff\xff\xff\xff" + bytes(1_000_000)),
            ("12 speaking HTTP", b"GET / HTTP/1.1\r\n\r\n"),
        ):  # fmt: skip
            slowest = 0.0
            for _ in range(10):
                held = [Line(running.port) for _ in range(12)]
                for line in held:
                    line.send(first)
                begun = time.monotonic()
                must(echo(running.port) == 0, name)
                slowest = max(slowest, time.monotonic() - begun)
            print(f"{name}: slowest C-ECHO of a known peer {slowest:.2f} s")
        print(f"memory {before:.0f} -> {memory(running):.0f} MB; {running.counts()}")


def kills(number: int) -> None:
    draw, lost, answered_in_all = random.Random(21), 0, 0  # noqa: S311
    data = bytes(range(256)) * 400
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for moment in range(number):
            answered: list[tuple[str, str]] = []
            with receiver(folder) as running:
                line = Line(running.port).associated((CT, EXPLICIT))
                for n in range(draw.randrange(1, 6)):
                    uid = f"1.2.{moment + 1}.{n + 1}"
                    element = uid.encode() + bytes(len(uid) % 2)
                    whole = (
                        b"\x08\0\x16\0UI" + bytes((len(CT) + 1, 0)) + CT.encode() + b"\0"
                        b"\x08\0\x18\0UI" + bytes((len(element), 0)) + element + data
                    )  # fmt: skip
                    must(line.store(CT, uid.encode(), whole)[0] == 0, "stored")
                    answered.append((uid, digest_of(file_head(CT, uid, EXPLICIT) + whole)))
                line.send(store_request(CT, b"1.2.99"))
                line.send(pdv(0, data[: draw.randrange(1, len(data))]))
                if draw.random() < 0.5:
                    line.send(pdv(2, data))
                time.sleep(draw.random() * 0.004)
                running.process.kill()
                running.process.wait()
                there = {p.parent.name + p.name: p for p in running.landed()}
                rows = {one.sha256 for one in running.arrivals("landed")}
                for digest, path in there.items():
                    must(digest_of(path.read_bytes()) == digest, "whole files")
                lost += sum(one not in there or one not in rows for _, one in answered)
                answered_in_all += len(answered)
    print(f"{number} kills: {answered_in_all} objects answered for, {lost} of them not there")


def soak(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder)) as running:
        shown = []
        failed = 0
        for n in range(number):
            try:
                Line(running.port).associated((VERIFICATION, EXPLICIT)).release()
            except AssertionError:
                failed += 1
            if n % max(number // 6, 1) == 0:
                shown.append(memory(running))
        shown.append(memory(running))
        threads = len(list(Path(f"/proc/{running.process.pid}/task").iterdir()))
        files = len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))
        print(f"{number} associations, {failed} failed: MB {[round(x) for x in shown]}, "
              f"{threads} threads, {files} descriptors; {running.counts()}")  # fmt: skip


PARTS = {"senders": (senders, 20), "attacks": (attacks, 0), "kills": (kills, 200),
         "soak": (soak, 3_000)}  # fmt: skip


def main() -> None:
    if not shutil.which("storescu"):
        sys.exit("storescu and echoscu (dcmtk) are not installed")
    wanted = sys.argv[1:2] or list(PARTS)
    for name in wanted:
        run, usual = PARTS[name]
        run(int(sys.argv[2]) if len(sys.argv) > 2 else usual)


if __name__ == "__main__":
    main()
