"""A plan is held against the version in force when it was planned."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa import load_cases
from sbrt_qa.checks.registry import Group
from sbrt_qa.errors import ProtocolError
from sbrt_qa.model.case import Case, Deidentified
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol import protocol_files
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import library, load_family, load_protocol
from sbrt_qa.protocol.versions import (
    AS_ASKED,
    IN_FORCE,
    IN_FORCE_BEFORE,
    PROTOCOL_VERSION,
    ProtocolFamily,
    VersionBasis,
    family_of,
    other_version,
    planning_date,
    read_date,
)
from sbrt_qa.review.review import review_case

ROOT = Path(__file__).parents[2]


def version(liver: Protocol, number: str, effective: str) -> Protocol:
    changes = {"version": number, "effective": dt.date.fromisoformat(effective)}
    return liver.model_copy(update=changes)


@pytest.fixture
def three(liver: Protocol) -> ProtocolFamily:
    dates = (("2", "2024-06-01"), ("1", "2023-09-25"), ("3", "2025-01-15"))
    return family_of([version(liver, *pair) for pair in dates], "here")


def case_of(planned: str = "", drawn: str = "") -> Case:
    structures = StructureSet((), date=drawn)
    plan = Plan("1.2", "P", planning_date=planned)
    return Case("P", plan, structures, no_dose())


def no_dose() -> Reason:
    return Reason(ReasonCode.NO_DOSE, "none")


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ("20230925", "1"),
        ("20240531", "1"),
        ("20240601", "2"),
        ("20250114", "2"),
        ("20250115", "3"),
        ("20991231", "3"),
    ],
)
def test_the_version_of_the_planning_date_holds(
    three: ProtocolFamily, planned: str, expected: str
) -> None:
    chosen = three.of(case_of(planned))
    assert (chosen.protocol.version, chosen.why) == (expected, IN_FORCE)
    if expected == "3":
        assert chosen.finding is None
        return
    told = chosen.finding
    assert (told.code, told.verdict, told.where) == (PROTOCOL_VERSION, None, "RTPLAN")
    assert told.message == (
        f"held against liver_sbrt {expected}, in force at the planning date; the newest version "
        "is 3, for plans from 2025-01-15"
    )
    assert told.advice == "Hold it against the newest with: -p liver_sbrt@3."


@pytest.mark.parametrize(
    ("planned", "drawn", "why"),
    [
        ("20230924", "", "planned before the first version took effect"),
        ("", "", "planning date not known"),
        ("someday", "", "planning date not known"),
        ("19000101", "", "planning date not known"),
    ],
)
def test_a_date_that_decides_nothing_takes_the_latest_and_says_so(
    three: ProtocolFamily, planned: str, drawn: str, why: str
) -> None:
    chosen = three.of(case_of(planned, drawn))
    assert chosen.protocol.version == "3"
    assert chosen.why == f"latest version; {why}"
    assert (chosen.finding.code, chosen.finding.verdict) == (PROTOCOL_VERSION, None)
    assert why in chosen.finding.message
    assert "liver_sbrt@VERSION" in chosen.finding.advice


def test_without_a_plan_the_structure_set_is_what_is_dated(three: ProtocolFamily) -> None:
    drawn = replace(case_of("", "20200101"), plan=no_dose())
    early = three.of(drawn).finding
    assert early.where == "RTSTRUCT"
    assert early.message.startswith("drawn before the first version took effect")
    assert three.of(replace(drawn, structures=no_dose())).finding.where == ""
    assert three.of(case_of("someday", "never")).finding.where == "RTPLAN"


def test_the_version_is_told_after_what_decides(three: ProtocolFamily) -> None:
    found = review_case(case_of(), three.of(case_of()), bands=False).findings
    weights = [f.weight for f in found]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0
    (told,) = (f for f in found if f.code == PROTOCOL_VERSION)
    assert (told.weight, told.group) == (0, str(Group.LINKS))


def test_two_plans_under_two_versions_are_told(three: ProtocolFamily) -> None:
    first, second = (three.of(case_of(day)) for day in ("20231001", "20240701"))
    told = other_version(first, second)
    assert told is not None
    assert "falls under liver_sbrt 1; both are held against 2" in told.message
    assert "liver_sbrt@1 liver_sbrt@2" in told.advice
    assert other_version(second, second) is None


def test_without_a_date_the_only_version_is_no_finding(liver: Protocol) -> None:
    family = family_of([liver], "here")
    assert family.at(None).finding is None
    assert family.at(None).why == "only version; planning date not known"
    assert family.at(dt.date(2020, 1, 1)).finding.advice == ""  # there is no other to choose


def test_the_version_that_was_asked_for_is_used_whatever_the_date(liver: Protocol) -> None:
    chosen = ProtocolFamily((liver,), fixed=True).of(case_of("20200101"))
    assert (chosen.protocol, chosen.why, chosen.finding) == (liver, AS_ASKED, None)


def test_the_structure_set_dates_a_plan_without_a_date() -> None:
    assert planning_date(case_of("", "20240601")) == dt.date(2024, 6, 1)
    assert planning_date(case_of("20240701", "20240601")) == dt.date(2024, 7, 1)
    no_plan = replace(case_of("", "20240601"), plan=no_dose())
    assert planning_date(no_plan) == dt.date(2024, 6, 1)
    assert planning_date(replace(no_plan, structures=no_dose())) is None


def test_dates_are_read_from_the_files() -> None:
    (case,) = load_cases(ROOT / "sample_dicom" / "minor")
    assert case.plan.planning_date == case.structures.date == "20260105"
    assert planning_date(case) == dt.date(2026, 1, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240229", dt.date(2024, 2, 29)),
        ("2024.02.29", dt.date(2024, 2, 29)),
        ("20230229", None),
        ("240229", None),
        ("20240229120000", None),
        ("18991230", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: dt.date | None) -> None:
    assert read_date(text) == expected


def test_a_review_says_which_version_and_why(three: ProtocolFamily) -> None:
    case = case_of("20240601")
    used = review_case(case, three.of(case)).protocol
    assert (used.version, used.effective, used.chosen) == ("2", "2024-06-01", IN_FORCE)
    late = case_of("")
    review = review_case(late, three.of(late))
    assert PROTOCOL_VERSION in [f.code for f in review.findings]
    assert review_case(case, three.latest).protocol.chosen == ""


def test_versions_that_are_no_family(liver: Protocol) -> None:
    with pytest.raises(ProtocolError, match="several protocols"):
        family_of([liver, liver.model_copy(update={"id": "other"})], "here")
    with pytest.raises(ProtocolError, match=r"two versions have one version; got '0\.2'"):
        family_of([liver, liver.model_copy(update={"effective": dt.date(2030, 1, 1)})], "here")
    with pytest.raises(ProtocolError, match="one effective date"):
        family_of([liver, liver.model_copy(update={"version": "9"})], "here")


@pytest.fixture
def amended(tmp_path: Path) -> Path:
    """Make a folder with the liver protocol and an amendment."""
    text = (ROOT / "protocols" / "liver_sbrt@0.1.yaml").read_text(encoding="utf-8")
    (tmp_path / "liver_sbrt.yaml").write_text(text, encoding="utf-8")
    later = text.replace('version: "0.1"', 'version: "0.2"')
    later = later.replace("effective: 2023-09-25", "effective: 2025-06-01")
    (tmp_path / "liver_sbrt@0.2.yaml").write_text(later, encoding="utf-8")
    return tmp_path


def test_a_folder_of_versions_is_a_family(amended: Path) -> None:
    family = load_family(amended)
    assert [p.version for p in family.versions] == ["0.1", "0.2"]
    assert family.at(dt.date(2025, 5, 31)).protocol.version == "0.1"
    assert family.at(dt.date(2025, 6, 1)).protocol.version == "0.2"
    assert load_family(amended / "liver_sbrt.yaml").fixed


def test_an_amendment_in_the_library_goes_by_its_version(
    amended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {p.stem: p for p in sorted(amended.iterdir())}
    monkeypatch.setattr(protocol_files, "library", lambda: files)
    assert load_protocol("liver_sbrt").version == "0.2"
    assert load_protocol("liver_sbrt@0.1").version == "0.1"
    assert load_family("liver_sbrt@0.2").fixed
    assert not load_family("liver_sbrt").fixed
    with pytest.raises(
        ProtocolError, match=r"no such version; got '0\.9'; expected '0\.1', '0\.2'"
    ):
        load_protocol("liver_sbrt@0.9")


def test_files_of_the_library_are_named_by_id_and_version() -> None:
    """`ID.yaml` is the version of today, `ID@VERSION.yaml` another."""
    for stem in library():
        name, at, number = stem.partition("@")
        protocol = load_protocol(stem)
        assert protocol.id == name
        assert protocol.version == number or not at


def test_a_version_of_the_library_is_read_when_a_plan_is_held_against_it(
    amended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = amended / "liver_sbrt@0.2.yaml"
    broken.write_text(broken.read_text("utf-8") + "\nunknown: 1\n", encoding="utf-8")
    files = {p.stem: p for p in sorted(amended.iterdir())}
    monkeypatch.setattr(protocol_files, "library", lambda: files)
    family = load_family("liver_sbrt")
    chosen = family.at(dt.date(2025, 5, 31))
    assert chosen.protocol == load_protocol(amended / "liver_sbrt.yaml")
    assert chosen.finding is not None
    assert "the newest version is 0.2, for plans from 2025-06-01" in chosen.finding.message
    with pytest.raises(ProtocolError, match="unknown key"):
        family.at(dt.date(2025, 6, 1))
    with pytest.raises(ProtocolError, match="unknown key"):
        load_family(amended)  # whoever wrote the folder is told at once


@pytest.mark.parametrize(
    "head", ["version: 0.3\n", "effective: soon\n", "id: [a]\n", "id: &a b\n", "- 1\n", ""]
)
def test_a_version_whose_head_is_odd_is_read_at_once(
    amended: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    key, _, _ = head.partition(":")
    odd = amended / "liver_sbrt@0.2.yaml"
    text = odd.read_text("utf-8")
    kept = [line for line in text.splitlines() if not (head[:1].isalpha() and line.startswith(key))]
    odd.write_text(head + "\n".join(kept if head else []), encoding="utf-8")
    monkeypatch.setattr(
        protocol_files, "library", lambda: {p.stem: p for p in sorted(amended.iterdir())}
    )
    with pytest.raises(ProtocolError):
        load_family("liver_sbrt")


def test_every_version_of_the_library_has_the_head_that_it_is_found_by() -> None:
    for name in dict.fromkeys(stem.partition("@")[0] for stem in library()):
        family = load_family(name)
        for head, version in zip(family.heads, family.versions, strict=True):
            assert (head.id, head.version, head.effective) == (
                version.id,
                version.version,
                version.effective,
            )


@pytest.mark.parametrize(
    ("told", "planned", "expected", "why"),
    [
        ((("liver_sbrt", "2"),), "20160105", "2", IN_FORCE_BEFORE),
        ((("liver_sbrt", "2"),), "20250601", "2", IN_FORCE_BEFORE),
        ((("liver_sbrt", "9"),), "20240105", "3", None),
        ((("another", "1"),), "20240105", "3", None),
        ((), "20240105", "3", None),
    ],
)
def test_a_shifted_date_decides_no_version(
    three: ProtocolFamily,
    told: tuple[tuple[str, str], ...],
    planned: str,
    expected: str,
    why: str | None,
) -> None:
    case = replace(case_of(planned), deidentified=Deidentified(True, told))
    chosen = three.of(case)
    assert chosen.protocol.version == expected
    if why is None:
        assert chosen.finding is not None
        assert "not told" in str(chosen.finding.message)
        assert chosen.basis is VersionBasis.LATEST
    else:
        assert (chosen.why, chosen.basis) == (why, VersionBasis.IN_FORCE)


def test_dates_that_were_not_shifted_decide_as_ever(three: ProtocolFamily) -> None:
    case = replace(case_of("20240701"), deidentified=Deidentified(False, (("liver_sbrt", "1"),)))
    assert three.of(case).protocol.version == "2"
