"""``sbrt-qa send``: reports and structure sets to an archive or a planning system, over DICOM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.output import emit, tell
from sbrt_qa.errors import UsageError, visible

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from sbrt_qa.network.dicom_sending import Outgoing, Sent

NOT_CONFIRMED = 10


def send(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="DICOM files, or folders of them.")
    ],
    to: Annotated[
        str,
        typer.Option("--to", metavar="PEER", help="TITLE@HOST:PORT, or https://HOST/dicom-web."),
    ],
    title: Annotated[str, typer.Option("--as", metavar="TITLE", help="Our AE title.")] = "SBRTQA",
    commit: Annotated[  # noqa: FBT002
        bool, typer.Option("--commit", help="Ask the peer to confirm that it keeps them.")
    ] = False,
    listen: Annotated[
        int | None,
        typer.Option(
            "--listen", metavar="PORT", min=1, max=65535, help="Where the peer confirms to."
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", metavar="SECONDS", min=1.0, max=86400.0, help="How long to wait for it."
        ),
    ] = 60.0,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS to TITLE@HOST:PORT.")] = False,  # noqa: FBT002
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Our certificate for TLS.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Key of our certificate.")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", metavar="FILE", help="Certificates trusted besides the usual."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="Bearer token for https.")
    ] = None,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Name for https.")] = "",
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="Password for https, first line."),
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", "-f", help="One of: json, table.")
    ] = "table",
) -> None:
    """Send reports (structured report, PDF) and structure sets, as DICOM files, to PEER.

    By C-STORE, or by STOW-RS where PEER is an address; with --commit, C-STORE asks for storage
    commitment. Exits with 0 (all stored, and confirmed where asked), 10 (stored, not confirmed), 1
    (something was not stored), 2 (usage).
    """
    from sbrt_qa.network.dicom_sending import read_files
    from sbrt_qa.network.http_addresses import basic, first_line, read_address
    from sbrt_qa.network.stow_sending import send_stow

    if output_format not in ("json", "table"):
        raise UsageError("no such format", expected="json or table")
    outgoing = read_files(files)
    if to.startswith(("http://", "https://")):
        if commit:
            raise UsageError(
                "storage commitment is asked for by C-STORE", expected="TITLE@HOST:PORT"
            )
        headers = basic(user, password_file)
        if token_file is not None:
            headers["Authorization"] = f"Bearer {first_line(token_file)}"
        sent = send_stow(read_address(to, headers, ca_file), outgoing)
    else:
        if token_file is not None or user:
            raise UsageError("a token or a name is for https", expected="--to https://…")
        context = _context(tls_cert, tls_key, ca_file) if tls else None
        sent = _dicom(to, title, context, outgoing, listen if commit else None, wait, commit=commit)
    _tell(sent, commit=commit, as_json=output_format == "json")
    if not all(one.is_stored for one in sent):
        raise typer.Exit(exit_codes.UNREADABLE)
    if commit and not all(one.committed for one in sent):
        raise typer.Exit(NOT_CONFIRMED)


def _dicom(
    to: str,
    title: str,
    context: ssl.SSLContext | None,
    outgoing: Sequence[Outgoing],
    listen: int | None,
    wait: float,
    *,
    commit: bool,
) -> list[Sent]:
    from sbrt_qa.network.dicom_sending import (
        CommitmentReports,
        ask_commitment,
        read_peer,
        send_dicom,
    )

    peer = read_peer(to, title, context)
    if not commit:
        return send_dicom(peer, outgoing)
    with CommitmentReports(peer, listen) as reports:
        return ask_commitment(peer, send_dicom(peer, outgoing), reports, wait)


def _context(cert: Path | None, key: Path | None, authority: Path | None) -> ssl.SSLContext:
    import ssl

    if (cert is None) != (key is None):
        raise UsageError("TLS needs a certificate and its key", expected="--tls-cert and --tls-key")
    try:
        context = ssl.create_default_context()
        if authority is not None:
            context.load_verify_locations(authority)
        if cert is not None:
            context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError):
        raise UsageError("a certificate or its key cannot be used for TLS") from None
    return context


def _tell(sent: Sequence[Sent], *, commit: bool, as_json: bool) -> None:
    rows = [
        {
            "file": one.file.path.name, "sop_instance": one.file.sop_instance,
            "stored": one.is_stored, "status": one.status, "committed": one.committed,
        }
        for one in sent
    ]  # fmt: skip
    if as_json:
        emit(json.dumps({"schema": "sbrt_qa.sent/1", "files": rows}, indent=2) + "\n")
        return
    for one in sent:
        state = "stored" if one.is_stored else "NOT stored"
        status = "no answer" if one.status is None else f"{one.status:04X}"
        kept = {None: ", not confirmed", True: ", kept", False: ", NOT kept"}[one.committed]
        emit(visible(f"{one.file.path.name}: {state} ({status}){kept if commit else ''}") + "\n")
    left = sum(not one.is_stored for one in sent)
    tell(f"{len(sent) - left} of {len(sent)} files are stored there")
