"""Submissions to record: a real review of a small case, varied."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from functools import cache

import numpy as np
import sqlalchemy as sa

from sbrt_qa.audit.store.data_cuts import freeze_cut, record_analysis
from sbrt_qa.audit.store.failures import Failure, end_failures_of, record_failure
from sbrt_qa.audit.store.places import PlaceRow, record_places
from sbrt_qa.audit.store.queries import LetterHead, answer_queries, close_queries, record_letter
from sbrt_qa.audit.store.records import (
    Entry,
    Mark,
    Place,
    RecordedDvh,
    ReviewedCase,
    StoredComparison,
    StoredFile,
)
from sbrt_qa.audit.store.reference_records import ReferenceEntry, record_reference
from sbrt_qa.audit.store.sites import name_sites
from sbrt_qa.audit.store.trial_records import record_import
from sbrt_qa.audit.store.write import Recorder, add_protocol
from sbrt_qa.compare.reference_measures import MEASURES
from sbrt_qa.compare.stored_reviews import compare_reviews
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.packed import pack
from sbrt_qa.model.actor import Actor, Doing
from sbrt_qa.model.case import Case, Provenance, Repair
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Finding
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.review.stored import stored
from sbrt_qa.review.unreviewed import lost_review
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.treated import PlanVerdict
from sbrt_qa.trial.validate import validate

PROTOCOL = """\
schema: sbrt_qa.protocol/1
id: small
version: "{version}"
effective: 2026-01-01
title: A small protocol
statement: For tests.
sources: {{MADE: {{citation: made up for tests, read_as: not read}}}}
confidence_terms: {{test: no confidence}}
prescriptions: [{{id: 50Gy/5fx, total_gy: 50, fractions: 5}}]
structures:
  - {{name: PTV, kind: target, required: true}}
  - {{name: Liver, kind: organ, required: true}}
  - {{name: Heart, kind: organ, required: true}}
targets:
  - {{id: COVER, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: test}}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - {{id: MEAN, structure: Liver, metric: "Mean[Gy]", op: "<=", per_protocol: {mean},
          minor: {minor}, priority: 1, source: [MADE], confidence: test}}
      - {{id: REST, structure: Liver-PTV, metric: "Mean[Gy]", op: "<=", per_protocol: 100,
          priority: 1, source: [MADE], confidence: test}}
"""


@cache
def protocol(version: str = "1", mean: float = 30, minor: float = 35) -> Protocol:
    text = PROTOCOL.format(version=version, mean=mean, minor=minor)
    return parse_protocol(text.encode(), "small.yaml")


def box(number: int, name: str, low: float, high: float) -> Structure:
    square = np.array([[low, -10.0], [high, -10.0], [high, 10.0], [low, 10.0]])
    planes = tuple(Contour(z, square) for z in (-5.0, 0.0, 5.0))
    return Structure(number, name, planes, "ORGAN")


def case() -> Case:
    x_mm, y_mm, z_mm = (np.arange(-size, size + 1, 2.5) for size in (50.0, 30.0, 25.0))
    dose = DoseGrid(
        np.broadcast_to(30 + 0.5 * x_mm, (z_mm.size, y_mm.size, x_mm.size)), x_mm, y_mm, z_mm
    )
    plan = Plan(
        "1.2.3",
        "LIVER50",
        prescription=Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE),
        fractions=5,
    )
    structures = StructureSet((box(1, "PTV", 40.0, 48.0), box(2, "Liver", -10.0, 10.0)))
    repaired = Provenance(repairs=(Repair("dose-units-in-lower-case", "RTDOSE", "lower case"),))
    return Case("LIVER50", plan, structures, dose, provenance=repaired)


@cache
def reviewed(rules: str = "1", of: Protocol | None = None) -> ReviewedCase:
    doses = CaseDoses(case())
    review = review_case(doses.case, of or protocol(rules), doses=doses)
    facts, dvhs = stored(doses)
    rows = tuple(RecordedDvh(key, "", pack(dvh)) for key, dvh in dvhs.items())
    return ReviewedCase(review, review.to_json(), facts.to_json(), rows)


def relabelled(label: str) -> ReviewedCase:
    one = reviewed()
    review: CaseReview = replace(one.review, case=label)
    return replace(one, review=review, document=review.to_json())


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(
    site: str = "S1",
    subject: str = "001",
    version: int | None = 1,
    content: str = "first",
    place: str = "",
    cases: tuple[ReviewedCase, ...] | None = None,
    rules: str = "1",
) -> Entry:
    key = digest(place or f"{site}/{subject}/{version}")
    kinds = ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT", "CT")
    return Entry(
        Place("T", site, subject, version, key, "2026-02-01T00:00:00Z"),
        digest(content),
        tuple(StoredFile(digest(f"{content}{i}"), kind) for i, kind in enumerate(kinds)),
        (reviewed(rules),) if cases is None else cases,
        (Finding("IDENTIFIER_PRIVATE_TAGS", None, "RTPLAN", "2 private elements"),),
    )


def lost(content: str = "first", why: str = "exceeded 60 s") -> Entry:
    """Return the same submission when its review broke off."""
    whole = entry(content=content)
    return replace(whole, files=(), cases=(), findings=(), lost=lost_review("submission", why))


def compared() -> StoredComparison:
    """Return a comparison of the case with itself."""
    found = compare_reviews(reviewed().review, reviewed().review)
    return StoredComparison(found.to_json(), digest("before"))


def fill(engine: sa.Engine, at: str = "2026-02-02T10:00:00Z") -> None:
    """Put at least two rows into every table, as the program itself does."""
    rules = {one.content_hash: add_protocol(engine, one, at) for one in map(protocol, ("1", "2"))}
    one = Recorder(engine, rules, "0.1")
    whole = replace(reviewed(), comparison=compared())
    for number, place in enumerate((("S1", "001"), ("S1", "002"), ("S2", "001")), 1):
        made = one.record(entry(*place, content=str(number), cases=(whole,)), at)
        for words in ("first", "second"):
            record_letter(
                engine, made.submission_id, LetterHead(sender="Office", contact="office@trial"),
                lambda top, words=words: f"{words} letter {top.number} {top.head}", at,
                due="2026-03-01T23:59:59Z",
            )  # fmt: skip
        answer_queries(engine, made.submission_id, "soon", at)
        close_queries(engine, made.submission_id, "done", at)
    other = replace(entry("S3", "001", content="other"), place=replace(entry().place, trial="T2"))
    one.record(other, at)
    name_sites(engine, {"S1": "First Clinic", "S2": "Second Clinic"}, at)
    for content in ("first lost", "second lost"):
        one.record(lost(content), at)
    for marked in ("first", "second"):
        marks = (Mark("study", digest(f"study {marked}")), Mark("plan", digest(marked), 1))
        old = replace(entry(subject=f"marked {marked}", content=marked), marks=marks)
        one.record(old, at)
        known_too = replace(old, input_sha256=digest(f"{marked} anew"), also=(old.input_sha256,))
        one.record(known_too, at)
    for place in ("S1/001/v1", "S1/002/v1"):
        found = PlaceRow(digest(place), place, "S1", place[3:6], "submission", "", 6)
        record_places(engine, [found], at)
    for place in ("S9/001", "S9/002"):
        kind, why = "cannot read", "no permission"
        broken = Failure(digest(place), place, "S9", place[3:], "", kind, why, "0" * 64, "0.1")
        record_failure(engine, broken, at)
    end_failures_of(engine, {digest(place): "gone" for place in ("S9/001", "S9/002")}, at)
    fill_references(engine, at)
    fill_trial(engine, at)


def fill_references(engine: sa.Engine, at: str) -> None:
    """Record the contours of two reviewers of the first plan."""
    for number, name in enumerate(("First Reader", "Second Reader"), 1):
        structures = (
            {"ordinal": 1, "structure": "Liver", "reason": ""} | dict.fromkeys(MEASURES, 0.5),
            {"ordinal": 2, "structure": "structure 2", "reason": "STRUCTURE_MISSING"}
            | dict.fromkeys(MEASURES),
        )
        limit = {
            "limit_id": "MEAN", "structure": "Liver", "metric": "Mean[Gy]", "unit": "Gy",
            "value": 30.0, "reference_value": 31.5, "verdict": "per_protocol",
            "reference_verdict": "minor",
        }  # fmt: skip
        found = ReferenceEntry(
            1, "S1/001/v1", 1, protocol().content_hash, "0.1", digest(f"reference {number}"),
            "per_protocol", "minor", f'{{"structures":[{number}]}}', structures, (limit,),
        )  # fmt: skip
        by = Doing(Actor(name, "reviewer"), reason="the contours were doubtful")
        assert record_reference(engine, found, at, by)


def fill_trial(engine: sa.Engine, at: str) -> None:
    """Record two imports of the trial's data, freeze them, and record what was derived of them."""
    for code in ("001", "002"):
        values = {
            "subject": code, "site": "S1", "consent": "2026-01-05", "screened": "2026-01-06",
            "screen_result": "eligible", "randomised": "2026-01-07", "arm": "SBRT",
        }  # fmt: skip
        table = TextTable("subjects", "subjects.csv", tuple(values), ((2, values),))
        status = {"subject": code, "last_contact": "2026-01-20", "alive": "Y"}
        other = TextTable("status", "status.csv", tuple(status), ((2, status),))
        imported = validate(assemble((table, other), dt.date(2026, 2, 2)))
        head = record_import(engine, imported, at, form="csv", files={"subjects.csv": digest(code)})
        plans = (PlanVerdict(f"S1/{code}/v1", code, at, "minor", ("LIV5_MEAN",)),)
        cut = freeze_cut(engine, head.id, "2026-01-31", code, plans, at)
        record_analysis(engine, cut.id, digest("rules"), "0.1", f'{{"of":"{code}"}}', at, None)
