"""The names `sbrt_qa` promises, and that each can be had."""

from __future__ import annotations

import pytest

import sbrt_qa

PROMISED = [
    "DVH",
    "Case",
    "CaseReview",
    "DicomError",
    "DvhTable",
    "GammaMap",
    "GeometryError",
    "InputError",
    "MetricError",
    "Protocol",
    "ProtocolError",
    "ResultError",
    "SbrtQaError",
    "Shape",
    "UsageError",
    "__version__",
    "dvh",
    "gamma",
    "grow",
    "isodose",
    "load_cases",
    "load_protocol",
    "plot_dvh",
    "review_case",
    "ring",
    "shape",
    "survival",
]


def test_public_names_are_the_promised_ones() -> None:
    assert sbrt_qa.__all__ == PROMISED
    assert dir(sbrt_qa) == sorted(PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_every_public_name_can_be_had(name: str) -> None:
    value = getattr(sbrt_qa, name)
    assert value is getattr(sbrt_qa, name)
    assert isinstance(value, str) or value.__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_case'"):
        _ = sbrt_qa.load_case
