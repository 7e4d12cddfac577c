"""Results read back exactly, and refuse what they do not know."""

from __future__ import annotations

import json

import pytest

from sbrt_qa.errors import ResultError
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.review.case_review import CaseReview, EngineUsed, ProtocolUsed, StructureSummary
from sbrt_qa.review.dvh_table import Curve, DvhTable, MetricValue, StructureDvh

WHY = Reason(ReasonCode.NO_DOSE, "no dose: nothing to integrate")


def case_review() -> CaseReview:
    limits = (
        ConstraintResult(
            "A", "PTV", "D95%[Gy]", ">=", StructureMatch("PTV", ("PTV 靶区",), (3,), "alias (zh)"),
            0.1 + 0.2, "Gy", None, 47.5, None, Verdict.MAJOR, -47.2, Verdict.MAJOR, 1, True,
            ("R1112",), "verified",
        ),
        ConstraintResult(
            "B", "Liver", "Mean[Gy]", "<=", None, None, "Gy", WHY, 13.0, 15.0, Verdict.MINOR, None,
            Verdict.NOT_EVALUABLE, 1, True, (), "draft", "a note",
        ),
    )  # fmt: skip
    structures = (
        StructureSummary("PTV", "PTV", 3, "PTV", 1 / 3, 0.0, 1.0, 2.0, 3.0, ("PTV",)),
        StructureSummary("X", "X", 4, "", None, None, None, None, None, reason=WHY),
    )
    return CaseReview(
        "P", "S1", Verdict.MAJOR, ProtocolUsed("p", "1", "00" * 32), EngineUsed(), WHY, WHY, "SS",
        None, structures, limits, (), (), (), (), ("note",),
    )  # fmt: skip


def dvh_table() -> DvhTable:
    rows = {
        "PTV": StructureDvh(
            1, 0.1 + 0.2, 1.0, 2.0, 3.0, 0.0,
            {"D95%[Gy]": MetricValue(1 / 3, "Gy"), "V1Gy[cc]": MetricValue(None, "cc", WHY)},
            Curve((0.0, 0.1), (0.3, 0.2)),
        ),
        "空": StructureDvh(2, reason=WHY),
    }  # fmt: skip
    return DvhTable("P", rows, "slab")


def test_case_review_reads_back_exactly() -> None:
    review = case_review()
    assert CaseReview.from_json(review.to_json()) == review
    assert CaseReview.from_json(review.to_json(indent=2)).to_json() == review.to_json()


def test_dvh_table_reads_back_exactly() -> None:
    table = dvh_table()
    assert DvhTable.from_json(table.to_json()) == table
    assert DvhTable.from_json(table.to_json(indent=2)).to_json() == table.to_json()


@pytest.mark.parametrize("kind", [CaseReview, DvhTable])
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"schema": null}', "{}"])
def test_what_is_no_result_is_refused(kind: type[CaseReview | DvhTable], text: str) -> None:
    with pytest.raises(ResultError):
        kind.from_json(text)


@pytest.mark.parametrize("result", [case_review(), dvh_table()], ids=["review", "dvh"])
def test_another_version_is_refused_not_guessed(result: CaseReview | DvhTable) -> None:
    data = json.loads(result.to_json())
    data["schema"] = data["schema"].replace("/1", "/2")
    with pytest.raises(ResultError, match=r"unknown kind of result; got 'sbrt_qa.*/2'; expected"):
        type(result).from_json(json.dumps(data))


@pytest.mark.parametrize("result", [case_review(), dvh_table()], ids=["review", "dvh"])
def test_every_missing_key_is_refused(result: CaseReview | DvhTable) -> None:
    data = json.loads(result.to_json())
    optional = {
        "notes",
        "site",
        "not_told",
        "course",
        "targets",
        "stated",
        "self_test",
        "draft",
        "standing",
        "site_values",
        "cross_check",
        "passed",
        "phrases",
        "robustness",
        "setup",
        "information",
    }
    for key in data.keys() - optional:
        with pytest.raises(ResultError):
            type(result).from_json(json.dumps({k: v for k, v in data.items() if k != key}))


def test_a_broken_review_says_where() -> None:
    data = json.loads(case_review().to_json())
    data["structures"][1]["roi_number"] = "three"
    with pytest.raises(ResultError, match=r"structures\.1\.roi_number: a stored review is broken"):
        CaseReview.from_json(json.dumps(data))
