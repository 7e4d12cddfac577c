"""A PostgreSQL server of the tests' own: started here, in its own folder, on a local socket."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

COUNTER = itertools.count(1)
PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql")

MEMORY = Path("/dev/shm")  # noqa: S108 - no name in it is known before
ROOM_BYTES = 2_000_000_000
"""What a memory of files must have free to hold a server: many small databases are made in it."""

QUICK = ("fsync=off", "autovacuum=off")
"""Settings of a server whose data nobody needs after a crash; nothing that a client can see."""


def program(name: str) -> str | None:
    """Find a program of the server; Debian keeps them out of the usual places."""
    found = shutil.which(name)
    if found:
        return found
    inside = [p for place in PLACES for p in sorted(Path(place).glob(f"**/bin/{name}"))]
    return str(inside[-1]) if inside else None


def server_user() -> str | None:
    """Return whom to run the server as: it refuses to be root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command, user=server_user(), capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr


def start(folder: Path) -> None:
    """Start the server of a folder and wait until it answers."""
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    options += "".join(f" -c {one}" for one in QUICK)
    data = ("-D", str(folder / "data"))
    control = str(program("pg_ctl"))
    _run(
        folder, control, *data, "-l", str(folder / "log"), "-w", "-t", "900", "-o", options, "start"
    )


def stop(folder: Path) -> None:
    """Stop the server of a folder; whoever is connected loses the connection."""
    _run(folder, str(program("pg_ctl")), "-D", str(folder / "data"), "-m", "immediate", "stop")


def roomy() -> Path | None:
    """Return where files lie in memory if there is room; None for the usual place."""
    there = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if there else None


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server and give the address of its database; stop it and remove all afterwards."""
    initdb = program("initdb")
    if initdb is None or program("pg_ctl") is None:
        raise FileNotFoundError("initdb")
    folder = Path(tempfile.mkdtemp(prefix="sbrt_qa_pg_", dir=roomy()))
    if (user := server_user()) is not None:
        shutil.chown(folder, user)
    data = ("-D", str(folder / "data"))
    try:
        _run(folder, initdb, *data, "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8")
        start(folder)
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            stop(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(server: str, like: str = "") -> str:
    """Make a database of its own on the server: empty, or a copy of one that nobody is at."""
    name = f"trial_{next(COUNTER)}"
    copied = f" TEMPLATE {sa.make_url(like).database}" if like else ""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}{copied}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


def drop_database(server: str, url: str) -> None:
    """Remove a database that a test is done with; who is still connected loses the connection."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        name = sa.make_url(url).database
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()
