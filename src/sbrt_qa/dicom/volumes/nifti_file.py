"""NIfTI-1 label maps, ``.nii`` and ``.nii.gz``, from the definition of the format (nifti1.h).

Coordinates of the file are RAS; ours are LPS, so x and y change their sign. The `sform` places the
voxels where it is coded, else the `qform`; a file with neither does not say where it lies.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.volumes.guarded_bytes import GZIP, inflated_gzip, open_regular, raw_bytes
from sbrt_qa.dicom.volumes.label_volume import LabelVolume, as_labels, check_shape, oriented
from sbrt_qa.errors import InputError
from sbrt_qa.model.grid import FloatArray

HEADER: Final = 348
_TYPES: Final = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8",
    1280: "u8",
}  # fmt: skip
_MM_PER_UNIT: Final = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
MAX_OFFSET: Final = 1 << 20
AGREE_MM: Final = 0.1
"""Distance by which both placements of one file may differ."""


def read_nifti(path: Path) -> LabelVolume:
    """Read a label map.

    Raises
    ------
    InputError
        The file is none, its header contradicts itself or its data, or it is oblique.
    """
    where = path.name
    first = open_regular(path)
    packed = first.startswith(GZIP)
    head = inflated_gzip(path, None, HEADER) if packed else first[:HEADER]
    if len(head) < HEADER:
        raise InputError("the file ends within its header", where=where, got=f"{len(head)} bytes")
    order = _byte_order(head, where)
    shape, kind, offset = _layout(head, order, where)
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    if packed:
        data = inflated_gzip(path, offset + count)[offset:]
    else:
        data = raw_bytes(path, offset, count)
    values = np.frombuffer(data, np.dtype(f"{order}{kind}")).reshape(shape, order="F")
    slope, inter = struct.unpack_from(f"{order}2f", head, 112)
    if np.isfinite(slope) and slope != 0 and (slope, inter) != (1.0, 0.0):
        if not np.isfinite(inter):
            raise InputError("the scale of the values is no number", where=where)
        values = values.astype(np.float64) * slope + inter
    ras, notes = _placement(head, order, where)
    lps = np.diag([-1.0, -1.0, 1.0]) @ ras
    return oriented(as_labels(values, where), lps[:, :3], lps[:, 3], where, notes)


def _byte_order(head: bytes, where: str) -> str:
    for order in ("<", ">"):
        size = struct.unpack_from(f"{order}i", head)[0]
        if size == HEADER:
            break
        if size == 540:
            raise InputError("NIfTI-2 is not read", where=where, expected="NIfTI-1")
    else:
        raise InputError("no NIfTI file", where=where, expected="a header of 348 bytes")
    magic = head[344:348]
    if magic == b"ni1\0":
        raise InputError(
            "header and data are two files, .hdr and .img", where=where, expected="one .nii file"
        )
    if magic != b"n+1\0":
        raise InputError("no NIfTI file", where=where, expected="its magic n+1")
    return order


def _layout(head: bytes, order: str, where: str) -> tuple[tuple[int, int, int], str, int]:
    """Return sides, kind of number and where the data begins."""
    dim = struct.unpack_from(f"{order}8h", head, 40)
    sides = dim[1 : dim[0] + 1] if 3 <= dim[0] <= 7 else ()
    if len(sides) < 3 or any(n != 1 for n in sides[3:]):
        raise InputError(
            "no single volume", where=where, got=f"dim {', '.join(map(str, dim))}",
            expected="three dimensions",
        )  # fmt: skip
    check_shape(sides[:3], where)
    datatype, bits = struct.unpack_from(f"{order}2h", head, 70)
    kind = _TYPES.get(datatype)
    if kind is None or bits != 8 * np.dtype(kind).itemsize:
        got = f"datatype {datatype} of {bits} bits"
        raise InputError("the voxels are no plain numbers", where=where, got=got)
    offset = struct.unpack_from(f"{order}f", head, 108)[0]
    if not (HEADER + 4 <= offset <= MAX_OFFSET) or offset != int(offset):
        got = f"data at {offset:g}"
        raise InputError("no place for the data", where=where, got=got, expected="352 or more")
    return (sides[0], sides[1], sides[2]), kind, int(offset)


def _placement(head: bytes, order: str, where: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the affine in RAS and mm, shape (3, 4), and notes."""
    qform_code, sform_code = struct.unpack_from(f"{order}2h", head, 252)
    unit = head[123] & 7
    if unit not in _MM_PER_UNIT:
        raise InputError("the unit of length is not known", where=where, got=f"code {unit}")
    notes = () if unit else ("the unit of length is not stated: read as mm",)
    placed = []
    if sform_code > 0:
        rows = struct.unpack_from(f"{order}12f", head, 280)
        placed.append(np.array(rows, np.float64).reshape(3, 4))
    if qform_code > 0:
        placed.append(_of_quaternion(head, order, where))
    if not placed:
        raise InputError(
            "the file does not say where it lies", where=where, got="qform and sform code 0",
            expected="one of them", advice="Left and right could not be told",
        )  # fmt: skip
    if len(placed) > 1:
        far = np.array(struct.unpack_from(f"{order}3h", head, 42), np.float64)
        ends = np.column_stack([np.zeros(3), far])
        one, two = (p[:, :3] @ ends + p[:, 3:] for p in placed)
        if not np.abs(one - two).max() <= AGREE_MM:
            raise InputError(
                "sform and qform place the volume differently", where=where,
                got=f"{np.abs(one - two).max():.3g} mm apart", expected=f"within {AGREE_MM:g} mm",
            )  # fmt: skip
    return placed[0] * _MM_PER_UNIT[unit], notes


def _of_quaternion(head: bytes, order: str, where: str) -> FloatArray:
    pixdim = struct.unpack_from(f"{order}8f", head, 76)
    b, c, d, *shift = struct.unpack_from(f"{order}6f", head, 256)
    square = b * b + c * c + d * d
    if not square <= 1 + 1e-4:
        raise InputError("the quaternion is no rotation", where=where, got=f"length {square:.4g}")
    a = np.sqrt(max(0.0, 1 - square))
    turn = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ])  # fmt: skip
    sizes = np.array(pixdim[1:4]) * np.array([1.0, 1.0, -1.0 if pixdim[0] < 0 else 1.0])
    return np.column_stack([turn * sizes, shift])


def nifti_bytes(volume: LabelVolume) -> bytes:
    """Return a label map as a gzipped NIfTI-1 file, with qform and sform in RAS."""
    labels = np.ascontiguousarray(volume.labels.transpose(2, 1, 0)[::-1, ::-1]).astype("<u2")
    x, y, z = volume.voxel_mm
    head = bytearray(HEADER + 4)
    struct.pack_into("<i", head, 0, HEADER)
    struct.pack_into("<8h", head, 40, 3, *labels.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 512, 16)
    struct.pack_into("<8f", head, 76, 1.0, x, y, z, 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, HEADER + 4, 1.0, 0.0)
    head[123] = 2
    struct.pack_into("<2h", head, 252, 1, 1)
    shift = (-float(volume.x_mm[-1]), -float(volume.y_mm[-1]), float(volume.z_mm[0]))
    struct.pack_into("<6f", head, 256, 0.0, 0.0, 0.0, *shift)
    for row, (size, at) in enumerate(zip((x, y, z), shift, strict=True)):
        values = [0.0, 0.0, 0.0, at]
        values[row] = size
        struct.pack_into("<4f", head, 280 + 16 * row, *values)
    head[344:348] = b"n+1\0"
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(bytes(head) + labels.tobytes(order="F")) + packer.flush()
