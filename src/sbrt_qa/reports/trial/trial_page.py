"""The page, put together: everything in one file, nothing fetched, no text taken for markup."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from sbrt_qa.i18n.words import SOURCE, Words
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.html.document_font import font_face

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("base.js", "plot.js", "charts.js", "page.js")

SAID: Final = re.compile(r'\bsay\("((?:[^"\\]|\\.)+)"')
"""A sentence of the scripts: the first argument of ``say``."""

NO_REFERENCE: Final[Mapping[str, Any]] = {"structures": (), "limits": (), "of": 0, "left": 0}

Row = Mapping[str, Any]


def trial_page(
    title: str,
    about: str,
    foot: str,
    answers: Mapping[str, Any],
    told: Mapping[str, Row],
    language: str = SOURCE,
    standing: Sequence[str] = (),
) -> str:
    """Return the report of a trial as HTML.

    Parameters
    ----------
    title, about, foot
        Plain texts.
    answers
        Rows under the names ``rows``, ``sites``, ``limits``, ``periods``, ``approvals``,
        ``outliers``, ``queries``, ``unreviewed`` and ``places`` (those not taken), with the columns
        of `sbrt-qa query`; and ``plots``, what the plots are drawn from
        (`sbrt_qa.audit.audit_plots`). A submission of ``rows`` also has
        the paths of its ``reports``, below the page's folder. ``contours`` may be left out: organs
        unlike those of other plans, each with the path of its ``report``; ``pictures`` of them,
        each with ``title``, ``z_mm``, ``svg`` and ``report``; and ``contours_known``,
        whether there are enough plans to tell. ``reachable`` may be left out: ``plans`` that others
        reached less than, and ``errors`` of each bound.
    told
        By submission code, under ``details`` deviations and findings: ``what``, ``verdict``,
        ``text`` each; under ``changes`` what a resubmission changed: ``what``, with ``verdicts``,
        ``from`` and ``to`` of a limit, or ``text``.
    language
        One of `sbrt_qa.i18n.words.languages`.
    standing
        Whether the protocols are drafts or who approved them, one sentence each: the first line.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    script = "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (HERE / "page.css").read_text(encoding="utf-8")
    said = {text: words(text) for text in SAID.findall(script)}
    fields = {
        "language": language,
        "_": words,
        "standing": " ".join(words.sentence(text) for text in standing),
        "title": title,
        "about": about,
        "foot": foot,
        "script": Markup(script),  # noqa: S704 - our own
        "contours": answers.get("contours", ()),
        "pictures": [
            {**one, "svg": Markup(one["svg"])}  # noqa: S704 - our own drawing, texts escaped
            for one in answers.get("pictures", ())
        ],
        "contours_known": answers.get("contours_known", False),
        "reachable": answers.get("reachable", {"plans": (), "errors": ()}),
        "reference": answers.get("reference", NO_REFERENCE),
        "mark": lambda verdict: mark_of(Verdict(verdict), words),
    }
    data = {**_of_script(answers), **told, "words": said}
    inert = Markup(_inert(data))  # noqa: S704 - cannot end its element
    bare = _template().render(fields, policy="", style="", data="")
    style += font_face(bare + json.dumps(data, ensure_ascii=False))
    policy = Markup(_policy(script, style))  # noqa: S704 - our own
    return _template().render(fields, policy=policy, style=Markup(style), data=inert)  # noqa: S704 - our own


BESIDE: Final = ("contours", "pictures", "reachable", "reference")
"""Answers that stand in the page as they are."""


def _of_script(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that the script draws; the others stand in the page as they are."""
    return {name: rows for name, rows in answers.items() if not name.startswith(BESIDE)}


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.j2")


def _inert(data: Mapping[str, Any]) -> str:
    r"""Return JSON that cannot end the element it stands in: ``<`` is ``\u003c``."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(script: str, style: str) -> str:
    """Return a policy under which only our own script and style run and nothing is fetched."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
