"""A stored case under the protocol it was reviewed with, and under others."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.packed import pack, unpack
from sbrt_qa.errors import ResultError
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.protocol.definition import Constraint, Protocol, TargetBlock
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.review.stored import needs_files, regrade, stored
from sbrt_qa.review.stored_case import StoredCase

SAMPLES = Path(__file__).parents[2] / "sample_dicom"


def with_limit(protocol: Protocol, new: Constraint) -> TargetBlock:
    limits = (*protocol.targets.limits, new)
    return protocol.targets.model_copy(update={"limits": limits})


def amended(protocol: Protocol, factor: float) -> Protocol:
    """Move every bound, and ask a question that the first version did not ask."""

    def moved(one: Constraint) -> Constraint:
        if one.op == "report" or one.per_protocol is None:
            return one
        step = factor if one.op.startswith("<") else 1 / factor
        minor = None if one.minor is None else one.minor * step
        return one.model_copy(update={"per_protocol": one.per_protocol * step, "minor": minor})

    options = tuple(
        o.model_copy(update={"constraints": tuple(moved(c) for c in o.constraints)})
        for o in protocol.options
    )
    first = protocol.targets.limits[0]
    new = first.model_copy(update={"id": "NEW", "structure": "Liver", "metric": "V20Gy[cc]"})
    return protocol.model_copy(
        update={"version": "2", "options": options, "targets": with_limit(protocol, new)}
    )


def without_new_band(review: CaseReview) -> CaseReview:
    """The intervals of a limit that was not asked for before take the files."""
    none = {"band": None, "borderline": False, "spread": None, "depends_on_convention": False}
    rows = (replace(c, **none) if c.id == "NEW" else c for c in review.constraints)
    return replace(review, constraints=tuple(rows))


def keep(doses: CaseDoses, review: CaseReview) -> tuple[StoredCase, dict[str, bytes]]:
    facts, dvhs = stored(doses, None, review)
    return StoredCase.from_json(facts.to_json()), {key: pack(one) for key, one in dvhs.items()}


@pytest.mark.parametrize("name", ["major", "missing_organ"])
def test_a_regraded_case_equals_a_fresh_review(name):
    (case,) = load_cases(SAMPLES / name)
    protocol = load_protocol("liver_sbrt")
    doses = CaseDoses(case)
    review = review_case(case, protocol, doses=doses)
    facts, packed = keep(doses, review)

    def again(rules: Protocol) -> CaseReview:
        return regrade(facts, lambda k: unpack(packed[k]) if k in packed else None, review, rules)

    assert again(protocol) == review
    other = amended(protocol, 0.8)
    fresh = without_new_band(review_case(case, other))
    regraded = again(other)
    assert regraded.constraints == fresh.constraints
    # plan checks stay those of the files' review, also the few that look at the protocol's limits
    checked = {"findings": regraded.findings, "passed": regraded.passed}
    assert regraded == replace(fresh, verdict=regraded.verdict, **checked)
    assert regraded.constraints != review.constraints
    assert not needs_files(regraded)


def test_a_combination_that_was_never_computed_needs_the_files():
    (case,) = load_cases(SAMPLES / "compliant")
    protocol = load_protocol("liver_sbrt")
    doses = CaseDoses(case)
    review = review_case(case, protocol, doses=doses)
    facts, packed = keep(doses, review)
    new = protocol.targets.limits[0].model_copy(
        update={"id": "NEW", "structure": "Stomach&Liver", "metric": "Volume[cc]"}
    )
    rules = protocol.model_copy(update={"targets": with_limit(protocol, new)})
    found = regrade(facts, lambda k: unpack(packed[k]) if k in packed else None, review, rules)
    assert needs_files(found) == ("NEW",)
    (one,) = (c for c in found.constraints if c.id == "NEW")
    assert one.verdict is Verdict.NOT_EVALUABLE
    assert one.reason is not None
    assert one.reason.code is ReasonCode.NOT_STORED


@cache
def histogram() -> DVH:
    (case,) = load_cases(SAMPLES / "compliant")
    doses = CaseDoses(case)
    found = doses.dvh(case.structures.keys()["Liver"])
    assert isinstance(found, DVH)
    return found


def test_a_packed_histogram_is_exact():
    dvh = histogram()
    uneven = dvh.dose_gy.copy()
    uneven[1] *= 1 + 1e-9
    for one in (dvh, replace(dvh, dose_gy=uneven)):
        back = unpack(pack(one))
        assert (back.dose_gy == one.dose_gy).all()
        assert (back.cumulative_cc == one.cumulative_cc).all()
        for name in ("volume_cc", "outside_grid_cc", "min_gy", "mean_gy", "max_gy"):
            assert getattr(back, name) == getattr(one, name)
        assert back.quadrature_error == one.quadrature_error
    assert len(pack(dvh)) < 0.6 * (dvh.dose_gy.nbytes + dvh.cumulative_cc.nbytes)


@pytest.mark.parametrize("spoil", [lambda d: d[:50], lambda d: b"XXXX" + d[4:], lambda d: b"",
                                   lambda d: d[:200], lambda d: d[:90] + b"\0" * 40])  # fmt: skip
def test_a_broken_histogram_is_refused(spoil):
    with pytest.raises(ResultError, match="histogram is broken"):
        unpack(spoil(pack(histogram())))


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "sbrt_qa.stored_case/9"}'])
def test_facts_of_another_kind_are_refused(text):
    with pytest.raises(ResultError):
        StoredCase.from_json(text)
