"""The guard before the receiver: silence, lies about lengths, floods, strangers, TLS."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from pathlib import Path

import pytest

from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.network.pdu_frames import MAX_ASSOCIATE_BYTES, MessageWatch, PduError, announced
from sbrt_qa.network.peers import read_sources

from .raw_dicom import (
    CT,
    EXPLICIT,
    PEERS,
    TRIES,
    VERIFICATION,
    Line,
    Running,
    command,
    echo,
    needs_dcmtk,
    pdu,
    pdv,
    receiver,
    request,
    served_beside,
    store_request,
    u16,
    until,
)

MIB = 1024**2


def own_memory(running: Running) -> int:
    """Return the resident memory of a receiver, in bytes."""
    for line in Path(f"/proc/{running.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


@needs_dcmtk
def test_case_p21__silent_connections_take_no_place_from_a_peer(receiving: Running) -> None:
    silent = served_beside(receiving.port, lambda: [Line(receiving.port) for _ in range(12)])
    receiving.counted("ended: unproven, others waited", 8)
    for line in silent:
        assert line.is_ended()  # those that were left: silent for too long
    receiving.counted("ended: silent or slow")


@needs_dcmtk
def test_case_s30__a_slow_drip_is_ended_and_takes_no_place(receiving: Running) -> None:
    def dripping() -> list[Line]:
        lines = [Line(receiving.port) for _ in range(3)]
        for line in lines:
            line.send(request((VERIFICATION, EXPLICIT))[:40])
        return lines

    lines = served_beside(receiving.port, dripping)
    assert all(line.is_ended() for line in lines)


def test_case_p20__a_pdu_of_four_gigabytes_is_refused_before_it_is_read(
    receiving: Running,
) -> None:
    before = own_memory(receiving)
    first = Line(receiving.port)
    first.send(b"\1\0\xff\xff\xff\xff" + bytes(4 * MIB))
    assert first.is_ended()
    later = Line(receiving.port).associated((CT, EXPLICIT))
    later.send(b"\4\0\xff\xff\xff\xff" + bytes(4 * MIB))
    assert later.is_ended()
    receiving.counted("ended: a length that this type of PDU cannot have", 2)
    assert own_memory(receiving) - before < 30 * MIB


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(b"\x16\3\1\2\0\1\0\1\xfc\3\3", id="TLS to a plain port"),
        pytest.param(pdv(3, b"x"), id="data first"),
        pytest.param(pdu(5, bytes(4)), id="a release first"),
        pytest.param(pdu(2, bytes(80)), id="an answer"),
        pytest.param(pdu(1, bytes(67)), id="a request that is too short"),
        pytest.param(pdu(1, bytes(80)), id="a request without titles"),
        pytest.param(request(calling=b"A\0B"), id="a title with a control character"),
        pytest.param(request(calling="é".encode()), id="a title beyond ASCII"),
    ],
)
def test_case_s29__what_is_no_request_is_ended(receiving: Running, sent: bytes) -> None:
    line = Line(receiving.port)
    line.send(sent)
    assert line.is_ended()
    assert receiving.process.poll() is None


NO_DATA = command((0x0100, u16(0x30)), (0x0110, u16(1)), (0x0800, u16(0x0101)))
FIND = command((0x0100, u16(0x20)), (0x0110, u16(1)), (0x0800, u16(1)))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([request((CT, EXPLICIT))], id="a second request"),
        pytest.param([pdv(2, b"data")], id="data without a command"),
        pytest.param([pdv(3, FIND)], id="data of something else than storing"),
        pytest.param([pdv(1, bytes(100)) for _ in range(400)], id="a command without an end"),
        pytest.param([pdv(3, b"\0\0\0\1\xff\xff\xff\xff")], id="a command with a lying length"),
        pytest.param([pdv(3, b"\1\0\0\1\2\0\0\0\1\0")], id="a command of another group"),
        pytest.param([pdu(4, b"\xff\xff\xff\xff\1\3")], id="an item that is longer than its PDU"),
        pytest.param([pdu(4, b"\0\0\0\1\1\3")], id="an item that is too short"),
        pytest.param([pdv(3, NO_DATA, context=2)], id="an even context"),
        pytest.param([store_request(CT, b"1.2"), pdv(3, NO_DATA)], id="a command within data"),
        pytest.param([pdu(9, bytes(4))], id="an unknown type"),
        pytest.param([pdu(7, bytes(5))], id="an abort with a length of its own"),
    ],
)
def test_case_s29__what_breaks_the_rules_later_is_ended(
    receiving: Running, sent: list[bytes]
) -> None:
    line = Line(receiving.port).associated((CT, EXPLICIT))
    for one in sent:
        line.send(one)
    assert line.is_ended()
    again = Line(receiving.port).associated((VERIFICATION, EXPLICIT))
    again.send(pdv(3, command((2, VERIFICATION.encode()), (0x0100, u16(0x30)),
                              (0x0110, u16(7)), (0x0800, u16(0x0101)))))  # fmt: skip
    assert again.status() == (0, "")
    again.release()


@needs_dcmtk
def test_strangers_are_rejected_and_counted(receiving: Running) -> None:
    before = receiving.counts().get("refused: unknown peer", 0)
    assert echo(receiving.port, "ELSE") != 0
    assert echo(receiving.port, "TPS1", "OTHER") != 0
    assert echo(receiving.port, "tps1") != 0
    receiving.counted("refused: unknown peer", before + 3)


def test_an_address_of_no_peer_is_ended_at_once_and_counted(tmp_path: Path) -> None:
    peers = PEERS.replace("127.0.0.0/8", "127.0.0.9/32")
    with receiver(tmp_path, peers) as running:
        line = Line(running.port)
        assert line.is_ended()
        running.counted("refused: unknown address")
        Line(running.port, source="127.0.0.9").associated((VERIFICATION, EXPLICIT)).release()


def test_a_peer_has_as_many_associations_as_it_may(receiving: Running) -> None:
    lines = [Line(receiving.port).associated((VERIFICATION, EXPLICIT)) for _ in range(4)]
    fifth = Line(receiving.port)
    fifth.send(request((VERIFICATION, EXPLICIT)))
    assert fifth.is_ended()
    for line in lines:
        line.release()
    Line(receiving.port).associated((VERIFICATION, EXPLICIT)).release()


def test_an_idle_association_is_ended(tmp_path: Path) -> None:
    with receiver(tmp_path, PEERS, "--idle", "1") as running:
        assert Line(running.port).associated((VERIFICATION, EXPLICIT)).is_ended()
        running.counted("ended: silent or slow")


# --- TLS -----------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> tuple[Path, Path, str]:
    """Make a certificate and its key; return both and its SHA-256."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", f"/CN={name}"],
        check=True, capture_output=True,
    )  # fmt: skip
    whole = ssl.PEM_cert_to_DER_cert(cert.read_text(encoding="ascii"))
    return cert, key, hashlib.sha256(whole).hexdigest()


@needs_dcmtk
def test_case_p18__tls_knows_a_peer_by_its_certificate(tmp_path: Path) -> None:
    server, server_key, _ = certificate(tmp_path, "receiver")
    peer, peer_key, seen = certificate(tmp_path, "peer")
    other, other_key, _ = certificate(tmp_path, "other")
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(peer.read_text() + other.read_text())
    peers = PEERS.replace("networks", f'certificate = "{seen}"\nnetworks')
    options = ("--tls-cert", str(server), "--tls-key", str(server_key), "--tls-peers", str(trusted))

    def tls(key: Path, cert: Path) -> tuple[str, ...]:
        return ("+tls", str(key), str(cert), "+cf", str(server))

    with receiver(tmp_path, peers, *options) as running:
        hanging = [Line(running.port) for _ in range(3)]
        plain = Line(running.port)
        plain.send(request((VERIFICATION, EXPLICIT)))
        assert plain.is_ended()
        mine = ("TPS1", "SBRTQA", *tls(peer_key, peer))
        assert any(echo(running.port, *mine) == 0 for _ in range(TRIES))
        wrong = ("TPS1", "SBRTQA", *tls(other_key, other))

        def refused() -> bool:
            assert echo(running.port, *wrong) != 0
            return "refused: unknown peer" in running.counts()

        until(refused, "a peer that is refused for its certificate")
        assert echo(running.port, "TPS1", "SBRTQA", "+tla", "+cf", str(server)) != 0
        assert all(line.is_ended() for line in hanging)
        assert any(echo(running.port, *mine) == 0 for _ in range(TRIES))


# --- who may send --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (('networks = ["127.0.0.0/8"]', ""), "a peer needs its networks"),
        (("127.0.0.0/8", "8.8.8.0/24"), "beyond private networks a peer needs a certificate"),
        (("127.0.0.0/8", "0.0.0.0/0"), "beyond private networks a peer needs a certificate"),
        (("127.0.0.0/8", "127.0.0.1/8"), "no network"),
        (('"TPS1"', '"A TITLE THAT IS TOO LONG"'), "no AE title"),
        (('"TPS1"', '""'), "is missing"),
        (('"S01"', '"../x"'), "not a site code"),
        (("calling", "caling"), "there is no such key"),
        (("[[peer]]", "[[pear]]"), "there is no such table"),
        (("[[peer]]", "[peer]"), "is no table"),
        (
            ("networks", 'certificate = "ab"\nnetworks'),
            "not the SHA-256 fingerprint of a certificate",
        ),
        (("networks", "connections = 26\nnetworks"), "not a number of connections"),
        (("networks", "connections = true\nnetworks"), "is no number"),
        (("[[peer]]", "[[peer"), "is no TOML file"),
    ],
)
def test_a_file_of_peers_is_refused_for_what_is_wrong_in_it(
    tmp_path: Path, changed: tuple[str, str], told: str
) -> None:
    path = tmp_path / "peers.toml"
    path.write_text(PEERS.replace(*changed), encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_sources(path)


def test_two_sites_with_one_title_are_refused_unless_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "peers.toml"
    path.write_text(PEERS + PEERS.replace("S01", "S02"), encoding="utf-8")
    with pytest.raises(InputError, match="cannot be told apart"):
        read_sources(path)
    apart = PEERS.replace("S01", "S02").replace("127.0.0.0/8", "10.0.0.0/8")
    path.write_text(PEERS + apart, encoding="utf-8")
    assert [peer.site for peer in read_sources(path).peers] == ["S01", "S02"]


def test_a_certificate_without_tls_is_refused(tmp_path: Path) -> None:
    from sbrt_qa.network.peers import refuse_without_tls

    path = tmp_path / "peers.toml"
    path.write_text(PEERS.replace("networks", f'certificate = "{"ab" * 32}"\nnetworks'))
    with pytest.raises(UsageError, match="TLS is not switched on"):
        refuse_without_tls(read_sources(path), tls=False)


def test_what_is_said_at_the_start(receiving: Running) -> None:
    receiving.end()
    said = "".join([*receiving.said, *(receiving.process.stdout or [])])
    assert "receiving as SBRTQA at 127.0.0.1:" in said
    assert "no TLS" in said
    assert "An AE title is a label and no proof of who sends" in said


@pytest.mark.parametrize("length", [0, 67, MAX_ASSOCIATE_BYTES + 1, 2**32 - 1])
def test_a_request_has_a_length_that_one_has(length: int) -> None:
    with pytest.raises(PduError):
        announced(b"\1\0" + length.to_bytes(4, "big"), 131_072, first=True)


def test_more_data_than_may_come_end_a_message() -> None:
    watch = MessageWatch(1_000)
    watch.take(memoryview(store_request(CT, b"1.2")[6:]))
    watch.take(memoryview(pdv(0, bytes(900))[6:]))
    assert not watch.is_between
    with pytest.raises(PduError, match="more data"):
        watch.take(memoryview(pdv(2, bytes(101))[6:]))
