"""Whether the planning image is fine, complete and straight enough, and holds the liver whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.structure import Structure


@check(
    "IMAGE_UNUSABLE",
    title="Usable image",
    group=Group.IMAGES,
    severity=Severity.MAJOR,
    rows=(17,),
)
def unusable(context: CheckContext) -> Iterator[Outcome]:
    """Find images that cannot be put into one straight volume: tilted, mixed or damaged slices.

    Dose and structures do not need the image, so that all limits are evaluated all the same.
    """
    if context.case.image_problem:
        advice = say("Export the series that the plan was made on, without tilt.")
        yield Found(
            say("image"),
            context.case.image_problem,
            advice,
            say("unusable"),
            say("one straight series"),
        )


@check(
    "IMAGE_SPACING",
    title="Spacing of the slices",
    group=Group.IMAGES,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    source="AAPM TG-101 (recalled); bounds proposed",
    rows=(17,),
)
def spacing(
    context: CheckContext, per_protocol_mm: float = 3.0, minor_mm: float = 5.0
) -> Iterator[Outcome]:
    """Find image slices too far apart.

    The spacing is taken from the slices' positions, never from Slice Thickness.

    Parameters
    ----------
    per_protocol_mm, minor_mm
        Largest spacing per protocol, and as a minor deviation; both belong to the better side.
    """
    image = context.case.image
    if image is None or image.z_mm.size < 2:
        return
    gap = round(image.slice_spacing_mm, 3)
    found, expected = f"{gap:g} mm", f"<= {per_protocol_mm:g} mm"
    tolerance = say("minor <= {0} mm", f"{minor_mm:g}")
    if gap <= per_protocol_mm:
        yield Passed(say("image"), found, expected, tolerance)
        return
    severity = Severity.MINOR if gap <= minor_mm else None
    advice = say("Small targets are blurred along z; ask for thinner slices.")
    yield Found(
        say("image"), say("slices every {0}", found), advice, found, expected, tolerance, severity
    )


@check(
    "IMAGE_SLICES_MISSING",
    title="Missing slices of the image",
    group=Group.IMAGES,
    severity=Severity.MAJOR,
    rows=(17,),
)
def slices_missing(context: CheckContext, wide_factor: float = 1.5) -> Iterator[Outcome]:
    """Find gaps in the image series.

    Parameters
    ----------
    wide_factor
        A step of more than this many usual steps is a gap.
    """
    image = context.case.image
    if image is None or image.z_mm.size < 3:
        return
    steps, usual = np.diff(image.z_mm), image.slice_spacing_mm
    gaps = np.flatnonzero(steps > wide_factor * usual)
    if gaps.size:
        heights = ", ".join(f"{image.z_mm[i]:g}" for i in gaps[:5])
        text = say("{0} in the series, above z = {1} mm", counted(gaps.size, "gap"), heights)
        found = say("steps up to {0} mm", f"{steps.max():g}")
        yield Found(
            say("image"),
            text,
            say("Send the series again."),
            found,
            say("every {0} mm", f"{usual:g}"),
        )
    else:
        yield Passed(
            say("image"),
            say("{0} every {1} mm", counted(image.z_mm.size, "slice"), f"{usual:g}"),
            say("no gap"),
        )


@check(
    "IMAGE_TILTED",
    title="Tilt of the scanner",
    group=Group.IMAGES,
    severity=Severity.MAJOR,
    rows=(17,),
)
def tilted(context: CheckContext, most_deg: float = 0.1) -> Iterator[Outcome]:
    """Find an image that was taken with a tilted gantry: its slices are sheared.

    Parameters
    ----------
    most_deg
        Gantry/Detector Tilt (0018,1120) that is still straight.
    """
    tilt = context.case.image.gantry_tilt_deg if context.case.image else None
    if tilt is None:
        return
    found, expected = say("{0} degrees", f"{tilt:g}"), say("0 degrees")
    if abs(tilt) > most_deg:
        text = say("the gantry was tilted by {0}", found)
        yield Found(say("image"), text, say("Ask for the corrected series."), found, expected)
    else:
        yield Passed(say("image"), found, expected, say("{0} degrees", f"{most_deg:g}"))


@check(
    "ORGAN_AT_SCAN_END",
    title="Ends of the scan",
    group=Group.IMAGES,
    severity=Severity.MAJOR,
    milder=(Severity.INFO,),
    rows=(18,),
)
def at_scan_end(
    context: CheckContext, whole: tuple[str, ...] = ("Liver", "GTV", "CTV", "ITV", "PTV")
) -> Iterator[Outcome]:
    """Find structures that are contoured on the first or last slice: they may go on beyond.

    A liver cut off by the scan has a wrong volume, and its mean dose and spared volume are wrong.
    Other organs that limits use are told as information; the outline of the body is left out.

    Parameters
    ----------
    whole
        Structures of the protocol that must lie within the scan.
    """
    image = context.case.image
    if image is None or image.z_mm.size < 3:
        return
    needed = [s for name in whole for s in context.all_of(name)]
    others = [s for s in context.evaluated_structures.values() if s is not context.body]
    cut: list[str] = []
    for structure in dict.fromkeys((*needed, *others)):
        ends = _ends(structure, image)
        key, expected = context.key_of(structure), say("not on the first or last slice")
        if ends:
            if structure not in needed:
                cut.append(key)
                continue
            text = say("it is contoured on the {0} slice of the scan", ends)
            advice = say("Check that the scan holds it whole.")
            yield Found(key, text, advice, say("on the {0} slice", ends), expected)
        elif structure in needed and structure.contours:
            low = structure.contours[0].z_mm - float(image.z_mm[0])
            high = float(image.z_mm[-1]) - structure.contours[-1].z_mm
            yield Passed(
                key, say("{0} and {1} mm from the ends", f"{low:g}", f"{high:g}"), expected
            )
    if cut:
        text = say("contoured on the first or last slice of the scan")
        yield Found(", ".join(cut), text, severity=Severity.INFO)


def _ends(structure: Structure, image: ImageSeries) -> str:
    if not structure.contours:
        return ""
    half = image.slice_spacing_mm / 2
    low = structure.contours[0].z_mm < float(image.z_mm[0]) + half
    high = structure.contours[-1].z_mm > float(image.z_mm[-1]) - half
    return joined(" and ", [*([say("first")] if low else []), *([say("last")] if high else [])])
