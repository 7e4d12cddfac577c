"""The one path from a typed request to reviews: what it is told, what it tells, what it cites."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from sbrt_qa import __version__, pipeline
from sbrt_qa.cli.main import run
from sbrt_qa.errors import DicomError, MetricError, ProtocolError, UsageError
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.pipeline.reporting import report
from sbrt_qa.pipeline.requests import DvhRequest, Progress, ReviewRequest, ReviewStage
from sbrt_qa.pipeline.reviewing import dvh, review
from sbrt_qa.pipeline.untrusted import check_untrusted
from sbrt_qa.protocol.protocol_files import library
from sbrt_qa.selftest import state

from .conftest import export

ID = "abc123"


@pytest.fixture
def two_plans(tmp_path: Path) -> Path:
    """A folder with two plans."""
    for label in ("FIRST", "SECOND"):
        export(tmp_path / "two" / label, label=label)
    return tmp_path / "two"


@pytest.fixture
def self_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose latest self-test passed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = {"schema": state.SCHEMA, "engine_version": __version__, "passed": True, "id": ID}
    assert state.keep(json.dumps(found))


def test_a_request_is_frozen_and_reaches_another_process_unchanged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ReviewRequest(
        (Path("case"),), mapping={"Leber": "Liver"}, site_values=Path("site.csv"),
        stated=UserStatements(far=("Heart",)), plan="boost", single=True,
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(asked)) == asked  # noqa: S301 - our own
    whole = asked.absolute()
    assert (whole.paths, whole.site_values) == ((tmp_path / "case",), tmp_path / "site.csv")
    with pytest.raises(FrozenInstanceError):
        asked.bands = False  # type: ignore[misc]


@pytest.mark.parametrize("kind", [ReviewRequest, DvhRequest])
def test_a_request_without_a_path_does_not_exist(kind):
    with pytest.raises(DicomError, match="no path given"):
        kind(())


def test_each_step_is_told_as_it_begins(two_plans, protocol):
    told: list[Progress] = []
    asked = ReviewRequest((two_plans,), protocol(), bands=False, evidence=True)
    found = review(asked, told.append)
    count = len(found)
    assert count == 2
    assert told[0] == Progress(ReviewStage.READING)
    stages = (ReviewStage.REVIEWING, ReviewStage.GATHERING, ReviewStage.DONE)
    assert told[1:] == [
        Progress(stage, one.review.case, number, count)
        for number, one in enumerate(found, 1)
        for stage in stages
    ]
    assert all(one.evidence is not None for one in found)


def test_what_is_told_can_end_the_work(two_plans, protocol):
    """A server cancels what nobody waits for any more."""

    class CancelledError(Exception):
        pass

    told: list[ReviewStage] = []

    def cancel(now: Progress) -> None:
        told.append(now.stage)
        if now.stage is ReviewStage.DONE:
            raise CancelledError

    with pytest.raises(CancelledError):
        review(ReviewRequest((two_plans,), protocol(), bands=False), cancel)
    assert told == [ReviewStage.READING, ReviewStage.REVIEWING, ReviewStage.DONE]


def test_one_plan_of_several_is_asked_for_by_its_label(two_plans, protocol):
    with pytest.raises(UsageError, match="several plans"):
        review(ReviewRequest((two_plans,), protocol(), single=True))
    asked = ReviewRequest((two_plans,), protocol(), bands=False, single=True, plan="SECOND")
    (found,) = review(asked)
    assert found.review.case == "SECOND"


def test_dvhs_are_computed_on_the_same_path(case):
    told: list[Progress] = []
    table = dvh(DvhRequest((case,), ("PTV",), ("Mean[Gy]",)), told.append)
    assert [one.stage for one in told] == [
        ReviewStage.READING,
        ReviewStage.REVIEWING,
        ReviewStage.DONE,
    ]
    assert {one.plan for one in told[1:]} == {table.case}
    assert table == pipeline.dvh([case], ["PTV"], ["Mean[Gy]"])


def test_an_unknown_metric_is_told_before_anything_is_read():
    with pytest.raises(MetricError):
        dvh(DvhRequest((Path("nowhere"),), metrics=("D95",)))


# --- the self-test is cited -----------------------------------------------------------------------


@pytest.mark.usefixtures("self_tested")
@pytest.mark.parametrize(
    "engine",
    [
        lambda case: pipeline.check([case], bands=False)[0].engine.self_test,
        lambda case: report([case], bands=False).review.engine.self_test,
        lambda case: check_untrusted([case], bands=False)[0].engine.self_test,
        lambda case: pipeline.dvh([case], ["PTV"]).self_test,
    ],
    ids=["check", "report", "untrusted", "dvh"],
)
def test_the_self_test_is_cited(engine: Callable[[Path], str], case: Path) -> None:
    assert engine(case) == ID


@pytest.mark.usefixtures("self_tested")
def test_dvh_cites_the_self_test_in_its_forms(case, capsys):
    assert run(["dvh", str(case), "-s", "PTV", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["self_test"] == ID
    assert run(["dvh", str(case), "-s", "PTV"]) == 0
    assert f"Self-test: {ID}" in " ".join(capsys.readouterr().out.split())


def test_dvh_says_where_there_is_no_self_test(case, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run(["dvh", str(case), "-s", "PTV"]) == 0
    assert "Self-test: No self-test recorded" in " ".join(capsys.readouterr().out.split())


# --- names of plan checks are known before anything is read ---------------------------------------


@pytest.fixture
def misspelt(tmp_path: Path) -> Path:
    path = tmp_path / "misspelt.yaml"
    original = next(iter(library().values())).read_text(encoding="utf-8")
    path.write_text(original + "\nchecks:\n  NO_SUCH_CHECK: {severity: minor}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    [
        "check CASE -p RULES",
        "check CASE -p RULES --untrusted",
        "report CASE -p RULES --out OUT.html",
        "compare CASE CASE -p RULES",
        "export CASE -p RULES -s PTV --out OUT.dcm",
        "audit CASE -p RULES --out OUT",
        "protocol show RULES",
        "protocol validate RULES",
        "protocol decisions RULES",
        "protocol diff RULES liver_sbrt --case CASE",
        "protocol diff liver_sbrt RULES --case CASE",
        "checks list -p RULES",
    ],
)
def test_a_misspelt_check_is_told_before_anything_is_read(command, misspelt, tmp_path, capsys):
    """The case holds nothing that can be read, and nobody gets as far as that."""
    case = tmp_path / "case"
    case.mkdir()
    (case / "RTPLAN.dcm").write_bytes(b"no DICOM")
    words = {"CASE": str(case), "RULES": str(misspelt), "OUT": str(tmp_path / "AUDIT")}
    words |= {f"OUT.{end}": str(tmp_path / f"out.{end}") for end in ("html", "dcm")}
    assert run([words.get(word, word) for word in command.split()]) != 0
    assert "NO_SUCH_CHECK" in capsys.readouterr().err


def test_a_misspelt_check_is_told_to_a_caller(misspelt):
    with pytest.raises(ProtocolError, match="NO_SUCH_CHECK"):
        review(ReviewRequest((Path("nowhere"),), str(misspelt)))
