"""A review that breaks off is tried again by the next runs, and never hides a submission."""

from __future__ import annotations

from sbrt_qa.isolation import Limits
from sbrt_qa.workflows_audit.answers import Question, ask
from sbrt_qa.workflows_audit.run import Request, audit

NO_TIME = Limits(seconds=0.001)


def test_what_takes_too_long_is_tried_in_three_runs_and_when_asked_for(small, tmp_path):
    (tmp_path / "one" / "S01").parent.mkdir()
    (small.submissions / "S01").rename(tmp_path / "one" / "S01")
    request = Request((tmp_path / "one",), tmp_path / "AUDIT", str(small.protocol()))
    hurried = Request(**{**fields(request), "limits": NO_TIME})
    for _ in range(3):
        (step,) = audit(hurried)
        assert (step.code, step.verdict) == ("S01/S01-001/v1", None)
        assert "the review exceeded 0.001 s" in step.trouble
        (row,) = ask(request.out, Question("submissions"))
        assert (row["verdict"], row["notices"], row["complete"]) == ("not_evaluable", 1, False)
        (row,) = ask(request.out, Question("unreviewed"))
        assert (row["place"], row["kind"]) == ("S01/S01-001/v1", "time")
    (step,) = audit(request)
    assert step.verdict is None  # three runs are enough
    assert "--retry" in step.trouble
    (row,) = ask(request.out, Question("unreviewed"))
    assert row["attempts"] == 3
    (step,) = audit(Request(**{**fields(request), "retry": True}))
    assert (step.verdict, step.trouble, step.unwritten) == ("per_protocol", "", 0)
    assert list(ask(request.out, Question("unreviewed"))) == []
    (row,) = ask(request.out, Question("submissions"))
    assert (row["verdict"], row["plans"], row["notices"]) == ("per_protocol", 1, 0)
    (step,) = audit(Request(**{**fields(request), "retry": True}))
    assert step.verdict is None


def fields(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__slots__}
