"""One linked set of objects: RTPLAN -> RTSTRUCT -> RTDOSE -> CT, joined by UIDs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.ct_files import write_ct
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions, write_rtdose
from sbrt_qa.dicom.write.rtplan_file import Aperture, write_rtplan
from sbrt_qa.dicom.write.rtrecord_files import write_records
from sbrt_qa.dicom.write.rtstruct_file import RtStructOptions, write_rtstruct
from sbrt_qa.errors import DicomError
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import StructureSet


@dataclass(frozen=True, slots=True, eq=False)
class CaseContent:
    """What one case consists of; a part that is None is not written."""

    structures: StructureSet | None = None
    dose: DoseGrid | None = None
    plan: Plan | None = None
    image: ImageSeries | None = None
    hu: npt.NDArray[np.int16] | None = None
    apertures: Mapping[int, Aperture] = field(default_factory=dict)
    rtdose: RtDoseOptions = field(default_factory=RtDoseOptions)
    rtstruct: RtStructOptions = field(default_factory=RtStructOptions)
    sessions: tuple[Session, ...] = ()


def write_case(content: CaseContent, folder: Path, ids: CaseIds) -> tuple[Path, ...]:
    """Write the parts of a case into a folder, made when absent, and return the files.

    Names are ``RTPLAN.dcm``, ``RTSTRUCT.dcm``, ``RTDOSE.dcm``, and ``CT/CT_001.dcm`` and
    ``RTRECORD_1.dcm`` upwards.
    Existing files of these names are replaced.

    Raises
    ------
    DicomError
        The folder or a file cannot be written.
    """
    written: list[Path] = []
    _make(folder)
    if content.plan is not None:
        written.append(folder / "RTPLAN.dcm")
        write_rtplan(content.plan, written[-1], ids, apertures=content.apertures)
    if content.structures is not None:
        written.append(folder / "RTSTRUCT.dcm")
        slices = () if content.image is None else tuple(content.image.z_mm.tolist())
        write_rtstruct(
            content.structures, written[-1], ids, slices_z_mm=slices, options=content.rtstruct
        )
    if content.dose is not None:
        written.append(folder / "RTDOSE.dcm")
        write_rtdose(content.dose, written[-1], ids, options=content.rtdose)
    if content.image is not None and content.hu is not None:
        _make(folder / "CT")
        written.extend(write_ct(content.image, content.hu, folder / "CT", ids))
    if content.sessions and content.plan is not None:
        planned = content.plan.fraction_groups[0].fractions or 0
        written.extend(write_records(content.sessions, planned, folder, ids))
    return tuple(written)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DicomError(
            "the folder cannot be made", where=folder.name, advice="Check the path and its rights"
        ) from error
