"""MetaImage label maps, ``.mha`` and ``.mhd`` with its raw file; coordinates are LPS already.

A header is lines ``Key = value`` up to ``ElementDataFile``. The nine numbers of the matrix are the
directions of the three axes one after the other, as ITK reads and writes them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.volumes.guarded_bytes import inflated_zlib, open_regular, raw_bytes
from sbrt_qa.dicom.volumes.label_volume import LabelVolume, as_labels, check_shape, oriented
from sbrt_qa.errors import InputError, quoted

MAX_HEADER: Final = 20_000
MAX_PACKED: Final = 2_000_000_000
_TYPES: Final = {
    "MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_USHORT": "u2", "MET_SHORT": "i2", "MET_UINT": "u4",
    "MET_INT": "i4", "MET_ULONG_LONG": "u8", "MET_LONG_LONG": "i8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip
_LINE: Final = re.compile(rb"([A-Za-z]{1,40})[ \t]*=[ \t]*([^\r\n]{0,400})\r?\n")
_TRUE, _FALSE = "true", "false"


def read_metaimage(path: Path) -> LabelVolume:
    """Read a label map.

    Raises
    ------
    InputError
        The file is none, its header contradicts itself or its data, or it is oblique.
    """
    where = path.name
    fields, start = _header(open_regular(path), where)
    if fields.get("NDims") != "3" or fields.get("ElementNumberOfChannels", "1") != "1":
        got = (
            f"{fields.get('NDims')} dimensions, {fields.get('ElementNumberOfChannels', '1')} values"
        )
        raise InputError("no single volume", where=where, got=quoted(got), expected="3 and 1")
    sides = _numbers(fields, ("DimSize",), 3, where)
    shape = tuple(int(n) if n == int(n) else -1 for n in sides)
    check_shape(shape, where)
    kind = _TYPES.get(fields.get("ElementType", ""))
    if kind is None or fields.get("BinaryData", "True").lower() != _TRUE:
        got = quoted(fields.get("ElementType", "no ElementType"))
        raise InputError("the voxels are no plain binary numbers", where=where, got=got)
    big = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False"))
    if big.lower() not in (_TRUE, _FALSE):
        raise InputError("the byte order is not told", where=where, got=quoted(big))
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    data = _data(path, fields, start, count)
    order = ">" if big.lower() == _TRUE else "<"
    values = np.frombuffer(data, np.dtype(f"{order}{kind}")).reshape(shape, order="F")
    spacing = _numbers(fields, ("ElementSpacing", "ElementSize"), 3, where)
    if min(spacing) <= 0:
        raise InputError("no size of a voxel", where=where, got=quoted(f"{spacing}"))
    origin = _numbers(fields, ("Offset", "Position", "Origin"), 3, where)
    matrix = _numbers(fields, ("TransformMatrix", "Rotation", "Orientation"), 9, where)
    steps = np.array(matrix).reshape(3, 3).T * np.array(spacing)
    return oriented(as_labels(values, where), steps, np.array(origin), where)


def _header(first: bytes, where: str) -> tuple[Mapping[str, str], int]:
    fields: dict[str, str] = {}
    at = 0
    while found := _LINE.match(first[:MAX_HEADER], at):
        key, at = found[1].decode("ascii"), found.end()
        if key in fields:
            raise InputError("a key of the header stands twice", where=where, got=quoted(key))
        fields[key] = found[2].decode("latin-1").strip()
        if key == "ElementDataFile":
            return fields, at
    raise InputError(
        "no MetaImage header", where=where, got=quoted(first[at : at + 40].decode("latin-1")),
        expected="lines 'Key = value' up to ElementDataFile",
    )  # fmt: skip


def _numbers(
    fields: Mapping[str, str], keys: tuple[str, ...], count: int, where: str
) -> tuple[float, ...]:
    texts = [(key, fields[key]) for key in keys if key in fields]
    if not texts:
        raise InputError("the header lacks a key", where=where, expected=" or ".join(keys))
    key, text = texts[0]
    try:
        numbers = tuple(float(part) for part in text.split())
    except ValueError:
        numbers = ()
    if len(numbers) != count or not np.isfinite(numbers).all():
        expected = f"{count} numbers"
        raise InputError(f"{key} cannot be read", where=where, got=quoted(text), expected=expected)
    return numbers


def _data(path: Path, fields: Mapping[str, str], start: int, count: int) -> bytes:
    name = fields["ElementDataFile"]
    if fields.get("HeaderSize", "0") not in ("0", "-1"):
        raise InputError("a header within the data is not read", where=path.name)
    file, begin = path, start
    if name != "LOCAL":
        if not name or name in (".", "..") or set(name) & set("/\\:%") or name.startswith("LIST"):
            raise InputError(
                "the data is not in one file beside the header", where=path.name, got=quoted(name)
            )
        file, begin = path.parent / name, 0
        open_regular(file)
    if fields.get("CompressedData", "False").lower() == _FALSE:
        return raw_bytes(file, begin, count)
    size = file.stat().st_size - begin
    if not 0 < size <= MAX_PACKED:
        raise InputError("no data of a usable size", where=file.name, got=f"{size} bytes")
    return inflated_zlib(raw_bytes(file, begin, size), count, file.name)


def metaimage_bytes(volume: LabelVolume) -> bytes:
    """Return a label map as one ``.mha`` file with compressed data."""
    labels = np.ascontiguousarray(volume.labels).astype("<u2")
    data = zlib.compress(labels.tobytes())
    first = (volume.x_mm[0], volume.y_mm[0], volume.z_mm[0])
    lines = {
        "ObjectType": "Image", "NDims": "3", "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False", "CompressedData": "True",
        "CompressedDataSize": str(len(data)), "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": " ".join(f"{n:.9g}" for n in first), "CenterOfRotation": "0 0 0",
        "ElementSpacing": " ".join(f"{n:.9g}" for n in volume.voxel_mm),
        "DimSize": " ".join(str(n) for n in reversed(labels.shape)),
        "AnatomicalOrientation": "RAI", "ElementType": "MET_USHORT", "ElementDataFile": "LOCAL",
    }  # fmt: skip
    return "".join(f"{k} = {v}\n" for k, v in lines.items()).encode() + data
