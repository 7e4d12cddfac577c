"""A sheet as HTML and as PDF. No text is taken for markup, nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any, Final

from sbrt_qa.errors import visible
from sbrt_qa.reports.html.document_font import font_face
from sbrt_qa.reports.pdf.typeset import LAYOUT, typeset
from sbrt_qa.reports.sheet.sheet import Block, Grid, Heading, Paragraph, Sheet

_HERE: Final = Path(__file__).parent


def sheet_html(sheet: Sheet) -> str:
    """Return one self-contained page."""
    facts = "".join(f"<dt>{_safe(name)}</dt><dd>{_safe(text)}</dd>" for name, text in sheet.facts)
    first = f"<p><strong>{_safe(sheet.first)}</strong></p>\n" if sheet.first else ""
    body = "\n".join(_block(block) for block in sheet.blocks)
    style = (_HERE / "sheet.css").read_text(encoding="utf-8")
    style += font_face("".join((facts, first, body, sheet.title, sheet.foot)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        f'<!doctype html>\n<html lang="{_safe(sheet.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(sheet.title)}</title><style>{style}</style></head><body><main>\n"
        f"{first}<h1>{_safe(sheet.title)}</h1>\n<dl>{facts}</dl>\n{body}\n</main>"
        f"<footer>{_safe(sheet.foot)}</footer></body></html>\n"
    )


def sheet_pdf(sheet: Sheet) -> bytes:
    """Return a tagged PDF on A4."""
    layout = (LAYOUT / "sheet.typ").read_text(encoding="utf-8")
    return typeset({"main.typ": layout, "sheet.json": json.dumps(_data(sheet))})


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{_safe(block.text)}</h2>"
    if isinstance(block, Paragraph):
        kind = ' class="point"' if block.is_point else ""
        return f"<p{kind}>{_safe(block.text)}</p>"
    head = "".join(_cell("th", i, text, block) for i, text in enumerate(block.heads))
    rows = "".join(
        f"<tr>{''.join(_cell('td', i, text, block) for i, text in enumerate(row))}</tr>"
        for row in block.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(tag: str, column: int, text: str, grid: Grid) -> str:
    kind = ' class="number"' if column in grid.numbers else ""
    scope = ' scope="col"' if tag == "th" else ""
    return f"<{tag}{scope}{kind}>{_safe(text)}</{tag}>"


def _safe(text: str) -> str:
    return html.escape(visible(text))


def _data(sheet: Sheet) -> dict[str, Any]:
    return {
        "first": visible(sheet.first),
        "title": visible(sheet.title),
        "facts": [{"label": visible(name), "text": visible(text)} for name, text in sheet.facts],
        "blocks": [_values(block) for block in sheet.blocks],
        "foot": visible(sheet.foot),
        "language": sheet.language,
    }


def _values(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "text": visible(block.text)}
    if isinstance(block, Paragraph):
        return {"kind": "point" if block.is_point else "text", "text": visible(block.text)}
    return {
        "kind": "grid",
        "heads": [visible(text) for text in block.heads],
        "rows": [[visible(text) for text in row] for row in block.rows],
        "numbers": [i in block.numbers for i in range(len(block.heads))],
    }
