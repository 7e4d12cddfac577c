"""What stands beside the limits: the liver that is left, and dose to immune cells, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.page import Table
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.information import SMALL_LIVER_CC, Told

NAMES: Final = {
    "liver_volume": msg("volume of the liver"),
    "spared_15Gy": msg("liver below 15 Gy"),
    "spared_21Gy": msg("liver below 21 Gy"),
    "spared_15Gy_share": msg("share of the liver below 15 Gy"),
    "spared_21Gy_share": msg("share of the liver below 21 Gy"),
    "mean_dose": msg("mean dose of the liver"),
    "functional_loss": msg("liver lost for its function, BED of 70 Gy or more"),
    "functional_loss_cirrhosis": msg("the same in cirrhosis, BED of 40 Gy or more"),
    "functional_remnant": msg("liver that keeps its function"),
    "standard_liver_volume": msg("standard liver volume"),
    "functional_remnant_share": msg("share of the standard liver volume that keeps its function"),
    "EDIC": msg("effective dose to immune cells (EDIC)"),
    "integral_dose": msg("integral dose of the body as scanned"),
    "mean_lung": msg("mean dose of the lungs"),
    "mean_heart": msg("mean dose of the heart"),
    "mean_liver": msg("mean dose of the liver"),
    "mean_spleen": msg("mean dose of the spleen"),
    "spleen_V5": msg("spleen at 5 Gy or more"),
    "scanned_length": msg("length of the scan"),
}

BRIEF: Final = {
    "remnant": ("liver_volume", "spared_15Gy", "functional_loss", "functional_remnant"),
    "immune": ("EDIC", "integral_dose", "mean_spleen", "spleen_V5"),
}
"""What of each block the terminal tells."""

NOTES: Final = (
    msg("For information: nothing of this decides, and no limit of it is published for livers "
        "below 700 cc; a limit of 700 cc stays not evaluable there."),
    msg("Functional loss by BED with alpha/beta 2 Gy; standard volume by Urata; EDIC by Xu 2020, "
        "with 45 in the last root. In 59 patients a spleen mean of 2.28 Gy and V5 of 17.84 % went "
        "with the lowest lymphocyte counts (Liu 2017)."),
)  # fmt: skip


def table(review: CaseReview, words: Words) -> Table | None:
    """Return the blocks as one table; None where a review of an older version has none.

    What stands in two blocks under one name, as the mean dose of the liver, is told once.
    How far limits are missed stands with the deviations themselves.
    """
    named = {
        words(NAMES[name]): one
        for block in ("immune", "remnant")
        for name, one in review.information.get(block, {}).items()
        if name in NAMES
    }
    order = dict.fromkeys(words(name) for name in NAMES.values())
    rows = [
        (name, shown(named[name]), _basis(named[name], words)) for name in order if name in named
    ]
    if not rows:
        return None
    heads = (msg("Quantity"), msg("Value"), msg("What it rests on"))
    return Table(tuple(words(h) for h in heads), tuple(rows), tuple(words(n) for n in NOTES))


def small_liver(review: CaseReview, words: Words) -> str:
    """Return the line of page one on a liver below 700 cc; empty for any other."""
    known = review.information.get("remnant", {})
    liver = known.get("liver_volume")
    if liver is None or liver.value is None or liver.value >= SMALL_LIVER_CC:
        return ""
    text = words(
        msg("The liver has {volume}, less than 700 cc: {spared} get less than 15 Gy, mean {mean}, "
            "{left} keep their function."),
        volume=shown(liver), spared=shown(known.get("spared_15Gy")),
        mean=shown(known.get("mean_dose")), left=shown(known.get("functional_remnant")),
    )  # fmt: skip
    share = known.get("functional_remnant_share")
    if share is not None and share.value is not None:
        more = words(msg("That is {share} of the standard volume."), share=shown(share))
        text = words.run(text, more)
    return words.run(text, words(msg("It is described, not judged: the trial group decides.")))


def brief(review: CaseReview, words: Words) -> tuple[str, ...]:
    """Return a line for each block, for the terminal; none of a review of an older version.

    What has no value stands with the reason of the first such value of its block.
    """
    return tuple(
        line
        for block, names in BRIEF.items()
        if (line := _line(review.information.get(block, {}), names, words))
    )


def _line(block: Mapping[str, Told], names: tuple[str, ...], words: Words) -> str:
    there = [(words(NAMES[name]), block[name]) for name in names if name in block]
    told = [f"{name} {shown(one)}" for name, one in there]
    why = next((one.reason for _, one in there if one.reason is not None), None)
    if why is not None:
        told.append(words.sentence(why.detail))
    return "; ".join(told)


def shown(one: Told | None) -> str:
    """Return a value with its unit; a dash where there is none."""
    if one is None or one.value is None:
        return "–"
    digits = 0 if one.unit in ("cc", "Gy cc", "mm") and abs(one.value) >= 10 else 2
    digits = 1 if one.unit == "%" else digits
    return f"{one.value:.{digits}f} {one.unit}"


def _basis(one: Told, words: Words) -> str:
    if one.reason is not None:
        return words.sentence(one.reason.detail)
    return words.sentence(one.basis) if one.basis else ""
