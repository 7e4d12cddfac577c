"""The published schemas are those of the code, and what is written obeys them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sbrt_qa import pipeline
from sbrt_qa.cli.main import run
from sbrt_qa.model.outcome import Band, Driver
from sbrt_qa.protocol.anatomy_ranges import anatomy_json_schema
from sbrt_qa.review.case_review import CaseReview, review_json_schema

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "schema"
SAMPLES = ROOT / "sample_dicom"

PUBLISHED = {
    "review": ("review-1.json", review_json_schema),
    "protocol": ("protocol.json", pipeline.protocol_schema),
    "anatomy": ("anatomy-1.json", anatomy_json_schema),
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_published_schema_is_current_and_valid(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, schema = PUBLISHED[kind]
    published = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert published == schema(), "run scripts/make_schemas.py"
    Draft202012Validator.check_schema(published)
    assert run(["schema", kind]) == 0
    assert json.loads(capsys.readouterr().out) == published


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / "review-1.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["major", "missing_organ"])
def test_written_reviews_obey_it(
    name: str, validator: Draft202012Validator, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", str(SAMPLES / name), "-f", "json"])
    (written,) = json.loads(capsys.readouterr().out)
    assert list(validator.iter_errors(written)) == []
    review = CaseReview.from_json(json.dumps(written))
    first, *rest = review.constraints
    if first.value is not None:
        banded = replace(first, band=Band(first.value, first.value, Driver.QUADRATURE))
        review = replace(review, constraints=(banded, *rest))
    assert list(validator.iter_errors(json.loads(review.to_json()))) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"schema": "sbrt_qa.review/2"}, id="another version"),
        pytest.param({"verdict": "fine"}, id="no such verdict"),
        pytest.param({"constraints": None}, id="limits missing"),
        pytest.param({"plan": 5}, id="a plan that is a number"),
    ],
)
def test_what_is_no_review_does_not(
    change: dict[str, object], validator: Draft202012Validator
) -> None:
    (review,) = pipeline.check([SAMPLES / "compliant" / "RTPLAN.dcm"])
    written = json.loads(review.to_json())
    assert list(validator.iter_errors(written)) == []
    assert not validator.is_valid(written | change)
