"""``sbrt-qa account option``: what an admin settles for an office, shown and set."""

from __future__ import annotations

from pathlib import Path

import pytest

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.cli.main import run
from sbrt_qa.office.trial_options import options_of


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
