"""``sbrt-qa account option`` and ``hold``: what an admin and a coordinator settle."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.cli.main import run
from sbrt_qa.office.receipts import code_of_submission
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.web.working.arrival_tables import studies as rows
from sbrt_qa.web.working.study_rows import Studies

from .playing_office import PlayingOffice


def test_options_are_shown_and_set_by_an_admin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = str(tmp_path / "AUDIT")
    assert run(["account", "add", audit, "admin", "--name", "Office Admin"]) == 0
    capsys.readouterr()
    assert run(["account", "option", audit]) == 0
    assert "identified_by_token\tfalse" in capsys.readouterr().out
    assert (
        run(["account", "option", audit, "identified_by_token", "true", "--reason", "agreed"]) == 0
    )
    assert run(["account", "option", audit, "keep_originals_days", "60", "--by", "admin"]) == 0
    engine = open_audit(tmp_path / "AUDIT").engine()
    held = options_of(engine)
    engine.dispose()
    assert (held.identified_by_token, held.keep_originals_days) == (True, 60)
    for wrong in (
        ["nothing", "1"],
        ["blind", "1"],
        ["keep_originals_days", "-1"],
        ["blind", "yes"],
    ):
        assert run(["account", "option", audit, *wrong]) == 2, wrong
    assert run(["account", "option", audit, "blind", "false", "--by", "nobody"]) == 2


def test_originals_of_a_submission_are_held_by_a_coordinator(
    served: PlayingOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, studies = str(served.app.audit.folder), Studies(served.store)
    code = code_of_submission(served.engine, 1)
    study = studies.begin(code.partition("/")[0], [], state="released")
    studies.change(study, submission=1)
    asked = ["account", "hold", folder, code, "--reason", "asked for by the monitor"]
    assert run([*asked, "--by", "reviewer1"]) == 1, "a reviewer decides nothing of it"
    assert not studies.with_id(study.id).hold
    assert run([*asked, "--by", "coordinator"]) == 0
    assert studies.with_id(study.id).hold
    assert run([*asked, "--by", "coordinator", "--end"]) == 0
    assert not studies.with_id(study.id).hold
    assert run(["account", "hold", folder, "S9/1/v1", "--reason", "x", "--by", "coordinator"]) == 2
    capsys.readouterr()
    with served.store.writing() as connection:
        connection.execute(sa.delete(rows).where(rows.c.id == study.id))
