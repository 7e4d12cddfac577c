"""Why a deviation matters: what an overdose does to an organ, and a cold spot to a tumour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.errors import visible
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.reports.compose.plain import spec_of
from sbrt_qa.reports.words import Words, msg

WHY: Final = (
    ("Duodenum", msg("A small part of the duodenum at a high dose can ulcerate, bleed or "
                     "perforate.")),
    ("Stomach", msg("A small part of the stomach at a high dose can ulcerate, bleed or "
                    "perforate.")),
    ("Bowel_Small|Jejunum|Ileum", msg("A small part of the small bowel at a high dose can "
                                      "ulcerate, perforate or become obstructed.")),
    ("Bowel_Large|Colon|Rectum", msg("A small part of the large bowel at a high dose can bleed, "
                                     "perforate or form a fistula.")),
    ("Bowel|SmallBowel", msg("A small part of the bowel at a high dose can ulcerate, bleed or "
                             "perforate.")),
    ("Anastomosis", msg("At a high dose an anastomosis can leak, bleed or narrow, and bile can "
                        "become infected.")),
    ("Stent", msg("Bile duct and bowel wall around a stent can ulcerate, bleed or perforate.")),
    ("Esophagus", msg("The oesophagus can ulcerate, perforate, narrow or form a fistula.")),
    ("SpinalCord|SpinalCanal", msg("The risk of radiation myelopathy rises: paralysis and loss of "
                                   "sensation below the irradiated level, as a rule without "
                                   "recovery.")),
    ("CaudaEquina|SacPlex|BrachialPlex", msg("Radiation injury of the nerves: weakness and loss "
                                             "of feeling, rarely with recovery.")),
    ("Kidney", msg("Kidney function can be lost; what counts is the mean dose and the volume that "
                   "stays below the dose of the limit.")),
    ("Liver", msg("Too little liver is spared: the risk of radiation-induced liver disease rises, "
                  "and more so after resection and chemotherapy.")),
    ("V_Portal", msg("The portal vein can narrow or thrombose.")),
    ("BileDuct_Common|CBD", msg("The common bile duct can narrow, with jaundice or cholangitis.")),
    ("BileDuct|Hilum|Hepatobil|CHBT|HBT", msg("The central bile ducts can narrow, with "
                                                  "jaundice or cholangitis.")),
    ("Gallbladder", msg("The gallbladder can become inflamed or perforate.")),
    ("Heart", msg("Pericarditis and late heart disease become more likely.")),
    ("V_Venacava_I|IVC", msg("The inferior vena cava can, rarely, narrow or thrombose.")),
    ("V_Venacava|V_Cava", msg("The vena cava can, rarely, narrow or thrombose.")),
    ("A_Aorta|Aorta", msg("The wall of the aorta can, rarely, weaken: aneurysm or bleeding.")),
    ("GreatVes|A_Pulm", msg("The wall of a large vessel can, rarely, weaken or narrow: aneurysm, "
                            "bleeding or thrombosis.")),
    ("Chestwall", msg("Chest-wall pain becomes more likely.")),
    ("Rib", msg("A rib can break, with pain.")),
    ("Skin", msg("The skin can ulcerate, become necrotic or scar.")),
    ("Lung", msg("Pneumonitis becomes more likely.")),
    ("Bronchus|Trachea|ProximalBronch", msg("The airway can narrow or form a fistula.")),
    ("Spleen", msg("Lymphocytes pass through the spleen; their count can fall.")),
    ("Pancreas", msg("The pancreas can become inflamed.")),
)  # fmt: skip
"""What an overdose does, by the start of the protocol's name."""

SPILL: Final = msg("High dose spills into healthy tissue around the target.")
HOTSPOT: Final = msg("The highest dose of the plan lies in healthy tissue.")
COLD: Final = msg("Part of the target gets less than was prescribed; the tumour may come back "
                  "there.")  # fmt: skip
FLAT: Final = msg("The dose in the target is flatter than stereotactic treatment intends, and "
                  "falls less steeply around it.")  # fmt: skip
HOT_TARGET: Final = msg("The dose within the target is higher than the protocol intends.")

TARGETS: Final = re.compile(r"(?:PTV|CTV|GTV|ITV|IGTV)(?![A-Za-z])")
"""Names of targets in the protocol."""

MAXIMUM_CC: Final = 0.5
"""Largest volume whose dose counts as the maximum of an organ."""

INDICES: Final = ("R100", "R50", "CI", "PITV", "PaddickCI", "D2cm", "GI")
"""Metrics of how the dose lies around a target."""


def why(results: Sequence[ConstraintResult], words: Words) -> str:
    """Return why the deviations of one structure matter; empty where nothing is known of it."""
    found: dict[str, None] = {}
    for result in results:
        if text := harm(result):
            found.setdefault(words(text))
    return " ".join(found)


def notes(results: Sequence[ConstraintResult], words: Words) -> tuple[str, ...]:
    """Return what the protocol itself says about the limits, each once."""
    told = dict.fromkeys(visible(r.note) for r in results if r.note)
    return tuple(
        words(msg("The protocol says: {note}."), note=words.sentence(note)) for note in told
    )


def harm(result: ConstraintResult) -> str:
    """Return what missing one limit does, a sentence of the catalogue; empty where unknown."""
    spec = spec_of(result)
    kind = spec.kind if spec else ""
    if kind == "GlobalMaxInPTV":
        return HOTSPOT
    if kind in INDICES or result.of.startswith("External"):
        return SPILL
    if TARGETS.match(result.of):
        if not is_cold(result):
            return HOT_TARGET
        return FLAT if spec is not None and is_maximum(spec) else COLD
    return next((text for start, text in WHY if re.match(start, result.of)), "")


def is_maximum(spec: MetricSpec) -> bool:
    """Tell whether a metric is the dose to a point, or to so little that it stands for one."""
    point = spec.kind == "D" and spec.argument_unit == "cc" and spec.amount <= MAXIMUM_CC
    return point or spec.kind == "Max"


def is_cold(result: ConstraintResult) -> bool:
    """Tell whether a limit is missed by too little dose."""
    return result.op in (">=", ">")
