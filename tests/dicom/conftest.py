"""Lets the tests of this room say ``import builders``."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
