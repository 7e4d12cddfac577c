"""What the viewer lets one do: by keys alone, in both languages, with one plan and with two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.reports.html.viewer_words import KEYS

from .conftest import Page
from .test_report_in_browser import AXE


@pytest.fixture(scope="module")
def shown(show: Callable[..., Page], major: Reviewed) -> Page:
    return show(major)


@pytest.fixture(scope="module")
def other(major: Reviewed) -> Reviewed:
    """The same patient with another plan: 3 mm to the side, one tenth less, on another grid."""
    dose = major.evidence.dose
    moved = DoseGrid(0.9 * dose.dose_gy[:, 2:, 1:], dose.x_mm[1:] + 3.0, dose.y_mm[2:], dose.z_mm)
    evidence = replace(major.evidence, dose=moved)
    return replace(major, evidence=evidence, review=replace(major.review, case="Plan B"))


def press(page: Page, *keys: str, at: str = "axial") -> None:
    page.run("document.getElementById(arguments[0]).focus()", at)
    for key in keys:
        ActionChains(page.driver).send_keys(key).perform()
    page.settle()


def state(page: Page, name: str) -> Any:
    return page.run(f"return SbrtQa.state.{name}")


def test_every_place_where_a_limit_fails_is_jumped_to(shown: Page, major: Reviewed) -> None:
    places = major.evidence.places
    assert len(places) >= 3
    options = shown.run("return document.getElementById('jump').options.length")
    assert options == len(places) + 1
    seen = set()
    for _ in range(options):
        press(shown, "n")
        n = int(shown.run("return document.getElementById('jump').value"))
        known = shown.run("return SbrtQa.data.places[arguments[0]]", n)
        seen.add(n)
        point = state(shown, "point")
        assert point == pytest.approx(known["point"], abs=1e-6)
        read = float(shown.run("return document.getElementById('readout').dataset.doseGy"))
        model = float(dose_at(major.evidence.dose, np.array([point]))[0])
        step = shown.run("return SbrtQa.data.dose.step")
        assert read == pytest.approx(model, abs=step / 2 + 1e-9)
        if known["id"]:
            place = places[known["id"]]
            assert point == pytest.approx(place.point_mm, abs=1e-6)
            assert state(shown, "extra") == pytest.approx(place.level_gy)
    assert seen == set(range(options))


def test_everything_is_done_by_keys(shown: Page) -> None:
    shown.run("SbrtQa.jumpTo(0); SbrtQa.viewer.whole(); SbrtQa.viewer.preset(0)")
    x, y, z = state(shown, "point")
    press(shown, Keys.ARROW_UP, Keys.ARROW_UP, "l", "l", "K")
    assert state(shown, "point") == pytest.approx([x + 2, y + 10, z + 6])
    press(shown, Keys.HOME)
    assert state(shown, "point")[2] == shown.run("const z = SbrtQa.data.image.z;"
                                                 "return z[0]")  # fmt: skip
    shown.run("SbrtQa.jumpTo(0)")
    press(shown, "+", "+")
    assert shown.run("return SbrtQa.viewer.views.axial.zoom") == pytest.approx(1.5625)
    press(shown, "0", "d", "d", "q", "v")
    assert shown.run("return SbrtQa.viewer.views.axial.zoom") == 1
    assert (state(shown, "window"), state(shown, "level")) == (440, 30)
    assert shown.run("return document.activeElement.id") == "coronal"
    press(shown, "3")
    assert (state(shown, "window"), state(shown, "level")) == (1600, -600)
    press(shown, "w", "f")
    assert (state(shown, "wash"), state(shown, "lines")) == (True, False)
    press(shown, "w", "f")
    press(shown, "r", "L", "K", "r")
    assert shown.run("return SbrtQa.viewer.rulerLength()") == pytest.approx(200**0.5)
    press(shown, Keys.ESCAPE)
    assert state(shown, "ruler") is None
    assert shown.run("return document.getElementById('profile').hidden") is True
    press(shown, "t")
    assert shown.run("return document.querySelector('input[name=tool]:checked').value") == "pan"
    press(shown, "t", "t", "t")


def test_a_structure_is_found_by_name_and_gone_to(shown: Page, major: Reviewed) -> None:
    press(shown, "s")
    assert shown.run("return document.activeElement.id") == "structure-find"
    ActionChains(shown.driver).send_keys("duod").perform()
    rows = "[...document.querySelectorAll('#structure-list > div')].filter(r => !r.hidden)"
    assert shown.run(f"return {rows}.map(r => r.textContent)") == ["Duodenum"]
    assert shown.one("#structure-count").text.startswith("1 / ")
    ActionChains(shown.driver).send_keys(Keys.ENTER).perform()
    areas = []
    for c in major.evidence.structures["Duodenum"].contours:
        x, y = c.xy_mm.T
        cross = x * np.roll(y, -1) - np.roll(x, -1) * y
        area = cross.sum() / 2
        middle = [((v + np.roll(v, -1)) * cross).sum() / 6 / area for v in (x, y)]
        areas.append([abs(area), *middle, c.z_mm])
    sizes, *middles = np.array(areas).T
    x, y, z = (float((sizes * m).sum() / sizes.sum()) for m in middles)
    assert state(shown, "point")[:2] == pytest.approx([x, y], abs=0.02)
    assert abs(state(shown, "point")[2] - z) <= 1.5
    assert shown.run("return SbrtQa.state.on.get('Duodenum')") is True
    assert shown.run("return document.activeElement.id") == "axial"
    press(shown, "s", Keys.ESCAPE)
    assert len(shown.run(f"return {rows}")) == len(major.evidence.structures)


def test_isodoses_are_added_changed_and_taken_away(shown: Page) -> None:
    press(shown, "g")
    ActionChains(shown.driver).send_keys("33.3", Keys.ENTER).perform()
    doses = "SbrtQa.state.levels.map(l => Math.round(100 * l.gy) / 100)"
    before = shown.run(f"return {doses}")
    assert 33.3 in before
    assert before == sorted(before, reverse=True)
    shown.run(
        "const i = [...document.querySelectorAll('#isodoses input.gy')]"
        ".find(i => i.value === '33.3'); i.value = '36.6'; i.dispatchEvent(new Event('change'))"
    )
    changed = shown.run(f"return {doses}")
    assert 36.6 in changed
    assert 33.3 not in changed
    shown.run("document.querySelector('#isodoses button[aria-label*=\"36.60\"]').click()")
    assert 36.6 not in shown.run(f"return {doses}")
    shown.run("const u = document.getElementById('isodose-unit'); u.value = '%'; "
              "document.getElementById('isodose-new').value = '61';"
              "document.getElementById('isodose-put').click()")  # fmt: skip
    assert 30.5 in shown.run(f"return {doses}")
    shown.run("document.querySelector('#isodoses button[aria-label*=\"30.50\"]').click()")


def test_a_dose_picked_on_the_curve_shows_in_the_slice(shown: Page) -> None:
    shown.run("document.getElementById('plot').scrollIntoView({block: 'center'})")
    press(shown, Keys.ARROW_RIGHT, Keys.SHIFT + Keys.ARROW_RIGHT, at="plot")
    press(shown, *[Keys.ARROW_RIGHT] * 3, Keys.ENTER, at="plot")
    by_key = state(shown, "picked")
    assert by_key == pytest.approx(float(shown.run("return SbrtQa.plot.cursor.idx")) * 0.1)
    over = shown.one("#plot .u-over")
    ActionChains(shown.driver).move_to_element_with_offset(over, 40, 0).click().perform()
    picked = state(shown, "picked")
    assert picked > by_key
    told = float(shown.run("return document.getElementById('dvh-at').dataset.doseGy"))
    assert picked == pytest.approx(told)
    assert f"{picked:.2f} Gy" in shown.run("return document.getElementById('picked').textContent")
    press(shown, Keys.ESCAPE)
    assert state(shown, "picked") is None


def test_keys_are_listed_and_the_list_is_accessible(shown: Page) -> None:
    press(shown, "?")
    assert shown.run("return document.getElementById('viewer-keys').open") is True
    assert shown.run("return document.querySelectorAll('#viewer-keys dt').length") == len(KEYS)
    assert _violations(shown) == []
    shown.run("document.getElementById('viewer-keys-close').click()")
    press(shown, "w", "r", "l", "r")
    assert _violations(shown) == []
    press(shown, "w", Keys.ESCAPE)


def _violations(page: Page) -> list[Any]:
    page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    return list(
        page.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document.getElementById('images')).then(r => done(r.violations.map("
            "v => [v.id, v.nodes.slice(0, 3).map(n => n.html)])))"
        )
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_a_narrow_screen(show: Callable[..., Page], major: Reviewed, language: str) -> None:
    page = show(major, language)
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.run("document.getElementById('wash').click(); SbrtQa.viewer.measure('axial', [0, 0],"
                 "[40, 30]); document.getElementById('structures-all').click()")  # fmt: skip
        page.settle()
        wide = page.run(
            "return [...document.querySelectorAll('#images *, #dvh *')]"
            ".filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        assert wide == []
        assert page.run("return document.documentElement.scrollWidth") <= size["width"]
        if language == "zh":
            text = page.run("return document.getElementById('images').innerText")
            assert "[en]" not in text
            assert "沿标尺的剂量" in text
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_case_p1__a_dose_without_differences_is_no_block_of_colour(
    show: Callable[..., Page], major: Reviewed
) -> None:
    dose = major.evidence.dose
    even = DoseGrid(np.full(dose.dose_gy.shape, 12.5), dose.x_mm, dose.y_mm, dose.z_mm)
    page = show(replace(major, evidence=replace(major.evidence, dose=even)))
    before = page.run("return document.getElementById('axial').toDataURL()")
    page.run("document.getElementById('wash').click()")
    page.settle()
    why = page.run("return document.getElementById('scale-why').textContent")
    assert why == "no colour wash: the dose is the same everywhere, 12.50 Gy"
    assert page.run("return document.getElementById('scale-bar').hidden") is True
    assert page.run("return document.getElementById('axial').toDataURL()") == before


def test_two_plans_are_held_against_each_other(
    show: Callable[..., Page], major: Reviewed, other: Reviewed
) -> None:
    page = show(major, "en", other)
    one, two = major.evidence.dose, other.evidence.dose
    low = [max(a[0], c[0]) for a, c in ((one.x_mm, two.x_mm), (one.y_mm, two.y_mm))]
    at = np.random.default_rng(5).uniform([*low, one.z_mm[0]], [60, 40, one.z_mm[-1]], (200, 3))
    read = page.run(
        "return arguments[0].map(p => { SbrtQa.viewer.tell(p); const d ="
        " document.getElementById('readout').dataset; return [d.doseGy, d.otherGy]; })",
        at.tolist(),
    )
    steps = page.run("return [SbrtQa.data.dose.step, SbrtQa.data.second.dose.step]")
    for n, dose in enumerate((one, two)):
        shown = np.array([float(row[n]) if row[n] else np.nan for row in read])
        known = np.isfinite(shown)
        assert known.sum() > 100
        assert np.abs(shown - dose_at(dose, at))[known].max() <= steps[n] / 2 + 1e-9
    modes = []
    for _ in range(4):
        press(page, "x")
        modes.append((state(page, "mode"), page.run("return document.getElementById('axial')"
                                                    ".toDataURL().length")))  # fmt: skip
    assert [m for m, _ in modes] == ["diff", "a", "b", "both"]
    press(page, "w", "x")
    ticks = page.run("return [...document.querySelectorAll('#scale-ticks span')]"
                     ".map(s => s.textContent)")  # fmt: skip
    assert ticks[0].startswith("-")
    assert ticks[-1].endswith(" Gy")
    pairs = page.run(
        "SbrtQa.state.opacity = 1; SbrtQa.state.lines = false;"
        "document.getElementById('structures-none').click(); SbrtQa.viewer.redraw();"
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        " const c = document.getElementById('axial'), p = c.getContext('2d'), out = [];"
        " const f = SbrtQa.viewer.views.axial.frame, s = SbrtQa.viewer.scale(true);"
        " const t = SbrtQa.colours.parted, [px, py, z] = SbrtQa.state.point;"
        " for (let n = 0; n < 150; n++) {"
        "  const x = Math.round(f.width * (0.05 + 0.6 * ((n * 0.618) % 1))) + 0.5;"
        "  const y = Math.round(f.height * (0.15 + 0.7 * ((n * 0.414) % 1))) + 0.5;"
        "  if (Math.abs(x - f.toU(px)) < 4 || Math.abs(y - f.toV(py)) < 4) continue;"
        "  const at = [f.fromX(x), f.fromY(y), z];"
        "  const a = SbrtQa.doseAt(SbrtQa.data.dose, ...at);"
        "  const b = SbrtQa.doseAt(SbrtQa.data.second.dose, ...at);"
        "  if (a === null || b === null || Math.abs(a - b) < s.least + 0.3) continue;"
        "  const g = Math.min(255, Math.max(0, Math.round(255 * (a - b - s.low) /"
        "   (s.high - s.low))));"
        "  out.push([[...p.getImageData(x, y, 1, 1).data].slice(0, 3),"
        "   [t[3 * g], t[3 * g + 1], t[3 * g + 2]]]);"
        " } done(out); })))"
    )
    assert len(pairs) > 25
    found, wanted = np.array(pairs, dtype=float).transpose(1, 0, 2)
    assert np.median(np.abs(found - wanted).max(axis=1)) <= 6
    assert np.quantile(np.abs(found - wanted).max(axis=1), 0.9) <= 25
