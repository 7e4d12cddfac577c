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
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    data = ("-D", str(folder / "data"))
    control = str(program("pg_ctl"))
    _run(
        folder, control, *data, "-l", str(folder / "log"), "-w", "-t", "900", "-o", options, "start"
    )


def stop(folder: Path) -> None:
    """Stop the server of a folder; whoever is connected loses the connection."""
    _run(folder, str(program("pg_ctl")), "-D", str(folder / "data"), "-m", "immediate", "stop")


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server and give the address of its database; stop it and remove all afterwards."""
    initdb = program("initdb")
    if initdb is None or program("pg_ctl") is None:
        raise FileNotFoundError("initdb")
    folder = Path(tempfile.mkdtemp(prefix="sbrt_qa_pg_"))
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


def fresh_database(server: str) -> str:
    """Make a database of its own on the server."""
    name = f"trial_{next(COUNTER)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")
