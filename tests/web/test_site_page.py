"""What a site sends through its page: looked at in a child, reviewed, recorded as its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydicom import dcmread

from sbrt_qa.audit import verifying
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.intake.receipt import read_receipt
from sbrt_qa.office.receipts import refuted
from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.working.study_rows import Studies

from .conftest import SAMPLE, settled
from .playing_office import PlayingOffice, Somebody


def begun(who: Somebody, **fields: str) -> str:
    answer = who.send("/uploads", fields)
    assert answer.status == 201, answer.text
    return str(json.loads(answer.text)["address"])


def test_a_site_sends_a_zip_and_it_becomes_its_next_version(
    served: PlayingOffice, sent: int
) -> None:
    site, other = served.somebody("physicist.s1"), served.somebody("physicist.s2")
    address = served.upload
    nothing = other.get("/nothing").plain
    for path in (address, f"{address}/state"):
        assert other.get(path).plain == served.somebody("coordinator").get(path).plain == nothing
    assert other.post(f"{address}/send").plain == nothing
    made = versions_of(served.engine, "S1", "002")
    assert made[max(made)] == sent
    case = served.case(sent)
    assert site.get(address).location == case
    assert site.post(f"{address}/send").status == 409
    assert "S1/002/v2" in site.get("/site").text
    assert other.get(case).status == 404
    with reading(served.engine) as connection:
        sender = connection.scalar(
            sa.select(o.senders.c.account_id).where(o.senders.c.submission_id == sent)
        )
    assert sender == served.accounts["physicist.s1"].key
    coordinator = served.somebody("coordinator")
    assert f"{case}/report/1" in coordinator.get(case).text
    assert "<canvas" in coordinator.get(f"{case}/report/1").text
    before = made[max(made) - 1]  # what came before is there, and replaced
    assert site.get(served.case(before)).status == 200
    assert not verifying.verify(served.app.audit.folder).difference
    vault = served.app.vault
    assert not list(vault.root.rglob("*.zip")), "no name and no suffix of the site's"
    released = list((vault.root / "released").rglob("S1/002/v2/*.dcm"))
    assert len(released) == 58
    patient = str(dcmread(next((SAMPLE / "compliant").glob("*PLAN*"))).PatientID).encode()
    assert not any(patient in path.read_bytes() for path in released)
    study = Studies(served.store).of_batch(address.rpartition("/")[2])
    assert study is not None
    receipt = read_receipt(study.receipt)
    assert (receipt.submission, receipt.door) == ("S1/002/v2", "web")
    assert not refuted(served.engine, receipt)
    kept = site.get(f"/receipts/{study.id}")
    assert read_receipt(kept.text) == receipt
    assert f"/receipts/{study.id}/pdf" in site.get("/site").text
    assert site.get(f"/receipts/{study.id}/pdf", "zh").text.startswith("%PDF")
    assert other.get(f"/receipts/{study.id}").status == 404
    assert vault.path(receipt.files[0].sha256).exists(), "kept until its time is over"


@pytest.mark.parametrize(
    "fields",
    [{"subject": "Mustermann"}, {"subject": "19630812"}, {"subject": ""}, {"subject": "../1"},
     {"subject": "001", "site": "S2"}],
)  # fmt: skip
def test_an_upload_names_a_code_of_the_own_site(
    served: PlayingOffice, fields: dict[str, str]
) -> None:
    answer = served.somebody("physicist.s1").send("/uploads", fields)
    assert answer.status == (404 if "site" in fields else 400)
    assert "Mustermann" not in "".join(p.name for p in served.app.checks.home("").rglob("*"))


@pytest.mark.parametrize("who", ["reviewer1", "statistician", "admin", "adjudicator"])
def test_case_p32__who_reviews_does_not_upload(served: PlayingOffice, who: str) -> None:
    someone = served.somebody(who)
    assert someone.get("/site").status == 404
    assert someone.send("/uploads", {"subject": "001", "site": "S1"}).status == 404


def test_case_p28__what_is_no_plan_is_told_to_its_sender_alone(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    address = begun(site, subject="900")
    assert site.put(f"{address}/files?name=<b>readme", b"words").status == 201
    site.post(f"{address}/look")
    assert settled(site, address) == "failed"
    page = site.get(address)
    assert "This could not be taken" in page.text
    assert "<b>readme" not in page.text
    assert site.post(f"{address}/send").status == 409
    assert "Not sent" in site.get("/site").text
    assert "Not sent" not in served.somebody("physicist.s1").get("/site").text
    assert site.post(f"{address}/delete").location == "/site"
    assert site.get(address).status == 404


def test_case_p25__an_upload_that_stopped_is_dropped(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    address = begun(site, subject="901")
    assert served.app.checks.drop_abandoned() == 0
    assert served.app.checks.drop_abandoned(seconds=0.0) >= 1
    assert site.get(address).status == 404


def test_without_script_one_form_sends_files(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")

    def form(subject: str, token: str) -> bytes:
        parts = [("token", token), ("subject", subject)]
        text = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts
        )
        head = 'Content-Disposition: form-data; name="files"; filename="x.txt"'
        return f"{text}--b\r\n{head}\r\n\r\nwords\r\n--b--\r\n".encode()

    kind, good = "multipart/form-data; boundary=b", form_token(site.cookie)
    assert site.put("/uploads/form", form("902", "0" * 64), "POST", kind).status == 403
    assert site.put("/uploads/form", form("Muster", good), "POST", kind).status == 400
    answer = site.put("/uploads/form", form("902", good), "POST", kind)
    assert answer.status == 303
    assert settled(site, answer.location) == "failed"


def test_what_an_end_of_the_office_cut_off_can_be_sent_again(
    served: PlayingOffice, tmp_path: Path
) -> None:
    checks = served.app.checks
    check = checks.begin()
    for state, then in (("reviewing", "failed"), ("looking", "failed")):
        checks.change(check, state=type(check.state)(state))
        checks.settle()
        found = checks.find(check.id)
        assert found is not None
        assert found.state == then
    checks.remove(check)
