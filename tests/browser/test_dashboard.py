"""The dashboard of an audit leads to the report of a case, and says what a resubmission changed."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from pypdf import PdfReader
from selenium.webdriver.common.keys import Keys

from sbrt_qa.audit.questions import ask
from sbrt_qa.audit.what_can_be_asked import Question
from sbrt_qa.testing.sample.trial import write_trial

from .conftest import Page, until

SUBMISSIONS = 9
"""The last two are two versions of one subject: major, then sound."""


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    write_trial(folder, SUBMISSIONS)
    command = [sys.executable, "-m", "sbrt_qa.cli", "audit", folder / "submissions", "--quiet"]
    protocol = folder / "protocol_v1.yaml"
    subprocess.run([*command, "-p", protocol, "-o", folder / "AUDIT"], check=True, timeout=1800)
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
    until(lambda: dashboard.title.startswith("MAJOR"))
    shown = Path(unquote(urlparse(dashboard.current_url).path))
    assert shown == audit / "cases/S08/S08-001/v1/report.html"
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


# --- plots ------------------------------------------------------------------------------------


AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FIGURES = ("funnel", "over-time", "curves")
"""Plots that so few submissions have; those over time need twenty."""


def _choose(driver: Any, select: str, value: str) -> None:
    script = (
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('input'))"
    )
    driver.execute_script(script, select, value)


def _twin(driver: Any, figure: str) -> list[list[str]]:
    """Open the table of a figure and return its rows."""
    script = "document.querySelector(arguments[0]).open = true"
    driver.execute_script(script, f"#{figure} details")
    rows = (
        "return [...document.querySelectorAll(arguments[0])]"
        ".map(r => [...r.cells].map(c => c.textContent))"
    )
    return until(lambda: driver.execute_script(rows, f"#{figure} details tbody tr"))


def _asked(audit: Path, about: str) -> list[dict[str, Any]]:
    return list(ask(audit, Question(about)))


def test_every_plot_has_a_text_for_who_cannot_see_it(dashboard: Any) -> None:
    alts = {
        name: dashboard.find_element("css selector", f"#{name} svg").get_attribute("aria-label")
        for name in FIGURES
    }
    assert "8 sites" in alts["funnel"]
    assert "9 values" in alts["over-time"] or "8 values" in alts["over-time"]
    assert "8 plans" in alts["curves"]


def test_too_few_submissions_make_no_chart_over_time(dashboard: Any) -> None:
    told = dashboard.find_element("id", "runs").text
    assert told == f"A chart over time needs at least 20 submissions, and there are {SUBMISSIONS}."
    assert dashboard.find_elements("css selector", "#runs svg") == []
    assert "A 90 % band needs 20 plans." in dashboard.find_element("id", "curves").text


def test_the_table_of_the_funnel_says_what_the_store_says(dashboard: Any, audit: Path) -> None:
    shown = [row[:4] for row in _twin(dashboard, "funnel")]
    rows = _asked(audit, "sites")
    assert [row[0] for row in shown] == [row["site"] for row in rows]
    assert [float(row[3]) for row in shown] == [row["percent"] for row in rows]


def test_a_value_over_time_is_that_of_the_limit(dashboard: Any, audit: Path) -> None:
    _choose(dashboard, "which-limit", "DUO_MAX")
    rows = [row for row in _asked(audit, "charts") if row["limit"] == "DUO_MAX"]
    shown = _twin(dashboard, "over-time")
    assert [row[0] for row in shown] == [row["code"] for row in rows]
    values = [float(row[2].removesuffix(" Gy")) for row in shown]
    assert values == pytest.approx([row["value"] for row in rows], rel=1e-3)
    # pressing a submission of the table shows it
    dashboard.execute_script("document.querySelector('#over-time tbody button').click()")
    assert rows[0]["code"] in dashboard.find_element("css selector", "#detail h3").text


def test_a_submission_lies_over_the_band(dashboard: Any, audit: Path) -> None:
    _choose(dashboard, "which-structure", "Duodenum")
    _choose(dashboard, "which-plan", "S08/S08-001/v1")
    own = "#curves path.own"
    until(lambda: dashboard.find_elements("css selector", own))
    rows = [row for row in _asked(audit, "dvh-bands") if row["structure"] == "Duodenum"]
    shown = _twin(dashboard, "curves")
    by_dose = {float(row[0]): row for row in shown}
    for row in rows:
        if row["dose_gy"] in by_dose:
            assert float(by_dose[row["dose_gy"]][1]) == pytest.approx(row["p50"], abs=0.06)
    highest = max(float(row[0]) for row in shown if row[-1] and float(row[-1]) > 0)
    assert 36 <= highest <= 37  # its duodenum reaches 37 Gy
    assert highest > 31  # where the median has ended


def test_arrow_keys_read_the_points_of_a_plot(dashboard: Any) -> None:
    box = dashboard.find_element("css selector", "#over-time .plot")
    box.send_keys(Keys.HOME)
    first = dashboard.find_element("css selector", "#over-time .read").text
    box.send_keys(Keys.ARROW_RIGHT)
    second = dashboard.find_element("css selector", "#over-time .read").text
    assert first != second
    box.send_keys(Keys.ENTER)
    code = second.split(" · ")[0]
    assert code in dashboard.find_element("css selector", "#detail h3").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dashboard_has_no_accessibility_errors(dashboard: Any, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    dashboard.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for figure in FIGURES:
        _twin(dashboard, figure)
    dashboard.execute_script(AXE)
    found = dashboard.execute_async_script(
        "axe.run(document).then(r => arguments[0](r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))))"
    )
    dashboard.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == []


def test_the_page_does_not_scroll_sideways_on_a_narrow_screen(dashboard: Any) -> None:
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    dashboard.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for figure in FIGURES:
        _twin(dashboard, figure)
    across = dashboard.execute_script("return document.documentElement.scrollWidth")
    dashboard.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert across <= 390


def test_nothing_is_fetched_and_nothing_complains(driver: Any, audit: Path) -> None:
    driver.get_log("performance"), driver.get_log("browser")
    page = Page(driver, audit / "index.html")
    driver.get(page.path.as_uri())
    for figure in FIGURES:
        _twin(driver, figure)
    _choose(driver, "which-plan", "S08/S08-001/v1")
    page.settle()
    assert page.requests() == []
    assert page.problems() == []


def test_every_submission_is_on_paper(dashboard: Any, audit: Path) -> None:
    count = "return document.querySelectorAll('#rows tr[data-code]').length"
    dashboard.execute_script("document.getElementById('window').style.height = '40px'")
    dashboard.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert dashboard.execute_script(count) == SUBMISSIONS
    printed = dashboard.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = PdfReader(io.BytesIO(base64.b64decode(printed["data"]))).pages
    texts = [page.extract_text() for page in pages]
    assert all(text.strip() for text in texts)
    assert all(row["code"] in " ".join(texts) for row in _asked(audit, "submissions"))
