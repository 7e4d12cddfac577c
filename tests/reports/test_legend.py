"""Legends: whatever the names, no two keys share a place, and none leaves the figure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sbrt_qa.reports.figures.legend import flowed, rows_of, shortened, width_of

WIDTH, SIZE, SAMPLE = 144.0, 6.0, 13.0

names = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=80), max_size=9)


@given(names)
def test_keys_never_overlap_and_stay_within_the_width(texts: list[str]) -> None:
    spots = flowed(texts, SIZE, WIDTH, SAMPLE)
    assert len(spots) == len(texts)
    ends: dict[int, float] = {}
    for spot in spots:
        assert spot.x - SAMPLE >= ends.get(spot.row, 0.0) - 1e-9
        ends[spot.row] = spot.x + width_of(spot.text, SIZE)
        assert ends[spot.row] <= WIDTH + 1e-9
    assert sorted(ends) == list(range(rows_of(spots)))


def test_what_fits_is_whole_and_what_does_not_ends_in_an_ellipsis() -> None:
    assert shortened("Duodenum", 10.0, 60.0) == "Duodenum"
    assert shortened("BileDuct_Common", 10.0, 60.0) == "BileDuct…"
    assert shortened("十二指肠", 10.0, 30.0) == "十二…"


def test_short_keys_share_a_row() -> None:
    assert rows_of(flowed(["PTV", "13 Gy"], SIZE, WIDTH, SAMPLE)) == 1
    assert rows_of([]) == 0
