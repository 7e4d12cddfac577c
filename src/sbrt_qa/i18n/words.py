"""Sentences of a report in the reader's language.

English is the source: every sentence written in the `reports` room passes through a :class:`Words`,
and ``locale/LANGUAGE.po`` holds its translation. Sentences that other rooms wrote (reasons,
findings, notes) arrive as a :class:`~sbrt_qa.i18n.phrase.Phrase`, which knows its sentence in the
catalogue and its values. Numbers, units and names are values and pass unchanged.

A sentence that nobody has translated yet is shown in English, with `MARK` behind it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from gettext import c2py
from pathlib import Path
from typing import Final

from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import Phrase, filled, msg

FOLDER: Final = Path(__file__).parent / "locale"

__all__ = ["FOLDER", "MARK", "SOURCE", "Words", "languages", "msg"]

SOURCE: Final = "en"
"""Language of the sentences in the code."""

MARK: Final = " [en]"
"""Stands behind a sentence that is shown in English because it has no translation yet."""


def languages() -> tuple[str, ...]:
    """Return the languages that reports can be written in, English first."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


def refuse_unknown(language: str) -> None:
    """Check that there is a language.

    Raises
    ------
    UsageError
        There is none of this code.
    """
    if language not in languages():
        raise UsageError("no such language", got=quoted(language), expected=", ".join(languages()))


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
        refuse_unknown(language)
        self.language = language
        self._catalogue = _read(language)

    def __call__(self, text: str, **values: object) -> str:
        """Return a sentence of this room, its fields ``{name}`` filled in; or a phrase."""
        if isinstance(text, Phrase):
            return self.value(text)
        found = self._translated(text, least=1)
        if not values:
            return found
        return _closed_up(found, {k: str(v) for k, v in values.items()}).format(**values)

    def run(self, *sentences: str) -> str:
        """Return finished sentences one behind the other; Chinese ones without a blank between."""
        return ("" if self.language == "zh" else " ").join(text for text in sentences if text)

    @property
    def colon(self) -> str:
        """What stands between a label and its value."""
        return "：" if self.language == "zh" else ": "

    @property
    def comma(self) -> str:
        """What stands between the members of a list."""
        return "，" if self.language == "zh" else ", "

    @property
    def blank(self) -> str:
        """What stands behind a sign that ends a label, such as its colon: nothing in Chinese."""
        return "" if self.language == "zh" else " "

    def whole(self, text: str) -> str:
        """Return a note as a sentence that may follow another: a capital first, a stop at the end.

        A first word that is not in small letters throughout (``eviQ``) is a name and stays.
        """
        first = text.partition(" ")[0].rstrip(",:;").replace("-", "")
        if first.isalpha() and first.islower():
            text = text[0].upper() + text[1:]
        return text if not text or text[-1] in ".。!?！？…" else text + self(msg("."))

    def sentence(self, text: str) -> str:
        """Return a finished sentence of another room, visible; plain text is looked up whole."""
        if isinstance(text, Phrase):
            return self.value(text)
        shown = visible(text)
        return self._catalogue.form(shown) or shown

    def value(self, text: str) -> str:
        """Return what may be a phrase, or a name that is the same in every language, visible."""
        if not isinstance(text, Phrase):
            return visible(text)
        values = tuple(self.value(value) for value in text.values)
        number = text.values[0] if text.values else ""
        found = self._translated(text.template, number, least=1 if text.values else 2)
        return filled(_closed_up(found, {str(i): v for i, v in enumerate(values)}), values)

    def _translated(self, template: str, number: str = "", *, least: int) -> str:
        """Return a template of this language; the English one, marked, where there is none.

        What has fewer than `least` words is a code or a unit and gets no mark.
        """
        found = self._catalogue.form(template, number)
        if found or self.language == SOURCE:
            return found or template
        is_english = len(_WORD.findall(template)) >= least and not re.search(_WIDE, template)
        return template + MARK if is_english else template


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """The translations of one language: its forms by the English sentence, for one and several."""

    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    which: Callable[[int], int] = int
    """Tells which of the forms a number has."""

    def form(self, template: str, number: str = "") -> str:
        """Return the translation; empty without one."""
        forms = self.forms.get(template, ("",))
        if len(forms) == 1:
            return forms[0]
        return forms[self.which(int(number)) if number.isdecimal() else -1]


_WORD: Final = re.compile(r"(?<![{\w])[a-z]{3,}")
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
def _read(language: str) -> _Catalogue:
    if language == SOURCE:
        return _Catalogue()
    from babel.messages.pofile import read_po  # start-up: English needs no catalogue

    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, ignore_obsolete=True)
    forms: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        ids, texts = (
            part if isinstance(part, tuple | list) else (part,)
            for part in (message.id, message.string)
        )
        if message.id and all(texts) and not message.fuzzy:
            forms.update(dict.fromkeys(map(str, ids), tuple(map(str, texts))))
    return _Catalogue(forms, c2py(catalogue.plural_expr))
