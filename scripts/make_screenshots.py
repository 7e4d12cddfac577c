#!/usr/bin/env python3
"""Pictures of every view of the reports: 1440 and 820 pixels wide, light and dark, and printed."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from sbrt_qa.pipeline import reporting
from sbrt_qa.reports.registry import render_report

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = (
    "summary", "limits", "checks", "structures", "dvh", "images", "reading", "methods",
    "signatures",
)  # fmt: skip
WIDTHS = (1440, 820)
REPORTS = (("major", "en"), ("missing_organ", "en"), ("major", "zh"))

PICTURES = ROOT / "docs" / "pictures"
README = {
    "report_first_page.png": ("major-en-1440-light.png", 1000, 1042),
    "report_histograms_dark.png": ("major-en-1440-dark-dvh.png", 1000, 1042),
    "report_viewer.png": ("major-en-1440-light-images.png", 1000, 1042),
    "report_printed_zh.png": ("major-zh-report-*.png", 640, 905),
}
"""Pictures of the README: which view each is, its width, and the height at which it is cut."""


def browser() -> Any:  # noqa: ANN401 - a Selenium driver
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        sys.exit("no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(driver))


def opened(driver: Any, page: Path, width: int, scheme: str) -> None:  # noqa: ANN401
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    driver.get(page.as_uri())
    while not driver.execute_script("return document.documentElement.dataset.ready"):
        time.sleep(0.1)
    time.sleep(0.5)


def shoot(driver: Any, selector: str, out: Path) -> None:  # noqa: ANN401
    """Take a picture of an element, also of what lies beyond the window."""
    box = driver.execute_script(
        "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return {x: 0, y: b.top + scrollY - 12, width: innerWidth, height: b.height + 24,"
        "        scale: 1}",
        selector,
    )
    box["y"] = max(box["y"], 0)
    taken = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"clip": box, "captureBeyondViewport": True}
    )
    out.write_bytes(base64.b64decode(taken["data"]))


def printed(driver: Any, out: Path) -> None:  # noqa: ANN401
    made = driver.execute_cdp_cmd(
        "Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True}
    )
    out.write_bytes(base64.b64decode(made["data"]))
    pages(out)


def pages(pdf: Path) -> None:
    """Make a picture of every page of a PDF, in colour and as a grey printer shows it."""
    if not shutil.which("pdftoppm"):
        print("no pictures of PDF pages: apt-get install poppler-utils")
        return
    for grey in ((), ("-gray",)):
        stem = str(pdf.with_suffix("")) + ("-grey" if grey else "")
        command = ["pdftoppm", "-r", "80", "-png", *grey, str(pdf), stem]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def for_readme(folder: Path) -> None:
    """Make the pictures of the README from those in a folder."""
    for name, (view, width, most) in README.items():
        seen = Image.open(min(folder.glob(view))).convert("RGB")  # the first page
        size = (width, round(seen.height * width / seen.width))
        small = seen.resize(size, Image.Resampling.LANCZOS).crop((0, 0, width, min(size[1], most)))
        small.quantize(256, kmeans=2).save(PICTURES / name, optimize=True)


def main() -> None:
    readme = "--readme" in sys.argv
    given = [argument for argument in sys.argv[1:] if argument != "--readme"]
    folder = Path(given[0] if given else ROOT / "build" / "screenshots").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    driver = browser()
    for case, language in REPORTS:
        name = f"{case}-{language}"
        page = folder / f"{name}.html"
        reviewed = reporting.report([ROOT / "sample_dicom" / case])
        page.write_bytes(render_report("html", reviewed, language))
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                opened(driver, page, width, scheme)
                shoot(driver, "body", folder / f"{name}-{width}-{scheme}.png")
                if language == "en":
                    for section in SECTIONS:
                        out = folder / f"{name}-{width}-{scheme}-{section}.png"
                        shoot(driver, f"#{section}", out)
        printed(driver, folder / f"{name}-print.pdf")
        report = folder / f"{name}-report.pdf"
        report.write_bytes(render_report("pdf", reviewed, language))
        pages(report)
        print(f"{name}: {page.stat().st_size / 1e6:.2f} MB")
    driver.quit()
    if readme:
        for_readme(folder)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder.name}")


if __name__ == "__main__":
    main()
