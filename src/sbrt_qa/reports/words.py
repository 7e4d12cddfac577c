"""Sentences of a report in the reader's language.

English is the source: every sentence written in the `reports` room passes through a :class:`Words`,
and ``locale/LANGUAGE.po`` holds its translation. Sentences that other rooms wrote (reasons,
findings, notes) arrive finished; they are recognised by the catalogue's templates and put into
words again. Numbers, units and names are values and pass unchanged.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

from sbrt_qa.errors import UsageError, quoted

FOLDER: Final = Path(__file__).parent / "locale"

SOURCE: Final = "en"
"""Language of the sentences in the code."""

MOST_DEPTH: Final = 3
"""How deep a sentence within a sentence is looked for."""

_FIELD: Final = re.compile(r"\{(\w+)\}")


def msg(text: str) -> str:
    """Mark a constant as a sentence of the catalogue; it is translated where it is used."""
    return text


def languages() -> tuple[str, ...]:
    """Return the languages that reports can be written in, English first."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with fields: texts around the fields, the fields' names, the translation."""

    texts: tuple[str, ...]
    fields: tuple[str, ...]
    translation: str

    def match(self, text: str) -> dict[str, str] | None:
        """Return the values of the fields when `text` is this sentence. Takes linear time."""
        first, *rest = self.texts
        if not text.startswith(first):
            return None
        place, values = len(first), {}
        for i, (name, after) in enumerate(zip(self.fields, rest, strict=True)):
            last = i == len(rest) - 1
            end = len(text) - len(after) if last else text.find(after, place + 1)
            if end <= place or not text.endswith(after if last else ""):
                return None
            values[name] = text[place:end]
            place = end + len(after)
        return values


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
        self._templates = _templates(language)

    def __call__(self, text: str, **values: object) -> str:
        """Return a sentence of this room, its fields ``{name}`` filled in."""
        found = self._catalogue.get(text, text)
        return found.format(**values) if values else found

    def sentence(self, text: str) -> str:
        """Return a finished sentence of another room; one that is not known stays as it is."""
        return text if self.language == SOURCE else self._translated(text, MOST_DEPTH)

    def _translated(self, text: str, depth: int) -> str:
        found = None if depth < 0 else self._known(text, depth)
        if found is not None or depth <= 0:
            return text if found is None else found
        for sign, joint in (("; ", "；"), (". ", "。")):
            parts = text.split(sign)
            if len(parts) > 1:
                return joint.join(self._translated(part, depth - 1) for part in parts)
        return text

    def _known(self, text: str, depth: int) -> str | None:
        bare = text.rstrip(".")
        for form in (text, bare):
            if form in self._catalogue:
                return self._catalogue[form]
        for template in self._templates:
            values = template.match(text) or template.match(bare)
            if values is not None:
                inner = {k: self._translated(v, depth - 1) for k, v in values.items()}
                return _filled(template.translation, inner)
        return None


def _filled(text: str, values: dict[str, str]) -> str:
    return _FIELD.sub(lambda field: values[field[1]], text)


@functools.cache
def _read(language: str) -> dict[str, str]:
    if language == SOURCE:
        return {}
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, ignore_obsolete=True)
    return {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy}


@functools.cache
def _templates(language: str) -> tuple[_Template, ...]:
    """Return the sentences with fields, those with most text of their own first."""
    found = sorted(_all_templates(language), key=lambda t: -sum(map(len, t.texts)))
    return tuple(found)


def _all_templates(language: str) -> Iterator[_Template]:
    for text, translation in _read(language).items():
        pieces = _FIELD.split(text)
        if len(pieces) > 1 and any(piece.strip() for piece in pieces[::2]):
            yield _Template(tuple(pieces[::2]), tuple(pieces[1::2]), translation)
