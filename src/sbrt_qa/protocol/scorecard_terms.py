"""Words of a PlanScoreCard template that its writer and its reader share.

From the open source of that program: `InternalTemplateModel`, `ScoreTemplateModel` and
`ScorePointInternalModel` are the JSON objects; a score is linear between points and constant beyond
the outer ones. ``DoseAtSubVolume`` is the dose that all but the coldest cc get at least, DC here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sbrt_qa.protocol.goals import GoalKind

METRIC_TYPES: Final[Mapping[GoalKind, str]] = {
    GoalKind.DOSE_AT_VOLUME: "DoseAtVolume",
    GoalKind.VOLUME_AT_DOSE: "VolumeAtDose",
    GoalKind.DOSE_AT_COLDEST: "DoseAtSubVolume",
    GoalKind.MEAN: "MeanDose",
    GoalKind.LOWEST: "MinDose",
    GoalKind.HIGHEST: "MaxDose",
    GoalKind.VOLUME: "Volume",
    GoalKind.ISODOSE_RATIO: "ConformityIndex",
}
"""Their names of metrics by what is asked."""

_DOSES: Final[Mapping[str, str]] = {"GY": "Gy", "CGY": "cGy", "%": "%"}
_VOLUMES: Final[Mapping[str, str]] = {"CC": "cc", "CM3": "cc", "%": "%"}
_CC: Final[Mapping[str, str]] = {"CC": "cc", "CM3": "cc"}
NO_UNITS: Final[Mapping[str, str]] = {}

READ: Final[Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]]] = {
    "DoseAtVolume": ("D{0}[{1}]", _VOLUMES, _DOSES),
    "VolumeAtDose": ("V{0}[{1}]", _DOSES, _VOLUMES),
    "DoseAtSubVolume": ("DC{0}[{1}]", {**_CC, "": "cc"}, _DOSES),
    "MeanDose": ("Mean[{1}]", NO_UNITS, _DOSES),
    "MinDose": ("Min[{1}]", NO_UNITS, _DOSES),
    "MaxDose": ("Max[{1}]", NO_UNITS, _DOSES),
    "Volume": ("Volume[{1}]", NO_UNITS, _CC),
}
"""Our expression by their name, with the units of what goes in and of what comes out."""

RATIO: Final = "ConformityIndex"
ISODOSES: Final = (50.0, 100.0)
"""Isodoses whose volume over that of the target has a name here, in % of the prescription."""

FULL_SCORE: Final = 2.0
VARIATION_SCORE: Final = 1.0

BEYOND: Final = 1e-4
"""Part of a bound by which the score drops to nothing beyond it: linear scores have no step."""

EXTRA_KEY: Final = "sbrt_qa"
"""Key beside theirs that says what a template cannot; their program passes it over."""
