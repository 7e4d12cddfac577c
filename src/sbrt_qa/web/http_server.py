"""Serving pages over HTTP: the address, TLS, and answers to what is no request at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.web.page_templates import error_page
from sbrt_qa.web.response_headers import secured
from sbrt_qa.web.security_frame import SecurityFrame
from sbrt_qa.web.session_tokens import new_object_id

HEAD_SECONDS: Final = 15.0
"""How long a client has for the head of its first request."""

MOST_CONNECTIONS: Final = 400
MOST_OF_ONE: Final = 200
"""Connections of all clients, and of one address that is no proxy."""
STOP_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Served:
    """How pages are served: where, with which certificate, and whether proxies ask for others."""

    address: str = "127.0.0.1"
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False


class GuardedProtocol(H11Protocol):
    """Answers what cannot be read with the headers of every answer, and ends silent clients."""

    most_of_one = MOST_OF_ONE
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - of the event loop
        """Give a client a while to say what it wants; one that has too many is not heard."""
        super().connection_made(transport)
        clients = [getattr(one, "client", None) for one in self.connections]
        mine = self.client and self.client[0]
        if sum(client is not None and client[0] == mine for client in clients) > self.most_of_one:
            transport.abort()
            return
        self._waiting = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._silent)

    def _silent(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a client."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - theirs
        """Answer what is no request."""
        page = error_page(HTTPStatus.BAD_REQUEST, new_object_id()[:12])
        headers = secured([(b"content-type", b"text/html; charset=utf-8")])
        lines = [b"HTTP/1.1 400 Bad Request", *(b": ".join(pair) for pair in headers)]
        lines += [b"content-length: %d" % len(page), b"connection: close", b"", b""]
        self.transport.write(b"\r\n".join(lines) + page)
        self.transport.close()


class ProxiedProtocol(GuardedProtocol):
    """The same behind proxies, which ask for everybody."""

    most_of_one = MOST_CONNECTIONS


def listening(address: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any free one.

    Raises
    ------
    UsageError
        The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise UsageError(
            "the address cannot be used",
            got=quoted(f"{address}:{port}: {error.strerror}"),
            advice="Something else may listen there; choose another with --port",
        ) from error
    made.set_inheritable(False)
    return made


def made_server(
    app: SecurityFrame, served: Served, ready: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Return a server of pages; `run(sockets=[...])` serves until it is told to end.

    Parameters
    ----------
    ready
        Called once pages can be asked for.
    """
    config = uvicorn.Config(
        cast("Any", app),
        http=ProxiedProtocol if served.behind_proxy else GuardedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=STOP_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        ssl_certfile=served.certificate,
        ssl_keyfile=served.key,
    )
    return _Serving(config, ready)


class _Serving(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
