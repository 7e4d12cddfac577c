"""A desk as its user has it: the command in a process of its own, and plain requests to it."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

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


def until(state: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask again until a state is reached; the bound is far beyond any machine's need."""
    pause = threading.Event()
    for _ in range(int(BOUND_SECONDS * 4)):
        found = state()
        if wanted(found):
            return found
        pause.wait(0.25)
    raise AssertionError(f"still {found}")
