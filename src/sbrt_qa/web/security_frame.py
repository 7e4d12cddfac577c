"""The frame around every page: guards before it, headers and a plain page of errors behind it.

What goes wrong inside is told by the number of the request alone. The log has one line for each
request: its number, the method, the pattern of its address, the status and the time; no address as
it was asked for, no name, no text of a form.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from starlette.requests import ClientDisconnect

from sbrt_qa.errors import own_fault
from sbrt_qa.web.body_limits import FORM_BYTES, BodyRefusedError, LimitedBody, OpenBodies
from sbrt_qa.web.request_guard import ServedAt, refusal, seen
from sbrt_qa.web.response_headers import secured
from sbrt_qa.web.session_tokens import new_object_id

LOG: Final = logging.getLogger("sbrt_qa.web")

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Inner: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
ErrorPage: TypeAlias = Callable[[HTTPStatus, str], bytes]
"""Makes the page of an error from its status and the number of the request."""

GONE: Final = 499
"""Noted of a request whose sender went away before it was whole; nothing is sent."""

NUMBER: Final = "request_number"
SEEN: Final = "request_seen"
PATTERN: Final = "request_pattern"
"""What the frame keeps for the pages in the scope of a request."""


class SecurityFrame:
    """An application behind guards, as a server calls it.

    Parameters
    ----------
    inner
        The pages.
    place
        Where they are, and who stands before them.
    error_page
        Makes the page of an error.
    most_bytes
        Largest body by the path of the request; that of a form unless a path may have more.
    """

    def __init__(
        self,
        inner: Inner,
        place: ServedAt,
        error_page: ErrorPage,
        most_bytes: Callable[[str, str], int] = lambda _method, _path: FORM_BYTES,
    ) -> None:
        self._inner, self._place, self._error_page = inner, place, error_page
        self._most_bytes, self._bodies = most_bytes, OpenBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:  # no sockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        number, begun = new_object_id()[:12], time.perf_counter()
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        known = seen(headers, (scope.get("client") or ("",))[0], self._place)
        scope.update({NUMBER: number, SEEN: known, PATTERN: "-"})
        answer = _Answering(send, secure=known.secure)
        try:
            refused = refusal(scope["method"], headers, known, self._place)
            if refused is not None:
                await self._tell(answer, refused, number)
                return
            most = self._most_bytes(scope["method"], scope["path"])
            body = LimitedBody(
                receive, headers, most, self._bodies, known.address  # type: ignore[arg-type]
            )  # fmt: skip
            try:
                await self._inner(scope, body, answer)
            finally:
                body.end()
        except BodyRefusedError as error:
            await self._tell(answer, error.status, number, close=True)
        except ClientDisconnect:  # whoever asked is gone: no fault of ours, and nobody to answer
            answer.status = answer.status or GONE
        except Exception as error:  # noqa: BLE001 - whatever it is, the page tells its number only
            LOG.error(  # noqa: TRY400 - a traceback may hold names
                "request %s failed: %s", number, own_fault(error).what
            )
            await self._tell(answer, HTTPStatus.INTERNAL_SERVER_ERROR, number)
        finally:
            took = (time.perf_counter() - begun) * 1000
            told = (number, scope["method"][:8], scope[PATTERN], answer.status, took)
            LOG.info("%s %s %s %s %.0f ms", *told)

    async def _tell(
        self, answer: _Answering, status: HTTPStatus, number: str, *, close: bool = False
    ) -> None:
        """Answer with the page of an error, unless an answer has begun already."""
        if answer.status:
            return
        page = self._error_page(status, number)
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(page)).encode()),
            *([(b"connection", b"close")] if close else []),
        ]
        await answer({"type": "http.response.start", "status": int(status), "headers": headers})
        await answer({"type": "http.response.body", "body": page})


class _Answering:
    """Hands an answer on, with the headers that stand on every one."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send, self._secure, self.status = send, secure, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = secured(list(message.get("headers", [])), secure=self._secure)
            message = {**message, "headers": headers}
        await self._send(message)
