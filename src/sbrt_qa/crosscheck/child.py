"""The process that runs dicompyler-core: files and ROI numbers in, its curves and values out.

It is run as a script and imports nothing of sbrt_qa. dicompyler-core 0.5.6 asks pydicom for
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
        str(number): _one(dvhcalc, request["structures"], dose, number, metrics)
        for number, metrics in ((int(n), m) for n, m in request["rois"].items())
    }
    json.dump({"rois": found}, answer)
    return 0


def _with_relative_offsets(path: str, read: Any) -> Any:  # noqa: ANN401
    """Return a dose whose frame offsets start at 0; its path where it cannot be read."""
    try:
        dose = read(path)
    except Exception:  # noqa: BLE001 - the library then says of every structure what is wrong
        return path
    offsets = [float(v) for v in dose.get("GridFrameOffsetVector") or [0.0]]
    if offsets[0] != 0:
        dose.GridFrameOffsetVector = [round(v - offsets[0], 6) for v in offsets]
    return dose


def _one(library: Any, structures: str, dose: Any, number: int, metrics: list[Any]) -> Any:  # noqa: ANN401
    """Return volume, statistics, curve and values of one structure, or what went wrong."""
    try:
        dvh = library.get_dvh(structures, dose, number)
        return {
            "volume_cc": float(dvh.volume),
            "min_gy": float(dvh.min),
            "mean_gy": float(dvh.mean),
            "max_gy": float(dvh.max),
            "dose_gy": [float(v) for v in dvh.bins],
            "volume_at_cc": [float(v) for v in dvh.counts],
            "values": [_value(dvh, *metric) for metric in metrics],
        }
    except Exception as error:  # noqa: BLE001 - whatever the library does, the others go on
        return {"error": type(error).__name__}


def _value(dvh: Any, kind: str, argument: float, unit: str) -> float:  # noqa: ANN401
    """Return what the library itself says of ``D`` (Gy) at a volume or ``V`` (cc) at a dose."""
    if kind == "D":
        return float(dvh.dose_constraint(argument, "cm3" if unit == "cc" else None).value)
    return float(dvh.volume_constraint(argument, "Gy").value)


if __name__ == "__main__":
    sys.exit(main())
