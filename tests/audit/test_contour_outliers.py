"""What an organ looks like among those of the trial: scores that can be checked by hand."""

from __future__ import annotations

import pytest

from sbrt_qa.audit.contour_outliers import TOO_FEW, FeatureSeen, scored


def seen(number: int, value: float, *, site: str = "01", version: int = 1) -> FeatureSeen:
    code = f"{site}/{number:03d}/v{version}"
    return FeatureSeen(
        code, site, f"{number:03d}", version, 1, "Liver", "Liver", "volume_cc", value
    )


VOLUMES = [1000.0 + 10 * k for k in range(15)]


def test_an_organ_unlike_the_others_is_told_first():
    rows = [seen(n, v) for n, v in enumerate(VOLUMES)] + [seen(99, 3000.0)]
    first, *rest = scored(rows)
    assert (first.seen.subject, first.judged, first.plans) == ("099", "unusual", 16)
    assert first.median == 1075.0
    assert first.score == pytest.approx((3000 - 1075) / (1.4826 * 40))
    assert {one.judged for one in rest} == {"usual"}


def test_under_fifteen_plans_it_cannot_judge_yet():
    found = scored([seen(n, v) for n, v in enumerate(VOLUMES[:13])] + [seen(99, 9000.0)])
    assert {one.judged for one in found} == {TOO_FEW}
    assert all(one.score is None and one.median is None for one in found)


def test_a_site_that_draws_otherwise_has_a_score_of_its_own():
    rows = [seen(n, v) for n, v in enumerate(VOLUMES)]
    rows += [seen(50 + n, 1400.0 + n, site="02") for n in range(5)]
    of = {one.seen.site: one.site_score for one in scored(rows)}
    assert of["02"] > 3 > abs(of["01"])
    assert {
        s.site_score for s in scored([*rows, seen(70, 1e3, site="03")]) if s.seen.site == "03"
    } == {None}


def test_a_changed_organ_is_told_whatever_the_trial_says():
    found = scored([seen(1, 1000.0), seen(1, 700.0, version=2), seen(2, 1000.0)])
    (changed,) = [one for one in found if one.judged == "changed"]
    assert (changed.seen.version, changed.before) == (2, 1000.0)
    assert scored([seen(1, 1000.0), seen(1, 900.0, version=2)])[0].judged == TOO_FEW


def test_values_that_are_all_the_same_say_nothing():
    assert {one.judged for one in scored([seen(n, 500.0) for n in range(20)])} == {TOO_FEW}


def place(number: int, value: float, version: int, feature: str = "above_liver_mm") -> FeatureSeen:
    one = seen(number, value, version=version)
    return one._replace(organ="Duodenum", feature=feature)


def test_an_organ_that_moved_since_the_version_before_is_told():
    found = scored([place(1, -40.0, 1), place(1, -20.0, 2), place(2, -40.0, 1), place(2, -38.0, 2)])
    assert [(s.seen.subject, s.seen.version) for s in found if s.judged == "changed"] == [
        ("001", 2)
    ]
    assert scored([place(1, 0.1, 1, "side"), place(1, 0.25, 2, "side")])[0].judged == "changed"


def test_a_change_is_held_against_those_of_other_subjects_once_there_are_enough():
    """A change of 8 mm is nothing by itself, and much where most are half a millimetre."""
    rows = [place(n, -40.0 + 0.5 * n, 1) for n in range(16)]
    rows += [place(n, -40.0 + 0.6 * n, 2) for n in range(15)]
    rows.append(place(15, -24.5, 2))
    by = {(s.seen.subject, s.seen.version): s for s in scored(rows)}
    moved = by["015", 2]
    assert moved.judged in ("changed", "unusual")
    assert moved.change_score == pytest.approx((8.0 - 0.75) / (1.4826 * 0.4), rel=0.05)
    assert by["003", 2].judged == "usual"
    assert by["003", 1].change_score is None


@pytest.mark.parametrize(
    ("feature", "usual", "near", "far"),
    [
        ("depth", 0.0001, 0.02, 0.2),
        ("above_liver_mm", -40.0, -43.0, -60.0),
        ("volume_cc", 60.0, 62.0, 90.0),
    ],
)
def test_a_hair_is_not_unusual_however_alike_the_others_are(
    feature: str, usual: float, near: float, far: float
) -> None:
    """Plans that are nearly one another's copies have a tiny spread; scores of it mean nothing."""
    rows = [
        FeatureSeen(f"A/{n:03}/v1", "A", f"{n:03}", 1, 1, "Duodenum", "Duodenum", feature, value)
        for n, value in enumerate([usual * (1 + 1e-4 * (n % 3)) for n in range(20)] + [near, far])
    ]
    judged = {one.seen.value: one.judged for one in scored(rows)}
    assert judged[near] == "usual"
    assert judged[far] == "unusual"
