"""One receiver for the tests of a file that only ask it something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .raw_dicom import Running, receiver

SAMPLE = Path(__file__).parents[2] / "sample_dicom"


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A receiver with one peer, TPS1 of site S01 on this machine."""
    with receiver(tmp_path_factory.mktemp("receiving")) as running:
        yield running
