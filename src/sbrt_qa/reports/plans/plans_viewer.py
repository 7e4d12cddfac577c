"""What the viewer of plans side by side needs: the first plan, and those to lay over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sbrt_qa.evidence.evidence import Evidence, Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.html.viewer_contours import contour_block
from sbrt_qa.reports.html.viewer_dose import dose_block
from sbrt_qa.reports.html.viewer_payload import (
    MOST_DOSE,
    MOST_IMAGE,
    as_text,
    dose_told,
    image_told,
    safe_json,
    scene,
    second_told,
)
from sbrt_qa.reports.html.viewer_words import labels
from sbrt_qa.reports.plans.compose_plans import name_of, why_apart
from sbrt_qa.reports.plans.difference_pictures import difference_of


def plans_payload(plans: Sequence[Reviewed], language: str = "en") -> str:
    """Return the data of the viewer as JSON for a script element; empty where nothing can be laid.

    `others` are the plans whose dose can be subtracted from that of the first, with the places
    where the first has most more, and most less.
    """
    words, first = Words(language), plans[0]
    evidence = first.evidence
    if evidence is None or evidence.dose is None:
        return ""
    others = list(_others(plans, evidence, words))
    if not others:
        return ""
    contours = contour_block(evidence.structures)
    dose = dose_block(evidence.dose, MOST_DOSE)
    data: dict[str, Any] = {
        "labels": labels(words),
        **scene(first, evidence, contours.planes),
        "name": name_of(plans, 0, words).partition(" · ")[2],
        "contours": {**contours.told(), "data": as_text(contours.data)},
        "dose": {**dose_told(dose), "data": as_text(dose.data)},
        "markers": [],
        "others": others,
    }
    if evidence.image is not None:
        data["image"] = image_told(evidence, evidence.image, MOST_IMAGE, words)
    return safe_json(data)


def _others(
    plans: Sequence[Reviewed], evidence: Evidence, words: Words
) -> Iterator[dict[str, Any]]:
    for number, plan in enumerate(plans[1:], start=1):
        other = plan.evidence
        if other is None or other.dose is None or why_apart(evidence, other):
            continue
        places = list(_places(evidence, other, words))
        if not places or 1 in other.dose.dose_gy.shape:
            continue
        name = name_of(plans, number, words)
        told = second_told(plan, other)
        yield {**told, "name": name.partition(" · ")[2], "option": name, "places": places}


def _places(one: Evidence, other: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    """Yield where the first plan has most more and most less dose; nothing where both are alike."""
    if one.dose is None or other.dose is None:
        return
    found = difference_of(other.dose, one.dose)
    if found is None:
        return
    for rise, text in ((True, MOST_ABOVE), (False, MOST_BELOW)):
        if place := found.place_of(rise=rise):
            point, gy = place
            yield {"id": "difference", "name": words(text), "point": point, "dose": gy,
                   "level": None}  # fmt: skip


MOST_ABOVE, MOST_BELOW = msg("A most above B"), msg("A most below B")
