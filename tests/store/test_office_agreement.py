"""Measures of agreement, held against values worked out by hand and another formula."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.audit.reader_agreement import NO_PAIRS, NO_VARIATION, agreement

ORDER = ("per_protocol", "minor", "major")


def lists(table: list[list[int]]) -> tuple[list[str], list[str]]:
    pairs = [
        (ORDER[i], ORDER[j]) for i, row in enumerate(table) for j, n in enumerate(row)
        for _ in range(n)
    ]  # fmt: skip
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_two_categories_by_hand():
    """20, 5, 10, 15 of 50: raw 0.7, kappa (0.7 - 0.5) / 0.5, AC1 (0.7 - 0.495) / 0.505."""
    one, other = lists([[20, 5], [10, 15]])
    found = agreement(one, other, ORDER[:2], draws=200)
    assert found.raw.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.linear.value == pytest.approx(0.4)
    assert found.ac1.value == pytest.approx(0.205 / 0.505)
    for one_of in (found.raw, found.kappa, found.ac1):
        assert one_of.low < one_of.value < one_of.high
    assert agreement(one, other, ORDER[:2], draws=200) == found  # the seed is fixed


def test_weights_by_another_formula():
    """Quadratic kappa is a correlation: 2 cov / (var + var + difference of means squared)."""
    table = [[11, 3, 1], [2, 9, 4], [0, 3, 7]]
    one, other = lists(table)
    a, b = (np.array([ORDER.index(word) for word in words], float) for words in (one, other))
    expected = 2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    found = agreement(one, other, ORDER, draws=10)
    assert found.quadratic.value == pytest.approx(expected)
    observed = np.abs(a - b).mean()
    by_chance = np.abs(a[:, None] - b[None, :]).mean()
    assert found.linear.value == pytest.approx(1 - observed / by_chance)
    same, alike = (a == b).mean(), (a[:, None] == b[None, :]).mean()
    assert found.kappa.value == pytest.approx((same - alike) / (1 - alike))


def test_p45__without_variation_kappa_is_undefined_and_ac1_is_not():
    words = ["per_protocol"] * 12
    found = agreement(words, words, ORDER, draws=50)
    for measure in (found.kappa, found.linear, found.quadratic):
        assert (measure.value, measure.why) == (None, NO_VARIATION)
    assert (found.raw.value, found.ac1.value) == (1.0, 1.0)


def test_what_was_not_judged_is_counted_beside():
    one = ["minor", "major", "cannot judge", "minor"]
    other = ["minor", "minor", "major", "not_evaluable"]
    found = agreement(one, other, ORDER, draws=10)
    assert (found.pairs, found.missing, found.raw.value) == (2, 2, 0.5)
    nothing = agreement(["x"], ["minor"], ORDER)
    assert (nothing.pairs, nothing.kappa.why) == (0, NO_PAIRS)
    with pytest.raises(ValueError, match="same length"):
        agreement(["minor"], [], ORDER)
