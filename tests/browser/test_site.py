"""The documentation site in a browser: every page, narrow and dark, wide and light."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = """
const done = arguments[arguments.length - 1];
const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
axe.run(document, { runOnly }).then((r) => done(r.violations.map((v) => [v.id, v.nodes[0].html])));
"""
NARROW, WIDE = 390, 1440


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="mkdocs (extra dev) is not installed")
    folder = tmp_path_factory.mktemp("site")
    (folder / "build").mkdir()
    gather = runpy.run_path(str(ROOT / "scripts" / "gather_pages.py"))["gather"]
    gather(folder / "build" / "pages")
    shutil.copy2(ROOT / "mkdocs.yml", folder)
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--quiet"], cwd=folder, check=True)
    return folder / "build" / "site"


def looked_at(driver: Any, page: Path, width: int, theme: str) -> list[str]:
    """Return what is wrong with a page at a width and in a theme."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    driver.get(page.as_uri())
    driver.execute_script(AXE)
    wrong = [f"{rule} {node}" for rule, node in driver.execute_async_script(RULES)]
    across = driver.execute_script("return document.documentElement.scrollWidth")
    return wrong + ([f"{across} pixels wide"] if across > width else [])


@pytest.fixture
def window(driver: Any) -> Iterator[Any]:
    """The browser, which afterwards is as wide and as light as other tests expect."""
    yield driver
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.slow
def test_axe_finds_nothing_on_the_site_and_no_page_scrolls_sideways(
    window: Any, site: Path
) -> None:
    pages = sorted(page for page in site.rglob("*.html") if page.name != "404.html")
    assert len(pages) > 60
    wrong: dict[str, list[str]] = {}
    for number, page in enumerate(pages):
        found = looked_at(window, page, NARROW, ("dark", "light")[number % 2])
        if number % 3 == 0:
            found += looked_at(window, page, WIDE, ("light", "dark")[number % 2])
        if found:
            wrong[page.relative_to(site).as_posix()] = found
    assert wrong == {}
