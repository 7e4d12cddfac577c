"""Every protocol of the library: its schema, and whether its numbers make sense together."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.applicability import RX_NOT_IN_PROTOCOL, facts_of, select
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.protocol_files import library, load_protocol

NAMES = sorted({stem.partition("@")[0] for stem in library()})
TABLES = ("tg101", "timmerman_2022", "uk_sabr_2022")
every_protocol = pytest.mark.parametrize("name", NAMES)


def fractions_of(protocol: Protocol) -> dict[str, int]:
    found = {o.id: re.fullmatch(r"fractions == (\d+)", o.when) for o in protocol.options}
    return {name: int(match[1]) for name, match in found.items() if match}


def limits(name: str) -> dict[tuple[str, str], dict[int, Constraint]]:
    """Return the limits by structure and metric, then by fractions; those with a condition out."""
    protocol = load_protocol(name)
    numbers = fractions_of(protocol)
    rows: dict[tuple[str, str], dict[int, Constraint]] = defaultdict(dict)
    for option in protocol.options:
        for row in option.constraints:
            if not row.when and row.op != "report" and option.id in numbers:
                rows[row.structure, row.metric][numbers[option.id]] = row
    return rows


def test_the_library_has_the_cited_tables() -> None:
    assert set(NAMES) >= {"liver_sbrt", "hcc_rtog1112_like", *TABLES}
    fractions = {name: sorted(fractions_of(load_protocol(name)).values()) for name in NAMES}
    assert fractions["tg101"] == [1, 3, 5]
    assert fractions["timmerman_2022"] == [3, 5]
    assert fractions["uk_sabr_2022"] == [3, 5, 8]
    assert fractions["hcc_rtog1112_like"] == [5]


@every_protocol
def test_every_limit_says_where_it_comes_from_and_how_sure_it_is(name: str) -> None:
    """That sources and terms are defined is part of the schema; here: none stands unused."""
    protocol = load_protocol(name)
    rows = [*protocol.all_constraints, *protocol.conformity]
    cited = {s for row in rows for s in row.source}
    cited |= {s for d in protocol.decisions for choice in d.choices for s in choice.source}
    if rule := protocol.remnant_rule:
        numbers = (rule.minimum_spared_volume, rule.share_of_liver, rule.minimum_volume_to_enter)
        cited |= {s for one in numbers if one is not None for s in one.source}
    assert cited == set(protocol.sources)
    assert {row.confidence for row in rows} <= set(protocol.confidence_terms)
    assert all(source.citation and source.read_as for source in protocol.sources.values())


def bounds(row: Constraint) -> dict[str, float]:
    """Return what a table calls optimal and mandatory, the one it has or both."""
    if row.minor is not None:
        return {"optimal": row.per_protocol, "mandatory": row.minor}
    return {"optimal" if row.beyond == "minor" else "mandatory": row.per_protocol}


OF_TWO_TRIALS = {("lung_rtog0813_like", "Skin")}
"""RTOG 0813 held the skin in 5 fractions stricter than RTOG 0915 did in 4; the file says so."""


@every_protocol
def test_organ_limits_do_not_fall_as_fractions_rise(name: str) -> None:
    for place, by_fractions in limits(name).items():
        if (name, place[0]) in OF_TWO_TRIALS:
            continue
        rows = [row for _, row in sorted(by_fractions.items())]
        assert all(row.op in ("<=", "<") for row in rows)
        for fewer, more in itertools.combinations(map(bounds, rows), 2):
            for kind in fewer.keys() & more.keys():
                assert fewer[kind] <= more[kind], (place, kind)


@pytest.mark.parametrize("name", TABLES)
def test_a_larger_volume_has_a_lower_limit(name: str) -> None:
    """But for 30 cc of ribs in TG-101, which is another finding than its 1 cc."""
    by_place: dict[tuple[str, int, str], list[tuple[float, float]]] = defaultdict(list)
    for (structure, metric), rows in limits(name).items():
        volume = re.fullmatch(r"D(\d+\.?\d*)cc\[Gy\]", metric)
        for fractions, row in rows.items() if volume and metric != "D30cc[Gy]" else ():
            for kind, dose in bounds(row).items():
                by_place[structure, fractions, kind].append((float(volume[1]), dose))
    assert len(by_place) > 20
    for place, found in by_place.items():
        doses = [dose for _, dose in sorted(found)]
        assert doses == sorted(doses, reverse=True), place


SHARED = {"TG101": "tg101", "TIM22": "timmerman_2022", "UK22": "uk_sabr_2022"}


@pytest.mark.parametrize("source", SHARED)
def test_the_liver_protocol_cites_the_numbers_that_the_tables_have(source: str) -> None:
    """A limit that cites one table alone has that table's number."""
    table, compared = limits(SHARED[source]), 0
    for place, rows in limits("liver_sbrt").items():
        for fractions, row in rows.items():
            cited = table.get(place, {}).get(fractions)
            if row.source == (source,) and cited is not None:
                compared += 1
                assert row.per_protocol in bounds(cited).values(), row.id
    assert compared >= 4


SECOND_TRANSCRIPTION = {
    # structure, volume: threshold and maximum in 3, then in 5 fractions (Gy)
    ("Esophagus", "5"): (17.7, 25.2, 19.5, 35),
    ("GreatVes", "10"): (39, 45, 47, 53),
    ("Heart", "15"): (24, 30, 32, 38),
    ("Trachea", "4"): (15, 30, 16.5, 40),
    ("Bowel_Large", "20"): (24, 28.2, 25, 38),
    ("Duodenum", "5"): (16.5, 22.2, 18, 32),
    ("Bowel_Small", "5"): (17.7, 25.2, 19.5, 35),
    ("Stomach", "10"): (16.5, 22.2, 18, 32),
    ("Bladder", "15"): (16.8, 28.2, 18.3, 38),
    ("Skin", "10"): (30, 33, 36.5, 39.5),
    ("SpinalCord", "0.35"): (18, 21.9, 23, 30),
}


@pytest.mark.parametrize("place", SECOND_TRANSCRIPTION)
def test_tg101_as_another_transcription_has_it(place: tuple[str, str]) -> None:
    """The table of AAPM TG-101 as retyped from a second place than the file's."""
    structure, volume = place
    found = limits("tg101")
    volumes = found[structure, f"D{volume}cc[Gy]"]
    points = found[structure, "D0.035cc[Gy]"]
    numbers = [rows[fx].per_protocol for fx in (3, 5) for rows in (volumes, points)]
    assert numbers == list(SECOND_TRANSCRIPTION[place])


def test_uk_optimal_and_mandatory_limits() -> None:
    found = limits("uk_sabr_2022")
    both = found["Stomach", "D0.1cc[Gy]"][5]
    assert (both.per_protocol, both.minor, both.beyond) == (33, 35, "major")
    mandatory_only = found["Stomach", "D0.1cc[Gy]"][3]
    assert (mandatory_only.per_protocol, mandatory_only.minor) == (22.2, None)
    assert mandatory_only.beyond == "major"
    optimal_only = found["Stomach", "D10cc[Gy]"][5]
    assert (optimal_only.per_protocol, optimal_only.minor, optimal_only.beyond) == (
        25,
        None,
        "minor",
    )


def test_the_mean_liver_dose_of_the_hcc_levels() -> None:
    protocol = load_protocol("hcc_rtog1112_like")
    rows = {c.when: c for c in protocol.all_constraints if c.metric == "Mean[Gy]" and c.when}
    for level in protocol.prescriptions:
        row = rows[f"prescription_gy == {level.total_gy:g}"]
        assert (
            row.per_protocol == {50: 13, 45: 15, 40: 15, 35: 15.5, 30: 16, 27.5: 17}[level.total_gy]
        )
        assert (row.minor, row.liver_rule) == (None, "rtog_1112_ladder")
    assert len(rows) == len(protocol.prescriptions) == 6


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_limits_prescribes_nothing(name: str, make_case) -> None:
    """Any dose will do, but not any number of fractions."""
    protocol = load_protocol(name)
    assert protocol.prescriptions == ()
    _, findings = select(protocol, facts_of(make_case(["PTV"], fractions=5, prescription_gy=37.5)))
    assert findings == []
    _, findings = select(protocol, facts_of(make_case(["PTV"], fractions=22)))
    assert [f.code for f in findings] == [RX_NOT_IN_PROTOCOL]
    assert "expected one of " in findings[0].message
    assert findings[0].verdict is Verdict.NOT_EVALUABLE


def test_a_name_that_is_no_protocol_lists_the_library() -> None:
    with pytest.raises(
        ProtocolError, match=r"hcc_rtog1112_like, .*liver_sbrt, .*tg101, timmerman_2022"
    ):
        load_protocol("nothing")
