"""What became of the limits of a submission since the version before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sbrt_qa.audit.store.signed_content import EngineItem
from sbrt_qa.office.version_changes import Became, LimitChange, VersionChanges, limit_changes

ONE = EngineItem(
    key="limit:1:MEAN", plan=1, label="Liver Mean[Gy]", place="", message="", value=25.0, unit="Gy",
    reason="", op="<=", per_protocol=30.0, minor=35.0, borderline=False, engine="per_protocol",
    asked=True,
)  # fmt: skip
COVER = replace(
    ONE, key="limit:1:COVER", label="PTV V100%[%]", unit="%", op=">=", per_protocol=95.0,
    minor=90.0, value=96.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "became"),
    [
        (ONE, ONE, Became.SAME),
        (ONE, replace(ONE, value=25.0001), Became.SAME),
        (ONE, replace(ONE, value=24.0), Became.BETTER_VALUE),
        (ONE, replace(ONE, value=26.0), Became.WORSE_VALUE),
        (COVER, replace(COVER, value=97.0), Became.BETTER_VALUE),
        (COVER, replace(COVER, value=95.5), Became.WORSE_VALUE),
        (ONE, replace(ONE, value=33.0, engine="minor"), Became.WORSE_VERDICT),
        (replace(ONE, value=33.0, engine="minor"), ONE, Became.BETTER_VERDICT),
        (ONE, replace(ONE, value=None, reason="no liver", engine="not_evaluable"),
         Became.WORSE_VERDICT),
        (ONE, replace(ONE, per_protocol=28.0), Became.OTHER_BOUNDS),
        (replace(ONE, op="report"), replace(ONE, op="report", value=24.0), Became.OTHER_VALUE),
        (None, ONE, Became.OTHER),
        (ONE, None, Became.OTHER),
    ],
)  # fmt: skip
def test_what_became_of_a_limit(
    before: EngineItem | None, after: EngineItem | None, became: Became
) -> None:
    change = LimitChange(before, after)
    assert change.became is became
    assert change.shown is (after or before)


def test_the_difference_is_of_values_alone() -> None:
    assert LimitChange(ONE, replace(ONE, value=24.5)).difference == pytest.approx(-0.5)
    assert LimitChange(ONE, None).difference is None
    assert LimitChange(replace(ONE, unit="bool"), replace(ONE, unit="bool")).difference is None
    assert LimitChange(ONE, replace(ONE, value=None)).difference is None


def test_limits_are_paired_by_id_and_by_what_they_are_of() -> None:
    other = replace(ONE, label="Lung Mean[Gy]")
    found = limit_changes([ONE, COVER], [other, COVER])
    assert [(one.before, one.after) for one in found] == [
        (None, other), (COVER, COVER), (ONE, None),
    ]  # fmt: skip
    told = VersionChanges("S1/001/v1", 1, found)
    assert len(told.first) == 2
    assert told.values == ()
    assert [one.after for one in told.same] == [COVER]
    assert told.count("in one version only") == 2
