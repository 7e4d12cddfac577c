"""Structures from masks and label maps, read in a process of its own with caps."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from sbrt_qa.dicom.volumes.label_volume import LabelVolume
from sbrt_qa.dicom.volumes.metaimage_file import read_metaimage
from sbrt_qa.dicom.volumes.nifti_file import read_nifti
from sbrt_qa.errors import InputError, UsageError, quoted
from sbrt_qa.geometry.voxel_outlines import voxel_contours
from sbrt_qa.model.case import Case
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.structure import Contour, Structure, StructureSet, VoxelSize
from sbrt_qa.sandbox import Limits, run_isolated

READERS: Final = {
    ".nii": read_nifti, ".nii.gz": read_nifti, ".mha": read_metaimage, ".mhd": read_metaimage,
}  # fmt: skip
"""Readers by the ending of a file's name."""

PAIR: Final = (".hdr", ".img", ".hdr.gz", ".img.gz")
"""Endings of NIfTI and Analyze in two files."""

LIMITS: Final = Limits(seconds=600.0, cpu_seconds=300, memory_bytes=6 * 1024**3)
LONGEST_NAME: Final = 64
ONLY: Final = 0
"""Stands for the one label of a mask whose number is not named."""

MASK_NOTE: Final = (
    "{0}: made of voxels of {1} mm; the file states no frame of reference, the plan's is taken"
)


@dataclass(frozen=True, slots=True)
class MaskAsked:
    """A file of voxels and the names of its labels; `ONLY` where it is a mask with one name."""

    path: Path
    names: Mapping[int, str]


def read_mask_text(text: str) -> MaskAsked:
    """Read ``FILE``, ``FILE=NAME`` or ``FILE=1:NAME,2:NAME``.

    Raises
    ------
    UsageError
        The file has no known ending, or the names cannot be read.
    """
    file, _, told = text.partition("=")
    path = Path(file.strip())
    if path.name.lower().endswith(PAIR):
        raise UsageError(
            "NIfTI in two files, .hdr and .img, is not read", got=quoted(path.name),
            expected="one .nii or .nii.gz", advice="Convert the pair to one file.",
        )  # fmt: skip
    if not ending_of(path):
        expected = ", ".join(READERS)
        raise UsageError("no file of voxels", got=quoted(path.name), expected=expected)
    names: dict[int, str] = {}
    parts = [part.strip() for part in told.split(",")] if told.strip() else []
    for part in parts:
        label, colon, name = (side.strip() for side in part.partition(":"))
        if not colon and len(parts) == 1:
            label, name = str(ONLY), label
        number = int(label) if label.isascii() and label.isdigit() and len(label) < 10 else -1
        if number < 0 or number in names or not 0 < len(name) <= LONGEST_NAME:
            raise UsageError(
                "the names of labels cannot be read", got=quoted(text),
                expected="FILE=NAME or FILE=1:NAME,2:NAME",
            )  # fmt: skip
        names[number] = name
    return MaskAsked(path, names)


def ending_of(path: Path) -> str:
    """Return the ending that says how a file of voxels is written; empty for any other."""
    name = path.name.lower()
    return next((one for one in sorted(READERS, key=len, reverse=True) if name.endswith(one)), "")


def read_volume(path: Path) -> LabelVolume:
    """Read one file in this process.

    Raises
    ------
    InputError
        As the readers.
    """
    return READERS[ending_of(path)](path)


def with_masks(cases: Sequence[Case], texts: Sequence[str]) -> tuple[Case, ...]:
    """Return cases whose structure sets have the structures of masks as well.

    A structure of the plan that is called the same is replaced, which the notes say.

    Raises
    ------
    UsageError
        A file or a label is not there.
    InputError
        A file cannot be read, or lies outside the planning image.
    """
    asked = [read_mask_text(text) for text in texts]
    made = [one for mask in asked for one in read_structures(mask)]
    names = [s.name for s, _ in made]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError("two masks have one name", got=quoted(sorted(twice)[0]))
    return tuple(_with(case, made) for case in cases)


def mask_names(case: Case, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the structures of voxels of a case that was read with masks."""
    there = case.structures.structures if isinstance(case.structures, StructureSet) else ()
    return tuple(s.name for s in there if s.voxels is not None) if texts else ()


def read_structures(asked: MaskAsked) -> tuple[tuple[Structure, str], ...]:
    """Read the structures of one file in a process of its own, each with a note.

    Raises
    ------
    InputError
        The file cannot be read, or its process exceeded its caps.
    """
    call = (str(asked.path.absolute()), {str(k): v for k, v in asked.names.items()})
    if multiprocessing.current_process().daemon:  # within caps already
        value = structures_here(*call)
    else:
        outcome = run_isolated(structures_here, call, LIMITS)
        if outcome.error is not None:
            raise outcome.error
        if outcome.failure:
            raise InputError(f"reading it {outcome.failure}", where=asked.path.name)
        value = outcome.value
    return tuple(_structure(number, one) for number, one in enumerate(value, 1))


def structures_here(path: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read the structures of one file in this process, as plain values.

    Raises
    ------
    InputError
        The mask is empty, a named label is not in it, or one name is given for several labels.
    """
    file = Path(path)
    volume = read_volume(file)
    labels = volume.present
    if not labels:
        raise InputError("the mask is empty", where=file.name, got="no voxel above 0")
    known = {int(label): name for label, name in names.items()}
    if ONLY in known:
        if len(labels) > 1:
            raise InputError(
                "several labels, one name", where=file.name,
                got=", ".join(map(str, labels[:10])), expected="names such as 1:Liver,2:GTV",
            )  # fmt: skip
        known = {labels[0]: known[ONLY]}
    if missing := [n for n in known if n not in labels]:
        got = ", ".join(map(str, labels[:10]))
        raise InputError(f"no voxel has label {missing[0]}", where=file.name, got=got)
    stem = file.name[: -len(ending_of(file))]
    found = []
    for label in known or labels:
        alone = len(labels) == 1
        name = known.get(label) or (stem if alone else f"{stem}_{label}")
        inside = volume.labels == label
        contours = voxel_contours(inside, volume.x_mm, volume.y_mm, volume.z_mm)
        size = " x ".join(f"{n:.4g}" for n in volume.voxel_mm)
        note = MASK_NOTE.format(name, size)
        found.append(
            {
                "name": name[:LONGEST_NAME],
                "note": "; ".join((note, *volume.notes)),
                "contours": _plain(contours),
                "voxel_mm": list(volume.voxel_mm),
            }
        )
    return found


def _plain(contours: Sequence[Contour]) -> list[list[Any]]:
    return [[c.z_mm, c.xy_mm.tolist()] for c in contours]


def _structure(number: int, values: Mapping[str, Any]) -> tuple[Structure, str]:
    contours = tuple(Contour(float(z), np.array(xy, np.float64)) for z, xy in values["contours"])
    size = VoxelSize(*(float(n) for n in values["voxel_mm"]))
    return Structure(number, str(values["name"]), contours, voxels=size), str(values["note"])


def _with(case: Case, made: Sequence[tuple[Structure, str]]) -> Case:
    if case.image is not None:
        for structure, _ in made:
            _refuse_elsewhere(structure, case.image)
    own = case.structures if isinstance(case.structures, StructureSet) else StructureSet(())
    names = {structure.name for structure, _ in made}
    kept = [s for s in own.structures if s.name not in names]
    types = {s.name: s.interpreted_type for s in own.structures}
    replaced = [s.name for s in own.structures if s.name in names]
    first = 1 + max((s.roi_number for s in own.structures), default=0)
    added = [
        replace(s, roi_number=first + n, interpreted_type=types.get(s.name, ""))
        for n, (s, _) in enumerate(made)
    ]
    notes = [note for _, note in made]
    notes += [f"{quoted(name)} of the plan is replaced by the mask called so" for name in replaced]
    return replace(
        case,
        structures=replace(own, structures=(*kept, *added)),
        provenance=replace(case.provenance, notes=(*case.provenance.notes, *notes)),
    )


def _refuse_elsewhere(structure: Structure, image: ImageSeries) -> None:
    """Refuse a mask that reaches beyond the image: another patient, or another orientation."""
    xy = np.concatenate([c.xy_mm for c in structure.contours])
    z = [c.z_mm for c in structure.contours]
    ny, nx = image.shape
    low = (image.origin_mm[0], image.origin_mm[1], float(image.z_mm[0]))
    high = (
        low[0] + (nx - 1) * image.spacing_mm[0],
        low[1] + (ny - 1) * image.spacing_mm[1],
        float(image.z_mm[-1]),
    )
    found_low, found_high = (*xy.min(axis=0), min(z)), (*xy.max(axis=0), max(z))
    slack = (*image.spacing_mm, max(image.slice_spacing_mm, 1.0))
    if any(
        f < lo - s or g > hi + s
        for f, g, lo, hi, s in zip(found_low, found_high, low, high, slack, strict=True)
    ):
        ranges = zip(found_low, found_high, strict=True)
        image_ranges = zip(low, high, strict=True)
        raise InputError(
            "the mask reaches beyond the planning image", where=structure.name,
            got=", ".join(f"{a:.0f} to {b:.0f}" for a, b in ranges),
            expected=", ".join(f"{a:.0f} to {b:.0f} mm" for a, b in image_ranges),
            advice="Is it of this patient and scan, and does its header say the right orientation?",
        )  # fmt: skip
