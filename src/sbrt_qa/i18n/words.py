"""Sentences of a report in the reader's language.

English is the source: every sentence written in the `reports` room passes through a :class:`Words`,
and ``locale/LANGUAGE.po`` holds its translation. Sentences that other rooms wrote (reasons,
findings, notes) arrive as a :class:`~sbrt_qa.i18n.phrase.Phrase`, which knows its sentence in the
catalogue and its values. Numbers, units and names are values and pass unchanged.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import Phrase, filled, msg

FOLDER: Final = Path(__file__).parent / "locale"

__all__ = ["FOLDER", "SOURCE", "Words", "languages", "msg"]

SOURCE: Final = "en"
"""Language of the sentences in the code."""


def languages() -> tuple[str, ...]:
    """Return the languages that reports can be written in, English first."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


class Words:
    """The sentences of one language.

    Parameters
    ----------
    language
        One of :func:`languages`.

    Raises
    ------
    UsageError
        There is no such language.
    """

    def __init__(self, language: str = SOURCE) -> None:
        if language not in languages():
            raise UsageError(
                "no such language", got=quoted(language), expected=", ".join(languages())
            )
        self.language = language
        self._catalogue = _read(language)

    def __call__(self, text: str, **values: object) -> str:
        """Return a sentence of this room, its fields ``{name}`` filled in."""
        found = self._catalogue.get(text, text)
        if not values:
            return found
        return _closed_up(found, {k: str(v) for k, v in values.items()}).format(**values)

    def sentence(self, text: str) -> str:
        """Return a finished sentence of another room, visible; plain text is looked up whole."""
        if isinstance(text, Phrase):
            return self.value(text)
        shown = visible(text)
        return self._catalogue.get(shown, shown)

    def value(self, text: str) -> str:
        """Return what may be a phrase, or a name that is the same in every language, visible."""
        if not isinstance(text, Phrase):
            return visible(text)
        values = tuple(self.value(value) for value in text.values)
        found = self._catalogue.get(text.template, text.template)
        return filled(_closed_up(found, {str(i): v for i, v in enumerate(values)}), values)


_WIDE: Final = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_AFTER_BLANK: Final = re.compile(rf"(?<={_WIDE}) \{{(\w+)\}}")
_BEFORE_BLANK: Final = re.compile(rf"\{{(\w+)\}} (?={_WIDE})")


def _closed_up(text: str, values: Mapping[str, str]) -> str:
    """Return a sentence without blanks around fields whose values are Chinese as it is."""

    def is_wide(name: str, place: int) -> bool:
        value = values.get(name, "")
        return bool(value) and re.match(_WIDE, value[place]) is not None

    text = _AFTER_BLANK.sub(lambda f: f[0].lstrip() if is_wide(f[1], 0) else f[0], text)
    return _BEFORE_BLANK.sub(lambda f: f[0].rstrip() if is_wide(f[1], -1) else f[0], text)


@functools.cache
def _read(language: str) -> dict[str, str]:
    if language == SOURCE:
        return {}
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, ignore_obsolete=True)
    return {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy}
