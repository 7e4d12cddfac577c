"""The page, put together."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.compose.changed import changed
from sbrt_qa.reports.compose.verdict_words import WORDS
from sbrt_qa.reports.figures.coverage_pictures import coverage_drawings
from sbrt_qa.reports.figures.organ_pictures import organ_drawings
from sbrt_qa.reports.figures.palette import colours
from sbrt_qa.reports.html.document_font import font_face
from sbrt_qa.reports.html.drawings import drawings
from sbrt_qa.reports.html.viewer_payload import Payload, payload
from sbrt_qa.reports.html.viewer_words import (
    KEYS,
    ROOT_SCRIPT,
    STATIC,
    VIEWER_SCRIPTS,
    VIEWER_STYLES,
)
from sbrt_qa.reports.page import CheckRow, Report

MOST_BYTES: Final = 1_480_000
"""Of the file; pictures and dose are fitted into what the rest leaves."""

SCRIPTS: Final = (ROOT_SCRIPT, "tables.js", *VIEWER_SCRIPTS, "start.js")
WITHOUT_PICTURES: Final = (ROOT_SCRIPT, "tables.js")
STYLES: Final = ("page.css", *VIEWER_STYLES)


def page(reviewed: Reviewed, language: str, beside: Reviewed | None = None) -> bytes:
    """Return the report of one case as the bytes of an HTML file.

    Parameters
    ----------
    beside
        Another plan of the same patient, which the viewer holds against it.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    report = compose(reviewed.review, reviewed.evidence, language, reviewed.occasion)
    evidence = reviewed.evidence
    known = colours(evidence.structures, of_plan=evidence.plan_colours) if evidence else {}
    drawn = drawings(reviewed, report, known, words)
    fields: dict[str, Any] = {
        "report": report,
        "drawings": drawn,
        "organs": organ_drawings(reviewed, known, words),
        "coverage": coverage_drawings(reviewed, known, words),
        "interactive": evidence is not None and bool(evidence.curves),
        "checks": _checks(report, words),
        "changed": reviewed.comparison and changed(reviewed.comparison, words),
        "verdicts": [(v.value, words(WORDS[v])) for v in reversed(Verdict)],
        "ranks": {v.value: -v.rank for v in Verdict},
        "limit_heads": list(_limit_heads(words, aside=bool(report.aside_notes))),
        "viewer_keys": KEYS,
        "_": words,
    }
    bare = _rendered(fields, Payload(""), words)
    room = MOST_BYTES - len(bare) - len(font_face(bare.decode()))
    data = payload(reviewed, words, room, beside)
    whole = _rendered(fields, data, words)
    face = font_face(whole.decode())
    return _rendered(fields, data, words, face) if face else whole


def _rendered(fields: Mapping[str, Any], data: Payload, words: Words, face: str = "") -> bytes:
    script = _static(SCRIPTS if fields["interactive"] else WITHOUT_PICTURES)
    style = _static(STYLES) + _running_foot(fields["report"]) + face
    text = _template().render(
        fields,
        payload=data.text,
        script=script,
        style=style,
        policy=_policy(script, style),
        precision=_precision(data, words),
    )
    return bytes(text.encode())


def _precision(data: Payload, words: Words) -> str:
    told = list(_of_dose(data, words))
    if data.contour_mm:
        told.append(
            words(msg("Contours have every point of the file, to within {half} mm."),
                  half=f"{data.contour_mm / 2:g}")
        )  # fmt: skip
    if data.pixel_mm:
        told.append(
            words(msg("The image has pixels of {file} mm in its files and of {here} mm here, "
                      "and is packed with loss: its HU are approximate."),
                  file=f"{data.file_pixel_mm:.2f}", here=f"{data.pixel_mm:.2f}")
        )  # fmt: skip
    return words.run(*told)


def _of_dose(data: Payload, words: Words) -> Iterator[str]:
    if not data.step_gy:
        yield words(msg("There is no dose to show."))
        return
    yield words(
        msg("The dose under the pointer is the trilinear dose of the file, to within {half} Gy. "
            "Click to move the other planes there; the wheel and the arrow keys change the slice."),
        half=f"{data.step_gy / 2:g}",
    )  # fmt: skip
    if not data.whole:
        yield words(msg("Far from the target, where dose is low, none is shown."))


def _running_foot(report: Report) -> str:
    """Return the style that writes subject, plan and verdict at the foot of every printed page."""
    told = " · ".join(
        part for part in (report.subject, report.plan, report.mark.word, report.disclaimer) if part
    )
    font = 'font: 7.5pt "Report CJK", system-ui, "Noto Sans CJK SC", sans-serif; color: #444;'
    return f'@page {{ @bottom-left {{ content: "{css_text(told)}"; {font} }} }}\n'


def css_text(text: str) -> str:
    """Return text for a CSS string: whatever is no ASCII letter or digit stands as an escape."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)


def _policy(script: str, style: str) -> str:
    """Return a policy under which only our own script and style run and nothing is fetched."""
    return (
        f"default-src 'none'; script-src 'sha256-{_hash(script)}'; "
        f"style-src 'sha256-{_hash(style)}'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _static(names: tuple[str, ...]) -> str:
    texts = [(STATIC / name).read_text(encoding="utf-8").strip() for name in names]
    return "\n" + "\n".join(texts) + "\n"


@functools.cache
def _template() -> Any:  # noqa: ANN401 - a compiled template
    environment = Environment(
        loader=FileSystemLoader(STATIC),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.j2")


def _checks(report: Report, words: Words) -> list[tuple[str, tuple[CheckRow, ...]]]:
    """Return findings and passed checks in groups, empty ones left out."""
    deciding = tuple(f for f in report.findings if f.mark.verdict is not None)
    telling = tuple(f for f in report.findings if f.mark.verdict is None)
    groups = (
        (words(msg("Found, and decides")), deciding),
        (words(msg("Found, for information")), telling),
        (words(msg("Checked, nothing wrong")), report.passed),
    )
    return [(name, rows) for name, rows in groups if rows]


def _limit_heads(words: Words, *, aside: bool) -> Iterator[dict[str, Any]]:
    for text, number in (
        (msg("verdict"), False),
        (msg("structure"), False),
        (msg("metric"), False),
        (msg("value"), True),
        (msg("limit"), True),
        (msg("minor bound"), True),
        (msg("margin"), True),
        *([(msg("patient aside"), False)] if aside else []),
        (msg("P"), True),
        (msg("source and notes"), False),
    ):
        yield {"text": words(text), "number": number}
