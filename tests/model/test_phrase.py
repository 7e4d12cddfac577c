"""Sentences that keep what they were made of."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass, replace

import pytest

from sbrt_qa.errors import GeometryError
from sbrt_qa.i18n.phrase import (
    Phrase,
    counted,
    joined,
    phrases_in,
    said,
    say,
    stated,
    with_phrases,
)
from sbrt_qa.model.outcome import Reason, ReasonCode

OUTSIDE = say("{0} cc lie outside {1}", "3.2", "Liver {1}")


def parts(text: str) -> object:
    return [text.template, *map(parts, text.values)] if isinstance(text, Phrase) else text


def test_a_phrase_is_its_english_text_and_keeps_its_parts() -> None:
    assert OUTSIDE == "3.2 cc lie outside Liver {1}"
    assert (OUTSIDE.template, OUTSIDE.values) == ("{0} cc lie outside {1}", ("3.2", "Liver {1}"))
    assert say("{0} beams", 3) == "3 beams"
    assert say("in {braces}, and {0}") == "in {braces}, and {0}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OUTSIDE, id="flat"),
        pytest.param(say("cannot be told: {0}", OUTSIDE), id="nested"),
        pytest.param(joined("; ", (OUTSIDE, "plain")), id="joined"),
        pytest.param(OUTSIDE + ", and more", id="added"),
    ],
)
def test_its_parts_survive_copies_and_other_processes(text: Phrase) -> None:
    held = replace(Reason(ReasonCode.NO_DOSE, "?"), detail=text)
    pickled = pickle.loads(pickle.dumps(text))  # noqa: S301 - our own
    for again in (pickled, copy.deepcopy(text), held.detail):
        assert again == text
        assert parts(again) == parts(text)


def test_what_is_added_keeps_its_parts() -> None:
    assert parts(OUTSIDE + say(" by far")) == ["{0}{1}", parts(OUTSIDE), [" by far"]]
    assert parts("'A'" + say(" is odd")) == ["{0}{1}", "'A'", [" is odd"]]


def test_a_list_of_names_is_plain_and_a_list_of_phrases_is_a_phrase() -> None:
    assert not isinstance(joined(", ", ("a", "b")), Phrase)
    assert parts(joined(", ", ("a", "", say("none")))) == [", ", "a", ["none"]]
    assert joined("; ", ("", OUTSIDE)) is OUTSIDE
    assert joined("; ", ()) == ""
    assert parts(joined(" or ", ("a", "b"))) == [" or ", "a", "b"]


@pytest.mark.parametrize(
    ("number", "nouns", "text"),
    [
        (0, ("gap",), "0 gaps"),
        (1, ("gap",), "1 gap"),
        (2, ("gap",), "2 gaps"),
        (1, ("query", "queries"), "1 query"),
        (3, ("query", "queries"), "3 queries"),
    ],
)
def test_one_is_not_plural(number: int, nouns: tuple[str, ...], text: str) -> None:
    assert counted(number, *nouns) == text


def test_an_error_becomes_a_phrase_with_the_same_words() -> None:
    error = GeometryError(
        "too long", where="ROI 3", got="5", expected="at most 4", advice="Cut it."
    )
    assert said(error) == str(error)
    assert said(GeometryError("too long")).template == "too long"
    assert stated("two\n  words") == "two words"


@dataclass(frozen=True)
class Held:
    notes: tuple[str, ...]
    by_name: dict[str, str]


def test_parts_go_through_json_by_their_places() -> None:
    held = Held((OUTSIDE, "plain"), {"a": say("cannot be told: {0}", OUTSIDE)})
    table = json.loads(json.dumps(phrases_in(held)))
    assert table.keys() == {"notes/0", "by_name/a"}
    bare = Held(tuple(map(str.__str__, held.notes)), {"a": str.__str__(held.by_name["a"])})
    again = with_phrases(bare, table)
    assert again == held
    assert parts(again.notes[0]) == parts(OUTSIDE)
    assert parts(again.by_name["a"]) == parts(held.by_name["a"])


def nest(depth: int) -> object:
    return ["{0}", nest(depth - 1)] if depth else "x"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(None, id="none, as in reviews stored before"),
        pytest.param({"notes/0": ["another text"]}, id="of another text"),
        pytest.param({"notes/0": [5, "x"]}, id="no sentence"),
        pytest.param({"notes/0": ["{0.__class__}"]}, id="reaching for more"),
        pytest.param({"notes/0": nest(200)}, id="too deep"),
        pytest.param({"notes/7": ["x"], "notes": ["x"], "": ["x"]}, id="no such place"),
    ],
)
def test_broken_parts_leave_plain_text(table: object) -> None:
    held = Held(("x",), {})
    assert with_phrases(held, table) == held
    assert not isinstance(with_phrases(held, table).notes[0], Phrase)


def test_a_place_may_have_names_with_slashes() -> None:
    held = Held((), {"a/b": OUTSIDE, "a": say("plain")})
    table = phrases_in(held)
    assert table.keys() == {"by_name/a/b", "by_name/a"}
    bare = Held((), {name: str.__str__(text) for name, text in held.by_name.items()})
    again = with_phrases(bare, table)
    assert parts(again.by_name["a/b"]) == parts(OUTSIDE)
    assert isinstance(again.by_name["a"], Phrase)
    assert with_phrases(held, {"/" * 5_000: ["x"]}) is held
