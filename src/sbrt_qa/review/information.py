"""What a review tells beside its limits: dose to immune cells, and the liver that is left.

Information only: nothing of it decides. Every value stands with its unit, or with the reason why
there is none, also where the case was not reviewed at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbrt_qa.checks.context import Find
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.immune_dose import edic_gy
from sbrt_qa.dosimetry.remnant_liver import (
    LOSS_BED_CIRRHOSIS_GY,
    LOSS_BED_GY,
    dose_of_bed_gy,
)
from sbrt_qa.dosimetry.surroundings import edge_max_gy
from sbrt_qa.dosimetry.whole_case import integral_gy_cc
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Combined, Operator, Tree
from sbrt_qa.protocol.whole_organs import WholeOrgans, standard_cc

SPARED_GY: Final = (15.0, 21.0)
"""Doses below which liver counts as spared, in 5 and 3 fractions and by either school."""

SMALL_LIVER_CC: Final = 700.0
"""A liver below this is described on page one."""

IMMUNE: Final = (
    ("EDIC", "Gy"), ("integral_dose", "Gy cc"), ("mean_lung", "Gy"), ("mean_heart", "Gy"),
    ("mean_liver", "Gy"), ("mean_spleen", "Gy"), ("spleen_V5", "%"), ("scanned_length", "mm"),
)  # fmt: skip
REMNANT: Final = (
    ("liver_volume", "cc"), ("spared_15Gy", "cc"), ("spared_21Gy", "cc"),
    ("spared_15Gy_share", "%"), ("spared_21Gy_share", "%"), ("mean_dose", "Gy"),
    ("functional_loss", "cc"), ("functional_loss_cirrhosis", "cc"), ("functional_remnant", "cc"),
    ("standard_liver_volume", "cc"), ("functional_remnant_share", "%"),
)  # fmt: skip
"""Names and units of what is told, in order."""


@dataclass(frozen=True, slots=True)
class Told:
    """A value in `unit`, or the Reason why there is none; `basis` says what it rests on."""

    value: float | None
    unit: str
    reason: Reason | None = None
    basis: str = ""


Information: TypeAlias = Mapping[str, Mapping[str, Told]]
"""``immune`` and ``remnant`` by name, and ``missed_by`` by the limit."""

Known: TypeAlias = float | Reason


def nothing_told(why: Reason) -> Information:
    """Return the information of a case of which nothing is known."""
    return {
        block: {name: Told(None, unit, why) for name, unit in names}
        for block, names in (("immune", IMMUNE), ("remnant", REMNANT))
    }


def information_of(doses: CaseDoses, find: Find) -> Information:
    """Return what is told of a case beside its limits.

    Parameters
    ----------
    find
        Finds structures by names of the protocol; names it does not have are looked for in the
        plan.
    """
    view = _View(doses, find)
    return {"immune": _immune(view), "remnant": _remnant(view)}


class _View(WholeOrgans):
    """Organs of a case, and the fractions in which they get their dose."""

    @property
    def fractions(self) -> Known:
        if self.doses.case.parts:
            text = say("the fractions of a course of several plans have different doses")
            return Reason(ReasonCode.NOT_APPLICABLE, text)
        plan = self.doses.case.plan
        known = plan if isinstance(plan, Reason) else plan.fractions
        if isinstance(known, Reason):
            return known
        if known is None or known < 1:
            return Reason(ReasonCode.NO_PRESCRIPTION, say("the number of fractions is not known"))
        return float(known)


def _told(known: Known, unit: str, basis: str = "") -> Told:
    return Told(None, unit, known) if isinstance(known, Reason) else Told(known, unit, None, basis)


def _mean(dvh: DVH | Reason, cut: Reason | None = None) -> Known:
    if isinstance(dvh, Reason):
        return dvh
    return cut or dvh.mean_gy


def _immune(view: _View) -> dict[str, Told]:
    organs = {name: view.tree(name) for name in ("Lungs", "Heart", "Liver", "Spleen")}
    means = {name: _mean(view.whole(tree), view.cut(name, tree)) for name, tree in organs.items()}
    integral, covered = _integral(view)
    known = [means["Lungs"], means["Heart"], means["Liver"], integral, view.fractions]
    why = next((k for k in known if isinstance(k, Reason)), None)
    edic: Known = why or edic_gy(*(k for k in known if not isinstance(k, Reason)))
    spleen = view.whole(organs["Spleen"])
    v5: Known = (
        spleen if isinstance(spleen, Reason)
        else 100 * spleen.volume_at_dose_cc(5.0) / spleen.volume_cc
    )  # fmt: skip
    if isinstance(means["Spleen"], Reason):
        v5 = means["Spleen"]
    image = view.doses.case.image
    no_image = Reason(ReasonCode.REFERENCE_MISSING, say("there is no planning image"))
    length = no_image if image is None else float(image.z_mm[-1] - image.z_mm[0])
    values = (
        edic, integral, means["Lungs"], means["Heart"], means["Liver"], means["Spleen"], v5, length
    )  # fmt: skip
    basis = {"EDIC": covered, "integral_dose": covered}
    return {
        name: _told(value, unit, basis.get(name, ""))
        for (name, unit), value in zip(IMMUNE, values, strict=True)
    }


def _integral(view: _View) -> tuple[Known, str]:
    """Return the integral dose of the body, and in words what it covers."""
    body, dose = view.inside(view.body()), view.doses.case.dose
    if isinstance(body, Reason):
        return body, ""
    if isinstance(dose, Reason):
        return dose, ""
    integral = integral_gy_cc(body, edge_max_gy(dose))
    if isinstance(integral, Reason):
        return integral, ""
    covered = say(
        "{0} cc of the body as scanned, {1} cc of it in the dose grid; what was not scanned "
        "counts as without dose",
        f"{body.volume_cc:.0f}", f"{body.inside_grid_cc:.0f}",
    )  # fmt: skip
    return integral, covered


def _remnant(view: _View) -> dict[str, Told]:
    tree = view.tree("Liver")
    liver = view.whole(tree)
    if isinstance(liver, Reason):
        return {name: Told(None, unit, liver) for name, unit in REMNANT}
    spared = [liver.volume_cc - liver.volume_at_dose_cc(gy) for gy in SPARED_GY]
    n = view.fractions
    losses = [
        n if isinstance(n, Reason) else liver.volume_at_dose_cc(dose_of_bed_gy(bed, n))
        for bed in (LOSS_BED_GY, LOSS_BED_CIRRHOSIS_GY)
    ]
    left, without = _functional_remnant(view, tree)
    standard, size = standard_cc(view.doses.case)
    share = next((k for k in (left, standard) if isinstance(k, Reason)), None)
    part: Known = share or 100 * left / standard  # type: ignore[operator]
    loss_at = "" if isinstance(n, Reason) else say(
        "from {0} Gy in {1} fractions: BED of {2} Gy at alpha/beta 2 Gy",
        f"{dose_of_bed_gy(LOSS_BED_GY, n):.2f}", f"{n:g}", f"{LOSS_BED_GY:g}",
    )  # fmt: skip
    values: tuple[Known, ...] = (
        liver.volume_cc, *spared, *(100 * cc / liver.volume_cc for cc in spared), liver.mean_gy,
        *losses, left, standard, part,
    )  # fmt: skip
    basis = {
        "functional_loss": loss_at,
        "functional_remnant": without,
        "standard_liver_volume": size,
        "functional_remnant_share": size,
    }
    return {
        name: _told(value, unit, basis.get(name, ""))
        for (name, unit), value in zip(REMNANT, values, strict=True)
    }


def _functional_remnant(view: _View, liver: Tree[Structure] | Reason) -> tuple[Known, str]:
    """Return the liver without the CTV that keeps its function, and what it was taken without."""
    n, ctv = view.fractions, view.tree("CTV")
    name = "CTV"
    if isinstance(ctv, Reason) and ctv.code is ReasonCode.STRUCTURE_MISSING:
        gtv = view.tree("GTV")
        ctv, name = (ctv, "CTV") if isinstance(gtv, Reason) else (gtv, "GTV")
    if isinstance(liver, Reason) or isinstance(ctv, Reason) or isinstance(n, Reason):
        return next(k for k in (liver, ctv, n) if isinstance(k, Reason)), ""
    rest = view.whole(Combined(Operator.WITHOUT, liver, ctv))
    if isinstance(rest, Reason):
        return rest, ""
    lost = rest.volume_at_dose_cc(dose_of_bed_gy(LOSS_BED_GY, n))
    return rest.volume_cc - lost, say("liver without {0} and without what is lost", name)
