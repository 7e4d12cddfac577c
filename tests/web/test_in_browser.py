"""First set-up of an office in a real browser, by the keyboard; every screen accessible."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import end, start, until

webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
AXE = Path(__file__).parents[1] / "browser" / "axe.min.js"
SECRET = "quartz lantern meadow 7"  # noqa: S105


def violations(driver: Any) -> list[str]:
    """What axe finds; its script comes from outside the page, whose policy holds."""
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    script = "axe.run().then(r => arguments[0](r.violations.map(v => v.id)))"
    return list(driver.execute_async_script(script))


def test_first_set_up_in_a_browser(driver: Any, tmp_path: Path) -> None:
    office = start("serve", tmp_path / "audit", "--port", "0", home=tmp_path)
    try:
        driver.get(office.address)
        assert violations(driver) == []
        for name, text in (
            ("code", "office"), ("name", "Olga Office"), ("password", SECRET), ("again", SECRET),
        ):  # fmt: skip
            driver.find_element("id", name).send_keys(text)
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        until(lambda: driver.find_elements("css selector", "a.person"), bool)
        assert violations(driver) == []
        driver.get(f"{office.address.partition('/setup')[0]}/accounts")
        assert violations(driver) == []
        driver.find_element("css selector", "button[value=zh]").click()
        language = "return document.documentElement.lang"
        until(lambda: driver.execute_script(language), lambda found: found == "zh-Hans")
        assert "[en]" not in driver.find_element("tag name", "main").text
        driver.find_element("css selector", "form[action='/logout'] button").click()
        until(lambda: driver.current_url, lambda found: found.endswith("/login"))
        assert violations(driver) == []
        told = [e["message"] for e in driver.get_log("browser")]
        assert told == []
    finally:
        end(office)
