"""Physical properties that a structure set overrides, in words."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.phrase import say, stated

PROPERTIES: Final = {
    "REL_MASS_DENSITY": say("relative mass density"),
    "REL_ELEC_DENSITY": say("relative electron density"),
    "EFFECTIVE_Z": say("effective atomic number"),
    "EFF_Z_PER_A": say("effective atomic number by mass"),
    "REL_STOP_RATIO": say("relative stopping power ratio"),
    "ELEM_FRACTION": say("elemental composition"),
    "MEAN_EXCI_ENERGY": say("mean excitation energy"),
}
"""Defined terms of ROI Physical Property (3006,00B2)."""


def property_words(name: str) -> str:
    """Return a physical property in words; one that DICOM does not define as it stands."""
    return PROPERTIES.get(name) or stated(name.lower() or "property")
