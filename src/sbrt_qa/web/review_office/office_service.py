"""Serving an office: where, behind which guards, and the link that sets it up."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sbrt_qa.audit.folder import AuditFolder, AuditSettings, begin, in_language, open_audit
from sbrt_qa.audit.store.connection import shown
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.office.accounts import all_accounts
from sbrt_qa.office.entering import take_in
from sbrt_qa.pipeline import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.service_log import log_to_stderr
from sbrt_qa.sandbox import preload
from sbrt_qa.web.desk.desk_service import PRELOADED
from sbrt_qa.web.folder_lock import only_server
from sbrt_qa.web.http_server import Served, listening, made_server
from sbrt_qa.web.identity.identity_provider import IdentityProvider
from sbrt_qa.web.identity.identity_settings import read_identity_settings
from sbrt_qa.web.request_guard import ServedAt, loopback_hosts, read_network
from sbrt_qa.web.review_office.lost_rows import find_lost
from sbrt_qa.web.review_office.office_app import PASSWORD_LINK, SETUP, OfficeApp
from sbrt_qa.web.review_office.office_doors import office_app
from sbrt_qa.web.review_office.office_worker import JUST_LANDED_SECONDS, for_child
from sbrt_qa.web.working.password_rows import OneTimeLinks
from sbrt_qa.web.working.working_store import WorkingStore, store_of

SETUP_SECONDS: Final = 30 * 60.0
WORKER_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class OfficeServed:
    """How an office is served.

    Parameters
    ----------
    database
        Address of PostgreSQL; a file in the folder when empty.
    address, port
        Where to listen; port 0 is any free one.
    names
        Names that the office is asked for by, besides those of this machine.
    behind_proxy
        Networks of the proxies before it, which speak TLS to the browser.
    certificate, key
        For TLS of our own.
    as_root
        Whether it may run as root.
    works
        Whether it starts a worker for the jobs of the office, which ends with it.
    identity
        File of the identity service by which people may sign in.
    submissions
        Folders where the files of submissions lie, for the pages that show their images.
    language
        In which case reports are written from now on; as before when empty.
    """

    database: str = ""
    address: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    behind_proxy: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    as_root: bool = False
    works: bool = True
    identity: Path | None = None
    submissions: tuple[Path, ...] = ()
    language: str = ""


def run_office(folder: Path, how: OfficeServed, told: Callable[[str], None]) -> None:
    """Serve an office until it is told to end.

    Parameters
    ----------
    folder
        Of the audit; a new one is begun where there is none.
    told
        Called with what the person who started it has to know, once pages can be asked for.

    Raises
    ------
    UsageError
        It would speak plain HTTP to other machines, another process serves the folder, or the
        address is taken.
    StoreError
        The records cannot be used.
    """
    refuse_plain(how)
    os.umask(0o077)
    audit = in_language(opened_audit(folder, how.database), how.language)
    server = listening(how.address, how.port)
    port = server.getsockname()[1]
    with ExitStack() as held:
        held.enter_context(server)
        alone = not how.database and not audit.settings.database
        if alone:
            held.enter_context(only_server(folder, "office"))
        engine = audit.engine(how.database)
        store = store_of(audit, how.database)
        held.callback(engine.dispose)
        held.callback(store.close)
        take_in(engine, now())
        app = office_app(
            served_at(how, port), audit, engine, store, database=how.database,
            submissions=how.submissions,
        )  # fmt: skip
        app.identity = opened_identity(how.identity, app.place)
        held.callback(app.work.close)
        held.callback(app.images.close)
        preload(PRELOADED)
        held.callback(app.access.close)
        if how.works:
            held.callback(ended, started_worker(folder, how.database))
        lost = find_lost(store, app.vault, at_least_seconds=0.0 if alone else JUST_LANDED_SECONDS)
        log_to_stderr("sbrt_qa.web")  # numbers, patterns of addresses, times; no names

        def ready() -> None:
            for line in [*opening_lines(app, how, port), *lost_lines(*lost)]:
                told(line)

        served = Served(how.address, port, how.certificate, how.key, bool(how.behind_proxy))
        made_server(app.framed(), served, ready).run(sockets=[server])


def opened_identity(path: Path | None, place: ServedAt) -> IdentityProvider | None:
    """Return the identity service that a file names; None where no file is given.

    Raises
    ------
    UsageError
        The file is none, packages for it are missing, or it leads back to another office.
    """
    if path is None:
        return None
    settings = read_identity_settings(path)
    host = urlsplit(settings.office).netloc.lower()
    if host not in place.hosts:
        expected = "an address of this office; --name tells its names"
        raise UsageError(
            "the office does not answer under this name", got=quoted(host), expected=expected
        )
    return IdentityProvider(settings)


def started_worker(folder: Path, database: str) -> subprocess.Popen[bytes]:
    """Start a worker in a process of its own; it ends when this one does."""
    command = [sys.executable, "-m", "sbrt_qa.cli", "work", str(folder), "--with-parent"]
    address, environment = for_child(database)
    quiet = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - a command of our own
        [*command, *address], stdin=quiet, stdout=quiet, env=environment
    )


def ended(worker: subprocess.Popen[bytes]) -> None:
    """Let a worker end what it can within some seconds; what it had is done again later."""
    worker.terminate()
    try:
        worker.wait(timeout=WORKER_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def opening_lines(app: OfficeApp, how: OfficeServed, port: int) -> list[str]:
    """Return what is said once an office is open; the set-up link where nobody has an account."""
    scheme = "https" if how.certificate else "http"
    host = f"[{how.address}]" if ":" in how.address else how.address
    address = f"{scheme}://{host}:{port}"
    if all_accounts(app.engine):
        return [f"{address}/"]
    local = f"{scheme}://127.0.0.1:{port}"
    return [f"{local}/setup?token={app.links.make(SETUP, '', SETUP_SECONDS)}"]


def lost_lines(found: int, unknown: int) -> list[str]:
    """Return what is said of files whose rows were lost; nothing where there are none."""
    lines = [f"{counted(found, 'file')} that had landed without a record: taken in again"]
    lines += [f"{counted(unknown, 'file')} without a record set aside: who sent them is not known"]
    return [line for line, number in zip(lines, (found, unknown), strict=True) if number]


def opened_audit(folder: Path, database: str = "") -> AuditFolder:
    """Open an audit; begin one where there is nothing yet."""
    if folder.exists() and any(folder.iterdir()):
        return open_audit(folder)
    return begin(folder, AuditSettings(DEFAULT_PROTOCOL, shown(database) if database else ""))


def password_link(store: WorkingStore, account: int, seconds: float) -> str:
    """Return the path of a link that sets the password of an account, once."""
    token = OneTimeLinks(store).make(PASSWORD_LINK, str(account), seconds)
    return f"/password?token={token}"


def served_at(how: OfficeServed, port: int) -> ServedAt:
    """Return by which names an office is asked for."""
    named = {n.lower() for n in how.names}
    hosts = loopback_hosts(port) | named | {f"{n}:{port}" for n in named}
    if not _is_any(how.address):
        host = f"[{how.address}]" if ":" in how.address else how.address
        hosts |= {f"{host}:{port}", host}
    proxies = tuple(read_network(text) for text in how.behind_proxy)
    return ServedAt(frozenset(hosts), how.certificate is not None, proxies)


def refuse_plain(how: OfficeServed) -> None:
    """Check that nobody's password goes over a network in the clear.

    Raises
    ------
    UsageError
        It would listen beyond this machine without TLS and without a proxy that speaks it; half a
        certificate is given; or it would run as root.
    """
    if (how.certificate is None) != (how.key is None):
        raise UsageError("TLS needs a certificate and its key", expected="--tls-cert and --tls-key")
    if is_loopback(how.address) and not how.behind_proxy:
        return
    if not how.as_root and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise UsageError(
            "an office that other machines reach does not run as root",
            advice="Start it as a user of its own, or say --as-root",
        )
    if how.certificate or how.behind_proxy:
        return
    raise UsageError(
        "an office that other machines reach must use TLS",
        got=quoted(how.address),
        expected="--tls-cert and --tls-key, or --behind-proxy NETWORK",
    )


def is_loopback(address: str) -> bool:
    """Tell whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _is_any(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
