"""Whose a submission is: from folder names, a manifest, or the tags of a clinical trial.

Folders are ``SITE/SUBJECT/VERSION``, ``SITE/SUBJECT`` or ``SUBJECT``, where a version is ``v2`` or
``submission 2`` (in the third place a plain number will do, and the end of a subject's name,
``017_v2``, too). For anything else there is a manifest, a CSV file with the columns ``path``,
``site``, ``subject`` and, if wanted, ``version``, ``received``, ``site_name``, and what the office
states of the plan, see `sbrt_qa.audit.office_words`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sbrt_qa.audit.office_words import NO_WORDS, OfficeWords, column_name, read_words
from sbrt_qa.errors import UsageError, quoted

UNKNOWN_SITE: Final = "UNKNOWN"
MAX_VERSION: Final = 9999
LONGEST_NAME: Final = 200
"""Characters of the name of a site."""

_VERSION: Final = re.compile(r"(?:v|version|submission|resubmission)[ _.-]?0*(\d{1,4})", re.I)
_WORD: Final = re.compile(
    r"(?:re-?submi(?:ssion|tted)|submission|version|first|second|third|initial|original|final|"
    r"corrected|correction|revised|revision|new|old)",
    re.I,
)
"""Names of versions without a number, in the third place only."""

_ARCHIVE: Final = re.compile(r"\.(?:zip|tar|tar\.gz|tgz)$", re.I)
_END: Final = re.compile(r"(.+?)[ _.-]" + _VERSION.pattern, re.I)
_NUMBER: Final = re.compile(r"0*(\d{1,4})")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")
_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-_./]?[01]\d[-_./]?[0-3]\d(?!\d)"
    r"|(?<![\d.])[0-3]?\d([-_./])[0-3]?\d\1(?:19|20)\d{2}(?![\d.])"
)
"""Year first, with or without signs between; or year last, then with signs."""

_RECEIVED: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a submission's place says of it; None where it says nothing.

    ``weak`` names give way to the tags of the files: a lone folder may be called anything. `words`
    is what the trial office states of the plans, in a manifest only.
    """

    site: str | None = None
    subject: str | None = None
    version: int | None = None
    received: str = ""
    weak: bool = False
    site_name: str = ""
    words: OfficeWords = NO_WORDS


def naming(parts: Sequence[str]) -> Naming:
    """Return what the names of the folders down to a submission say."""
    names = [_ARCHIVE.sub("", part).strip() for part in parts]
    if not names:
        return Naming(weak=True)
    if len(names) >= 3:
        version = _version_of(names[2]) or _whole_number(names[2])
        return Naming(names[0], names[1], version)
    if len(names) == 2 and (version := _version_of(names[1])) is not None:
        return Naming(None, names[0], version)
    subject, version = _subject_and_version(names[-1])
    if len(names) == 2:
        return Naming(names[0], subject, version)
    return Naming(None, subject, version, weak=True)


def is_version(name: str) -> bool:
    """Tell whether a folder is named like a version, ``v2``."""
    return _version_of(name) is not None


def is_version_word(name: str) -> bool:
    """Tell whether a folder of a subject is named like a version, with a number or without."""
    return is_version(name) or bool(_NUMBER.fullmatch(name) or _WORD.fullmatch(name))


def _version_of(name: str) -> int | None:
    found = _VERSION.fullmatch(name)
    return int(found[1]) or None if found else None


def _whole_number(name: str) -> int | None:
    found = _NUMBER.fullmatch(name)
    return int(found[1]) or None if found else None


def _subject_and_version(name: str) -> tuple[str, int | None]:
    found = _END.fullmatch(name)
    return (found[1], int(found[2]) or None) if found else (name, None)


def is_code(name: str) -> bool:
    """Tell whether a name can be a code of the trial: short, plain, and with no date in it."""
    return bool(_CODE.fullmatch(name)) and not has_date(name)


def has_date(text: str) -> bool:
    """Tell whether a text may hold a date of birth: ``19630812``, ``1963-08-12``, ``12.8.1963``."""
    return bool(_DATE.search(text))


# --- the manifest -----------------------------------------------------------------------------


def read_manifest(text: str) -> dict[str, Naming]:
    """Read a manifest: what each path, as written in it, is.

    Raises
    ------
    UsageError
        Columns are missing, a value is no code, version or date, or a path stands there twice.
    """
    rows = csv.DictReader(text.splitlines())
    columns = {column_name(name): name for name in rows.fieldnames or []}
    if missing := [name for name in ("path", "site", "subject") if name not in columns]:
        raise UsageError(
            "the manifest lacks columns",
            got=quoted(", ".join(rows.fieldnames or [])),
            expected=f"also {', '.join(missing)}",
        )
    found: dict[str, Naming] = {}
    for number, row in enumerate(rows, 2):
        values = {name: (row[column] or "").strip() for name, column in columns.items()}
        path = values["path"].replace("\\", "/").strip("/")
        if not path or path in found:
            what = "stands there twice" if path else "is empty"
            raise UsageError(f"a path of the manifest {what}", where=f"line {number}")
        found[path] = _manifest_row(values, f"line {number} of the manifest")
    return found


def _manifest_row(values: dict[str, str], where: str) -> Naming:
    for name in ("site", "subject"):
        if not is_code(values[name]):
            raise UsageError(
                f"the {name} is no code", where=where, expected="letters, digits and . _ + -"
            )
    version, received = values.get("version", ""), values.get("received", "")
    if version and not (
        version.isascii() and version.isdigit() and 0 < int(version) <= MAX_VERSION
    ):
        raise UsageError("not a version", where=where, got=quoted(version), expected="1, 2, ...")
    if received and not _RECEIVED.fullmatch(received):
        raise UsageError("not a date", where=where, got=quoted(received), expected="YYYY-MM-DD")
    number = int(version) if version else None
    name = values.get("site_name", "")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError("not the name of a site", where=where, got=quoted(name))
    words = read_words(values, where)
    return Naming(values["site"], values["subject"], number, received, site_name=name, words=words)


# --- one name for a submission ------------------------------------------------------------------


def settle(place: Naming, tags: Naming) -> tuple[Naming, bool]:
    """Return whose a submission is, and whether place and tags agree on the subject.

    Parameters
    ----------
    place
        What folders or manifest say.
    tags
        Site and subject of the clinical trial, as in the files; None where they say nothing.
    """
    subject = tags.subject or place.subject if place.weak else place.subject or tags.subject
    site = place.site or tags.site or UNKNOWN_SITE
    agree = (
        place.weak
        or not (place.subject and tags.subject)
        or place.subject.casefold() == tags.subject.casefold()
    )
    return replace(place, site=site, subject=subject), agree
