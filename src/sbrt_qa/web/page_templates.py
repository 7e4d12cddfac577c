"""Pages as HTML, in the language of who asks; whatever stands in them is escaped."""

from __future__ import annotations

import functools
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, languages, msg
from sbrt_qa.office.roles import OF_A_SITE, Right, Role
from sbrt_qa.protocol.wording import rounded
from sbrt_qa.reports.html.viewer_words import ROOT_SCRIPT, VIEWER_SCRIPTS, VIEWER_STYLES
from sbrt_qa.reports.html.viewer_words import STATIC as STATIC_OF_REPORTS
from sbrt_qa.web.screen_keys import EVERYWHERE_KEYS
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.visits import Visit

HOME: Final = Path(__file__).parent
TEMPLATES: Final = HOME / "templates"
STATIC: Final = HOME / "static"

SHARED: Final = {
    path.name: path
    for path in (
        STATIC_OF_REPORTS / name for name in (ROOT_SCRIPT, *VIEWER_SCRIPTS, *VIEWER_STYLES)
    )
}
"""Scripts and styles of histograms and viewer, which reports carry within themselves."""

KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

ERRORS: Final = {
    HTTPStatus.BAD_REQUEST: msg("This address is not served here."),
    HTTPStatus.FORBIDDEN: msg("This request was refused."),
    HTTPStatus.NOT_FOUND: msg("There is no such page."),
    HTTPStatus.REQUEST_TIMEOUT: msg("The upload was too slow and was broken off."),
    HTTPStatus.CONFLICT: msg("This has changed meanwhile. Go back and look again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: msg("The upload is larger than is allowed here."),
    HTTPStatus.TOO_MANY_REQUESTS: msg("Too many requests at once. Wait a minute and try again."),
    HTTPStatus.INTERNAL_SERVER_ERROR: msg("Something failed on our side; nothing was changed."),
    HTTPStatus.INSUFFICIENT_STORAGE: msg("There is no space left on the disk."),
}
"""What an error page says."""

NAMES_OF_LANGUAGES: Final = {"en": "English", "zh": "中文"}


OFFICE_PAGES: Final[tuple[tuple[str, str, str, Right | frozenset[Role] | None], ...]] = (
    ("/", msg("Start"), "s", None),
    ("/site", msg("My site"), "u", OF_A_SITE),
    ("/queue", msg("Queue"), "q", Right.SEE_CASE),
    ("/intake", msg("Intake"), "i", Right.ASSIGN),
    ("/dashboard", msg("Dashboard"), "d", Right.SEE_TRIAL_TRAIL),
    ("/conflicts", msg("Conflicts of interest"), "c", Right.SEE_CONFLICTS),
    ("/trail", msg("Trail"), "t", Right.SEE_TRIAL_TRAIL),
    ("/accounts", msg("Accounts"), "a", Right.MANAGE_ACCOUNTS),
    ("/options", msg("Options"), "o", Right.MANAGE_ACCOUNTS),
)
"""Pages of an office that are offered above every page: address, words, the key after ``g``, and
the right that each needs, or the roles that it is for."""


def pages_of(person: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - who is signed in
    """Return the pages that are offered to somebody, each with the key that leads there."""
    return [page[:3] for page in OFFICE_PAGES if _is_for(person, page[3])]


def _is_for(person: Any, needed: Right | frozenset[Role] | None) -> bool:  # noqa: ANN401
    if isinstance(needed, frozenset):
        return bool(needed.intersection(person.roles))
    return needed is None or bool(person.might(needed))


def visible_lines(text: str) -> str:
    """Return a text of several lines as :func:`visible` shows each of them."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


@functools.cache
def words_of(language: str) -> Words:
    """Return the sentences of a language, English for one there is not."""
    return Words(language if language in languages() else "en")


def as_bound(value: float) -> str:
    """Return a bound as it is read: two decimals, four below 1, no zeros at the end."""
    return f"{round(value, 2 if abs(value) >= 1 else 4):.10g}"


def as_ratio(value: float) -> str:
    """Return a part of one, or a measure of agreement, with two decimals; 0 has no sign."""
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "\u2212")


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([TEMPLATES, STATIC_OF_REPORTS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static_address
    made.globals["every_key"] = EVERYWHERE_KEYS
    made.filters["visible"] = visible
    made.filters["lines"] = visible_lines
    made.filters["pages"] = pages_of
    made.filters["rounded"] = lambda value, *limits: rounded(value, limits)
    made.filters["bound"] = as_bound
    made.filters["signed"] = lambda value: rounded(value, signed=True).replace("-", "\u2212")
    made.filters["ratio"] = as_ratio
    return made


def rendered(template: str, language: str, **values: object) -> str:
    """Return a page as text."""
    words = words_of(language)
    found = _environment().get_template(template)
    tag = {"zh": "zh-Hans"}.get(words.language, words.language)
    known = {"languages": NAMES_OF_LANGUAGES, "language": words.language, "tag": tag, "_": words}
    return found.render(**known, **values)


def shown(
    visit: Visit, template: str, status: HTTPStatus = HTTPStatus.OK, **values: object
) -> Response:
    """Answer with a page; it knows who asks and the token of its forms."""
    about = {"visit": visit, "token": form_token(visit.cookie) if visit.cookie else ""}
    return HTMLResponse(rendered(template, visit.language, **about, **values), status)


def error_page(status: HTTPStatus, number: str, language: str = "en") -> bytes:
    """Return the page of an error: what it is in one sentence, and the number of the request."""
    known = status if status in ERRORS else HTTPStatus.INTERNAL_SERVER_ERROR
    return rendered("error.j2", language, sentence=ERRORS[known], number=number).encode()


def static_address(name: str) -> str:
    """Return the address of a file of ours, with its hash, so that an old one is never shown."""
    return f"/static/{name}?v={_hash(name)}"


@functools.cache
def _hash(name: str) -> str:
    return hashlib.sha256(_static_path(name).read_bytes()).hexdigest()[:12]


def _static_path(name: str) -> Path:
    return SHARED.get(name, STATIC / name)


def static_file(name: str) -> Response | None:
    """Return a file of ours by its name, None where there is none."""
    known = SHARED | {path.name: path for path in STATIC.iterdir() if path.suffix in KINDS}
    path = known.get(name)
    return Response(path.read_bytes(), media_type=KINDS[path.suffix]) if path else None
