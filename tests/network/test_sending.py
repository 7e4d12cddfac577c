"""Reports and structure sets to others: by C-STORE to DCMTK and Orthanc, by STOW-RS, and kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.intake.first_elements import file_head
from sbrt_qa.network.dicom_sending import read_files, read_peer

from .conftest import SAMPLE
from .orthanc_server import PASSWORD, USER, free_port, needs_orthanc, orthanc
from .raw_dicom import CT, EXPLICIT, PEERS, data_set, needs_dcmtk, receiver, until
from .test_guard import certificate
from .test_storing import small


def sending(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run ``sbrt-qa send`` in a process of its own; return its exit code and what it tells."""
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "sbrt_qa.cli", "send", *arguments, "--format", "json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A structured report, a report in PDF, and a derived structure set, as they are made."""
    folder = tmp_path_factory.mktemp("documents")
    case = str(SAMPLE / "minor")
    made = [folder / "report.dcm", folder / "report.pdf.dcm", folder / "ring.dcm"]
    assert run(["report", case, "--no-bands", "--out", str(made[0])]) == 10
    assert run(["report", case, "--no-bands", "--out", str(made[1])]) == 10
    assert run(["export", case, "--ring", "20mm", "--out", str(made[2])]) == 0
    return made


@needs_orthanc
def test_documents_are_stored_and_kept_by_an_archive(documents: list[Path], tmp_path: Path) -> None:
    """C-STORE with storage commitment, which Orthanc confirms in an association of its own."""
    ours = free_port()
    with orthanc(tmp_path / "orthanc", {"us": ["SBRTQA", "127.0.0.1", ours]}) as server:
        files = [str(p) for p in documents]
        to = f"ORTHANC@127.0.0.1:{server.dicom_port}"
        code, told = sending(*files, "--to", to, "--commit", "--listen", str(ours))
        assert code == 0, told
        assert [row["committed"] for row in told["files"]] == [True] * 3
        held = server.ask("POST", "/tools/find", b'{"Level": "Instance", "Query": {}}')
        assert len(held) == 3
        classes = {
            server.ask("GET", f"/instances/{one}/simplified-tags")["SOPClassUID"] for one in held
        }
        assert {data_set(p)[0] for p in documents} == classes


@needs_orthanc
def test_documents_go_to_dicomweb_with_a_password(documents: list[Path], tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    with orthanc(tmp_path / "orthanc") as server:
        files = [str(p) for p in documents]
        to = f"{server.url}/dicom-web"
        known = ("--to", to, "--user", USER, "--password-file", str(secret))
        code, told = sending(*files, *known)
        assert code == 0, told
        assert [row["stored"] for row in told["files"]] == [True] * 3
        assert len(server.ask("GET", "/instances")) == 3
        assert sending(*files, "--to", to)[0] == 1


def test_a_peer_that_does_not_confirm_is_told(documents: list[Path], tmp_path: Path) -> None:
    """Our own receiver takes objects, and offers no storage commitment."""
    with receiver(tmp_path, PEERS.replace("TPS1", "OFFICE")) as running:
        to = f"SBRTQA@127.0.0.1:{running.port}"
        code, told = sending(str(documents[0]), "--to", to, "--as", "OFFICE", "--commit")
        assert code == 10, told
        assert (told["files"][0]["stored"], told["files"][0]["committed"]) == (True, None)
        assert [data_set(p)[3] for p in running.landed()] == [data_set(documents[0])[3]]
        one, other = tmp_path / "one.dcm", tmp_path / "other.dcm"
        head = file_head(CT, "1.2.77", EXPLICIT)
        one.write_bytes(head + small("1.2.77"))
        other.write_bytes(head + small("1.2.77", b"\x10\0\x20\0LO\2\0x "))
        code, told = sending(str(one), str(other), "--to", to, "--as", "OFFICE")
        assert code == 1
        assert [row["status"] for row in told["files"]] == [0x0000, 0xC110]
        assert [row["stored"] for row in told["files"]] == [True, False]
        assert sending(str(documents[0]), "--to", to, "--as", "ELSE")[0] == 1


@needs_dcmtk
def test_dcmtk_takes_what_is_sent(documents: list[Path], tmp_path: Path) -> None:
    port, there = free_port(), tmp_path / "there"
    there.mkdir()
    storescp = subprocess.Popen(["storescp", "-od", str(there), "-aet", "SCP", str(port)])
    try:
        until(lambda: sending(*map(str, documents), "--to", f"SCP@127.0.0.1:{port}")[0] == 0, "it")
        kept = {data_set(p)[1] for p in there.iterdir()}
        assert kept == {data_set(p)[1] for p in documents}
    finally:
        storescp.terminate()
        storescp.wait(60)


def test_tls_to_a_peer_checks_its_certificate(tmp_path: Path) -> None:
    server, server_key, _ = certificate(tmp_path, "localhost")
    ours, our_key, seen = certificate(tmp_path, "ours")
    other, _, _ = certificate(tmp_path, "elsewhere")
    file = tmp_path / "a.dcm"
    file.write_bytes(file_head(CT, "1.2.9", EXPLICIT) + small("1.2.9"))
    peers = PEERS.replace("networks", f'certificate = "{seen}"\nnetworks')
    options = ("--tls-cert", str(server), "--tls-key", str(server_key), "--tls-peers", str(ours))
    with receiver(tmp_path, peers, *options) as running:
        to = ("--to", f"SBRTQA@localhost:{running.port}", "--as", "TPS1", "--tls")
        mine = ("--tls-cert", str(ours), "--tls-key", str(our_key))
        assert sending(str(file), *to, *mine, "--ca-file", str(server))[0] == 0
        assert sending(str(file), *to, *mine, "--ca-file", str(other))[0] == 1
        assert sending(str(file), *to, "--ca-file", str(server))[0] == 1


@pytest.mark.parametrize(
    "to", ["", "X", "X@", "X@h", "X@127.0.0.1:0", "X@127.0.0.1:99999", "A TITLE THAT IS LONG@h:1",
           "X@8.8.8.8:104", "X@no.such.host.invalid:104", "@127.0.0.1:104"]
)  # fmt: skip
def test_what_is_no_peer_is_refused(to: str) -> None:
    with pytest.raises(UsageError):
        read_peer(to, "SBRTQA")


def test_what_is_no_dicom_file_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(InputError, match="not a DICOM file"):
        read_files([tmp_path])
    with pytest.raises(InputError, match="cannot be read"):
        read_files([tmp_path / "none.dcm"])
