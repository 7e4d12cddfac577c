"""Report formats: a file ``as_NAME.py`` of this folder is the format NAME, with no list to keep.

Such a file offers ``render_reviews(reviews, page)``, ``render_dvh(table, page)`` or both, each
returning the text. It is imported when its format is asked for, so one format never pays for
another.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.review.comparison import CaseComparison
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.review.result import CaseReview

_PREFIX = "as_"


@dataclass(frozen=True, slots=True)
class Page:
    """What the text is written on: columns, and whether colour is understood there."""

    width: int = 120
    colour: bool = False


def format_names() -> tuple[str, ...]:
    """Return the names of all formats, sorted."""
    folder = [str(Path(__file__).parent)]
    names = (m.name for m in pkgutil.iter_modules(folder) if m.name.startswith(_PREFIX))
    return tuple(sorted(name.removeprefix(_PREFIX) for name in names))


def render_reviews(name: str, reviews: Sequence[CaseReview], page: Page) -> str:
    """Render reviews in the format `name`.

    Raises
    ------
    UsageError
        There is no such format, or it cannot show reviews.
    """
    return str(_renderer(name, "render_reviews")(reviews, page))


def render_dvh(name: str, table: DvhTable, page: Page) -> str:
    """Render a DVH table in the format `name`.

    Raises
    ------
    UsageError
        There is no such format, or it cannot show a DVH table.
    """
    return str(_renderer(name, "render_dvh")(table, page))


def render_comparison(name: str, comparison: CaseComparison, page: Page) -> str:
    """Render two versions side by side in the format `name`.

    Raises
    ------
    UsageError
        There is no such format, or it cannot show a comparison.
    """
    return str(_renderer(name, "render_comparison", f"comparison_{name}")(comparison, page))


def _renderer(name: str, function: str, module_name: str = "") -> Callable[..., Any]:
    if name not in format_names():
        raise UsageError("unknown format", got=quoted(name), expected=", ".join(format_names()))
    try:
        module = importlib.import_module(f"{__package__}.{module_name or _PREFIX + name}")
        found: Callable[..., Any] = getattr(module, function)
    except (AttributeError, ModuleNotFoundError):
        raise UsageError("this format cannot show that result", got=quoted(name)) from None
    return found
