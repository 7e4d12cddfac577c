"""The command line in processes of their own, forked from one that has imported everything.

    python warm.py SOCKET

Each connection sends one JSON document: arguments, folder, environment, and the files that take
what is printed. The command then runs as ``python -m sbrt_qa.cli`` in a new process, which ends as
any does; its exit code is the answer. Reviews are forked from one process for all commands.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import sbrt_qa.audit
import sbrt_qa.cli.main
import sbrt_qa.pipeline
import sbrt_qa.reports
from sbrt_qa.sandbox import nothing, preload

NOT_LOADED = ("sbrt_qa.audit.loaded", "sbrt_qa.audit.store.migrations.env")
"""Modules that act when they are imported."""


def share_the_forkserver() -> None:
    """Let commands ask the forkserver of this process, which is not their child."""
    preload(["__main__", "sbrt_qa.audit.loaded"], at_once=True)
    forkserver._forkserver.ensure_running = nothing  # type: ignore[attr-defined]
    forkserver.ensure_running = nothing


def load_the_commands() -> None:
    """Import what commands of an audit import late, all but what reviews a plan when imported."""
    for room in (sbrt_qa.audit, sbrt_qa.pipeline, sbrt_qa.reports):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not found.name.startswith(NOT_LOADED):
                importlib.import_module(found.name)
    gc.freeze()  # what is there already is shared by all, and never garbage


def begin(asked: dict[str, Any]) -> None:
    """Make this process what a shell would start."""
    os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, path, mode in (
        (0, os.devnull, os.O_RDONLY), (1, asked["out"], os.O_WRONLY), (2, asked["err"], os.O_WRONLY)
    ):  # fmt: skip
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["sbrt-qa", *asked["arguments"]]


def serve(listening: socket.socket) -> bool:
    """Fork for each connection; return, with true, in the process of a command.

    It ends when its standard input does: when whoever started it is gone.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            return False
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        listening.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with connection, connection.makefile("rw") as stream:
            asked = json.loads(stream.readline())
            command = os.fork()
            if command:
                _, status = os.waitpid(command, 0)
                with contextlib.suppress(OSError):
                    stream.write(f"{os.waitstatus_to_exitcode(status)}\n")
                    stream.flush()
                os._exit(0)
        begin(asked)
        return True


def main() -> None:
    path = Path(sys.argv[1])
    share_the_forkserver()
    load_the_commands()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        print("ready", flush=True)
        is_command = serve(listening)
    if is_command:
        runpy.run_module("sbrt_qa.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
