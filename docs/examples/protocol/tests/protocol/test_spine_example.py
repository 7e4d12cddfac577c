"""The example protocol loads, applies where it says so, and refuses what it does not know."""

import pytest

from sbrt_qa.errors import ProtocolError
from sbrt_qa.protocol.applicability import facts_of, select
from sbrt_qa.protocol.protocol_files import library, load_protocol

SPINE = load_protocol("spine_example")


@pytest.mark.parametrize(("fractions", "ids"), [(3, ["TGT_V100", "CORD3_D01"]), (5, ["TGT_V100"])])
def test_the_limits_that_apply(make_case, fractions, ids):
    case = make_case(["PTV", "SpinalCord"], prescription_gy=24.0, fractions=fractions)
    limits, _ = select(SPINE, facts_of(case, SPINE))
    assert [one.constraint.id for one in limits] == ids


def test_a_key_that_is_not_known_is_refused_with_its_line(tmp_path):
    text = library()["spine_example"].read_text(encoding="utf-8")
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace("    op:", "    operator:", 1), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"wrong\.yaml:\d+ targets\[0\]"):
        load_protocol(file)
