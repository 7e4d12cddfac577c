"""A check that a protocol names wrongly is told before any plan is read, whatever the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from sbrt_qa import pipeline
from sbrt_qa.errors import ProtocolError
from sbrt_qa.protocol.protocol_files import library


@pytest.fixture(params=["file", "folder"])
def misspelt(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / "rules" / "small.yaml"
    path.parent.mkdir()
    original = next(iter(library().values())).read_text(encoding="utf-8")
    path.write_text(original + "\nchecks:\n  NO_SUCH_CHECK: {severity: minor}\n", encoding="utf-8")
    return str(path if request.param == "file" else path.parent)


def test_a_family_names_known_checks_only(misspelt: str) -> None:
    with pytest.raises(ProtocolError, match="NO_SUCH_CHECK"):
        pipeline.protocol_family(misspelt)


@pytest.mark.parametrize("name", dict.fromkeys(stem.partition("@")[0] for stem in library()))
def test_protocols_of_the_library_name_known_checks(name: str) -> None:
    from sbrt_qa.pipeline.protocol_loading import with_known_checks

    family = pipeline.protocol_family(name)
    assert [with_known_checks(one, name) for one in family.versions] == list(family.versions)
