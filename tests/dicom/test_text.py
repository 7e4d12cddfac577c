"""Names in every character set: declared, undeclared and wrongly declared."""

from __future__ import annotations

import builders as b
import pytest

from sbrt_qa.dicom.load import load_cases


def name_of(tmp_path, raw: bytes, charset: bytes | None):
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


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        (b"\x1b$)A8N", b"\\ISO 2022 IR 58", None),
        (b"\x1b$)C\xb0\xa3", b"\\ISO 2022 IR 149", "간"),
        (b"\x1b$B4N\x1b(B", b"\\ISO 2022 IR 87", "肝"),
    ],
)
def test_case_76_iso_2022(tmp_path, raw, charset, text):
    name, _ = name_of(tmp_path, raw, charset)
    assert text is None or name == text


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
