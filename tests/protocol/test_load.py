"""Reading protocol files: what is accepted, what is refused, and how errors name the place."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol.definition import SCHEMA, Protocol, protocol_json_schema
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.protocol_files import MAX_BYTES, library, load_protocol, parse_protocol

SMALL = """\
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2026-01-01
title: A small protocol
statement: For tests only.
sources:
  BOOK: {citation: A book, read_as: in print}
confidence_terms:
  sure: read in print
prescriptions:
  - {id: 50Gy/5fx, total_gy: 50, fractions: 5}
structures:
  - name: PTV
    kind: target
    required: true
  - name: Liver
    kind: organ
    required: if near the target
    aliases:
      de: [Leber]
targets:
  - {id: COVER, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
     priority: 1, source: [BOOK], confidence: sure}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - id: LIVER
        structure: Liver
        metric: Mean[Gy]
        op: <=
        per_protocol: 13.0
        minor: 15.2
        priority: 1
        source: [BOOK]
        confidence: sure
"""


def parsed(text: str) -> Protocol:
    return parse_protocol(text.encode(), "small.yaml")


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SMALL.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + SMALL.encode(), id="byte order mark"),
        pytest.param(SMALL.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(b"---\n" + SMALL.encode() + b"...\n", id="document marks"),
        pytest.param(b"# a comment\n" + SMALL.encode(), id="comment"),
    ],
)
def test_equal_content_has_equal_hash(content: bytes) -> None:
    assert parse_protocol(content, "x").content_hash == parsed(SMALL).content_hash


def test_another_limit_has_another_hash() -> None:
    other = parsed(changed("per_protocol: 13.0", "per_protocol: 13.1"))
    assert other.content_hash != parsed(SMALL).content_hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "x.yaml: the file is empty", id="empty"),
        pytest.param("- a\n- b\n", "a protocol is a mapping", id="a list"),
        pytest.param("just words", "a protocol is a mapping", id="text"),
        pytest.param("a: [1, 2\nb: 3\n", r"x.yaml:2: not valid YAML", id="open bracket"),
        pytest.param(
            "a:\n\t- b\n", r"x.yaml:2: not valid YAML: .*\\t.*Indent with blanks", id="tab"
        ),
        pytest.param("a: 1\nb: 2\na: 3\n", "x.yaml:3: .*the key 'a' a second time", id="duplicate"),
        pytest.param(
            "a: !!python/object/apply:os.system [ls]\n", "x.yaml:1: .*the tag", id="python tag"
        ),
        pytest.param("a: !!str 1\n", "x.yaml:1: .*the tag", id="harmless tag"),
        pytest.param("a: &x 1\n", "x.yaml:1: .*an anchor or alias", id="anchor"),
        pytest.param("a: 1\nb: *x\n", "x.yaml:2: .*an anchor or alias", id="alias"),
        pytest.param("a: 1\n---\nb: 1\n", "x.yaml:2: .*a second document", id="two documents"),
        pytest.param("%YAML 1.1\n---\na: no\n", "a directive", id="directive"),
        pytest.param("? [a, b]\n: 1\n", "a key that is no text", id="list as key"),
        pytest.param("a: " + "[" * 5000, "more than 20 levels", id="deep"),
        pytest.param("a: \x00\n", "not valid YAML", id="NUL"),
        pytest.param("a: 1\n" * 2, "x.yaml:2: .*a second time", id="repeated line"),
    ],
)
def test_broken_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(text.encode(), "x.yaml")


def test_an_alias_bomb_ends_at_its_first_anchor() -> None:
    """A file of a few lines that would grow to billions of values (ACCEPTANCE D3)."""
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    with pytest.raises(ProtocolError, match=r"x:1: .*anchor"):
        parse_protocol(bomb.encode(), "x")


def test_wrong_encoding_names_the_line() -> None:
    content = SMALL.encode().replace(b"Leber", "Lébér".encode("latin-1"))
    line = SMALL[: SMALL.index("Leber")].count("\n") + 1
    with pytest.raises(ProtocolError, match=rf"x:{line}: the file is not UTF-8"):
        parse_protocol(content, "x")


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="too large"):
        parse_protocol(b"#" * (MAX_BYTES + 1), "x")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minor: 15.2", "minor: 12.0", r"options\[0\].constraints\[0\].*stricter"),
        ("minor: 90,", "minor: 96,", r"targets\[0\].*stricter"),
        ("minor: 15.2", "minor: .nan", r":34 options\[0\].constraints\[0\].minor: .*finite"),
        ("per_protocol: 13.0", "per_protocol: .inf", r":33 .*per_protocol: .*finite"),
        ("minor: 15.2", "minor: '15.2'", r":34 .*minor: .*number"),
        ("minor: 15.2", "minor: 1:30", r":34 .*minor: .*number; got '1:30'"),
        ("minor: 15.2", "minor: 015", r":34 .*minor: .*number; got '015'"),
        ("minor: 15.2", "minor: 1_5", r":34 .*minor: .*number"),
        ("minor: 15.2", "minor: true", r":34 .*minor: .*number"),
        ("priority: 1\n", "priority: 5\n", r":35 .*priority: "),
        ("minor: 15.2", "Minor: 15.2", r":34 options\[0\].constraints\[0\].Minor: unknown key"),
        ("op: <=", "op: =<", r":32 .*op: .*'<='"),
        ("op: <=", "op: report", r":32 .*has no bounds"),
        ("        per_protocol: 13.0\n        minor: 15.2\n", "", "needs a per-protocol bound"),
        ("structure: Liver\n", "structure: Lever\n", r":30 .*not a structure of the protocol"),
        ("structure: Liver\n", "structure: Liver-Spleen\n", r":30 .*not a structure"),
        ("metric: Mean[Gy]", "metric: Average[Gy]", r":31 .*unknown metric.*Mean"),
        ("metric: Mean[Gy]", "metric: D5cc", r":31 .*unit of the result is missing"),
        ("metric: Mean[Gy]", "metric: Mean[cc]", r":31 .*metric: .*"),
        ("metric: Mean[Gy]", "metric: D5Gy[Gy]", r":31 .*metric: .*"),
        ("metric: Mean[Gy]", "metric: D5ml[Gy]", r":31 .*metric: .*"),
        ("metric: Mean[Gy]", "metric: V5Gy[%Heart]", r":31 .*'Heart' is not a structure"),
        ("        source: [BOOK]", "        source: [BOK]", r":36 .*no source is called 'BOK'"),
        ("        source: [BOOK]", "        source: []", r":36 .*source: "),
        ("        confidence: sure", "        confidence: maybe", r":37 .*no confidence term"),
        ("- id: LIVER", "- id: COVER", r":29 .*two limits called 'COVER'"),
        ("- name: Liver", "- name: P T V", r":17 .*the same name as 'PTV', folded"),
        ("[Leber]", "[p t v]", r":21 .*'p t v' is also a name of 'PTV'"),
        ("fractions == 5", "fraction == 5", r":27 options\[0\].when: not a condition"),
        ("fractions == 5", "__import__('os')", r":27 options\[0\].when: not a condition"),
        ("required: true", "required: no", r":16 .*write true or false"),
        ("kind: organ", "kind: tissue", r":18 structures\[1\].kind: "),
        ("title: A small protocol\n", "", r":1 title: this key is missing"),
        ("effective: 2026-01-01", "effective: soon", r":4 effective: .*date"),
        ("sbrt_qa.protocol/1", "sbrt_qa.protocol/9", r":1 schema: "),
        ("id: small", "id: ../../etc", r":2 id: "),
    ],
)
def test_wrong_content_is_refused_with_line_and_path(old: str, new: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=rf"^small\.yaml.*{message}"):
        parsed(changed(old, new))


def test_several_errors_are_named_together() -> None:
    text = changed("minor: 15.2", "minor: x").replace("kind: organ", "kind: tissue")
    with pytest.raises(ProtocolError, match=r":18 .*Also wrong: small.yaml:34 options\[0\]"):
        parsed(text)


def test_yaml_1_2_words_stay_words() -> None:
    """`no`, `on` and `off` are text, also as keys (ACCEPTANCE D3)."""
    protocol = parsed(changed("de: [Leber]", "no: [Lever, on, off, 1:30]"))
    assert protocol.structures[1].aliases == {"no": ("Lever", "on", "off", "1:30")}


def test_a_pattern_in_an_alias_is_plain_text(
    structure_set: Callable[..., StructureSet],
) -> None:
    """No alias is ever a regular expression, so none can backtrack (ACCEPTANCE D3)."""
    protocol = parsed(changed("[Leber]", '["(a+)+$", "Leber.*", "^(([a-z])+.)+$"]'))
    assert protocol.structures[1].aliases == {"de": ("(a+)+$", "Leber.*", "^(([a-z])+.)+$")}
    names = [f"{'a' * 50_000}!", "aaa", "Lebertumor", "(a+)+$"]
    found = Matcher(protocol, structure_set(names), {}).find("Liver")
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("(a+)+$",)


def test_a_hundred_thousand_limits_are_refused_unread() -> None:
    start = SMALL.index("      - id: LIVER")
    one = SMALL[start:]
    many = SMALL[:start] + "".join(one.replace("LIVER", f"L{i}", 1) for i in range(100_000))
    with pytest.raises(ProtocolError, match="too large"):
        parse_protocol(many.encode(), "x")


def test_hostile_text_is_shown_made_visible() -> None:
    with pytest.raises(ProtocolError) as caught:
        parsed(changed("op: <=", 'op: "\\e[2J\\u202e"'))
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def with_table(between_rows: str, *volumes: str) -> str:
    rows = "".join(f"{{ptv_cc: {v}, per_protocol: 2, minor: 3}}, " for v in volumes)
    limit = f"between_rows: {between_rows}, table: [{rows}]"
    facts = "id: R, metric: R50, meaning: spill, op: <=, priority: 3"
    sure = "source: [BOOK], confidence: sure"
    return f"{SMALL}conformity:\n  - {{{facts}, {sure}, {limit}}}\n"


@pytest.mark.parametrize(
    ("between_rows", "volumes", "message"),
    [
        ("step", ("20", "20"), r"table\[1\].ptv_cc: 20 does not rise"),
        ("linear", ("20", "10"), r"table\[1\].ptv_cc: 10 does not rise"),
        ("linear", ("20", "null"), "only the last of several steps"),
        ("step", ("null", "20"), "only the last of several steps"),
        ("step", ("null",), "only the last of several steps"),
    ],
)
def test_volumes_of_a_table_rise(between_rows: str, volumes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parsed(with_table(between_rows, *volumes))


def test_steps_may_end_without_a_volume() -> None:
    (limit,) = parsed(with_table("step", "20", "null")).conformity
    assert [row.ptv_cc for row in limit.table] == [20, None]


def test_the_library_is_found() -> None:
    assert "liver_sbrt" in library()
    assert load_protocol("liver_sbrt").id == "liver_sbrt"


def test_a_file_is_loaded_by_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert load_protocol(file) == load_protocol(str(file)) == parsed(SMALL)


def test_an_unknown_protocol_lists_the_library(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"'none.yaml'; expected .*liver_sbrt") as caught:
        load_protocol(tmp_path / "none.yaml")
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("lung_sbrt", "'lung_rtog0813_like'"),
        ("Lung", "'lung_rtog0813_like'"),
        ("prostate", "'prostate_5fx'"),
        ("liver_sbtr", "'liver_sbrt'"),
        ("tg102", "'tg101'"),
    ],
)
def test_an_unknown_protocol_asks_for_one_of_the_same_site(name: str, meant: str) -> None:
    """A plan of the lung is never offered the limits of the spine, however alike the words are."""
    with pytest.raises(ProtocolError, match=re.escape(f"Did you mean {meant}?")):
        load_protocol(name)


def test_a_folder_is_no_protocol(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="no such protocol"):
        load_protocol(tmp_path)


def test_json_schema_names_the_format_and_is_json() -> None:
    schema = json.loads(json.dumps(protocol_json_schema()))
    assert schema["properties"]["schema"]["const"] == SCHEMA
    assert schema["additionalProperties"] is False
    assert "Constraint" in schema["$defs"]


def test_a_protocol_cannot_be_changed() -> None:
    protocol = parsed(SMALL)
    with pytest.raises(ValueError, match="frozen"):
        protocol.title = "another"  # type: ignore[misc]


def test_damaged_files_only_ever_raise_protocol_errors() -> None:
    """Deleted, doubled and foreign characters: a message or a protocol, nothing else."""
    chance = random.Random(1)  # noqa: S311
    refused = 0
    for _ in range(300):
        text = SMALL
        for _ in range(chance.choice((1, 2, 5))):
            i, j = sorted(chance.randrange(len(text)) for _ in range(2))
            middle = chance.choice(
                ("", text[i : i + 20], "\t", "&a *a", "[{", "}]: -", "\x80", "'\"")
            )
            text = text[:i] + middle + text[min(j, i + chance.choice((0, 1, 9))) :]
        try:
            parsed(text)
        except ProtocolError as error:
            assert str(error).startswith("small.yaml")  # noqa: PT017
            refused += 1
    assert refused > 200
