"""Report formats: a file ``as_NAME.py`` of this folder is the format NAME, with no list to keep.

Such a file offers ``render_reviews(reviews, page)`` and ``render_dvh(table, page)``, each returning
text for a terminal or a file, or ``render_report(reviewed, language)``, which returns the bytes of
a document about one case, pictures included. It is imported when its format is asked for, so one
format never pays for another.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa import plugins
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.review.submission import Occasion

_PREFIX = "as_"


@dataclass(frozen=True, slots=True)
class Page:
    """What the text is written on: columns, and whether colour is understood there.

    With `all_checks`, formats that are brief on plan checks without a finding list them all.
    `occasion` is what is known of the submission and of the report itself; `language` is that of
    sentences in formats for people, and data for scripts stay as they are.
    """

    width: int = 120
    colour: bool = False
    all_checks: bool = False
    occasion: Occasion | None = None
    language: str = "en"


ADDED: Final[dict[str, ModuleType]] = {}
"""Formats that were added at run time, by name."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

Render = Callable[[Sequence["CaseReview"], Page], str]


def add_format(name: str) -> Callable[[Render], Render]:
    """Register the decorated function, which renders reviews as text, as a format.

    Raises
    ------
    ValueError
        The name is taken, or is no word in small letters.
    """

    def register(render: Render) -> Render:
        if name in format_names():
            msg = f"there are two formats called {name}"
            raise ValueError(msg)
        if not _NAME.fullmatch(name):
            msg = f"{name!r} is no name of a format"
            raise ValueError(msg)
        ADDED[name] = ModuleType(f"format {name}", render.__doc__)
        ADDED[name].render_reviews = render  # type: ignore[attr-defined]
        return render

    return register


def format_names() -> tuple[str, ...]:
    """Return the names of all formats, sorted."""
    plugins.load()
    return tuple(sorted({*own_format_names(), *ADDED}))


def own_format_names() -> tuple[str, ...]:
    """Return the names of the formats of this package; extensions may add others."""
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


def render_dvh(name: str, table: DvhTable, page: Page) -> str | bytes:
    """Render a DVH table in the format `name`: text, or the content of a file.

    Raises
    ------
    UsageError
        There is no such format, or it cannot show a DVH table.
    """
    rendered: str | bytes = _renderer(name, "render_dvh")(table, page)
    return rendered


def render_comparison(name: str, comparison: CaseComparison, page: Page) -> str | bytes:
    """Render two versions side by side in the format `name`: text, or the content of a file.

    Raises
    ------
    UsageError
        There is no such format, or it cannot show a comparison.
    """
    render = _renderer(name, "render_comparison", f"comparison_{name}")
    rendered: str | bytes = render(comparison, page)
    return rendered


def formats_offering(function: str) -> tuple[str, ...]:
    """Return the formats that have a function such as ``render_dvh``."""
    return tuple(name for name in format_names() if offers(name, function))


def offers(name: str, function: str) -> bool:
    """Tell whether a format has a function such as ``render_dvh``; only its file is looked at."""
    if name in ADDED:
        return hasattr(ADDED[name], function)
    source = (Path(__file__).parent / f"{_PREFIX}{name}.py").read_text(encoding="utf-8")
    return f"def {function}(" in source


def comparison_formats() -> tuple[str, ...]:
    """Return the formats that two versions side by side can be shown in."""
    folder = Path(__file__).parent
    return tuple(n for n in own_format_names() if (folder / f"comparison_{n}.py").is_file())


def is_document(name: str) -> bool:
    """Tell whether a format makes a document about one case, for which it needs the evidence.

    Raises
    ------
    UsageError
        There is no such format.
    """
    return hasattr(_module(name), "render_report")


def format_of(path: Path) -> str:
    """Return the format that the suffixes of a file name, empty when they name none.

    ``review.pdf.dcm`` is `pdf_dcm`, ``review.dcm`` is `dcm`.
    """
    suffixes = [suffix.removeprefix(".").lower() for suffix in path.suffixes[-2:]]
    named = ("_".join(suffixes), suffixes[-1] if suffixes else "")
    return next((name for name in named if name in format_names()), "")


def render_report(name: str, reviewed: Reviewed, language: str) -> bytes:
    """Render one case as the content of a file.

    Raises
    ------
    UsageError
        There is no such format or language, or the format cannot show a review.
    """
    if is_document(name):
        return bytes(_renderer(name, "render_report")(reviewed, language))
    page = Page(occasion=reviewed.occasion)
    return render_reviews(name, [reviewed.review], page).encode()


def _module(name: str, module_name: str = "") -> ModuleType:
    if name not in format_names():
        raise UsageError("unknown format", got=quoted(name), expected=", ".join(format_names()))
    if name in ADDED:
        return ADDED[name]
    return importlib.import_module(f"{__package__}.{module_name or _PREFIX + name}")


def _renderer(name: str, function: str, module_name: str = "") -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = getattr(_module(name, module_name), function)
    except (AttributeError, ModuleNotFoundError):
        raise UsageError("this format cannot show that result", got=quoted(name)) from None
    return found
