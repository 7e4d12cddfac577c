"""The pictures of the first page, drawn in advance: they need no script and print sharply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.evidence.evidence import Evidence, Reviewed
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.compose.concerns import prescription_gy
from sbrt_qa.reports.figures.dvh_svg import Labels, dvh_svg
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import place_picture
from sbrt_qa.reports.page import Concern, Report

MOST: Final = 12
"""Concerns with pictures; the rest are told in words, and shown by the viewer."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A concern's slice and histogram as SVG, empty where there is none."""

    slice: str = ""
    dvh: str = ""


def drawings(
    reviewed: Reviewed, report: Report, colours: Mapping[str, str], words: Words
) -> tuple[Drawing, ...]:
    """Return the drawings of every concern, in the order of the report."""
    evidence = reviewed.evidence
    if evidence is None:
        return tuple(Drawing() for _ in report.concerns)
    return tuple(
        Drawing(
            _slice(reviewed, evidence, concern, colours, str(n)),
            _dvh(evidence, concern, colours, words),
        )
        if n < MOST
        else Drawing()
        for n, concern in enumerate(report.concerns)
    )


def _slice(
    reviewed: Reviewed, evidence: Evidence, concern: Concern, colours: Mapping[str, str], n: str
) -> str:
    if not concern.place:
        return ""
    place = evidence.places[concern.place]
    own = list(structures_of(reviewed, evidence, concern.place))
    rx_gy = prescription_gy(reviewed.review)
    picture = place_picture(
        evidence,
        place,
        own,
        others=[key for key in evidence.structures if is_target_name(key)][:3],
        levels_gy=[rx_gy] if rx_gy else [],
    )
    return slice_svg(picture, colours, f"{concern.title}: {concern.picture}", place.level_gy, n)


def structures_of(reviewed: Reviewed, evidence: Evidence, limit: str) -> Iterator[str]:
    """Yield the keys of the structures that a limit was taken of."""
    keys = {s.roi_number: key for key, s in evidence.structures.items()}
    for result in reviewed.review.constraints:
        if result.key == limit and result.match is not None:
            yield from (keys[n] for n in result.match.roi_numbers if n in keys)
            return


def _dvh(evidence: Evidence, concern: Concern, colours: Mapping[str, str], words: Words) -> str:
    if not concern.curve:
        return ""
    targets = [k for k in evidence.curves if is_target_name(k) and k != concern.curve]
    markers = (concern.limits, concern.reached)
    labels = Labels.of(concern.title, words)
    return dvh_svg(evidence, concern.curve, targets[-1:], markers, colours, labels)
