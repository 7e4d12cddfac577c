"""Which form the data of a trial are in, and their tables of texts, whatever it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.errors import InputError, UsageError, quoted, visible
from sbrt_qa.trial.assemble import MOST_BYTES, TextTable
from sbrt_qa.trial.readers.analysis_check import NAMES, analysis_problems
from sbrt_qa.trial.readers.csv_tables import read_csv_rows
from sbrt_qa.trial.readers.excel_tables import read_excel
from sbrt_qa.trial.readers.mapping import NO_MAPPING, mapped, read_mapping_file
from sbrt_qa.trial.readers.odm_tables import read_odm
from sbrt_qa.trial.readers.redcap_tables import is_redcap, read_redcap
from sbrt_qa.trial.readers.sas_tables import read_sas_texts
from sbrt_qa.trial.readers.source_table import SourceTable

SUFFIXES: Final = (".csv", ".xml", ".xlsx", ".xpt")


@dataclass(frozen=True, slots=True)
class DataFiles:
    """Tables of texts as they came.

    Parameters
    ----------
    form
        ``csv``, ``redcap``, ``odm``, ``xlsx`` or ``xpt``.
    files
        SHA-256 by file name.
    mapping_sha256
        Of the mapping file; empty without one.
    """

    form: str
    tables: tuple[TextTable, ...]
    files: Mapping[str, str]
    mapping_sha256: str = ""


def read_data(place: Path, mapping: Path | None = None) -> DataFiles:
    """Read the data of a trial from a folder of files, or one file.

    Raises
    ------
    UsageError
        There is nothing of a form that is known, or files of several forms.
    InputError
        A file or the mapping cannot be read.
    """
    form, sources, files = read_sources(place)
    rules, digest = NO_MAPPING, ""
    if mapping is not None:
        content = content_of(mapping)
        rules = read_mapping_file(content, mapping.name)
        digest = hashlib.sha256(content).hexdigest()
    told = analysis_problems(sources)
    kept = tuple(one for one in sources if one.name not in NAMES)
    tables = mapped(kept, rules)
    if told:
        tables += (TextTable("", "", (), (), "", told),)
    return DataFiles(form, tables, files, digest)


def read_sources(place: Path) -> tuple[str, tuple[SourceTable, ...], dict[str, str]]:
    """Return the form of data, its tables as they came, and the hashes of its files.

    Raises
    ------
    UsageError, InputError
        As :func:`read_data`.
    """
    if not place.exists():
        raise UsageError("there is no such file or folder", got=quoted(place.name))
    listed = sorted(place.iterdir()) if place.is_dir() else [place]
    paths = [path for path in listed if path.suffix.lower() in SUFFIXES]
    contents = {path.name: content_of(path) for path in paths}
    forms = {name: _form(name, content) for name, content in contents.items()}
    if len(set(forms.values())) != 1:
        what = "files of several forms" if forms else "no data of a trial there"
        raise UsageError(
            what,
            got=quoted(place.name),
            expected="a folder of canonical CSV or XPT files, or a CSV, ODM-XML or Excel file",
        )
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    tables = [
        one for name, content in contents.items() for one in _read(forms[name], content, name)
    ]
    return next(iter(forms.values())), tuple(tables), hashes


def _form(name: str, content: bytes) -> str:
    suffix = Path(name).suffix.lower()
    if suffix != ".csv":
        return {".xml": "odm", ".xlsx": "xlsx", ".xpt": "xpt"}[suffix]
    header = content[:20_000].partition(b"\n")[0].decode("utf-8-sig", "replace")
    return "redcap" if is_redcap(header) else "csv"


def _read(form: str, content: bytes, name: str) -> tuple[SourceTable, ...]:
    if form == "redcap":
        return read_redcap(content, name)
    if form == "odm":
        return read_odm(content, name)
    if form == "xlsx":
        return read_excel(content, name)
    table = Path(name).stem.lower()
    if form == "xpt":
        columns, rows = read_sas_texts(content, name)
        return (SourceTable(table, visible(name), columns, rows),)
    columns, rows, problems = read_csv_rows(content, name)
    return (SourceTable(table, visible(name), columns, rows, problems),)


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
