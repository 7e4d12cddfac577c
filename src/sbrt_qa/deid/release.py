"""A case de-identified: every file is released, held for a person, refused, or left behind.

The originals are read, never changed. Nothing is written of a case in which the verifier finds a
leak; files that only a person can judge (burnt-in pixels, secondary captures, documents) are not
written without that person's word.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filewriter import dcmwrite
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, ImplicitVRLittleEndian

from sbrt_qa.deid.clean import Cleaner, CodedSubject
from sbrt_qa.deid.crosswalk import Crosswalk
from sbrt_qa.deid.date_shifts import shift_days
from sbrt_qa.deid.identifier_search import IdentifierFinder, Identifiers
from sbrt_qa.deid.pixel_risks import pixel_risk
from sbrt_qa.deid.policy import ReleaseClass, policy
from sbrt_qa.deid.secret import Secret
from sbrt_qa.deid.spelling import folded
from sbrt_qa.deid.verifier import doubts_of
from sbrt_qa.dicom.files.dataset import warnings_as_notes
from sbrt_qa.dicom.files.deid_account import MANIFEST
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.errors import DicomError, SbrtQaError, UsageError
from sbrt_qa.i18n.phrase import msg
from sbrt_qa.protocol.protocol_files import library, load_family

MOST_BYTES: Final = 2 * 1024**3
"""Of one file; a larger one is left behind."""

ENCAPSULATED: Final = "1.2.840.10008.5.1.4.1.1.104."
SECONDARY: Final = "1.2.840.10008.5.1.4.1.1.7"

MORE_PATIENTS: Final = "files of more than one patient lie in one case"
OTHER_BIRTH: Final = "files of one case disagree on the patient's date of birth or sex"
OWN_PROTOCOL: Final = "own protocol"
LEAK: Final = "the verifier found what identifies"


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """What is asked for: codes to write, and the files that a person has looked at.

    Parameters
    ----------
    subject, site, trial, sponsor
        Codes; a subject that is not given follows from the key.
    accepted
        SHA-256 of originals whose pixels or documents a person released.
    protocol
        Protocol whose version in force is settled before dates move; may be empty.
    """

    subject: str = ""
    site: str = ""
    trial: str = ""
    sponsor: str = ""
    accepted: tuple[str, ...] = ()
    protocol: str = ""


@dataclass(slots=True)
class ReleaseReport:
    """What became of every file; files go by a number and their SHA-256, never by their names.

    `released` have name, sha256, modality and kind as written; `held`, `refused` and `left` the
    original's sha256 and why. `unchanged` tells that every file had been released before.
    """

    subject: str = ""
    days: int = 0
    released: list[dict[str, str]] = field(default_factory=list)
    held: list[dict[str, str]] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    protocols: list[dict[str, str]] = field(default_factory=list)
    uids: dict[str, str] = field(default_factory=dict)
    patient: str = ""
    unchanged: bool = False


@dataclass(slots=True)
class _File:
    number: int
    digest: str
    content: bytes
    dataset: FileDataset


def deidentify_files(
    paths: Sequence[str], out: str, key: str, crosswalk: dict[str, Any], asked: dict[str, Any]
) -> dict[str, Any]:
    """De-identify the files in `paths` into the folder `out`: the work of the child.

    Parameters
    ----------
    out
        An empty folder, or none yet.
    key
        The trial's key, in hexadecimal.
    crosswalk, asked
        Fields of :class:`Crosswalk` and :class:`ReleaseAsked`.

    Raises
    ------
    UsageError
        The subject's code is that of another patient, or the patient has another code.
    """
    work = _Work(Secret(bytes.fromhex(key)), Crosswalk(**crosswalk), ReleaseAsked(**_tuples(asked)))
    report = work.run([Path(p) for p in paths], Path(out))
    return {name: _plain(getattr(report, name)) for name in ReleaseReport.__slots__}


def _are_pseudonymous(files: Sequence[_File]) -> bool:
    """Tell whether all files say that they were de-identified: their patient goes by a code."""
    said = (str(f.dataset.get("PatientIdentityRemoved", "")).strip().upper() for f in files)
    return all(one == "YES" for one in said)


def _said(files: Sequence[_File], keyword: str, *nothing: str) -> set[str]:
    """Return what files say, without padding; `nothing` is counted as a value where it is given."""
    found = {str(f.dataset.get(keyword) or "").strip(" \0") for f in files}
    return found if nothing else found - {""}


def _two_people(files: Sequence[_File]) -> str:
    """Return why files under one number are not of one patient: afterwards nobody could see it."""
    sexes = _said(files, "PatientSex") - {"O"}
    return OTHER_BIRTH if len(_said(files, "PatientBirthDate")) > 1 or len(sexes) > 1 else ""


def _is_a_name(code: str, patient: str, names: Collection[str]) -> bool:
    """Tell whether a code is what the patient is called, and not what they are numbered by."""
    known = folded(code)
    words = {folded(w) for name in names for w in re.split(r"[=^\\\s]", name)}
    whole = {folded(name) for name in names}
    return known.isalpha() and known != folded(patient) and known in words | whole


def _tuples(asked: dict[str, Any]) -> dict[str, Any]:
    return asked | {"accepted": tuple(asked.get("accepted", ()))}


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Counter) else value


class _Work:
    """One case on its way."""

    def __init__(self, secret: Secret, crosswalk: Crosswalk, asked: ReleaseAsked) -> None:
        self._secret, self._crosswalk, self._asked = secret, crosswalk, asked
        self._given_out = frozenset(crosswalk.uids.values())
        self.report = ReleaseReport()

    def run(self, paths: Sequence[Path], out: Path) -> ReleaseReport:
        report, files = self.report, list(self._read(paths))
        fresh = [f for f in files if f.digest not in self._crosswalk.outputs]
        patients = _said(fresh, "PatientID", "")
        why = MORE_PATIENTS if len(patients) > 1 else _two_people(fresh)
        if why and not {f.digest for f in fresh} <= {*self._asked.accepted}:
            for one in files:
                self._put(report.held, one, why)
            return report
        report.patient = min(patients, default="")
        known = Identifiers()
        for one in fresh:
            known.add(one.dataset)
        report.subject = self._code(report.patient, files)
        if report.subject == report.patient and _are_pseudonymous(fresh):
            known.without_code(report.subject)
        elif _is_a_name(report.subject, report.patient, known.names):
            raise UsageError("this subject code is the name of the patient")
        report.days = self._crosswalk.days.get(
            report.subject, shift_days(self._secret, report.patient or report.subject)
        )
        report.unchanged = bool(files) and not fresh
        finder = IdentifierFinder(known, (report.subject, self._asked.site, self._asked.trial))
        if fresh and self._asked.protocol:
            self._settle_protocol(paths)
        written = self._written(files, finder)
        if report.refused:
            report.released.clear()
            return report
        out.mkdir(parents=True, exist_ok=True)
        for name, content in written:
            (out / name).write_bytes(content)
        return report

    def _read(self, paths: Sequence[Path]) -> Iterator[_File]:
        for number, path in enumerate(_all_files(paths), 1):
            shown = {"file": str(number), "sha256": ""}
            if path.is_symlink() or path.stat().st_size > MOST_BYTES:
                self.report.left.append(shown | {"why": "a link, or too large"})
                continue
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            shown["sha256"] = digest
            if path.name == MANIFEST:
                continue
            try:
                dataset = _parsed(content)
                if dataset is not None:
                    Identifiers().add(dataset)  # every sequence has to open
            except Exception as error:  # noqa: BLE001 - whatever a hostile file makes of the reader
                self.report.refused.append(
                    shown | {"why": f"cannot be read ({type(error).__name__})"}
                )
                continue
            if dataset is None:
                self.report.left.append(shown | {"why": "not DICOM"})
                continue
            yield _File(number, digest, content, dataset)

    def _code(self, patient: str, files: Sequence[_File]) -> str:
        """Return the code of the subject: as asked, as given before, or by the key."""
        asked, before = self._asked.subject, self._crosswalk.code_of(patient) if patient else ""
        released = {self._crosswalk.outputs.get(f.digest, "") for f in files} - {""}
        before = before or next(iter(released), "")
        if asked and before and asked != before:
            raise UsageError(msg("this patient has another subject code under this key"))
        if asked and self._crosswalk.subjects.get(asked, patient) != patient and patient:
            raise UsageError("this subject code stands for another patient under this key")
        if asked or before:
            return asked or before
        if not patient:
            raise UsageError("the files name no patient", advice="Give --subject CODE")
        return self._secret.code("S", patient)

    def _settle_protocol(self, paths: Sequence[Path]) -> None:
        """Note the version in force at the true planning date, before dates move."""
        try:
            family = load_family(self._asked.protocol)
            for case in load_cases(list(paths)):
                chosen = family.of(case)
                self.report.protocols.append(
                    {"id": chosen.protocol.id, "version": chosen.protocol.version}
                )
        except SbrtQaError as error:
            known = self._asked.protocol in library()
            name = self._asked.protocol if known else OWN_PROTOCOL  # a path may name anybody
            self.report.protocols.append({"id": name, "why": type(error).__name__})

    def _written(self, files: Sequence[_File], finder: IdentifierFinder) -> list[tuple[str, bytes]]:
        rules, made = policy(), []
        subject = CodedSubject(
            self.report.subject, self.report.days, self._asked.site, self._asked.trial,
            self._asked.sponsor,
        )  # fmt: skip
        cleaner = Cleaner(rules, self._secret, subject, finder)
        for one in files:
            kind = rules.classes.get(str(one.dataset.get("SOPClassUID", "")).strip(" \0"))
            known = one.digest in self._crosswalk.outputs
            if why := "" if known else self._held(one, kind):
                self._put(self.report.held, one, why)
                continue
            try:
                content = one.content
                if not known and kind is not None:
                    content = _cleaned(one.dataset, cleaner, kind)
            except Exception as error:  # noqa: BLE001 - as above
                why = f"cannot be written anew ({type(error).__name__})"
                self._put(self.report.refused, one, why)
                continue
            doubts = doubts_of(content, rules, finder)
            told = ", ".join(sorted({d.where for d in doubts}))
            if any(d.kind != "suspicious text" for d in doubts):
                self._put(self.report.refused, one, f"{LEAK}: {told}")
            elif doubts:
                self._put(self.report.held, one, f"texts that a person must look at: {told}")
            else:
                made.append((one, content))
        account = cleaner.account
        self.report.removed, self.report.replaced = account.removed, account.replaced
        self.report.renamed, self.report.uids = account.renamed, account.uids
        return list(self._named(made))

    def _held(self, one: _File, kind: ReleaseClass | None) -> str:
        """Return why only a person may release a file; empty when it need not be held."""
        uid = str(one.dataset.get("SOPInstanceUID", "")).strip(" \0")
        if uid in self._given_out:
            return "it carries a UID that was given out, and is not what was released"
        if kind is None:
            return _kind_held(str(one.dataset.get("SOPClassUID", "")))
        if one.digest in self._asked.accepted:
            return ""
        return pixel_risk(one.dataset)

    def _named(self, made: Sequence[tuple[_File, bytes]]) -> Iterator[tuple[str, bytes]]:
        rows = []
        for _, content in made:
            head = dcmread(io.BytesIO(content), stop_before_pixels=True)
            modality = str(head.get("Modality", "")) or "OT"
            rows.append((modality, str(head.SOPInstanceUID), str(head.SOPClassUID), content))
        counted: Counter[str] = Counter()
        for modality, _, kind, content in sorted(rows, key=lambda r: r[:2]):
            counted[modality] += 1
            name = f"{modality}_{counted[modality]:04d}.dcm"
            digest = hashlib.sha256(content).hexdigest()
            self.report.released.append(
                {"name": name, "sha256": digest, "modality": modality, "sop_class": kind}
            )
            yield name, content

    def _put(self, rows: list[dict[str, str]], one: _File, why: str) -> None:
        rows.append({"file": str(one.number), "sha256": one.digest, "why": why})


def _all_files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(p for p in path.rglob("*") if not p.is_dir()) if path.is_dir() else [path]
    return found


def _parsed(content: bytes) -> FileDataset | None:
    """Return the dataset of a file with or without a preamble; None when it is no DICOM."""
    begins = content[128:132] == b"DICM"
    if not begins and content[:2] not in (b"\x08\x00", b"\x02\x00"):
        return None
    with warnings_as_notes("file", Log()):
        try:
            dataset = dcmread(io.BytesIO(content), force=not begins)
        except InvalidDicomError:
            return None
        return dataset if "SOPClassUID" in dataset else None


def _kind_held(sop_class: str) -> str:
    if sop_class.startswith(SECONDARY):
        return "a secondary capture: what its pixels show only a person can tell"
    if sop_class.startswith(ENCAPSULATED):
        return "an encapsulated document: what it says only a person can tell"
    return "a kind of object that the policy does not cover"


def _cleaned(dataset: FileDataset, cleaner: Cleaner, kind: ReleaseClass) -> bytes:
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if UID_dictionary.get(str(syntax or ImplicitVRLittleEndian), ("", ""))[1] != "Transfer Syntax":
        raise DicomError("the transfer syntax is none of the standard")
    with warnings_as_notes("file", Log()):
        cleaner.clean(dataset, kind)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        meta.TransferSyntaxUID = syntax or ImplicitVRLittleEndian
        meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
        meta.ImplementationVersionName = "SBRT_QA"
        dataset.file_meta = meta
        dataset.preamble = b"\0" * 128
        buffer = io.BytesIO()
        dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
