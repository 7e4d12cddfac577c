"""STOW-RS over plain requests: one object, many, again, in conflict, and what is no request."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sbrt_qa.intake.first_elements import file_head
from sbrt_qa.intake.landing import Landing
from sbrt_qa.web.working.arrival_rows import Arrivals

from .playing_office import PlayingOffice
from .test_uploads_in_chunks import Program, make_token

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
TYPE = 'multipart/related; type="application/dicom"; boundary=between'


@pytest.fixture(scope="module")
def token(served: PlayingOffice) -> str:
    return make_token(served, "physicist.s2", "S2")


@pytest.fixture
def program(served: PlayingOffice, token: str) -> Program:
    return Program(served, token)


def small(instance: str, name: str = "Wayward^Patricia") -> bytes:
    """Return a file with three elements; its UID may be none."""
    made = b""
    for tag, kind, text in ((0x16, b"UI", CT), (0x18, b"UI", instance)):
        value = text.encode() + bytes(len(text) % 2)
        made += bytes((8, 0, tag, 0)) + kind + len(value).to_bytes(2, "little") + value
    value = name.encode() + b" " * (len(name) % 2)
    made += b"\x10\0\x10\0PN" + len(value).to_bytes(2, "little") + value
    return file_head(CT, instance, EXPLICIT) + made


def body(*objects: bytes, kind: str = "application/dicom", last: str = "--between--\r\n") -> bytes:
    head = f"--between\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + one + b"\r\n" for one in objects) + last.encode()


def posted(program: Program, content: bytes, kind: str = TYPE) -> tuple[int, Any]:
    return program.ask("POST", "/dicom-web/studies", content, Content_Type=kind)


def instances(told: Any, tag: str) -> list[str]:
    items = told.get(tag, {}).get("Value", [])
    return [item.get("00081155", {}).get("Value", [""])[0] for item in items]


def reasons(told: Any) -> list[int]:
    return [item["00081197"]["Value"][0] for item in told["00081198"]["Value"]]


def test_every_part_lands_byte_for_byte_and_is_of_the_tokens_site(
    served: PlayingOffice, program: Program
) -> None:
    objects = [small(f"1.2.5.{n}") for n in range(3)]
    status, told = posted(program, body(*objects))
    assert (status, instances(told, "00081199")) == (200, [f"1.2.5.{n}" for n in range(3)])
    assert "00081198" not in told
    rows = Arrivals(served.app.store)
    for one in objects:
        digest = hashlib.sha256(one).hexdigest()
        assert served.app.vault.path(digest).read_bytes() == one
        (row,) = rows.of_hash(digest)
        assert (row.source.door, row.source.site) == ("stow", "S2")


def test_case_p22__same_content_is_fine_and_other_content_is_a_conflict(
    served: PlayingOffice, program: Program
) -> None:
    one, other = small("1.2.6.1"), small("1.2.6.1", "Else^Someone")
    assert posted(program, body(one))[0] == 200
    assert posted(program, body(one))[0] == 200
    status, told = posted(program, body(other))
    assert (status, instances(told, "00081198"), reasons(told)) == (409, ["1.2.6.1"], [0xC110])
    assert served.app.vault.path(hashlib.sha256(other).hexdigest()).exists()
    status, told = posted(program, body(small("1.2.6.2"), other))
    assert (status, instances(told, "00081199")) == (202, ["1.2.6.2"])
    assert instances(told, "00081198") == ["1.2.6.1"]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        pytest.param(b"no DICOM at all", 0xC000, id="text"),
        pytest.param(b"", 0xC000, id="nothing"),
        pytest.param(small("../../x"), 0xC111, id="a path"),
        pytest.param(small("1." + "1" * 70), 0xC111, id="too long"),
        pytest.param(bytes(128) + b"DICM" + bytes(40), 0xC000, id="zeros"),
    ],
)
def test_case_s29__what_is_no_object_fails_by_itself(
    program: Program, part: bytes, reason: int
) -> None:
    status, told = posted(program, body(part, small("1.2.7")))
    assert (status, reasons(told), instances(told, "00081199")) == (202, [reason], ["1.2.7"])
    assert posted(program, body(part))[0] == 409


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(body(small("1.2.8")), "multipart/form-data; boundary=between", 415, id="form"),
        pytest.param(body(small("1.2.8")), "application/dicom", 415, id="no multipart"),
        pytest.param(
            body(small("1.2.8")),
            'multipart/related; type="application/dicom+json"; boundary=between', 415, id="JSON",
        ),
        pytest.param(
            body(small("1.2.8")), 'multipart/related; type="application/dicom"', 400,
            id="no boundary",
        ),
        pytest.param(body(), TYPE, 400, id="no part"),
        pytest.param(b"", TYPE, 400, id="no body"),
        pytest.param(body(small("1.2.8"), last="")[:-20], TYPE, 400, id="cut off"),
        pytest.param(b"\0" * 2_000, TYPE, 400, id="zeros"),
    ],
)  # fmt: skip
def test_what_is_no_request_has_its_status(
    program: Program, content: bytes, kind: str, status: int
) -> None:
    assert posted(program, content, kind)[0] == status


def test_only_a_token_comes_through(served: PlayingOffice, token: str) -> None:
    for other in ("", token[:-1], "x" * 60):
        assert posted(Program(served, other), body(small("1.2.9")))[0] in (303, 403, 404)


def test_a_full_disk_is_told(
    served: PlayingOffice, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Landing(served.app.vault.root, least_free_bytes=1 << 60, least_free_part=0.0)
    monkeypatch.setattr(served.app, "vault", full)
    assert posted(program, body(small("1.2.10")))[0] == 507
    monkeypatch.undo()
    (served.app.vault.folder / "full").unlink(missing_ok=True)
    assert posted(program, body(small("1.2.10")))[0] == 200


def test_what_we_send_is_what_an_office_takes(
    served: PlayingOffice, token: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token)
    (tmp_path / "a.dcm").write_bytes(small("1.2.11"))
    done = subprocess.run(
        [sys.executable, "-m", "sbrt_qa.cli", "send", str(tmp_path / "a.dcm"), "--format", "json",
         "--to", f"http://{served.host}/dicom-web", "--token-file", str(tmp_path / "token")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0]["stored"] is True
