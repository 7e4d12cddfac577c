"""Opening a desk: a folder of the user, a free port on loopback, an address that opens once."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Callable
from pathlib import Path

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.sandbox import preload
from sbrt_qa.web.desk.desk_app import DeskApp
from sbrt_qa.web.desk.desk_checks import DeskChecks
from sbrt_qa.web.desk.desk_work import DeskWork
from sbrt_qa.web.folder_lock import only_server
from sbrt_qa.web.http_server import Served, listening, made_server
from sbrt_qa.web.request_guard import ServedAt, loopback_hosts
from sbrt_qa.web.session_tokens import new_session_id
from sbrt_qa.web.working.session_rows import LONGEST_SECONDS, Sessions
from sbrt_qa.web.working.working_store import WorkingStore

PRELOADED = ("sbrt_qa.pipeline.untrusted_report", "sbrt_qa.dicom.load", "sbrt_qa.review.review")


def desk_folder() -> Path:
    """Return where a desk keeps its checks, as the XDG base directory specification says."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    base = given if given.is_absolute() else Path.home() / ".local" / "share"
    return base / "sbrt_qa" / "desk"


def run_desk(port: int, folder: Path | None, told: Callable[[str], None], *, browser: bool) -> None:
    """Serve a desk until it is told to end.

    Parameters
    ----------
    port
        On loopback; 0 is any free one.
    folder
        Where checks are kept; the user's own unless given.
    told
        Called with the opening address once it can be used.
    browser
        Open it.

    Raises
    ------
    UsageError
        The folder cannot be used or another desk has it, or the port is taken.
    """
    place = folder or desk_folder()
    os.umask(0o077)
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            "the folder of the desk cannot be used", got=quoted(error.strerror or place.name)
        ) from error
    server = listening("127.0.0.1", port)
    number = server.getsockname()[1]
    with server, only_server(place, "desk"):
        token = new_session_id()
        address = f"http://127.0.0.1:{number}/?token={token}"
        store = WorkingStore.in_folder(place)
        sessions = Sessions(store, idle_seconds=LONGEST_SECONDS)
        sessions.end_everyones()
        checks = DeskChecks(place)
        checks.tidy()
        preload(PRELOADED, at_once=True)
        work = DeskWork(checks)
        where = ServedAt(loopback_hosts(number))
        app = DeskApp(where, sessions, checks, work, token, f"sbrtqa-desk-{number}")

        def ready() -> None:
            told(address)
            if browser:
                webbrowser.open(address)

        try:
            made_server(app.framed(), Served(port=number), ready).run(sockets=[server])
        finally:
            work.close()
            checks.tidy()
            store.close()
