"""Plans side by side in the browser: two doses laid over each other, held against the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import Select

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.reports.plans.write_plans import render_plans

from .conftest import HOSTILE, Page, until
from .test_report_in_browser import AXE


def planned(major: Reviewed, name: str, factor: float, moved_mm: float) -> Reviewed:
    """The same patient with another plan, to the side and on another grid."""
    dose = major.evidence.dose
    moved = replace(
        dose, dose_gy=factor * dose.dose_gy[:, 2:, 1:], x_mm=dose.x_mm[1:] + moved_mm,
        y_mm=dose.y_mm[2:],
    )  # fmt: skip
    evidence = replace(major.evidence, dose=moved)
    return replace(major, evidence=evidence, review=replace(major.review, case=name))


@pytest.fixture(scope="module")
def plans(major: Reviewed, minor: Reviewed) -> list[Reviewed]:
    """A plan, one in another frame of reference, one with a hostile name, a hotter one."""
    return [major, minor, planned(major, HOSTILE[-1], 0.9, 3.0), planned(major, "Plan D", 1.2, 0)]


def opened(driver: Any, path: Path, language: str, plans: list[Reviewed]) -> Page:
    path.write_bytes(render_plans("html", plans, language))
    page = Page(driver, path)
    page.requests()
    page.problems()
    driver.get(path.as_uri())
    until(lambda: page.run("return document.documentElement.dataset.ready") == "yes")
    return page


@pytest.fixture(scope="module")
def shown(driver: Any, plans: list[Reviewed], tmp_path_factory: pytest.TempPathFactory) -> Page:
    return opened(driver, tmp_path_factory.mktemp("plans") / "plans.html", "en", plans)


def read(page: Page, at: np.ndarray) -> np.ndarray:
    """Read both doses and their difference at points; nan where none is shown."""
    found = page.run(
        "return arguments[0].map(p => { SbrtQa.viewer.tell(p); const d ="
        " document.getElementById('readout').dataset;"
        " return [d.doseGy, d.otherGy, d.differenceGy]; })", at.tolist(),
    )  # fmt: skip
    return np.array([[float(v) if v else np.nan for v in row] for row in found])


def test_the_difference_at_200_points_is_that_of_the_model(
    shown: Page, plans: list[Reviewed]
) -> None:
    one, rng = plans[0].evidence.dose, np.random.default_rng(8)
    at = rng.uniform([one.x_mm[3], one.y_mm[3], one.z_mm[0]],
                     [one.x_mm[-3], one.y_mm[-3], one.z_mm[-1]], (200, 3))  # fmt: skip
    for choice, other in enumerate((plans[2], plans[3])):
        shown.run("document.documentElement.dataset.ready = ''")
        Select(shown.one("#other-plan")).select_by_index(choice)
        shown.run("document.getElementById('other-plan').dispatchEvent(new Event('change'))")
        until(lambda: shown.run("return document.documentElement.dataset.ready") == "yes")
        steps = shown.run("return [SbrtQa.data.dose.step, SbrtQa.data.second.dose.step]")
        found = read(shown, at)
        known = np.isfinite(found).all(axis=1)
        assert known.sum() > 100
        model = np.stack([dose_at(p.evidence.dose, at[known]) for p in (plans[0], other)])
        assert np.abs(found[known, 0] - model[0]).max() <= steps[0] / 2 + 1e-9
        assert np.abs(found[known, 1] - model[1]).max() <= steps[1] / 2 + 1e-9
        assert np.abs(found[known, 2] - (model[0] - model[1])).max() <= sum(steps) / 2 + 1e-9
        assert np.isnan(found[~known, 2]).all()


def test_another_plan_is_chosen_and_names_are_text(shown: Page, plans: list[Reviewed]) -> None:
    options = shown.run("return [...document.querySelectorAll('#other-plan option')]"
                        ".map(o => o.textContent)")  # fmt: skip
    assert options == [f"C · {HOSTILE[-1]}", "D · Plan D"]
    shown.run("SbrtQa.go([-60, -20, 6])")
    before = shown.run("return SbrtQa.state.point")
    for n in (0, 1):
        shown.run("document.documentElement.dataset.ready = ''; const s ="
                  " document.getElementById('other-plan'); s.value = arguments[0];"
                  " s.dispatchEvent(new Event('change'))", n)  # fmt: skip
        until(lambda: shown.run("return document.documentElement.dataset.ready") == "yes")
        assert shown.run("return SbrtQa.data.second.option") == options[n]
        assert shown.run("return SbrtQa.state.point") == before
    assert len(shown.driver.find_elements("css selector", "#viewer")) == 1
    assert shown.run("return window.hacked") is None
    assert "another frame of reference" in shown.run("return document.body.innerText")
    assert shown.problems() == []
    assert shown.requests() == []


def test_it_opens_where_the_difference_is_greatest_and_says_its_sign(
    driver: Any, plans: list[Reviewed], tmp_path: Path
) -> None:
    page = opened(driver, tmp_path / "two.html", "en", [plans[0], plans[3]])
    assert page.run("return SbrtQa.state.mode") == "diff"
    one = page.run("return {...document.getElementById('readout').dataset}")
    at = np.array([[float(one[a]) for a in "xyz"]])
    a, b = (float(dose_at(p.evidence.dose, at)[0]) for p in (plans[0], plans[3]))
    assert a < b
    steps = page.run("return SbrtQa.data.dose.step + SbrtQa.data.second.dose.step")
    assert float(one["differenceGy"]) == pytest.approx(a - b, abs=steps / 2 + 1e-9)
    assert f"A less B: −{b - a:.1f}" in page.run("return readout.innerText").replace("\n", " ")
    ticks = page.run("return [...document.querySelectorAll('#scale-ticks span')]"
                     ".map(s => s.textContent)")  # fmt: skip
    assert float(ticks[0]) == -float(ticks[-1].removesuffix(" Gy"))
    assert page.one("#other-plan").is_displayed() is False
    page.run("document.getElementById('axial').focus()")
    for mode in ("a", "b", "both", "diff"):
        ActionChains(page.driver).send_keys("x").perform()
        page.settle()
        assert page.run("return SbrtQa.state.mode") == mode


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_a_narrow_screen_and_axe_finds_nothing(
    driver: Any, plans: list[Reviewed], language: str, tmp_path: Path
) -> None:
    page = opened(driver, tmp_path / "plans.html", language, [plans[0], plans[3]])
    page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    found = page.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document).then(r => done(r.violations.map(v => [v.id, v.nodes[0].html])))"
    )
    assert found == []
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.settle()
        assert page.run("return document.documentElement.scrollWidth") <= 390
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
