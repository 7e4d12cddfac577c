"""Sentences that can be put into another language: what is said, and of what.

A :class:`Phrase` is the finished English sentence, and remembers the sentence of the catalogue that
it was made from and the values in it. Whoever only reads it has a `str`; a report translates the
sentence and fills in the same values again. So nothing is ever recognised by its looks, and the
name of a structure or the words of a file are never taken for words of ours::

    say("{0} cc lie outside the grid of {1}", f"{volume_cc:.1f}", name)

Values that are plain text (numbers with units, names, quoted text) are the same in every language;
a value that is itself a Phrase is translated with the sentence around it.
"""

from __future__ import annotations

import bisect
import dataclasses
import enum
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from sbrt_qa.errors import SbrtQaError

T = TypeVar("T")

_FIELD: Final = re.compile(r"\{(\d+)\}")

MOST_DEPTH: Final = 20
"""How deep phrases from a file may lie within phrases."""


class Phrase(str):
    """A finished English sentence with its parts.

    Parameters
    ----------
    template
        Sentence of the catalogue with fields ``{0}``, ``{1}``; one without fields that has values
        is the sign that joins them.
    values
        What stands in the fields.
    """

    __slots__ = ("template", "values")

    template: str
    values: tuple[str, ...]

    def __new__(cls, template: str, values: tuple[str, ...] = ()) -> Phrase:
        """Make the sentence from its parts."""
        made = super().__new__(cls, filled(template, values))
        made.template, made.values = template, values
        return made

    def __add__(self, other: str) -> Phrase:
        """Put something after it; both keep their parts."""
        return Phrase("{0}{1}", (self, other))

    def __radd__(self, other: str) -> Phrase:
        """Put something before it; both keep their parts."""
        return Phrase("{0}{1}", (other, self))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle and copy by the parts."""
        return (Phrase, (self.template, self.values))

    def __repr__(self) -> str:
        """Look like the text."""
        return str.__repr__(self)


def say(template: str, *values: object) -> Phrase:
    """Return a sentence of the catalogue with values in its fields; ``template`` is a literal."""
    return Phrase(template, tuple(v if isinstance(v, str) else str(v) for v in values))


def msg(text: str) -> str:
    """Mark a constant as a sentence of the catalogue; it is translated where it is used."""
    return text


def stated(text: str) -> Phrase:
    """Return a text of a protocol, a word of an enumeration: the catalogue may hold it whole."""
    return text if isinstance(text, Phrase) else Phrase(" ".join(text.split()))


def said(error: SbrtQaError) -> Phrase:
    """Return the sentence of an error with its parts."""
    text = stated(error.what)
    if error.where:
        text = say("{0}: {1}", error.where, text)
    if error.got:
        text = say("{0}; got {1}", text, error.got)
    if error.expected:
        text = say("{0}; expected {1}", text, stated(error.expected))
    return say("{0}. {1}", text, stated(error.advice)) if error.advice else text


def counted(number: int, one: str, several: str = "", *values: object) -> Phrase:
    """Return a number with its noun: ``1 beam``, ``2 beams``, ``0 beams``.

    The two forms are one entry of the catalogue, which has as many forms as its language.

    Parameters
    ----------
    one, several
        The noun for one, and for every other number; ``one`` with an s unless given. Or two whole
        sentences with the number in ``{0}``, both given.
    values
        What stands in ``{1}``, ``{2}`` and on.
    """
    form = forms_of(one, several)[number != 1]
    return Phrase(form, (str(number), *(v if isinstance(v, str) else str(v) for v in values)))


def forms_of(one: str, several: str = "") -> tuple[str, str]:
    """Return the templates that :func:`counted` makes, for one and for every other number."""
    if "{0}" in one:
        return one, several
    return f"{{0}} {one}", f"{{0}} {several or f'{one}s'}"


def joined(sign: str, parts: Iterable[str]) -> str:
    """Return parts with a sign between them, each as it is; empty ones are left out.

    Names and numbers with a punctuation mark make plain text; a word, or a part that is a Phrase,
    makes a Phrase.
    """
    held = tuple(part for part in parts if part)
    if len(held) == 1:
        return held[0]
    speaks = sign.strip().isalpha() or any(isinstance(part, Phrase) for part in held)
    return Phrase(sign, held) if speaks and held else sign.join(held)


def filled(template: str, values: tuple[str, ...]) -> str:
    """Return a template, or its translation, with its fields filled; values are never templates.

    A field without a value stays as it is.
    """
    if values and not _FIELD.search(template):
        return template.join(values)
    return _FIELD.sub(lambda f: values[int(f[1])] if int(f[1]) < len(values) else f[0], template)


Parts: TypeAlias = str | list[Any]
"""A value as JSON: plain text, or a template followed by its values."""


def phrases_in(data: Any) -> dict[str, Parts]:  # noqa: ANN401 - of any shape
    """Return the parts of all phrases in nested values, by their places such as ``notes/0``."""
    found: dict[str, Parts] = {}
    if isinstance(data, Phrase):
        found[""] = _parts(data)
    elif _shape_of(type(data)) is not None:
        _gather(data, "", found)
    return found


def _gather(data: Any, before: str, found: dict[str, Parts]) -> None:  # noqa: ANN401
    """Add the phrases of nested values; `before` is their place with a slash, or nothing."""
    for name, part in _held(data):
        kind = type(part)
        if kind is Phrase:
            found[before + name] = _parts(part)
        elif _shape_of(kind) is not None:
            _gather(part, f"{before}{name}/", found)
        elif isinstance(part, Phrase):
            found[before + name] = _parts(part)


class _Shape(enum.Enum):
    """What values are that hold others."""

    RECORD = "dataclass"
    ROW = "tuple"
    TABLE = "mapping"


_SHAPES: Final[dict[type, _Shape | None]] = {}
"""Shapes of all classes that were met."""

_FIELDS: Final[dict[type, tuple[str, ...]]] = {}
"""Fields of all dataclasses that were met."""


def _shape_of(kind: type) -> _Shape | None:
    """Return what values of a class are; None for those that hold no others, such as numbers."""
    if kind not in _SHAPES:
        _SHAPES[kind] = _look_at(kind)
    return _SHAPES[kind]


def _look_at(kind: type) -> _Shape | None:
    if issubclass(kind, type):
        return None
    if dataclasses.is_dataclass(kind):
        return _Shape.RECORD
    if issubclass(kind, tuple):
        return _Shape.ROW
    return _Shape.TABLE if issubclass(kind, Mapping) else None


def _names_in(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a dataclass."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _FIELDS[kind]


def _held(data: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401
    kind = type(data)
    shape = _shape_of(kind)
    if shape is _Shape.RECORD:
        return [(name, getattr(data, name)) for name in _names_in(kind)]
    if shape is _Shape.ROW:
        return [(str(i), part) for i, part in enumerate(data)]
    if shape is _Shape.TABLE:
        return [(str(key), part) for key, part in data.items()]
    return ()


def kept_text(text: str) -> str:
    """Return a text as a column holds it, from which :func:`from_kept` makes the phrase again."""
    return json.dumps(_parts(text)) if isinstance(text, Phrase) else text


def from_kept(text: str) -> str:
    """Return what :func:`kept_text` wrote; a plain text as it is."""
    if not text.startswith('["'):
        return text
    try:
        return _made(json.loads(text), MOST_DEPTH) or text
    except (ValueError, RecursionError):
        return text


def _parts(text: str) -> Parts:
    if not isinstance(text, Phrase):
        return text
    return [text.template, *(_parts(value) for value in text.values)]


def translated(data: T, into: Callable[[str], str]) -> T:
    """Return nested values (tuples, lists, mappings, dataclasses) with every phrase translated.

    What is no phrase stays as it is: names, codes, numbers.
    """
    made: T = _translated(data, into)
    return made


def _translated(data: Any, into: Callable[[str], str]) -> Any:  # noqa: ANN401 - of any shape
    if isinstance(data, str):
        return into(data) if isinstance(data, Phrase) else data
    if isinstance(data, list):
        return [_translated(one, into) for one in data]
    held = list(_held(data))
    changed = {name: new for name, old in held if (new := _translated(old, into)) is not old}
    return _with(data, held, changed) if changed else data


def _with(data: Any, held: list[tuple[str, Any]], changed: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return dataclasses.replace(data, **changed)
    values = [changed.get(name, old) for name, old in held]
    return dict(zip(data, values, strict=True)) if isinstance(data, Mapping) else tuple(values)


def with_phrases(data: T, parts: object) -> T:
    """Return nested values whose texts are phrases again where their parts are given.

    Parts that are broken, have no place, or do not make the very text that stands there are left
    out.
    """
    if not isinstance(parts, Mapping):
        return data
    if isinstance(data, str):
        return cast("T", _phrase_again(data, parts.get("")))
    restored: T = _restored(data, parts, sorted(parts), "")
    return restored


def phrases_by_text(parts: object) -> dict[str, Phrase]:
    """Return phrases by the text that they make, from parts as :func:`phrases_in` gives them."""
    if not isinstance(parts, Mapping):
        return {}
    made = (_made(one, MOST_DEPTH) for one in parts.values())
    return {str(one): one for one in made if isinstance(one, Phrase)}


def _restored(data: Any, parts: Mapping[str, object], places: list[str], before: str) -> Any:  # noqa: ANN401
    """Return nested values with their phrases; `places` are those of all parts, in order."""
    held = list(_held(data))
    changed = {}
    for name, old in held:
        if isinstance(old, str):
            new = _phrase_again(old, parts.get(before + name))
        elif _leads(place := f"{before}{name}/", places):
            new = _restored(old, parts, places, place)
        else:
            continue
        if new is not old:
            changed[name] = new
    return _with(data, held, changed) if changed else data


def _leads(place: str, places: list[str]) -> bool:
    """Tell whether any of the places, which are in order, begins with this one."""
    following = bisect.bisect_left(places, place)
    return following < len(places) and places[following].startswith(place)


def _phrase_again(text: str, parts: object) -> str:
    """Return a text as the phrase that some parts make, as far as they make this very text."""
    if parts is None:
        return text
    made = _made(parts, MOST_DEPTH)
    return made if made == text else text


def _made(parts: object, depth: int) -> str:
    if isinstance(parts, str):
        return parts
    if not (isinstance(parts, list) and parts and isinstance(parts[0], str) and depth):
        return ""
    return Phrase(parts[0], tuple(_made(one, depth - 1) for one in parts[1:]))
