"""``sbrt-qa desk``: the program as a page on this machine, for one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli.output import tell


def desk(
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port on this machine; 0: any free."
        ),
    ] = 0,
    no_browser: Annotated[  # noqa: FBT002
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="FOLDER", help="Where checks are kept; else a folder of your user."
        ),
    ] = None,
) -> None:
    """Open a page on this machine: drop a plan's files, read the report, keep it.

    One person, no account; nothing leaves the machine. The address opens once, in one browser.
    Dropped files are read in processes with time, memory and CPU caps, and deleted when the desk
    ends; reports stay until they are removed.
    """
    from sbrt_qa.web.desk.desk_service import run_desk

    def told(address: str) -> None:
        print(address, flush=True)
        tell("the desk is open at this address; Ctrl-C ends it")

    run_desk(port, folder, told, browser=not no_browser)
