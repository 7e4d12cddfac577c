"""Tables to keep, as CSV; read from the records as a whole before the first byte leaves."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Final

from starlette.responses import Response, StreamingResponse

from sbrt_qa.office.exported_tables import EXPORTED_TABLES, exported_rows
from sbrt_qa.office.roles import Right
from sbrt_qa.reports.as_csv import safe_cell
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing
from sbrt_qa.web.visits import Visit

IN_MEMORY: Final = 1 << 20
PART_BYTES: Final = 1 << 16


@refusing
def export(app: OfficeApp, visit: Visit) -> Response:
    """Answer with a table; a client that is slow holds no transaction open, only a file."""
    table = visit.places["table"]
    rows = exported_rows(app.engine, app.store.engine, app.acting(visit), table, app.coding_key)
    made = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    text = io.TextIOWrapper(made, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(EXPORTED_TABLES[table])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    text.detach()
    headers = {
        "content-disposition": f'attachment; filename="{table}.csv"',
        "content-length": str(made.tell()),
    }
    made.seek(0)
    return StreamingResponse(_parts(made), media_type="text/csv; charset=utf-8", headers=headers)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART_BYTES):
            yield part


DOORS: Final = (Door("GET", "/export/{table}", Right.EXPORT, export),)
