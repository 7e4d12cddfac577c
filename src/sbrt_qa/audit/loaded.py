"""Imported by the process that all others are forked from, so that each of them is ready at once.

Importing it warms up: one small submission is written, read, reviewed and reported, so that every
room is loaded and every kernel has run. See `sbrt_qa.sandbox.preload`.
"""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from sbrt_qa import pipeline
from sbrt_qa.audit.earlier import Before
from sbrt_qa.audit.job import SubmissionJob
from sbrt_qa.audit.one_submission import review_submission
from sbrt_qa.dosimetry.on_cores import use_one_core
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.testing.sample.trial import write_trial

GARBAGE_THRESHOLD = 100_000
"""New objects between two searches for garbage; a process that reviews once has little."""


def _review_one() -> None:
    with tempfile.TemporaryDirectory(prefix="sbrt_qa_") as name:
        folder = Path(name)
        write_trial(folder, 1)
        protocol = load_protocol(folder / "protocol_v1.yaml").model_dump_json(by_alias=True)
        where, report = folder / "submissions", folder / "page"
        review_submission(SubmissionJob(where, (protocol,), report=report, before=Before(where)))


gc.set_threshold(GARBAGE_THRESHOLD)
use_one_core()
pipeline.start_kernels_fast()
try:
    _review_one()
except (OSError, SbrtQaError):  # no place for temporary files: less warm, and no less right
    pipeline.warm_up()
gc.collect()
gc.freeze()  # what is there already is shared by all, and never garbage
