"""Lets the tests of this folder say ``import cases`` and, as those of tests/dicom, ``builders``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "dicom")]
