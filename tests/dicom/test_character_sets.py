"""True names are left alone; the same bytes under a wrong declaration never pass unseen."""

from __future__ import annotations

import pytest
from structure_names import NAMES

from sbrt_qa.dicom.quirks import RawText
from sbrt_qa.dicom.text.character_sets import undeclared_character_set, wrong_character_set
from sbrt_qa.dicom.text.decoded import declared_encodings
from sbrt_qa.dicom.text.likely_text import cost

SETS = {
    "ISO_IR 100": ("latin-1", "French German Spanish Portuguese Nordic Icelandic"),
    "ISO_IR 101": ("iso8859-2", "Polish Czech Hungarian Croatian Romanian German"),
    "ISO_IR 126": ("iso8859-7", "Greek"),
    "ISO_IR 144": ("iso8859-5", "Russian Ukrainian Bulgarian Serbian Macedonian"),
    "ISO_IR 148": ("iso8859-9", "Turkish German French"),
    "ISO_IR 192": ("utf-8", " ".join(NAMES)),
    "GB18030": ("gb18030", "Chinese Taiwanese Japanese Russian"),
    "GBK": ("gbk", "Chinese Taiwanese"),
}


def encoded(languages: str, encoding: str) -> list[tuple[str, bytes]]:
    """Names of languages as bytes, those that the encoding has."""
    found = []
    for language in languages.split():
        for name in NAMES[language]:
            try:
                found.append((name, name.encode(encoding)))
            except UnicodeEncodeError:
                continue
    return found


def read(raw: bytes, character_set: str) -> str | None:
    """Return the text that a doubt leads to; None when there is no doubt."""
    mended = wrong_character_set(RawText(raw, declared_encodings(character_set.encode())))
    if mended is None:
        return None
    assert raw[:64].hex(" ") in mended.detail
    return mended.value.text


@pytest.mark.parametrize("character_set", SETS)
def test_true_names_are_left_alone(character_set):
    encoding, languages = SETS[character_set]
    names = encoded(languages, encoding)
    assert len(names) >= 15
    assert [name for name, raw in names if read(raw, character_set) is not None] == []


CYRILLIC = "Russian Ukrainian Bulgarian Serbian Macedonian"
SLAVIC = "Polish Czech Hungarian Croatian"
WESTERN = "French German Spanish Portuguese Nordic"
EVERY = "Russian French German Polish Chinese Japanese Greek Turkish Korean"
WRONG = [
    # how names are encoded, whose they are, what is declared instead, how many pass at most
    ("cp1251", CYRILLIC, "ISO_IR 144", 0),
    ("cp1251", CYRILLIC, "ISO_IR 100", 0),
    ("cp1251", CYRILLIC, "ISO_IR 101", 0),
    ("cp1251", CYRILLIC, "ISO_IR 148", 0),
    ("cp1251", CYRILLIC, "ISO_IR 192", 0),
    ("cp1251", CYRILLIC, "ISO_IR 126", 0.05),
    ("cp1251", CYRILLIC, "GB18030", 0.03),
    ("koi8-u", "Russian Ukrainian", "ISO_IR 144", 0.02),
    ("koi8-u", "Russian Ukrainian", "ISO_IR 100", 0),
    ("cp866", "Russian", "ISO_IR 144", 0),
    ("iso8859-5", "Russian Ukrainian", "ISO_IR 100", 0),
    ("iso8859-5", "Russian Ukrainian", "ISO_IR 101", 0),
    ("cp1250", SLAVIC, "ISO_IR 101", 0),
    ("cp1250", SLAVIC, "ISO_IR 100", 0.15),
    ("cp1250", SLAVIC, "ISO_IR 144", 0),
    ("cp1252", WESTERN, "ISO_IR 144", 0.04),
    ("cp1252", WESTERN, "ISO_IR 126", 0.04),
    ("cp1252", WESTERN, "ISO_IR 101", 0.5),
    ("cp1254", "Turkish", "ISO_IR 100", 0),
    ("cp1253", "Greek", "ISO_IR 126", 0),
    ("cp1253", "Greek", "ISO_IR 100", 0),
    ("cp1253", "Greek", "ISO_IR 144", 0),
    ("gb18030", "Chinese", "ISO_IR 100", 0),
    ("gb18030", "Chinese", "ISO_IR 101", 0),
    ("gb18030", "Chinese", "ISO_IR 144", 0.06),
    ("gb18030", "Chinese", "ISO_IR 192", 0.03),  # the bytes of a stomach in GBK are a theta
    ("utf-8", EVERY, "ISO_IR 100", 0),
    ("utf-8", EVERY, "ISO_IR 144", 0),
    ("utf-8", EVERY, "ISO_IR 101", 0),
    ("utf-8", EVERY, "GB18030", 0.01),
    ("shift_jis", "Japanese", "ISO_IR 100", 0),
    ("shift_jis", "Japanese", "GB18030", 0),
    ("euc_kr", "Korean", "ISO_IR 100", 0),
    ("big5", "Taiwanese", "ISO_IR 100", 0),
]
"""A share above 0 is that of names which are possible words in both sets: nobody could tell."""


@pytest.mark.parametrize(("encoding", "languages", "character_set", "passing"), WRONG)
def test_case_76_names_under_a_wrong_declaration_are_doubted(
    encoding, languages, character_set, passing
):
    """Also case 78's mojibake: no warning comes from the DICOM library."""
    declared = SETS[character_set][0]
    names = [
        (name, raw)
        for name, raw in encoded(languages, encoding)
        if raw.decode(declared, "replace") != name
    ]
    assert names
    unseen = [name for name, raw in names if read(raw, character_set) is None]
    assert len(unseen) <= passing * len(names), unseen


@pytest.mark.parametrize(
    ("encoding", "character_set"),
    [("cp1251", "ISO_IR 144"), ("cp1251", "ISO_IR 100"), ("koi8-u", "ISO_IR 144")],
)
def test_case_76_doubted_russian_is_read_right(encoding, character_set):
    names = encoded("Russian", encoding)
    wrong = [name for name, raw in names if read(raw, character_set) != name]
    assert len(wrong) <= 0.02 * len(names), wrong


def test_case_76_utf8_that_was_encoded_twice_is_read_and_told():
    for name, raw in encoded(EVERY, "utf-8"):
        twice = raw.decode("latin-1").encode()
        assert read(twice, "ISO_IR 192") == name


@pytest.mark.parametrize(
    ("language", "encoding", "at_least"),
    [
        ("Chinese", "gb18030", 0.95),
        ("Chinese", "utf-8", 1),
        ("Russian", "cp1251", 0.97),
        ("Greek", "cp1253", 0.9),
        ("Japanese", "shift_jis", 0.9),
        ("Polish", "cp1250", 0.75),
        ("French", "latin-1", 0.9),
    ],
)
def test_case_78_undeclared_names_are_told_and_mostly_read_right(language, encoding, at_least):
    names = encoded(language, encoding)
    guesses = [(name, undeclared_character_set(RawText(raw, ()))) for name, raw in names]
    assert all(guess is not None for _, guess in guesses)
    wrong = [name for name, guess in guesses if guess and guess.value.text != name]
    assert len(wrong) <= (1 - at_least) * len(names), wrong


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("Печень", "Яхїхэќ"),
        ("Größe", "Grцяe"),
        ("Wątroba", "W¹troba"),
        ("5 µm", "5 Âµm"),
        ("肝脏", "鑲濊剰"),
        ("Ήπαρ", "¹ðáñ"),
        ("Νεφρός", "Νεφρόσ"),
        ("Лёгкое", "ьЛгкое"),
        ("PTV 肝", "Pt肝v"),
        ("rein", "re\x85n"),
    ],
)
def test_likely_text_costs_less(likely, unlikely):
    assert cost(likely) < cost(unlikely)


def test_ascii_is_free():
    assert cost("PTV_50 (liver) - GTV, 5x10Gy") == 0
