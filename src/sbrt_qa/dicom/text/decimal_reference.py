"""Decimal text to numbers, the slow and obvious way: the oracle of `_kernels.py`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from sbrt_qa.dicom.text.decimal_text import BadDecimal
from sbrt_qa.model.grid import FloatArray

_DECIMAL = re.compile(rb" *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) *")


def parse_decimal(text: bytes) -> float | None:
    """Return the value of one plain, finite decimal, else None; spaces around it are allowed."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    value = float(match[1])
    return value if math.isfinite(value) else None


def parse_decimals(texts: Sequence[bytes]) -> list[FloatArray | BadDecimal]:
    """Do what :func:`sbrt_qa.dicom.text.decimal_text.parse_decimals` does."""
    return [_parse(text) for text in texts]


def _parse(text: bytes) -> FloatArray | BadDecimal:
    text = text.rstrip(b" \0")
    if not text:
        return np.empty(0)
    values = []
    for position, part in enumerate(text.split(b"\\")):
        value = parse_decimal(part)
        if value is None:
            return BadDecimal(position, part.decode("latin-1"))
        values.append(value)
    return np.array(values, dtype=np.float64)
