"""Taking studies from an Orthanc server: by its feed of changes, instance by instance.

A study is taken when the server says that it is stable; whether it is whole is found out from its
links. How far the feed was followed is kept, so that nothing is missed by an end of this process
and nothing depends on a clock. Of what the server says, identifiers are used when they have the
form of one, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.intake.landing import LandingRefusedError, NoSpace
from sbrt_qa.network.http_addresses import HttpAddress, HttpRefusedError, basic, read_address
from sbrt_qa.network.peers import OrthancSource
from sbrt_qa.network.storing import Storing

LOG: Final = logging.getLogger("sbrt_qa.network")

FOLDER: Final = "orthanc"
POLL_SECONDS: Final = 10.0
CHANGES: Final = 100
MOST_INSTANCES: Final = 20_000
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}")
_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class OrthancFeed:
    """The feed of one server.

    Parameters
    ----------
    source
        The server, and whose it is.
    address
        Where it is.
    storing
        Where objects go.
    """

    source: OrthancSource
    address: HttpAddress
    storing: Storing

    @classmethod
    def of(cls, source: OrthancSource, storing: Storing) -> OrthancFeed:
        """Return the feed of a server of a file of sources.

        Raises
        ------
        SbrtQaError
            Its address is none that may be asked, or its password cannot be read.
        """
        file = Path(source.password_file) if source.password_file else None
        return cls(source, read_address(source.url, basic(source.user, file)), storing)

    def follow(self) -> int:
        """Take what became stable since the last time; return how many instances were taken.

        Raises
        ------
        SbrtQaError
            The server or the disk refuses; it goes on from there the next time.
        """
        taken, since = 0, self._since()
        while True:
            answer = self.address.json(f"/changes?since={since}&limit={CHANGES}")
            changes, last, done = _read_changes(answer)
            for number, kind, study in changes:
                if number > since and kind == "StableStudy":
                    taken += self._study(study)
            if last <= since:
                return taken
            since = last
            self._keep(since)
            if done:
                return taken

    def _study(self, study: str) -> int:
        """Take the instances of a study; none where it is gone by now."""
        listed = self.address.json(f"/studies/{study}/instances")
        if listed is None:
            return 0
        return sum(self._instance(one) for one in _ids(listed))

    def _instance(self, instance: str) -> bool:
        with self.address.asked("GET", f"/instances/{instance}/attachments/dicom/md5") as answer:
            md5 = answer.read(64).decode("ascii", "replace").strip()
            if answer.status == HTTPStatus.NOT_FOUND:
                return False
            if answer.status != HTTPStatus.OK or not _MD5.fullmatch(md5):
                raise HttpRefusedError("the server gives no MD5 hash of an instance")
        with self.address.asked("GET", f"/instances/{instance}/file") as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return False
            if answer.status != HTTPStatus.OK:
                raise HttpRefusedError("the server refuses", got=str(answer.status))
            stream = cast("BinaryIO", Hashed(cast("BinaryIO", answer), md5))
            try:
                self.storing.take_file("orthanc", self.source.site, self.address.host, stream)
            except NoSpace:
                raise
            except LandingRefusedError as error:  # too large, or broken off: told, and passed over
                LOG.warning("an instance was not taken: %s", type(error).__name__)
                self.storing.counts["orthanc: not taken"] += 1
                return False
        return True

    # --- how far -----------------------------------------------------------------------------

    def _path(self) -> Path:
        named = hashlib.sha256(f"{self.source.site}\0{self.source.url}".encode()).hexdigest()
        return self.storing.landing.root / FOLDER / f"{named[:32]}.json"

    def _since(self) -> int:
        try:
            return int(json.loads(self._path().read_text(encoding="ascii"))["since"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _keep(self, since: int) -> None:
        path = self._path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"since": since}), encoding="ascii")
        part.replace(path)


class Hashed:
    """A stream that is cut off where its end is not what its hash says."""

    def __init__(self, stream: BinaryIO, md5: str) -> None:
        self._stream, self._md5 = stream, md5
        self._digest = hashlib.md5(usedforsecurity=False)

    def read(self, size: int) -> bytes:
        """Return the next bytes; raise EOFError at an end that comes too early or is another."""
        part = self._stream.read(size)
        self._digest.update(part)
        if not part and self._digest.hexdigest() != self._md5:
            raise EOFError
        return part


def _read_changes(answer: Any) -> tuple[list[tuple[int, str, str]], int, bool]:  # noqa: ANN401
    try:
        changes = [
            (int(one["Seq"]), str(one["ChangeType"]), str(one["ID"]))
            for one in answer["Changes"]
            if _ID.fullmatch(str(one["ID"]))
        ]
        return changes, int(answer["Last"]), bool(answer["Done"])
    except (KeyError, TypeError, ValueError):
        raise HttpRefusedError("the answer is not a list of changes as Orthanc gives it") from None


def _ids(listed: Any) -> Iterator[str]:  # noqa: ANN401 - what a server says
    rows = listed if isinstance(listed, list) else []
    for row in rows[:MOST_INSTANCES]:
        found = str(row.get("ID", "")) if isinstance(row, dict) else ""
        if _ID.fullmatch(found):
            yield found


def follow_until(feed: OrthancFeed, ended: threading.Event, seconds: float = POLL_SECONDS) -> None:
    """Follow a feed until an event is set; what goes wrong is told and tried again."""
    while not ended.is_set():
        try:
            feed.follow()
        except (SbrtQaError, OSError) as error:
            LOG.warning("an Orthanc server cannot be read now: %s", type(error).__name__)
            feed.storing.counts["orthanc: could not be followed"] += 1
        ended.wait(seconds)
