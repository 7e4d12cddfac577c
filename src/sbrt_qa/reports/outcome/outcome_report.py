"""The report of a trial for a role: its sections, as one offline page or as a PDF."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.i18n.words import SOURCE, Words
from sbrt_qa.reports.html.document_font import font_face
from sbrt_qa.reports.outcome import (  # noqa: F401 - they register their sections
    appendix_screen,
    curve_screens,
    data_screens,
    deviation_screen,
    failure_screen,
    forest_screen,
    liver_screen,
    monitoring_screens,
    timeline_screens,
    toxicity_screen,
)
from sbrt_qa.reports.outcome.asked_report import EXPLORATORY, PROPOSED, SCREENS, AskedReport
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    CodeLines,
    Drawn,
    FigureChoice,
    OutcomeGrid,
    OutcomePage,
    Said,
    Titled,
)
from sbrt_qa.reports.pdf.typeset import typeset

HERE: Final = Path(__file__).parent
__all__ = ["EXPLORATORY", "outcome_html", "outcome_page", "outcome_pdf"]


def outcome_page(asked: AskedReport) -> OutcomePage:
    """Return the report: only the sections of the role are built."""
    protocol = asked.protocol
    standing = say("The protocol is a draft: nobody has approved its limits and rules.")
    if protocol.approved_by:
        standing = say("Approved by {0} on {1}", protocol.approved_by, protocol.approved_on)
    about = (
        say("Trial {0}, protocol {1} version {2}", protocol.trial or "-", protocol.id,
            protocol.version),
        say("Data up to {0}, for: {1}", asked.found.cut.cut, say_role(asked)),
        PROPOSED,
    )  # fmt: skip
    sections = tuple(SCREENS[name](asked) for name in asked.role.screens)
    return OutcomePage(say("Report of the trial"), asked.role.name, standing, about, sections)


def say_role(asked: AskedReport) -> str:
    """Return what the reader is called."""
    return stated(asked.role.title) if not asked.site else say("site {0}", asked.site)


# --- HTML -----------------------------------------------------------------------------------------


def outcome_html(page: OutcomePage, language: str = SOURCE) -> bytes:
    """Return the report as one HTML page: nothing is fetched, and no script runs.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    say_it = words.sentence
    links = "".join(
        f'<a href="#{one.name}">{escape(say_it(one.title))}</a> ' for one in page.sections
    )
    body = "".join(_section(one.name, one.title, one.blocks, words) for one in page.sections)
    about = "".join(f"<p>{escape(say_it(text))}</p>" for text in page.about)
    title = escape(say_it(page.title))
    note = escape(words("For protocol review only. Not for treatment decisions."))
    standing = escape(say_it(page.standing))
    style = (HERE / "outcome.css").read_text(encoding="utf-8")
    style += font_face("".join((title, about, note, links, body, standing)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body><header>"
        f"<p><strong>{standing}</strong></p><h1>{title}</h1>{about}"
        f'<p>{note}</p></header><nav aria-label="{title}">{links}</nav><main>{body}</main>'
        "</body></html>\n"
    ).encode()


def _section(name: str, title: str, blocks: tuple[Block, ...], words: Words) -> str:
    made = "".join(_block(block, words) for block in blocks)
    return f'<section id="{name}"><h2>{escape(words.sentence(title))}</h2>{made}</section>'


def _block(block: Block, words: Words) -> str:
    if isinstance(block, Said):
        inner = escape(words.sentence(block.text))
        return f"<p><strong>{inner}</strong></p>" if block.strong else f"<p>{inner}</p>"
    if isinstance(block, Titled):
        return f"<h3>{escape(words.sentence(block.text))}</h3>"
    if isinstance(block, CodeLines):
        caption = escape(words.sentence(block.caption))
        code = escape("\n".join(block.lines))
        return (
            f'<figure><figcaption>{caption}</figcaption><pre tabindex="0" role="region" '
            f'aria-label="{caption}"><code>{code}</code></pre></figure>'
        )
    if isinstance(block, Drawn):
        return _figure(block, words)
    if isinstance(block, FigureChoice):
        return _choice(block, words)
    return _table(block, words)


def _figure(block: Drawn, words: Words) -> str:
    table = _table(block.table, words) if block.table else ""
    sentence = escape(words.sentence(block.sentence))
    svg = block.svg(words.value)
    return f"<figure>{svg}<figcaption>{sentence}</figcaption></figure>{table}"


def _choice(block: FigureChoice, words: Words) -> str:
    """Return figures behind buttons of a group: one is shown, without any script."""
    name = escape(block.name)
    buttons = "".join(
        f'<input type="radio" name="{name}" id="{name}-{number}" class="choice{number}"'
        f"{' checked' if not number else ''}>"
        f'<label for="{name}-{number}">{escape(words.sentence(told))}</label>'
        for number, (told, _) in enumerate(block.options)
    )
    shown = "".join(
        f'<div class="shown{number}">{_figure(drawn, words)}</div>'
        for number, (_, drawn) in enumerate(block.options)
    )
    legend = escape(words.sentence(block.title))
    return f'<fieldset class="choice"><legend>{legend}</legend>{buttons}{shown}</fieldset>'


def _table(grid: OutcomeGrid, words: Words) -> str:
    caption = escape(words.sentence(grid.caption))
    if not grid.rows:
        return f"<p>{caption}: {escape(words('nothing'))}</p>"
    heads = "".join(f'<th scope="col">{escape(words.sentence(head))}</th>' for head in grid.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(words.sentence(cell))}</td>" for cell in row) + "</tr>"
        for row in grid.rows
    )
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return f"<details><summary>{caption}</summary>{table}</details>" if grid.folded else table


# --- PDF ------------------------------------------------------------------------------------------


def outcome_pdf(page: OutcomePage, language: str = SOURCE) -> bytes:
    """Return the report as a tagged PDF.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    pictures: dict[str, str] = {}
    sections = [
        {
            "title": words.sentence(one.title),
            "blocks": [_data(b, words, pictures) for b in one.blocks],
        }
        for one in page.sections
    ]
    data: Mapping[str, Any] = {
        "language": language, "title": words.sentence(page.title),
        "standing": words.sentence(page.standing),
        "about": [words.sentence(text) for text in page.about],
        "note": words("For protocol review only. Not for treatment decisions."),
        "nothing": words("nothing"), "sections": sections,
    }  # fmt: skip
    layout = (HERE / "outcome.typ").read_text(encoding="utf-8")
    text = json.dumps(data, ensure_ascii=False)
    return typeset({"main.typ": layout, "outcome.json": text, **pictures})


def _data(block: Block, words: Words, pictures: dict[str, str]) -> dict[str, Any]:
    if isinstance(block, Said):
        return {"kind": "said", "text": words.sentence(block.text), "strong": block.strong}
    if isinstance(block, Titled):
        return {"kind": "titled", "text": words.sentence(block.text)}
    if isinstance(block, CodeLines):
        text = "\n".join(block.lines)
        return {"kind": "code", "caption": words.sentence(block.caption), "text": text}
    if isinstance(block, OutcomeGrid):
        return _grid_data(block, words)
    drawn = block.options[0][1] if isinstance(block, FigureChoice) else block
    name = f"figure{len(pictures)}.svg"
    pictures[name] = drawn.svg(words.value).replace("currentColor", "#1b2430")
    table = _grid_data(drawn.table, words) if drawn.table else None
    return {"kind": "drawn", "file": name, "text": words.sentence(drawn.sentence), "table": table}


def _grid_data(grid: OutcomeGrid, words: Words) -> dict[str, Any]:
    return {
        "kind": "grid", "caption": words.sentence(grid.caption),
        "heads": [words.sentence(head) for head in grid.heads],
        "rows": [[words.sentence(c) for c in row] for row in grid.rows],
    }  # fmt: skip
