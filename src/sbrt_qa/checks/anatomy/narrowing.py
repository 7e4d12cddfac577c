"""Ranges of the file, narrowed by what a protocol says."""

from __future__ import annotations

from sbrt_qa.errors import ProtocolError, quoted
from sbrt_qa.protocol.anatomy_file import load_anatomy
from sbrt_qa.protocol.anatomy_ranges import QUANTITIES, ExpectedRange


def narrowed(organ: str, quantity: str, rows: tuple[str, ...]) -> ExpectedRange | None:
    """Return the range of a quantity of an organ, if there is one.

    Parameters
    ----------
    rows
        Of a protocol: organ, quantity, lowest and highest; a row never widens the range.

    Raises
    ------
    ProtocolError
        A row is not of this form, or leaves nothing.
    """
    known = load_anatomy().range_of(organ, quantity)
    for row in rows:
        name, what, low, high = _read(row)
        if known is not None and (name, what) == (organ, quantity):
            try:
                known = known.narrowed(low, high)
            except ValueError:
                raise _wrong(row) from None
    return known


def _read(row: str) -> tuple[str, str, float, float]:
    parts = row.rsplit(" ", 3)
    if len(parts) != 4 or parts[1] not in QUANTITIES:
        raise _wrong(row)
    try:
        return parts[0], parts[1], float(parts[2]), float(parts[3])
    except ValueError:
        raise _wrong(row) from None


def _wrong(row: str) -> ProtocolError:
    return ProtocolError(
        "a range of an organ cannot be used", got=quoted(row),
        expected="organ, quantity, lowest and highest within the range of protocols/anatomy.yaml",
    )  # fmt: skip
