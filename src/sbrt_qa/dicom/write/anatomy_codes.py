"""What a structure is and where it lies, in the codes that DICOM uses.

Kinds are those of PS3.16 CID 9534 and 9535, places those of CID 4031 and 7151.
"""

from __future__ import annotations

import re
from typing import Final

from highdicom.sr import FindingSite
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

_SCT: Final = codes.SCT

_SITES: Final = {
    "A_Aorta": _SCT.Aorta, "BileDuct": _SCT.BileDuct, "BileDuct_Common": _SCT.CommonBileDuct,
    "Bladder": _SCT.Bladder, "Bowel_Large": _SCT.LargeIntestine,
    "Bowel_Small": _SCT.SmallIntestine, "Brain": _SCT.Brain, "Brainstem": _SCT.BrainStem,
    "Bronchus": _SCT.Bronchus, "Chestwall": _SCT.ChestWall, "Colon": _SCT.Colon,
    "Duodenum": _SCT.Duodenum, "Esophagus": _SCT.Esophagus, "Gallbladder": _SCT.Gallbladder,
    "Heart": _SCT.Heart, "HepatobiliaryTract": _SCT.BiliaryTract, "Jejunum": _SCT.Jejunum,
    "Kidney": _SCT.Kidney, "Larynx": _SCT.Larynx, "Liver": _SCT.Liver, "Lung": _SCT.Lung,
    "Pancreas": _SCT.Pancreas, "Prostate": _SCT.Prostate, "Rectum": _SCT.Rectum,
    "Rib": _SCT.Rib, "Skin": _SCT.Skin, "SpinalCanal": _SCT.VertebralCanal,
    "SpinalCord": _SCT.SpinalCord, "Spleen": _SCT.Spleen, "Stomach": _SCT.Stomach,
    "Trachea": _SCT.Trachea, "V_Portal": _SCT.PortalVein,
    "V_Venacava_I": _SCT.InferiorVenaCava,
}  # fmt: skip
"""By their names in TG-263, without side and planning volume."""

_PAIRED: Final = {"Kidneys": "Kidney", "Lungs": "Lung"}
_SIDES: Final = {"_L": _SCT.Left, "_R": _SCT.Right}
_REST: Final = re.compile(r"(_PRV\d+)?(\s*-\s*[A-Za-z0-9_]+)*$")
"""A planning volume lies where its organ lies, and what is left of an organ lies in it."""


def finding_sites(structure: str) -> list[FindingSite]:
    """Return where a structure of a protocol lies; nothing for targets and what has no code."""
    name = _REST.sub("", structure)
    if name in _PAIRED:
        return [FindingSite(_SITES[_PAIRED[name]], _SCT.RightAndLeft)]
    side = _SIDES.get(name[-2:])
    organ = _SITES.get(name[:-2] if side else name)
    return [] if organ is None else [FindingSite(organ, side)]


_TARGETS: Final[dict[str, Code]] = {
    "GTV": _SCT.GTV, "CTV": _SCT.CTV, "ITV": codes.DCM.ITV, "PTV": _SCT.PTV,
}  # fmt: skip
_ORGAN: Final[Code] = codes.DCM.OrganAtRisk
_PLANNING_VOLUME: Final[Code] = codes.DCM.PlanningOrganAtRiskVolume
_TARGET: Final = re.compile(r"([GCIP]TV)[pn]?\d*(_\w+)?")
"""A target by the names of TG-263, with the dose level or number behind it."""
_PLANNING_ORGAN: Final = re.compile(r"_PRV\d*(\s*-\s*[A-Za-z0-9_]+)*$")


def structure_type(structure: str) -> Code | None:
    """Return what a structure of a protocol is; nothing for what is neither target nor organ.

    An expression is what its first structure is: liver without the target is an organ.
    """
    target = _TARGET.fullmatch(structure)
    if target:
        return _TARGETS[target[1]]
    if not finding_sites(structure):
        return None
    return _PLANNING_VOLUME if _PLANNING_ORGAN.search(structure) else _ORGAN
