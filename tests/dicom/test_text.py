"""Names in every character set: declared, undeclared and wrongly declared."""

from __future__ import annotations

import builders as b
import pytest

from sbrt_qa.dicom.load import load_cases


def name_of(tmp_path, raw: bytes, charset: bytes | None):
    tmp_path.mkdir(exist_ok=True)
    dataset = b.structure_set(b.roi(1, "x", b.stack()))
    b.raw(dataset.StructureSetROISequence[0], "ROIName", raw + b" " * (len(raw) % 2), "LO")
    if charset is not None:
        b.raw(dataset, "SpecificCharacterSet", charset + b" " * (len(charset) % 2), "CS")
    (case,) = load_cases(b.save_case(tmp_path, RS=dataset))
    repairs = [r for r in case.provenance.repairs if "character" in r.quirk]
    return case.structures.structures[0].name, repairs


@pytest.mark.parametrize(
    ("text", "encoding", "charset"),
    [
        ("肝脏", "utf-8", b"ISO_IR 192"),
        ("肝脏", "gb18030", b"GB18030"),
        ("肝脏", "gbk", b"GBK"),
        ("Größe", "latin-1", b"ISO_IR 100"),
        ("Печень", "iso8859-5", b"ISO_IR 144"),
        ("Liver", "ascii", None),
        ("Liver", "ascii", b"ISO_IR 6"),
    ],
)
def test_case_76_and_77_declared_text_in_nested_sequences_is_decoded(
    tmp_path, text, encoding, charset
):
    assert name_of(tmp_path, text.encode(encoding), charset) == (text, [])


ISO_2022 = [
    (b"\x1b$)A\xb8\xce\xd4\xe0", b"\\ISO 2022 IR 58", "肝脏"),
    (b"\x1b$)C\xb0\xa3", b"\\ISO 2022 IR 149", "간"),
    (b"\x1b$B4N\x1b(B", b"\\ISO 2022 IR 87", "肝"),
]


@pytest.mark.parametrize(("raw", "charset", "text"), ISO_2022)
def test_case_76_iso_2022(tmp_path, raw, charset, text):
    assert name_of(tmp_path, raw, charset) == (text, [])


@pytest.mark.parametrize(("raw", "_charset", "text"), ISO_2022)
def test_case_76_78_iso_2022_without_a_declaration_is_read_and_flagged(
    tmp_path, raw, _charset, text
):
    name, (repair,) = name_of(tmp_path, raw, None)
    assert name == text
    assert repair.quirk == "undeclared-character-set"
    assert raw.hex(" ") in repair.detail


def test_case_76_an_escape_that_the_declaration_does_not_cover_is_flagged(tmp_path):
    name, (repair,) = name_of(tmp_path, b"\x1b$B4N", b"\\ISO 2022 IR 149")
    assert repair.quirk == "wrong-character-set"
    assert name != "肝"
    assert repair.detail.isprintable()


KANJI = "PTV 肝臓".encode("iso2022_jp")
HANGUL = b"\x1b$)C" + "척수 PRV".encode("euc_kr")
P9 = [
    # as it is called, its bytes, what is declared, whether it is read right without that
    ("PTV 肝臓", KANJI, rb"\ISO 2022 IR 87", True),
    ("十二指腸^胃", "十二指腸".encode("iso2022_jp") + b"^" + "胃".encode("iso2022_jp"),
     rb"ISO 2022 IR 6\ISO 2022 IR 87", True),
    ("ｼﾞｭｳﾆｼﾁｮｳ", "ｼﾞｭｳﾆｼﾁｮｳ".encode("shift_jis"), b"ISO_IR 13", True),
    ("ｶﾝ 肝臓", "ｶﾝ ".encode("shift_jis") + "肝臓".encode("iso2022_jp")[:-3] + b"\x1b(J",
     rb"ISO 2022 IR 13\ISO 2022 IR 87", False),
    ("Rückenmark", "Rückenmark".encode("latin-1"), b"ISO_IR 100", True),
    ("Foie côté", "Foie côté".encode("latin-1"), b"ISO_IR 100", True),
    ("œsophage", "œsophage".encode("iso8859-15"), b"ISO_IR 203", False),
    ("肝脏 печень Größe", "肝脏 печень Größe".encode(), b"ISO_IR 192", True),
    ("척수 PRV", HANGUL, rb"\ISO 2022 IR 149", True),
    ("척수 PRV", HANGUL, b"ISO 2022 IR 149", True),
    ("Спинной мозг", "Спинной мозг".encode("iso8859-5"), b"ISO_IR 144", True),
    ("ไขสันหลัง", "ไขสันหลัง".encode("tis-620"), b"ISO_IR 166", False),
    ("الكبد", "الكبد".encode("iso8859-6"), b"ISO_IR 127", False),
    ("כבד", "כבד".encode("iso8859-8"), b"ISO_IR 138", False),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Unknown encoding")
@pytest.mark.parametrize(("text", "raw", "charset", "guessed"), P9)
def test_case_p9__names_are_read_right_or_the_doubt_is_told(tmp_path, text, raw, charset, guessed):
    """As declared without a word; without a declaration, or under one that there is not, told."""
    assert name_of(tmp_path / "declared", raw, charset) == (text, [])
    for number, none in enumerate((None, b"", b"ISO_IR 999")):
        name, (repair,) = name_of(tmp_path / str(number), raw, none)
        assert repair.quirk == "undeclared-character-set"
        assert raw.hex(" ") in repair.detail
        assert (name == text) is guessed


@pytest.mark.parametrize("raw", [KANJI, HANGUL])
def test_case_p9__an_escape_says_which_set_it_is(tmp_path, raw):
    """A file that declares one set alone, and uses another by its escape sequence."""
    name, (repair,) = name_of(tmp_path, raw, b"ISO_IR 100")
    assert name == {KANJI: "PTV 肝臓", HANGUL: "척수 PRV"}[raw]
    assert repair.quirk == "wrong-character-set"


ORGANS = ("肝脏", "肝", "胃", "心", "肺", "脊髓", "十二指肠", "小肠", "食管", "PTV 肝 1")


@pytest.mark.parametrize("name", ORGANS)
@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize("charset", [b"ISO_IR 100", None])
def test_case_76_78_chinese_organs_in_the_wrong_or_no_set_are_read_and_flagged(
    tmp_path, name, encoding, charset
):
    raw = name.encode(encoding)
    found, (repair,) = name_of(tmp_path, raw, charset)
    assert found == name
    assert f"read as {'gb18030' if encoding == 'gbk' else 'utf-8'}" in repair.detail
    assert raw.hex(" ") in repair.detail


@pytest.mark.parametrize("charset", [b"ISO_IR 100", None])
@pytest.mark.parametrize("name", ["Печень", "Спинной мозг", "Лёгкое"])
def test_case_76_cp1251_in_the_wrong_or_no_set_is_read_and_flagged(tmp_path, name, charset):
    found, (repair,) = name_of(tmp_path, name.encode("cp1251"), charset)
    assert found == name
    assert "read as cp1251" in repair.detail


@pytest.mark.parametrize(
    "name", ["Größe", "Zwölffingerdarm", "Œsophage"[1:], "Rückenmark 5 µm", "créée", "Hœpar"[2:],
             "Müller-Ärzte", "45° links", "Nódulo ñ"],
)  # fmt: skip
def test_case_76_western_names_in_latin_1_are_left_alone(tmp_path, name):
    assert name_of(tmp_path, name.encode("latin-1"), b"ISO_IR 100") == (name, [])


def test_case_76_control_characters_of_a_wrong_set_are_never_silent(tmp_path):
    _, (repair,) = name_of(tmp_path, b"Leber\x96links", b"ISO_IR 101")
    assert repair.quirk == "wrong-character-set"


@pytest.mark.parametrize(
    ("raw", "charset", "kept"),
    [
        ("肝脏".encode("gb18030"), None, "肝脏".encode("gb18030")),
        ("肝脏".encode(), b"ISO_IR 192", "肝脏".encode()),
        (b"Liver\xff ", b"ISO_IR 192", b"Liver\xff"),
        (b"Liver", None, b""),
    ],
)
def test_case_76_the_bytes_of_a_name_are_kept(tmp_path, raw, charset, kept):
    """Also when contours are moved onto their plane, which makes a new structure."""
    contours = [b.contour(0.0), b.contour(0.001), b.contour(2.0)]
    dataset = b.structure_set(b.roi(1, "x", contours))
    b.raw(dataset.StructureSetROISequence[0], "ROIName", raw + b" " * (len(raw) % 2), "LO")
    if charset:
        b.raw(dataset, "SpecificCharacterSet", charset, "CS")
    (case,) = load_cases(b.save_case(tmp_path, RS=dataset))
    assert "plane-noise" in {r.quirk for r in case.provenance.repairs}
    assert case.structures.structures[0].raw_name == kept


@pytest.mark.parametrize(("encoding", "shown"), [("gb18030", "gb18030"), ("utf-8", "utf-8")])
def test_case_78_undeclared_chinese_is_read_and_flagged_with_its_bytes(tmp_path, encoding, shown):
    raw = "肝脏".encode(encoding)
    name, repairs = name_of(tmp_path, raw, None)
    assert name == "肝脏"
    (repair,) = repairs
    assert repair.quirk == "undeclared-character-set"
    assert f"read as {shown}" in repair.detail
    assert raw.hex(" ") in repair.detail


def test_case_76_utf8_declared_as_latin_1_is_read_and_flagged(tmp_path):
    name, (repair,) = name_of(tmp_path, "肝".encode(), b"ISO_IR 100")
    assert name == "肝"
    assert repair.quirk == "wrong-character-set"


def test_case_76_gb18030_declared_as_utf8_is_read_and_flagged(tmp_path):
    name, (repair,) = name_of(tmp_path, "肝脏".encode("gb18030"), b"ISO_IR 192")
    assert name == "肝脏"
    assert repair.quirk == "wrong-character-set"


def test_case_76_bytes_that_nothing_explains_stay_visible(tmp_path):
    name, (repair,) = name_of(tmp_path, b"Liver\xff", b"ISO_IR 192")
    assert name == "Liver\N{REPLACEMENT CHARACTER}"
    assert "with replacements" in repair.detail


def test_an_unknown_character_set_stops_nothing(tmp_path):
    path = b.save_case(tmp_path, RS=b.structure_set(SpecificCharacterSet="ISO_IR 192")) / "RS.dcm"
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"NO_SUCH_ST"))
    (case,) = load_cases(tmp_path)
    assert case.structures.structures[0].name == "Liver"
    assert any("Unknown encoding" in note for note in case.provenance.notes)
