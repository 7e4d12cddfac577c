"""Organs in the reader's language, beside the name that the protocol gives them."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg

ORGANS: Final = frozenset(
    (
        msg("Liver"),
        msg("Liver-GTV"),
        msg("Stomach"),
        msg("Duodenum"),
        msg("Bowel_Small"),
        msg("Bowel_Large"),
        msg("Bowel"),
        msg("Esophagus"),
        msg("SpinalCord"),
        msg("SpinalCord_PRV05"),
        msg("SpinalCanal"),
        msg("Kidneys"),
        msg("Kidney_L"),
        msg("Kidney_R"),
        msg("Kidney_Single"),
        msg("Heart"),
        msg("A_Aorta"),
        msg("V_Venacava_I"),
        msg("GreatVes"),
        msg("BileDuct_Common"),
        msg("HepatobiliaryTract"),
        msg("Gallbladder"),
        msg("Anastomosis"),
        msg("Stent_Biliary"),
        msg("Chestwall"),
        msg("Rib"),
        msg("Skin"),
        msg("Lungs"),
        msg("Spleen"),
    )
)
"""Structures of the protocols that have a word of their own in other languages."""


def named(structure: str, words: Words) -> str:
    """Return a structure as a sentence names it: the organ's word, then the protocol's name.

    English sentences use the protocol's name alone, as do structures without a word.
    """
    if structure not in ORGANS:
        return visible(structure)
    told = words(structure)
    return told if structure in told else f"{told} ({structure})"
