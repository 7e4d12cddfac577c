"""A desk as its user has it: the command in a process of its own, and plain requests to it."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.http_server import Served, listening, made_server

from .playing_office import PLAYED, PlayingOffice, Somebody

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
BOUND_SECONDS = 600.0
TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Browser:
    """Sends what it is told, keeps cookies, follows nothing."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=BOUND_SECONDS)
        sent = dict(headers or {})
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        try:
            connection.request(method, path, body, sent)
            found = connection.getresponse()
            answer = Answer(
                found.status, {k.lower(): v for k, v in found.getheaders()}, found.read()
            )
            for value in found.msg.get_all("set-cookie") or ():
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.partition(";")[0]
        finally:
            connection.close()
        shown = TOKEN.search(answer.body.decode("utf-8", "replace"))
        self.token = shown[1] if shown else self.token
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, *, token: str | None = None, **fields: str) -> Answer:
        form = {"token": self.token if token is None else token, **fields}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form), kind)


@dataclass
class Running:
    """A command that serves pages, in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0


def start(*arguments: object, home: Path) -> Running:
    env = {**os.environ, "XDG_DATA_HOME": str(home), "SBRT_QA_ACTOR": "Test Office"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sbrt_qa.cli", *map(str, arguments)],
        stdout=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    assert process.stdout is not None
    return Running(process, process.stdout.readline().strip())


def end(running: Running) -> int:
    running.process.terminate()
    code = running.process.wait(BOUND_SECONDS)
    assert running.process.stdout is not None
    running.process.stdout.close()
    return code


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("desk")
    running = start("desk", "--no-browser", "--folder", home / "kept", home=home)
    yield running
    end(running)


@pytest.fixture(scope="session")
def physicist(desk: Running) -> Browser:
    """The browser that opened the desk."""
    browser = Browser(desk.port)
    opened = urlsplit(desk.address)
    answer = browser.get(f"{opened.path}?{opened.query}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert browser.get("/").status == 200
    return browser


@pytest.fixture
def stranger(desk: Running) -> Browser:
    return Browser(desk.port)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    """An office at work, served on a port of its own; accounts as in the demo."""
    listens = listening("127.0.0.1", 0)
    folder = tmp_path_factory.mktemp("served") / "audit"
    office = PlayingOffice(folder, PLAYED + 6, listens.getsockname()[1])
    ready = threading.Event()
    server = made_server(office.framed, Served(), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listens]})
    thread.start()
    assert ready.wait(BOUND_SECONDS)
    yield office
    server.should_exit = True
    thread.join(BOUND_SECONDS)
    listens.close()
    office.close()


@pytest.fixture(scope="session")
def sent(served: PlayingOffice) -> int:
    """The compliant sample as site S1 sent it: the next version of a subject that it had."""
    site = served.somebody("physicist.s1")
    begun = site.send("/uploads", {"subject": "002"})
    assert begun.status == 201, begun.text
    address = str(json.loads(begun.text)["address"])
    put = site.put(f"{address}/files?name=..%2F..%2Fx.zip", zipped(SAMPLE / "compliant"))
    assert put.status == 201
    assert site.post(f"{address}/look").location == address
    assert settled(site, address) == "seen"
    assert "CT <b>55</b>" in site.get(address).text
    served.upload = address
    assert site.post(f"{address}/send").location == address
    assert settled(site, address) == "done", site.get(address).text
    return max(versions_of(served.engine, "S1", "002").values())


def settled(who: Somebody, address: str) -> str:
    """Wait until nothing is done with an upload any more, and return its state."""

    def state() -> str:
        return str(json.loads(who.get(f"{address}/state").text)["state"])

    return str(until(state, lambda found: found not in ("looking", "reviewing")))


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder))
    return made.getvalue()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    from selenium.webdriver.chrome.service import Service

    browser, drives = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and drives):
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en",
        "--window-size=1280,900",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(drives))
    found.set_script_timeout(BOUND_SECONDS)
    yield found
    found.quit()


@pytest.fixture
def driver(chromium: Any) -> Any:
    """The browser with no cookies and nothing stored, as somebody new finds it."""
    chromium.get("about:blank")
    for command in ("Network.clearBrowserCookies", "Emulation.clearDeviceMetricsOverride"):
        chromium.execute_cdp_cmd(command, {})
    chromium.get_log("browser")
    return chromium


def until(state: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask again until a state is reached; the bound is far beyond any machine's need."""
    pause = threading.Event()
    for _ in range(int(BOUND_SECONDS * 4)):
        found = state()
        if wanted(found):
            return found
        pause.wait(0.25)
    raise AssertionError(f"still {found}")
