"""Uploads in chunks: who sends what, what of it is there, and how much of the disk is promised."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.intake.chunks import MOST_UPLOAD_BYTES, UploadManifest, read_manifest
from sbrt_qa.intake.landing import Way
from sbrt_qa.web.session_tokens import new_object_id
from sbrt_qa.web.working.arrival_tables import uploads
from sbrt_qa.web.working.working_store import WorkingStore

COMING: Final = "coming"
ALL_THERE: Final = "landed"

ABANDONED_SECONDS: Final = 24 * 3600.0
MOST_OPEN_OF_A_SITE: Final = 20
MOST_BYTES_OF_A_SITE: Final = 3 * MOST_UPLOAD_BYTES
"""Quota of a site: uploads that are not whole yet, and what they promise."""


class OverQuotaError(SbrtQaError):
    """A site has as many uploads open as it may."""


@dataclass(frozen=True, slots=True)
class ChunkedUpload:
    """An upload on its way."""

    id: str
    account: int
    site: str
    subject: str
    door: Way
    manifest: UploadManifest
    state: str
    address: str
    begun: float
    seen: float


class Uploads:
    """The uploads in a store, their chunks in a folder.

    Parameters
    ----------
    folder
        Only its owner may look into it.
    """

    def __init__(
        self, store: WorkingStore, folder: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._folder, self._clock = store, folder, clock

    def begin(
        self, account: int, site: str, subject: str, door: Way, manifest: UploadManifest
    ) -> ChunkedUpload:
        """Begin one, with its bytes reserved; or go on with the one that promises the same.

        Raises
        ------
        OverQuotaError
            The site has too much open already.
        """
        c, now = uploads.c, self._clock()
        row = {
            "id": new_object_id(), "account": account, "site": site, "subject": subject,
            "door": door, "manifest": json.dumps(manifest.form()),
            "size_bytes": manifest.size_bytes, "state": COMING, "address": "", "begun": now,
            "seen": now,
        }  # fmt: skip
        mine = sa.and_(c.site == site, c.state == COMING)
        count = sa.select(sa.func.count(), sa.func.sum(c.size_bytes)).where(mine)
        same = sa.and_(
            mine, c.account == account, c.subject == subject, c.door == door,
            c.manifest == row["manifest"],
        )  # fmt: skip
        with self._store.writing() as connection:
            known = connection.scalar(sa.select(c.id).where(same).limit(1))
            if known is not None:
                return self._found(str(known))
            number, size = connection.execute(count).one()
            promised = int(size or 0) + manifest.size_bytes
            if number >= MOST_OPEN_OF_A_SITE or promised > MOST_BYTES_OF_A_SITE:
                raise OverQuotaError(
                    "this site has as many uploads open as it may",
                    advice="Let them end, or drop them",
                )
            connection.execute(sa.insert(uploads).values(row))
        self.folder(str(row["id"])).mkdir(mode=0o700, parents=True)
        return self._found(str(row["id"]))

    def find(self, upload_id: str) -> ChunkedUpload | None:
        """Return an upload by its id."""
        with self._store.reading() as connection:
            row = connection.execute(sa.select(uploads).where(uploads.c.id == upload_id)).first()
        return None if row is None else _upload(row)

    def coming_of(self, account: int) -> tuple[ChunkedUpload, ...]:
        """Return the uploads of an account that its browser began and that are not whole."""
        c = uploads.c
        mine = sa.and_(c.account == account, c.state == COMING, c.door == "web")
        with self._store.reading() as connection:
            rows = connection.execute(sa.select(uploads).where(mine).order_by(c.begun))
            return tuple(map(_upload, rows))

    def promised_bytes(self) -> int:
        """Return what open uploads may still bring."""
        total = sa.select(sa.func.sum(uploads.c.size_bytes)).where(uploads.c.state == COMING)
        with self._store.reading() as connection:
            return int(connection.scalar(total) or 0)

    def change(self, upload: ChunkedUpload, **values: Any) -> ChunkedUpload:  # noqa: ANN401
        """Change one and return it; raise LookupError where it was dropped meanwhile."""
        same = uploads.c.id == upload.id
        with self._store.writing(durable="state" in values) as connection:
            connection.execute(sa.update(uploads).where(same).values(**values, seen=self._clock()))
        return self._found(upload.id)

    def landed(self, upload: ChunkedUpload, address: str) -> ChunkedUpload:
        """Note that all files of an upload landed: its chunks go, and the names it came with."""
        nameless = [["", one.size_bytes, one.sha256] for one in upload.manifest.files]
        done = self.change(upload, state=ALL_THERE, address=address, manifest=json.dumps(nameless))
        self.drop_chunks(upload)
        return done

    def _found(self, upload_id: str) -> ChunkedUpload:
        found = self.find(upload_id)
        if found is None:
            raise LookupError(upload_id)
        return found

    def drop(self, upload: ChunkedUpload) -> None:
        """Forget an upload and its chunks."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(uploads).where(uploads.c.id == upload.id))
        self.drop_chunks(upload)

    def drop_chunks(self, upload: ChunkedUpload) -> None:
        """Delete the chunks of an upload."""
        shutil.rmtree(self.folder(upload.id), ignore_errors=True)

    def drop_abandoned(self) -> int:
        """Forget uploads that nobody went on with for a day; return how many (case P25)."""
        old = sa.and_(uploads.c.state == COMING, uploads.c.seen < self._clock() - ABANDONED_SECONDS)
        with self._store.reading() as connection:
            found = [_upload(row) for row in connection.execute(sa.select(uploads).where(old))]
        for one in found:
            self.drop(one)
        return len(found)

    # --- chunks --------------------------------------------------------------------------------

    def folder(self, upload_id: str) -> Path:
        """Return the folder of the chunks of an upload, whose id is one of ours."""
        return self._folder / upload_id

    def chunks(self, upload: ChunkedUpload) -> dict[int, str]:
        """Return the chunks that are whole, by their number, with their SHA-256."""
        found = {}
        for path in self.folder(upload.id).glob("*.chunk"):
            number, _, digest = path.stem.partition("-")
            with contextlib.suppress(ValueError):
                found[int(number)] = digest
        return found

    def chunk_path(self, upload: ChunkedUpload, number: int, sha256: str) -> Path:
        """Return where a whole chunk is."""
        return self.folder(upload.id) / f"{number:06}-{sha256}.chunk"


def _upload(row: sa.Row[Any]) -> ChunkedUpload:
    return ChunkedUpload(
        row.id, row.account, row.site, row.subject, row.door,
        read_manifest(json.loads(row.manifest)), row.state, row.address, row.begun, row.seen,
    )  # fmt: skip
