"""A byte stream that lets the DICOM library read only so much: no bomb, no flood, no endless nest.

pydicom inflates a deflated dataset in one go and keeps about 300 bytes for each element, however
short; a stream that counts both where pydicom itself asks for bytes cannot be led around by what a
file says of itself.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.errors import DicomError

MAX_INFLATED_BYTES: Final = 256 * 1024**2
"""Largest deflated dataset that is inflated; a dose grid of 400^3 voxels at 32 bit."""

MAX_RATIO: Final = 100
"""Largest ratio of inflated to deflated bytes, beyond `SMALL_BYTES`; sound files stay below 20."""

SMALL_BYTES: Final = 16 * 1024**2
"""What is inflated without a look at the ratio."""

MAX_STEPS: Final = 3_000_000
"""Most reads for one file, two or three an element; a set of 10,000 contours needs 150,000."""

_CHUNK: Final = 1024**2


class TooMuchError(DicomError):
    """A file that would take more memory or time than any sound one."""


@dataclass(slots=True)
class Budget:
    """Reads that are left for one file and for all sequences inside it."""

    where: str
    steps: int = field(default_factory=lambda: MAX_STEPS)

    def overdrawn(self) -> TooMuchError:
        """Return the error of a file with too many elements."""
        most = f"at most about {MAX_STEPS // 2} elements"
        return TooMuchError("too many elements", where=self.where, expected=most)


class GuardedBytes(io.BytesIO):
    """Bytes whose reads are counted, and whose whole rest is read only if it inflates to little.

    pydicom asks for the whole rest only of a deflated dataset.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        super().__init__(data)
        self._budget = budget
        self._read = super().read

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes, or the rest.

        Raises
        ------
        TooMuchError
            Too many reads, or a rest that inflates to too much.
        """
        budget = self._budget
        budget.steps -= 1
        if budget.steps < 0:
            raise budget.overdrawn()
        data = self._read(size)
        if size is None or size < 0:
            check_inflated(data, budget.where)
        return data


def check_inflated(data: bytes, where: str) -> None:
    """Inflate piece by piece, keeping nothing.

    Raises
    ------
    TooMuchError
        The inflated size or the ratio is beyond what a sound dataset has.
    DicomError
        The bytes do not inflate.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    allowed = min(MAX_INFLATED_BYTES, max(SMALL_BYTES, MAX_RATIO * len(data)))
    size, rest, piece = 0, data, b""
    try:
        while not inflater.eof and (rest or piece):
            piece = inflater.decompress(rest, _CHUNK)
            rest = inflater.unconsumed_tail
            size += len(piece)
            if size > allowed:
                raise TooMuchError(
                    "the deflated dataset is too large",
                    where=where,
                    got=f"more than {allowed} bytes from {len(data)}",
                    expected=f"at most {MAX_INFLATED_BYTES} bytes and {MAX_RATIO} times its size",
                )
    except zlib.error as error:
        raise DicomError("the deflated dataset is damaged", where=where) from error
    if not inflater.eof:
        advice = "Export the file again; it may have been cut off in transfer"
        raise DicomError("the deflated dataset is cut off", where=where, advice=advice)
