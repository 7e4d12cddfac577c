"""A real scheduler with workers of its own; one of them is killed in mid-run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.run_audit import Request, audit
from sbrt_qa.audit.store.answers import submissions
from sbrt_qa.audit.verifying import verify
from sbrt_qa.testing.sample.trial import write_trial

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of the cluster's own shutting down
]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Two worker processes, which may have children of their own."""
    settings = {
        "distributed.worker.daemon": False,
        "distributed.comm.retry.count": 2,
        "temporary-directory": str(tmp_path / "dask"),
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as running,
    ):
        yield running


def test_a_cluster_reviews_all_although_a_worker_is_killed(cluster, tmp_path):
    planted = write_trial(tmp_path / "trial", 14)
    request = Request(
        (tmp_path / "trial/submissions",),
        tmp_path / "AUDIT",
        str(tmp_path / "trial/protocol_v1.yaml"),
        dask=cluster.scheduler_address,
    )
    pids = [worker.process.pid for worker in cluster.workers.values()]
    killed = False
    steps = []
    for step in audit(request):
        steps.append(step)
        if len(steps) == 3:
            os.kill(pids[0], signal.SIGKILL)
            killed = True
    assert killed
    engine = open_audit(tmp_path / "AUDIT").engine()
    found = {row.code: row.verdict for row in submissions(engine)}
    engine.dispose()
    assert found == {one.code: one.verdict for one in planted}
    assert verify(tmp_path / "AUDIT").difference == ""
