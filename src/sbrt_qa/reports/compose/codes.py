"""DICOM's codes of beams, doses and positions in words; a code without a word stays as it is."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg

RADIATION: Final = {
    "PHOTON": msg("photons"),
    "ELECTRON": msg("electrons"),
    "PROTON": msg("protons"),
    "ION": msg("ions"),
}
"""Radiation Type (300A,00C6)."""

BEAMS: Final = {
    "STATIC": msg("static beams"),
    "DYNAMIC": msg("dynamic beams"),
}
"""Beam Type (300A,00C4)."""

SUMMATIONS: Final = {
    "PLAN": msg("dose of the plan"),
    "MULTI_PLAN": msg("dose of several plans"),
    "FRACTION": msg("dose of a fraction group"),
    "BEAM": msg("dose of beams"),
}
"""Dose Summation Type (3004,000A)."""

DOSE_TYPES: Final = {
    "PHYSICAL": msg("physical"),
    "EFFECTIVE": msg("biologically effective"),
}
"""Dose Type (3004,0004)."""

POSITIONS: Final = {
    "HFS": msg("head first, supine"),
    "HFP": msg("head first, prone"),
    "HFDL": msg("head first, on the left side"),
    "HFDR": msg("head first, on the right side"),
    "FFS": msg("feet first, supine"),
    "FFP": msg("feet first, prone"),
    "FFDL": msg("feet first, on the left side"),
    "FFDR": msg("feet first, on the right side"),
}
"""Patient Position (0018,5100)."""


def technique_text(technique: str, words: Words) -> str:
    """Return ``PHOTON STATIC`` in words, wholly or not at all."""
    radiation, _, beams = technique.partition(" ")
    if radiation in RADIATION and beams in BEAMS:
        return words(msg(", ")).join((words(RADIATION[radiation]), words(BEAMS[beams])))
    return visible(technique)


def dose_kind_text(summation: str, dose_type: str, words: Words) -> str:
    """Return what a dose sums and means, in words."""
    parts = (SUMMATIONS.get(summation), DOSE_TYPES.get(dose_type))
    raw = (visible(summation), visible(dose_type))
    shown = [words(part) if part else code for part, code in zip(parts, raw, strict=True)]
    return words(msg(", ")).join(text for text in shown if text)


def position_text(position: str, words: Words) -> str:
    """Return how the patient lies, in words."""
    return words(POSITIONS[position]) if position in POSITIONS else visible(position)
