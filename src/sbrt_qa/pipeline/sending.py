"""Sending a case to a review office: in chunks, over https, resumed where the line was lost.

Plain http goes to this machine alone. The certificate of the office is always checked; a
certificate authority of one's own can be named, and no option turns the check off. Nothing follows
a redirect: a token goes to no other place than it was given for.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from sbrt_qa.errors import InputError, UsageError, quoted
from sbrt_qa.intake.chunks import (
    CHUNK_BYTES,
    JoinedChunks,
    PromisedFile,
    UploadManifest,
    hash_of_hashes,
    read_manifest,
)

TRIES: Final = 5
PAUSE_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 120.0
POLL_SECONDS: Final = 2.0
MOST_ANSWER: Final = 64 * 1024**2
LOST: Final = (OSError, http.client.HTTPException)


class RefusedByOfficeError(InputError):
    """The office does not take it, or cannot be reached."""


@dataclass(frozen=True, slots=True)
class OfficeAddress:
    """Where an office is, and the token to show.

    Parameters
    ----------
    scheme, host, port
        Of the office; http only where the host is this machine.
    authority
        File with certificates that are trusted besides those of the system.
    """

    scheme: str
    host: str
    port: int
    token: str
    authority: Path | None = None

    @classmethod
    def read(cls, url: str, token: str, authority: Path | None = None) -> OfficeAddress:
        """Read an address such as ``https://office.example``.

        Raises
        ------
        UsageError
            It is none, has a path or a password in it, or would go over a network in the clear.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise UsageError("no address", got=quoted(url)) from None
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/")
        if not plain or parts.query or parts.fragment or parts.username or parts.password:
            raise UsageError("no address of an office", got=quoted(url),
                             expected="https://office.example")  # fmt: skip
        if parts.scheme == "http" and not is_this_machine(str(parts.hostname)):
            raise UsageError(
                "this would go over a network in the clear", got=quoted(url), expected="https://"
            )
        if not token or any(c.isspace() or not c.isprintable() for c in token):
            raise UsageError("the file holds no token")
        usual = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, str(parts.hostname), port or usual, token, authority)

    def connected(self) -> http.client.HTTPConnection:
        """Return a fresh connection."""
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        context = ssl.create_default_context()
        if self.authority is not None:
            context.load_verify_locations(self.authority)
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=ANSWER_SECONDS, context=context
        )


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def promised(paths: Sequence[Path]) -> UploadManifest:
    """Return what the files are that are to be sent; they go by numbers, not by their names.

    Raises
    ------
    UsageError
        There is none, one is empty, or they are more or larger than is taken.
    """
    files = []
    for number, path in enumerate(paths, 1):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(PromisedFile(f"{number:06}", path.stat().st_size, digest))
    return read_manifest(UploadManifest(tuple(files)).form())


def send(
    office: OfficeAddress,
    paths: Sequence[Path],
    subject: str,
    *,
    site: str = "",
    identified: bool = False,
    tell: Callable[[int, int], object] = lambda _done, _all: None,
) -> str:
    """Send files to an office and return the id of the upload; all of it is on the office's disk.

    Raises
    ------
    RefusedByOfficeError
        The office refuses, its certificate is not trusted, or the line was lost five times in a
        row.
    UsageError
        There is nothing to send, it is more than is taken, or it changes meanwhile.
    """
    manifest = promised(paths)
    asked = {"site": site, "subject": subject, "files": manifest.form(), "identified": identified}
    begun = _asked(office, "POST", "/upload", json.dumps(asked).encode(), "application/json")
    upload, missing = str(begun["id"]), {int(n) for n in begun["missing"]}
    if int(begun["chunk_bytes"]) != CHUNK_BYTES:
        raise RefusedByOfficeError("the office takes chunks of another size")
    hashes = []
    for number, chunk in enumerate(_chunks(manifest, paths)):
        hashes.append(hashlib.sha256(chunk).hexdigest())
        if number in missing:
            head = {"x-chunk-sha256": hashes[-1]}
            _asked(office, "PUT", f"/upload/{upload}/{number}", chunk, "", head)
        tell(number + 1, manifest.chunks)
    form = urlencode({"hash": hash_of_hashes(hashes)}).encode()
    kind = "application/x-www-form-urlencoded"
    done = _asked(office, "POST", f"/upload/{upload}/finish", form, kind)
    if done.get("state") != "landed":
        raise RefusedByOfficeError("the office did not take all of it")
    return upload


def _chunks(manifest: UploadManifest, paths: Sequence[Path]) -> Iterator[bytes]:
    joined = JoinedChunks(paths)
    with contextlib.closing(joined):
        for number in range(manifest.chunks):
            wanted, found = manifest.chunk_bytes(number), b""
            while len(found) < wanted:
                block = joined.part(wanted - len(found)).read()
                if not block:
                    raise UsageError("a file became shorter while it was sent")
                found += block
            yield found


def what_became(
    office: OfficeAddress,
    upload: str,
    wait_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Return what an office says of an upload, once it was reviewed or set aside, or time is over.

    Returns
    -------
    dict
        ``state`` (closed, released, quarantined, ...), ``why`` and ``receipt``, which may be None.

    Raises
    ------
    RefusedByOfficeError
        The office does not answer.
    """
    until = clock() + wait_seconds
    while True:
        found: dict[str, Any] = _asked(office, "GET", f"/upload/{upload}").get("study") or {}
        if found.get("state") not in (None, "open", "closed") or clock() >= until:
            return found
        time.sleep(POLL_SECONDS)


def _asked(
    office: OfficeAddress,
    method: str,
    path: str,
    body: bytes = b"",
    kind: str = "",
    head: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Ask once, and again where the line is lost: everything that is asked may be asked twice."""
    sent = {"Authorization": f"Bearer {office.token}", **(head or {})}
    if kind:
        sent["Content-Type"] = kind
    for attempt in range(TRIES):
        try:
            with contextlib.closing(office.connected()) as connection:
                connection.request(method, path, body, sent)
                answer = connection.getresponse()
                status, content = answer.status, answer.read(MOST_ANSWER)
            break
        except ssl.SSLCertVerificationError:
            raise RefusedByOfficeError("the certificate of the office is not trusted") from None
        except LOST as error:
            if attempt == TRIES - 1:
                kind_of = type(error).__name__
                raise RefusedByOfficeError("the office cannot be reached", got=kind_of) from None
            time.sleep(PAUSE_SECONDS * 2**attempt)
    return _read(status, content)


def _read(status: int, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if status in (200, 201) and isinstance(found, dict):
        return found
    if status in (301, 302, 303, 307, 308, 401, 403, 404):
        raise RefusedByOfficeError(
            "the office does not know this token, or it may not do this", got=str(status)
        )
    why = str(found.get("error", "")) if isinstance(found, dict) else ""
    raise RefusedByOfficeError("the office refuses", got=quoted(why) if why else str(status))
