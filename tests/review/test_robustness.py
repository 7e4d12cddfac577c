"""Every limit with the patient aside: the literal JSON, the sample's values, directions."""

import json
from pathlib import Path

import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import ProtocolError, UsageError
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.setup_errors import SetupErrors, Shifts, read_radii, read_setup
from sbrt_qa.pipeline import protocol_family
from sbrt_qa.reports.compose import elsewhere
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.review.setup_chance import wilson

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def case():
    return load_cases([REPO / "sample_dicom" / "compliant"])[0]


@pytest.fixture(scope="module")
def rules(case):
    return protocol_family("liver_sbrt").of(case)


@pytest.fixture(scope="module")
def review(case, rules):
    return review_case(case, rules, bands=False, shifts=Shifts((3.0, 5.0)))


def test_the_json_is_as_promised(review):
    found = json.loads(review.to_json())["robustness"]["DUO5_D01"]
    assert found["nominal"] == pytest.approx(13.5, abs=0.3)
    assert set(found["radius_mm"]) == {"3", "5"}
    for radius, worst in (("3", 25.6), ("5", 34.9)):
        at = found["radius_mm"][radius]
        assert {"worst", "shift_mm", "verdict", "flips"} <= set(at)
        assert at["worst"] == pytest.approx(worst, abs=0.3)
        assert at["shift_mm"] == pytest.approx([0.0, 0.0, float(radius)])
    assert found["radius_mm"]["3"]["flips"] == 0
    assert found["radius_mm"]["5"]["verdict"] == "minor"
    assert found["radius_mm"]["5"]["flips"] > 0
    assert CaseReview.from_json(review.to_json()) == review


def test_every_limit_has_a_value_or_a_reason(review):
    assert set(review.robustness) == {row.key for row in review.constraints}
    for one in review.robustness.values():
        for at in one.radius_mm.values():
            assert at.worst is not None or isinstance(at.reason, Reason)
            assert at.unknown == 0 or isinstance(at.reason, Reason)
            assert at.unknown == 0 or at.verdict in (Verdict.NOT_EVALUABLE, Verdict.MAJOR)


def test_indices_are_those_of_the_target_moved_against_the_dose(review, case, rules):
    from sbrt_qa.dosimetry.shifts import case_seen_from

    found = review.robustness["CON_PADDICK"].radius_mm["3"]
    moved = review_case(case_seen_from(case, found.shift_mm), rules, bands=False)
    again = {row.key: row.value for row in moved.constraints}
    assert found.worst == pytest.approx(again["CON_PADDICK"], abs=0.01)
    for key in ("CON_R50", "CON_R100", "CON_GI"):
        one = review.robustness[key]
        assert one.radius_mm["5"].worst == pytest.approx(one.nominal, rel=0.02)
    far = review.robustness["CON_D2CM"]
    moved = review_case(case_seen_from(case, far.radius_mm["5"].shift_mm), rules, bands=False)
    again = {row.key: row.value for row in moved.constraints}
    assert far.radius_mm["5"].worst == pytest.approx(again["CON_D2CM"], rel=0.003)


def test_without_being_asked_nothing_is_shifted(case, rules):
    assert review_case(case, rules, bands=False).robustness == {}


def test_a_protocol_may_ask_for_shifts(case, rules):
    asking = rules.protocol.model_copy(update={"shifts": ("2mm",), "options": ()})
    asking.__dict__.pop("shifts_asked", None)
    found = review_case(case, asking, bands=False)
    assert {tuple(one.radius_mm) for one in found.robustness.values()} == {("2",)}


def test_page_one_gains_a_line_and_a_rose_where_a_verdict_flips(review):
    report = compose(review)
    assert "Duodenum D0.1cc[Gy] minor at 5 mm (head)" in report.aside
    assert report.rose.startswith("<svg")
    assert report.rose.count("<path") == 24
    row = next(one for one in report.limits if one.id == "DUO5_D01")
    assert row.aside[1].startswith("5 mm: 34.")
    assert "(head) → minor" in row.aside[1]
    assert any("HFS" in note and "front is up" in note for note in report.aside_notes)


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        ((3, 0, 0), "left"), ((-3, 0, 0), "right"), ((0, 3, 0), "back"), ((0, -3, 0), "front"),
        ((0, 0, 3), "head"), ((0, 0, -3), "feet"), ((2, -2, -2), "left-front-feet"),
    ],
)  # fmt: skip
def test_directions_are_the_patients_own(shift, words):
    assert elsewhere.toward(shift, Words()) == words


def test_radii_and_setup_errors_are_read():
    assert read_radii("5mm, 3 mm,0.3cm") == (3.0, 5.0)
    found = read_setup("1.6,3.1,1.5/2.7,3.6,1.8")
    assert found == SetupErrors((1.5, 1.6, 3.1), (1.8, 2.7, 3.6))
    assert read_setup(found.text) == found


@pytest.mark.parametrize("text", ["3", "0mm", "-3mm", "51mm", "3mm;5mm", "nanmm", "3mm,", "1e3mm"])
def test_radii_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="--shifts"):
        read_radii(text)


@pytest.mark.parametrize("text", ["1,2,3", "1,2/3,4", "0,0,0/0,0,0", "a,b,c/1,2,3", "1,2,3/4,5,99"])
def test_setup_errors_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="--setup"):
        read_setup(text)


def test_a_protocol_with_shifts_that_cannot_be_read_is_refused(tmp_path):
    text = (REPO / "protocols" / "liver_sbrt.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(text + "\nshifts: [3]\n", encoding="utf-8")
    with pytest.raises(ProtocolError):
        protocol_family(str(file))


def test_wilsons_interval_holds_its_published_example():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, method 3
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
