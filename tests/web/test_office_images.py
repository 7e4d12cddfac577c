"""The images of a case in the office, in a real browser, held against the patient that was sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sbrt_qa.audit.request import Request
from sbrt_qa.audit.run_audit import audit
from sbrt_qa.audit.times import now
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.review_office.image_packs import ImagePacks

from .conftest import until
from .playing_office import PlayingOffice
from .test_in_browser import violations
from .test_office_journeys import Hands

sys.path.append(str(Path(__file__).parents[1] / "browser"))

import odd_patient as odd

pytest.importorskip("selenium.webdriver", reason="pip install selenium")


@pytest.fixture(scope="module")
def case(served: PlayingOffice, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the images of the odd patient, prone, whose files lie in a folder.

    A second version has the dose on a grid that is turned, stored feet first.
    """
    root = tmp_path_factory.mktemp("submissions")
    odd.write(root / "S2" / "C90" / "v1", "HFP")
    odd.write(root / "S2" / "C90" / "v2", "FFS", slanted=True)
    folder = served.app.audit
    steps = list(audit(Request((root,), folder.folder, "liver_sbrt", folder.settings.trial)))
    assert not [step.trouble for step in steps if step.trouble]
    take_in(served.engine, now())
    served.app.images = ImagePacks(folder.folder, (root,))
    return f"{served.case(versions_of(served.engine, 'S2', 'C90')[1])}/images/1"


@pytest.fixture(scope="module")
def hands(chromium: Any, served: PlayingOffice, case: str) -> Iterator[Hands]:
    """A coordinator who has the images open."""
    hands = Hands(chromium, served)
    chromium.get_log("browser")
    hands.visit("coordinator", case)
    shown(hands)
    yield hands
    chromium.get("about:blank")


def shown(hands: Hands) -> None:
    found = until(lambda: hands.run("return document.documentElement.dataset.images || ''"), bool)
    assert found == "yes", [hands.text, hands.run("return document.documentElement.dataset.why")]


def run(hands: Hands, script: str, *given: Any) -> Any:
    return hands.driver.execute_script(script, *given)


def there(hands: Hands, name: str) -> None:
    """Wait until the plane of a view has come."""
    script = ("const v = SbrtQa.viewer, i = v.image, w = SbrtQa.state.point["
              f"'xyz'.indexOf(SbrtQa.PLANES.{name}.w)];"
              f"return i.cut('{name}', SbrtQa.indexIn(i, '{name}', w)) !== null")  # fmt: skip
    until(lambda: hands.run(script), bool)


def test_nothing_complains_and_axe_finds_nothing(hands: Hands) -> None:
    assert violations(hands.driver) == []
    assert [e["message"] for e in hands.driver.get_log("browser")] == []
    assert hands.run("return document.documentElement.scrollWidth <= innerWidth")


def told(hands: Hands, places: np.ndarray) -> list[dict[str, str]]:
    script = ("return arguments[0].map(p => { SbrtQa.viewer.tell(p, 'axial');"
              "return {...document.getElementById('readout').dataset}; })")  # fmt: skip
    return list(run(hands, script, places.tolist()))


def test_case_p1__the_wash_follows_the_dose_and_has_a_scale(hands: Hands) -> None:
    """The dose has 32 bits and a scaling of 1e-7; the wash has many colours, each with its Gy."""
    run(
        hands,
        "const w = document.getElementById('wash'); if (!w.checked) w.click();"
        "SbrtQa.state.opacity = 1; SbrtQa.state.lines = false;"
        "document.getElementById('structures-none').click(); SbrtQa.go([4, -9, 2.5])",
    )
    ticks = run(hands, "return [...document.querySelectorAll('#scale-ticks span')]"
                       ".map(s => s.textContent)")  # fmt: skip
    assert len(ticks) == 5
    assert ticks[-1].endswith(" Gy")
    scale = run(hands, "return SbrtQa.viewer.scale(false)")
    assert scale["high"] == pytest.approx(odd.gy_at(4, -9, 2), abs=1.5)
    pairs = run(
        hands,
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        "const c = document.getElementById('axial'), p = c.getContext('2d'), out = [];"
        "const f = SbrtQa.viewer.views.axial.frame, [px, py, z] = SbrtQa.state.point;"
        "const r = c.width / f.width;"
        "for (let n = 0; n < 120; n++) {"
        " const x = Math.round(f.width * (0.25 + 0.5 * ((n * 0.618) % 1))) + 0.5;"
        " const y = Math.round(f.height * (0.25 + 0.5 * ((n * 0.414) % 1))) + 0.5;"
        " if (Math.abs(x - f.toU(px)) < 4 || Math.abs(y - f.toV(py)) < 4) continue;"
        " out.push([[f.fromX(x), f.fromY(y), z],"
        "  [...p.getImageData(x * r, y * r, 1, 1).data].slice(0, 3)]); }"
        "done([out, Array.from(SbrtQa.colours.rising)]); })))",
    )
    table = np.reshape(pairs[1], (256, 3))
    at, colours = np.array([p for p, _ in pairs[0]]), np.array([c for _, c in pairs[0]])
    gy = odd.gy_at(*at.T)
    in_wash = gy > scale["low"] + 1
    part = (gy - scale["low"]) / (scale["high"] - scale["low"])
    wanted = table[np.clip(np.rint(255 * part), 0, 255).astype(int)]
    assert in_wash.sum() > 60
    assert len(np.unique(colours[in_wash], axis=0)) > 30
    assert np.abs(colours - wanted)[in_wash].max() <= 16
    run(hands, "SbrtQa.state.opacity = 0.4; SbrtQa.state.lines = true; SbrtQa.viewer.redraw();"
               "document.getElementById('wash').click()")  # fmt: skip


def test_case_p2__dose_shifted_by_parts_of_a_voxel_stays_in_its_place(hands: Hands) -> None:
    rng = np.random.default_rng(7)
    low = odd.DOSE_FIRST + 0.1
    high = odd.DOSE_FIRST + (odd.DOSE_SIZE - 1) * odd.DOSE_STEP - 0.1
    at = rng.uniform(low, high, (500, 3))
    read = np.array([float(one["doseGy"]) for one in told(hands, at)])
    assert np.abs(read - odd.gy_at(*at.T)).max() < 0.35
    steps = 0.5 * odd.DOSE_STEP
    shifted = [np.abs(read - odd.gy_at(*(at + s).T)).max() for s in np.diag(steps)]
    assert min(shifted) > 0.8  # half a voxel along any axis would be seen
    for name in ("axial", "coronal", "sagittal"):
        lines = run(
            hands,
            "const {w, point} = SbrtQa.PLANES[arguments[0]];"
            "const at = SbrtQa.state.point['xyz'.indexOf(w)];"
            "const cut = SbrtQa.dosePlane(SbrtQa.data.dose, arguments[0], at,"
            " SbrtQa.viewer.views[arguments[0]].box, 0.4);"
            "return SbrtQa.isolines(cut, 25).map(([a, b]) => point(a, b, at))",
            name,
        )
        where = np.array(lines)
        gradient = np.stack(
            [(odd.gy_at(*(where + e).T) - odd.gy_at(*(where - e).T)) / 0.2 for e in 0.1 * np.eye(3)]
        )
        off_mm = np.abs(odd.gy_at(*where.T) - 25) / np.linalg.norm(gradient, axis=0)
        assert off_mm.max() < 0.5 * odd.DOSE_STEP.min()


def test_case_p3__contours_beside_a_slice_show_on_the_nearest_and_say_so(hands: Hands) -> None:
    for z in (-7.5, 0.0, 2.5, 10.0):
        run(hands, "SbrtQa.go([5, -8, arguments[0]])", z)
        plane = run(hands, "return SbrtQa.planeAt(SbrtQa.data.structures[0],"
                           " SbrtQa.state.point[2]).z")  # fmt: skip
        assert plane == pytest.approx(z + odd.OFF_MM, abs=1e-3)
    said = until(
        lambda: run(hands, "document.getElementById('structures-all').click();"
                           "return SbrtQa.viewer.views.axial.told.join(' | ')"),
        lambda found: "off this slice" in found,
    )  # fmt: skip
    assert "contours drawn off this slice by +0.9 mm" in said


def test_case_p4__a_structure_without_contours_is_listed_and_grey(hands: Hands) -> None:
    script = (
        "const i = [...document.querySelectorAll('input[data-structure]')]"
        ".find(i => i.dataset.structure === arguments[0]); return [i.disabled,"
        "i.closest('label').textContent, i.closest('div').className]"
    )
    row = run(hands, script, odd.EMPTY)
    assert row == [True, f"{odd.EMPTY} (no contours)", "structure none"]


def test_case_p5__what_is_switched_on_changes_nothing_else(hands: Hands) -> None:
    corner = (
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        "const c = document.getElementById('axial'), p = c.getContext('2d');"
        "const f = SbrtQa.viewer.views.axial.frame, r = c.width / f.width;"
        "const x = f.toU(36.5) * r, y = f.toV(40) * r;"  # beyond the dose and all outlines
        "done([[...p.getImageData(x, y, 6, 6).data].join(), SbrtQa.state.window,"
        " SbrtQa.state.level, SbrtQa.data.structures.map(s => s.colour).join()]); })))"
    )
    run(hands, "document.getElementById('structures-none').click(); SbrtQa.viewer.preset(0);"
               "SbrtQa.go([0, 0, 2.5])")  # fmt: skip
    there(hands, "axial")
    before = run(hands, corner)
    assert len(set(before[0].split(","))) > 2
    for switch in ("wash", "lines", "structures-all"):
        run(hands, f"document.getElementById('{switch}').click()")
        assert run(hands, corner) == before, switch
    run(hands, "document.getElementById('wash').click(); document.getElementById('lines').click()")


def test_case_p6__what_is_not_drawn_is_listed(hands: Hands) -> None:
    notes = run(hands, "return document.getElementById('images-notes').textContent")
    assert "Received and not drawn here:" in notes
    for kind in ("OT × 1", "REG × 1", "RTPLAN × 1", "SR × 1"):
        assert kind in notes


def test_case_p7__slices_come_as_they_are_looked_at(hands: Hands) -> None:
    asked = run(
        hands,
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".filter(n => n.includes('/images/')).map(n => n.split('/images/1/')[1])",
    )
    kinds = [one.split("/")[0] for one in asked]
    assert kinds.index("slice") < kinds.index("dose")
    assert kinds.index("slice") < kinds.index("contours")
    first = next(n for n, kind in enumerate(kinds) if kind == "contours")
    assert kinds[:first].count("slice") == 1
    kept = run(hands, "return SbrtQa.viewer.image.kept.size")
    assert kept <= 56


def test_case_p9__names_in_any_character_set_can_be_read(hands: Hands) -> None:
    names = run(hands, "return [...document.querySelectorAll('#structure-list .structure span')]"
                       ".map(s => s.textContent)")  # fmt: skip
    assert names[:5] == list(odd.NAMES[:5])
    assert hands.run("return window.hacked === undefined")


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal"])
def test_every_hu_of_a_plane_is_that_of_the_patient(hands: Hands, name: str) -> None:
    for point in ([3.0, -12.0, -10.0], [-20.0, 20.0, 15.0]):
        run(hands, "SbrtQa.go(arguments[0])", point)
        there(hands, name)
        hu, size, at = run(
            hands,
            "const i = SbrtQa.viewer.image, n = arguments[0], p = SbrtQa.PLANES[n];"
            "const at = SbrtQa.indexIn(i, n, SbrtQa.state.point['xyz'.indexOf(p.w)]);"
            "const cut = i.cut(n, at); return [Array.from(cut.hu), [cut.nu, cut.nv], at]",
            name,
        )
        axes = {"x": odd.X, "y": odd.Y, "z": odd.Z}
        u, v, w = {"axial": "xyz", "coronal": "xzy", "sagittal": "yzx"}[name]
        uu, vv = np.meshgrid(axes[u], axes[v])
        places = {u: uu, v: vv, w: np.full_like(uu, axes[w][at])}
        assert size == [uu.shape[1], uu.shape[0]]
        model = odd.hu_at(places["x"], places["y"], places["z"])
        assert np.abs(np.reshape(hu, uu.shape) - model).max() == 0


def test_a_slice_is_small_and_of_the_bytes_it_says(served: PlayingOffice, case: str) -> None:
    someone = served.somebody("coordinator")
    assert someone.get(f"{case}/slice/axial/999").status == 404
    assert someone.get(f"{case}/slice/oblique/1").status == 404
    assert someone.get(f"{case}/slice/axial/-1").status == 404
    assert someone.get(f"{case}/SCENE.json").status == 404
    assert someone.get(f"{case.rpartition('/')[0]}/2").status == 404


def test_case_p11__images_of_another_site_are_not_there(served: PlayingOffice, case: str) -> None:
    for who in ("physicist.s1", "statistician"):
        someone = served.somebody(who)
        for path in ("", "/scene", "/slice/axial/3", "/dose", "/contours", "/curves"):
            assert someone.get(case + path).status == 404, (who, path)


def test_a_case_without_files_says_why_and_keeps_its_report(
    hands: Hands, served: PlayingOffice
) -> None:
    path = f"{served.case(1)}/images/1"
    page = served.somebody("coordinator").get(path)
    assert page.status == 200
    assert "not where this office keeps files" in page.text
    assert "不在本办公室保存文件的位置" in served.somebody("coordinator").get(path, "zh").text


def test_two_versions_are_held_against_each_other(hands: Hands, case: str) -> None:
    """By the list on the page; the last test of its page."""
    options = hands.run("return [...document.getElementById('beside').options].map(o => o.value)")
    assert len(options) == 2
    hands.open(f"{case}?beside={options[1]}")
    shown(hands)
    names = hands.run("return ['first-name', 'second-name'].map(i =>"
                      " document.getElementById(i).textContent)")  # fmt: skip
    assert all(names)
    low = odd.DOSE_FIRST + 6
    at = np.random.default_rng(9).uniform(low, low + np.array([50, 70, 40]), (200, 3))
    read = told(hands, at)
    both = [one for one in read if one["doseGy"] and one["otherGy"]]
    assert len(both) > 150
    differences = [abs(float(one["doseGy"]) - float(one["otherGy"])) for one in both]
    assert max(differences) < 0.5  # the same dose on two grids
    assert max(differences) > 0
    assert hands.run("return SbrtQa.state.mode") == "both"
    hands.open(f"{case}?beside={options[1][:-1]}9")
    shown(hands)
    assert hands.run("return SbrtQa.data.second") is None
