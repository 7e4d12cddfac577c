"""RT Beams Treatment Records of one site of the synthetic trial, as its machine wrote them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.write.amend import amend
from sbrt_qa.dicom.write.rtrecord_files import write_records
from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.model.header import Stamp
from sbrt_qa.testing.outcomes.latent_trial import RECORDING_SITE, LatentTrial
from sbrt_qa.testing.outcomes.sample_plans import FRACTIONS, plan_ids
from sbrt_qa.testing.outcomes.written_trial import Row, Tables

FOLDER: Final = "records"
METERSET: Final = 2000.0


def write_treatment_records(latent: LatentTrial, tables: Tables, out: Path) -> int:
    """Write a record for each fraction of the site, as the rows have it; return how many.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    count = 0
    for one in latent.subjects:
        rows = [row for row in tables["rt_fractions"] if row["subject"] == one.code]
        if one.site != RECORDING_SITE or not one.deviation or not rows:
            continue
        folder = out / FOLDER / one.code
        folder.mkdir(parents=True, exist_ok=True)
        sessions = [
            Session("", _began(row),
                    (BeamDelivered(1, int(row["fraction"]), METERSET, METERSET, "NORMAL"),))
            for row in rows
        ]  # fmt: skip
        for path in write_records(sessions, FRACTIONS, folder, plan_ids(one)):
            amend(path, {"LongitudinalTemporalInformationModified": "UNMODIFIED"})
            count += 1
    return count


def _began(row: Row) -> Stamp:
    return Stamp(dt.date.fromisoformat(row["date"]), dt.time.fromisoformat(row["time"]))
