"""The page, put together: everything in one file, nothing fetched, no text taken for markup."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
_PLACE: Final = re.compile(r"@([A-Z]+)@")

Row = Mapping[str, Any]


def trial_page(
    title: str,
    about: str,
    foot: str,
    answers: Mapping[str, Sequence[Row]],
    told: Mapping[str, Row],
) -> str:
    """Return the report of a trial as HTML.

    Parameters
    ----------
    title, about, foot
        Plain texts.
    answers
        Rows under the names ``rows``, ``sites``, ``limits``, ``periods``, ``approvals`` and
        ``outliers``, with the columns of `sbrt-qa query`; a submission also has the
        paths of its ``reports``, below the page's folder.
    told
        By submission code, under ``details`` deviations and findings: ``what``, ``verdict``,
        ``text`` each; under ``changes`` what a resubmission changed: ``what``, with ``verdicts``,
        ``from`` and ``to`` of a limit, or ``text``.
    """
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    parts = {
        "TITLE": html.escape(title),
        "ABOUT": html.escape(about),
        "FOOT": html.escape(foot),
        "POLICY": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'",
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _inert({**answers, **told}),
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return _PLACE.sub(lambda found: parts[found[1]], template)


def _inert(data: Mapping[str, Any]) -> str:
    r"""Return JSON that cannot end the element it stands in: ``<`` is ``\u003c``."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
