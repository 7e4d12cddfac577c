"""Lets the tests of this folder say ``import builders``, as those of tests/dicom do."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "dicom"))
