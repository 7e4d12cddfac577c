"""Checks register themselves, describe themselves, and have codes of their own."""

from __future__ import annotations

import pytest

from sbrt_qa.checks.registry import CHECKS, check


def test_every_check_of_the_folder_is_there() -> None:
    assert set(CHECKS) == {
        "CONTOURS_SET_ASIDE", "DOSE_FAR_FROM_PRESCRIPTION", "GAP_BRIDGED", "GAP_LEFT_OPEN",
        "LINK_GUESSED", "LINK_MISSING", "OUTSIDE_DOSE_GRID", "PART_MISSING", "REPAIRED",
        "ROI_UNREADABLE",
    }  # fmt: skip


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_every_check_describes_itself(code: str) -> None:
    assert CHECKS[code].description.endswith(".")


def test_a_code_is_given_once() -> None:
    with pytest.raises(ValueError, match="two checks called REPAIRED"):
        check("REPAIRED")(lambda _: iter(()))
