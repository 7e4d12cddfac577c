"""Derived structures, isodoses and rings of one plan, written as a structure set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.pipeline.protocol_loading import protocol_family
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.reviewing import choose

if TYPE_CHECKING:
    from sbrt_qa.model.outcome import Finding
    from sbrt_qa.review.derived_structures import Derived, Wanted


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what speaks against its parts belonging together.

    `labels` says of a label map which structure each label is.
    """

    made: tuple[Derived, ...]
    doubts: tuple[Finding, ...]
    labels: tuple[str, ...] = ()


def export(
    paths: Sequence[Path],
    wanted: Wanted,
    out: Path,
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    *,
    plan: str | None = None,
    when: datetime | None = None,
    masks: Sequence[str] = (),
) -> Exported:
    """Make structures of the plan found in `paths` and write them to `out`.

    Contours lie on the slices of the planning image; where it is not among the files, on the planes
    of the case's own structures, and they refer to the images that those refer to. Where the parts
    of the case may not belong together, the file says so in its label and descriptions.

    Parameters
    ----------
    protocol_name
        Protocol whose names may be used, such as ``Liver-GTV``.
    plan
        Label or UID, where there are several plans.
    masks
        Files of voxels, as ``--mask`` takes them, whose structures are written too.
    when
        Date and time that the file states; none unless given.

    Raises
    ------
    UsageError
        Something that is asked for is not there.
    DicomError
        Nothing readable is there, or the file cannot be written.
    """
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dicom.volumes.label_files import write_labels
    from sbrt_qa.dicom.volumes.mask_structures import ending_of, mask_names
    from sbrt_qa.dicom.write.anchors import anchor_of
    from sbrt_qa.dicom.write.derived_file import WritingTime, WrittenRoi, write_derived
    from sbrt_qa.model.stated import UserStatements
    from sbrt_qa.protocol.map_names import refuse_unknown_maps
    from sbrt_qa.review.coherence import doubts
    from sbrt_qa.review.derived_structures import derive

    rules = protocol_family(protocol_name)
    case = choose(load_cases(list(paths), UserStatements(masks=tuple(masks))), plan)
    refuse_unknown_maps(mapping or {}, [case.structures])
    anchor = anchor_of(case, paths)
    protocol = rules.of(case).protocol
    wanted = replace(wanted, structures=(*wanted.structures, *mask_names(case, masks)))
    made = derive(case, wanted, anchor.planes_mm, protocol, mapping=mapping)
    if ending_of(out):
        labels = write_labels([d.structure for d in made], case, out)
        return Exported(made, doubts(case, with_dose=bool(wanted.isodoses)), labels)
    stamp = WritingTime(f"{when:%Y%m%d}", f"{when:%H%M%S}") if when else WritingTime()
    rois = [WrittenRoi(d.structure, "; ".join(filter(None, (d.description, d.note)))) for d in made]
    doubted = doubts(case, with_dose=bool(wanted.isodoses))
    write_derived(rois, anchor, out, stamp, doubt=_doubt(doubted))
    return Exported(made, doubted)


def _doubt(doubted: Sequence[Finding]) -> str:
    """Return what the file says of doubts: no names of files, which may tell who the patient is."""
    told = dict.fromkeys(f"{f.title.lower()} ({f.code})" for f in doubted)
    return f"DOUBTED, it may not belong together: {', '.join(told)}" if told else ""
