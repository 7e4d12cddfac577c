"""Uploads in chunks: what a manifest may promise, and where its bytes lie in one stream.

The files of an upload lie one after the other, as its manifest lists them; chunk n is what lies
from n times `CHUNK_BYTES` on. Each chunk is checked against its hash before it counts, and each
file again from what is on disk. No name in a manifest names anything here.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.i18n.phrase import say

CHUNK_BYTES: Final = 8 * 1024**2
MOST_FILES: Final = 20_000
MOST_FILE_BYTES: Final = 600 * 1024**2
MOST_UPLOAD_BYTES: Final = 4 * 1024**3
MOST_NAME: Final = 300
MANIFEST_BYTES: Final = 12_000_000
"""Of a manifest as it is sent."""


class WrongChunk(InputError):  # noqa: N818 - named by what it is
    """A chunk has another hash or another length than it should have."""


@dataclass(frozen=True, slots=True)
class PromisedFile:
    """One file of an upload.

    Parameters
    ----------
    name
        As the sender calls it, only ever shown.
    size_bytes
        At least 1.
    sha256
        Of the file, where the sender knows it; else empty.
    """

    name: str
    size_bytes: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class UploadManifest:
    """The files of an upload, in the order in which their bytes come."""

    files: tuple[PromisedFile, ...]

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(one.size_bytes for one in self.files)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.size_bytes // CHUNK_BYTES)

    def chunk_bytes(self, number: int) -> int:
        """Return how long a chunk has to be; raise WrongChunk where there is none."""
        if not 0 <= number < self.chunks:
            raise WrongChunk("there is no such chunk", expected=say("0 to {0}", self.chunks - 1))
        return min(CHUNK_BYTES, self.size_bytes - number * CHUNK_BYTES)

    def form(self) -> list[list[Any]]:
        """Return it as JSON that :func:`read_manifest` reads."""
        return [[one.name, one.size_bytes, one.sha256] for one in self.files]


def read_manifest(value: object) -> UploadManifest:
    """Read what a sender promises: a list of ``[name, bytes, sha256 or ""]``.

    Raises
    ------
    UsageError
        It is none, or promises more than is taken.
    """
    if not isinstance(value, list) or not value:
        raise UsageError("an upload names its files", expected='[["name", bytes, "sha256"], ...]')
    if len(value) > MOST_FILES:
        raise UsageError(
            "more files than are taken at once", expected=say("at most {0}", MOST_FILES)
        )
    found = UploadManifest(tuple(map(_promised, value)))
    if found.size_bytes > MOST_UPLOAD_BYTES:
        raise UsageError("more bytes than are taken at once", expected="at most 4 GiB")
    return found


def _promised(row: object) -> PromisedFile:
    if not (isinstance(row, list) and len(row) == 3):
        raise UsageError("an upload names its files", expected='[["name", bytes, "sha256"], ...]')
    name, size, digest = row
    is_hash = digest == "" or (
        isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    )
    if not isinstance(name, str) or type(size) is not int or not is_hash:
        raise UsageError("an upload names its files", expected='[["name", bytes, "sha256"], ...]')
    if not 1 <= size <= MOST_FILE_BYTES:
        raise UsageError(
            "a file is empty or larger than is taken", expected="1 byte to 600 MiB a file"
        )
    return PromisedFile(name[:MOST_NAME], size, digest)


def refuse_chunk(
    manifest: UploadManifest, number: int, size_bytes: int, sha256: str, stated: str
) -> None:
    """Hold a chunk against its length and its hash.

    Raises
    ------
    WrongChunk
        It is not what it should be.
    """
    expected = manifest.chunk_bytes(number)
    if size_bytes != expected:
        raise WrongChunk(
            "the chunk has another length",
            got=str(size_bytes),
            expected=str(expected),
        )
    if sha256 != stated:
        raise WrongChunk("the chunk has another hash than was announced")


def hash_of_hashes(chunks: Sequence[str]) -> str:
    """Return the SHA-256 over the hashes (hexadecimal) of all chunks, one after the other."""
    return hashlib.sha256(b"".join(bytes.fromhex(one) for one in chunks)).hexdigest()


class JoinedChunks(io.RawIOBase):
    """Chunk files, one after the other, as one stream of which parts are read.

    Parameters
    ----------
    paths
        Of all chunks, in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._paths, self._next, self._left = list(paths), 0, 0
        self._file: BinaryIO | None = None

    def part(self, size_bytes: int) -> JoinedChunks:
        """Return itself, giving the next bytes up to a number and then its end."""
        self._left = size_bytes
        return self

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; none at the end of the part."""
        wanted = self._left if size < 0 else min(size, self._left)
        while wanted:
            if self._file is None:
                if self._next >= len(self._paths):
                    return b""
                self._file = self._paths[self._next].open("rb")
                self._next += 1
            block = self._file.read(wanted)
            if block:
                self._left -= len(block)
                return block
            self._file.close()
            self._file = None
        return b""

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()
