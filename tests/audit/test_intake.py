"""What an office sees: strays, workers that see nothing, names that are no UTF-8, copies."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pydicom
import pytest
from killable import Threads

from sbrt_qa.audit.answer import SubmissionAnswer
from sbrt_qa.audit.case_reports import relative_path
from sbrt_qa.audit.questions import Question, ask
from sbrt_qa.audit.run_audit import Request, Task, audit
from sbrt_qa.audit.running import Watch, run_all
from sbrt_qa.audit.verifying import verify
from sbrt_qa.errors import InputError
from sbrt_qa.sandbox import Outcome


@pytest.fixture
def request_(one_submission: Request) -> Request:
    """An audit of the one sound submission S01/S01-001/v1."""
    return one_submission


def folder(request: Request) -> Path:
    return request.submissions[0] / "S01/S01-001/v1"


def rows(request: Request, about: str) -> list[dict[str, Any]]:
    return list(ask(request.out, Question(about)))


def run(request: Request, executor: Executor | None = None) -> list[str]:
    """Audit in threads of this process, and return the codes that were recorded."""
    return [step.code for step in audit(request, executor or Threads()) if step.verdict]


class Blind(Executor):
    """Workers on a machine that does not have the folders."""

    def submit(self, _call: Any, _task: Task, /) -> Future[Outcome]:  # type: ignore[override]
        future: Future[Outcome] = Future()
        future.set_result(Outcome(error=InputError("the submission cannot be found")))
        return future


class Elsewhere(Executor):
    """Workers that see other files under the same path, and find nothing in them."""

    def submit(self, _call: Any, _task: Task, /) -> Future[Outcome]:  # type: ignore[override]
        future: Future[Outcome] = Future()
        answer = SubmissionAnswer("0" * 64, "1" * 64, refused="no DICOM plan")
        future.set_result(Outcome(value=answer.to_values()))
        return future


@pytest.mark.parametrize(
    ("workers", "kind"), [(Blind(), "cannot read"), (Elsewhere(), "other bytes")]
)
def test_case_136_146__what_a_worker_does_not_see_is_no_fault_of_the_site(request_, workers, kind):
    for attempt in (1, 2, 3, 4):
        assert run(request_, workers) == []
        (row,) = rows(request_, "unreviewed")
        assert (row["place"], row["kind"], row["attempts"]) == ("S01/S01-001/v1", kind, attempt)
        assert rows(request_, "submissions") == []
    assert run(request_) == ["S01/S01-001/v1"]
    assert rows(request_, "unreviewed") == []
    assert not verify(request_.out).difference


def test_case_137__a_name_that_is_no_utf8_hinders_nothing(request_):
    site = os.fsencode(folder(request_).parents[1])
    shutil.copytree(folder(request_), os.fsdecode(site + b"/" + "受试者七".encode("gbk") + b"/v1"))
    codes = run(request_)
    assert len(codes) == 2
    assert "S01/S01-001/v1" in codes
    assert all(row["place"].isascii() for row in rows(request_, "places"))
    assert not verify(request_.out).difference


def test_case_138__places_not_taken_are_answered_twice(request_):
    (folder(request_).parents[1] / "Meier.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    run(request_)
    for about in ("places", "completeness"):
        (row,) = (one for one in rows(request_, about) if one["outcome"] == "not taken")
        assert row["reason"] == "a 7z archive, which is not opened"
        assert row["place"].startswith("S01/X-")
        assert "Meier" not in str(row)


def test_case_139__what_systems_leave_behind_is_no_revision(request_):
    run(request_)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._a.dcm"):
        path = folder(request_) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"of a system")
    plan = folder(request_) / "RTPLAN.dcm"
    plan.rename(plan.with_name("plan.dcm"))
    os.utime(folder(request_) / "RTDOSE.dcm", ns=(1, 1))
    assert run(request_) == []
    assert [row["code"] for row in rows(request_, "submissions")] == ["S01/S01-001/v1"]


def test_case_141__reports_show_the_code_of_the_place(request_):
    request = Request(**{n: getattr(request_, n) for n in request_.__slots__} | {"reports": True})
    for file in folder(request).iterdir():
        data = pydicom.dcmread(file)
        data.ClinicalTrialSubjectID = "S99-999"
        data.save_as(file)
    run(request)
    page = (request.out / relative_path("S01/S01-001/v1", 1)).read_text(encoding="utf-8")
    assert "S01-001" in page
    assert "S99-999" not in page


def copied(request: Request, subject: str, version: str = "v1") -> str:
    shutil.copytree(folder(request), request.submissions[0] / "S01" / subject / version)
    return f"S01/{subject}/{version}"


def told(request: Request, what: str) -> dict[str, str]:
    return {r["code"]: r["text"] for r in rows(request, "deviations") if r["what"] == what}


def test_case_142__one_plan_for_two_subjects_is_told_of_both(request_):
    other = copied(request_, "S01-002")
    again = copied(request_, "S01-001", "v2")
    alike = copied(request_, "s01-001")
    run(request_)
    found = told(request_, "IDENTICAL_FILES")
    assert set(found) == {"S01/S01-001/v1", other, again, alike}
    assert all("identical files" in text for text in found.values())
    assert set(told(request_, "RESUBMITTED_UNCHANGED")) == {"S01/S01-001/v1", again}
    assert set(told(request_, "CODES_ALIKE")) == {"S01/S01-001/v1", again, alike}
    assert all(row["verdict"] == "major" for row in rows(request_, "submissions"))


def nothing(_task: Task) -> Outcome:
    raise AssertionError


class Gone(Executor):
    """A cluster whose workers are all gone."""

    def submit(self, *_: Any, **__: Any) -> Future[Outcome]:  # type: ignore[override]
        return Future()


def test_case_145__a_run_without_workers_says_so_and_ends():
    said: list[str] = []
    watch = Watch(lambda: False, said.append, seconds=0.3, every=0.1)
    done = list(run_all([1, 2, 3], nothing, Gone(), 1, watch=watch))
    assert [one.task for one in done] == [1, 2, 3]
    assert all(one.error is not None for one in done)
    assert said == ["no worker is left; the run ends; the same command goes on"]


def test_case_145__a_run_that_waits_goes_on_when_a_worker_is_back():
    said: list[str] = []
    futures: list[Future[int]] = []

    class Late(Executor):
        def submit(self, *_: Any, **__: Any) -> Future[int]:  # type: ignore[override]
            futures.append(Future())
            return futures[-1]

    def alive() -> bool:
        back = bool(said)  # once it was told that there was none
        if back and not futures[-1].done():
            futures[-1].set_result(7)
        return back

    watch = Watch(alive, said.append, wait=True, seconds=0.3, every=0.1)
    (done,) = run_all([1], abs, Late(), 1, watch=watch)
    assert (done.result, done.error) == (7, None)
    assert said[0] == "no worker is left; waiting for one"
