"""What the report does in a browser, held against the values it was made of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.review.dvh_table import dvh

from .conftest import SAMPLE, Page, until

Show = Callable[..., Page]
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def page(show: Show, major: Reviewed) -> Page:
    return show(major)


def _click(page: Page, selector: str) -> None:
    page.run(
        "arguments[0].scrollIntoView({block:'center'}); arguments[0].click()", page.one(selector)
    )


def _point_at(page: Page, selector: str, x: float, y: float) -> None:
    """Move the mouse to a part (0 to 1) of an element's width and height."""
    element = page.one(selector)
    page.run("arguments[0].scrollIntoView({block:'center'})", element)
    page.settle()
    size = element.size
    right, down = round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])
    ActionChains(page.driver).move_to_element_with_offset(element, right, down).perform()
    page.settle()


def test_nothing_is_fetched_and_nothing_complains(page: Page) -> None:
    page.run("window.scrollTo(0, document.body.scrollHeight)")
    page.settle()
    assert page.requests() == []
    assert page.problems() == []


def test_every_limit_stands_in_the_table(page: Page, major: Reviewed) -> None:
    rows = page.run("return [...document.querySelectorAll('#limit-table tbody tr')].length")
    assert rows == len(major.review.constraints)


def test_the_table_is_filtered_by_verdict_and_text(page: Page, major: Reviewed) -> None:
    wanted = sum(c.verdict is Verdict.MAJOR for c in major.review.constraints)
    page.run("const s = document.getElementById('only'); s.value = 'major';"
             "s.dispatchEvent(new Event('change'))")  # fmt: skip
    assert _visible_rows(page) == wanted
    page.one("#find").send_keys("duodenum")
    assert _visible_rows(page) == 2
    assert page.one("#shown").text == f"2 / {len(major.review.constraints)}"


def _visible_rows(page: Page) -> int:
    script = "return [...document.querySelectorAll('#limit-table tbody tr')].filter(r => !r.hidden)"
    return len(page.run(script))


def test_the_table_is_sorted_by_numbers_of_one_unit(page: Page) -> None:
    """Values are never sorted across units: those of one unit stand together."""
    button = "#limit-table th:nth-child(4) button"
    page.one(button).send_keys(Keys.ENTER)  # by keyboard
    cells = "document.querySelectorAll('#limit-table td:nth-child(4)')"
    script = f"return [...{cells}].map(c => c.textContent)"
    rising = _by_unit(page.run(script))
    assert len(rising) > 2
    assert all(values == sorted(values) for values in rising.values())
    assert page.run("return arguments[0].ariaSort", page.one("#limit-table th:nth-child(4)")) == (
        "ascending"
    )
    _click(page, button)
    falling = _by_unit(page.run(script))
    assert falling == {unit: sorted(values, reverse=True) for unit, values in rising.items()}


def _by_unit(cells: list[str]) -> dict[str, list[float]]:
    """Return the values of each unit in their order; every unit stands in one run."""
    split = [
        (value, unit)
        for value, _, unit in (cell.strip().partition(" ") for cell in cells)
        if value not in ("yes", "no")
    ]
    runs = [(unit, [float(v) for v, _ in run]) for unit, run in groupby(split, lambda one: one[1])]
    assert len({unit for unit, _ in runs}) == len(runs)
    return dict(runs)


@pytest.mark.parametrize("place", [0.2, 0.43, 0.77])
def test_values_at_the_cursor_are_those_of_the_engine(page: Page, place: float) -> None:
    (case,) = load_cases([SAMPLE / "major"])
    table = dvh(case, ["Duodenum"], curve_bin_gy=0.1).structures["Duodenum"]
    assert table.curve is not None
    _click(page, 'input[name="volume-unit"][value="cc"]')
    _point_at(page, "#plot .u-over", place, 0.5)
    dose_gy = float(page.one("#dvh-at").get_attribute("data-dose-gy"))
    index = round(dose_gy / 0.1)
    assert table.curve.dose_gy[index] == pytest.approx(dose_gy)
    told = page.run("return document.querySelector('input[data-curve=\"Duodenum\"]')"
                    ".closest('tr').cells[1].textContent")  # fmt: skip
    value, unit = told.split()
    assert unit == "cc"
    assert float(value) == pytest.approx(table.curve.volume_cc[index], abs=0.00501)


def test_curves_are_switched_on_and_off_and_units_change(page: Page) -> None:
    shown = "return SbrtQa.plot.series.slice(1).filter(s => s.show).length"
    usual = page.run(shown)
    _click(page, "#dvh-all")
    every = page.run(shown)
    assert every == page.run("return document.querySelectorAll('#curve-table tbody tr').length")
    assert every > usual > 0
    _click(page, 'input[data-curve="Duodenum"]')
    assert page.run(shown) == every - 1
    _click(page, "#dvh-none")
    assert page.run(shown) == 0
    _click(page, 'input[name="dose-unit"][value="%"]')
    assert page.run("return SbrtQa.plot.data[0][100]") == pytest.approx(100 * 10.0 / 50)


def test_the_plot_zooms_by_keyboard(page: Page) -> None:
    before = page.run("return SbrtQa.plot.scales.x.max - SbrtQa.plot.scales.x.min")
    page.one("#plot").send_keys(Keys.ARROW_RIGHT * 3 + "++")
    assert page.one("#dvh-at").text == "Dose 0.30 Gy"
    after = page.run("return SbrtQa.plot.scales.x.max - SbrtQa.plot.scales.x.min")
    assert after < 0.6 * before


@pytest.mark.parametrize(
    ("view", "place"),
    [("axial", (0.3, 0.4)), ("axial", (0.62, 0.55)), ("coronal", (0.4, 0.5)),
     ("sagittal", (0.35, 0.45))],
)  # fmt: skip
def test_the_dose_under_the_pointer_is_that_of_the_model(
    page: Page, major: Reviewed, view: str, place: tuple[float, float]
) -> None:
    assert major.evidence is not None
    assert major.evidence.dose is not None
    _point_at(page, f"#{view}", *place)
    data = page.run("return {...document.getElementById('readout').dataset}")
    point = np.array([[float(data["x"]), float(data["y"]), float(data["z"])]])
    step = page.run("return SbrtQa.data.dose.step")
    model = float(dose_at(major.evidence.dose, point)[0])
    assert float(data["doseGy"]) == pytest.approx(model, abs=step / 2 + 1e-9)
    assert page.one("#readout b").text == f"{float(data['doseGy']):.2f} Gy"


def test_the_whole_dose_comes_back_from_the_page(page: Page, major: Reviewed) -> None:
    assert major.evidence is not None
    dose = major.evidence.dose
    assert dose is not None
    units = np.array(page.run("return Array.from(SbrtQa.data.dose.units)"))
    step = page.run("return SbrtQa.data.dose.step")
    assert units.size == dose.dose_gy.size
    assert np.abs(units * step - dose.dose_gy.ravel()).max() <= step / 2 + 1e-9


def test_jumping_shows_where_a_limit_fails(page: Page, major: Reviewed) -> None:
    assert major.evidence is not None
    place = major.evidence.places["DUO5_D05"]
    _click(page, 'article button.jump[data-place="DUO5_D05"]')
    page.settle()
    assert page.run("return SbrtQa.state.point") == pytest.approx(place.point_mm)
    assert page.run("return SbrtQa.state.extra") == place.level_gy
    assert f"{place.dose_gy:.1f}" in page.run(
        "const j = document.getElementById('jump'); return j.selectedOptions[0].textContent"
    )


def test_slices_scroll_by_keyboard_and_structures_are_toggled(page: Page) -> None:
    before = page.run("return SbrtQa.state.point[2]")
    page.one("#axial").send_keys(Keys.ARROW_UP)
    assert page.run("return SbrtQa.state.point[2]") == pytest.approx(before + 3)
    _click(page, "#structures-none")
    assert page.run("return [...SbrtQa.state.on.values()].some(v => v)") is False
    _click(page, 'input[data-structure="Liver"]')
    assert page.run("return SbrtQa.state.on.get('Liver')") is True


def test_wash_and_lines_change_the_picture_apart(page: Page) -> None:
    pictures = []
    for wash, lines in ((False, False), (True, False), (False, True)):
        page.run(
            "for (const [id, on] of arguments[0]) { const b = document.getElementById(id);"
            "b.checked = on; b.dispatchEvent(new Event('input')); }",
            [["wash", wash], ["lines", lines]],
        )
        page.settle()
        pictures.append(page.run("return document.getElementById('axial').toDataURL()"))
    assert len(set(pictures)) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(page: Page, theme: str) -> None:
    page.run(
        "document.documentElement.dataset.theme = arguments[0];"
        "document.dispatchEvent(new Event('themechange'))",
        theme,
    )
    page.settle()
    page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    found = page.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
        ".then(r => done(r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)])))"
    )
    assert found == []


def test_hostile_names_are_text_and_nothing_else(show: Show, hostile: Reviewed) -> None:
    page = show(hostile)
    for button in ("#dvh-all", "#structures-all"):
        _click(page, button)
    page.settle()
    assert page.run("return window.hacked") is None
    assert page.problems() == []
    assert page.requests() == []
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert (
        page.run("return document.querySelectorAll('img, iframe, object, svg[onload]').length") == 0
    )
    assert page.run("return document.querySelectorAll('style').length") == 1 + page.run(
        "return document.querySelectorAll('.uplot style').length"
    )
    assert page.run("return getComputedStyle(document.body).display") == "block"
    assert "<script>window.hacked=1</script>" in page.run("return document.body.textContent")
    title = page.driver.title
    assert "<svg onload" in title


def test_a_script_put_in_later_does_not_run(page: Page) -> None:
    page.run(
        "const s = document.createElement('div');"
        "s.innerHTML = '<img src=x onerror=window.hacked=1>';"
        "document.body.append(s)"
    )
    until(lambda: any("Content Security Policy" in problem for problem in page.problems()))
    assert page.run("return window.hacked") is None


def test_the_chinese_page_works_as_well(show: Show, major: Reviewed) -> None:
    page = show(major, "zh")
    assert page.run("return document.documentElement.lang") == "zh-Hans"
    assert "重大偏离" in page.driver.title
    assert page.problems() == []
    text: Any = page.run("return document.body.innerText")
    assert "49.01 Gy" in text
    assert "Duodenum" in text


FIGURES = """
const box = e => e.getBoundingClientRect();
const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
                    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
const told = [];
for (const svg of document.querySelectorAll('.concern svg')) {
  const texts = [...svg.querySelectorAll('text')];
  texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
    if (meet(box(a), box(b))) told.push([a.textContent, b.textContent]);
  }));
  const frame = box(svg);
  texts.forEach(a => {
    const r = box(a);
    if (r.left < frame.left - 0.5 || r.right > frame.right + 0.5
        || r.top < frame.top - 0.5 || r.bottom > frame.bottom + 0.5)
      told.push([a.textContent, 'edge of the figure']);
  });
  if (svg.closest('.dvh')) {
    const marks = [...svg.querySelectorAll('path, circle')].filter(m => !m.closest('defs'));
    const clip = svg.querySelector('clipPath rect').y.baseVal.value;
    const top = frame.top + clip * frame.width / svg.viewBox.baseVal.width;
    const shown = m => {
      const r = box(m), high = m.hasAttribute('clip-path') ? Math.max(r.top, top) : r.top;
      return {left: r.left, right: r.right, top: high, bottom: r.bottom};
    };
    texts.forEach(a => marks.forEach(m => {
      if (meet(box(a), shown(m))) told.push([a.textContent, m.getAttribute('d') || 'disc']);
    }));
  }
}
return [document.querySelectorAll('.concern svg text').length, told];
"""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("which", "least"), [("major", 50), ("hostile", 50), ("minor", 30)])
def test_no_label_of_a_figure_lies_on_a_line_or_another_label(
    show: Show, request: pytest.FixtureRequest, which: str, least: int, language: str
) -> None:
    labels, overlaps = show(request.getfixturevalue(which), language).run(FIGURES)
    assert labels > least
    assert overlaps == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_width_of_a_screen_needs_scrolling_sideways(
    show: Show, major: Reviewed, language: str
) -> None:
    page = show(major, language)
    try:
        for width in (390, 820, 1024):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": True}
            page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            page.settle()
            assert page.run("return document.documentElement.scrollWidth") <= width
            labelled = page.run(
                "const one = document.querySelector('.glance .off:not(:empty)');"
                "return getComputedStyle(one, '::before').content"
            )  # the head of the table is out of sight there
            word = {"en": "off by", "zh": "相差"}[language]
            assert labelled == (f'"{word} "' if width == 390 else "none")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_part_of_an_organ_has_its_colour_and_isodoses_differ_in_weight(page: Page) -> None:
    payload = "return JSON.parse(document.getElementById('payload').textContent).curves.items"
    curves = {c["key"]: c["colour"] for c in page.run(payload)}
    assert curves["Liver-GTV"] == curves["Liver"] != curves["CTV"]
    levels = page.run("return SbrtQa.state.levels")
    pens = {(one["dash"], one["wide"]) for one in levels}
    assert len(pens) == len(levels) > 4
    heaviest = max(levels, key=lambda one: one["wide"])
    assert heaviest["percent"] == 100
