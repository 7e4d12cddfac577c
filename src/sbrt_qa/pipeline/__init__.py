"""The verbs that join the rooms: read, review, compute. Values in, results out; prints nothing.

`sbrt_qa.pipeline.reviewing.review` is the one path of a review: a typed request in, reviews out,
told step by step. The functions here are its short forms.

Rooms are imported by the verb that needs them: ``sbrt-qa --help`` must not wait for pydicom and
numba, nor ``sbrt-qa dvh`` for pydantic and YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.pipeline.protocol_loading import protocol, protocol_family, protocols
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.setup_errors import Shifts
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable


__all__ = [
    "DEFAULT_PROTOCOL", "caps_hold", "check", "dvh", "inspect", "protocol", "protocol_family",
    "protocol_schema", "protocols", "start_kernels_fast", "warm_up", "when_compiling",
]  # fmt: skip


def check(
    paths: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    site_values: Path | None = None,
    *,
    cross_check: bool = False,
    bands: bool = True,
    stated: UserStatements = NOTHING_STATED,
    shifts: Shifts | None = None,
) -> tuple[CaseReview, ...]:
    """Review every plan found in `paths` against one protocol.

    The parameters are those of `sbrt_qa.pipeline.requests.ReviewRequest`.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    ProtocolError
        The protocol breaks its schema.
    UsageError
        The file of site values cannot be read, or the second engine is not installed.
    """
    from sbrt_qa.pipeline.requests import ReviewRequest
    from sbrt_qa.pipeline.reviewing import review

    request = ReviewRequest(
        tuple(paths), protocol_name, dict(mapping or {}), site_values, bands, cross_check, stated,
        shifts=shifts,
    )  # fmt: skip
    return tuple(one.review for one in review(request))


def caps_hold() -> bool:
    """Tell whether this system can cap memory and processor time, or only time."""
    from sbrt_qa.sandbox import caps_hold as hold

    return hold()


def warm_up() -> None:
    """Import what a review needs and run its kernels once, so that none is compiled later."""
    import numpy as np

    from sbrt_qa.dicom.load import load_cases  # noqa: F401 - only loads the room
    from sbrt_qa.dicom.text.decimal_text import parse_decimals
    from sbrt_qa.model.case import Case as AnyCase
    from sbrt_qa.model.grid import DoseGrid
    from sbrt_qa.model.outcome import Reason, ReasonCode
    from sbrt_qa.model.structure import Contour, Structure, StructureSet
    from sbrt_qa.review import dvh_table
    from sbrt_qa.review.review import review_case  # noqa: F401 - only loads the room

    start_kernels_fast()
    parse_decimals([b"1.5"])
    axis_mm = np.array([-2.0, 0.0, 2.0])
    dose = DoseGrid(np.ones((3, 3, 3)), axis_mm, axis_mm, axis_mm)
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    box = Structure(1, "box", (Contour(-1.0, square), Contour(1.0, square)))
    no_plan = Reason(ReasonCode.REFERENCE_MISSING, say("none"))
    dvh_table.dvh(AnyCase("warm-up", no_plan, StructureSet((box,)), dose))


def dvh(
    paths: Sequence[Path],
    structures: Sequence[str] = (),
    metrics: Sequence[str] = (),
    *,
    plan: str | None = None,
    curve_bin_gy: float | None = None,
    bands: bool = False,
    stated: UserStatements = NOTHING_STATED,
) -> DvhTable:
    """Compute DVH statistics of the one plan found in `paths`, or of the one chosen by `plan`.

    Raises
    ------
    UsageError
        There are several plans and `plan` does not say which; the message lists them. Or a
        structure or metric is not known.
    DicomError
        Nothing readable is there.
    """
    from sbrt_qa.pipeline.requests import DvhRequest
    from sbrt_qa.pipeline.reviewing import dvh as compute

    return compute(
        DvhRequest(
            tuple(paths), tuple(structures), tuple(metrics), plan, curve_bin_gy, bands, stated
        )
    )


def inspect(paths: Sequence[Path]) -> Inventory:
    """List what is in `paths`, how it links, and what had to be repaired.

    Raises
    ------
    DicomError
        Nothing readable is there.
    """
    from sbrt_qa.dicom.load import inspect as look

    return look(paths)


def when_compiling(call: Callable[[], None], progress: Callable[[int], None] | None = None) -> None:
    """Call a function once if compiled kernels are not yet cached, which takes a while.

    `progress` is told from time to time how many have been compiled.
    """
    from sbrt_qa.geometry.compiling._kernels import when_compiling as register

    register(call, progress)


def start_kernels_fast() -> None:
    """Load the compiler without what no kernel needs; for a process that is ours alone."""
    from sbrt_qa.geometry.compiling import start_fast
    from sbrt_qa.model.free_memory import share_one_heap

    share_one_heap()
    start_fast()


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema of protocol files."""
    from sbrt_qa.protocol.definition import protocol_json_schema

    return protocol_json_schema()
