"""Names of people in texts: by any part, in any order, transliterated, cut short.

What is looked for are the names that headers hold, and everything that they become in a label:
parts joined in any order, the pinyin of Chinese names, the Latin letters of Cyrillic ones, ``ue``
for ``ü``, the first characters where a label has no room for more. A Latin part of fewer than four
letters says nothing alone; beside another part of the same name, or the patient's date of birth or
number, it does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from sbrt_qa.deid.clinical_words import COMMON_CHARACTERS, WORDS
from sbrt_qa.deid.pinyin import is_han, sounds
from sbrt_qa.deid.spelling import Letters, folded, letters, spellings

SHORTEST: Final = 4
"""Latin letters from which on a part of a name counts alone."""

ANYWHERE: Final = 7
"""Latin letters from which on it counts in the middle of a word."""

CUT: Final = 5
"""Letters from which on the beginning of a name counts at the end of a text."""

MAX_PARTS: Final = 5
"""Parts of one name that are joined in any order."""

PREFIXES: Final = ("ptv", "gtv", "ctv", "itv", "igtv", "prv", "sbrt", "plan", "opt")
"""Beginnings of labels that a name may follow without a break."""

MAX_SOUNDED: Final = 4
"""Chinese characters of a name whose sound is looked for."""

MAX_RUN: Final = 3
"""Chinese characters in a row among which a lone one of a name counts, where the others are
those of labels."""

ADDRESS: Final = ("先生", "女士", "小姐", "太太", "某某", "某", "氏", "老师")
BEFORE: Final = ("小", "老", "阿")

Span = tuple[int, int]


class NameSearch:
    """Looks for names and what becomes of them.

    Parameters
    ----------
    names
        As headers hold them: ``Family^Given``, groups in other writing behind ``=``.
    allowed
        Folded words that are never taken for a name by themselves.
    """

    def __init__(self, names: Iterable[str], allowed: frozenset[str]) -> None:
        self._allowed = allowed | WORDS
        self._alone: set[str] = set()
        self._han: set[str] = set()
        self._single: set[str] = set()
        self._short: list[frozenset[str]] = []
        self._whole: set[str] = set()
        for name in dict.fromkeys(names):
            for group in re.split(r"[=\\]", name):
                self._add(group)

    def _add(self, group: str) -> None:
        components = [part for part in group.split("^") if part.strip()]
        words = [w for part in components for w in re.findall(r"[^\W\d_]+", part)]
        words = [w for w in words if folded(w) not in _NOBODY]
        if not words:
            return
        if any(is_han(c) for c in group):
            self._add_han([re.sub(r"[\W\d_]", "", part) for part in components])
        latin = [w for w in words if not any(is_han(c) for c in w)][:MAX_PARTS]
        if latin:
            self._add_parts([spellings(w) for w in latin])

    def _add_parts(self, parts: list[tuple[str, ...]]) -> None:
        """Take in the parts of one name, each in its spellings."""
        every = {one for part in parts for one in part}
        self._alone |= {one for one in every if len(one) >= SHORTEST and one not in self._allowed}
        short = frozenset(one for one in every if len(one) >= 2)
        if short:
            self._short.append(short)
        for count in (2, 3, MAX_PARTS):
            for chosen in itertools.islice(
                itertools.permutations(parts, min(count, len(parts))), 130
            ):
                for spelled in itertools.islice(itertools.product(*chosen), 12):
                    joined = "".join(spelled)
                    if len(joined) >= SHORTEST and joined not in self._allowed:
                        self._alone.add(joined)
                        self._whole.add(joined)
        self._whole |= {one for one in every if len(one) > CUT}

    def _add_han(self, components: list[str]) -> None:
        components = [folded(part) for part in components if part]
        if len(components) == 1:
            whole = components[0]
            surname = 2 if len(whole) > 3 else 1
            components = [whole[:surname], whole[surname:]] if len(whole) > 1 else [whole]
        whole = "".join(components)
        forms = {whole, "".join(reversed(components)), *components}
        given = components[-1]
        forms |= {given[at : at + 2] for at in range(len(given) - 1)}
        self._han |= {one for one in forms if len(one) >= 2 and one not in self._allowed}
        singles = {c for one in components for c in one if is_han(c)}
        self._single |= singles - COMMON_CHARACTERS
        self._han |= {c + title for c in components[:1] for title in ADDRESS}
        self._han |= {title + components[0] for title in BEFORE}
        self._whole |= {one for one in forms if len(one) >= 2}
        self._add_pinyin(components)

    def _add_pinyin(self, components: list[str]) -> None:
        spelled: list[tuple[str, ...]] = []
        for part in components:
            ways = [sounds(c) for c in part if is_han(c)]
            if ways and all(ways):
                joined = ("".join(one) for one in itertools.islice(itertools.product(*ways), 8))
                spelled.append(tuple(dict.fromkeys(joined)))
        if spelled:
            self._add_parts(spelled)
        syllables = [sounds(c)[:1] for part in components for c in part if is_han(c)]
        if len(syllables) > 1 and all(syllables):
            self._short.append(frozenset(one for way in syllables for one in way))

    def spans(self, text: str, *, hinted: bool = False) -> list[Span]:
        """Return where a text holds a name, as places in it.

        Parameters
        ----------
        hinted
            Something else of the patient stands there, so that short parts count, too.
        """
        there = letters(text)
        found = [*self._latin(there), *self._chinese(there), *self._cut(there)]
        short = self._short_parts(there)
        if short and (hinted or found or self._several(there, short)):
            found += short
        return [(there.at[low], there.at[high - 1] + 1) for low, high in found]

    def _latin(self, there: Letters) -> Iterator[Span]:
        for low, high in _bounded(there):
            if there.text[low:high] in self._alone:
                yield low, high
        for one in self._alone:
            if len(one) >= ANYWHERE:
                yield from _everywhere(there.text, one)

        for low, high in _bounded(there, most=1):
            word = there.text[low:high]
            for prefix in PREFIXES:
                if word.startswith(prefix) and word[len(prefix) :] in self._alone:
                    yield low + len(prefix), high

    def _chinese(self, there: Letters) -> Iterator[Span]:
        for one in self._han:
            yield from _everywhere(there.text, one)
        for low, high in zip(sorted(there.starts), sorted(there.ends), strict=True):
            run = there.text[low:high]
            yield from ((low + a, low + b) for a, b in self._sounding(run))
            rare = [at for at, c in enumerate(run) if c not in COMMON_CHARACTERS]
            if len(run) <= MAX_RUN and len(rare) == 1 and run[rare[0]] in self._single:
                yield low + rare[0], low + rare[0] + 1

    def _sounding(self, run: str) -> Iterator[Span]:
        """Yield where characters sound as a name that a header has in Latin letters only."""
        for low in range(len(run) - 1):
            for high in range(low + 2, min(low + MAX_SOUNDED, len(run)) + 1):
                ways = [sounds(c) for c in run[low:high] if is_han(c)]
                if len(ways) == high - low and all(ways) and any(
                    "".join(one) in self._whole
                    for one in itertools.islice(itertools.product(*ways), 16)
                ):  # fmt: skip
                    yield low, high

    def _cut(self, there: Letters) -> Iterator[Span]:
        """Yield the end of a text where it is the beginning of a name that had no room."""
        for low in there.starts:
            rest = there.text[low:]
            least = 2 if rest and is_han(rest[0]) else CUT
            if len(rest) < least or rest in self._allowed:
                continue
            if any(len(one) > len(rest) and one.startswith(rest) for one in self._whole):
                yield low, len(there.text)

    def _short_parts(self, there: Letters) -> list[Span]:
        every = set().union(*self._short) if self._short else set()
        return [
            (low, high)
            for low, high in _bounded(there, most=1)
            if there.text[low:high] in every and there.text[low:high] not in self._allowed
        ]

    def _several(self, there: Letters, spans: list[Span]) -> bool:
        """Tell whether two different parts of one name stand in a text."""
        words = {there.text[low:high] for low, high in spans}
        return any(len(words & parts) > 1 for parts in self._short)


_TITLES = "dr prof mr mrs ms md phd jr sr von van der den del las los de da di du la le"
_NOBODY: Final = frozenset(_TITLES.split())
"""Words in a name that name nobody."""


def _bounded(there: Letters, most: int = 6) -> Iterator[Span]:
    """Yield spans of one to so many whole words."""
    starts, ends = sorted(there.starts), sorted(there.ends)
    for at, low in enumerate(starts):
        for high in ends[at : at + most]:
            yield low, high


def _everywhere(text: str, wanted: str) -> Iterator[Span]:
    at = text.find(wanted)
    while at >= 0:
        yield at, at + len(wanted)
        at = text.find(wanted, at + 1)
