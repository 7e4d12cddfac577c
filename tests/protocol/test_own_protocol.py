"""A protocol of one's own: begun from a template, all mistakes told at once, odd numbers asked.

Case 19C: whoever writes a protocol for the first time sees everything that is wrong in one look.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from sbrt_qa.errors import ProtocolError, UsageError
from sbrt_qa.pipeline.protocol_loading import with_known_checks
from sbrt_qa.protocol.implausible_limits import implausible
from sbrt_qa.protocol.new_protocol import TEMPLATES, new_protocol
from sbrt_qa.protocol.protocol_files import library, load_protocol, parse_protocol
from sbrt_qa.protocol.unread import warnings

TODAY = dt.date(2026, 1, 31)
BLANK = new_protocol("blank", "ours", "", TODAY)


def changed(*changes: tuple[str, str]) -> str:
    text = BLANK
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text.encode(), "ours.yaml")
    return caught.value.problems


MISTAKES = [
    ('version: "0.1"', "version: 0.1", 'version: .*Put it in quotes: "0.1"'),
    ("effective: 2026-01-31", "effective: 31.01.2026", "effective: .*such as 2026-01-31"),
    ("id: ours", "id: my protocol", "id: .*without blanks"),
    ("total_gy: 50\n", "total_gy: 50 Gy\n", r"prescriptions\[0\].total_gy: .*Write 50 alone"),
    ('op: ">=" #', "op: >= #", 'Quote the operator: op: ">="'),
    ("minor: 90 #", "minor: 90,5 #", "minor: .*Write 90.5: a decimal point, no comma"),
    ("fractions == 5", "fraction == 5", r"options\[0\].when: not a condition"),
    ("structure: SpinalCord", "structure: SpinalCrod", "Did you mean 'SpinalCord'?"),
    ("D0.035cc[Gy]", "D0,035cc[Gy]", "unknown metric. Did you mean 'D0.035cc\\[Gy\\]'?"),
    ('op: "<="', "op: ≤", "op: .*Did you mean '<='?"),
    ("per_protocol: 30\n", "per_protokoll: 30\n", "per_protokoll: unknown key. Did you mean"),
    ("name: SpinalCord", "name: P T V", "the same name as 'PTV', folded"),
    ("needed: always # always", "needed: sometimes # always", r"structures\[0\].needed: "),
    ("V100%[%]", "V100[%]", "Did you mean 'V100Gy\\[%\\]' or 'V100%\\[%\\]'?"),
    ("cover: [PTV]", "cover: [CTV]", "'CTV' is no target of the protocol"),
    ("judge: each", "judge: eech", "judge: .*Did you mean 'each'?"),
    ("[Cord, Myelon]", "Cord", "aliases.en: this must be a list.*Write \\[Cord\\]"),
    ("title: An own protocol\n", "", "title: this key is missing"),
    ("priority: 1 #", "priority: high #", "priority: .*integer; got 'high'"),
    ("      - id: CRD5_D0035", "      - id: TGT_V100", "there are two limits called 'TGT_V100'"),
]  # fmt: skip

TYPED_SIGNS = [
    ("needed: always # always", "needed: alwys # always", "needed: .*Did you mean 'always'"),
    ("needed: always # always", "needed: near 30 mm # always", "needed: .*Write near 30mm$"),
    ("needed: always # always", "needed: often # always", "Write always, optional, or near"),
    ("structures:\n", "结构:\n", "结构: unknown key. Keys are English words; here: .*structures"),
    ("name: SpinalCord", "名称: SpinalCord", "Keys are English words; here: name"),
    ("minor: 90 #", "minor: ９０ #", "minor: .*Write 90: plain digits"),
    ("minor: 90 #", "minor： 90 #", "the key 'minor' needs .*Write 'minor: 90 #"),
    ("minor: 90 #", "minor：90 #", "the key 'minor' needs"),
    ("minor: 90 #", "minor:90 #", "the key 'minor' needs"),
    ("minor: 90 #", "minor = 90 #", "the key 'minor' needs"),
    ("minor: 90 #", "minor:\u3000" "90 #", "the key 'minor' needs"),
    ("    minor: 90 #", "\u00a0   minor: 90 #", "the key 'minor' needs plain blanks"),
    ('op: ">=" #', "op: > #", 'Quote the operator: op: ">"'),
    ('op: ">=" #', "op: “＞=” #", "Did you mean '>='"),
    ('op: "<="', "op: ＜=", "Did you mean '<='"),
    ("D0.035cc[Gy]", "D0.035cc［Gy］", "Did you mean 'D0.035cc\\[Gy\\]'"),
    ("D0.035cc[Gy]", "d0.035ccm[gy]", "Did you mean 'D0.035cc\\[Gy\\]'"),
    ("D0.035cc[Gy]", "D0.035cm³[Gy]", "Did you mean 'D0.035cc\\[Gy\\]'"),
    ("D0.035cc[Gy]", "Dmax[Gy]", "Did you mean 'Max\\[Gy\\]'"),
    ("D0.035cc[Gy]", "Dmean", "Did you mean 'Mean\\[Gy\\]'"),
    ("structure: SpinalCord", "structure: spinalcord", "Did you mean 'SpinalCord'"),
    ("structure: SpinalCord", "structure: Myelon", "Did you mean 'SpinalCord'"),
    ("structure: SpinalCord", "structure: SpinalCord −　PTV", "Did you mean 'SpinalCord-PTV'"),
    ("fractions == 5", "fractions = 5", "Did you mean 'fractions == 5'"),
    ("fractions == 5", "fraction ＝＝ 5", "Did you mean 'fractions == 5'"),
    ("fractions == 5", "fractions == 5 && prescription >= 50", "and prescription_gy >= 50'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"), MISTAKES + TYPED_SIGNS, ids=[m[1] for m in MISTAKES + TYPED_SIGNS]
)
def test_a_typical_mistake_is_told_with_its_line_and_what_was_meant(
    old: str, new: str, told: str
) -> None:
    text = changed((old, new))
    found = problems(text)
    line = BLANK[: BLANK.index(old)].count("\n") + 1
    assert any(re.search(told, one) for one in found), found
    if new:
        assert any(one.startswith(f"ours.yaml:{line} ") or f":{line}:" in one for one in found)


def test_a_misspelt_key_of_a_name_makes_no_further_error() -> None:
    """What stood in for the missing name was told as one of the names of the protocol."""
    found = problems(changed(("name: SpinalCord", "名称: SpinalCord")))
    assert len(found) == 2
    assert all("name" in one or "名称" in one for one in found)
    left_out = problems(changed(("name: SpinalCord", "note: the cord")))
    assert not any("mended" in one for one in left_out), left_out


def test_an_unknown_key_with_a_full_width_colon_is_told_with_a_plain_one() -> None:
    with pytest.raises(ProtocolError, match="a plain colon and a blank behind it"):
        parse_protocol(changed(("prescriptions:", "处方：")).encode(), "ours.yaml")


def test_all_mistakes_about_plan_checks_are_told_at_once(tmp_path: Path) -> None:
    told = (
        "checks:\n  DOSE_STAL: {severity: minor}\n"
        "  DOSE_GRID_SPACING: {parameters: {per_protocl_mm: 2, minor_mm: three}}\noptions:"
    )
    file = tmp_path / "ours.yaml"
    file.write_text(changed(("options:", told)), encoding="utf-8")
    with pytest.raises(ProtocolError) as caught:
        with_known_checks(load_protocol(file), "ours.yaml")
    first, second, third = caught.value.problems
    assert "got 'DOSE_STAL'. Did you mean 'DOSE_STALE'?" in first
    assert "Did you mean 'per_protocol_mm'?" in second
    assert "a parameter of the wrong kind; got 'three'" in third


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    """Mistakes in rows, between parts, and in the grammar of YAML, in the order of the file."""
    chosen = [m for m in MISTAKES if m[0] not in ("name: SpinalCord", "      - id: CRD5_D0035")]
    chosen = [m for m in chosen if m[0] not in ("cover: [PTV]", "judge: eech")]
    found = problems(changed(*((old, new) for old, new, _ in chosen if old != "judge: each")))
    for old, _, told in chosen:
        if old != "judge: each":
            assert any(re.search(told, one) for one in found), (told, found)
    lines = [int(one.split(":")[1].split()[0]) for one in found]
    assert lines == sorted(lines)
    assert len(found) == len(set(found))


def test_the_message_holds_all_of_them_and_hides_nothing() -> None:
    sourced = "[OURS]\n    confidence: proposal\n    bounds"
    text = changed(("minor: 90 #", "minor: x #"), (sourced, sourced.replace("OURS", "OUR")))
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text.encode(), "o.yaml")
    assert "minor: Input should be a valid number; got 'x'" in str(caught.value)
    assert "no source is called 'OUR'. Did you mean 'OURS'?" in str(caught.value)


@pytest.mark.parametrize("written", ["minor：90", "minor:90", "minor = 90", "minor:\u00a090"])
def test_a_bound_is_not_lost_in_the_text_above_it(written: str) -> None:
    """By the rules of YAML such a line belongs to the text above, and the file would be valid."""
    text = changed(("    minor: 90 #", f"    note: a word of the author\n    {written} #"))
    assert any("the key 'minor' needs" in one for one in problems(text))


def test_a_colon_of_a_chinese_keyboard_hides_no_other_mistake() -> None:
    found = problems(
        changed(
            ("minor: 90 #", "minor：90 #"),
            ("structure: SpinalCord", "structure: SpinalCrod"),
            ("priority: 1 #", "priority: high #"),
        )
    )
    assert len(found) >= 3
    assert any("SpinalCrod" in one for one in found)
    assert any("priority" in one for one in found)


def test_an_error_of_yaml_is_told_beside_the_colons_above_it() -> None:
    found = problems(changed(("minor: 90 #", "minor：90 #"), ('op: "<="', "op: [")))
    assert "the key 'minor' needs" in found[0]
    assert "not valid YAML" in found[1]


def test_full_width_signs_of_prose_are_left_alone() -> None:
    prose = ("Draft. Say here", "Draft：say here\n  minor：90\n  note = x\n ")
    assert parse_protocol(changed(prose).encode(), "ours.yaml")


def test_text_that_only_looks_like_an_operator_is_left_alone() -> None:
    text = changed(("Draft. Say here", "Draft. op: >= is written in quotes. Say here"))
    assert parse_protocol(text.encode(), "o.yaml").statement.startswith("Draft. op: >= is")


ODD = [
    ("per_protocol: 30\n", "per_protocol: 0.3\n", "CRD5_D0035: per_protocol is 0.3 Gy"),
    ("per_protocol: 30\n", "per_protocol: 3000\n", "CRD5_D0035: per_protocol is 3000 Gy: was cGy"),
    ("total_gy: 50\n", "total_gy: 5000\n", "50Gy/5fx: total_gy is 5000 Gy: was cGy meant?"),
    ("D0.035cc[Gy]", "V20cGy[%]", "V20cGy.%. asks for the volume of 0.2 Gy: were 20 Gy meant"),
    ("D0.035cc[Gy]", "V3000Gy[%]", "asks for the volume of 3000 Gy: was cGy meant?"),
    ('op: "<="', 'op: ">="', "a lower bound on the dose of the organ 'SpinalCord'"),
    ("    fractions: 5\n", "    fractions: 3\n", "no option holds for it"),
    ("    fractions: 5\n", "    fractions: 1\n", "50 Gy in one fraction"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), ODD, ids=[o[2] for o in ODD])
def test_a_number_that_is_rarely_meant_is_asked_about(old: str, new: str, told: str) -> None:
    found = warnings(parse_protocol(changed((old, new)).encode(), "ours.yaml"))
    assert any(re.search(told, one) for one in found), found


def test_an_upper_bound_on_coverage_is_asked_about() -> None:
    text = changed(('op: ">=" #', 'op: "<=" #'), ("    minor: 90 #", "    minor: 96 #"))
    text = text.replace("  cover: [PTV]\n", "")
    found = warnings(parse_protocol(text.encode(), "ours.yaml"))
    assert any("TGT_V100: an upper bound on the coverage of 'PTV': was \">=\"" in f for f in found)


def test_an_index_without_an_outline_is_asked_about() -> None:
    start = BLANK.index("  - name: External")
    without = BLANK[:start] + BLANK[BLANK.index("targets:") :]
    index = (
        "conformity:\n  - {id: CON_R50, metric: R50, meaning: spill, op: report, priority: 4,\n"
        "     source: [OURS], confidence: proposal}\n"
    )
    protocol = parse_protocol((without + index).encode(), "ours.yaml")
    assert any("CON_R50: indices within the patient's outline" in w for w in warnings(protocol))
    assert list(implausible(parse_protocol((BLANK + index).encode(), "ours.yaml"))) == []


@pytest.mark.parametrize("name", sorted(library()))
def test_no_number_of_the_library_is_odd(name: str) -> None:
    assert list(implausible(load_protocol(name))) == []


@pytest.mark.parametrize("template", [*TEMPLATES, "tg101"])
def test_a_new_protocol_is_a_valid_draft_of_its_own(template: str) -> None:
    text = new_protocol(template, "ours", 'Our "own" \\ trial', TODAY)
    made = parse_protocol(text.encode(), "ours.yaml")
    assert (made.id, made.version, made.effective) == ("ours", "0.1", TODAY)
    assert (made.title, made.trial) == ('Our "own" \\ trial', "")
    assert made.approved_by == ""
    origin = TEMPLATES.get(template, template)
    if origin:
        assert made.all_constraints == load_protocol(origin).all_constraints
        assert text.startswith(f"# Made of {origin} {load_protocol(origin).version} on 2026-01-31")


def test_no_number_of_a_template_is_called_read() -> None:
    """None of them was read in its publication, and every bound says where it stands."""
    for name in filter(None, TEMPLATES.values()):
        protocol = load_protocol(name)
        assert protocol.approved_by == ""
        for limit in protocol.all_constraints:
            if limit.op == "report":
                continue
            origin = limit.origin("per_protocol")
            assert origin.confidence in ("memory", "quoted", "transcribed", "proposal"), limit.id
            assert origin.place or origin.confidence == "proposal", limit.id


def test_an_unknown_template_and_an_odd_id_are_refused() -> None:
    with pytest.raises(UsageError, match="Did you mean 'prostate'"):
        new_protocol("prostrate", "ours", "", TODAY)
    with pytest.raises(UsageError, match="not an id"):
        new_protocol("blank", "our protocol", "", TODAY)
