"""Tables and listings of the site can be scrolled by themselves, by the keyboard as well."""

from __future__ import annotations

import re

BOX = '<div class="wide" role="region" aria-label="Table" tabindex="0">'
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)


def on_page_content(html: str, **_: object) -> str:
    """Put every table into a box that scrolls; let boxes and listings take the focus."""
    boxed = TABLE.sub(
        lambda found: f"{BOX}{found[0]}</div>",
        html,
    )
    return boxed.replace("<pre>", '<pre tabindex="0">')
