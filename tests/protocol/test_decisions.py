"""The open decisions of the liver protocol: as data, as a command, as a page of the docs."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.protocol.unread import unread_numbers
from sbrt_qa.reports.protocol_decisions import decisions_json, decisions_page, decisions_table
from sbrt_qa.reports.registry import Page

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "make_decisions_page.py"
FILE = ROOT / "protocols" / "liver_sbrt.yaml"

ASKED = {
    "targets", "liver_rule", "remnant_rule", "fractionations", "isotoxic", "vessels", "skin",
    "chest_wall", "hot_spot", "coverage_lost", "anastomosis",
}  # fmt: skip


def test_the_decisions_that_are_open(liver: Protocol) -> None:
    found = {d.id: d for d in liver.decisions}
    assert found.keys() >= ASKED
    assert all(len(d.choices) > 1 and d.chosen().text for d in found.values())
    assert found["liver_rule"].in_force == liver.liver_rule
    assert found["remnant_rule"].in_force == liver.remnant_rule.in_force


def test_every_form_has_decisions_choices_and_unread_numbers(liver: Protocol) -> None:
    table = decisions_table(liver, Page(200))
    page, data = decisions_page(liver), json.loads(decisions_json(liver))
    for text in (table, page):
        assert "Draft limits from publications" in text.splitlines()[0]
        for decision in liver.decisions:
            assert decision.question in text
            assert all(c.id in text for c in decision.choices)
        assert "LIV5_MEAN_UK" in text
    assert next(iter(data)) == "draft"
    assert data["draft"] is True
    assert {d["id"] for d in data["decisions"]} == {d.id for d in liver.decisions}
    chosen = {c["id"] for d in data["decisions"] for c in d["choices"] if c["in_force"]}
    assert chosen >= {"rtog_1112_ladder", "not_evaluable", "each"}
    assert len(data["unread"]) == len(unread_numbers(liver)) > 100


def test_a_number_that_was_read_is_no_longer_listed(liver: Protocol) -> None:
    """All that was done to it is the word that says so."""
    text = FILE.read_text(encoding="utf-8")
    before = "published_volume: 0.1 cc, published_as: mandatory, confidence: transcribed}"
    place = text.index("id: LBW5_D01")
    at = text.index("confidence: transcribed}", place)
    changed = text[:at] + "confidence: read}" + text[at + len("confidence: transcribed}") :]
    assert before.split(", ")[0] in changed
    read = parse_protocol(changed.encode(), "x.yaml")
    gone = {n.limit for n in unread_numbers(liver)} - {n.limit for n in unread_numbers(read)}
    assert gone == {"LBW5_D01"}


def test_the_page_is_what_the_file_says() -> None:
    specification = importlib.util.spec_from_file_location("make_decisions_page", SCRIPT)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), (
        "run scripts/make_decisions_page.py"
    )


def refused(old: str, new: str, count: int = 1) -> str:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ProtocolError) as failed:
        parse_protocol(text.replace(old, new, count).encode(), "x.yaml")
    return str(failed.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("published_volume: 0.5 cc", "published_volume: 0.035 cc", "volumes are never mixed"),
        ("published_volume: mean", "published_volume: 5 cc", "the metric Mean[Gy] asks for mean"),
        (
            "published_volume: coldest 700 cc",
            "published_volume: 700 cc",
            "asks for coldest 700 cc",
        ),
        (
            "per_protocol: {source: UK22",
            "per_protocol: {source: XX",
            "no source is called 'XX'",
        ),
        (
            "published_as: optimal, confidence: transcribed",
            "published_as: optimal, confidence: sure",
            "is no confidence term",
        ),
        (
            "liver_rule: rtog_1112_ladder\n\nremnant",
            "liver_rule: uk_2022_bound\n\nremnant",
            "in force is",
        ),
        (
            "  in_force: not_evaluable\n  structure",
            "  in_force: share_of_liver\n  structure",
            "in force is",
        ),
        ("    in_force: each\n", "    in_force: nothing\n", "is none of the choices"),
        ("limits: [TGT_DMAX_HI]", "limits: [TGT_XX]", "no limit is called 'TGT_XX'"),
        ('approved_by: ""', "approved_by: Somebody", "stand together or not at all"),
        ("around: SpinalCord,", "around: Cord,", "no other structure 'Cord'"),
        ("structure: Kidney_R, metric", "structure: Kidney_X, metric", "no structure 'Kidney_X'"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(old: str, new: str, told: str) -> None:
    assert told in refused(old, new)


def test_bands_that_no_publication_gives_are_refused() -> None:
    mandatory = (
        "        per_protocol: 25.3\n",
        "        per_protocol: 25.3\n        minor: 28.0\n",
    )
    assert "a mandatory limit has no minor band beyond it" in refused(*mandatory)
    step = ("        per_protocol: 15.5\n", "        per_protocol: 15.5\n        minor: 16.5\n")
    assert "above a step of the ladder comes the next level" in refused(*step)
    alone = ("per_protocol: 70\n        beyond: minor\n", "per_protocol: 70\n")
    assert "an optimal limit alone is never worse than minor" in refused(*alone)
