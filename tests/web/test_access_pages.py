"""Who looked at what: the log that pages write, and the end of it in signatures."""

from __future__ import annotations

from sbrt_qa.audit.store.access_log import access_differences, told_heads
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.verify_records import head, verify

from .playing_office import SECRET, PlayingOffice, ready


def test_who_looked_at_a_case_is_logged_and_a_signature_holds_the_end_of_the_log(tmp_path):
    office = PlayingOffice(tmp_path / "A", 30)
    reader, auditor = office.somebody("reviewer1"), office.somebody("auditor")
    submission = office.in_state("reviewed by engine")[0]
    before = head(office.engine)
    assert auditor.get(office.case(submission)).status == 200
    assert auditor.get("/cases/" + "0" * 32).status == 404
    office.app.access.flush()
    (row,) = office.app.access.log.rows()
    assert (row.access.account, row.access.page) == ("auditor", "/cases/{case}")
    assert row.access.subject.count("/") == 2
    assert row.access.subject in auditor.get("/access").text
    assert reader.get("/access").status == 404
    assert before == head(office.engine)  # looking changes no record
    case = office.case(submission)
    who = f"reader:{office.accounts['reviewer1'].key}"
    assert office.somebody("coordinator").post(case + "/assign", who=who).status == 303
    path, token = ready(reader, submission)
    signed = reader.post(f"{path}/sign", challenge=token, password=SECRET, meaning="physics")
    assert signed.status == 303, signed.text
    with reading(office.engine) as connection:
        told = told_heads(connection)
    assert max(told) > 1
    assert verify(office.engine).difference == ""
    assert list(access_differences(tmp_path / "A", office.engine)) == []
    office.app.access.close()
    (tmp_path / "A" / "access.db").unlink()
    assert list(access_differences(tmp_path / "A", office.engine)) == [
        "the access log, which the records tell of, is not there"
    ]
    office.close()
