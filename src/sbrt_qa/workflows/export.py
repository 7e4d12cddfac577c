"""Derived structures, isodoses and rings of one plan, written as a structure set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.workflows import DEFAULT_PROTOCOL, choose

if TYPE_CHECKING:
    from sbrt_qa.review.derived import Derived, Wanted


def export(
    paths: Sequence[Path],
    wanted: Wanted,
    out: Path,
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    *,
    plan: str | None = None,
    when: datetime | None = None,
) -> tuple[Derived, ...]:
    """Make structures of the plan found in `paths` and write them to `out`.

    Contours lie on the slices of the planning image; where it is not among the files, on the planes
    of the case's own structures, and they refer to the images that those refer to.

    Parameters
    ----------
    protocol_name
        Protocol whose names may be used, such as ``Liver-GTV``.
    plan
        Label or UID, where there are several plans.
    when
        Date and time that the file states; none unless given.

    Raises
    ------
    UsageError
        Something that is asked for is not there.
    DicomError
        Nothing readable is there, or the file cannot be written.
    """
    from sbrt_qa.dicom.anchors import anchor_of
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dicom.write_derived import Stamp, WrittenRoi, write_derived
    from sbrt_qa.protocol.load import load_family
    from sbrt_qa.review.derived import derive

    case = choose(load_cases(list(paths)), plan)
    anchor = anchor_of(case, paths)
    protocol = load_family(protocol_name).of(case).protocol
    made = derive(case, wanted, anchor.planes_mm, protocol, mapping=mapping)
    stamp = Stamp(f"{when:%Y%m%d}", f"{when:%H%M%S}") if when else Stamp()
    rois = [WrittenRoi(d.structure, d.description) for d in made]
    write_derived(rois, anchor, out, stamp)
    return made
