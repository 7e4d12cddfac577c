"""Times dicompyler-core; runs in its environment: dicompyler_dvh.py FOLDER [ROI_NUMBER REPEATS].

With a ROI number, the DVH of that structure, computed `REPEATS` times after one warm-up on files
that are already read. Without, the DVHs of all structures once, from the files. Default settings.
Prints seconds and volume (cc) by ROI number as JSON.
"""

import json
import sys
import time
from pathlib import Path

from dicompylercore import dicomparser, dvhcalc


def one(folder: Path, number: int, repeats: int) -> dict:
    structures = dicomparser.DicomParser(str(folder / "RTSTRUCT.dcm"))
    dose = dicomparser.DicomParser(str(folder / "RTDOSE.dcm"))
    result = dvhcalc.get_dvh(structures.ds, dose.ds, number)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = dvhcalc.get_dvh(structures.ds, dose.ds, number)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "volume_cc": [float(result.volume)]}


def everything(folder: Path) -> dict:
    structures = dicomparser.DicomParser(str(folder / "RTSTRUCT.dcm"))
    dose = dicomparser.DicomParser(str(folder / "RTDOSE.dcm"))
    seconds, volumes = [], []
    for number in structures.GetStructures():
        start = time.perf_counter()
        volumes.append(float(dvhcalc.get_dvh(structures.ds, dose.ds, number).volume))
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "volume_cc": volumes}


if __name__ == "__main__":
    where, *rest = sys.argv[1:]
    answer = one(Path(where), *map(int, rest)) if rest else everything(Path(where))
    print(json.dumps(answer))
