"""The protocol that checks are tried with."""

from __future__ import annotations

import pytest

from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import load_protocol


@pytest.fixture(scope="session")
def liver() -> Protocol:
    return load_protocol("liver_sbrt")
