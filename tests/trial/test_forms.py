"""The five forms of one trial, and what each of them can do wrong."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter

import pytest

from sbrt_qa.errors import InputError
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.testing.outcomes.form_writers import as_csv
from sbrt_qa.testing.outcomes.latent_trial import CUT
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial, truth_of, write_outcomes
from sbrt_qa.testing.outcomes.true_endpoints import true_times
from sbrt_qa.trial.assemble import assemble
from sbrt_qa.trial.data_cut import data_cut
from sbrt_qa.trial.endpoints import derive
from sbrt_qa.trial.readers.forms import read_data
from sbrt_qa.trial.readers.mapping import read_mapping_file, suggested
from sbrt_qa.trial.readers.odm_tables import read_odm
from sbrt_qa.trial.readers.redcap_tables import read_redcap
from sbrt_qa.trial.readers.sas_tables import read_sas_texts
from sbrt_qa.trial.readers.source_table import SourceTable
from sbrt_qa.trial.sas_transport import XptTable, XptVariable, ibm_bytes, ibm_number, write_xpt
from sbrt_qa.trial.validate import validate

FORMS = {"csv": "csv", "redcap": "redcap.csv", "odm": "odm.xml", "xlsx": "excel.xlsx", "xpt": "xpt"}
TODAY = dt.date(2025, 1, 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The sample as files."""
    out = tmp_path_factory.mktemp("outcomes")
    assert set(write_outcomes(out)) <= {"xlsx"}
    return out


def imported(written, form):
    mapping = written / "redcap_mapping.yaml" if form == "redcap" else None
    files = read_data(written / FORMS[form], mapping)
    assert files.form == form
    return validate(assemble(files.tables, TODAY))


def test_five_forms_have_one_hash_and_the_problems_that_were_planted(written):
    planted = Counter()
    for _, fault in sample_trial().planted:
        planted.update(dict(fault.codes))
    hashes = set()
    for form in FORMS:
        if form == "xlsx":
            pytest.importorskip("openpyxl")
        found = imported(written, form)
        hashes.add(found.data.sha256)
        assert Counter(one.code for one in found.problems) == planted, form
    assert len(hashes) == 1


def test_the_sample_is_the_same_byte_for_byte(written, tmp_path):
    write_outcomes(tmp_path)
    for path in sorted(written.rglob("*.*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(written)).read_bytes(), path.name


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_endpoints_equal_the_truth_of_every_subject(seed, tmp_path):
    sample = sample_trial(seed, faults=False)
    for name, content in as_csv(sample.tables).items():
        (tmp_path / name.partition("/")[2]).write_bytes(content)
    found = validate(assemble(read_data(tmp_path).tables, TODAY))
    assert not found.problems
    rules = load_protocol("liver_sbrt")
    cut = data_cut(found, CUT)
    truth = {one.code: true_times(one) for one in sample.latent.subjects}
    for rule in rules.endpoints:
        for one in derive(cut, rules, rule):
            expected = truth[one.subject][rule.id]
            assert (one.time_days, one.code) == (expected.days, expected.code), (seed, rule.id, one)


def test_endpoints_of_spoiled_subjects_are_as_the_truth_says(written):
    rules = load_protocol("liver_sbrt")
    cut = data_cut(imported(written, "csv"), CUT)
    truth = truth_of(sample_trial())
    spoiled = {one["subject"]: one for one in truth["planted"]}
    expected = {one["subject"]: one["endpoints"] for one in truth["subjects"]}
    for rule in rules.endpoints:
        times = {one.subject: one for one in derive(cut, rules, rule)}
        for subject, endpoints in expected.items():
            if spoiled.get(subject, {}).get("blocks_subject"):
                assert subject not in times
            elif subject not in spoiled:
                assert times[subject].time_days == endpoints[rule.id]["days"]
            elif rule.id in spoiled[subject]["not_evaluable"]:
                assert times[subject].reason


def test_t30_t31__redcap_exports(written):
    labels = b"Record ID,Event Name,Arm\n1,Baseline,SBRT\n"
    with pytest.raises(InputError, match="raw data"):
        read_redcap(labels, "labels.csv")
    head = b"record_id,redcap_repeat_instrument,assessments_scan,assessments_covers___liver,"
    rows = (
        b"assessments_covers___chest\n1,assessments,1,0,0\n1,assessments,2,,\n1,assessments,3,1,0\n"
    )
    (table,) = read_redcap(head + rows, "x.csv")
    assert [cells["covers"] for _, cells in table.rows] == ["none", "", "liver"]


ODM = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Transactional" {more}>'
    '<ClinicalData StudyOID="S"><SubjectData SubjectKey="X1">{inside}</SubjectData>'
    "</ClinicalData></ODM>"
)


def group(key, action, value=""):
    item = f'<ItemData ItemOID="IT.STATUS.ALIVE" Value="{value}"/>' if value else ""
    return f'<ItemGroupData ItemGroupOID="IG.STATUS" ItemGroupRepeatKey="{key}" ' \
        f'TransactionType="{action}">{item}</ItemGroupData>'  # fmt: skip


def odm(*groups, more=""):
    return read_odm(ODM.format(inside="".join(groups), more=more).encode(), "x.xml")


def test_t32__transactions_are_applied_in_their_order():
    (table,) = odm(group(1, "Insert", "Y"), group(2, "Insert", "Y"), group(1, "Update", "N"),
                   group(2, "Remove"))  # fmt: skip
    assert [cells["alive"] for _, cells in table.rows] == ["N"]
    tables = odm(group(1, "Remove"))
    assert [p.code for one in tables for p in one.problems] == ["OUT_OF_ORDER"]


def test_t33__a_document_type_is_refused_before_anything_is_expanded():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(InputError, match="document type"):
        read_odm(bomb + ODM.format(inside="", more="").encode(), "x.xml")
    with pytest.raises(InputError, match="no ODM"):
        read_odm(b"<ODM/>", "x.xml")


def test_t34__names_of_users_are_stored_nowhere():
    audit = '<AuditRecord><UserRef UserOID="U1"/><ReasonForChange>by Nora Quill</ReasonForChange>' \
        "</AuditRecord>"  # fmt: skip
    tables = odm(audit, group(1, "Insert", "Y"))
    assert "Quill" not in repr(tables)
    assert "U1" not in repr(tables)
    own = 'xmlns:O="http://www.openclinica.org/ns/odm_ext_v130/v3.1"'
    text = ODM.format(inside=group(1, "Insert", "Y"), more=own)
    text = text.replace('SubjectKey="X1"', 'SubjectKey="SS_77" O:StudySubjectID="001"')
    assert read_odm(text.encode(), "x.xml")[0].rows[0][1]["subject"] == "001"


def test_t35__a_missing_day_of_sas_is_none_and_day_0_is_1960():
    variables = (XptVariable("SUBJECT", "subject", numeric=False, length=4),
                 XptVariable("DATE", "date", numeric=True, length=8, form="DATE"))  # fmt: skip
    table = XptTable("VISITS", variables, (("1", 0.0), ("2", None), ("3", 24171.0)))
    _, rows = read_sas_texts(write_xpt(table), "visits.xpt")
    assert [cells["date"] for _, cells in rows] == ["1960-01-01", "", "2026-03-06"]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.1, 118.625, 1e-5, 123456789.25, -3.5e10])
def test_numbers_of_sas_read_back(value):
    assert ibm_number(ibm_bytes(value)) == pytest.approx(value, rel=1e-15, abs=0)
    assert ibm_number(ibm_bytes(None)) is None


def test_another_reader_of_transport_files_agrees(written, tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    data, meta = pyreadstat.read_xport(str(written / "xpt" / "subjects.xpt"), output_format="dict")
    _, rows = read_sas_texts((written / "xpt" / "subjects.xpt").read_bytes(), "subjects.xpt")
    names = dict(zip(meta.column_names, meta.column_labels, strict=True))
    for name, label in names.items():
        ours = [cells[label] for _, cells in rows]
        theirs = ["" if v is None or v != v else f"{v:g}" if isinstance(v, float) else v
                  for v in data[name]]  # fmt: skip
        assert ours == theirs, label


def test_t37__a_number_is_no_day_of_excel():
    openpyxl = pytest.importorskip("openpyxl")
    from sbrt_qa.trial.readers.excel_tables import read_excel

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "status"
    sheet.append(["subject", "last_contact", "alive"])
    sheet.append(["001", 46027, "Y"])
    sheet.append(["002", dt.date(2026, 1, 5), "Y"])
    sheet.append(["003", "=1+1", "Y"])
    out = io.BytesIO()
    book.save(out)
    (table,) = read_excel(out.getvalue(), "x.xlsx")
    assert [cells["last_contact"] for _, cells in table.rows] == ["46027", "2026-01-05", ""]
    assert [one.code for one in table.problems] == ["FORMULAS"]


def test_mappings_say_how_names_and_words_are_meant():
    text = b'schema: sbrt_qa.mapping/1\ndates: DMY\ntables:\n  subjects:\n    source: DM\n' \
        b'    columns: {subject: SUBJID}\n    values: {sex: {"1": M}}\n'  # fmt: skip
    found = read_mapping_file(text, "m.yaml")
    assert found.tables["subjects"].columns["subject"] == "SUBJID"
    with pytest.raises(InputError, match="no such column"):
        read_mapping_file(text.replace(b"{subject: SUBJID}", b"{subjekt: SUBJID}"), "m.yaml")
    source = SourceTable("Surgeries", "x", ("SUBJECT", "date", "margins"), ())
    assert "TODO" in suggested([source])
    assert 'date: "date"' in suggested([source])


def test_t36__times_whose_censoring_looks_inverted_are_told(tmp_path):
    subjects = [f"{n:03d}" for n in range(1, 21)]
    status = "subject,last_contact,alive\n" + "".join(f"{s},2023-01-01,Y\n" for s in subjects)
    (tmp_path / "status.csv").write_text(status)
    for cnsr, expected in (("0", ["ANALYSIS_DATA", "CNSR_INVERTED"]), ("1", ["ANALYSIS_DATA"])):
        rows = "".join(f"{s},OS36,{cnsr}\n" for s in subjects)
        (tmp_path / "adtte.csv").write_text("USUBJID,PARAMCD,CNSR\n" + rows)
        found = assemble(read_data(tmp_path).tables, TODAY).problems
        assert [one.code for one in found if not one.table] == expected


def test_letters_ask_each_site_about_its_own_rows_only(written):
    from sbrt_qa.reports.outcome.problem_letter import problem_letters

    problems = imported(written, "csv").problems
    for language in ("en", "zh"):
        letters = problem_letters(problems, language)
        assert set(letters) >= {"A01", "B02", "office"}
        assert "[en]" not in "".join(letters.values())
        assert "REPEATED_ROW" not in "".join(letters.values())
    assert "069" not in letters["A01"]
