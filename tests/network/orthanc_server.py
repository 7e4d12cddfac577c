"""A real Orthanc on free ports of this machine, with DICOMweb, as a source and as a peer."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .raw_dicom import until

PLUGINS = Path("/usr/share/orthanc/plugins")
USER, PASSWORD = "office", "only on this machine"

needs_orthanc = pytest.mark.skipif(
    not shutil.which("Orthanc") or not list(PLUGINS.glob("libOrthancDicomWeb*")),
    reason="Orthanc and its DICOMweb plug-in (orthanc, orthanc-dicomweb) are not installed",
)


@dataclass
class OrthancServer:
    """An Orthanc that is open."""

    http_port: int
    dicom_port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.http_port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """Send a request and return what is answered, read from JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        sealed = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {sealed}"})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, (answer.status, content[:500])
            return json.loads(content)
        finally:
            connection.close()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextlib.contextmanager
def orthanc(
    folder: Path, modalities: dict[str, list[Any]] | None = None
) -> Iterator[OrthancServer]:
    """Start an Orthanc that keeps what it has in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(3):  # another process may have taken a port meanwhile
        server = OrthancServer(free_port(), free_port())
        settings = {
            "Name": "Test", "StorageDirectory": str(folder), "IndexDirectory": str(folder),
            "HttpPort": server.http_port, "DicomPort": server.dicom_port, "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": True, "RemoteAccessAllowed": False, "StableAge": 1,
            "AuthenticationEnabled": True, "RegisteredUsers": {USER: PASSWORD},
            "DicomModalities": modalities or {}, "Plugins": [str(PLUGINS)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}, "HttpVerbose": False,
            "ConcurrentJobs": 1, "JobsHistorySize": 5, "SaveJobs": False,
        }  # fmt: skip
        path = folder / "orthanc.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        with (folder / "log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(["Orthanc", str(path)], stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or _answers(server), "an open Orthanc")  # noqa: B023
            if process.poll() is None:
                yield server
                return
        finally:
            process.terminate()
            process.wait(60)
    pytest.fail((folder / "log").read_text(encoding="utf-8")[-2_000:])


def _answers(server: OrthancServer) -> bool:
    try:
        return "Version" in server.ask("GET", "/system")
    except (OSError, http.client.HTTPException):
        return False
