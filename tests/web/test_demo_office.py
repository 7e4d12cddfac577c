"""The demo office as its script fills it: whole, and with nothing dated in the future."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo_office.py"


def test_the_demo_office_is_filled_whole(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), "--no-serve"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "60 submissions" in ran.stdout
    assert folder.with_name("audit.token").read_text(encoding="ascii").strip()
    engine = open_audit(folder).engine()
    try:
        with reading(engine) as connection:
            last = connection.scalar(sa.select(sa.func.max(t.audit_events.c.at)))
    finally:
        engine.dispose()
    assert datetime.fromisoformat(str(last)) <= datetime.now(UTC)
