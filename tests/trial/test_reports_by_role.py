"""Freezing, exports and reports: what each role sees, and what it never gets."""

from __future__ import annotations

import re

import pytest
from pypdf import PdfReader

from sbrt_qa.audit.store.chain import events
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.trial_import import changes_of, import_data, trial_store
from sbrt_qa.audit.trial_reports import TrialRequest, export_adam, freeze, report
from sbrt_qa.cli.main import run
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.model.actor import Actor, Doing
from sbrt_qa.reports.outcome.outcome_roles import ROLES, role_of
from sbrt_qa.testing.outcomes.latent_trial import CUT
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial
from sbrt_qa.trial.adam import adam_csv, adam_tables, adam_xpt
from sbrt_qa.trial.analysis_set import analysis_set
from sbrt_qa.trial.landmark import landmark_set
from sbrt_qa.trial.plan_doses import PlanDose, PlanDoses
from sbrt_qa.trial.sas_transport import read_xpt
from sbrt_qa.trial.treated import PlanVerdict

from .kept_pages import new_page, page_of, write_csv

BY = Doing(Actor("Trial Office", "office"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """An audit with the sample imported and frozen, and a request for it."""
    folder = tmp_path_factory.mktemp("trial")
    import_data(folder / "audit", write_csv(folder / "data"), by=BY)
    request = TrialRequest(folder / "audit", CUT.isoformat(), by=BY)
    freeze(request)
    return request


OUTCOME = re.compile(rb"hazard|Kaplan|PFS12|OS36|log-rank|progression-free|Adverse|p-value")


def test_t82__what_plan_reviewers_and_readers_get_holds_no_outcome(trial):
    for role in ("reviewer", "adjudicator", "reader", "site"):
        page = page_of(trial, role)
        assert not OUTCOME.search(page), (role, OUTCOME.search(page))
    assert not re.search(rb"SBRT|CONTROL", page_of(trial, "reader"))
    assert b"B02" not in page_of(trial, "site")
    office = page_of(trial, "office")
    assert not re.search(rb"hazard|log-rank|CONTROL", office)
    text = "".join(p.extract_text() for p in PdfReader_of(page_of(trial, "reviewer", "pdf")).pages)
    assert not OUTCOME.search(text.encode())


def PdfReader_of(content):  # noqa: N802
    import io

    return PdfReader(io.BytesIO(content))


def test_a_site_that_the_data_does_not_know_gets_no_report_without_problems(trial):
    with pytest.raises(UsageError, match="no such site") as told:
        report(trial, role_of("site"), output_format="html", site="S01")
    assert "A01" in str(told.value)


def test_t83__a_blinded_report_has_no_real_label_and_nothing_of_radiotherapy(trial):
    for page in (page_of(trial, "statistician"), page_of(trial, "statistician", language="zh")):
        assert not re.search(rb"CONTROL|>SBRT<|rt_course|rt_fractions|CROSSOVER", page)
        assert b">A<" in page
        assert b">B<" in page
        assert b"fractions as bars" not in page


def test_t84__a_verdict_that_changes_after_the_freeze_stops_the_report(trial, monkeypatch):
    from sbrt_qa.audit.store import treated_plans

    changed = (PlanVerdict("A01/001/v1", "001", "2021-01-01", "major"),)
    monkeypatch.setattr(treated_plans, "plan_verdicts", lambda *_: changed)
    with pytest.raises(UsageError, match="have changed since"):
        new_page(trial, "dmc")
    freeze(trial)
    assert b"Deviation against outcome" in new_page(trial, "dmc")
    monkeypatch.undo()
    freeze(trial)
    with trial_store(trial.audit) as engine, reading(engine) as connection:
        kinds = [one.kind for one in events(connection)]
    assert kinds.count("data cut frozen") >= 2
    assert "closed report opened" in kinds


def test_t85__the_same_cut_makes_the_same_bytes(trial):
    assert new_page(trial, "dmc") == new_page(trial, "dmc")
    one, other = (export_adam(trial) for _ in range(2))
    assert [adam_xpt(t) for t in one] == [adam_xpt(t) for t in other]


def test_t86__an_import_that_breaks_off_records_nothing(trial, monkeypatch, tmp_path):
    from sbrt_qa.audit.store import trial_records

    import_data(tmp_path / "audit", write_csv(tmp_path / "data"), by=BY)

    def killed(*_):
        raise KeyboardInterrupt

    status = tmp_path / "data" / "csv" / "status.csv"
    status.write_text(status.read_text().replace("disease", "other"))
    with monkeypatch.context() as patched:
        patched.setattr(trial_records, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            import_data(tmp_path / "audit", tmp_path / "data" / "csv", by=BY)
    with pytest.raises(UsageError, match="no earlier import"):
        changes_of(tmp_path / "audit")
    import_data(tmp_path / "audit", tmp_path / "data" / "csv", by=BY)
    changes = changes_of(tmp_path / "audit")
    assert changes
    assert {(one.table, one.column) for one in changes} == {("status", "cause")}


def test_unfrozen_outcome_is_refused_and_so_is_an_unknown_role(trial):
    with pytest.raises(UsageError, match="not frozen"):
        report(TrialRequest(trial.audit, "2023-01-01", by=BY), ROLES["dmc"], output_format="html")
    with pytest.raises(UsageError, match="unknown --role"):
        role_of("king")
    with pytest.raises(UsageError, match="not named"):
        report(TrialRequest(trial.audit), ROLES["dmc"], output_format="html")


def test_every_role_reads_in_chinese(trial):
    for role in ROLES:
        assert b"[en]" not in page_of(trial, role, language="zh"), role


def test_exports_say_their_convention_and_read_back(trial):
    tables = {one.name: one for one in export_adam(trial)}
    assert set(tables) == {"ADSL", "ADTTE", "ADAE", "ADTL"}
    for row in tables["ADTTE"].rows:
        if row["ADT"] and row["PARAMCD"] != "FUPTIME":
            assert row["AVAL"] == (row["ADT"] - row["STARTDT"]).days + 1
            assert (row["CNSR"] in (0, 8)) == bool(row["EVNTDESC"])
    back = read_xpt(adam_xpt(tables["ADTTE"]), "adtte.xpt")
    assert len(back.rows) == len(tables["ADTTE"].rows)
    assert adam_csv(tables["ADSL"]).startswith("STUDYID,USUBJID,SITEID")


def analysed(sample, plans):
    """Return the analysis set of a sample with plans of its subjects."""
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.trial.assemble import TextTable, assemble
    from sbrt_qa.trial.canonical import TABLES
    from sbrt_qa.trial.data_cut import data_cut
    from sbrt_qa.trial.validate import validate

    tables = [
        TextTable(n, f"{n}.csv", tuple(c.name for c in TABLES[n].columns if c.required
                                       or any(c.name in row for row in rows)),
                  tuple(enumerate(rows, 2)))
        for n, rows in sample.tables.items()
    ]  # fmt: skip
    cut = data_cut(validate(assemble(tables, CUT)), CUT)
    return analysis_set(cut, load_protocol("liver_sbrt"), plans)


def test_t70__who_died_before_the_last_fraction_is_left_out_and_counted():
    sample = sample_trial(5, faults=False)
    plans = tuple(
        PlanVerdict(f"{one.site}/{one.code}/v1", one.code, "2020-01-01", one.deviation)
        for one in sample.latent.subjects if one.deviation
    )  # fmt: skip
    found = analysed(sample, plans)
    marks = landmark_set(found, "LRFS12")
    treated = sum(one.arm == "SBRT" for one in sample.latent.subjects)
    assert len(marks.times) + len(marks.left_out) == treated
    assert all(one.days > 0 for one in marks.times)
    reasons = {why for _, why in marks.left_out}
    assert "the plan is not evaluable" in reasons
    assert {one.group for one in marks.times} == {"major", "per protocol or minor"}


def test_identifying_columns_leave_no_trace(trial, tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "subjects.csv"
    path.write_text("subject,patient_name\n001,Nora Quill\n")
    with pytest.raises(InputError, match="who a patient is"):
        import_data(tmp_path / "audit", tmp_path / "data", by=BY)
    assert not (tmp_path / "audit").exists() or not any(
        b"Quill" in one.read_bytes() for one in (tmp_path / "audit").rglob("*") if one.is_file()
    )


def test_adsl_carries_doses_of_the_treated_plan_as_covariates():
    sample = sample_trial(5, faults=False)
    told = (
        PlanDose("body", "EDIC", 1.5), PlanDose("body", "integral", 50_000.0),
        PlanDose("Spleen", "mean", 2.4), PlanDose("Spleen", "V5Gy", None, "the spleen is missing"),
    )  # fmt: skip
    code = next(one.code for one in sample.latent.subjects if one.deviation)
    plans = tuple(
        PlanVerdict(
            f"{one.site}/{one.code}/v1", one.code, "2020-01-01", one.deviation,
            doses=PlanDoses(told) if one.code == code else PlanDoses(),
        )
        for one in sample.latent.subjects if one.deviation
    )  # fmt: skip
    found = analysed(sample, plans)
    table = adam_tables(found, "S")[0]
    names = ("EDIC", "ITDGYCC", "SPLMEAN", "SPLV5")
    row = next(row for row in table.rows if row["USUBJID"] == code)
    assert [row[name] for name in names] == [1.5, 50_000.0, 2.4, None]
    others = [row for row in table.rows if row["USUBJID"] != code]
    assert all(row[name] is None for row in others for name in names)
    assert len(read_xpt(adam_xpt(table), "adsl.xpt").rows) == len(table.rows)
    blind = adam_tables(found, "S", arms={"SBRT": "A", "CONTROL": "B"})[0]
    assert all(row[name] is None for row in blind.rows for name in names)


def test_problems_of_a_site_that_the_data_does_not_know_are_not_none(trial, capsys):
    """An empty list would say that nothing is wrong there."""
    assert run(["trial", "problems", str(trial.audit), "--site", "S99"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "the data has no such site; got 'S99'; expected A01" in told.err
