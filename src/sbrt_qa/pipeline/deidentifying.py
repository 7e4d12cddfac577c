"""A case de-identified in a process of its own, and what was given out kept beside the key."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrt_qa import pipeline
from sbrt_qa.errors import DicomError, UsageError, quoted_name

if TYPE_CHECKING:
    from sbrt_qa.deid.release import ReleaseAsked


def deidentify(
    paths: Sequence[Path], out: Path, key_file: Path, asked: ReleaseAsked
) -> dict[str, Any]:
    """De-identify the files of one case into a folder; return the account of it.

    The folder gets the released files and the account, ``deidentified.json``; nothing of a case in
    which anything was refused. The crosswalk beside the key is written before the files stand in
    the folder: a process that ends between the two has given out UIDs, never files without them.

    Parameters
    ----------
    out
        A folder that is not there yet, or is empty.
    key_file
        The trial's key; made when it is not there. It must lie outside the folder and the case.

    Raises
    ------
    UsageError
        The folder is not empty, the key cannot be used or lies with what it protects, or the
        subject's code does not fit the crosswalk.
    DicomError
        The child came to no answer.
    """
    from sbrt_qa.deid.crosswalk import changed_crosswalk, path_of, read_crosswalk
    from sbrt_qa.deid.release import deidentify_files
    from sbrt_qa.deid.secret import read_key
    from sbrt_qa.sandbox import run_isolated

    for path in paths:
        if not path.exists():
            raise UsageError("there is no such file or folder", got=quoted_name(path))
    _refuse_places(paths, out, key_file)
    secret = read_key(key_file)
    known = read_crosswalk(path_of(key_file), secret)
    staging = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        outcome = run_isolated(
            deidentify_files,
            ([str(p.resolve()) for p in paths], str(staging), secret.key.hex(), asdict(known),
             asdict(asked)),
            prepare=pipeline.warm_up,
        )  # fmt: skip
        if outcome.error is not None:
            raise outcome.error
        if outcome.failure:
            raise DicomError("the case could not be de-identified", got=outcome.failure)
        report: dict[str, Any] = outcome.value
        uids, patient = report.pop("uids"), report.pop("patient")
        if report["released"]:
            subject = report["subject"]
            with changed_crosswalk(path_of(key_file), secret) as known:
                if patient and known.subjects.get(subject, patient) != patient:
                    raise UsageError("this subject code was given to another patient meanwhile")
                if patient and known.code_of(patient) not in ("", subject):
                    raise UsageError("this patient was given another subject code meanwhile")
                known.uids |= uids
                if patient:
                    known.subjects[subject] = patient
                known.days[subject] = report["days"]
                known.outputs |= {row["sha256"]: subject for row in report["released"]}
            _settle(staging, out, _earlier(paths, report) or _account(report, asked))
        return report
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _refuse_places(paths: Sequence[Path], out: Path, key_file: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("the folder is not empty", got=quoted_name(out), expected="a new folder")
    for path in paths:
        inside = path.resolve() if path.is_dir() else path.resolve().parent
        if out.resolve() == inside or out.resolve().is_relative_to(inside):
            raise UsageError("the folder lies within the case", got=quoted_name(out))
    for folder in (out, *(p for p in paths if p.is_dir())):
        if key_file.resolve().is_relative_to(folder.resolve()):
            advice = "Keep the key apart from what it protects"
            raise UsageError("the key lies with what it protects", advice=advice)


def _account(report: dict[str, Any], asked: ReleaseAsked) -> dict[str, Any]:
    """Return the account that travels with the files: nothing of the originals."""
    from sbrt_qa.deid.policy import policy
    from sbrt_qa.dicom.files.deid_account import SCHEMA

    return {
        "schema": SCHEMA,
        "policy": {"id": policy().id, "version": policy().version},
        "subject": report["subject"],
        "site": asked.site,
        "trial": asked.trial,
        "dates_shifted": True,
        "protocols": report["protocols"],
        "files": report["released"],
        "held": len(report["held"]),
        "left": len(report["left"]),
    }


def _earlier(paths: Sequence[Path], report: dict[str, Any]) -> dict[str, Any]:
    """Return the account that lies beside files that were released before; empty for others."""
    from sbrt_qa.dicom.files.deid_account import MANIFEST, SCHEMA

    if not report["unchanged"]:
        return {}
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            if found["schema"] == SCHEMA and found["files"] == report["released"]:
                return dict(found)
    return {}


def _settle(staging: Path, out: Path, account: dict[str, Any]) -> None:
    from sbrt_qa.dicom.files.deid_account import MANIFEST

    text = json.dumps(account, indent=2) + "\n"
    (staging / MANIFEST).write_text(text, encoding="utf-8")
    if out.exists():
        out.rmdir()
    staging.rename(out)
