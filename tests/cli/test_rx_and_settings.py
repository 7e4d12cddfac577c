"""The user's own word on a prescription, and the file in which a user keeps such words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.stated_rx import StatedRx, read_rx
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.model.user_rx import with_stated

from .conftest import Command, export


@pytest.mark.parametrize(
    ("text", "total_gy", "fractions"),
    [
        ("PTV=50Gy/5", 50.0, 5),
        ("PTV=5000cGy/5", 50.0, 5),
        ("PTV = 50 Gy / 5 fx", 50.0, 5),
        ("PTV=47.5gy/5", 47.5, 5),
        ("PTV=50Gy", 50.0, None),
    ],
)
def test_case_127__a_prescription_is_read(
    text: str, total_gy: float, fractions: int | None
) -> None:
    assert read_rx([text]) == (StatedRx("PTV", total_gy, fractions),)


def test_a_name_may_hold_an_equals_sign_and_words_may_repeat_themselves() -> None:
    assert read_rx(["A=B=50Gy/5"])[0].target == "A=B"
    assert len(read_rx(["PTV=50Gy/5", "PTV=5000cGy/5"])) == 1
    assert [one.total_gy for one in read_rx(["PTV=50Gy/5", "PTV2=40Gy/5"])] == [50.0, 40.0]


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["PTV=50/5"], "a dose with its unit"),
        (["50Gy/5"], "needs a target"),
        (["=50Gy/5"], "needs a target"),
        (["PTV=-50Gy/5"], "needs a target"),
        (["PTV=0Gy/5"], "cannot be prescribed"),
        (["PTV=50Gy/0"], "cannot be prescribed"),
        (["PTV=5000Gy/5"], "cannot be prescribed"),
        (["PTV=nanGy/5"], "needs a target"),
        (["PTV=50Gy/5", "ptv=45Gy/5"], "two prescriptions of one target"),
        (["PTV=50Gy/5", "PTV2=40Gy/3"], "different numbers of fractions"),
    ],
)
def test_what_is_no_prescription_is_refused(texts: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        read_rx(texts)


@pytest.fixture
def rules(protocol: Callable[..., str]) -> str:
    return protocol()


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """A case of its own, to lay something beside its files."""
    return export(tmp_path / "sent")


def drawn(*names: str) -> StructureSet:
    return StructureSet(tuple(Structure(n, name, ()) for n, name in enumerate(names, 1)))


def test_case_127__every_target_has_its_own_and_the_highest_is_the_plans() -> None:
    stated = read_rx(["PTV=50Gy/5", "ptv2=40Gy/5"])
    found = with_stated(Plan("1", "P"), drawn("PTV", "PTV2"), stated)
    assert isinstance(found, Plan)
    assert isinstance(found.prescription, Prescription)
    assert (found.prescription.total_gy, found.fractions) == (50.0, 5)
    assert found.prescription.source is PrescriptionSource.USER
    by_roi = {r.roi_number: r.target_prescription_gy for r in found.dose_references}
    assert by_roi == {1: 50.0, 2: 40.0}


def test_a_target_that_is_not_drawn_is_not_used_unless_nothing_is() -> None:
    plan, none = Plan("1", "P"), Reason(ReasonCode.STRUCTURE_MISSING, "none")
    kept = with_stated(plan, drawn("Liver"), read_rx(["PTV=50Gy/5"]))
    assert isinstance(kept, Plan)
    assert kept.prescription is None
    assert kept.own is not None
    alone = with_stated(plan, none, read_rx(["PTV=50Gy/5"]))
    assert isinstance(alone, Plan)
    assert isinstance(alone.prescription, Prescription)


def reviewed(ran: Any) -> dict[str, Any]:
    return json.loads(ran.out)[0]


def found(review: dict[str, Any]) -> list[str | None]:
    return [f["verdict"] for f in review["findings"] if f["code"] == "RX_STATED_BY_USER"]


def test_case_127__the_users_word_is_used_and_shown(
    sbrt_qa: Command, case: Path, rules: str
) -> None:
    ran = sbrt_qa("check", case, "-p", rules, "--rx", "PTV=45Gy/5", "-f", "json")
    review = reviewed(ran)
    assert review["plan"]["prescription_gy"] == 45.0
    assert review["plan"]["rx_stated"] == ["PTV=45Gy/5"]
    assert found(review) == ["minor"]
    (told,) = (f for f in review["findings"] if f["code"] == "RX_STATED_BY_USER")
    assert "45Gy/5" in told["message"]
    assert "50 Gy" in told["message"]
    page = sbrt_qa("check", case, "-p", rules, "--rx", "PTV=45Gy/5")
    assert "45 Gy in 5 fractions · 9 Gy per fraction · stated by the user: PTV=45Gy/5" in page.out


def test_case_127__the_same_word_is_no_finding_and_a_name_that_is_not_drawn_is(
    sbrt_qa: Command, case: Path, rules: str
) -> None:
    same = reviewed(sbrt_qa("check", case, "-p", rules, "--rx", "PTV=5000cGy/5", "-f", "json"))
    assert found(same) == []
    other = reviewed(sbrt_qa("check", case, "-p", rules, "--rx", "GTV9=50Gy/5", "-f", "json"))
    assert found(other) == ["minor"]


def test_case_127__with_untrusted_files_as_well(sbrt_qa: Command, case: Path, rules: str) -> None:
    ran = sbrt_qa("check", case, "-p", rules, "--rx", "PTV=45Gy/5", "-f", "json", "--untrusted")
    assert reviewed(ran)["plan"]["rx_stated"] == ["PTV=45Gy/5"]


def test_dvh_takes_the_users_word(sbrt_qa: Command, case: Path) -> None:
    metric = "D95%[%]"
    plain, stated = (
        json.loads(sbrt_qa("dvh", case, "-m", metric, "-f", "json", *more).out)
        for more in ((), ("--rx", "PTV=25Gy/5"))
    )
    before, after = (t["structures"]["PTV"]["metrics"][metric]["value"] for t in (plain, stated))
    assert after == pytest.approx(2 * before)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings of this machine's user."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "user"))
    return folder


def user_file(desk: Path) -> Path:
    folder = desk.parent / "user" / "sbrt-qa"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "sbrt-qa.yaml"


def test_settings_go_from_the_user_to_the_folder_to_the_command_line(
    sbrt_qa: Command, case: Path, rules: str, desk: Path
) -> None:
    user_file(desk).write_text(f"protocol: {rules}\nrx: PTV=40Gy/5\n")
    review = reviewed(sbrt_qa("check", case, "-f", "json"))
    assert review["plan"]["rx_stated"] == ["PTV=40Gy/5"]
    assert review["protocol"]["id"] == "small"
    assert "rx: taken from sbrt-qa.yaml in the user's configuration folder" in review["notes"]
    (desk / "sbrt-qa.yaml").write_text("rx: {PTV: 45Gy/5}\n")
    review = reviewed(sbrt_qa("check", case, "-f", "json"))
    assert review["plan"]["rx_stated"] == ["PTV=45Gy/5"]
    assert "rx: taken from sbrt-qa.yaml in the working directory" in review["notes"]
    review = reviewed(sbrt_qa("check", case, "--rx", "PTV=42Gy/5", "-f", "json"))
    assert review["plan"]["rx_stated"] == ["PTV=42Gy/5"]
    assert not any(note.startswith("rx: ") for note in review["notes"])
    other = desk.parent / "other.yaml"
    other.write_text(f"protocol: {rules}\n")
    review = reviewed(sbrt_qa("check", case, "--config", other, "-f", "json"))
    assert review["plan"]["rx_stated"] == []


def test_case_127__settings_inside_a_submission_are_listed_and_not_obeyed(
    sbrt_qa: Command, sent: Path, rules: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sent / "sbrt-qa.yaml").write_text("rx: PTV=45Gy/5\n")
    for folder in (desk, sent):
        monkeypatch.chdir(folder)
        review = reviewed(sbrt_qa("check", sent, "-p", rules, "-f", "json"))
        assert review["plan"]["rx_stated"] == []
        assert "'sbrt-qa.yaml' lies inside the case and is ignored" in review["notes"]
    refused = sbrt_qa("check", sent, "-p", rules, "--config", sent / "sbrt-qa.yaml")
    assert (refused.code, "lies inside the submission" in refused.err) == (2, True)
    (desk / "sbrt-qa.yaml").symlink_to(sent / "sbrt-qa.yaml")
    monkeypatch.chdir(desk)
    review = reviewed(sbrt_qa("check", sent, "-p", rules, "-f", "json"))
    assert review["plan"]["rx_stated"] == []


def test_settings_are_not_obeyed_with_untrusted_files(
    sbrt_qa: Command, case: Path, rules: str, desk: Path
) -> None:
    (desk / "sbrt-qa.yaml").write_text("rx: PTV=45Gy/5\n")
    ran = sbrt_qa("check", case, "-p", rules, "--untrusted", "-f", "json")
    assert reviewed(ran)["plan"]["rx_stated"] == []
    assert "is ignored" in ran.err
    assert sbrt_qa("check", case, "--untrusted", "--config", desk / "sbrt-qa.yaml").code == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rx: PTV=45Gy/5\nprotocl: x\n", "sbrt-qa.yaml:2: unknown key; got 'protocl'"),
        ("a: &a [x, x]\nrx: [*a, *a]\n", "sbrt-qa.yaml:1: settings do not use an anchor"),
        ("- rx\n", "a mapping of keys to values"),
        ("rx: 5\n", "sbrt-qa.yaml:1: rx of a wrong kind"),
        ("protocol: [a]\n", "sbrt-qa.yaml:1: protocol of a wrong kind"),
        ("rx: PTV=45/5\n", "a dose with its unit"),
        ("dose_is: whole\n", "unknown --dose-is"),
        (f"site: {'x' * 70_000}\n", "too large"),
        ("rx: [\n", "not valid YAML"),
        ("", "the file is empty"),
    ],
)
def test_settings_that_cannot_be_used_are_wrong_usage(
    sbrt_qa: Command, case: Path, rules: str, desk: Path, text: str, told: str
) -> None:
    (desk / "sbrt-qa.yaml").write_text(text)
    ran = sbrt_qa("check", case, "-p", rules)
    assert ran.code == 2
    assert told in ran.err


def test_a_folder_or_nothing_is_no_file_of_settings(
    sbrt_qa: Command, case: Path, desk: Path
) -> None:
    (desk / "sbrt-qa.yaml").mkdir()
    assert sbrt_qa("check", case).code == 2
    assert sbrt_qa("check", case, "--config", desk / "none.yaml").code == 2


def test_settings_hold_all_that_can_be_stated_of_one_plan(
    sbrt_qa: Command, case: Path, rules: str, desk: Path
) -> None:
    (desk / "sbrt-qa.yaml").write_text(
        f"protocol: {rules}\nsite: S07\nalternatives: true\ndose_is: plan\n"
        "not_a_target: [PTV_old=treated last year]\n"
    )
    review = reviewed(sbrt_qa("check", case, "-f", "json"))
    assert review["site"] == "S07"
    assert review["stated"] == [
        "the dose is that of the whole course",
        "plans beside each other are alternatives: one of them treats",
        "PTV_old is no target of this plan (treated last year)",
    ]
    assert "site: taken from sbrt-qa.yaml in the working directory" in review["notes"]
    assert "site S07" in sbrt_qa("check", case).out
    told = sbrt_qa("check", case, "--course", review["case"], "-f", "json")
    assert "alternatives" not in " ".join(reviewed(told)["stated"])
    (desk / "sbrt-qa.yaml").write_text("alternatives: perhaps\n")
    assert sbrt_qa("check", case).code == 2


def test_a_dvh_says_what_was_stated(sbrt_qa: Command, case: Path) -> None:
    words = ("--dose-is", "plan", "--rx", "PTV=50Gy/5")
    told = ["the dose is that of the whole course", "prescribed is PTV=50Gy/5"]
    assert json.loads(sbrt_qa("dvh", case, *words, "-f", "json").out)["stated"] == told
    assert json.loads(sbrt_qa("dvh", case, "-f", "json").out)["stated"] == []
    table, sheet = (sbrt_qa("dvh", case, *words, "-f", name).out for name in ("table", "csv"))
    assert all(f"Stated by the user: {text}" in table for text in told)
    assert f"{'; '.join(told)}" in sheet.splitlines()[1]
