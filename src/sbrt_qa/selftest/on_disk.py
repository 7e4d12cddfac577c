"""A phantom taken the whole way: written as DICOM, read back as a case, computed, scored.

A small image goes with it, so that the slice spacing is known as it is of a real export.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.selftest.scoring import Score, compare
from sbrt_qa.testing.phantoms.suite import PhantomPair

_SLICES = 3
_PIXELS = (2, 2)


def score_on_disk(pair: PhantomPair, folder: Path) -> Score:
    """Write a pair into a folder of its own, read it back, compute it and score the result.

    A pair that cannot be read back or computed has all its values missing.
    """
    write_pair(pair, folder)
    return compare(pair, _computed(folder))


def write_pair(pair: PhantomPair, folder: Path) -> tuple[Path, ...]:
    """Write structure set, dose (32 bit) and a small image of a pair; return the files."""
    first_mm = min(c.z_mm for c in pair.structure.contours)
    image = ImageSeries(
        z_mm=np.asarray(first_mm + pair.slice_mm * np.arange(_SLICES), np.float64),
        origin_mm=(float(pair.dose.x_mm[0]), float(pair.dose.y_mm[0])),
        spacing_mm=(1.0, 1.0),
        shape=_PIXELS,
    )
    content = CaseContent(
        structures=StructureSet((pair.structure,), label="PHANTOM"),
        dose=pair.dose,
        image=image,
        hu=np.zeros((_SLICES, *_PIXELS), np.int16),
        rtdose=RtDoseOptions(bits=32),
    )
    return write_case(content, folder, CaseIds(seed=pair.name, patient_id="PHANTOM"))


def _computed(folder: Path) -> DVH | Reason:
    try:
        doses = CaseDoses(load_cases([folder])[0])
    except SbrtQaError as error:
        return Reason(ReasonCode.DOSE_UNREADABLE, str(error))
    found = list(structures_of(doses.case).values())
    if not found:
        return Reason(ReasonCode.STRUCTURE_MISSING, "the structure was not read back")
    return doses.dvh(found[0])
