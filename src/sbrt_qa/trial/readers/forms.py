"""Which form the data of a trial are in, and their tables of texts, whatever it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sbrt_qa.errors import InputError, UsageError, quoted, visible
from sbrt_qa.trial.assemble import MOST_BYTES, TextTable
from sbrt_qa.trial.readers.csv_tables import read_canonical_csv


@dataclass(frozen=True, slots=True)
class DataFiles:
    """Tables of texts as they came.

    Parameters
    ----------
    form
        ``csv``, ``redcap``, ``odm``, ``xlsx`` or ``xpt``.
    files
        SHA-256 by file name.
    """

    form: str
    tables: tuple[TextTable, ...]
    files: Mapping[str, str]


def read_data(place: Path, mapping: Path | None = None) -> DataFiles:
    """Read the data of a trial from a folder of files, or one file.

    Raises
    ------
    UsageError
        There is nothing of a form that is known.
    InputError
        A file cannot be read.
    """
    if mapping is not None:
        raise UsageError("canonical CSV files take no mapping", got=quoted(mapping.name))
    if not place.exists():
        raise UsageError("there is no such file or folder", got=quoted(place.name))
    paths = sorted(place.iterdir()) if place.is_dir() else [place]
    contents = {path.name: content_of(path) for path in paths if path.suffix.lower() == ".csv"}
    if not contents:
        expected = "a folder of canonical CSV files, or one file"
        raise UsageError("no data of a trial there", got=quoted(place.name), expected=expected)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    tables = tuple(
        read_canonical_csv(content, name, Path(name).stem) for name, content in contents.items()
    )
    return DataFiles("csv", tables, hashes)


def content_of(path: Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    InputError
        It cannot be read, or is too large.
    """
    if path.is_symlink() or not path.is_file():
        raise InputError("no regular file", where=visible(path.name))
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=visible(path.name), got=str(error.strerror)
        ) from error
    if len(content) > MOST_BYTES:
        raise InputError(
            "the file is too large", where=visible(path.name), expected=f"<= {MOST_BYTES} bytes"
        )
    return content
