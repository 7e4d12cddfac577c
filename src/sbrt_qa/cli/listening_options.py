"""Options of programs that listen on a port."""

from __future__ import annotations

from typing import Annotated

import typer

ListenPort = Annotated[
    int,
    typer.Option(
        "--port", metavar="N", min=0, max=65535, help="Port to listen on; 0: any free one."
    ),
]
ListenAddress = Annotated[
    str, typer.Option("--address", metavar="IP", help="Address to listen on.")
]
