"""The viewer held against the patient that it shows, at many points and in every orientation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.html.viewer_contours import HALF_BYTE, contour_block

from . import odd_patient as odd
from .conftest import Page

STORED = {
    "head first supine": ("HFS", False), "head first prone": ("HFP", False),
    "feet first supine": ("FFS", False), "dose slanted by 7 degrees": ("HFS", True),
}  # fmt: skip


@pytest.fixture(scope="module", params=STORED)
def patient(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    position, slanted = STORED[request.param]
    folder = odd.write(tmp_path_factory.mktemp("odd"), position, slanted=slanted)
    (case,) = load_cases([folder])
    return review_and_gather(case, load_protocol("liver_sbrt"), Asked(bands=False))


@pytest.fixture(scope="module")
def shown(show: Callable[..., Page], patient: Reviewed) -> Page:
    return show(patient)


def points(count: int, seed: int, low: Any, high: Any) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (count, 3))


def told(page: Page, places: np.ndarray) -> list[dict[str, str]]:
    """Read the display at many points."""
    return list(
        page.run(
            "return arguments[0].map(p => { SbrtQa.viewer.tell(p, 'axial');"
            " return {...document.getElementById('readout').dataset}; })",
            places.tolist(),
        )
    )


def test_names_are_text_and_no_console_complains(shown: Page) -> None:
    assert shown.run("return window.hacked") is None
    rows = shown.run("return [...document.querySelectorAll('#structure-list label')]"
                     ".map(l => l.textContent)")  # fmt: skip
    assert rows == [*odd.NAMES[:5], f"{odd.EMPTY} (no contours)"]
    assert shown.problems() == []
    assert Path(shown.path).stat().st_size < 500_000


def test_dose_at_500_points_is_that_of_the_model(shown: Page, patient: Reviewed) -> None:
    dose = patient.evidence.dose
    step = shown.run("return SbrtQa.data.dose.step")
    axes = shown.run("const d = SbrtQa.data.dose; return [d.x, d.y].map(a => [a.first, a.last])"
                     ".concat([[d.z[0], d.z[d.z.length - 1]]])")  # fmt: skip
    low, high = np.array(axes).T
    inside = points(500, 1, low, high)
    model = dose_at(dose, inside)
    read = [float(one["doseGy"]) for one in told(shown, inside)]
    assert np.abs(np.array(read) - model).max() <= step / 2 + 1e-9
    beyond = np.array([high + 0.5, low - 0.5, [low[0] - 1, *high[1:]]])
    assert {one["doseGy"] for one in told(shown, beyond)} == {""}
    closed = odd.gy_at(*inside.T)
    steepest = 52 * np.sqrt(1.4 / 800) * np.exp(-0.5) * 1.5  # Gy per mm
    assert np.abs(np.array(read) - closed).max() < 0.5 * 3.0 * steepest


def test_hu_is_that_of_the_image_as_near_as_is_said(shown: Page, patient: Reviewed) -> None:
    image = patient.evidence.image
    rng = np.random.default_rng(2)
    k, j, i = (rng.integers(4, n - 4, 300) for n in image.hu.shape)
    here = np.column_stack([image.x_mm[i], image.y_mm[j], image.z_mm[k]])
    model = odd.hu_at(*here.T)
    known = (model > -250) & (model < 300)
    read = np.array([float(one["hu"]) for one in told(shown, here)])
    assert np.median(np.abs(read - model)[known]) < 6
    assert np.abs(read - model)[known].max() < 40
    shown.run("SbrtQa.viewer.whole()")
    shown.settle()
    said = shown.run("return SbrtQa.viewer.views.axial.told")
    assert any("HU approximate" in line for line in said)


def winding(loop: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Whether points lie in a polygon: by the angle that it sweeps around them."""
    a, c = loop[None] - at[:, None], np.roll(loop, -1, axis=0)[None] - at[:, None]
    cross = a[..., 0] * c[..., 1] - a[..., 1] * c[..., 0]
    return np.asarray(np.abs(np.arctan2(cross, (a * c).sum(-1)).sum(axis=1)) > np.pi)


def test_structures_hold_the_points_that_the_model_has_in_them(
    shown: Page, patient: Reviewed
) -> None:
    for key, structure in patient.evidence.structures.items():
        if not structure.contours:
            continue
        for contour in structure.contours[::4]:
            low, high = contour.xy_mm.min(axis=0) - 5, contour.xy_mm.max(axis=0) + 5
            at = np.random.default_rng(3).uniform(low, high, (60, 2))
            same = [c.xy_mm for c in structure.contours if c.z_mm == contour.z_mm]
            inside = sum(winding(loop, at).astype(int) for loop in same) % 2 == 1
            told = shown.run(
                "const s = SbrtQa.data.structures.find(s => s.key === arguments[0]);"
                "return arguments[1].map(([x, y]) => SbrtQa.isIn(s, x, y, arguments[2]))",
                key, at.tolist(), contour.z_mm,
            )  # fmt: skip
            assert told == inside.tolist(), key


def test_contours_have_every_point_of_the_file(shown: Page, patient: Reviewed) -> None:
    drawn = shown.run("return SbrtQa.data.structures.map(s => [s.key, s.planes.map(p =>"
                      " [p.z, p.loops.map(l => Array.from(l))])])")  # fmt: skip
    for key, planes in drawn:
        loops = [(z, np.reshape(loop, (-1, 2))) for z, every in planes for loop in every]
        contours = patient.evidence.structures[key].contours
        assert len(loops) == len(contours)
        for c in contours:
            assert any(
                abs(z - c.z_mm) < 1e-3
                and loop.shape == c.xy_mm.shape
                and np.abs(loop - c.xy_mm).max() < 0.0051
                for z, loop in loops
            )


def test_points_that_share_a_byte_are_read_as_they_were_written(shown: Page) -> None:
    angles = np.linspace(0.0, 2 * np.pi, 40_001)[:-1]
    ring = 30.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    far = np.array([[-250.0, 310.0], [400.0, 2.5], [0.0, -7.25]])
    loops = [far, *(ring + n for n in range(150)), far[::-1]]
    drawn = Structure(1, "many", tuple(Contour(float(n), loop) for n, loop in enumerate(loops)))
    block = contour_block({"many": drawn})
    assert block.bits == HALF_BYTE
    told = {**block.told(), "data": base64.b64encode(block.data).decode()}
    read = shown.driver.execute_async_script(
        "const [planes, told, done] = arguments;"
        "SbrtQa.unpack.contours([{ planes }], told).then(([s]) => done([0, 1, 75, 150, 151].map("
        "n => s.planes[n].loops.map(l => Array.from(l)))), e => done(String(e)))",
        block.planes["many"], told,
    )  # fmt: skip
    for n, (loop,) in zip((0, 1, 75, 150, 151), read, strict=True):
        assert np.abs(np.reshape(loop, (-1, 2)) - loops[n]).max() < block.unit_mm / 2 + 1e-4


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal"])
def test_ruler_and_profile_are_in_mm_whatever_the_voxels(
    shown: Page, patient: Reviewed, name: str
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(6):
        a, c = rng.uniform((-20, -25), (25, 15), (2, 2))
        ends, length, values, text = shown.run(
            "const v = SbrtQa.viewer; SbrtQa.go([3.3, -7.7, 2.2]);"
            "v.measure(arguments[0], arguments[1], arguments[2]);"
            "return [v.rulerEnds(), v.rulerLength(), SbrtQa.profiled[0],"
            " document.getElementById('ruler-mm').textContent]",
            name, a.tolist(), c.tolist(),
        )  # fmt: skip
        first, last = np.array(ends)
        assert length == pytest.approx(np.linalg.norm(last - first), abs=1e-9)
        assert length == pytest.approx(np.hypot(*(c - a)), abs=1e-9)
        assert f"{length:.1f} mm" in text
        at = np.array([mm for mm, _ in values])
        where = first + (at / length)[:, None] * (last - first)
        known = np.array([gy is not None for _, gy in values])
        assert known.any()
        model = dose_at(patient.evidence.dose, where[known])
        read = np.array([gy for _, gy in values if gy is not None])
        step = shown.run("return SbrtQa.data.dose.step")
        assert np.abs(read - model).max() <= step / 2 + 1e-6


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal"])
def test_isodoses_lie_where_the_model_has_their_dose(
    shown: Page, patient: Reviewed, name: str
) -> None:
    for level in (12.5, 33.3, 47.0):
        lines = shown.run(
            "SbrtQa.go([6.1, -11.3, 4.0]); const {w, point} = SbrtQa.PLANES[arguments[0]];"
            "const at = SbrtQa.state.point['xyz'.indexOf(w)];"
            "const cut = SbrtQa.dosePlane(SbrtQa.data.dose, arguments[0], at,"
            " SbrtQa.viewer.views[arguments[0]].box, 0.4);"
            "return SbrtQa.isolines(cut, arguments[1])"
            ".map(([a, b, c, d]) => [point(a, b, at), point(c, d, at)])",
            name, level,
        )  # fmt: skip
        assert len(lines) > 20
        where = np.array(lines).reshape(-1, 3)
        assert np.abs(dose_at(patient.evidence.dose, where) - level).max() < 0.15


def test_left_is_right_and_the_marks_say_so(shown: Page, patient: Reviewed) -> None:
    """The image is brighter and the box is drawn to the patient's left, right on the screen."""
    shown.run("SbrtQa.viewer.setWindow(400, 0); SbrtQa.state.lines = false; SbrtQa.viewer.whole();"
              "SbrtQa.go([0, -8, 2])")  # fmt: skip
    shown.settle()
    bright = shown.run(
        "const c = document.getElementById('axial'), p = c.getContext('2d');"
        "return [0.25, 0.75].map(part => { const d = p.getImageData(c.width * part - 6,"
        " c.height * 0.3, 12, 30).data; let sum = 0;"
        " for (let i = 0; i < d.length; i += 4) sum += d[i]; return sum / d.length * 4; })"
    )
    assert bright[1] > bright[0] + 30
    box = shown.run("const f = SbrtQa.viewer.views.axial.frame; return [f.toU(26), f.width]")
    assert box[0] > 0.55 * box[1]
    inside = shown.run(
        "const s = SbrtQa.data.structures.find(s => s.key === arguments[0]);"
        "return [SbrtQa.isIn(s, 26, -8, 2.5), SbrtQa.isIn(s, -26, -8, 2.5)]",
        "肝脏左叶",
    )
    assert inside == [True, False]
    shown.run("SbrtQa.state.lines = true")


def test_centres_are_those_of_the_shapes(shown: Page) -> None:
    for key, centre in (("PTV", odd.CENTRE), ("Duodenum", (14.0, 12.0, -2.0))):
        found = shown.run(
            "return SbrtQa.centreOf(SbrtQa.data.structures.find(s => s.key === arguments[0]))", key
        )
        assert found == pytest.approx(centre, abs=0.4)


def test_the_wash_has_the_colour_of_the_dose(shown: Page) -> None:
    shown.run(
        "for (const [id, on] of [['wash', true], ['lines', false]]) {"
        " const box = document.getElementById(id); box.checked = on;"
        " box.dispatchEvent(new Event('input')); }"
        "document.getElementById('structures-none').click();"
        "SbrtQa.state.opacity = 1; SbrtQa.viewer.whole(); SbrtQa.go([3, -9, 2.5])"
    )
    shown.settle()
    pairs = shown.run(
        "const out = [], t = SbrtQa.colours.rising, s = SbrtQa.viewer.scale(false);"
        "for (const name of ['axial', 'coronal', 'sagittal']) {"
        " const c = document.getElementById(name), p = c.getContext('2d');"
        " const f = SbrtQa.viewer.views[name].frame, plane = SbrtQa.PLANES[name];"
        " const w = SbrtQa.state.point['xyz'.indexOf(plane.w)];"
        " for (let n = 0; n < 80; n++) {"
        "  const x = Math.round(f.width * (0.2 + 0.6 * ((n * 0.618) % 1))) + 0.5;"
        "  const y = Math.round(f.height * (0.2 + 0.6 * ((n * 0.414) % 1))) + 0.5;"
        "  const cu = f.toU(SbrtQa.state.point['xyz'.indexOf(plane.u)]);"
        "  const cv = f.toV(SbrtQa.state.point['xyz'.indexOf(plane.v)]);"
        "  if (Math.abs(x - cu) < 4 || Math.abs(y - cv) < 4) continue;"
        "  const gy = SbrtQa.doseAt(SbrtQa.data.dose, ...plane.point(f.fromX(x), f.fromY(y), w));"
        "  if (gy === null || gy < s.low + 0.5) continue;"
        "  const g = Math.min(255, Math.round(255 * (gy - s.low) / (s.high - s.low)));"
        "  out.push([[...p.getImageData(x, y, 1, 1).data].slice(0, 3),"
        "   [t[3 * g], t[3 * g + 1], t[3 * g + 2]]]);"
        " } } return out"
    )
    assert len(pairs) > 100
    found, wanted = np.array(pairs, dtype=float).transpose(1, 0, 2)
    assert np.abs(found - wanted).max() <= 12


def test_dragging_moves_what_the_tool_is_for(shown: Page) -> None:
    canvas = shown.one("#axial")
    shown.run("SbrtQa.viewer.whole(); SbrtQa.viewer.setWindow(400, 40);"
              "arguments[0].scrollIntoView({block: 'center'})", canvas)  # fmt: skip
    shown.settle()

    def drag(tool: str, dx: int, dy: int) -> None:
        shown.run("document.querySelector(`input[name=tool][value=${arguments[0]}]`).click()", tool)
        (ActionChains(shown.driver).move_to_element_with_offset(canvas, -40, -30)
         .click_and_hold().move_by_offset(dx, dy).release().perform())  # fmt: skip
        shown.settle()

    drag("window", 30, 15)
    assert shown.run("return [SbrtQa.state.window, SbrtQa.state.level]") == [460, 70]
    assert shown.run("return ['window', 'level'].map(i => document.getElementById(i).value)") == [
        "460", "70",
    ]  # fmt: skip
    assert "W 460  L 70" in shown.run("return SbrtQa.viewer.views.axial.told")
    scale = shown.run("return SbrtQa.viewer.views.axial.frame.scale")
    drag("ruler", 60, 45)
    assert shown.run("return SbrtQa.viewer.rulerLength()") == pytest.approx(75 / scale, abs=0.1)
    shown.run("SbrtQa.viewer.zoom('axial', 4)")
    shown.settle()
    before = shown.run("const v = SbrtQa.viewer.views.axial; return [v.cu, v.cv, v.frame.scale]")
    drag("pan", 50, -20)
    after = shown.run("const v = SbrtQa.viewer.views.axial; return [v.cu, v.cv]")
    assert after == pytest.approx(
        [before[0] - 50 / before[2], before[1] + 20 / before[2]], abs=1e-6
    )
    drag("point", 10, 10)
    u, v = shown.run("const f = SbrtQa.viewer.views.axial.frame, p = SbrtQa.state.point;"
                     "return [f.toU(p[0]) - f.width / 2, f.toV(p[1]) - f.height / 2]")  # fmt: skip
    assert (u, v) == pytest.approx((-30, -20), abs=1.5)


def test_zooming_keeps_the_place_under_the_pointer(shown: Page) -> None:
    for name in ("axial", "coronal", "sagittal"):
        places = shown.run(
            "const v = SbrtQa.viewer, view = v.views[arguments[0]]; v.whole();"
            "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
            " const x = 0.4 * view.frame.width, y = 0.55 * view.frame.height;"
            " const before = [view.frame.fromX(x), view.frame.fromY(y)];"
            " v.zoom(arguments[0], 3, before);"
            " requestAnimationFrame(() => requestAnimationFrame(() =>"
            "  done([before, [view.frame.fromX(x), view.frame.fromY(y)]]))); })))",
            name,
        )
        assert places[1] == pytest.approx(places[0], abs=1e-6)
