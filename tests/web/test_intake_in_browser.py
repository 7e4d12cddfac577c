"""Sending in parts from a real browser, a line that is lost meanwhile, and the page of intake."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.intake.chunks import CHUNK_BYTES
from sbrt_qa.web.working.study_rows import Studies

from .playing_office import PlayingOffice
from .test_office_journeys import Hands, hands  # noqa: F401 - a fixture

pytest.importorskip("selenium.webdriver", reason="pip install selenium")

LOSING = """
const real = window.fetch; let lost = 0;
window.fetch = (address, how) => {
  const goes = how && how.method === "PUT" && lost++ < 2;
  if (goes) return Promise.reject(new TypeError("lost"));
  return real(address, how);
};
"""


def test_a_site_sends_in_parts_and_goes_on_by_itself(
    hands: Hands,  # noqa: F811
    served: PlayingOffice,
    tmp_path: Path,
) -> None:
    contents = {"b.bin": np.random.default_rng(1).bytes(CHUNK_BYTES + 5), "a.txt": b"words"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    hands.visit("physicist.s2", "/site")
    hands.run(LOSING)
    hands.run("document.getElementById('subject').value = 'S2-700'")
    chosen = "\n".join(str(tmp_path / name) for name in contents)
    hands.driver.find_element("id", "files").send_keys(chosen)
    hands.at("/uploads/")
    for content in contents.values():
        landed = served.app.vault.path(hashlib.sha256(content).hexdigest())
        assert landed.read_bytes() == content
    hands.until("document.querySelector('main').innerText.includes('could not be taken')")
    hands.visit("physicist.s2", "/site")
    hands.is_clean()


def test_the_page_of_intake_is_for_everybody_who_may_see_it(
    hands: Hands,  # noqa: F811
    served: PlayingOffice,
) -> None:
    Studies(served.store).begin("S2", [], state="quarantined", subject="S2-701", why="<b>held</b>")
    Studies(served.store).begin("S2", [], state="incomplete", subject="S2-702")
    for language in ("en", "zh"):
        hands.visit("coordinator", "/intake", language)
        assert "<b>held</b>" in hands.text
        hands.is_clean()
    hands.visit("admin", "/accounts")
    hands.open("/tokens")
    hands.is_clean()
