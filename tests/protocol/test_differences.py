"""Differences between protocols, in words."""

from __future__ import annotations

import datetime as dt

import pytest

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.differences import Part, bounds_text, differences, paired_limits
from sbrt_qa.protocol.schema import Constraint, Protocol
from sbrt_qa.review.protocol_effect import protocol_effect
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


def texts(before: Protocol, after: Protocol) -> list[tuple[Part, str, str]]:
    return [(d.part, d.about, d.text) for d in differences(before, after)]


def test_a_protocol_does_not_differ_from_itself(liver: Protocol) -> None:
    assert differences(liver, liver) == ()


DUODENUM = "DUO5_D01 (Duodenum D0.1cc[Gy], when fractions == 5)"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"per_protocol": 30.0}, "<= 33, minor to 35 → <= 30, minor to 35 (stricter)"),
        ({"minor": 37.0}, "<= 33, minor to 35 → <= 33, minor to 37 (looser)"),
        ({"per_protocol": 34.0, "minor": 34.5}, "<= 33, minor to 35 → <= 34, minor to 34.5"),
        ({"minor": None, "beyond": "minor"}, "<= 33, minor to 35 → <= 33, then minor"),
        ({"priority": 3}, "priority: 1 → 3"),
        ({"source": ("TG101",)}, "source: UK22 → TG101"),
    ],
)
def test_a_limit_that_changed(liver: Protocol, changes: dict[str, object], text: str) -> None:
    after = changed(liver, "DUO5_D01", **changes)
    assert texts(liver, after) == [(Part.LIMITS, DUODENUM, text)]


def test_a_lower_bound_is_looser_when_it_falls(liver: Protocol) -> None:
    first = liver.targets[0]
    after = liver.model_copy(
        update={"targets": (first.model_copy(update={"per_protocol": 92.0}), *liver.targets[1:])}
    )
    ((_, about, text),) = texts(liver, after)
    assert about == "TGT_V100 (PTV V100%[%])"
    assert text == ">= 95, minor to 90 → >= 92, minor to 90 (looser)"


def test_a_limit_that_came_or_went(liver: Protocol) -> None:
    without = changed(liver, "DUO5_D01")
    assert texts(liver, without) == [
        (Part.LIMITS, DUODENUM, "gone; it was <= 33, minor to 35"),
    ]
    assert texts(without, liver) == [(Part.LIMITS, DUODENUM, "new: <= 33, minor to 35")]


def test_facts_prescriptions_structures_and_sources(liver: Protocol) -> None:
    after = liver.model_copy(
        update={
            "version": "0.2",
            "effective": dt.date(2030, 1, 1),
            "statement": "Another.",
            "prescriptions": liver.prescriptions[1:],
            "structures": liver.structures[:-1],
            "sources": {k: v for k, v in liver.sources.items() if k != "EVIQ"},
        }
    )
    found = texts(liver, after)
    assert found[:3] == [
        (Part.FACTS, "version", "0.1 → 0.2"),
        (Part.FACTS, "effective", f"{liver.effective} → 2030-01-01"),
        (Part.FACTS, "statement", "reworded"),
    ]
    assert (Part.PRESCRIPTIONS, "50 Gy in 5", "no longer allowed") in found
    assert (Part.STRUCTURES, liver.structures[-1].name, "gone") in found
    assert found[-1] == (Part.SOURCES, "EVIQ", "gone")


def test_parts_without_words_of_their_own_are_told_all_the_same(liver: Protocol) -> None:
    after = liver.model_copy(update={"unclear_names": {**liver.unclear_names, "X": "anything"}})
    assert texts(liver, after) == [(Part.OTHER, "unclear_names X", "none → anything")]


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
    assert [d.part for d in differences(liver, renamed)] == [Part.FACTS]


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
    assert [(c.about, c.after) for c in effect.changes] == [
        ("DUO5_D01 (Duodenum D0.1cc[Gy])", None)
    ]
    assert effect.changes[0].before in set(Verdict)
    same = protocol_effect((liver, liver), (reviews[0], reviews[0]))
    assert same.changes == ()
