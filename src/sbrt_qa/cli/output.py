"""Where text goes: the terminal, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.reports.registry import Page

FILE_WIDTH = 120
MIN_WIDTH = 72
"""Narrower, and a table would have to cut its numbers."""


def page_for(out: Path | None, language: str = "en") -> Page:
    """Return width and colour of the place that the text goes to, and the language.

    Colour only on a terminal, and not where the environment variable NO_COLOR is set.
    """
    if out is not None or not sys.stdout.isatty():
        return Page(FILE_WIDTH, language=language)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((FILE_WIDTH, 24)).columns
    return Page(max(width, MIN_WIDTH), colour, language=language)


def emit(text: str | bytes, out: Path | None = None) -> None:
    """Write text to a file, or to standard output; a reader that has gone away is no error.

    Raises
    ------
    UsageError
        The place cannot be written, or bytes have no file to go to.
    """
    if out is not None:
        write_whole(out, text)
        return
    if isinstance(text, bytes):
        raise UsageError("this format is a file", advice="Name it: --out FILE.")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still buffered must not raise again when the interpreter closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def emit_rows(
    rows: Iterable[Mapping[str, Any]], name: str, out: Path | None, kinds: Mapping[str, str]
) -> None:
    """Write rows in one of `sbrt_qa.reports.table_of_rows.ROW_FORMATS`.

    Raises
    ------
    UsageError
        The place cannot be written, or openpyxl is needed and not installed.
    """
    from sbrt_qa.reports.table_of_rows import render_rows, workbook_of_rows

    if name == "xlsx":
        emit(workbook_of_rows(rows, kinds), out)
    else:
        emit(render_rows(rows, name, page_for(out), kinds), out)


def tell(message: str) -> None:
    """Write one line to standard error."""
    print(f"sbrt-qa: {message}", file=sys.stderr, flush=True)


def tell_compiling() -> None:
    """Say why the first run takes longer."""
    tell("compiling the kernels, once; later runs take them from the cache")


def tell_compiled(kernels: int) -> None:
    """Say how far the compiling is."""
    tell(f"compiling: {kernels} kernels so far")


def refuse_overwriting(out: Path | None, inputs: Sequence[Path]) -> None:
    """Check that a result cannot replace what it is computed from.

    Raises
    ------
    UsageError
        `out` is an input, lies among the files of an input folder, or cannot be written.
    """
    if out is None:
        return
    target = out.resolve()
    for given in (path.resolve() for path in inputs):
        if target == given or (given.is_dir() and target.is_file() and given in target.parents):
            raise UsageError(
                "the result would overwrite an input file",
                got=quoted(f"--out {out.name}"),
                advice="Give a file outside the input, or a new name.",
            )
    if target.is_dir() or not target.parent.is_dir():
        what = "is a folder" if target.is_dir() else "is in a folder that does not exist"
        raise UsageError(f"--out {what}", got=quoted(out.name), expected="a file to write")


KINDS_OF_FILES: Final = frozenset(
    (
        *("csv", "tsv", "xls", "xlsx", "ods", "parquet"),
        *("doc", "docx", "odt", "rtf", "md", "htm", "html", "pdf"),
        *("json", "xml", "yaml", "yml", "dcm", "zip", "jpg", "png", "svg"),
    )
)
"""Suffixes that promise a kind of file."""

_OF_NO_KIND: Final = ("", "txt", "text", "log")
"""Suffixes that any text may have."""

_OTHER_SUFFIXES: Final = {"yml": "yaml", "htm": "html"}
_PLAIN_TEXT: Final = {"table": "a table as plain text (.txt)"}


def refuse_wrong_suffix(
    out: Path | None, name: str, offered: Sequence[str], *, asked: bool | None = None
) -> None:
    """Check that a file's name promises nothing else than the format that is written.

    A name that promises a kind of file must keep it. One that says nothing to this program, such as
    ``x.foo``, is taken where --format says what to write, and refused where nothing does.

    Parameters
    ----------
    name
        The format that will be written, such as ``csv`` or ``pdf_dcm``.
    offered
        Formats that the command can write.
    asked
        Whether --format was given; None for a command without that option.

    Raises
    ------
    UsageError
        The suffix promises another kind of file, or is not known.
    """
    if out is None:
        return
    suffix = out.suffix.lower().removeprefix(".")
    if suffix in _OF_NO_KIND or _OTHER_SUFFIXES.get(suffix, suffix) == name.rpartition("_")[2]:
        return
    expected = f"one of {', '.join(_PLAIN_TEXT.get(one, one) for one in offered)}"
    if suffix in KINDS_OF_FILES:
        raise UsageError(
            "the file's suffix names a format that is not written here",
            got=quoted(out.name),
            expected=expected,
            advice=f"What would be written is {_PLAIN_TEXT.get(name, name)}",
        )
    if not asked:
        other = "" if asked is None else ", or say what is written with --format"
        raise UsageError(
            "the file's suffix says no format that is known here",
            got=quoted(out.name),
            expected=expected,
            advice=f"Give the file a suffix that is known{other}",
        )


def unless_standard_output(out: Path | None) -> Path | None:
    """Return None for ``--out -``, which means the terminal or a pipe; a callback of that option.

    Without it a file called ``-`` would lie in the folder, and the pipe would stay empty.
    """
    return None if out == Path("-") else out


class Unstated(str):
    """A format that nobody asked for: the suffix of --out may name another one."""

    __slots__ = ()


def unless_stated(context: typer.Context, value: str) -> str:
    """Mark the usual format where --format was not given; a callback of that option."""
    source = context.get_parameter_source("output_format")
    return Unstated(value) if source is None or source.name == "DEFAULT" else value


def row_format(name: str, out: Path | None, offered: Sequence[str]) -> str:
    """Return the format of a command whose formats are `offered`, the first being the usual one.

    As everywhere: what --format says; without it what the suffix of --out says; else the usual.

    Raises
    ------
    UsageError
        There is no such format, it contradicts the suffix, or a workbook has no file to go to.
    """
    if name not in offered:
        raise UsageError("unknown --format", got=quoted(name), expected=", ".join(offered))
    suffix = "" if out is None else out.suffix.lower().removeprefix(".")
    meant = _OTHER_SUFFIXES.get(suffix, suffix)
    if meant in offered and isinstance(name, Unstated):
        return meant
    refuse_wrong_suffix(out, name, offered, asked=not isinstance(name, Unstated))
    if name == "xlsx" and out is None:
        raise UsageError("a workbook is a file", advice="Name it: --out FILE.xlsx.")
    return name


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file by renaming a complete one into place; text in UTF-8.

    A link keeps its place: what it points to is written. A device or a pipe is written into.

    Raises
    ------
    UsageError
        The place cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
        else:
            _rename_into_place(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise UsageError(
            "the result cannot be written",
            where=quoted(path.name),
            got=visible(error.strerror or ""),
        ) from error


def _rename_into_place(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
