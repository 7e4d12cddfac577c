"""SBRT plan quality assurance: DICOM in, protocol deviations out.

The verbs are those of the command line::

    from sbrt_qa import load_cases, load_protocol, review_case, dvh

    for case in load_cases(["export/"]):
        print(review_case(case, load_protocol("liver_sbrt")).verdict)
        print(dvh(case, ["PTV"], ["D95%[Gy]"]).structures["PTV"].mean_gy)

Names are imported when they are first used, so that ``import sbrt_qa`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbrt_qa import survival
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dosimetry.histogram import DVH
    from sbrt_qa.errors import (
        DicomError,
        GeometryError,
        InputError,
        MetricError,
        ProtocolError,
        ResultError,
        SbrtQaError,
        UsageError,
    )
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable, dvh
    from sbrt_qa.review.review import review_case
    from sbrt_qa.scripting.drawn_shapes import Shape, grow, isodose, ring, shape
    from sbrt_qa.scripting.gamma_map import GammaMap, gamma
    from sbrt_qa.scripting.plots import plot_dvh

__version__ = "0.2.0"

__all__ = [
    "DVH",
    "Case",
    "CaseReview",
    "DicomError",
    "DvhTable",
    "GammaMap",
    "GeometryError",
    "InputError",
    "MetricError",
    "Protocol",
    "ProtocolError",
    "ResultError",
    "SbrtQaError",
    "Shape",
    "UsageError",
    "__version__",
    "dvh",
    "gamma",
    "grow",
    "isodose",
    "load_cases",
    "load_protocol",
    "plot_dvh",
    "review_case",
    "ring",
    "shape",
    "survival",
]

_HOME = {
    "Case": "model.case",
    "CaseReview": "review.case_review",
    "DVH": "dosimetry.histogram",
    "DvhTable": "review.dvh_table",
    "GammaMap": "scripting.gamma_map",
    "Protocol": "protocol.definition",
    "Shape": "scripting.drawn_shapes",
    "dvh": "review.dvh_table",
    "gamma": "scripting.gamma_map",
    "grow": "scripting.drawn_shapes",
    "isodose": "scripting.drawn_shapes",
    "load_cases": "dicom.load",
    "load_protocol": "protocol.protocol_files",
    "plot_dvh": "scripting.plots",
    "review_case": "review.review",
    "ring": "scripting.drawn_shapes",
    "shape": "scripting.drawn_shapes",
}
"""Room of every public name; the errors, which are not listed, live in ``errors``."""

_ROOMS = ("survival",)
"""Rooms that are offered as a whole, not name by name."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as the language defines it
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
