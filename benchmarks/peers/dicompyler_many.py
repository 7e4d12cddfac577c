"""A plain loop over dicompyler-core: dicompyler_many.py FOLDER...; runs in its environment.

Every structure of every case, one after the other, as a script for an audit would do it. A case
that it cannot read is counted and left out. Prints seconds, cases and failures as JSON.
"""

import json
import sys
import time
from pathlib import Path

from dicompylercore import dicomparser, dvhcalc


def one(folder: Path) -> None:
    structures = dicomparser.DicomParser(str(folder / "RTSTRUCT.dcm"))
    dose = dicomparser.DicomParser(str(folder / "RTDOSE.dcm"))
    for number in structures.GetStructures():
        dvhcalc.get_dvh(structures.ds, dose.ds, number)


if __name__ == "__main__":
    failed, start = 0, time.perf_counter()
    for name in sys.argv[1:]:
        try:
            one(Path(name))
        except Exception:  # noqa: BLE001 - whatever it says of a broken case
            failed += 1
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "cases": len(sys.argv) - 1, "failed": failed}))
