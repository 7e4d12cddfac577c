"""Options that say in which language something is written."""

from __future__ import annotations

from typing import Annotated

import typer


def _known_language(code: str) -> str:
    from sbrt_qa.i18n.words import refuse_unknown  # start-up: catalogues only when asked for

    if code not in ("", "en"):
        refuse_unknown(code)
    return code


Language = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="CODE",
        callback=_known_language,
        help="Language of the sentences: en, zh. Formats for programs stay as they are.",
    ),
]
ReportLanguage = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="CODE",
        callback=_known_language,
        help="Language of case reports from now on: en, zh. It is kept; English at first.",
    ),
]
