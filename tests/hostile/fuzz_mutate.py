"""Spoils sound input on purpose: bytes, DICOM elements, lines and words of YAML."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

INTERESTING_BYTES = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\\",
    b" ",
    b"\xff" * 4,
    b"\xff\xff\xff\x7f",
)

VALUES = (
    b"", b" ", b"\\", b"\\\\\\", b"0", b"-0", b"-1", b"1", b"2", b"3", b"65535", b"2147483648",
    b"99999999999999999999", b"1e308", b"1e-308", b"-1e300", b"1e999", b"nan", b"NaN", b"inf",
    b"-inf", b"0x10", b"1,5", b"1.5.5", b"+", b".", b"e5", b"1_000", b"1\\2", b"1\\2\\3",
    b"1\\0\\0\\0\\1\\0", b"0\\0\\0\\0\\0\\0", b"1\\0\\0\\1\\0\\0", b"0\\0\\0", b"nan\\nan\\nan",
    b"RTDOSE", b"RTPLAN", b"RTSTRUCT", b"CT", b"POINT ", b"RELATIVE", b"GB18030", b"ISO_IR 192",
    b"\\ISO 2022 IR 87", b"\x1b$B\x1b(B", b"\xe8\x82\x9d", b"\xb8\xce", b"\x1b[2J", b"\x00\x00",
    b"1.2.3.10", b"1.2.3.20", b"1.2.3.30", b"../../x", b"9" * 300, b"A" * 5000, b"=1+1", b"%s%n",
    b"ISO_IR 144", b"ISO_IR 101", b"\xcf\xe5\xf7\xe5\xed\xfc", b"\xd0\x9f\xd0\xb5\xd1\x87",
    b"W\xb9troba",
)  # fmt: skip

VRS = (b"SQ", b"UN", b"OW", b"DS", b"IS", b"FD", b"UI", b"AT", b"OB", b"US", b"PN", b"XX", b"\0\0")

WORDS = (
    "&a [*a]", "*a", "!!python/object:os.system {}", "!x", ".nan", ".inf", "-.inf", "null", "no",
    "1:30", "010", "1e999", "9" * 400, "-1", "0", "[]", "{}", "[[[[", "{{{{", "'", '"', "|", ">",
    "%YAML 1.1", "---", "...", "\t", "\ufeff", "\u202e", "\x00", "<<: {}", "? a", "- -", "D95%[Gy]",
    "V20Gy[cc]", "DC700cc[Gy]", "Liver-GTV", "Liver-Liver", "a-b-c", "fractions == 5",
    "fractions == fractions", "prescription_gy > 1e400", "((((", ">=", "<=", "==", "(a+)+$",
)  # fmt: skip

Mutation = Callable[[bytearray, Random], None]


# --- any bytes --------------------------------------------------------------------------------


def overwrite(data: bytearray, random: Random) -> None:
    at, new = random.randrange(len(data)), random.choice(INTERESTING_BYTES)
    data[at : at + len(new)] = new


def randomise(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at : at + 1] = random.randbytes(1)


def cut_out(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.choice((1, 2, 4, 8, 64))]


def cut_off(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def insert(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at:at] = random.randbytes(random.randrange(1, 9))


def repeat(data: bytearray, random: Random) -> None:
    at, start = random.randrange(len(data)), random.randrange(len(data))
    data[at:at] = data[start : start + random.choice((1, 4, 16, 100))]


# --- DICOM elements ---------------------------------------------------------------------------

KNOWN_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x10\x00", b"\x20\x00", b"\x28\x00", b"\x04\x30",
                b"\x06\x30", b"\x0a\x30", b"\x0c\x30", b"\xe0\x7f", b"\xfe\xff")  # fmt: skip


def _an_element(data: bytearray, random: Random) -> int:
    """Find something that looks like the start of an element, from a random place on."""
    start = random.randrange(len(data))
    found = [at for group in KNOWN_GROUPS if (at := data.find(group, start)) >= 0]
    return min(found, default=start)


def _header(data: bytearray, at: int) -> tuple[int, int, int]:
    """Where the length of an element stands, how wide it is, and where the value begins."""
    vr = bytes(data[at + 4 : at + 6])
    if not (vr.isalpha() and vr.isupper()):
        return at + 4, 4, at + 8
    long = vr in (b"SQ", b"UN", b"OB", b"OW", b"UT")
    return (at + 8, 4, at + 12) if long else (at + 6, 2, at + 8)


def _element(data: bytearray, random: Random) -> tuple[int, int, int, int, int]:
    at = _an_element(data, random)
    length_at, width, value_at = _header(data, at)
    length = int.from_bytes(data[length_at : length_at + width], "little")
    return at, length_at, width, value_at, min(value_at + length, len(data))


def new_value(data: bytearray, random: Random) -> None:
    """Give an element another value, with a length that fits."""
    _, length_at, width, value_at, end = _element(data, random)
    value = random.choice(VALUES)
    value += b" " * (len(value) % 2)
    data[value_at:end] = value
    data[length_at : length_at + width] = len(value).to_bytes(4, "little")[:width]


def lie_about_length(data: bytearray, random: Random) -> None:
    _, length_at, width, _, _ = _element(data, random)
    lie = random.choice((0, 1, 2, 7, 255, 65534, 65535, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF))
    data[length_at : length_at + width] = lie.to_bytes(4, "little")[:width]


def other_vr(data: bytearray, random: Random) -> None:
    at = _an_element(data, random)
    data[at + 4 : at + 6] = random.choice(VRS)


def drop_element(data: bytearray, random: Random) -> None:
    at, *_, end = _element(data, random)
    del data[at:end]


def repeat_element(data: bytearray, random: Random) -> None:
    at, *_, end = _element(data, random)
    to = _an_element(data, random)
    data[to:to] = data[at:end]


def other_tag(data: bytearray, random: Random) -> None:
    at, other = _an_element(data, random), _an_element(data, random)
    data[at : at + 4] = data[other : other + 4]


# --- YAML -------------------------------------------------------------------------------------


def _lines(data: bytearray) -> list[bytes]:
    return bytes(data).splitlines(keepends=True) or [b"\n"]


def move_line(data: bytearray, random: Random) -> None:
    lines = _lines(data)
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), line)
    data[:] = b"".join(lines)


def repeat_line(data: bytearray, random: Random) -> None:
    lines = _lines(data)
    lines.insert(random.randrange(len(lines)), random.choice(lines) * random.choice((1, 1, 40)))
    data[:] = b"".join(lines)


def indent_line(data: bytearray, random: Random) -> None:
    lines = _lines(data)
    lines[random.randrange(len(lines))] = random.choice((b"  ", b"\t", b" ")) + random.choice(lines)
    data[:] = b"".join(lines)


def other_word(data: bytearray, random: Random) -> None:
    """Replace what stands between two blanks."""
    words = bytes(data).split(b" ")
    words[random.randrange(len(words))] = random.choice(WORDS).encode("utf-8", "surrogatepass")
    data[:] = b" ".join(words)


BYTES: tuple[Mutation, ...] = (overwrite, randomise, cut_out, cut_off, insert, repeat)
ELEMENTS: tuple[Mutation, ...] = (
    new_value, new_value, new_value, lie_about_length, other_vr, drop_element, repeat_element,
    other_tag,
)  # fmt: skip
YAML: tuple[Mutation, ...] = (move_line, repeat_line, indent_line, other_word, other_word)


def spoil(data: bytes, random: Random, *, is_yaml: bool, limit: int = 20_000) -> bytes:
    """Apply one to sixteen mutations."""
    spoilt = bytearray(data)
    special = YAML if is_yaml else ELEMENTS
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        if not spoilt:
            break
        random.choice(special if random.random() < 0.7 else BYTES)(spoilt, random)
        del spoilt[limit:]
    return bytes(spoilt)
