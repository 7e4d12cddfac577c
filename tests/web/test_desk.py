"""A plan at the desk: dropped, seen, reviewed, read, kept; and who else may look."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.web.body_limits import FORM_BYTES

from .conftest import SAMPLE, Browser, Running, end, start, until, zipped

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def drop(browser: Browser, files: dict[str, bytes]) -> str:
    """Drop files as the page's script does; return the address of the check."""
    sent = {"x-form-token": browser.token}
    begun = browser.ask("POST", "/checks", "", sent)
    assert begun.status == 201
    address = str(json.loads(begun.body)["address"])
    for name, content in files.items():
        assert browser.ask("PUT", f"{address}/files?name={name}", content, sent).status == 201
    assert browser.ask("POST", f"{address}/look", "", sent).status == 303
    return address


def settled(browser: Browser, address: str) -> str:
    def state() -> str:
        return str(json.loads(browser.get(f"{address}/state").body)["state"])

    return str(until(state, lambda found: found not in ("looking", "reviewing")))


def test_a_zip_is_seen_reviewed_and_its_report_is_kept(physicist: Browser) -> None:
    address = drop(physicist, {"plan.zip": zipped(SAMPLE / "major"), "readme.txt": b"words"})
    assert settled(physicist, address) == "seen"
    page = physicist.get(address).text
    assert "CT <b>55</b>" in page
    assert "readme.txt" in page  # not used, and said by the name it was dropped with
    assert physicist.post(f"{address}/review", protocol="no such").status == 400
    assert physicist.post(f"{address}/review", protocol="liver_sbrt").status == 303
    assert settled(physicist, address) == "done"
    kept = physicist.get(f"{address}/report/0/json")
    assert kept.headers["content-disposition"].startswith("attachment")
    review = CaseReview.from_json(kept.text)
    assert review.verdict is Verdict.MAJOR
    shown = physicist.get(f"{address}/report/0/zh.html")
    assert 'lang="zh-Hans"' in shown.text
    policy = shown.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy  # what the report's script may reach: nothing
    assert "allow-same-origin" not in policy
    assert physicist.post(f"{address}/delete-files").status == 303
    assert physicist.get(f"{address}/report/0/en.html").status == 200
    assert "MAJOR" in physicist.get("/").text
    assert physicist.post(f"{address}/remove").status == 303
    assert physicist.get(address).status == 404


def test_names_lead_nowhere_and_what_is_no_plan_is_said(physicist: Browser, tmp_path: Path) -> None:
    """Neither a path nor a script in a name does anything."""
    name = "..%2F..%2F..%2Fetc%2F<script>alert(1)</script>.dcm"
    address = drop(physicist, {name.replace("<", "%3C").replace(">", "%3E"): b"no DICOM"})
    assert settled(physicist, address) == "failed"
    page = physicist.get(address).text
    assert "could not be reviewed" in page
    assert "<script>alert" not in page


def test_without_script_a_form_takes_the_files(physicist: Browser) -> None:
    archive = zipped(SAMPLE / "minor")

    def form(token: str) -> tuple[bytes, dict[str, str]]:
        parts = (
            f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n--b\r\n'
            'Content-Disposition: form-data; name="files"; filename="x.zip"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return parts.encode() + archive + b"\r\n--b--\r\n", kind

    physicist.get("/")
    assert physicist.ask("POST", "/upload", *form("0" * 64)).status == 403
    answer = physicist.ask("POST", "/upload", *form(physicist.token))
    assert answer.status == 303
    assert settled(physicist, answer.headers["location"]) == "seen"


def test_the_address_opens_once_and_nobody_else_sees_anything(
    desk: Running, physicist: Browser, stranger: Browser
) -> None:
    opened = urlsplit(desk.address)
    assert stranger.get(f"/?{opened.query}").status == 403
    for path in ("/", "/checks/" + "0" * 32, "/nothing"):
        assert stranger.get(path).status == 403
    assert stranger.post("/checks").status == 403
    assert Browser(desk.port).ask("POST", "/checks", "").status == 403


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/static/pages.css", "/static/../x", "/checks/1"]
)
def test_case_s6__headers_stand_on_every_answer(physicist: Browser, path: str) -> None:
    found = physicist.get(path).headers
    assert HEADERS.items() <= found.items()
    assert (
        "default-src 'none'; script-src 'self'; style-src 'self'"
        in found["content-security-policy"]
    )
    assert "server" not in found


def test_case_s6__no_page_holds_a_script_or_a_style_of_its_own(physicist: Browser) -> None:
    page = physicist.get("/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_case_s21__only_our_own_host_is_served(physicist: Browser) -> None:
    for host in ("evil.example", f"127.0.0.1.evil.example:{physicist.port}", "127.0.0.1:1", ""):
        assert physicist.get("/", Host=host).status == 400
    forwarded = physicist.get("/", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")
    assert forwarded.status == 200  # nobody's word but a known proxy's
    assert "strict-transport-security" not in forwarded.headers
    assert (
        physicist.post("/language", language="zh", next="//evil.example").headers["location"] == "/"
    )
    physicist.cookies.pop("sbrtqa-language", None)


def test_case_s5__another_site_changes_nothing(desk: Running, physicist: Browser) -> None:
    physicist.get("/")
    form = {"x-form-token": physicist.token}
    own = f"http://127.0.0.1:{desk.port}"
    for head, status in (
        ({}, 403),  # no token
        ({"x-form-token": "0" * 64}, 403),
        ({**form, "Origin": "https://evil.example"}, 403),
        ({**form, "Origin": "null"}, 403),
        ({**form, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**form, "Sec-Fetch-Site": "same-site", "Origin": own}, 403),
        ({**form, "Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({**form, "Sec-Fetch-Site": "same-origin", "Origin": own}, 201),
        ({**form, "Sec-Fetch-Site": "same-origin", "Origin": "null"}, 201),
    ):
        assert physicist.ask("POST", "/checks", "", head).status == status, head
    framed = physicist.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
    assert framed.status == 403


def test_case_s2__bodies_end_at_their_limit(desk: Running, physicist: Browser) -> None:
    physicist.get("/")
    head = {"x-form-token": physicist.token, "Content-Length": "10000000000"}
    answer = physicist.ask("POST", "/checks", None, head)
    assert answer.status == 413

    # no length is stated: the bytes are counted, and no byte is sent after the one too many
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    parts = iter([b"x" * FORM_BYTES, b"x"])
    assert physicist.ask("POST", "/checks", parts, kind).status == 413
    assert physicist.get("/").status == 200  # others are served


def test_a_second_desk_on_one_folder_is_told_of_the_first(
    desk: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = next(p for p in Path(tmp_path_factory.getbasetemp()).glob("desk*/kept"))
    second = start("desk", "--no-browser", "--folder", home, home=home.parent)
    assert second.process.wait(600) == 2
    end(second)
    assert second.address == ""
