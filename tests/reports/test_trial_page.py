"""The trial report: hostile texts stay texts, nothing is fetched, and 5,000 submissions are few."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sbrt_qa.reports.trial.trial_page import trial_page

EVIL = "</script><img src=x onerror=alert(1)>&<b>"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(BROWSER is None, reason="no browser (Debian package chromium)")
NAMES = ("sites", "limits", "periods", "approvals", "outliers")


def row(number: int, **changes: object) -> dict[str, object]:
    found = {
        "code": f"S{number % 8:02d}/{number:05d}/v1", "site": f"S{number % 8:02d}",
        "received": "2026-02-01T00:00:00Z", "verdict": "minor", "major": 0, "minor": 1,
        "not_evaluable": 0, "borderline": 0, "notices": 0, "latest": True, "query": "",
        "missing": "", "reports": [],
    }  # fmt: skip
    return found | changes


def page(rows: list[dict[str, object]], **details: object) -> str:
    answers = {"rows": rows, **{name: [] for name in NAMES}}
    told = {"details": details, "changes": {EVIL: [{"what": EVIL, "text": EVIL}]}}
    return trial_page(f"trial {EVIL}", "about", "foot", answers, told)


def test_texts_never_become_markup():
    html = page([row(1, code=EVIL, missing=EVIL)], **{EVIL: [{"what": EVIL}]})
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert "\\u003cimg" in html


def test_nothing_is_fetched_and_only_this_script_may_run():
    html = trial_page("trial", "about", "foot", {"rows": [row(1)]}, {})
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html)
    assert "default-src 'none'" in html
    assert "unsafe" not in html
    assert "style=" not in html


def dom(html: str, folder: Path) -> str:
    """Return the page as a browser makes it; the script is read from the file, offline."""
    file = folder / "index.html"
    file.write_text(html, encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
        "--window-size=1200,900", f"--user-data-dir={folder / 'profile'}", "--dump-dom",
        file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800)
    return done.stdout.partition('<script type="application/json"')[0]


@in_browser
def test_five_thousand_submissions_make_few_rows(tmp_path):
    shown = dom(page([row(n) for n in range(5000)]), tmp_path)
    assert 'aria-rowcount="5001"' in shown
    assert 10 < shown.count("<tr data-code") + shown.count('<tr tabindex="0"') < 100
    assert "5000 of 5000" in shown
    assert '<b class="minor">5000</b>' in shown


@in_browser
def test_a_browser_shows_hostile_texts_as_texts(tmp_path):
    shown = dom(page([row(1, code=EVIL)]), tmp_path)
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


def drawn(count: int, name: str = "Duodenum Max[Gy]") -> dict[str, object]:
    """Return what plots of so many values are drawn from."""
    groups = [
        {"name": f"{n}", "begin": "2026-01-01", "end": "2026-01-02", "count": 5, "of": 10,
         "percent": 50.0, "watch_low_percent": 20.0, "watch_high_percent": 80.0,
         "alarm_low_percent": 10.0, "alarm_high_percent": 90.0, "signal": "watch" if n else ""}
        for n in range(3)
    ]  # fmt: skip
    chart = {
        "limit": name, "name": name, "unit": "Gy", "op": "<=", "bound": 33.0, "silent": "",
        "at": list(range(count)), "values": [float(20 + n % 7) for n in range(count)],
        "ends": [10.0, 23.0, 36.0],
    }  # fmt: skip
    return {
        "funnel": {"needed": 3, "there": 1}, "bands": [], "values": [chart],
        "runs": {"expected": 50.0, "points": groups},
    }  # fmt: skip


def page_with_plots(count: int, name: str = "DUO_MAX", outliers: list | None = None) -> str:
    answers = {"rows": [row(n) for n in range(count)], **{n: [] for n in NAMES}}
    answers |= {"plots": drawn(count, name), "outliers": outliers or []}
    return trial_page("trial", "about", "foot", answers, {})


@in_browser
def test_five_thousand_values_are_few_elements(tmp_path):
    shown = dom(page_with_plots(5000), tmp_path)
    assert "Individuals chart of DUO_MAX: 5000 values" in shown
    assert shown.count("<path") < 100
    assert "it needs at least 3, and there are 1." in shown
    assert "Control chart of the part per protocol in 3 groups" in shown
    assert shown.count('class="mark watch"') == 2


@in_browser
def test_plots_show_hostile_names_as_texts(tmp_path):
    odd = {"code": EVIL, "limit": EVIL, "value": 40.0, "median": 22.0, "score": 9.0}
    shown = dom(page_with_plots(30, EVIL, [odd]), tmp_path)
    assert "<img" not in shown
    assert "Outliers: 1 values of 1 limits" in shown
    assert shown.count('class="mark alarm"') == 1


def test_every_sentence_of_the_scripts_is_in_the_readers_language():
    html = trial_page("trial", "about", "foot", {"rows": []}, {}, "zh")
    assert '<html lang="zh-Hans">' in html
    said = json.loads(html.partition('id="data">')[2].partition("</script>")[0])["words"]
    assert len(said) > 60
    assert [text for text, told in said.items() if told == text and text.isascii()] == []
