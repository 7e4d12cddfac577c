"""Objects to a DICOMweb server by STOW-RS (PS3.18 section 10.5), streamed from their files."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

from sbrt_qa.network.dicom_sending import STORED, NotSentError, Outgoing, Sent
from sbrt_qa.network.http_addresses import MAX_JSON_BYTES, HttpAddress

BLOCK_BYTES: Final = 256 * 1024
STORED_SEQUENCE: Final = "00081199"
FAILED_SEQUENCE: Final = "00081198"
INSTANCE: Final = "00081155"
REASON: Final = "00081197"
PROCESSING_FAILURE: Final = 0x0110


def send_stow(to: HttpAddress, files: Sequence[Outgoing]) -> list[Sent]:
    """Send files in one request; return what the server says of each.

    A file that it does not name counts as not answered for, whatever the status of the whole.

    Raises
    ------
    NotSentError
        The server takes no request, or answers with something else.
    """
    boundary = secrets.token_hex(16)
    length = sum(map(len, _framing(files, boundary))) + sum(f.path.stat().st_size for f in files)
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
        "Content-Length": str(length),
    }
    with to.asked("POST", "/studies", headers, _body(files, boundary)) as answer:
        status, content = answer.status, answer.read(MAX_JSON_BYTES)
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
        raise NotSentError("the server refuses", got=str(status))
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise NotSentError("the answer of the server is not DICOM JSON") from None
    stored = {uid: STORED for uid, _ in _named(told, STORED_SEQUENCE)}
    failed = {uid: reason or PROCESSING_FAILURE for uid, reason in _named(told, FAILED_SEQUENCE)}
    known = {**stored, **failed}
    return [Sent(file, known.get(file.sop_instance)) for file in files]


def _framing(files: Sequence[Outgoing], boundary: str) -> Iterator[bytes]:
    for _ in files:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _body(files: Sequence[Outgoing], boundary: str) -> Iterator[bytes]:
    for one in files:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        with one.path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _named(told: Any, tag: str) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - what a server says
    """Yield instance and reason of the items of a sequence, as far as they can be read."""
    sequence = told.get(tag, {}) if isinstance(told, dict) else {}
    items = sequence.get("Value", []) if isinstance(sequence, dict) else []
    for item in items if isinstance(items, list) else []:
        try:
            uid = str(item[INSTANCE]["Value"][0])
            reason = int(item[REASON]["Value"][0]) if REASON in item else 0
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        yield uid, reason
