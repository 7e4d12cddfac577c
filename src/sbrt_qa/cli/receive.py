"""``sbrt-qa receive``: what planning systems and archives send, by C-STORE and from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.listening_options import ListenAddress, ListenPort
from sbrt_qa.cli.output import tell

if TYPE_CHECKING:
    from sbrt_qa.network.peers import Peer
    from sbrt_qa.network.storing import Arrived
    from sbrt_qa.web.working.working_store import WorkingStore


def receive(
    audit: AuditFolder,
    peers: Annotated[
        Path,
        typer.Option(
            "--peers", metavar="FILE", help="Who may send: [[peer]], [[orthanc]], [[watch]] (TOML)."
        ),
    ],
    port: ListenPort = 11112,
    address: ListenAddress = "127.0.0.1",
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
    database: Database = "",
) -> None:
    """Take in what the systems of sites send, for the review office of AUDIT.

    C-STORE and C-ECHO of peers in FILE, known by AE titles, address and certificate; and what
    Orthanc servers and folders in FILE have. What arrives lands in AUDIT.intake beside AUDIT; it is
    on disk before it is answered for. Ends with SIGTERM or Ctrl-C.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.network.peers import read_sources
    from sbrt_qa.network.receiver import ReceiverPlace, run_receiver
    from sbrt_qa.web.working.landing_place import landing_of
    from sbrt_qa.web.working.working_store import WorkingStore

    place = ReceiverPlace(
        read_sources(peers), address, port, tls_cert, tls_key, tls_peers, idle, as_root=as_root
    )
    opened = open_audit(audit)
    where = database or opened.settings.database
    store = WorkingStore.in_database(where) if where else WorkingStore.in_folder(opened.folder)
    try:
        landing, office = landing_of(opened.folder, store), _Office(store)
        counts = run_receiver(landing, place, _say, office.record, office, office.taken)
    finally:
        store.close()
    for what, number in counts.items():
        tell(f"{what}: {number}")


def _say(line: str) -> None:
    print(line, flush=True)


class _Office:
    """The rows of an office in which arrivals and open associations stand.

    Parameters
    ----------
    store
        Its working state.
    """

    def __init__(self, store: WorkingStore) -> None:
        from sbrt_qa.web.working.arrival_rows import Arrivals

        self._store, self._rows = store, Arrivals(store)

    def record(self, arrived: Arrived) -> bool:
        """Record an arrival; tell whether other content came under its UID before."""
        from sbrt_qa.web.working.arrival_rows import record_arrival

        row = record_arrival(
            self._store, arrived.source, arrived.landed, sop_uid=arrived.sop_instance
        )
        return row.is_conflict

    def taken(self, site: str, since: float) -> int:
        """Return how many bytes came from a site by C-STORE since a time."""
        return self._rows.bytes_since("c-store", site, since)

    def begun(self, peer: Peer) -> int:
        """Note that a peer has an association open; return its number."""
        from sbrt_qa.intake.landing import ArrivalSource

        return self._rows.association_begun(ArrivalSource("c-store", peer.site, peer.calling))

    def goes_on(self, number: int) -> None:
        """Note that an association is still open."""
        self._rows.association_goes_on(number)

    def ended(self, number: int) -> None:
        """Note that an association is over."""
        self._rows.association_ended(number)
