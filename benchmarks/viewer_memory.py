"""Memory of the tab, time of a slice: 600 slices of 512 x 512 and 60 structures in the viewer.

    scripts/bench viewer_memory [SLICES] [STRUCTURES]

In Chromium, once in the office, where every plane is fetched, and once in the report, which holds
all that it shows. Every axial slice is looked at, and 60 coronal and sagittal ones; memory is that
of the processes that draw the tab (proportional set size, so that what Chromium's processes share
counts once), the most of what was seen. The tests' office serves the pages.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from bench_helpers import print_table, verdict

HERE = Path(__file__).parent
sys.path += [str(HERE.parent / "tests" / "web"), str(HERE.parent / "tests" / "store")]

MOST_MB = 400.0
MOST_SLICE_BYTES = 300_000
MOST_SLICE_MS = 60.0


def large(slices: int, structures: int):
    """A reviewed sample case with a large image and many structures in place of its own."""
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.evidence.evidence import CtStack
    from sbrt_qa.model.grid import DoseGrid
    from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.testing.phantoms.closed_forms import contour
    from sbrt_qa.testing.phantoms.shapes import Sphere

    (case,) = load_cases([HERE.parent / "sample_dicom" / "compliant"])
    found = review_and_gather(case, load_protocol("liver_sbrt"), Asked(bands=False))
    x = y = -250.0 + 0.977 * np.arange(512)
    z = -300.0 + np.arange(slices)
    rng = np.random.default_rng(1)
    hu = np.empty((slices, 512, 512), np.int16)
    yy, xx = np.meshgrid(y, x, indexing="ij")
    for k in range(slices):
        body = (xx / 190) ** 2 + (yy / 130) ** 2 < 1
        hu[k] = np.where(body, 40 + 30 * np.sin(xx / 15 + k / 9), -1000) + rng.normal(
            0, 12, xx.shape
        )
    axes = -200.0 + 2.5 * np.arange(161), -140.0 + 2.5 * np.arange(113), z[::3]
    zz, dy, dx = np.meshgrid(*axes[::-1], indexing="ij")
    dose = DoseGrid(55 * np.exp(-(dx**2 + dy**2 + zz**2) / 5000), *axes)
    made = {}
    for n in range(structures):
        at = rng.uniform((-120, -80, -50), (120, 80, 50))
        ball = Sphere(tuple(at), float(rng.uniform(60, 280)))
        name = f"structure {n}"
        made[name] = contour(ball, z, number=n + 1, name=name)
    evidence = replace(
        found.evidence, image=CtStack(hu, x, y, z), dose=dose, structures=made,
        curve_of={}, places={}, planes={}, gaps={},
    )  # fmt: skip
    return replace(found, evidence=evidence)


def drawing_mb(driver) -> float:
    """Proportional set size of the processes that draw, in MB."""
    total = 0.0
    for one in Path("/proc").iterdir():
        if not one.name.isdigit():
            continue
        try:
            told = (one / "cmdline").read_bytes().replace(b"\0", b" ")
            if b"--type=renderer" in told and b"chrom" in told and profile(driver) in told:
                lines = (one / "smaps_rollup").read_text().splitlines()
                total += sum(float(v.split()[1]) for v in lines if v.startswith("Pss:")) / 1024
        except OSError:
            continue
    return total


def profile(driver) -> bytes:
    return str(driver.capabilities["chrome"]["userDataDir"]).encode()


def browser():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1440,1000"):  # fmt: skip
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(600)
    return driver


def wait(driver, script: str) -> None:
    for _ in range(6000):
        if driver.execute_script(f"return Boolean({script})"):
            return
        time.sleep(0.1)
    raise SystemExit(f"it did not happen: {script}")


LOOK = """
const done = arguments[arguments.length - 1], [name, at] = arguments, v = SbrtQa.viewer;
const letter = 'xyz'.indexOf(SbrtQa.PLANES[name].w), point = [...SbrtQa.state.point];
point[letter] = at; SbrtQa.go(point);
const there = () => v.image.cut(name, SbrtQa.indexIn(v.image, name, SbrtQa.state.point[letter]))
  ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(there, 5);
there();
"""


def looked_through(driver) -> float:
    """Look at every slice; return the most memory that was seen, MB."""
    driver.execute_script("document.getElementById('structures-all').click();"
                          "document.getElementById('wash').click()")  # fmt: skip
    z = driver.execute_script("return [...SbrtQa.viewer.image.z]")
    most = drawing_mb(driver)
    for n, at in enumerate(z):
        driver.execute_async_script(LOOK, "axial", at)
        if n % 20 == 0:
            most = max(most, drawing_mb(driver))
    for name in ("coronal", "sagittal"):
        for at in np.linspace(-100, 100, 60).tolist():
            driver.execute_async_script(LOOK, name, at)
        most = max(most, drawing_mb(driver))
    return most


def in_office(reviewed, folder: Path) -> tuple[float, float, float]:
    """Return the most memory of the tab, bytes of the largest slice and its milliseconds."""
    from playing_office import PLAYED, PlayingOffice

    from sbrt_qa.reports.html.viewer_pack import write_pack
    from sbrt_qa.web.http_server import Served, listening, made_server
    from sbrt_qa.web.review_office.image_packs import ImagePacks, PackState, plane_of

    pack = folder / "pack"
    pack.mkdir()
    write_pack(reviewed, pack, {"CT": 600})
    sizes, seconds = [], []
    for axis, index in (("axial", 300), ("axial", 5), ("coronal", 256), ("sagittal", 256)):
        begun = time.process_time()
        sizes.append(len(plane_of(pack, axis, index) or b""))
        seconds.append(time.process_time() - begun)

    class Ready(ImagePacks):
        def state(self, _):
            return PackState(pack)

    listens = listening("127.0.0.1", 0)
    office = PlayingOffice(folder / "audit", PLAYED + 2, listens.getsockname()[1])
    office.app.images = Ready(folder / "audit", ())
    ready = threading.Event()
    server = made_server(office.framed, Served(), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listens]})
    thread.start()
    ready.wait(600)
    driver = browser()
    try:
        driver.get(f"http://{office.host}/login")
        driver.add_cookie({"name": "sbrtqa", "value": office.somebody("coordinator").cookie})
        driver.get(f"http://{office.host}{office.case(1)}/images/1")
        wait(driver, "document.documentElement.dataset.images === 'yes'")
        most = looked_through(driver)
    finally:
        driver.quit()
        server.should_exit = True
        thread.join(600)
        listens.close()
        office.close()
    return most, max(sizes), 1000 * max(seconds)


def in_report(reviewed, folder: Path) -> tuple[float, int]:
    from sbrt_qa.reports.html.html_page import page

    path = folder / "report.html"
    path.write_bytes(page(reviewed, "en"))
    driver = browser()
    try:
        driver.get(path.as_uri())
        wait(driver, "document.documentElement.dataset.ready")
        return looked_through(driver), path.stat().st_size
    finally:
        driver.quit()


def main() -> int:
    slices, structures = (int(v) for v in (*sys.argv[1:3], "600", "60")[:2])
    with tempfile.TemporaryDirectory() as name:
        reviewed = large(slices, structures)
        office, size, ms = in_office(reviewed, Path(name))
        report, page_bytes = in_report(reviewed, Path(name))
    rows = [
        ["tab in the office", f"{office:.0f} MB", verdict(met=office <= MOST_MB)],
        ["largest slice", f"{size / 1000:.0f} kB", verdict(met=size <= MOST_SLICE_BYTES)],
        ["slice, processor time", f"{ms:.0f} ms", verdict(met=ms <= MOST_SLICE_MS)],
        ["tab with the report", f"{report:.0f} MB", verdict(met=report <= MOST_MB)],
        ["report", f"{page_bytes / 1e6:.1f} MB", ""],
    ]
    print_table(f"{slices} slices, {structures} structures", ["", "found", ""], rows)
    return 0 if all(row[2] != verdict(met=False) for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
