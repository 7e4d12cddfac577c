"""Patients that nobody is: names put together from syllables, planted in labels in every way.

Names come from tables of frequent syllables with a fixed seed; so they sound like names of a
language, and are nobody's.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from sbrt_qa.audit.privacy import Header
from sbrt_qa.deid.pinyin import sounds
from sbrt_qa.deid.spelling import spellings

SURNAMES = (
    "王李张刘陈杨赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾田董袁潘蒋"
    "蔡杜叶程苏魏吕丁沈姚卢崔钟谭陆范廖贾韦邹孟熊秦邱尹薛闫侯史陶黎贺顾毛郝龚邵钱严武戴莫"
)
GIVEN = (
    "伟芳娜敏静丽强磊军勇艳杰娟涛超秀霞刚桂英华玉萍建国文斌宇浩然轩涵欣怡思琪"
    "梦瑶晨曦俊凯婷雪梅兰凤琴鹏飞志海燕春晓辉龙波宁健峰颖倩妍博睿昊"
)
_SYLLABLES = {
    "German": """
        Krau Brem Hof Stein Gruber Wald Schön Mühl Grün Lang Fähr Köst Brück Dorn Eich
        inger mann bauer hofer berg ner lein wirt ecker stetter
        Gun Her Sieg Wal Rein Hil Edel Brun Adel Dietr Ulr Jür
        hild mut fried trud hard gard ich wig gen""",
    "Spanish": """
        Arri Beni Carra Domin Echa Garza Loz Mendi Oroz Quinta Salva Villa Ibá Nú
        guez nez do varría llano tegui ano món ñez
        Ama Bel Consue Elvi Fermi Gon Leo Marce Rami Tere Ío Álva
        rio lia zalo nor lino ro nda sa""",
    "French": """
        Beau Char Del Four Gau Lam Mont Per Rous Vill Bér Lefé Crèv
        chard nier bert mont rieux seau ville tier vrier court
        Amé Clé Édou Fran Gene Hono Mar Océ Syl Thé Élo Jac
        lie ment ard çois viève rine celin ane vain dore ïse queline""",
    "Cyrillic": """
        Бело Грано Дроз Жура Кали Лебе Мирос Новосё Пота Рябо Сереб Тимо Шере Щерба
        вский дов лёв нин ренко шкин пов ряков метьев
        Арка Вале Григо Евге Зино Люд Мари Ники Олим Свят Яро Юли
        дий рий мила вия ослав фор пиада нна ан""",
}
"""Four lines for each language: beginnings and ends of surnames, then of given names."""

SYLLABLES = {
    language: [line.split() for line in text.strip().splitlines()]
    for language, text in _SYLLABLES.items()
}
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True)
class Patient:
    """A person that nobody is: surname, given name, date of birth, number."""

    language: str
    surname: str
    given: str
    born: str
    number: str

    @property
    def header(self) -> Header:
        """What headers say of this patient."""
        name = f"{self.surname}^{self.given}"
        return Header((name,), (self.number,), (self.born,), codes=("S1", "S1-001"))


def patients(count: int, seed: int = 140) -> list[Patient]:
    chance = random.Random(seed)  # noqa: S311 - not a secret
    languages = ("Chinese", *SYLLABLES)
    return [_patient(chance, languages[n % len(languages)]) for n in range(count)]


def _patient(chance: random.Random, language: str) -> Patient:
    if language == "Chinese":
        surname = chance.choice(SURNAMES)
        given = "".join(chance.sample(GIVEN, chance.choice((1, 2, 2))))
    else:
        first, last, one, other = SYLLABLES[language]
        surname = chance.choice(first) + chance.choice(last)
        given = chance.choice(one) + chance.choice(other)
    date = chance.randint(1931, 2004), chance.randint(1, 12), chance.randint(13, 28)
    number = f"{chance.choice('HKMPZ')}{chance.randint(10**6, 10**7 - 1)}"
    return Patient(language, surname, given, "{:04}{:02}{:02}".format(*date), number)


def pinyin(text: str) -> str:
    return "".join(sounds(c)[0] for c in text)


TONES = "\u0304\u0301\u030c\u0300"


def toned(word: str) -> str:
    """Return a syllable with a mark on its first vowel."""
    at = next(i for i, c in enumerate(word) if c in "aeiouv")
    return unicodedata.normalize("NFC", word[: at + 1] + TONES[len(word) % 4] + word[at + 1 :])


def ways(p: Patient) -> Iterator[tuple[str, str]]:
    """Yield labels that hold something of a patient, and in which way."""
    s, g, born = p.surname, p.given, p.born
    year, month, day = born[:4], born[4:6], born[6:]
    word = MONTHS[3 * int(month) - 3 : 3 * int(month)]
    yield "whole name", f"PTV {s}{g}"
    yield "whole name, order swapped", f"{g} {s} SBRT"
    yield "surname", f"Plan_{s}" if p.language != "Chinese" else f"{s}先生 Plan"
    yield "given name", f"{g} PTV"
    yield "number", f"GTV_{p.number}"
    yield "number in pieces", f"{p.number[:3]}-{p.number[3:]} liver"
    for form in (f"{day}.{month}.{year}", f"{year[2:]}-{month}-{day}", f"{month}/{day}/{year[2:]}",
                 f"{day} {word} {year[2:]}", f"{word}{day},{year}", f"{day}{month}{year[2:]}",
                 f"{year[2:]}{month}{day}", f"{year}年{int(month)}月{int(day)}日",
                 f"{year[2:]}_{day}_{month}", f"{month}{day}{year}"):  # fmt: skip
        yield "date of birth", f"SBRT {form}"
    if p.language == "Chinese":
        a, b = pinyin(s), pinyin(g)
        parts = [pinyin(c) for c in g]
        yield "pinyin", f"PTV_{a}{b}"
        yield "pinyin, capitals and blanks", f"{a.title()} {b.title()} CTV"
        yield "pinyin, order swapped", f"{b.title()}_{a.upper()}"
        yield "pinyin with tones", " ".join(map(toned, [a, *parts]))
        yield "pinyin with numbers", f"{a}1{''.join(f'{one}{n}' for n, one in enumerate(parts, 2))}"
        yield "part of the given name", f"{g[-2:]}肝SBRT"
    else:
        latin = spellings(s)[min(2, len(spellings(s)) - 1)]
        yield "transliterated", f"PTV {latin}"
        yield "capitals", f"{s.upper()}_LIVER"
        yield "in the middle of a word", f"ptv{s.lower()}1"
    yield "cut at 16 characters", f"{s} {g} SBRT Leber"[:16]
    yield (
        "cut at the end",
        f"Plan {s}{g}"[: 5 + max(5, len(s + g) - 2)] if len(s + g) > 6 else s + g,
    )
