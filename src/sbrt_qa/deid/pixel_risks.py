"""Why pixels may show, or carry, who the patient is: only a person can tell then.

A header cannot prove that pixels are clean; these are the signs by which it says that they may not
be. What is written within pixel data beside the pixels is looked for, too: comments of compressed
images, bytes behind the last pixel, bits beyond those that are stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, ImplicitVRLittleEndian, RLELossless

IMAGES: Final = ("CT", "MR", "PT")

BURNT_IN: Final = "burnt-in annotation: what its pixels show only a person can tell"
RECOGNISABLE: Final = "a face may be recognised in its pixels: only a person can tell"
DERIVED: Final = "a derived secondary image: what its pixels show only a person can tell"
SCREEN: Final = "an image of a screen or a document: what its pixels show only a person can tell"
AMOUNT: Final = "more or fewer pixels than the file says: what is beyond only a person can tell"
BITS: Final = "bits beyond those of its pixels are used: what they show only a person can tell"
WITHIN: Final = "something stands beside the pixels of a compressed image: only a person can tell"

_ENCODERS: Final = re.compile(
    rb"(?:Kakadu-v?[\d.]{1,12}|Created by OpenJPEG version [\d.]{1,10}"
    rb"|CREATOR: JasPer Version [\d.]{1,12}|LEAD Technologies Inc\. V[\d.]{1,8})[\0 ]*"
)
"""Comments that libraries write of themselves."""


def pixel_risk(dataset: FileDataset) -> str:
    """Return why pixels may show who the patient is; empty where nothing speaks for it."""
    is_image = str(dataset.get("Modality", "")).strip() in IMAGES
    if not is_image and "PixelData" not in dataset:
        return ""
    said = str(dataset.get("BurnedInAnnotation") or "NO").strip(" \0").upper()
    if said != "NO":
        return BURNT_IN
    if str(dataset.get("RecognizableVisualFeatures") or "NO").strip(" \0").upper() != "NO":
        return RECOGNISABLE
    kinds = [str(v).strip(" \0").upper() for v in _many(dataset.get("ImageType"))]
    if is_image and "SECONDARY" in kinds:
        return DERIVED
    if is_image and any("SCREEN" in kind or "CAPTURE" in kind for kind in kinds):
        return SCREEN
    if dataset.get("ConversionType") or int(dataset.get("SamplesPerPixel") or 1) != 1:
        return SCREEN
    return _beside_pixels(dataset) if "PixelData" in dataset else ""


def _beside_pixels(dataset: FileDataset) -> str:
    """Return why something else than pixels may be in the pixel data."""
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)))
    content = dataset.PixelData or b""
    rows, columns = (int(dataset.get(k) or 1) for k in ("Rows", "Columns"))
    frames, bits = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("BitsAllocated") or 0)
    expected = rows * columns * frames * bits // 8
    if syntax.is_compressed and not syntax.is_deflated:
        whole = _frames_are_plain(content, frames, syntax, rows * columns * bits // 8)
        return "" if whole else WITHIN
    if not expected <= len(content) <= expected + 1:
        return AMOUNT
    return BITS if _uses_more_bits(dataset, content, little=syntax.is_little_endian) else ""


def _uses_more_bits(dataset: FileDataset, content: bytes, *, little: bool) -> bool:
    """Tell whether bits beyond the stored ones are set, other than those that extend a sign."""
    allocated, stored = (int(dataset.get(k) or 0) for k in ("BitsAllocated", "BitsStored"))
    if allocated not in (8, 16, 32) or not 0 < stored < allocated:
        return False
    kind = np.dtype(f"u{allocated // 8}").newbyteorder("<" if little else ">")
    pixels = np.frombuffer(content, kind, len(content) // kind.itemsize)
    high = int(dataset.get("HighBit") or stored - 1)
    if high != stored - 1:
        mask = ((1 << stored) - 1) << (high - stored + 1) if high >= stored - 1 else 0
        return bool(np.any(pixels & ~kind.type(mask)))
    beyond = pixels >> stored
    if not beyond.any():
        return False
    extended = (1 << (allocated - stored)) - 1
    signs = (pixels >> (stored - 1)) & 1
    return not bool(np.all(beyond == np.where(signs == 1, extended, 0)))


def _frames_are_plain(content: bytes, frames: int, syntax: UID, frame_bytes: int) -> bool:
    """Tell whether compressed frames hold their pixels alone; False where that cannot be seen."""
    try:
        found = list(generate_frames(content, number_of_frames=frames))
        if len(found) != frames or not _offsets_are_plain(content, frames):
            return False
        if syntax == RLELossless:
            return all(_rle_is_plain(one, frame_bytes) for one in found)
        return all(_codestream_is_plain(one) for one in found)
    except (ValueError, IndexError, EOFError, OSError):
        return False


def _offsets_are_plain(content: bytes, frames: int) -> bool:
    """Tell whether the table of offsets (PS3.5, A.4) is empty, or is one."""
    length = int.from_bytes(content[4:8], "little")
    offsets = [int.from_bytes(content[8 + 4 * n : 12 + 4 * n], "little") for n in range(frames)]
    return length == 0 or (length == 4 * frames and offsets[0] == 0 and offsets == sorted(offsets))


def _codestream_is_plain(stream: bytes) -> bool:
    if stream[:4] == b"\xff\x4f\xff\x51":
        return _jpeg_2000_is_plain(stream)
    return stream[:2] == b"\xff\xd8" and _jpeg_is_plain(stream)


def _jpeg_is_plain(stream: bytes) -> bool:
    """Walk the segments of JPEG (ITU-T T.81) and JPEG-LS (T.87); nothing may say anything."""
    at = 2
    while True:
        while stream[at] != 0xFF or stream[at + 1] < 0x80 or 0xD0 <= stream[at + 1] <= 0xD7:
            at = stream.index(b"\xff", at + 1)
        kind = stream[at + 1]
        if kind == 0xFF:  # fill
            at += 1
            continue
        if kind == 0xD9:
            return not stream[at + 2 :].strip(b"\0")
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        body = stream[at + 4 : at + 2 + length]
        if length < 2 or not _segment_is_plain(kind, body):
            return False
        at += 2 + length


def _segment_is_plain(kind: int, body: bytes) -> bool:
    if kind == 0xFE:
        return bool(_ENCODERS.fullmatch(body))
    if 0xE0 <= kind <= 0xEF:
        jfif = kind == 0xE0 and body[:5] == b"JFIF\0" and len(body) == 14
        return jfif or (kind == 0xEE and body[:5] == b"Adobe" and len(body) == 12)
    return kind in _JPEG_KINDS


_JPEG_KINDS: Final = frozenset({*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD, 0xF7, 0xF8} - {0xC8})
"""Markers of frames, tables, scans and restarts, and those of JPEG-LS (T.87, annex C)."""


def _jpeg_2000_is_plain(stream: bytes) -> bool:
    """Walk the headers of a codestream (ITU-T T.800, annex A)."""
    at = 2
    while True:
        marker = stream[at : at + 2]
        if marker == b"\xff\xd9":
            return not stream[at + 2 :].strip(b"\0")
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if len(marker) < 2 or length < 2:
            return False
        if marker != b"\xff\x90":
            if marker == b"\xff\x64" and not _ENCODERS.fullmatch(stream[at + 6 : at + 2 + length]):
                return False
            at += 2 + length
            continue
        part = int.from_bytes(stream[at + 6 : at + 10], "big")
        end = at + part if part else stream.rindex(b"\xff\xd9")
        if any(not plain for plain in _tile_comments(stream, at + 2 + length, end)):
            return False
        at = end


def _tile_comments(stream: bytes, at: int, end: int) -> Iterator[bool]:
    """Yield of each comment in the header of a tile-part whether it says nothing."""
    while stream[at : at + 2] != b"\xff\x93":
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if length < 2 or at >= end:
            yield False
            return
        if stream[at : at + 2] == b"\xff\x64":
            yield bool(_ENCODERS.fullmatch(stream[at + 6 : at + 2 + length]))
        at += 2 + length


def _rle_is_plain(frame: bytes, frame_bytes: int) -> bool:
    """Walk the segments of a frame (PS3.5, annex G); each must end where its pixels do."""
    count = int.from_bytes(frame[:4], "little")
    if not 0 < count <= 15 or frame[4 + 4 * count : 64].strip(b"\0"):
        return False
    starts = [int.from_bytes(frame[4 + 4 * n : 8 + 4 * n], "little") for n in range(count)]
    wanted, ends = frame_bytes // count, [*starts[1:], len(frame)]
    if starts[0] != 64:
        return False
    return all(_run_ends(frame[low:high], wanted) for low, high in zip(starts, ends, strict=True))


def _run_ends(segment: bytes, wanted: int) -> bool:
    at = made = 0
    while made < wanted:
        step = segment[at]
        if step < 128:
            made, at = made + step + 1, at + step + 2
        else:
            made, at = made + (257 - step if step > 128 else 0), at + (2 if step > 128 else 1)
    return not segment[at:].strip(b"\0")


def _many(value: object) -> list[object]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
