"""An application made of doors: who asks, whether they may, and the form they sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route

from sbrt_qa.web.body_limits import FORM_BYTES
from sbrt_qa.web.doors import ANYONE, Door, Page, Streaming
from sbrt_qa.web.page_templates import NAMES_OF_LANGUAGES, error_page, static_file
from sbrt_qa.web.request_guard import READING, RequestHead, ServedAt
from sbrt_qa.web.security_frame import NUMBER, PATTERN, SEEN, Receive, Scope, SecurityFrame, Send
from sbrt_qa.web.session_tokens import is_form_token, is_session_id, new_session_id
from sbrt_qa.web.visits import TOKEN_FIELD, TOKEN_HEADER, PageError, Visit, own_path, see_other
from sbrt_qa.web.working.session_rows import Sessions

LANGUAGE_COOKIE: Final = "sbrtqa-language"
MOST_FIELDS: Final = 2_000
YEAR_SECONDS: Final = 365 * 24 * 3600


class PagesApp(ABC):
    """What a desk and an office have in common.

    Parameters
    ----------
    place
        Where the pages are.
    sessions
        Who is signed in.
    cookie
        Name of the cookie; with TLS it begins with ``__Host-``.
    """

    doors: tuple[Door, ...] = ()

    def __init__(self, place: ServedAt, sessions: Sessions, cookie: str) -> None:
        self.place, self.sessions = place, sessions
        self.cookie = cookie
        self._routes = [
            (Route(d.path, _unused, methods=[d.method]), d) for d in (*COMMON, *self.doors)
        ]

    def framed(self) -> SecurityFrame:
        """Return the application in its frame, as a server calls it."""
        return SecurityFrame(self._inner, self.place, error_page, self._most_bytes)

    # --- what an application decides -----------------------------------------------------------

    @abstractmethod
    def allows(self, visit: Visit, right: str) -> bool:
        """Tell whether who asks has a right, from what is true now."""

    @abstractmethod
    def stranger(self, visit: Visit) -> Response:
        """Answer who is not signed in, and asked for a page that may or may not be there."""

    def before(self, _visit: Visit) -> Response | None:
        """Answer in place of every page, for as long as something has to come first."""
        return None

    def known(self, visit: Visit) -> Visit:
        """Return a visit with what is known of who asks."""
        return visit

    def by_token(self, visit: Visit, _token: str) -> Visit:
        """Return a visit of a program that shows a token; nobody's where it does not hold."""
        return visit

    def ended(self, visit: Visit) -> Response:
        """Answer a form of nobody, of a session that has ended perhaps; alike for every address."""
        return _error(HTTPStatus.FORBIDDEN, visit)

    def after_form(self) -> None:  # noqa: B027 - an application may leave it
        """Do what follows every form that was sent, whatever came of it; nothing by itself."""

    def looked_at(self, _visit: Visit, _door: Door) -> None:  # noqa: B027 - an application may leave it
        """Note that a page is shown to somebody, before it leaves; nothing by itself."""

    # --- one request -----------------------------------------------------------------------------

    def _most_bytes(self, method: str, path: str) -> int:
        found = self._door(method, path)
        return found[0].most_bytes if found else FORM_BYTES

    def _door(self, method: str, path: str) -> tuple[Door, Mapping[str, str]] | None:
        asked = "GET" if method == "HEAD" else method
        scope = {"type": "http", "method": asked, "path": path, "root_path": ""}
        for route, door in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return door, {k: str(v) for k, v in child["path_params"].items()}
        return None

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        found = self._door(request.method, request.url.path)
        request.scope[PATTERN] = found[0].path if found else "-"
        visit = _visit_of(request, self.cookie, found[1] if found else {})
        try:
            answer = await self._through(visit, found and found[0], request)
        except PageError as error:
            answer = _error(error.status, visit)
        except HTTPException as error:  # a form that cannot be read
            answer = _error(HTTPStatus(error.status_code), visit)
        return answer

    async def _through(self, visit: Visit, door: Door | None, request: Request) -> Response:
        bearer = _bearer(request) if door is not None and door.bearer else ""
        visit = await run_in_threadpool(self._recognised, visit, bearer)
        changes = visit.method not in READING
        streams = door is not None and door.streams
        if changes:
            if not streams:
                visit = replace(visit, fields=await _fields(request))
            sent = request.headers.get(TOKEN_HEADER) or visit.said(TOKEN_FIELD)
            later = door is not None and door.token_inside
            held = visit.session is not None if later else is_form_token(visit.cookie, sent)
            held = held or bool(
                bearer and visit.session is not None
            )  # no browser sends one unasked
            if not held and visit.session is None:
                return await run_in_threadpool(self.ended, visit)
            if not held:
                raise PageError(HTTPStatus.FORBIDDEN)
        elif not visit.cookie and not bearer:
            return await self._with_cookie(visit, door)
        if streams and door is not None:
            refused = await run_in_threadpool(self._refused, visit, door)
            return refused or await cast("Streaming", door.page)(self, visit, request)
        return await run_in_threadpool(self._page, visit, door)

    async def _with_cookie(self, visit: Visit, door: Door | None) -> Response:
        """Answer a first visit: its forms belong to a fresh id, which signing in replaces."""
        fresh = replace(visit, cookie=new_session_id())
        answer = await run_in_threadpool(self._page, fresh, door)
        if isinstance(answer, HTMLResponse) and b"set-cookie" not in dict(answer.raw_headers):
            self.set_cookie(answer, fresh.cookie)
        return answer

    def _recognised(self, visit: Visit, bearer: str) -> Visit:
        if bearer:
            return self.by_token(replace(visit, cookie=""), bearer)
        visit = replace(visit, session=self.sessions.of(visit.cookie))
        return self.known(visit)

    def _page(self, visit: Visit, door: Door | None) -> Response:
        refused = self._refused(visit, door)
        if refused is not None or door is None:
            return refused or _error(HTTPStatus.NOT_FOUND, visit)
        try:
            answer = cast("Page", door.page)(self, visit)
        finally:
            if visit.method not in READING:
                self.after_form()
        if visit.method in READING and answer.status_code == HTTPStatus.OK and door not in COMMON:
            self.looked_at(visit, door)
        return answer

    def _refused(self, visit: Visit, door: Door | None) -> Response | None:
        """Return what is answered instead of the page; None where it may be shown."""
        if door is not None and door in COMMON:
            return None
        first = self.before(visit)
        if first is not None:
            return first
        if door is not None and door.right == ANYONE:
            return None
        if visit.session is None:
            return self.stranger(visit)
        if door is None or not self.allows(visit, door.right):
            return _error(HTTPStatus.NOT_FOUND, visit)
        return None

    # --- cookies ---------------------------------------------------------------------------------

    def set_cookie(self, answer: Response, session_id: str) -> None:
        """Give the browser the id of a session: no script reads it, no other site sends it."""
        secure = self.cookie_is_secure
        answer.set_cookie(
            self.cookie, session_id, path="/", httponly=True, secure=secure, samesite="lax"
        )

    @property
    def cookie_is_secure(self) -> bool:
        """Whether the cookie goes over TLS only."""
        return self.place.secure or bool(self.place.proxies)

    def sign_in(self, visit: Visit, account: str, answer: Response) -> Response:
        """Begin a session under a new id, and end the one before."""
        if visit.session is not None:
            self.sessions.end(visit.cookie)
        self.set_cookie(answer, self.sessions.begin(account))
        return answer


async def _lifespan(receive: Receive, send: Send) -> None:
    """Say that there is nothing to start and nothing to end."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _unused(_: Request) -> Response:
    raise NotImplementedError


def _error(status: HTTPStatus, visit: Visit) -> Response:
    return HTMLResponse(error_page(status, visit.number, visit.language), status)


def _visit_of(request: Request, cookie: str, places: Mapping[str, str]) -> Visit:
    sent = request.cookies.get(cookie, "")
    return Visit(
        number=request.scope[NUMBER],
        method=request.method,
        path=request.url.path,
        known=cast("RequestHead", request.scope[SEEN]),
        places=places,
        query=_several(request.query_params.multi_items()),
        cookie=sent if is_session_id(sent) else "",
        language=_language(request),
    )


def _language(request: Request) -> str:
    """Return the language that somebody chose, else the first of the browser's that there is."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in NAMES_OF_LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        code = part.partition(";")[0].strip().partition("-")[0].lower()
        if code in NAMES_OF_LANGUAGES:
            return code
    return "en"


async def _fields(request: Request) -> Mapping[str, tuple[str, ...]]:
    """Read a form without files; anything else has no fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    form: FormData = await request.form(max_files=0, max_fields=MOST_FIELDS)
    texts = [(k, v) for k, v in form.multi_items() if isinstance(v, str)]
    return _several([(k, v.replace("\r\n", "\n")) for k, v in texts])  # as browsers send lines


def _several(pairs: Sequence[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


# --- doors of every application ------------------------------------------------------------------


def _static(_: Any, visit: Visit) -> Response:  # noqa: ANN401 - any application
    found = static_file(visit.places["name"])
    return found or _error(HTTPStatus.NOT_FOUND, visit)


def _choose_language(_: Any, visit: Visit) -> Response:  # noqa: ANN401 - any application
    answer, chosen = see_other(own_path(visit.said("next", "/"))), visit.said("language")
    if chosen in NAMES_OF_LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, path="/", httponly=True, samesite="lax", max_age=YEAR_SECONDS
        )
    return answer


COMMON: Final = (
    Door("GET", "/static/{name}", ANYONE, _static),
    Door("POST", "/language", ANYONE, _choose_language),
)
