"""Everything sbrt_qa raises on purpose.

::

    SbrtQaError
    ├── UsageError         the request itself is wrong (unknown option, metric, structure)
    │   └── MetricError    a metric expression that cannot be read
    ├── InputError         something given to us cannot be used
    │   ├── DicomError     a file is missing, broken, or not what it claims to be
    │   ├── GeometryError  contours or grids that have no safe interpretation
    │   ├── ProtocolError  a protocol file that breaks its schema
    │   └── AnalysisError  numbers of an analysis that no estimator can take
    ├── ResultError        a stored result that cannot be read back
    ├── StoreError         the database of an audit cannot be used, or refuses
    └── OwnFault           this program failed; nothing that it was given is to blame

An error says what went wrong, where, what was found, what was expected and what to do about it.
Texts that come from a file are put into messages with :func:`quoted`, never raw.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

MAX_QUOTED = 80
"""Longest text from a file that a message repeats; the rest is cut and marked."""

MAX_MARKS = 4
"""Most combining marks on one letter; no writing needs more, and a pile of them hides its lines."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARKS = {"Mn", "Me"}


def visible(text: str) -> str:
    r"""Text in which control, format and bidi characters stand as ``\xNN`` or ``\uNNNN``.

    So do combining marks beyond `MAX_MARKS` on one letter.
    """
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        hidden = category in _INVISIBLE or marks > MAX_MARKS
        shown.append(_escape(character) if hidden else character)
    return "".join(shown)


def quoted(text: object) -> str:
    """Return text of foreign origin, made visible, cut to `MAX_QUOTED` and in quotes."""
    shown = visible(str(text))
    if len(shown) > MAX_QUOTED:
        shown = shown[: MAX_QUOTED - 1] + "…"
    return f"'{shown}'"


def quoted_name(path: Path) -> str:
    """Return the name of a file or folder in quotes, also of one that is given as ``.``."""
    return quoted(path.name or path.resolve().name or path)


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Return the known name that a text comes nearest to, as a question; empty if none is near."""
    from difflib import get_close_matches  # start-up: only an error needs it

    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(text.casefold(), by_fold, 1, 0.6)
    return f"Did you mean {quoted(by_fold[near[0]])}?" if near else ""


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class SbrtQaError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    what
        One sentence: what is wrong.
    where
        File, element or structure, free of anything that identifies a patient.
    got, expected
        What was found and what would have been right.
    advice
        What the reader can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        got: str = "",
        expected: str = "",
        advice: str = "",
    ) -> None:
        self.what = what
        self.where = where
        self.got = got
        self.expected = expected
        self.advice = advice
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.got:
            text += f"; got {self.got}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.advice:
            text += f". {self.advice}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by keyword, so that an error survives the way back from a worker process."""
        fields = {"where": self.where, "got": self.got}
        fields |= {"expected": self.expected, "advice": self.advice}
        return (_rebuild, (type(self), self.what, fields))


def _rebuild(kind: type[SbrtQaError], what: str, fields: dict[str, str]) -> SbrtQaError:
    return kind(what, **fields)


class UsageError(SbrtQaError):
    """The request itself cannot be carried out as written."""


class MetricError(UsageError):
    """A metric expression that is not part of the grammar."""


class InputError(SbrtQaError):
    """Something that was given cannot be used."""


class DicomError(InputError):
    """A DICOM file that is missing, broken, or not what it claims to be."""


class GeometryError(InputError):
    """Contours or grids that have no safe interpretation."""


class ProtocolError(InputError):
    """A protocol file that breaks its schema.

    `problems` holds everything that is wrong with it, each with line and path.
    """

    problems: tuple[str, ...] = ()


class AnalysisError(InputError, ValueError):
    """Numbers of an analysis that no estimator can take, such as a negative time."""


class ResultError(SbrtQaError):
    """A stored result that cannot be read back."""


class StoreError(SbrtQaError):
    """The database of an audit that cannot be used, or that refuses what it is given."""


class OwnFault(SbrtQaError):  # noqa: N818 - a fault is no error of the input
    """A failure of this program itself; nothing that it was given is to blame."""


def own_fault(error: BaseException) -> OwnFault:
    """Return an unexpected exception as a fault of this program, with what to send its makers.

    It names the kind of the exception and the line of this package where it arose, and nothing
    that the exception says, because that may hold text from a file. An :class:`OwnFault` is
    returned as it is.
    """
    if isinstance(error, OwnFault):
        return error
    line = _line_of_ours(error.__traceback__)
    return OwnFault(
        f"sbrt_qa failed ({type(error).__name__}{f' at {line}' if line else ''})",
        advice="This is a fault of the program, not of the files. Please send us this line and "
        "what 'sbrt-qa --version' prints; set SBRT_QA_DEBUG=1 for details",
    )


def _line_of_ours(trace: TracebackType | None) -> str:
    """Return file and line of the innermost step of a traceback that lies in this package."""
    package, found = Path(__file__).parent, ""
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(package):
            found = f"{file.relative_to(package).as_posix()}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
