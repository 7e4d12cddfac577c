"""What went wrong with an upload is said in the language of the page that tells it."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from sbrt_qa.i18n.phrase import from_kept, kept_text, say
from sbrt_qa.i18n.words import Words
from sbrt_qa.web.desk.desk_checks import CheckState, DeskCheck
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import Studies

from .conftest import settled
from .playing_office import PlayingOffice

ENGLISH = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}")


@pytest.mark.parametrize(
    "text", ["", "words as they are", '["not", "kept by us"', say("exceeded {0} s", 900)]
)
def test_a_column_gives_back_what_was_kept(text: str) -> None:
    found = from_kept(kept_text(text))
    assert found == text
    assert type(found) is type(text)


def test_a_check_is_read_back_with_the_parts_of_its_failure() -> None:
    check = DeskCheck("x", "2026-02-03T10:00:00+00:00", failure=say("exceeded {0} s", 900))
    again = DeskCheck.read(check.written())
    assert Words("zh").sentence(again.failure) == "超过 900 秒"


def test_a_spoilt_upload_is_refused_in_chinese(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    begun = site.send("/uploads", {"subject": "955"})
    address = str(json.loads(begun.text)["address"])
    site.put(f"{address}/files?name=RTDOSE.dcm", b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0" * 3)
    site.post(f"{address}/look")
    assert settled(site, address) == "failed"
    page = site.get(address, "zh").text.partition('role="alert"')[2].partition("</section>")[0]
    assert page
    assert "[en]" not in page
    assert not ENGLISH.search(re.sub(r"<[^>]*>", " ", page)), page
    broken = served.app.checks.change(
        next(one for one in served.app.checks.all() if one.id in address),
        state=CheckState.FAILED, failure=say("exceeded {0} s", 900),
    )  # fmt: skip
    assert "超过 900 秒" in site.get(address, "zh").text
    assert "超过 900 秒" in site.get("/site", "zh").text
    assert "exceeded 900 s" in site.get(address).text
    served.app.checks.remove(broken)


def test_what_is_wrong_with_a_manifest_is_told_to_a_page_in_chinese(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    for asked in ({"subject": "955", "files": []}, {"files": [["a", 1, ""]]}, {"subject": "x y"}):
        body = json.dumps(asked).encode()
        refused = _sent(site, body)
        assert refused.status == 400
        told = json.loads(refused.text)["error"]
        assert "[en]" not in told
        assert not ENGLISH.search(told), told


def _sent(site, body: bytes):

    return asyncio.run(site._ask("POST", "/upload", body, "zh", "application/json"))


def test_reasons_of_quarantine_and_results_of_jobs_keep_their_parts(served: PlayingOffice) -> None:
    studies = Studies(served.store)
    study = studies.quarantine(studies.begin("S2", []), say("exceeded {0} s", 900))
    assert Words("zh").sentence(study.why) == "超过 900 秒"
    assert "超过 900 秒" in served.somebody("coordinator").get("/intake", "zh").text
    studies.change(study, state="withdrawn")
    jobs = Jobs(served.store)
    jobs.ask("verify", "a day")
    job = jobs.claim("me", ("verify",))
    assert job is not None
    jobs.done(job, say("as recorded"))
    page = served.somebody("admin").get("/jobs", "zh").text
    assert "与记录一致" in page
    assert "核对" in page or "验证" in page
    assert "as recorded" not in page
