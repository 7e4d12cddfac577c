"""The parts of a case at a glance."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.review.case_review import DoseSummary
from sbrt_qa.review.summaries import dose_summary


@pytest.mark.parametrize(
    ("z_mm", "text"),
    [
        ((0.0, 2.5, 5.0), "1 × 2 × 2.5"),
        ((0.0, 2.5, 5.005), "1 × 2 × 2.505"),
        ((0.0, 4.0, 8.0, 16.0), "1 × 2 × 4–8"),
    ],
)
def test_all_spacings_of_a_dose_grid_are_said(z_mm: tuple[float, ...], text: str) -> None:
    """Uneven planes once showed their widest gap as if it were all of them."""
    x_mm, y_mm = np.arange(4.0), 2.0 * np.arange(3.0)
    found = dose_summary(DoseGrid(np.ones((len(z_mm), 3, 4)), x_mm, y_mm, np.array(z_mm)))
    assert isinstance(found, DoseSummary)
    assert found.spacing_text == text
