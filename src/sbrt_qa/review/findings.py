"""What a reviewer should know of a case apart from its limits, from the way it was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.model.case import Case, LinkKind, Repair
from sbrt_qa.model.outcome import Finding, Reason, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.review.doses import CaseDoses, structures_of

WORTH_TELLING = 1e-4
"""Part of a structure outside the dose grid below which rounding is a likelier cause."""


def case_findings(doses: CaseDoses, evaluated: Collection[int]) -> tuple[Finding, ...]:
    """Return findings about the parts of a case, its links, its repairs and its structures.

    Parameters
    ----------
    doses
        The case and its DVHs.
    evaluated
        ROI numbers of the structures that limits use.
    """
    case = doses.case
    used = {k: s for k, s in structures_of(case).items() if s.roi_number in evaluated}
    return (
        *_missing_parts(case),
        *_links(case),
        *_repairs(case.provenance.repairs),
        *_unreadable(case),
        *(finding for key, s in used.items() for finding in _structure(doses, key, s)),
    )


def _missing_parts(case: Case) -> Iterator[Finding]:
    parts = (("PLAN", case.plan), ("STRUCTURES", case.structures), ("DOSE", case.dose))
    for name, part in parts:
        if isinstance(part, Reason):
            yield Finding(
                f"{name}_MISSING",
                Verdict.NOT_EVALUABLE,
                name.lower(),
                part.detail,
                "Export plan, structure set and dose together.",
            )


def _links(case: Case) -> Iterator[Finding]:
    for link in case.provenance.links:
        where = f"{link.source} → {link.target}"
        if link.kind is LinkKind.BY_FRAME_OF_REFERENCE:
            advice = "Check that they belong together."
            yield Finding("LINK_GUESSED", None, where, f"linked {link.kind}: {link.note}", advice)
        elif link.kind is LinkKind.UNLINKED:
            yield Finding("LINK_MISSING", None, where, link.note or "not linked")


def _repairs(repairs: Collection[Repair]) -> Iterator[Finding]:
    """Return one finding per kind of repair, with every place it was made in."""
    for quirk in dict.fromkeys(r.quirk for r in repairs):
        same = [r for r in repairs if r.quirk == quirk]
        details = "; ".join(dict.fromkeys(r.detail for r in same))
        where = ", ".join(dict.fromkeys(r.where for r in same))
        yield Finding(f"REPAIRED_{quirk.upper().replace('-', '_')}", None, where, details)


def _unreadable(case: Case) -> Iterator[Finding]:
    for key, structure in structures_of(case).items():
        if structure.problem is not None:
            advice = "Limits that need it are not evaluable."
            yield Finding("ROI_UNREADABLE", None, key, structure.problem.detail, advice)


def _structure(doses: CaseDoses, key: str, structure: Structure) -> Iterator[Finding]:
    for aside in structure.set_aside:
        counted = f"{aside.count} contour{'s' if aside.count != 1 else ''} set aside"
        yield Finding("CONTOURS_SET_ASIDE", None, key, f"{counted} ({aside.kind}): {aside.note}")
    region = doses.region(structure)
    if not isinstance(region, Reason):
        gaps = region.solids[0].gaps
        for code, planes_mm, meaning in (
            ("GAP_BRIDGED", gaps.bridged_mm, "taken as part of the structure"),
            ("GAP_LEFT_OPEN", gaps.parted_mm, "taken as the space between two parts"),
        ):
            if planes_mm:
                heights = ", ".join(f"{z:g}" for z in planes_mm)
                text = f"planes are missing above z = {heights} mm; {meaning}"
                yield Finding(code, None, key, text, "Check that no slice was forgotten.")
    histogram = doses.dvh(structure)
    if isinstance(histogram, DVH) and histogram.outside_fraction > WORTH_TELLING:
        share = f"{histogram.outside_grid_cc:.2f} cc ({100 * histogram.outside_fraction:.2g} %)"
        yield Finding("OUTSIDE_DOSE_GRID", None, key, f"{share} lie outside the dose grid")
