"""How values are shown in a notebook, and handed to a library of tables.

What draws them lies far above; it is asked for by name when a notebook shows a value, so that a
case or a review can be made and kept without it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sbrt_qa.errors import UsageError

PICTURES: Final = "sbrt_qa.scripting.notebook_pictures"
"""The module whose ``html_of`` draws."""

LIBRARIES: Final = ("pandas", "polars")
"""Libraries of tables, the first that is installed is taken."""


def html_of(value: object) -> str:
    """Return a value as HTML for a notebook, with a picture; all text is escaped."""
    return str(importlib.import_module(PICTURES).html_of(value))


def frame_of(rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - of a library that may not be there
    """Return rows of one kind as a table of pandas, else of polars.

    Raises
    ------
    UsageError
        Neither library is installed.
    """
    for name in LIBRARIES:
        try:
            library = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        columns = {key: [row[key] for row in rows] for key in (rows[0] if rows else {})}
        return library.DataFrame(columns)
    raise UsageError(
        "no library of tables is installed",
        expected=" or ".join(LIBRARIES),
        advice="pip install pandas, or take .rows()",
    )
