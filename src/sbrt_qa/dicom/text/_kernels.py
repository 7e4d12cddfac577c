r"""Compiled loop that reads backslash-separated decimals. No checks: `decimal_text.py` does them.

The rule that makes it exact: a decimal whose digits form an integer of at most 2**53, scaled by at
most 10**22 either way, is one exact integer times or divided by one exact power of ten, so a
single rounding gives the same double as Python's ``float()``. All others are left to ``float()``.

numba is imported, and the functions below are compiled, at the first use only: a case without
structures never pays for it.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from sbrt_qa.geometry.compiling import cached_kernel

MAX_DIGITS = 18
"""Significant digits that always fit a signed 64-bit integer."""

MAX_EXACT = 2**53
"""Largest integer up to which every integer is a double."""

MAX_POWER = 22
"""Largest power of ten that is a double."""

POWERS = np.array([float(f"1e{k}") for k in range(MAX_POWER + 1)])

MAX_EXPONENT = 100000
"""Exponents are not read beyond this: far outside any double, and no overflow of ours."""

SPACE, PLUS, MINUS, POINT, BACKSLASH = 32, 43, 45, 46, 92
ZERO, NINE, UPPER_E, LOWER_E = 48, 57, 69, 101


def _mantissa(text, pos, end):
    """Read digits with at most one point.

    Returns the position behind them, how many digits there are, how many of them are significant,
    their value as an integer (if at most `MAX_DIGITS` are) and its power of ten.
    """
    digits, significant, value, power = 0, 0, 0, 0
    fraction = False
    while pos < end:
        c = text[pos]
        if ZERO <= c <= NINE:
            digits += 1
            if significant > 0 or c > ZERO:
                significant += 1
                if significant <= MAX_DIGITS:
                    value = value * 10 + (c - ZERO)
            if fraction:
                power -= 1
        elif c == POINT and not fraction:
            fraction = True
        else:
            break
        pos += 1
    return pos, digits, significant, value, power


def _sign(text, pos, end):
    """Read an optional sign; return the position behind it and whether it is a minus."""
    if pos < end and (text[pos] == MINUS or text[pos] == PLUS):
        return pos + 1, text[pos] == MINUS
    return pos, False


def _exponent(text, pos, end):
    """Read an optional exponent; return the position behind it, its value and if it is sound."""
    if pos == end or (text[pos] != LOWER_E and text[pos] != UPPER_E):
        return pos, 0, True
    pos, negative = _sign(text, pos + 1, end)
    sound = pos < end and ZERO <= text[pos] <= NINE
    value = 0
    while pos < end and ZERO <= text[pos] <= NINE:
        if value < MAX_EXPONENT:
            value = value * 10 + (text[pos] - ZERO)
        pos += 1
    return pos, -value if negative else value, sound


def _skip_spaces(text, pos, end):
    while pos < end and text[pos] == SPACE:
        pos += 1
    return pos


def _number(text, pos, end):
    """Read one decimal and the spaces around it.

    Returns its first and last+1 byte, the position behind the spaces, its value, whether it is a
    plain decimal, and whether the value is exact or has to be left to ``float()``.
    """
    begin = _skip_spaces(text, pos, end)
    pos, negative = _sign(text, begin, end)
    pos, digits, significant, mantissa, power = _mantissa(text, pos, end)
    stop, exponent, sound = _exponent(text, pos, end)
    power += exponent
    exact = significant <= MAX_DIGITS and mantissa <= MAX_EXACT and abs(power) <= MAX_POWER
    value = float(mantissa)
    if exact:
        value = value * POWERS[power] if power >= 0 else value / POWERS[-power]
    behind = _skip_spaces(text, stop, end)
    return begin, stop, behind, -value if negative else value, digits > 0 and sound, exact


def _parse(text, ends, values, counts, bad, hard):
    """Read the decimals of several texts that stand one behind the other.

    Parameters
    ----------
    text
        (bytes,) uint8, all texts joined.
    ends
        (texts,) where each text ends; padding already cut off its end.
    values
        (capacity,) float64, filled in order.
    counts, bad
        (texts,) how many values each text gave, and the first byte of the part that is no plain
        decimal, or -1. A bad text gives no values.
    hard
        (capacity, 3) index of value, first and last+1 byte of each number left to ``float()``.

    Returns
    -------
    Number of rows of `hard` in use.
    """
    pos, n, n_hard = np.int64(0), 0, 0  # a plain 0 is a type of its own, compiled for itself
    for t in range(ends.size):
        end = ends[t]
        first, first_hard = n, n_hard
        bad[t] = -1
        more = pos < end
        while more:
            begin, stop, behind, value, sound, exact = _number(text, pos, end)
            more = behind < end
            if not sound or (more and text[behind] != BACKSLASH):
                bad[t] = pos
                n, n_hard = first, first_hard
                break
            values[n] = value
            if not exact:
                hard[n_hard, 0], hard[n_hard, 1], hard[n_hard, 2] = n, begin, stop
                n_hard += 1
            n += 1
            pos = behind + 1
        counts[t] = n - first
        pos = end
    return n_hard


_ONE_AT_A_TIME = threading.Lock()


def parser() -> Any:  # a compiled function has no type
    """Return :func:`_parse`, compiled; the machine code is cached on disk.

    The functions are compiled in place, as a decorator would do it, because each finds the ones it
    calls among the globals of this module. Of several threads that ask at once one compiles, to the
    end, and the others wait: a function that is being replaced must not be seen half done.
    """
    with _ONE_AT_A_TIME:
        if not _COMPILED:
            _COMPILED.append(_compile())
    return _COMPILED[0]


def _compile():
    from numba import njit

    module = globals()
    for function in (_mantissa, _sign, _exponent, _skip_spaces, _number):
        without = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        module[function.__name__] = njit(nogil=True, **without)(function)
    module["_parse"] = cached_kernel(nogil=True)(_parse)
    compiled = module["_parse"]
    one, none = np.zeros(1, np.int64), np.zeros((1, 3), np.int64)
    compiled(
        np.frombuffer(b"0", np.uint8), np.ones(1, np.int64), np.zeros(1), one, one.copy(), none
    )
    return compiled


_COMPILED = []
