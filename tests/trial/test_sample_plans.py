"""The sample's plans, records and recurrences as DICOM: the engine finds what the truth says."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path

import pytest

from sbrt_qa.audit.store.treated_plans import plan_verdicts
from sbrt_qa.audit.trial_import import problems_of, trial_store
from sbrt_qa.cli.main import run
from sbrt_qa.testing.outcomes.latent_trial import CUT, RECORDING_SITE
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial, truth_of, write_outcomes

TRUTH = json.loads(json.dumps(truth_of(sample_trial())))
PLANS = {one["submission"]: one for one in TRUTH["plans"]}
AS = ("--as", "Trial Office")


def told(*arguments: object) -> str:
    """Run a command; return what it says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(one) for one in arguments])
    assert code in (0, 10, 20), err.getvalue()
    return out.getvalue() + err.getvalue()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as files."""
    out = tmp_path_factory.mktemp("sample") / "OUT"
    write_outcomes(out)
    return out


def chosen(sample: Path) -> list[dict[str, str]]:
    """Return a few plans: of each class, of an organ driven one, and two that failed."""
    with (sample / "plans.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["path"] for row in rows if row["version"] == "1"} == set(PLANS)
    kinds: dict[object, str] = {}
    for name, plan in PLANS.items():
        kinds.setdefault((plan["verdict"], *plan["limits"], plan["organ_driven"]), name)
    failed = {one["submission"] for one in TRUTH["failures"][:2]}
    return [row for row in rows if row["path"] in {*kinds.values(), *failed}]


@pytest.fixture(scope="module")
def audit(sample: Path) -> Path:
    """An audit of some of the plans, with the data and the records of the trial, frozen."""
    manifest, out = sample.parent / "some.csv", sample.parent / "AUDIT"
    rows = chosen(sample)
    with manifest.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    told("audit", sample / "plans", "--manifest", manifest, "-p", sample / "plans_protocol.yaml",
         "--out", out, "--no-reports", "-q", "-j", "1", *AS)  # fmt: skip
    told("trial", "import", out, sample / "csv", "--records", sample / "records", *AS)
    told("trial", "freeze", out, "--cut", CUT, *AS)
    return out


def test_reviews_find_the_class_the_limit_and_the_dose_of_the_truth(audit: Path) -> None:
    with trial_store(audit) as engine:
        found = plan_verdicts(engine)
    assert len({PLANS[one.submission]["verdict"] for one in found}) == 4
    for one in found:
        true = PLANS[one.submission]
        assert (one.verdict, one.organ_driven) == (true["verdict"], true["organ_driven"])
        if true["verdict"] in ("minor", "major"):
            assert one.sources == tuple(true["limits"])
            kind = "coverage" if "PTV_V100" in true["limits"] else "organ dose"
            assert one.kinds == (kind,)
        mean = one.doses.of("Liver-GTV", "mean")
        assert mean is not None
        assert mean.value == pytest.approx(true["mean_liver_gy"], rel=0.02)


def test_records_are_read_and_agree_with_the_forms(sample: Path, audit: Path) -> None:
    stored = problems_of(audit, "", 0).imported
    sites = {one.subject: one.text("site") for one in stored.data.of("subjects")}
    there = [row for row in stored.data.of("rt_fractions") if sites[row.subject] == RECORDING_SITE]
    rows = [row for row in there if row.text("source") == "RTRECORD"]
    assert len(rows) == len(list((sample / "records").rglob("*.dcm"))) > 0
    assert not {"FRACTION_SOURCES", "RECORD_SHIFTED"} & {one.code for one in stored.problems}


def test_recurrences_lie_where_the_truth_says_and_stand_on_the_page(
    sample: Path, audit: Path
) -> None:
    answers = sample.parent / "answers"
    answers.mkdir()
    for true in TRUTH["failures"][:2]:
        folder = sample / "failures" / true["folder"]
        out = answers / f"{true['folder']}.json"
        told("trial", "failure", sample / "plans" / true["submission"], folder / "RTSTRUCT.dcm",
             "--registration", folder / "REG.dcm", "--bed", "CTV", "--subject", true["subject"],
             "--rec", true["rec"], "-f", "json", "--out", out)  # fmt: skip
        (row,) = json.loads(out.read_text())["recurrences"]
        assert row["class"] == true["class"]
        assert row["inside_isodose"]["95%"] == pytest.approx(true["inside_95"], abs=0.03)
    page = sample.parent / "report.html"
    told("trial", "report", audit, "--role", "dmc", "--failures", answers, "--out", page, *AS)
    html = page.read_text(encoding="utf-8")
    for true in TRUTH["failures"][:2]:
        assert true["class"] in html
