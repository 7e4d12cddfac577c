"""The protocol that checks are tried with."""

from __future__ import annotations

import pytest

from sbrt_qa.protocol.load import load_protocol
from sbrt_qa.protocol.schema import Protocol


@pytest.fixture(scope="session")
def liver() -> Protocol:
    return load_protocol("liver_sbrt")
