"""Plans side by side as one HTML file that opens anywhere, offline, and prints."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sbrt_qa.reports.html.document_font import font_face
from sbrt_qa.reports.html.viewer_words import STATIC
from sbrt_qa.reports.plans.plans_page import PlansPage

_HERE: Final = Path(__file__).parent


def plans_html(page: PlansPage) -> bytes:
    """Return the document; nothing in it is fetched, and no script runs."""
    style = "\n" + "\n".join(
        (folder / name).read_text(encoding="utf-8").strip()
        for folder, name in ((STATIC, "page.css"), (_HERE, "plans.css"))
    )
    style += font_face(_template().render(page=page, l=page.labels, style="", policy=""))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return bytes(_template().render(page=page, l=page.labels, style=style, policy=policy).encode())


@functools.cache
def _template() -> Any:  # noqa: ANN401 - a compiled template
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("plans.j2")
