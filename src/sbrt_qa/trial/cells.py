"""One cell of a canonical table: from its text to a value, and back to the one canonical text.

Nothing is guessed: a text that is not of its column's type is an error that says why. What comes
out of :func:`canonical_text` reads back to an equal value, whatever form the data came in.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.canonical import MISSING_CODES, ColumnSpec
from sbrt_qa.trial.partial_dates import Order, PartialDate, parse_day, parse_partial

Value: TypeAlias = str | int | float | bool | dt.date | PartialDate | tuple[str, ...]
"""What a cell holds. A ``time`` is its text, an ``instant`` its ISO text with offset."""

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_INT: Final = re.compile(r"[-+]?\d{1,15}")
_NUMBER: Final = re.compile(r"[-+]?(\d{1,15}(\.\d{0,12})?|\.\d{1,12})([eE][-+]?\d{1,2})?")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
LONGEST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class MissingCell:
    """A cell without a value: empty, or one of `MISSING_CODES`."""

    why: str = ""


def parse_cell(column: ColumnSpec, text: str, order: Order = "") -> Value | MissingCell:
    """Read the text of a cell.

    Parameters
    ----------
    order
        How days written with signs between are read.

    Raises
    ------
    ValueError
        It is no value of this column; the message says what was expected.
    """
    if not text.strip():
        return MissingCell()
    if (
        text.strip() in MISSING_CODES
        and text.strip() not in column.words
        and (column.kind not in ("code", "text"))
    ):
        return MissingCell(text.strip())
    return _READERS[column.kind](column, text, order)


def canonical_text(value: Value) -> str:
    """Return the one text of a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ";".join(value) or "none"
    return str(value)


def _code(_column: ColumnSpec, text: str, _order: Order) -> str:
    if not _CODE.fullmatch(text.strip()):
        raise ValueError(say("no code: letters, digits and . _ + - only"))
    return text.strip()


def _text(_column: ColumnSpec, text: str, _order: Order) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(say("longer than {0} characters", LONGEST_TEXT))
    return " ".join(text.split())


def _day(_column: ColumnSpec, text: str, order: Order) -> dt.date:
    return parse_day(text, order)


def _partial(_column: ColumnSpec, text: str, order: Order) -> PartialDate:
    return parse_partial(text, order)


def _int(column: ColumnSpec, text: str, _order: Order) -> int:
    plain = text.strip()
    if not _INT.fullmatch(plain):
        raise ValueError(say("no whole number"))
    return int(_in_range(column, int(plain)))


def _num(column: ColumnSpec, text: str, _order: Order) -> float:
    plain = text.strip()
    if not _NUMBER.fullmatch(plain):
        if "," in plain:
            raise ValueError(say("no number; write the decimal sign as a point"))
        raise ValueError(say("no number"))
    return _in_range(column, float(plain))


def _in_range(column: ColumnSpec, value: float) -> float:
    low = -math.inf if column.low is None else column.low
    high = math.inf if column.high is None else column.high
    if not low <= value <= high:
        if high == math.inf:
            raise ValueError(say("out of range: at least {0}", f"{low:g}"))
        if low == -math.inf:
            raise ValueError(say("out of range: at most {0}", f"{high:g}"))
        raise ValueError(say("out of range: at least {0} and at most {1}", f"{low:g}", f"{high:g}"))
    return value


def _bool(_column: ColumnSpec, text: str, _order: Order) -> bool:
    if text not in ("Y", "N"):
        raise ValueError(say("neither Y nor N"))
    return text == "Y"


def _enum(column: ColumnSpec, text: str, _order: Order) -> str:
    if text not in column.words:
        close = _close_word(text, column.words)
        hint = f"; map it, perhaps to {close}" if close else ""
        raise ValueError(f"none of {', '.join(column.words)}{hint}")
    return text


def _close_word(text: str, words: tuple[str, ...]) -> str:
    plain = re.sub(r"[^a-z0-9]", "", text.casefold())
    as_number = re.sub(r"\.0+$", "", text.strip())
    roman = {"gradei": "1", "gradeii": "2", "gradeiii": "3", "gradeiv": "4", "gradev": "5"}
    for word in words:
        same = plain == re.sub(r"[^a-z0-9]", "", word.casefold())
        if same or as_number == word or roman.get(plain) == word:
            return word
    return ""


def _subset(column: ColumnSpec, text: str, _order: Order) -> tuple[str, ...]:
    if text.strip() == "none":
        return ()
    given = [part.strip() for part in text.split(";") if part.strip()]
    for part in given:
        if part not in column.words:
            raise ValueError(say("{0} is none of {1}", quoted(part), ", ".join(column.words)))
    return tuple(word for word in column.words if word in given)


def _time(_column: ColumnSpec, text: str, _order: Order) -> str:
    if not _TIME.fullmatch(text.strip()):
        raise ValueError(say("no time; expected HH:MM"))
    return text.strip()[:5]


def _instant(_column: ColumnSpec, text: str, _order: Order) -> str:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(say("no time; expected 2026-03-05T23:30:00+08:00")) from None
    if moment.tzinfo is None:
        raise ValueError(
            say("a time without its offset from UTC says no day; write +08:00 after it")
        )
    return moment.isoformat()


def day_of_instant(text: str) -> dt.date:
    """Return the day at the site of an ISO time with offset: its own date, not that of UTC."""
    return dt.datetime.fromisoformat(text).date()


_READERS: Final[Mapping[str, Callable[[ColumnSpec, str, Order], Value]]] = {
    "code": _code, "date": _day, "pdate": _partial, "int": _int, "num": _num, "bool": _bool,
    "enum": _enum, "text": _text, "subset": _subset, "time": _time, "instant": _instant,
}  # fmt: skip
