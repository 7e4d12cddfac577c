"""``sbrt-qa receive``: what planning systems and archives send, by C-STORE and from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder
from sbrt_qa.cli.output import tell
from sbrt_qa.errors import UsageError, quoted


def receive(
    audit: AuditFolder,
    peers: Annotated[
        Path,
        typer.Option(
            "--peers", metavar="FILE", help="Who may send: [[peer]], [[orthanc]], [[watch]] (TOML)."
        ),
    ],
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port to listen on; 0: any free one."
        ),
    ] = 11112,
    address: Annotated[
        str, typer.Option("--address", metavar="IP", help="Address to listen on.")
    ] = "127.0.0.1",
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate for TLS.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Key of the certificate.")
    ] = None,
    tls_peers: Annotated[
        Path | None,
        typer.Option(
            "--tls-peers",
            metavar="FILE",
            help="Certificates of the peers, or of who signed them; then every peer needs one.",
        ),
    ] = None,
    idle: Annotated[
        float,
        typer.Option(
            "--idle",
            metavar="SECONDS",
            min=1.0,
            max=3600.0,
            help="Silence after which an association is ended.",
        ),
    ] = 30.0,
    as_root: Annotated[  # noqa: FBT002
        bool, typer.Option("--as-root", help="Allow root although other machines reach it.")
    ] = False,
) -> None:
    """Take in what the systems of sites send, for the review office of AUDIT.

    C-STORE and C-ECHO of peers in FILE, known by AE titles, address and certificate; and what
    Orthanc servers and folders in FILE have. What arrives lands in AUDIT.intake beside AUDIT; it is
    on disk before it is answered for. Ends with SIGTERM or Ctrl-C.
    """
    from sbrt_qa.network.peers import read_sources
    from sbrt_qa.network.receiver import ReceiverPlace, run_receiver

    if not audit.is_dir():
        raise UsageError(
            "there is no such audit", got=quoted(audit.name), advice="Begin it with sbrt-qa serve"
        )
    place = ReceiverPlace(
        read_sources(peers), address, port, tls_cert, tls_key, tls_peers, idle, as_root=as_root
    )
    root = audit.resolve().with_name(f"{audit.resolve().name}.intake")
    counts = run_receiver(root, place, lambda line: print(line, flush=True))
    for what, number in counts.items():
        tell(f"{what}: {number}")
