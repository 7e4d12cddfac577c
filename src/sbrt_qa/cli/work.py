"""``sbrt-qa work``: a worker of a review office."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.output import tell


def work(
    audit: AuditFolder,
    database: Database = "",
    once: Annotated[  # noqa: FBT002
        bool, typer.Option("--once", help="End when no job waits any more.")
    ] = False,
    lease: Annotated[
        float,
        typer.Option(
            "--lease",
            metavar="SECONDS",
            min=1.0,
            max=3600.0,
            help="How long a worker that says nothing keeps a job.",
        ),
    ] = 60.0,
    with_parent: Annotated[  # noqa: FBT002
        bool, typer.Option("--with-parent", hidden=True, help="End when who started it ends.")
    ] = False,
) -> None:
    """Do the jobs of a review office: reviews of what sites sent, nightly checks.

    Several workers may run at once, on several machines where the records are in PostgreSQL. One
    that is killed is taken over when its lease ends; a job that is given up three times stays in
    sight as failed. `serve` starts one worker itself, unless it is told --no-work.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.web.review_office.office_worker import WorkPlace
    from sbrt_qa.web.review_office.office_worker import work as do
    from sbrt_qa.web.working.job_rows import Jobs
    from sbrt_qa.web.working.working_store import store_of

    ending, parent = [False], os.getppid()

    def end(_signal: int, _frame: object) -> None:
        ending[0] = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    os.umask(0o077)
    place = open_audit(audit)
    engine, store = place.engine(database), store_of(place, database)

    def stopped() -> bool:
        return ending[0] or (with_parent and os.getppid() != parent)

    try:
        where = WorkPlace(place, engine, store, database)
        done = do(where, Jobs(store, lease), stopped, once=once)
    finally:
        engine.dispose()
        store.close()
    tell(f"jobs done: {done}")
