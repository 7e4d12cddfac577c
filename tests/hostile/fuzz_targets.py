"""What fuzzing feeds and how it judges: sound seeds, and what may come of spoiling them.

A target takes bytes and runs all that a user would run on them: reading, linking, the review and
its reports. It returns an answer word; any exception that leaves it is a find.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import builders as b

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case

HERE = Path(__file__).parent
FINDS = HERE / "finds"
DEFLATED = "1.2.840.10008.1.2.1.99"

PROTOCOL = b"""\
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2026-01-01
title: A small protocol
statement: For tests.
sources: {MADE: {citation: made up for tests, read_as: not read}}
confidence_terms: {test: no confidence}
prescriptions: [{id: 50Gy/5fx, total_gy: 50, fractions: 5}]
structures:
  - {name: GTV, kind: target, required: true}
  - {name: Liver, kind: organ, required: true, aliases: {de: [Leber]}}
  - {name: PTV, kind: target, required: true}
  - {name: External, kind: external, required: true}
targets:
  - {id: COVER, structure: GTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: test}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - {id: MEAN, structure: Liver, metric: "Mean[Gy]", op: "<=", per_protocol: 13, minor: 15,
          priority: 1, source: [MADE], confidence: test}
      - {id: SPARE, structure: Liver-GTV, metric: "DC700cc[Gy]", op: "<=", per_protocol: 15,
          minor: 17, priority: 2, source: [MADE], confidence: test}
      - {id: PTV_MEAN, structure: PTV, metric: "Mean[Gy]", op: report, priority: 4, source: [MADE],
          confidence: test}
      - {id: SPOT, structure: Liver, metric: "D0.03cc[Gy]", op: "<=", per_protocol: 30,
          minor: 32, priority: 1, source: [MADE], confidence: test}
"""


@dataclass(frozen=True)
class Target:
    """Sound inputs, and what is done with a spoilt one."""

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], str]


@cache
def rules() -> Protocol:
    """Return the small protocol that cases are held against."""
    return parse_protocol(PROTOCOL, "small.yaml")


@cache
def workplace() -> Path:
    """Return a folder with a sound case whose files are replaced in turn."""
    folder = Path(tempfile.mkdtemp(prefix="sbrt_qa_fuzz_"))
    inner = b.roi(2, "GTV", b.stack((-2.0, 0.0, 2.0), xy_mm=[(-5, -5), (5, -5), (0, 6)]), "GTV")
    around = b.roi(3, "PTV", b.stack((-2.0, 0.0, 2.0), xy_mm=[(-8, -8), (8, -8), (0, 9)]), "PTV")
    body = b.roi(4, "External", b.stack(), "EXTERNAL")
    b.save_case(folder, RS=b.structure_set(b.roi(1, "Liver", b.stack()), inner, around, body))
    b.save(b.record(1, "20260112"), folder / "RR.dcm")
    return folder


def _whole_case(file: str, data: bytes) -> str:
    """Put `data` in the place of one file and do everything a user would do."""
    place = workplace() / file
    sound = place.read_bytes()
    place.write_bytes(data)
    try:
        cases = load_cases(workplace())
        reviews = [review_case(case, rules()) for case in cases]
        for review in reviews:
            if broken := [f.code for f in review.findings if "broke off" in f.message]:
                msg = f"checks broke off: {broken}"
                raise AssertionError(msg)
            if CaseReview.from_json(review.to_json()) != review:
                msg = "a review does not survive JSON"
                raise AssertionError(msg)
        for form in ("csv", "checks_csv"):
            render_reviews(form, reviews, Page())
    except SbrtQaError:
        return "refused"
    finally:
        place.write_bytes(sound)
    parts = [part for r in reviews for part in (r.plan, r.dose, r.structure_set)]
    undelivered = not all(case.sessions for case in cases)
    unread = undelivered or any(isinstance(part, Reason) for part in parts)
    return "reasons" if unread or any(s.reason for r in reviews for s in r.structures) else "read"


def _protocol(data: bytes) -> str:
    try:
        parse_protocol(data, "fuzz.yaml")
    except SbrtQaError:
        return "refused"
    return "read"


def _seeds(file: str) -> tuple[bytes, ...]:
    """Return the sound file as it is, deflated, and without VRs, preamble and meta information."""
    explicit = (workplace() / file).read_bytes()
    kinds = {
        "RS.dcm": b.structure_set,
        "RD.dcm": b.dose,
        "RP.dcm": b.plan,
        "RR.dcm": lambda: b.record(1, "20260112"),
    }
    place = workplace().with_suffix(".seed")
    deflated = b.save(kinds[file](), place, DEFLATED).read_bytes()
    implicit = b.save(kinds[file](), place, b.ImplicitVRLittleEndian, meta=False).read_bytes()
    place.unlink()
    return explicit, deflated, implicit


FILE_OF = {"rtstruct": "RS.dcm", "rtdose": "RD.dcm", "rtplan": "RP.dcm", "rtrecord": "RR.dcm"}


@cache
def target(name: str) -> Target:
    """Return one of the targets by name: rtstruct, rtdose, rtplan, rtrecord or protocol."""
    if name == "protocol":
        return Target(name, (PROTOCOL,), _protocol)
    file = FILE_OF[name]
    return Target(name, _seeds(file), lambda data: _whole_case(file, data))


NAMES = (*FILE_OF, "protocol")
