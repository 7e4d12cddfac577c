"""A whole audit on PostgreSQL: recorded, resumed, regraded, verified; its password is not kept."""

from __future__ import annotations

import json

import pytest
from postgres import fresh_database
from trials import run


@pytest.fixture
def server(postgres_server: str) -> str:
    return fresh_database(postgres_server).replace("tester@", "tester:secret-word@")


def test_an_office_keeps_its_audit_in_postgresql(server, small, tmp_path):
    audit = tmp_path / "AUDIT"
    database = ("--database", server)
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit, *database)
    assert "6 reviewed" in run(*command).err
    assert not (audit / "audit.db").exists()
    assert "secret-word" not in (audit / "audit.json").read_text()
    assert "6 unchanged" in run(*command).err
    asked = run("query", audit, "submissions", "--format", "json", *database)
    assert asked.code == 0, asked.err
    rows = json.loads(asked.out)
    assert {row["code"]: row["verdict"] for row in rows} == {
        one.code: one.verdict for one in small.planted
    }
    changed = run("regrade", audit, "-p", small.protocol(2), *database)
    assert changed.out.count("per_protocol → minor") == 2
    code = next(one.code for one in small.planted if one.verdict == "minor")
    assert "Correction requested" in run("letter", audit, code, *database).out
    assert "1 query answered" in run("letter", audit, code, "--answered", "soon", *database).err
    asked = run("query", audit, "queries", "--format", "json", *database)
    assert [(row["code"], row["state"]) for row in json.loads(asked.out)] == [(code, "answered")]
    assert "1 query closed" in run("letter", audit, code, "--close", "done", *database).err
    told = run("verify", audit, *database)
    assert told.code == 0, told.err
    assert (audit / "index.html").exists()
