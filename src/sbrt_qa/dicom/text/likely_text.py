"""How likely a reading of bytes is to be what somebody wrote: a cost in nats, lower is likelier.

Every reading of the same bytes is charged for the same bytes, so that costs compare. Letters of
an alphabet cost what their rank in the language says (p of rank r is proportional to
ln(n + 1) - ln r: Gusein-Zade 1988), characters of Chinese and its neighbours by how common they
are; what nobody writes costs more: capitals inside a word, two alphabets in one word, signs
between letters, letters that no one language has. ASCII is the same in every reading and is free.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby, pairwise, takewhile
from typing import Final

from sbrt_qa.dicom.text.letter_frequencies import (
    ANATOMY,
    CYRILLIC,
    CYRILLIC_VOWELS,
    GREEK,
    LATIN,
    ORGAN_CHARACTERS,
    RARE_LATIN,
)

IMPOSSIBLE: Final = 25.0
ODD: Final = 4.0
STRANGER: Final = 9.0
"""A letter that the language does not have."""

LATIN_LETTER: Final = 4.0
RARE_LETTER: Final = 5.8
OTHER_LETTER: Final = 3.2
COMMON_CHARACTER: Final = 4.5
SIGN: Final = 4.5
KNOWN_SIGNS: Final = frozenset("°µ²³±–—·×…’‘“”„«»№§€")

_SCRIPTS: Final = {
    "LATIN": "latin",
    "GREEK": "greek",
    "CYRILLIC": "cyrillic",
    "HEBREW": "other",
    "ARABIC": "other",
    "THAI": "other",
    "CJK": "han",
    "HANGUL": "hangul",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "KATAKANA-HIRAGANA": "kana",
    "HALFWIDTH": "halfwidth",
}
_ALPHABETS: Final = ("latin", "greek", "cyrillic", "other")
_FLAT_COST: Final = {"other": OTHER_LETTER, "kana": 4.0, "halfwidth": 6.0}


def cost(text: str) -> float:
    """Return what a reading costs; 0 for plain ASCII."""
    letters = (_is_letter(c) for c in text)
    total, at = 0.0, 0
    for are_letters, run in groupby(letters):
        size = sum(1 for _ in run)
        part = text[at : at + size]
        if are_letters:
            total += _word(part)
        else:
            total += _signs(part, text[at - 1 : at], text[at + size : at + size + 1])
        at += size
    return total + _two_alphabets(text) + _strange_company(text)


def _two_alphabets(text: str) -> float:
    """Charge a text that has words in small ASCII letters and others in Greek or Cyrillic."""
    words = "".join(c if c.isascii() else " " for c in text)
    latin = any(len(w) > 2 and w.isalpha() and w.islower() for w in re.split(r"[\W\d_]+", words))
    return ODD / 2 if latin and {"greek", "cyrillic"} & set(map(_script, text)) else 0.0


def _is_letter(character: str) -> bool:
    if character in "µªº":
        return False
    return unicodedata.category(character)[0] in "LM"


@cache
def _script(character: str) -> str:
    return _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0], "strange")


def _signs(signs: str, before: str, after: str) -> float:
    """Charge what is no letter, more so between letters."""
    total = 0.0
    for i, sign in enumerate(signs):
        if sign.isascii():
            continue
        if unicodedata.category(sign)[0] == "C" or sign == "\N{REPLACEMENT CHARACTER}":
            total += IMPOSSIBLE
            continue
        left, right = signs[i - 1 : i] if i else before, signs[i + 1 : i + 2] or after
        total += SIGN if sign in KNOWN_SIGNS else STRANGER
        inside = left.isalpha() and right.isalpha()
        opening = sign == "’" and right.isalpha() and not left.isalpha()
        total += ODD if inside else 1.5 * ODD if opening else 0.0
    return total


def _word(word: str) -> float:
    """Charge a run of letters, alphabet by alphabet."""
    parts = ["".join(part) for _, part in groupby(word, _script)]
    return sum(map(_part, parts)) + sum(_seam(a[-1], b[0]) for a, b in pairwise(parts))


def _seam(a: str, b: str) -> float:
    """Charge two alphabets, or a small letter beside a character of Chinese, in one word."""
    one, other = _script(a), _script(b)
    if one in _ALPHABETS and other in _ALPHABETS:
        return 1.5 * ODD
    return ODD if a.islower() or b.islower() else 0.0


def _part(part: str) -> float:
    match _script(part[0]):
        case "latin":
            return _latin(part)
        case "greek":
            return _alphabet(part, GREEK) + _form(part, starts="", ends="σ", within="ς")
        case "cyrillic":
            odd = _form(part, starts="ьъы", ends="ъ", within="")
            return _alphabet(part, CYRILLIC) + odd + _without_vowel(part)
        case "han" | "hangul":
            return sum(map(_character, part))
        case script:
            return _FLAT_COST.get(script, STRANGER) * len(part)


def _latin(word: str) -> float:
    beyond = [c for c in word.lower() if not c.isascii()]
    if not beyond:
        return 0.0
    known = word.lower() in ANATOMY
    letters = sum(map(_latin_letter, beyond))
    return (0.0 if known else letters) + _case(word)


def _latin_letter(letter: str) -> float:
    if letter in RARE_LATIN:
        return RARE_LETTER
    return LATIN_LETTER if any(letter in letters for letters in LATIN.values()) else STRANGER


def _strange_company(text: str) -> float:
    """Charge a text whose letters no one language has, word of anatomy or not."""
    found = {c for c in text.lower() if not c.isascii() and _script(c) == "latin"}
    return 0.0 if any(found <= set(letters) for letters in LATIN.values()) else ODD


def _alphabet(word: str, languages: Mapping[str, str]) -> float:
    """Charge letters in the language that suits the word best."""
    lower = word.lower()
    rated = (_rated(letters) for letters in languages.values())
    known = ODD if lower in ANATOMY else 0.0
    return _case(word) - known + min(sum(costs.get(c, STRANGER) for c in lower) for costs in rated)


@cache
def _rated(letters: str) -> dict[str, float]:
    """Return the cost of each letter of an alphabet that is ordered by frequency."""
    weights = [math.log(len(letters) + 1) - math.log(rank) for rank in range(1, len(letters) + 1)]
    return {c: -math.log(w / sum(weights)) for c, w in zip(letters, weights, strict=True)}


def _case(word: str) -> float:
    """Charge a capital behind a small letter, and a small one behind two capitals; not ASCII's."""
    total = 0.0
    for a, b in pairwise(word):
        total += ODD if a.islower() and b.isupper() and not (a + b).isascii() else 0.0
    upper = sum(1 for _ in takewhile(str.isupper, word))
    return total + (0.75 * ODD if 2 <= upper < len(word) and not word.isascii() else 0.0)


def _form(word: str, *, starts: str, ends: str, within: str) -> float:
    """Charge letters where no word has them."""
    if len(word) < 2 or word.isupper():
        return 0.0
    lower = word.lower()
    total = ODD if lower[0] in starts else 0.0
    total += 0.75 * ODD if lower[-1] in ends else 0.0
    return total + sum(ODD for c in lower[:-1] if c in within)


def _without_vowel(word: str) -> float:
    short = len(word) < 3 or word.isupper()
    return 0.0 if short or CYRILLIC_VOWELS & set(word.lower()) else 0.75 * ODD


@cache
def _character(character: str) -> float:
    """Charge a character of Chinese, or a syllable of Korean, by how common it is."""
    if character in ORGAN_CHARACTERS:
        return COMMON_CHARACTER
    return min(_levels(character), default=12.0)


def _levels(character: str) -> Iterator[float]:
    """Charge by the level that a character has in each national set that has it."""
    for encoding, last in (("gb2312", 0xD7), ("shift_jis", 0x97), ("big5", 0xC6), ("euc_kr", 0xC8)):
        try:
            yield 7.5 if character.encode(encoding)[0] <= last else 10.0
        except UnicodeEncodeError:
            continue
