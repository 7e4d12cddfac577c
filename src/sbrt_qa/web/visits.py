"""One request as a page sees it, and the answers that pages give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from sbrt_qa.web.request_guard import RequestHead
from sbrt_qa.web.working.session_rows import OpenSession

TOKEN_FIELD: Final = "token"  # noqa: S105 - the name of a field
TOKEN_HEADER: Final = "x-form-token"  # noqa: S105 - the name of a header

MOST_TEXT: Final = 10_000
"""Characters of one field that a page is handed; longer ones are cut."""


class PageError(Exception):
    """A page ends with the page of an error; `status` says which."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Visit:
    """One request.

    Parameters
    ----------
    number
        Of the request, in the log and on a page of errors.
    method, path
        As they were asked for.
    known
        Host, TLS and address.
    places
        Parts of the path that a door leaves open.
    query, fields
        Values of the address and of a form; of several with one name all.
    cookie
        Id of the session as the browser sent it, or a fresh one that this answer sets.
    session
        The session that holds; None where nobody is signed in.
    language
        Of the page.
    who
        What the application knows of who asks; None unless somebody is signed in.
    """

    number: str
    method: str
    path: str
    known: RequestHead
    places: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cookie: str = ""
    session: OpenSession | None = None
    language: str = "en"
    who: Any = None

    def asked(self, name: str, otherwise: str = "") -> str:
        """Return a value of the address."""
        return self.query.get(name, (otherwise,))[-1][:MOST_TEXT]

    def said(self, name: str, otherwise: str = "") -> str:
        """Return a value of the form."""
        return self.fields.get(name, (otherwise,))[-1][:MOST_TEXT]


def see_other(path: str, **query: str) -> Response:
    """Lead to a page of ours; 303, so that nothing is sent twice."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, HTTPStatus.SEE_OTHER)


PAGES_WITH_FORMS: Final = ("cases", "readings", "uploads")
"""First parts of addresses whose second names a row; forms are sent to addresses below it."""


def page_of(path: str) -> str:
    """Return the page that holds the form which is sent to a path, as far as the path tells."""
    parts = path.split("/")
    if len(parts) > 2 and parts[1] in PAGES_WITH_FORMS:
        return own_path("/".join(parts[:3]))
    return own_path(f"/{parts[1]}") if len(parts) == 2 or parts[1:2] == ["queue"] else "/"


def own_path(text: str) -> str:
    """Return a path of ours that a form named as its next page; ``/`` for anything else."""
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    return text if is_ours and text.isascii() and text.isprintable() else "/"


def data(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:  # noqa: ANN401 - JSON
    """Answer with JSON."""
    return JSONResponse(value, status)


def download(content: bytes, name: str, kind: str) -> Response:
    """Answer with a file to keep; `name` is made of codes, never of text from a file."""
    held = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
    headers = {"content-disposition": f'attachment; filename="{held}"'}
    return Response(content, media_type=kind, headers=headers)
