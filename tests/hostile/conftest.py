"""Lets the tests of this room import the DICOM builders and the fuzz targets beside them."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "dicom")]
