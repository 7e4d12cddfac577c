"""What sites are called: from the manifest, or from a file `sites.csv`.

The file has the columns ``site`` and ``name``, in UTF-8; names may be in any script. It is the one
that is asked for, else `sites.csv` in the audit's folder, else in a folder of submissions. A column
``site_name`` of the manifest does the same.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.audit.layout import Naming
    from sbrt_qa.audit.request import Request
    from sbrt_qa.audit.store.connection import Database

FILE: Final = "sites.csv"
LONGEST: Final = 200
MAX_BYTES: Final = 1_000_000


def name_sites(
    engine: Database,
    request: Request,
    audit: Path,
    manifest: Mapping[str, Naming] | None,
) -> tuple[str, ...]:
    """Record what sites are called, as far as that is new; return their codes.

    Raises
    ------
    UsageError
        The file cannot be read, or is wrong.
    """
    from sbrt_qa.audit.store.sites import name_sites as record

    names = {one.site: one.site_name for one in (manifest or {}).values() if one.site}
    names |= sites_file(request.sites, audit, request.submissions)
    return record(engine, names, now(), request.by) if names else ()


def sites_file(asked: Path | None, audit: Path, roots: tuple[Path, ...]) -> dict[str, str]:
    """Read what sites are called, by code; nothing where there is no such file.

    Raises
    ------
    UsageError
        The file cannot be read, or is wrong.
    """
    places = [audit / FILE, *(root / FILE for root in roots)]
    path = asked or next((one for one in places if one.is_file()), None)
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_sites(file.read(MAX_BYTES))
    except (OSError, UnicodeDecodeError) as error:
        where, expected = quoted(path.name), "a CSV file in UTF-8"
        raise UsageError("the sites cannot be read", where=where, expected=expected) from error


def read_sites(text: str) -> dict[str, str]:
    """Read a table of sites.

    Raises
    ------
    UsageError
        Columns are missing, a site stands there twice, or a name is none.
    """
    rows = csv.DictReader(text.splitlines())
    columns = {name.strip().casefold(): name for name in rows.fieldnames or []}
    if not {"site", "name"} <= set(columns):
        got = quoted(", ".join(rows.fieldnames or []))
        raise UsageError("the table of sites lacks columns", got=got, expected="site, name")
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        code, name = ((row[columns[key]] or "").strip() for key in ("site", "name"))
        where = f"line {number} of the table of sites"
        if not code or code in found:
            raise UsageError("a site has no code, or is listed twice", where=where)
        found[code] = checked_name(name, where)
    return found


def checked_name(name: str, where: str) -> str:
    """Return the name of a site.

    Raises
    ------
    UsageError
        It is empty, too long, or holds characters that are not shown.
    """
    if not name or len(name) > LONGEST or not name.isprintable():
        expected = f"a line of at most {LONGEST} characters"
        raise UsageError("not the name of a site", where=where, got=quoted(name), expected=expected)
    return name
