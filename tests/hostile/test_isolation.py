"""A child that dies, hangs, grows or lies: the parent says so and goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import builders as b
import child_calls as c
import pytest
from fuzz_targets import PROTOCOL

from sbrt_qa.errors import DicomError, UsageError
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.pipeline import check
from sbrt_qa.pipeline.untrusted import check_untrusted
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import unreviewed
from sbrt_qa.sandbox import FailureKind, Limits, caps_hold, run_isolated
from sbrt_qa.sandbox import _read_answer as read_answer

LIMITS = Limits(seconds=600)
"""For what ends by itself; on a crowded machine a child needs long to start."""

SHORT = Limits(seconds=0.3)
capped = pytest.mark.skipif(not caps_hold(), reason="this system has no resource limits")


def test_a_value_comes_back_from_another_process():
    assert run_isolated(c.echo, ({"a": [1, None, "β"]},), LIMITS).value == {"a": [1, None, "β"]}
    assert run_isolated(c.process_id, (), LIMITS).value != os.getpid()


def test_an_error_of_a_child_keeps_its_parts():
    """So that a page can say it in another language."""
    error = run_isolated(c.refuse_cut_off, ("RTDOSE.dcm",), LIMITS).error
    assert str(error) == "RTDOSE.dcm: the file is cut off; got 12 bytes"
    assert (error.got.template, error.got.values) == ("{0} bytes", ("12",))
    late = run_isolated(c.sleep_for_ever, (), SHORT).failure
    assert (late, late.template) == ("exceeded 0.3 s", "exceeded {0} s")


@pytest.mark.parametrize("call", [c.sleep_for_ever, c.ignore_signals_and_sleep, c.burn])
def test_a_child_that_takes_too_long_is_ended(call):
    outcome = run_isolated(call, (), SHORT)
    assert (outcome.failure, outcome.kind) == ("exceeded 0.3 s", FailureKind.TIME)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no groups of processes")
def test_what_a_child_has_started_ends_with_it(tmp_path):
    import fcntl

    held = tmp_path / "held"
    for seconds in (0.3, 3, 30, 300):  # as long as this machine takes to start the sleeper
        outcome = run_isolated(c.start_a_sleeper, (str(held),), Limits(seconds=seconds))
        assert outcome.kind is FailureKind.TIME
        if held.with_suffix(".begun").exists():
            break
    with held.open("rb") as file:
        for _ in range(3000):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)
            else:
                return
    pytest.fail("the sleeper still holds its file")


@capped
def test_a_child_that_computes_too_long_is_ended():
    limits = replace(LIMITS, cpu_seconds=1)
    outcome = run_isolated(c.burn, (), limits)
    told = "exceeded 1 s of processor time"
    assert (outcome.failure, outcome.kind) == (told, FailureKind.TIME)


@capped
def test_a_child_that_takes_too_much_memory_is_told():
    limits = replace(LIMITS, memory_bytes=2 * 10**9)
    outcome = run_isolated(c.take_memory, (), limits)
    assert (outcome.failure, outcome.kind) == ("exceeded 2 GB", FailureKind.MEMORY)


@pytest.mark.parametrize(
    ("call", "failure", "kind"),
    [
        (c.kill_myself, f"was ended by signal {int(signal.SIGKILL)}", FailureKind.ENDED),
        (c.leave, "broke off with exit code 3", FailureKind.OURS),
        (c.vanish, "broke off with exit code 7", FailureKind.OURS),
        (c.fail, "sbrt_qa failed (ZeroDivisionError at sandbox.py)", FailureKind.OURS),
        (c.answer_with_an_object, "sbrt_qa failed (TypeError at sandbox.py)", FailureKind.OURS),
    ],
)
def test_a_child_that_breaks_off_is_told(call, failure, kind):
    outcome = run_isolated(call, (), LIMITS)
    assert re.sub(r":[0-9]+\)", ")", outcome.failure) == failure
    assert outcome.kind is kind


def test_an_answer_that_is_too_long_is_not_taken():
    outcome = run_isolated(c.answer_with_much, (), replace(LIMITS, answer_bytes=1_000_000))
    assert outcome.failure == "answered with more than 1 MB"


def test_an_error_raised_on_purpose_comes_back_as_it_was():
    outcome = run_isolated(c.refuse, (), LIMITS)
    assert type(outcome.error) is DicomError
    assert str(outcome.error) == "RD.dcm: broken; got 'x'; expected y. Try again"


def test_a_child_that_cannot_get_ready_is_told():
    outcome = run_isolated(c.echo, (1,), LIMITS, prepare=c.fail_to_prepare)
    assert outcome.failure.startswith("sbrt_qa failed (RuntimeError")


@capped
def test_a_child_cannot_fill_the_disk(tmp_path):
    outcome = run_isolated(c.write_a_large_file, (str(tmp_path / "large"),), LIMITS)
    assert outcome.failure
    assert (tmp_path / "large").stat().st_size <= 256 * 1024**2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x80\x04\x95",
        b"not json",
        b"[1, 2]",
        b"null",
        b'{"kind": "error"}',
        b'{"kind": "error", "content": 5}',
        b'{"kind": "error", "content": {"type": "annotations"}}',
        b'{"kind": "error", "content": {"type": "unicodedata", "what": "x"}}',
        b'{"kind": "error", "content": {"type": "DicomError", "evil": "x"}}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_lies_is_no_answer(answer):
    assert read_answer(answer).failure == "gave an answer that cannot be read"


# --- check ------------------------------------------------------------------------------------


@pytest.fixture
def protocol(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_bytes(PROTOCOL)
    return str(path)


def two_plans(folder: Path) -> Path:
    b.save_case(folder)
    b.save(b.plan(uid="1.2.3.11", label="second"), folder / "RP2.dcm")
    b.save(b.dose(uid="1.2.3.31", plan="1.2.3.11"), folder / "RD2.dcm")
    return folder


def test_one_case_gives_the_same_review_as_without(tmp_path, protocol):
    folder = b.save_case(tmp_path / "case")
    assert check_untrusted([folder], protocol) == check([folder], protocol)


def test_each_of_several_cases_has_its_own_process(tmp_path, protocol):
    folder = two_plans(tmp_path / "case")
    reviews = check_untrusted([folder], protocol)
    assert [r.case for r in reviews] == ["plan", "second"]
    assert reviews == check([folder], protocol)


SENT = "structure,metric,value,unit\nBox,Mean,9.5,Gy\nBox,D50%,10,Gy\nNowhere,Max,1,Gy\n"


def test_values_of_the_site_and_of_a_second_engine_are_the_same_as_without(tmp_path, protocol):
    folder, sent = two_plans(tmp_path / "case"), tmp_path / "site.csv"
    sent.write_text(SENT, encoding="utf-8")
    reviews = check_untrusted([folder], protocol, None, sent, cross_check=True)
    assert reviews == check([folder], protocol, None, sent, cross_check=True)
    assert all(len(r.site_values) == 3 for r in reviews)
    assert all(r.cross_check for r in reviews)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no table", id="no columns"),
        pytest.param(SENT + "x" * 2_000_000, id="too large"),
        pytest.param(SENT + 'Box,"Mean', id="a quote that never ends"),
    ],
)
def test_a_hostile_file_of_site_values_is_refused_as_without(text, tmp_path, protocol):
    folder, sent = two_plans(tmp_path / "case"), tmp_path / "site.csv"
    sent.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as usual:
        check([folder], protocol, None, sent)
    with pytest.raises(UsageError) as isolated:
        check_untrusted([folder], protocol, None, sent)
    assert str(isolated.value) == str(usual.value)


@capped
def test_a_file_of_site_values_that_never_ends_stops_only_the_process(tmp_path, protocol):
    folder, pipe = b.save_case(tmp_path / "case"), tmp_path / "site.csv"
    os.mkfifo(pipe)
    (review,) = check_untrusted([folder], protocol, None, pipe, limits=Limits(seconds=2))
    assert review.findings[0].message == "not evaluable: exceeded 2 s"


def test_a_second_engine_that_breaks_off_takes_only_its_own_values(tmp_path, protocol):
    folder = b.save_case(tmp_path / "case")
    (usual,) = check([folder], protocol)
    (review,) = check_untrusted([folder], protocol, cross_check=True, prepare=c.no_second_engine)
    (row,) = review.cross_check
    assert row.reason.code is ReasonCode.NOT_REVIEWED
    assert row.reason.detail == "the process of the second engine was ended by signal 9"
    assert replace(review, cross_check=()) == usual


def test_a_case_that_takes_too_long_is_not_evaluable_and_says_so(tmp_path, protocol):
    folder = b.save_case(tmp_path / "case")
    (review,) = check_untrusted([folder], protocol, limits=Limits(seconds=0.001))
    assert review.verdict is Verdict.NOT_EVALUABLE
    assert review.case == "case"
    (finding,) = review.findings
    assert finding.code == "NOT_REVIEWED"
    assert finding.message == "not evaluable: exceeded 0.001 s"
    assert review.dose.code is ReasonCode.NOT_REVIEWED
    assert CaseReview.from_json(review.to_json()) == review


def test_errors_are_the_same_as_without(tmp_path, protocol):
    with pytest.raises(DicomError, match="no DICOM plan"):
        check_untrusted([tmp_path], protocol)
    folder = b.save_case(tmp_path / "case")
    with pytest.raises(UsageError):
        check_untrusted([folder], protocol, {"Liver": "Nowhere"})


KILLER = """
import sys
from pathlib import Path
sys.path += {paths!r}
from sbrt_qa.pipeline.untrusted import check_untrusted
import killer_of_one

if __name__ == "__main__":
    reviews = check_untrusted(
        [Path({folder!r})], {protocol!r}, prepare=killer_of_one.prepare
    )
    for r in reviews:
        print(f"{{r.case}}: {{r.verdict}}: {{[f.message for f in r.findings][:1]}}")
    print("pydicom" in sys.modules, "sbrt_qa.dicom.load" in sys.modules)
"""

KILLER_OF_ONE = """
import os, signal
from sbrt_qa import pipeline
from sbrt_qa.review import review

def prepare():
    pipeline.warm_up()
    usual = review.review_case
    def deadly(case, *rest, **named):
        if case.label == "plan":
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(case, *rest, **named)
    review.review_case = deadly
"""


def test_a_killed_child_stops_no_other_case_and_the_parent_reads_no_dicom(tmp_path, protocol):
    """The first of two cases kills its process; the second is reviewed all the same."""
    folder = two_plans(tmp_path / "case")
    (tmp_path / "killer_of_one.py").write_text(KILLER_OF_ONE)
    script = tmp_path / "run.py"
    script.write_text(KILLER.format(paths=[str(tmp_path)], folder=str(folder), protocol=protocol))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=1800
    )
    first, second, imported = done.stdout.splitlines()
    assert first == "plan: not_evaluable: ['not evaluable: was ended by signal 9']"
    assert second.startswith("second: ")
    assert "signal" not in second
    assert imported == "False False"


def test_an_unreviewed_case_has_a_json_form():
    rules = parse_protocol(PROTOCOL, "small.yaml")
    review = unreviewed("x", rules, "exceeded 60 s")
    assert json.loads(review.to_json())["findings"][0]["message"] == "not evaluable: exceeded 60 s"
