"""The process that runs dicompyler-core: files and ROI numbers in, its curves and values out.

Structures combined, such as the liver without the tumour, it does not know. They are combined here
plane by plane from its own masks, which its own code then fills and sums up as for one structure.

This is run as a script and imports nothing of sbrt_qa. dicompyler-core 0.5.6 asks pydicom for
``read_file``, which pydicom 3 no longer has; it gets it here and nowhere else. It reads frame
offsets as relative to the first plane; those of a dose that states positions are made so.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

MISSING = 3
"""Exit code when dicompyler-core is not installed."""

PLANES_APART = "planes apart"
"""Error of structures that cannot be combined."""


class PlanesApartError(Exception):
    """Structures are drawn on different planes, so that their masks cannot be combined."""


def main() -> int:
    """Read a request from standard input, write the answer to standard output."""
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    try:
        import pydicom.dicomio

        if not hasattr(pydicom.dicomio, "read_file"):
            setattr(pydicom.dicomio, "read_file", pydicom.dcmread)  # noqa: B010 - not in its stubs
        from dicompylercore import dvhcalc
    except ImportError:
        return MISSING
    answer, sys.stdout = sys.stdout, sys.stderr  # what the library prints is no answer
    dose = _with_relative_offsets(request["dose"], pydicom.dcmread)
    found = {
        key: _one(dvhcalc, request["structures"], dose, *subject)
        for key, subject in request["subjects"].items()
    }
    json.dump({"subjects": found}, answer)
    return 0


def _with_relative_offsets(path: str, read: Any) -> Any:
    """Return a dose whose frame offsets start at 0; its path where it cannot be read."""
    try:
        dose = read(path)
    except Exception:  # noqa: BLE001 - the library then says of every structure what is wrong
        return path
    offsets = [float(v) for v in dose.get("GridFrameOffsetVector") or [0.0]]
    if offsets[0] != 0:
        dose.GridFrameOffsetVector = [round(v - offsets[0], 6) for v in offsets]
    return dose


def _one(library: Any, structures: str, dose: Any, tree: Any, metrics: list[Any]) -> Any:
    """Return volume, statistics, curve and values of structures, or what went wrong."""
    try:
        if isinstance(tree, int):
            dvh = library.get_dvh(structures, dose, tree)
        else:
            dvh = _combined(library, structures, dose, tree)
        return {
            "volume_cc": float(dvh.volume),
            "min_gy": float(dvh.min),
            "mean_gy": float(dvh.mean),
            "max_gy": float(dvh.max),
            "dose_gy": [float(v) for v in dvh.bins],
            "volume_at_cc": [float(v) for v in dvh.counts],
            "values": [_value(dvh, *metric) for metric in metrics],
        }
    except PlanesApartError:
        return {"error": PLANES_APART}
    except Exception as error:  # noqa: BLE001 - whatever the library does, the others go on
        return {"error": type(error).__name__}


def _combined(library: Any, structures: str, dose: Any, tree: Any) -> Any:
    """Return the DVH of structures combined: ``[sign, left, right]`` over ROI numbers.

    Raises
    ------
    PlanesApartError
        They are not drawn on the same planes.
    """
    from dicompylercore.dicomparser import DicomParser
    from dicompylercore.dvh import DVH

    files = DicomParser(structures)
    drawn = {number: files.GetStructureCoordinates(number) for number in _numbers(tree)}
    levels = sorted({z for planes in drawn.values() for z in planes}, key=float)
    for planes in drawn.values():
        own = [float(z) for z in planes]
        if any(min(own) < float(z) < max(own) and z not in planes for z in levels):
            raise PlanesApartError
    merged = {z: {n: planes.get(z, []) for n, planes in drawn.items()} for z in levels}
    thickness = files.CalculatePlaneThickness(merged)
    whole = {"id": 0, "name": "combined", "planes": merged, "thickness": thickness}

    def one_plane(  # called by the library for every plane
        plane: Any,
        doses: Any,
        points: Any,
        top: int,
        grid: Any,
        image: Any,
        whole: Any,
        _: Any,
    ) -> Any:
        masks = {n: _mask(library, loops, points, grid, image) for n, loops in plane.items()}
        inside = _truth(tree, masks)
        return library.calculate_contour_dvh(inside, doses, top, grid, image, whole)

    usual, library.calculate_plane_histogram = library.calculate_plane_histogram, one_plane
    try:
        counts = library._calculate_dvh(whole, DicomParser(dose)).histogram  # noqa: SLF001
    finally:
        library.calculate_plane_histogram = usual
    bins = [centigray / 100 for centigray in range(counts.size + 1)]
    return DVH(counts=counts, bins=bins, dvh_type="differential", dose_units="Gy").cumulative


def _numbers(tree: Any) -> list[int]:
    return [tree] if isinstance(tree, int) else [*_numbers(tree[1]), *_numbers(tree[2])]


def _mask(library: Any, loops: Any, points: Any, grid: Any, image: Any) -> Any:
    """Return which voxels of a plane lie in a structure, as the library does for one."""
    import numpy as np

    inside = np.zeros((grid["rows"], grid["columns"]), dtype=bool)
    for loop in loops:
        contour = [point[:2] for point in loop["data"]]
        inside ^= library.get_contour_mask(grid, image, points, contour)
    return inside


def _truth(tree: Any, masks: Any) -> Any:
    if isinstance(tree, int):
        return masks[tree]
    sign, left, right = tree[0], _truth(tree[1], masks), _truth(tree[2], masks)
    if sign == "-":
        return left & ~right
    return left | right if sign == "+" else left & right


def _value(dvh: Any, asked: str, argument: float, unit: str) -> float:
    """Return what the library says itself: the dose (Gy) at a volume, the volume (cc) at a dose."""
    if asked == "dose":
        return float(dvh.dose_constraint(argument, "cm3" if unit == "cc" else None).value)
    return float(dvh.volume_constraint(argument, "Gy").value)


if __name__ == "__main__":
    sys.exit(main())
