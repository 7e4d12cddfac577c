"""Uploads in chunks over plain requests: whole, resumed, and everything that is refused."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from sbrt_qa.audit.times import now
from sbrt_qa.cli.main import run as command
from sbrt_qa.errors import StoreError
from sbrt_qa.intake.chunks import CHUNK_BYTES, hash_of_hashes
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.intake_trail import tell_token_made
from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.review_office.office_worker import WorkPlace, work_once
from sbrt_qa.web.session_tokens import form_token
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import WITHDRAWN, Studies
from sbrt_qa.web.working.upload_rows import MOST_OPEN_OF_A_SITE

from .conftest import SAMPLE, settled, zipped
from .playing_office import PlayingOffice

BOUND_SECONDS = 600.0


class Program:
    """Asks the office with a site's token, or with a session, and reads JSON."""

    def __init__(self, served: PlayingOffice, token: str = "", cookie: str = "") -> None:
        self._port = int(served.host.rpartition(":")[2])
        self._head = {"Authorization": f"Bearer {token}"} if token else {}
        if cookie:
            self._head = {
                "Cookie": f"{served.app.cookie}={cookie}", "x-form-token": form_token(cookie),
            }  # fmt: skip

    def ask(self, method: str, path: str, body: Any = b"", **head: str) -> tuple[int, Any]:
        sent = {**self._head, **{k.replace("_", "-"): v for k, v in head.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=BOUND_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        try:
            return answer.status, json.loads(content)
        except ValueError:
            return answer.status, content

    def begin(self, files: list[list[Any]], subject: str = "777", **more: Any) -> tuple[int, Any]:
        asked = {"subject": subject, "files": files, "identified": False, **more}
        return self.ask("POST", "/upload", json.dumps(asked).encode())

    def put(self, upload: str, number: int | str, chunk: bytes, digest: str = "") -> int:
        digest = digest or hashlib.sha256(chunk).hexdigest()
        path = f"/upload/{upload}/{number}"
        return self.ask("PUT", path, chunk, x_chunk_sha256=digest)[0]

    def finish(self, upload: str, chunks: list[bytes]) -> tuple[int, Any]:
        digest = hash_of_hashes([hashlib.sha256(c).hexdigest() for c in chunks])
        kind = "application/x-www-form-urlencoded"
        form = urlencode({"hash": digest}).encode()
        return self.ask("POST", f"/upload/{upload}/finish", form, content_type=kind)


def make_token(served: PlayingOffice, account: str, site: str, days: int = 30) -> str:
    admin = served.accounts["admin"].key
    key = served.accounts[account].key
    tell_token_made(served.engine, Acting(admin, now()), key, site, days)
    return str(served.app.tokens.make(key, site, days))


@pytest.fixture(scope="module")
def token(served: PlayingOffice) -> str:
    return make_token(served, "physicist.s2", "S2")


@pytest.fixture
def program(served: PlayingOffice, token: str) -> Program:
    return Program(served, token)


def chunked(content: bytes) -> list[bytes]:
    return [content[i : i + CHUNK_BYTES] for i in range(0, len(content), CHUNK_BYTES)]


def listed(*contents: bytes) -> list[list[Any]]:
    return [[f"../../{n}", len(c), hashlib.sha256(c).hexdigest()] for n, c in enumerate(contents)]


@pytest.fixture
def two_chunks() -> tuple[list[list[Any]], list[bytes]]:
    """Three files in two chunks, the second file across both."""
    bytes_of = np.random.default_rng(3).bytes
    contents = [bytes_of(CHUNK_BYTES - 100), bytes_of(300), bytes_of(50)]
    return listed(*contents), chunked(b"".join(contents))


def test_case_p26__an_upload_goes_on_where_its_line_was_lost(
    served: PlayingOffice, program: Program, two_chunks: tuple[list[list[Any]], list[bytes]]
) -> None:
    files, chunks = two_chunks
    status, begun = program.begin(files)
    assert (status, begun["missing"], begun["chunk_bytes"]) == (201, [0, 1], CHUNK_BYTES)
    upload = begun["id"]
    assert program.put(upload, 1, chunks[1]) == 201, "in any order"
    assert program.put(upload, 1, chunks[1]) == 201, "twice is once"
    lost = http.client.HTTPConnection("127.0.0.1", int(served.host.rpartition(":")[2]))
    lost.putrequest("PUT", f"/upload/{upload}/0")
    for name, value in {
        "Authorization": program._head["Authorization"], "Content-Length": str(len(chunks[0])),
        "x-chunk-sha256": hashlib.sha256(chunks[0]).hexdigest(),
    }.items():  # fmt: skip
        lost.putheader(name, value)
    lost.endheaders(chunks[0][:1_000_000])
    lost.close()
    assert program.ask("GET", f"/upload/{upload}")[1]["missing"] == [0], "half a chunk is none"
    status, again = program.begin(files)
    assert (again["id"], again["missing"]) == (upload, [0]), "the same upload goes on"
    status, told = program.finish(upload, chunks)
    assert status == 409
    assert "1 missing" in told["error"]
    assert program.put(upload, 0, chunks[0]) == 201
    assert program.finish(upload, [chunks[1], chunks[0]])[0] == 409, "the last hash decides"
    status, done = program.finish(upload, chunks)
    assert (status, done["state"]) == (200, "landed"), done
    assert program.finish(upload, chunks)[1]["study"]["state"] == "closed"
    for _, size, digest in files:
        assert served.app.vault.path(digest).stat().st_size == size
    assert not served.app.uploads.folder(upload).exists(), "chunks go once files landed"
    names = [p.name for p in served.app.vault.root.rglob("*")]
    assert not any(".." in name for name in names)


def test_what_is_not_the_chunk_that_was_announced_is_refused(
    served: PlayingOffice, program: Program, two_chunks: tuple[list[list[Any]], list[bytes]]
) -> None:
    files, chunks = two_chunks
    upload = program.begin(files, "778")[1]["id"]
    other = bytes(len(chunks[1]))
    assert program.put(upload, 1, chunks[1], "0" * 64) == 422, "wrong hash"
    assert program.put(upload, 1, chunks[1][:-1]) == 422, "too short"
    assert program.put(upload, 1, chunks[1] + b"x") == 422, "too long"
    head = {"Content_Length": str(CHUNK_BYTES + 1), "x_chunk_sha256": "0" * 64}
    assert program.ask("PUT", f"/upload/{upload}/0", None, **head)[0] == 413, "longer than any"
    assert program.put(upload, 2, chunks[1]) == 422, "beyond the end"
    for number in ("-1", "..", "0x1", "1.5", "99999999", "%2e%2e"):
        assert program.put(upload, number, chunks[1]) in (404, 405, 422)
    assert program.put(upload, 1, chunks[1]) == 201
    assert program.put(upload, 1, other) == 409, "another one under the same number"
    assert program.ask("GET", f"/upload/{upload}")[1]["missing"] == [0]
    left = [p.suffix for p in served.app.uploads.folder(upload).iterdir()]
    assert left == [".chunk"], "nothing of what was refused is left"
    assert program.ask("POST", f"/upload/{upload}/drop")[0] == 200
    assert program.ask("GET", f"/upload/{upload}")[0] == 404


def test_a_file_with_another_hash_than_promised_lands_nowhere(program: Program) -> None:
    content = b"some bytes"
    upload = program.begin([["x", len(content), "0" * 64]], "779")[1]["id"]
    assert program.put(upload, 0, content) == 201
    status, told = program.finish(upload, [content])
    assert status == 409
    assert "another hash" in told["error"]


@pytest.mark.parametrize(
    "files",
    [
        [], [["x", 0, ""]], [["x", 600 * 1024**2 + 1, ""]], [["x", -1, ""]], [["x", 1.5, ""]],
        [["x", 1, "zz"]], [["x", True, ""]], [[1, 1, ""]], [["x", 1]], "x", None, {"x": 1},
        [["x", 500 * 1024**2, ""]] * 9, [["x", 1, ""]] * 20_001,
    ],
)  # fmt: skip
def test_a_manifest_that_promises_what_is_not_taken_begins_nothing(
    program: Program, files: Any
) -> None:
    status, told = program.begin(files)
    assert status == 400, told


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"files": []}', b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_begins_nothing(program: Program, body: bytes) -> None:
    assert program.ask("POST", "/upload", body)[0] == 400


@pytest.mark.parametrize("subject", ["Mustermann", "19630812", "", "../1", "S 1"])
def test_a_subject_is_a_code(program: Program, subject: str) -> None:
    assert program.begin([["x", 1, ""]], subject)[0] == 400


def test_a_token_uploads_for_its_site_and_does_nothing_else(
    served: PlayingOffice, program: Program, token: str
) -> None:
    assert program.begin([["x", 1, ""]], site="S1")[0] == 404
    assert program.begin([["x", 1, ""]], identified=True)[0] == 400, "only where the admin allows"
    for path in ("/", "/site", "/queue", "/accounts", "/trail"):
        assert program.ask("GET", path)[0] == 303, "as anybody who is not signed in"
    assert program.ask("POST", "/uploads", b"subject=777")[0] == 403
    upload = program.begin([["x", 1, ""]], "781")[1]["id"]
    site = served.somebody("physicist.s2")
    assert site.get(f"/upload/{upload}").status == 404, "a session is another kind of key"
    other = Program(served, make_token(served, "physicist.s1", "S1"))
    assert other.ask("GET", f"/upload/{upload}")[0] == 404
    assert other.put(upload, 0, b"x") == 404
    kept = served.app.audit.folder / "working.db"
    assert token.encode() not in kept.read_bytes(), "hashed at rest"
    held = served.app.tokens.of(token)
    assert held is not None
    for wrong in ("", token[:-1], token + "x", "sbrtqa-upload-", "x" * 10_000):
        assert Program(served, wrong or "none").begin([["x", 1, ""]])[0] == 403
    fresh = make_token(served, "physicist.s2", "S2")
    found = served.app.tokens.of(fresh)
    assert found is not None
    assert Program(served, fresh).ask("GET", f"/upload/{upload}")[0] == 200
    assert served.app.tokens.end(found.id)
    assert Program(served, fresh).ask("GET", f"/upload/{upload}")[0] == 303


def test_a_session_sends_only_with_the_token_of_its_page(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    files = json.dumps({"subject": "782", "files": [["x", 1, ""]]}).encode()
    bare = Program(served)
    bare._head = {"Cookie": f"{served.app.cookie}={site.cookie}"}
    assert bare.ask("POST", "/upload", files)[0] == 403
    assert Program(served, cookie=site.cookie).ask("POST", "/upload", files)[0] == 201


def test_case_p25__a_site_reserves_no_more_than_its_share(served: PlayingOffice) -> None:
    program = Program(served, make_token(served, "physicist.s1", "S1"))
    begun = []
    for number in range(MOST_OPEN_OF_A_SITE + 1):
        status, told = program.begin([["x", 1, ""]], f"S1-{number}")
        if status != 201:
            break
        begun.append(told["id"])
    assert (status, len(begun)) == (429, MOST_OPEN_OF_A_SITE)
    for one in begun:
        program.ask("POST", f"/upload/{one}/drop")
    large = [["x", 599 * 1024**2, ""]] * 6
    found = [program.begin(large, f"S1-{number}")[0] for number in range(5)]
    assert found in ([201, 201, 201, 429, 429], [507] * 5, [201, 507, 507, 507, 507],
                     [201, 201, 507, 507, 507])  # fmt: skip
    uploads, clock = served.app.uploads, served.app.uploads._clock
    try:
        uploads._clock = lambda: clock() + 25 * 3600
        assert uploads.drop_abandoned() >= found.count(201)
    finally:
        uploads._clock = clock


def test_two_uploads_at_once_do_not_mix(served: PlayingOffice, program: Program) -> None:
    contents = [np.random.default_rng(n).bytes(CHUNK_BYTES + 1000 * n + 1) for n in (8, 9)]
    found: list[int] = []

    def send(number: int) -> None:
        content = contents[number]
        upload = program.begin(listed(content), f"79{number}")[1]["id"]
        for n, chunk in enumerate(chunked(content)):
            program.put(upload, n, chunk)
        found.append(program.finish(upload, chunked(content))[0])

    threads = [threading.Thread(target=send, args=(n,)) for n in (0, 1)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [200, 200]
    for content in contents:
        path = served.app.vault.path(hashlib.sha256(content).hexdigest())
        assert path.read_bytes() == content


def test_a_browser_sends_in_chunks_and_goes_on_to_what_was_found(served: PlayingOffice) -> None:
    site = served.somebody("physicist.s2")
    browser = Program(served, cookie=site.cookie)
    content = zipped(SAMPLE / "beams")
    upload = browser.begin([["export.zip", len(content), ""]], "783")[1]["id"]
    assert browser.put(upload, 0, content) == 201
    status, done = browser.finish(upload, [content])
    assert status == 200, done
    assert done["address"].startswith("/uploads/")
    assert settled(site, done["address"]) == "seen"
    site.post(f"{done['address']}/delete")


def test_a_site_submits_and_holds_a_receipt(
    served: PlayingOffice,
    program: Program,
    token: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    (folder / "token").write_text(token + "\n")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = command(list(map(str, arguments)))
        return code, *capsys.readouterr()

    code, _, told = run(
        "submit", SAMPLE / "beams", "--to", f"http://{served.host}", "--token-file",
        folder / "token", "--subject", "S2-001", "--out", folder / "sent", "--yes", "--wait", 0,
    )  # fmt: skip
    assert code == 0, told
    assert "released as subject S2-001" in told
    assert (folder / "sbrt_qa" / "site.key").stat().st_mode & 0o077 == 0
    upload = told.rpartition("upload ")[2].split()[0]
    place = WorkPlace(served.app.audit, served.engine, served.store)
    jobs = Jobs(served.store)
    while program.ask("GET", f"/upload/{upload}")[1]["study"]["state"] == "closed":
        assert work_once(place, jobs, "this test")
    study = program.ask("GET", f"/upload/{upload}")[1]["study"]
    assert study["state"] == "released", study["why"]
    assert list(versions_of(served.engine, "S2", "S2-001")) == [1]
    sent = {
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (folder / "sent").iterdir()
        if p.suffix == ".dcm"
    }
    assert sent == {*study["receipt"]["reviewed"]}, "what the site sent is what was reviewed"
    (folder / "receipt.json").write_text(json.dumps(study["receipt"]))
    audit = served.app.audit.folder
    code, told, _ = run("receipt", "verify", folder / "receipt.json", "--audit", audit,
                        "--files", folder / "sent")  # fmt: skip
    assert (code, told.splitlines()[-1]) == (0, "the receipt holds")
    forged = json.dumps(study["receipt"] | {"submission": "S2/S2-002/v1"})
    (folder / "forged.json").write_text(forged)
    assert run("receipt", "verify", folder / "forged.json")[0] == 1
    (next((folder / "sent").glob("*.dcm"))).unlink()
    code, told, _ = run("receipt", "verify", folder / "receipt.json", "--files", folder / "sent")
    assert code == 1
    assert "1 of the files" in told


def test_what_was_sent_as_de_identified_has_to_be(served: PlayingOffice, program: Program) -> None:
    contents = [p.read_bytes() for p in sorted((SAMPLE / "beams").glob("*.dcm"))]
    whole = b"".join(contents)
    upload = program.begin(listed(*contents), "S2-009")[1]["id"]
    for number, chunk in enumerate(chunked(whole)):
        program.put(upload, number, chunk)
    assert program.finish(upload, chunked(whole))[0] == 200
    place, jobs = WorkPlace(served.app.audit, served.engine, served.store), Jobs(served.store)
    while program.ask("GET", f"/upload/{upload}")[1]["study"]["state"] == "closed":
        assert work_once(place, jobs, "this test")
    study = program.ask("GET", f"/upload/{upload}")[1]["study"]
    assert study["state"] == "quarantined"
    assert "account of that is missing" in study["why"]
    assert versions_of(served.engine, "S2", "S2-009") == {}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://office.example", "in the clear"),
        ("https://user:pass@office.example", "no address"),
        ("https://office.example/path", "no address"),
        ("ftp://127.0.0.1", "no address"),
        ("file:///etc/passwd", "no address"),
    ],
)
def test_files_go_over_a_network_by_https_alone(
    tmp_path: Path, url: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("sbrtqa-upload-x")
    code = command(["submit", str(SAMPLE / "beams"), "--to", url, "--token-file",
                 str(tmp_path / "token"), "--subject", "S1-001"])  # fmt: skip
    assert code == 2
    assert words in capsys.readouterr().err


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    import socket
    import ssl

    from sbrt_qa.pipeline.sending import OfficeAddress, RefusedByOfficeError, send

    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k",
         "-out", tmp_path / "c", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def answer() -> None:
        with listener:
            connection, _ = listener.accept()
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(connection, server_side=True) as s,
            ):
                seen.append(s.recv(1000))

    thread = threading.Thread(target=answer)
    thread.start()
    (tmp_path / "file").write_bytes(b"x")
    office = OfficeAddress.read(f"https://localhost:{listener.getsockname()[1]}", "secret")
    with pytest.raises(RefusedByOfficeError, match="certificate"):
        send(office, [tmp_path / "file"], "S1-001")
    thread.join()
    assert not any(b"secret" in one for one in seen), "no token left"


def test_a_dry_run_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(["submit", str(SAMPLE / "beams"), "--dry-run", "--subject", "S1-001"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_finishing_again_after_it_was_cut_off_releases_once(
    served: PlayingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office ends between the rows of what landed and that of the upload."""
    program = Program(served, make_token(served, "physicist.s2", "S2"))
    status, upload = program.begin(listed(b"a file of one chunk"), subject="776")
    assert status == 201
    assert program.put(upload["id"], 0, b"a file of one chunk") == 201

    def cut_off(*_: object) -> None:
        raise StoreError("the office was ended")

    with monkeypatch.context() as ending:
        ending.setattr(served.app.uploads, "landed", cut_off)
        assert program.finish(upload["id"], [b"a file of one chunk"])[0] == 500
    status, told = program.finish(upload["id"], [b"a file of one chunk"])
    assert (status, told["state"]) == (200, "landed")
    studies = [one for one in Studies(served.app.store).all() if one.batch == upload["id"]]
    assert len(studies) == 1
    Studies(served.app.store).change(studies[0], state=WITHDRAWN)
