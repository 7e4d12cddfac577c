"""Plans side by side as one HTML file that opens anywhere, offline, and prints."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sbrt_qa.i18n.words import Words
from sbrt_qa.reports.html.document_font import font_face
from sbrt_qa.reports.html.viewer_words import (
    KEYS,
    ROOT_SCRIPT,
    STATIC,
    VIEWER_SCRIPTS,
    VIEWER_STYLES,
    labels,
)
from sbrt_qa.reports.plans.plans_page import PlansPage

_HERE: Final = Path(__file__).parent

STYLES: Final = (*(STATIC / name for name in ("page.css", *VIEWER_STYLES)), _HERE / "plans.css")
SCRIPTS: Final = (
    *(STATIC / name for name in (ROOT_SCRIPT, *VIEWER_SCRIPTS)),
    _HERE / "plans_viewer.js",
)


def plans_html(page: PlansPage, payload: str = "") -> bytes:
    """Return the document; nothing in it is fetched.

    Parameters
    ----------
    payload
        Data of the viewer, see `plans_payload`; without it there is no viewer, and no script runs.
    """
    fields: dict[str, Any] = {
        "page": page, "l": page.labels, "payload": payload, "_": Words(page.language),
        "viewer_keys": KEYS, "script": _joined(SCRIPTS) if payload else "",
    }  # fmt: skip
    shown = _template().render({**fields, "payload": payload and "{}", "style": "", "policy": ""})
    drawn = "".join(labels(fields["_"]).values()) if payload else ""
    style = _joined(STYLES) + font_face(shown + drawn)
    policy = (
        f"default-src 'none'; {_scripts(fields['script'])}style-src 'sha256-{_hash(style)}'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    return bytes(_template().render({**fields, "style": style, "policy": policy}).encode())


def _scripts(script: str) -> str:
    return f"script-src 'sha256-{_hash(script)}'; " if script else ""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _joined(files: tuple[Path, ...]) -> str:
    return "\n" + "\n".join(file.read_text(encoding="utf-8").strip() for file in files) + "\n"


@functools.cache
def _template() -> Any:  # noqa: ANN401 - a compiled template
    environment = Environment(
        loader=FileSystemLoader([_HERE, STATIC]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("plans.j2")
