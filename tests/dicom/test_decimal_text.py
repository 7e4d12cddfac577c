"""The compiled parser, its slow twin and Python's float() say the same, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sbrt_qa.dicom.text import decimal_reference, decimal_text
from sbrt_qa.dicom.text.decimal_text import BadDecimal, parse_decimals

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1000, 1000).map("{:.4f}".format),
    st.floats(-1e3, 1e3).map("{:.12g}".format),
    st.decimals(allow_nan=False, allow_infinity=False, places=6).map(str),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["-0", "+.5", "5.", "1E5", "9007199254740993", "1e22", "1e23", "00012.50"]),
)
PARTS = st.one_of(NUMBERS, st.text("0123456789.+-eE ,nai\\\0", max_size=12))
TEXTS = st.lists(st.lists(PARTS, max_size=6).map("\\".join).map(str.encode), max_size=4)


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.tobytes() == other.tobytes()
    return one == other


@given(TEXTS)
@example([b"1E310\\"])
@settings(deadline=None, max_examples=300)
def test_kernel_equals_slow_twin(texts):
    fast, slow = parse_decimals(texts), decimal_reference.parse_decimals(texts)
    assert len(fast) == len(slow) == len(texts)
    assert all(same(a, b) for a, b in zip(fast, slow, strict=True))


@given(st.lists(NUMBERS, min_size=1, max_size=50))
@settings(deadline=None, max_examples=200)
def test_every_number_equals_float_to_the_last_bit(numbers):
    (values,) = parse_decimals(["\\".join(numbers).encode()])
    assert values.tobytes() == np.array([float(n) for n in numbers]).tobytes()


@pytest.mark.parametrize(
    ("text", "position", "found"),
    [
        pytest.param(b"1\\nan\\2", 1, "nan", id="case 73 nan"),
        pytest.param(b"inf", 0, "inf", id="case 73 inf"),
        pytest.param(b"1\\2\\1e999", 2, "1e999", id="case 73 overflow"),
        pytest.param(b"1,5\\2", 0, "1,5", id="case 72 comma"),
        pytest.param(b"0\\--5", 1, "--5", id="case 72 two signs"),
        pytest.param(b"1\\\\2", 1, "", id="case 72 empty part"),
        pytest.param(b"1\\2\\", 2, "", id="empty last part"),
        pytest.param(b"1_0", 0, "1_0", id="python digits"),
        pytest.param(b"0x10", 0, "0x10", id="hexadecimal"),
        pytest.param(b"1 2", 0, "1 2", id="two numbers"),
        pytest.param(b"1e", 0, "1e", id="exponent without digits"),
        pytest.param(b".", 0, ".", id="no digits"),
    ],
)
def test_anything_but_a_plain_decimal_is_reported(text, position, found):
    good = b"7\\8"
    results = parse_decimals([good, text, good])
    assert results[1] == BadDecimal(position, found)
    assert results[0].tolist() == results[2].tolist() == [7.0, 8.0]


def test_padding_and_spaces_are_no_error():
    values, empty, blank = parse_decimals([b" 1 \\ -2.50\\3 \0", b"", b"  "])
    assert values.tolist() == [1.0, -2.5, 3.0]
    assert empty.size == blank.size == 0


def test_texts_are_parsed_in_as_many_passes_as_it_takes(monkeypatch):
    monkeypatch.setattr(decimal_text, "BATCH_BYTES", 10)
    texts = [b"1\\2", b"", b"3\\nan", b"4" * 30, b"5", b"6\\7\\8", b"9", b""]
    for got, expected in zip(parse_decimals(texts), map(slow_one, texts), strict=True):
        assert same(got, expected)


def test_texts_are_shared_among_threads_in_their_order(monkeypatch):
    monkeypatch.setattr(decimal_text, "PART_BYTES", 4)
    monkeypatch.setattr(decimal_text.os, "cpu_count", lambda: 3)
    texts = [f"{k}\\{k}.5".encode() for k in range(100)] + [b"1\\nan", b"", b"1E310", b"2"]
    for got, expected in zip(parse_decimals(texts), map(slow_one, texts), strict=True):
        assert same(got, expected)


def slow_one(text: bytes) -> object:
    return decimal_reference.parse_decimals([text])[0]


def test_no_texts_give_no_values():
    assert parse_decimals([]) == []
