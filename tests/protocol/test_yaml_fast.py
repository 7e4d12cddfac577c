"""The fast reader of YAML agrees with the strict one wherever it answers."""

from __future__ import annotations

import random

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.protocol import protocol_files, yaml_exact
from sbrt_qa.protocol.yaml_fast import Doubtful, plain_values, top_values

FILES = {name: file.read_text(encoding="utf-8") for name, file in protocol_files.library().items()}

ODD = (
    *":-?#[]{},'\"|>&*!%@`\\~\n ", ": ", "- ", "? ", "# ", "\n\n", "\n ", "<<: ", "a:b", "[a:b]",
    "{a:1}", "{a: b:c}", "{a?: 1}", '{"a":1}', "[?x]", "{?a: b}", "[-a]", "- -", "''", "x#y", " #x",
    "null", "no", "1:30", "0o7", "!!str ", "&x ", "*x", "|-\n", "|2\n", ">+\n", "|#", "--- ", "...",
    "\\/", "\t", "\x85", "\u2028", "\ufeff", "é", "“", "1e3", "::", ":x", "\"a\":x", "{a, b: }",
)  # fmt: skip
"""What the versions of YAML treat differently, and what breaks files."""


def strictly(text: str) -> object:
    """Return what the strict reader makes of a text, or its error."""
    try:
        return yaml_exact.YamlReader(text, "file").read()
    except ProtocolError as error:
        return str(error)


def parts_of_files(rng: random.Random, count: int) -> list[str]:
    """Return a few lines of a protocol each, spoiled in up to three places."""
    lines = [line for text in FILES.values() for line in text.split("\n")]
    found = []
    for _ in range(count):
        first = rng.randrange(len(lines) - 6)
        few = lines[first : first + rng.randrange(1, 6)]
        margin = min((len(x) - len(x.lstrip()) for x in few if x.strip()), default=0)
        text = "\n".join(line[margin:] for line in few)
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(ODD) + text[at + rng.randrange(3) :]
        found.append(text)
    return found


@pytest.mark.parametrize("name", FILES)
def test_protocols_of_the_library_are_read_fast_and_alike(name: str) -> None:
    values = plain_values(FILES[name], yaml_exact.scalar)
    assert repr(values) == repr(strictly(FILES[name]))
    assert isinstance(values, dict)
    keys = ("id", "version", "effective")
    head = top_values(FILES[name], keys, yaml_exact.scalar)
    assert head == {key: values[key] for key in keys}


@pytest.mark.parametrize("seed", range(4))
def test_spoiled_files_are_read_alike_or_left_to_the_strict_reader(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    mixed = [
        "".join(rng.choices((*ODD, "a", "b", "c d", "1"), k=rng.randrange(1, 12)))
        for _ in range(500)
    ]
    answered = 0
    for text in (*parts_of_files(rng, 700), *mixed):
        try:
            values = plain_values(text, yaml_exact.scalar)
        except Doubtful:
            continue
        answered += 1
        assert repr(values) == repr(strictly(text)), repr(text)
    assert answered > 200


@pytest.mark.parametrize(
    "text",
    ["", "a: 1\na: 2\n", "a: &x 1\n", "a: !!str 1\n", "a: 1\n---\nb: 2\n", "a: [1", "x: |#\n"],
)
def test_what_is_refused_is_left_to_the_strict_reader(text: str) -> None:
    with pytest.raises(Doubtful):
        plain_values(text, yaml_exact.scalar)
