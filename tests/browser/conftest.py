"""Reports in a real browser: headless Chromium, driven by Selenium."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.html.html_page import page

webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "no browser: apt-get install chromium chromium-driver"

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror="window.hacked=1">',
    "{{7*7}}${jndi:ldap://x}%s%n",
    "'; DROP TABLE limits; --",
    '=HYPERLINK("http://x")',
    "</style><style>body{display:none}</style>",
    "\x1b[2J\u202eevil\u200b",
    "javascript:window.hacked=1",
    "../../etc/passwd",
    "</title></script><svg onload=window.hacked=1>",
)


SETTLED = """
const done = arguments[arguments.length - 1];
const frame = () => new Promise(requestAnimationFrame);
Promise.allSettled(document.getAnimations().map((one) => one.finished))
  .then(frame).then(frame).then(() => done());
"""


def until(found: Callable[[], Any]) -> Any:
    """Return what is found once it is there; the limit is for what never happens."""
    for _ in range(2400):
        if value := found():
            return value
        time.sleep(0.05)
    pytest.fail("it did not happen within two minutes")


@dataclass
class Page:
    """An open report."""

    driver: Any
    path: Path

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def problems(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def settle(self) -> None:
        """Wait until what moves has come to rest and two frames are drawn after it."""
        self.driver.execute_async_script(SETTLED)

    def requests(self) -> list[str]:
        """URLs that the page asked for, itself and what it holds within itself left out."""
        messages = (json.loads(e["message"])["message"] for e in self.driver.get_log("performance"))
        urls = [
            m["params"]["request"]["url"]
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
        ]
        return [u for u in urls if u != self.path.as_uri() and not u.startswith(("data:", "blob:"))]


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--window-size=1440,1000", "--lang=en", "--force-device-scale-factor=1",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(DRIVER))
    found.set_script_timeout(300)
    yield found
    found.quit()


@pytest.fixture(scope="session")
def major() -> Reviewed:
    (case,) = load_cases([SAMPLE / "major"])
    return review_and_gather(case, load_protocol("liver_sbrt"), Asked(bands=False))


@pytest.fixture(scope="session")
def minor() -> Reviewed:
    """The minor sample, whose duodenum has a volume axis from 0 to 0.2 cc: the widest ticks."""
    (case,) = load_cases([SAMPLE / "minor"])
    return review_and_gather(case, load_protocol("liver_sbrt"), Asked(bands=False))


@pytest.fixture(scope="session")
def hostile() -> Reviewed:
    """The major sample with hostile names; the duodenum's is mapped, so that it is drawn."""
    (case,) = load_cases([SAMPLE / "major"])
    assert isinstance(case.structures, StructureSet)
    names = {s.name: HOSTILE[n % len(HOSTILE)] for n, s in enumerate(case.structures.structures)}
    kept = ("PTV", "CTV", "External", "Liver")
    structures = tuple(
        s if s.name in kept else replace(s, name=names[s.name]) for s in case.structures.structures
    )
    renamed = replace(case.structures, structures=structures, label=HOSTILE[0])
    plan = replace(case.plan, label=HOSTILE[1], name=HOSTILE[2], approval=HOSTILE[5])
    spoilt = replace(case, structures=renamed, plan=plan, label=HOSTILE[1], subject=HOSTILE[9])
    key = next(k for k, s in renamed.keys().items() if s.roi_number == _number(case, "Duodenum"))
    mapping = {key: "Duodenum"}
    return review_and_gather(spoilt, load_protocol("liver_sbrt"), Asked(mapping, bands=False))


def _number(case: Any, name: str) -> int:
    return next(s.roi_number for s in case.structures.structures if s.name == name)


@pytest.fixture(scope="session")
def show(driver: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Page]:
    """Return what opens a report and waits until it is ready."""

    def opened(reviewed: Reviewed, language: str = "en", beside: Reviewed | None = None) -> Page:
        path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_bytes(page(reviewed, language, beside))
        driver.get_log("performance"), driver.get_log("browser")
        driver.get(path.as_uri())
        found = Page(driver, path)
        ready = until(lambda: found.run("return document.documentElement.dataset.ready"))
        assert ready == "yes", found.problems()
        return found

    return opened
