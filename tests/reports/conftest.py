"""A small review made by hand: one limit of each verdict, with hostile names."""

from __future__ import annotations

from typing import Any

import pytest

from sbrt_qa.model.case import Link, LinkKind, Repair, SourceFile
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.review.case_review import (
    CaseReview,
    DoseSummary,
    EngineUsed,
    ImageSummary,
    PlanSummary,
    ProtocolUsed,
    StructureSummary,
)

HOSTILE = "\x1b[2J=cmd|'/C calc'!A0[bold red]\u202e"

Fields = dict[str, Any]


def limit(
    identity: str, structure: str, names: tuple[str, ...], **changes: Any
) -> ConstraintResult:
    match = StructureMatch(structure, names, tuple(range(len(names))), "exact name")
    fields: Fields = {
        "metric": "D0.5cc[Gy]", "op": "<=", "match": match if names else None, "value": 20.0,
        "unit": "Gy", "reason": None, "per_protocol_limit": 30.0, "minor_limit": 32.0,
        "beyond": Verdict.MAJOR, "margin": 10.0, "verdict": Verdict.PER_PROTOCOL, "priority": 1,
        "counts": True, "source": ("R1112",), "confidence": "verified",
    }  # fmt: skip
    return ConstraintResult(identity, structure, **(fields | changes))


def constraints() -> tuple[ConstraintResult, ...]:
    missing = Reason(ReasonCode.STRUCTURE_MISSING, "no structure of the plan matches 'Stomach'")
    return (
        limit("DUO", "Duodenum", ("Duodenum",), value=32.004, margin=-2.004, verdict=Verdict.MAJOR),
        limit("STO", "Stomach", (), value=None, reason=missing, margin=None,
              verdict=Verdict.NOT_EVALUABLE),
        limit("BOW", "Bowel_Small", (HOSTILE,), value=31.0, margin=-1.0, verdict=Verdict.MINOR,
              note="a note"),
        limit("CORD", "SpinalCord", ("SpinalCord",)),
        limit("SPL", "Spleen", ("Spleen",), op="report", per_protocol_limit=None, minor_limit=None,
              margin=None, priority=4, counts=False),
    )  # fmt: skip


@pytest.fixture
def review() -> CaseReview:
    plan = PlanSummary(
        "LIVER_50", "", "CURATIVE", "APPROVED", "HFS", 50.0, "", 5, ("LINAC",),
        ("PHOTON STATIC",), 9, 1, 2412.5, "MU", 1, energies=("6 MV",),
    )  # fmt: skip
    return CaseReview(
        case="LIVER_50",
        subject="S-004",
        verdict=Verdict.MAJOR,
        protocol=ProtocolUsed("liver_sbrt", "0.1", "ab" * 32, statement="Cited\nlimits."),
        engine=EngineUsed(convention="between planes: slab"),
        plan=plan,
        dose=DoseSummary((150, 120, 90), (2.0, 2.0, 2.5), 61.2, "PLAN", "PHYSICAL"),
        structure_set="SS",
        image=ImageSummary("CT", 120, 2.5, (1.0, 1.0)),
        structures=(StructureSummary("PTV", "PTV", 1, "PTV", 33.0, 0.0, 40.0, 50.0, 60.0),),
        constraints=constraints(),
        findings=(Finding("LINK", None, HOSTILE, "Linked by guess.", "Look at it."),),
        links=(Link("RTDOSE", "RTPLAN", LinkKind.BY_UID),),
        repairs=(Repair("no_preamble", "RTDOSE", "read as implicit little endian"),),
        files=(SourceFile("RP.dcm", "RTPLAN", "1.2.3", "cd" * 32),),
    )
