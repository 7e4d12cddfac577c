"""The dashboard of an audit leads to the report of a case, and says what a resubmission changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

from sbrt_qa.sample_trial import write_trial

SUBMISSIONS = 9
"""The last two are two versions of one subject: major, then sound."""


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    write_trial(folder, SUBMISSIONS)
    command = [sys.executable, "-m", "sbrt_qa.cli", "audit", folder / "submissions", "--quiet"]
    protocol = folder / "protocol_v1.yaml"
    subprocess.run([*command, "-p", protocol, "-o", folder / "AUDIT"], check=True, timeout=300)
    return folder / "AUDIT"


@pytest.fixture
def dashboard(driver: Any, audit: Path) -> Any:
    driver.get((audit / "index.html").as_uri())
    return driver


def _row(driver: Any, code: str) -> Any:
    driver.find_element("id", "search").clear()
    driver.find_element("id", "search").send_keys(code)
    return driver.find_element("css selector", f'tr[data-code="{code}"]')


def test_a_click_on_a_submission_opens_the_report_of_its_case(dashboard: Any, audit: Path) -> None:
    _row(dashboard, "S08/S08-001/v1").find_element("css selector", "a").click()
    shown = Path(unquote(urlparse(dashboard.current_url).path))
    assert shown == audit / "cases/S08/S08-001/v1/report.html"
    assert dashboard.title.startswith("MAJOR")
    assert "S08-001" in dashboard.find_element("css selector", "h1").text
    problems = [e for e in dashboard.get_log("browser") if e["level"] == "SEVERE"]
    assert problems == []


def test_every_submission_that_was_read_leads_to_a_report(dashboard: Any, audit: Path) -> None:
    pages = dashboard.execute_script(
        "return [...document.querySelectorAll('#rows a')].map((a) => a.getAttribute('href'))"
    )
    assert len(set(pages)) == SUBMISSIONS
    assert all((audit / unquote(page)).is_file() for page in pages)


def test_a_resubmission_says_what_it_changed(dashboard: Any) -> None:
    _row(dashboard, "S08/S08-001/v2").find_element("css selector", "td.n").click()
    told = dashboard.find_element("id", "detail").text
    assert "What changed since S08/S08-001/v1" in told
    assert "DUO_MAX · 37 → 29 · ✕ major → ✓ per protocol" in told
    assert "structures: Duodenum contours" in told
    assert "LIVER_MEAN" not in told  # it stayed the same
    dashboard.find_element("css selector", "#detail a").click()
    changes = dashboard.find_element("id", "changes").text
    assert "DUO_MAX" in changes
    assert "LIVER_MEAN" not in changes
