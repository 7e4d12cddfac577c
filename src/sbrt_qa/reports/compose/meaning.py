"""Why a deviation matters: what an overdose does to an organ, and a cold spot to a tumour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_meaning import Direction
from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.limit_result import (
    ConstraintResult,
    about_body,
    about_target,
    direction_of,
    meaning_in,
)

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
COLD_ORGAN: Final = msg("Part of it gets less dose than the protocol asks for.")

GENERAL: Final = {
    Direction.SPILLS: SPILL,
    Direction.MISPLACED: HOTSPOT,
    Direction.TOO_FLAT: FLAT,
    Direction.MISFITS: msg("The prescription isodose does not follow the target: part of the "
                           "target lies outside it, or healthy tissue inside."),
    Direction.UNEVEN: msg("The dose within the target is less even than the protocol intends."),
    Direction.TOO_LARGE: msg("It is larger than the protocol allows, whatever the dose."),
    Direction.TOO_SMALL: msg("Less of it is there than the protocol asks for, whatever the dose."),
}  # fmt: skip
"""Why a limit matters, whatever structure it is of."""

FUNCTION: Final = re.compile(r"Liver|Kidney")
"""Organs of which enough must be there: that too little of it is, matters as too much dose does."""


def why(results: Sequence[ConstraintResult], words: Words) -> str:
    """Return why the deviations of one structure matter; empty where nothing is known of it."""
    found: dict[str, None] = {}
    for result in results:
        if text := harm(result):
            found.setdefault(words(text))
    return words.run(*found)


def notes(results: Sequence[ConstraintResult], words: Words) -> tuple[str, ...]:
    """Return what the protocol itself says about the limits, each once, as one text."""
    told = dict.fromkeys(visible(r.note) for r in results if r.note)
    first, *rest = [words.sentence(note) for note in told] or [""]
    said = words(msg(". ")).join([first, *map(_begun, rest)])
    return (words(msg("The protocol says: {note}."), note=said),) if said else ()


def _begun(text: str) -> str:
    """Return a sentence with a capital, unless its first word has one inside (eviQ)."""
    first = text.split(" ", maxsplit=1)[0]
    return text[:1].upper() + text[1:] if first[1:] == first[1:].lower() else text


def harm(result: ConstraintResult) -> str:
    """Return what missing one limit does, a sentence of the catalogue; empty where unknown."""
    direction, meaning = direction_of(result), meaning_in(result)
    if direction is not None and meaning is not None:
        if own := meaning.why(result.op, direction):
            return own
        if direction is Direction.TOO_SMALL and FUNCTION.match(result.of):
            return _overdosed(result)
        if direction in GENERAL:
            return GENERAL[direction]
    if about_body(result) and direction is not Direction.TOO_COLD:
        return SPILL
    if direction is Direction.TOO_COLD:
        return COLD if about_target(result) else COLD_ORGAN
    return HOT_TARGET if about_target(result) else _overdosed(result)


def _overdosed(result: ConstraintResult) -> str:
    return next((text for start, text in WHY if re.match(start, result.of)), "")
