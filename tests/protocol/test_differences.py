"""Differences between protocols, in words."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from sbrt_qa.compare.protocol_effect import protocol_effect
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.differences import ProtocolPart, condition_text, differences, paired_limits
from sbrt_qa.protocol.limit_moves import Move, bounds_text
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.protocol_diff_text import differences_json, render_differences
from sbrt_qa.review.review import review_case


def changed(protocol: Protocol, limit: str, **changes: object) -> Protocol:
    """Return the protocol with one limit changed; `limit=None` as a change removes it."""
    options = []
    for option in protocol.options:
        rows = []
        for row in option.constraints:
            if row.id == limit:
                if changes:
                    rows.append(row.model_copy(update=changes))
            else:
                rows.append(row)
        options.append(option.model_copy(update={"constraints": tuple(rows)}))
    return protocol.model_copy(update={"options": tuple(options)})


def texts(before: Protocol, after: Protocol) -> list[tuple[ProtocolPart, str, str]]:
    return [(d.part, d.about, d.text) for d in differences(before, after)]


def test_a_protocol_does_not_differ_from_itself(liver: Protocol) -> None:
    assert differences(liver, liver) == ()


def of_limit(before: Protocol, after: Protocol) -> tuple[object, ...]:
    (found,) = differences(before, after)
    assert found.part is ProtocolPart.LIMITS
    return found.about, found.id, found.when, found.move, found.text, found.how


DUODENUM = ("Duodenum D0.1cc", "DUO5_D01", "5 fractions")
SAME = "≤ 33 Gy, minor to 35"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"per_protocol": 30.0},
            (Move.STRICTER, f"{SAME} → ≤ 30 Gy, minor to 35", "stricter by 3 Gy"),
        ),
        (
            {"per_protocol": 30.0, "minor": 32.0},
            (Move.STRICTER, f"{SAME} → ≤ 30 Gy, minor to 32", "stricter by 3 Gy"),
        ),
        (
            {"minor": 37.0},
            (Move.LOOSER, f"{SAME} → ≤ 33 Gy, minor to 37", "major above 37 Gy, was 35"),
        ),
        (
            {"per_protocol": 34.0, "minor": 34.5},
            (
                Move.MIXED, f"{SAME} → ≤ 34 Gy, minor to 34.5",
                "looser by 1 Gy, major above 34.5 Gy, was 35",
            ),
        ),
        (
            {"minor": None, "beyond": "minor"},
            (Move.LOOSER, f"{SAME} → ≤ 33 Gy, then minor", "minor at worst"),
        ),
        (
            {"op": "<"},
            (
                Move.STRICTER,
                f"{SAME} → < 33 Gy, minor to 35",
                "the bound itself no longer meets it",
            ),
        ),
        (
            {"op": "report", "per_protocol": None, "minor": None},
            (Move.LOOSER, f"{SAME} → reported only", "now reported only"),
        ),
        (
            {"op": ">=", "minor": 30.0},
            (Move.OTHER, f"{SAME} → ≥ 33 Gy, minor to 30", "another kind of limit"),
        ),
        (
            {"priority": 3},
            (Move.LOOSER, SAME, "minor at worst (priority 1 → 3)"),
        ),
        (
            {"priority": 4},
            (Move.LOOSER, SAME, "now reported only (priority 1 → 4)"),
        ),
        (
            {"priority": 3, "minor": None},
            (Move.LOOSER, f"{SAME} → ≤ 33 Gy", "minor at worst (priority 1 → 3)"),
        ),
    ],
)  # fmt: skip
def test_a_limit_that_changed(
    liver: Protocol, changes: dict[str, object], expected: tuple[object, ...]
) -> None:
    after = changed(liver, "DUO5_D01", **changes)
    assert of_limit(liver, after) == (*DUODENUM, *expected)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"priority": 2}, "priority: 1 → 2"),
        ({"source": ("TG101",)}, "source: UK22 → TG101"),
    ],
)
def test_what_moves_no_verdict_is_of_citation(
    liver: Protocol, changes: dict[str, object], text: str
) -> None:
    (found,) = differences(liver, changed(liver, "DUO5_D01", **changes))
    assert (found.of_citation, found.text) == (True, text)


def test_a_limit_that_is_only_minor_may_become_major(liver: Protocol) -> None:
    before = changed(liver, "DUO5_D01", minor=None, beyond="minor")
    after = changed(liver, "DUO5_D01", minor=None)
    assert of_limit(before, after)[-1] == "major above 33 Gy, was minor at worst"


def test_a_lower_bound_is_looser_when_it_falls(liver: Protocol) -> None:
    first, *rest = liver.targets.limits
    limits = (first.model_copy(update={"per_protocol": 92.0}), *rest)
    after = liver.model_copy(
        update={"targets": liver.targets.model_copy(update={"limits": limits})}
    )
    assert of_limit(liver, after) == (
        "PTV V100%", "TGT_V100", "any plan", Move.LOOSER,
        "≥ 95 %, minor to 90 → ≥ 92 %, minor to 90", "looser by 3 %",
    )  # fmt: skip


def test_bounds_by_volume_move_where_they_do_at_some_volume(liver: Protocol) -> None:
    place = next(i for i, c in enumerate(liver.conformity) if c.table)
    limit = liver.conformity[place]
    row = limit.table[0].model_copy(update={"per_protocol": 7.0})
    table = limit.model_copy(update={"table": (row, *limit.table[1:])})
    rows = (*liver.conformity[:place], table, *liver.conformity[place + 1 :])
    found = of_limit(liver, liver.model_copy(update={"conformity": rows}))
    assert (found[3], found[-1]) == (Move.STRICTER, "stricter for some target volumes")


def test_a_limit_that_came_or_went(liver: Protocol) -> None:
    without = changed(liver, "DUO5_D01")
    assert of_limit(liver, without) == (*DUODENUM, Move.GONE, SAME, "")
    assert of_limit(without, liver) == (*DUODENUM, Move.NEW, SAME, "")


def test_plan_checks_that_are_set_otherwise(liver: Protocol) -> None:
    rules = dict(liver.checks)
    code = "DOSE_GRID_SPACING"
    other = rules[code].model_copy(
        update={"severity": "minor", "parameters": {**rules[code].parameters, "minor_mm": 4.0}}
    )
    after = liver.model_copy(update={"checks": {**rules, code: other}})
    assert texts(liver, after) == [
        (ProtocolPart.CHECKS, code, "severity major → minor, minor_mm 3.0 → 4.0")
    ]
    gone = liver.model_copy(update={"checks": {k: v for k, v in rules.items() if k != code}})
    assert texts(liver, gone) == [(ProtocolPart.CHECKS, code, "as it comes, was set")]


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ("", "any plan"),
        ("fractions == 1", "1 fraction"),
        ("fractions == 5 and prescription_gy == 50", "5 fractions, 50 Gy"),
        ("fractions >= 3 and prescription_gy <= 40", "fractions ≥ 3, prescribed Gy ≤ 40"),
        ("(fractions == 5 or fractions == 1) and x < 2", "(5 fractions or 1 fraction), x < 2"),
    ],
)
def test_conditions_in_words(when: str, text: str) -> None:
    assert condition_text(when) == text


def test_the_diff_reads_in_words(liver: Protocol, make_case) -> None:
    """Verdicts of the case first, then limits by what became of them; sources only when asked."""
    after = changed(liver, "DUO5_D01").model_copy(update={"version": "0.3"})
    after = changed(after, "STO5_D01", per_protocol=30.0, source=("TG101",))
    case = make_case(["PTV", "Duodenum"])
    reviews = (review_case(case, liver, bands=False), review_case(case, after, bands=False))
    both = (liver, after)
    found, effects = differences(*both), [protocol_effect(both, reviews)]
    text = render_differences(both, found, effects)
    assert text.splitlines()[0] == "Draft limits from publications, not approved by the trial."
    assert text.splitlines()[3].startswith("Case ")
    assert "Duodenum D0.1cc (DUO5_D01), no value: not evaluable → not in liver_sbrt 0.3" in text
    assert "1 limit stricter\n  5 fractions\n    Stomach D0.1cc: ≤ 33 Gy, minor to 35 →" in text
    assert "1 limit only in liver_sbrt 0.2\n  5 fractions: Duodenum D0.1cc ≤ 33 Gy" in text
    assert "source:" not in text
    assert "source: UK22 → TG101" in render_differences(both, found, sources=True)
    told = json.loads(differences_json(both, found, effects))
    assert {d["id"] for d in told["differences"]} >= {"DUO5_D01", "STO5_D01"}
    assert told["cases"][0]["changes"][0]["silent"] == "not in liver_sbrt 0.3"


@pytest.mark.parametrize(
    "other", ["hcc_rtog1112_like", "liver_sbrt@0.1", "tg101", "timmerman_2022", "uk_sabr_2022"]
)
def test_the_diff_is_whole_in_chinese(liver: Protocol, other: str) -> None:
    both = (liver, load_protocol(other))
    for order in (both, both[::-1]):
        found = differences(*order)
        told = render_differences(order, found, sources=True, language="zh")
        assert "[en]" not in told
        assert "无变化" not in told
        assert "{'" not in told, "records of a protocol are named, never dumped"
        assert "[en]" not in render_differences(order, found)


def test_facts_prescriptions_structures_and_sources(liver: Protocol) -> None:
    after = liver.model_copy(
        update={
            "version": "0.3",
            "effective": dt.date(2030, 1, 1),
            "statement": "Another.",
            "prescriptions": liver.prescriptions[1:],
            "structures": liver.structures[:-1],
            "sources": {k: v for k, v in liver.sources.items() if k != "EVIQ"},
        }
    )
    found = texts(liver, after)
    assert found[:3] == [
        (ProtocolPart.FACTS, "version", "0.2 → 0.3"),
        (ProtocolPart.FACTS, "effective", f"{liver.effective} → 2030-01-01"),
        (ProtocolPart.FACTS, "statement", "reworded"),
    ]
    assert (ProtocolPart.PRESCRIPTIONS, "50 Gy in 5", "no longer allowed") in found
    assert (ProtocolPart.STRUCTURES, liver.structures[-1].name, "gone") in found
    assert found[-1] == (ProtocolPart.SOURCES, "EVIQ", "gone")


def test_parts_without_words_of_their_own_are_told_all_the_same(liver: Protocol) -> None:
    after = liver.model_copy(update={"unclear_names": {**liver.unclear_names, "X": "anything"}})
    assert texts(liver, after) == [(ProtocolPart.OTHER, "unclear_names X", "none → anything")]


def test_limits_of_other_protocols_are_paired_by_what_they_limit(liver: Protocol) -> None:
    renamed = liver.model_copy(
        update={
            "id": "other",
            "options": tuple(
                o.model_copy(
                    update={
                        "constraints": tuple(
                            c.model_copy(update={"id": f"X_{c.id}"}) for c in o.constraints
                        )
                    }
                )
                for o in liver.options
            ),
        }
    )
    assert all(a and b and a.place == b.place for a, b in paired_limits(liver, renamed))
    assert [d.part for d in differences(liver, renamed)] == [ProtocolPart.FACTS]


def test_bounds_that_depend_on_volume_and_reports(liver: Protocol) -> None:
    by_volume = next(c for c in liver.conformity if c.table)
    assert bounds_text(by_volume).endswith(
        "by PTV volume: 20 cc 7.5/9.5, 40 cc 6/7.5, larger 5.5/6.5"
    )
    report = next(c for c in liver.all_constraints if c.op == "report")
    assert isinstance(report, Constraint)
    assert bounds_text(report) == "reported only"


def test_verdicts_that_another_version_changes(liver: Protocol, make_case) -> None:
    """The case has no dose: everything is not evaluable, but for a limit that is gone."""
    without = changed(liver, "DUO5_D01")
    case = make_case(["PTV", "Duodenum"])
    reviews = (review_case(case, liver), review_case(case, without))
    effect = protocol_effect((liver, without), reviews)
    assert [(c.id, c.about, c.after, c.silent) for c in effect.changes] == [
        ("DUO5_D01", "Duodenum D0.1cc", None, "not in liver_sbrt 0.2")
    ]
    assert effect.changes[0].before in set(Verdict)
    same = protocol_effect((liver, liver), (reviews[0], reviews[0]))
    assert same.changes == ()
