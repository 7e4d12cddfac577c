"""Version 0.1 of the liver protocol holds the hand-over it was made from, number by number."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.protocol_files import load_protocol

SHARED = Path(os.environ.get("SBRT_QA_CASES", Path(__file__).parents[3] / "shared/cases")).parent
DRAFT = SHARED / "clinical" / "liver_sbrt_draft.json"


@pytest.fixture(scope="module")
def liver() -> Protocol:
    return load_protocol("liver_sbrt@0.1")


@pytest.fixture(scope="module")
def limits(liver: Protocol) -> dict[str, Constraint]:
    return {c.id: c for c in liver.all_constraints}


@pytest.fixture(scope="module")
def draft() -> dict[str, Any]:
    if not DRAFT.is_file():
        pytest.skip("the clinical draft is not part of the repository")
    data: dict[str, Any] = json.loads(DRAFT.read_text(encoding="utf-8"))
    return data


def test_counts(liver: Protocol) -> None:
    assert len(liver.targets.limits) == 8
    assert {o.id: len(o.constraints) for o in liver.options} == {"5fx": 44, "3fx": 35}
    assert len(liver.conformity) == 6
    assert len(liver.prescriptions) == 7


def test_it_says_where_the_limits_come_from(liver: Protocol) -> None:
    assert "come from the publications cited in this file, not from the trial" in liver.statement


@pytest.mark.parametrize(
    ("name", "structure", "metric", "op", "per_protocol", "minor", "beyond", "source"),
    [
        ("LIV5_MEAN_50", "Liver-GTV", "Mean[Gy]", "<=", 13.0, 15.2, "major", ("R1112", "UK22")),
        ("LIV5_MEAN_30", "Liver-GTV", "Mean[Gy]", "<=", 16.0, 17.0, "major", ("R1112",)),
        ("LIV5_DC700", "Liver-GTV", "DC700cc[Gy]", "<=", 15.0, 21.0, "major", ("UK22", "TG101")),
        ("LIV5_V10", "Liver-GTV", "V10Gy[%]", "<=", 70, None, "minor", ("UK22",)),
        ("STO5_D05", "Stomach", "D0.5cc[Gy]", "<=", 30.0, 32.0, "major", ("R1112", "EVIQ")),
        ("DUO5_D01", "Duodenum", "D0.1cc[Gy]", "<=", 33.0, 35.0, "major", ("UK22",)),
        ("LBW5_D01", "Bowel_Large", "D0.1cc[Gy]", "<=", 38.0, 38.0, "major", ("UK22",)),
        ("ESO5_D5", "Esophagus", "D5cc[Gy]", "<=", 19.5, 32.5, "major", ("TG101",)),
        ("CRD5_MAX", "SpinalCord", "D0.035cc[Gy]", "<=", 25.3, 28.0, "major", ("UK22",)),
        ("KID5_DC200", "Kidneys", "DC200cc[Gy]", "<=", 17.5, 17.5, "major", ("UK22", "TG101")),
        ("CHW5_V30", "Chestwall", "V30Gy[cc]", "<=", 30.0, None, "minor", ("PROP",)),
        ("SPL5_MEAN", "Spleen", "Mean[Gy]", "report", None, None, "major", ("UK22",)),
        ("LIV3_MEAN", "Liver-GTV", "Mean[Gy]", "<=", 13.0, 15.0, "major", ("UK22", "HYT")),
        ("LIV3_DC700", "Liver-GTV", "DC700cc[Gy]", "<=", 15.0, 17.0, "major", ("UK22", "HYT")),
        ("DUO3_D10", "Duodenum", "D10cc[Gy]", "<=", 11.4, 12.5, "major", ("UK22", "TG101")),
        ("CRD3_MAX", "SpinalCord", "D0.035cc[Gy]", "<=", 20.3, 21.9, "major", ("UK22",)),
        ("RIB3_MAX", "Rib", "D0.035cc[Gy]", "<=", 50.0, None, "minor", ("TIM22",)),
        ("LNG3_V20", "Lungs", "V20Gy[%]", "<=", 10, 15, "major", ("UK22",)),
        ("TGT_V100", "PTV", "V100%[%]", ">=", 95, 90, "major", ("R0236",)),
        ("TGT_SPILL105", "External-PTV", "V105%[%PTV]", "<=", 15, 20, "major", ("R0236",)),
        ("TGT_DMAX_LOC", "PTV", "GlobalMaxInPTV[bool]", "==", 1, 1, "major", ("R0236",)),
    ],
)
def test_limits_retyped_from_the_tables(
    limits: dict[str, Constraint],
    name: str,
    structure: str,
    metric: str,
    op: str,
    per_protocol: float | None,
    minor: float | None,
    beyond: str,
    source: tuple[str, ...],
) -> None:
    c = limits[name]
    assert (c.structure, c.metric, c.op) == (structure, metric, op)
    assert (c.per_protocol, c.minor, c.beyond, c.source) == (per_protocol, minor, beyond, source)


def test_every_limit_of_the_draft_is_there(
    draft: dict[str, Any], limits: dict[str, Constraint]
) -> None:
    rows = {r["id"]: r for part in ("targets", "oar_5fx", "oar_3fx") for r in draft[part]}
    assert limits.keys() == rows.keys()
    for name, row in rows.items():
        c = limits[name]
        assert (c.structure, c.metric, c.op) == (row["structure"], row["metric"], row["op"]), name
        assert (c.per_protocol, c.minor) == (row["per_protocol"], row["minor_limit"]), name
        assert (c.priority, c.confidence) == (row["priority"], row["confidence"]), name
        assert list(c.source) == row["source"], name
        bounded = row["op"] != "report"
        assert (c.beyond == "minor") is (bounded and row["minor_limit"] is None), name
        levels = [f"prescription_gy == {rx.split('Gy')[0]}" for rx in row.get("applies_to_rx", ())]
        assert [c.when] == (levels or [""]), name


def test_the_draft_gives_a_source_for_every_minor_bound(
    draft: dict[str, Any], limits: dict[str, Constraint]
) -> None:
    for c in limits.values():
        own_bound = c.minor is not None and c.minor != c.per_protocol
        assert bool(c.minor_source) is own_bound, c.id


def test_conformity_tables_of_the_draft(draft: dict[str, Any], liver: Protocol) -> None:
    rows = {c.id: c for c in liver.conformity}
    wanted = draft["conformity"]
    r100, r50, d2cm = wanted["R100"], wanted["R50"]["table"], wanted["D2cm"]["table"]
    assert rows["CON_R100"].per_protocol == r100["per_protocol"]
    assert rows["CON_R100"].minor == r100["minor_limit"]
    assert rows["CON_R100"].op == rows["CON_D2CM"].op == "<"
    assert [(r.ptv_cc, r.per_protocol, r.minor) for r in rows["CON_R50"].table] == [
        (r["ptv_cc_max"], r["per_protocol"], r["minor_limit"]) for r in r50
    ]
    for name, per_protocol, minor in (
        ("CON_D2CM", "d2cm_pp", "d2cm_minor"),
        ("CON_R50_LUNG", "r50_pp", "r50_minor"),
    ):
        assert [(r.ptv_cc, r.per_protocol, r.minor) for r in rows[name].table] == [
            (r["ptv_cc"], r[per_protocol], r[minor]) for r in d2cm
        ]


def test_prescriptions_of_the_draft(draft: dict[str, Any], liver: Protocol) -> None:
    assert [(p.id, p.total_gy, p.fractions) for p in liver.prescriptions] == [
        (p["id"], p["total_gy"], p["fractions"]) for p in draft["prescriptions"]
    ]


def test_structures_of_the_draft_are_there_with_their_languages(
    draft: dict[str, Any], liver: Protocol
) -> None:
    known = {s.name: s for s in liver.structures}
    for row in draft["structures"]:
        assert known[row["name"]].fma == (row["fma"] or ""), row["name"]
    assert known.keys() - {r["name"] for r in draft["structures"]} == {"Lung_L", "Lung_R"}


@pytest.mark.parametrize("language", ["zh", "fr", "de", "es"])
def test_every_organ_has_a_name_in_every_language(liver: Protocol, language: str) -> None:
    organs = [s for s in liver.structures if s.kind == "organ"]
    assert [s.name for s in organs if not s.aliases.get(language)] == []
