"""The review of one case: everything a report, a store or an audit needs to know of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sbrt_qa import __version__
from sbrt_qa.model.case import Link, Repair, SourceFile
from sbrt_qa.model.course import Course
from sbrt_qa.model.notebook import frame_of, html_of
from sbrt_qa.model.outcome import Finding, Reason, Verdict
from sbrt_qa.model.remembered import remembered
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.remnant import rule_text
from sbrt_qa.protocol.rules import LIVER_RULES
from sbrt_qa.protocol.standing import DRAFT, standing_of
from sbrt_qa.protocol.versions import VersionBasis
from sbrt_qa.review.information import Told
from sbrt_qa.review.json_form import JsonForm
from sbrt_qa.review.robustness import LimitRobustness, SetupDrawn
from sbrt_qa.second_opinion.second_opinion import Comparison

SCHEMA: Final = "sbrt_qa.review/1"
"""Name and version of the JSON form; another version is refused, not guessed at."""

LATER: Final = ("site", "not_told", "targets", "stated", "course", "robustness", "setup",
               "information")  # fmt: skip
"""Fields that older documents of this version do not have."""


@dataclass(frozen=True, slots=True)
class ProtocolUsed:
    """The protocol, pinned: `sha256` is that of its content.

    `effective` is the date (ISO) from which the version holds, `chosen` why it was used. `levels`
    are the prescriptions it allows, each a total dose in Gy and a number of fractions; none in
    results of versions that did not keep them. `draft` tells that nobody approved it, `standing`
    says so, or who did; `liver_rule` and `remnant_rule` say what is in force, if anything is.
    `basis` is what chose the version, None in results of versions that did not keep it.
    """

    id: str
    version: str
    sha256: str
    title: str = ""
    statement: str = ""
    effective: str = ""
    chosen: str = ""
    levels: tuple[tuple[float, int], ...] = ()
    draft: bool = True
    standing: str = field(default_factory=lambda: DRAFT)
    liver_rule: str = ""
    remnant_rule: str = ""
    basis: VersionBasis | None = None

    @classmethod
    def of(
        cls, protocol: Protocol, chosen: str = "", basis: VersionBasis | None = None
    ) -> ProtocolUsed:
        """Pin a protocol."""
        return cls(
            id=protocol.id,
            version=protocol.version,
            sha256=protocol.content_hash,
            title=protocol.title,
            statement=protocol.statement,
            effective=protocol.effective.isoformat(),
            chosen=chosen,
            levels=tuple((p.total_gy, p.fractions) for p in protocol.prescriptions),
            draft=not protocol.approved_by,
            standing=standing_of(protocol),
            liver_rule=LIVER_RULES.get(protocol.liver_rule, ""),
            remnant_rule="" if protocol.remnant_rule is None else rule_text(protocol.remnant_rule),
            basis=basis,
        )


@dataclass(frozen=True, slots=True)
class EngineUsed:
    """What computed the numbers, and how it read the contours.

    `self_test` is the id of this machine's latest self-test, empty when there is none.
    """

    version: str = __version__
    convention: str = ""
    self_test: str = ""


@dataclass(frozen=True, slots=True)
class BeamTaken:
    """What a beam was taken for, such as ``treatment`` or ``setup field``, and why."""

    number: int
    name: str
    kind: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """The plan at a glance. `beams` counts treatment beams; `meterset` is their sum per fraction.

    `setup_beams` counts all others, and `beams_taken` says of each beam what it was taken for.
    `rx_stated` are the prescriptions that the user stated and that were used.

    A prescription or number of fractions that the plan does not state is the Reason why. `energies`
    are texts such as ``6 MV FFF`` or ``70-180 MeV, 22 energies``; none in results of versions that
    did not keep them so.
    """

    label: str
    name: str
    intent: str
    approval: str
    patient_position: str
    prescription_gy: float | Reason
    prescription_source: str
    fractions: int | Reason
    machines: tuple[str, ...]
    techniques: tuple[str, ...]
    beams: int
    setup_beams: int
    meterset: float | None
    meterset_unit: str
    isocentres: int
    is_ion: bool = False
    energies: tuple[str, ...] = ()
    beams_taken: tuple[BeamTaken, ...] = ()
    rx_stated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseSummary:
    """The dose grid: voxels and spacing along (x, y, z), highest voxel, what the values mean.

    The spacing along z is the largest; `least_z_mm` the smallest where planes are uneven.
    `taken_as` is what the user states that the dose holds, empty where nobody did.
    """

    voxels: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    max_gy: float
    summation: str
    dose_type: str
    least_z_mm: float | None = None
    taken_as: str = ""

    @property
    def spacing_text(self) -> str:
        """Spacing as ``2 × 2 × 2.5``, or ``4 × 4 × 4–8`` where planes are uneven; mm.

        An axis of one voxel has no spacing: ``2 × 2 × –``.
        """
        x, y, z = (f"{s:g}" if s else "–" for s in self.spacing_mm)
        least = "" if self.least_z_mm is None else f"{self.least_z_mm:g}–"
        return f"{x} × {y} × {least}{z}"


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """The planning image: slices, their spacing (0 for one slice), pixel spacing along (x, y)."""

    modality: str
    slices: int
    slice_spacing_mm: float
    pixel_spacing_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class StructureSummary:
    """One structure of the plan; what is not known is None, and `reason` says why.

    ``key`` is unique within the case (see `StructureSet.keys`); ``matched`` are the names of the
    protocol it stands for. ``features`` are what checks of contours look at, of organs that are
    known: volume, CT numbers, place (see `protocols/anatomy.yaml`); empty for any other.
    """

    key: str
    name: str
    roi_number: int
    interpreted_type: str
    volume_cc: float | None
    outside_dose_grid_cc: float | None
    min_gy: float | None
    mean_gy: float | None
    max_gy: float | None
    matched: tuple[str, ...] = ()
    reason: Reason | None = None
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """One structure that is, or might be, a target.

    Parameters
    ----------
    name, roi_number
        Display key in the plan, and its number.
    kind
        Target of the protocol that it was held as; empty where that is not known.
    role, why
        What became of it (``judged``, ``copy``, ``union``, ``helper``, ``held``, ``set apart``,
        ``empty``, ``unclear``), and why.
    prescription_gy
        Dose prescribed to it: its own where the plan states one, else the plan's, or the Reason.
    own_prescription
        Whether the plan prescribes to this very structure.
    volume_cc, mean_gy, coverage_percent, near_minimum_percent, hot_spot_percent
        Volume, mean dose, V100 %, D98 % and D0.03cc in per cent of its prescription; None where not
        known.
    conformity
        Conformity indices by metric; of a union where targets share the isodose of the index.
    of_union
        Targets of whose union an index is, by metric; indices that are not there are its own.
    verdict
        Worst of the limits that count and are about it; None where it was not judged.
    """

    name: str
    roi_number: int
    kind: str
    role: str
    why: str
    prescription_gy: float | Reason | None = None
    own_prescription: bool = False
    volume_cc: float | None = None
    mean_gy: float | None = None
    coverage_percent: float | None = None
    near_minimum_percent: float | None = None
    hot_spot_percent: float | None = None
    conformity: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None
    of_union: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class CaseReview:
    """One case held against one protocol.

    Parameters
    ----------
    case, subject, site
        Plan label, and the trial's codes of the subject and the site where they are known.
    verdict
        Of the case: the worst that counts.
    protocol, engine
        What made this result.
    plan, dose, structure_set
        Summaries, or the Reason why that part is missing; `structure_set` is its label.
    image
        None when there is no planning image.
    structures
        In file order.
    constraints
        Worst first.
    findings
        What else a reviewer should know.
    passed
        Plan checks that were made and found nothing wrong, with what they saw.
    not_told
        Plan checks that had nothing to look at, and why; they are no passed ones.
    links, repairs, files, notes
        How the input was read.
    targets
        Every target of the plan, judged or not, in file order.
    stated
        What the user stated by hand, one sentence each.
    site_values, cross_check
        The same metrics from the site, and from a second engine.
    course
        How the plan belongs to others beside it, and how their doses were added; None where there
        is no other.
    robustness
        Every limit with the patient elsewhere, by its key; empty where that was not asked for.
    information
        Values beside the limits, or why there are none: dose to immune cells (``immune``) and the
        liver that is left (``remnant``). None of it decides.
    setup
        What the chances of limits rest on; None where they were not asked for.
    """

    case: str
    subject: str
    verdict: Verdict
    protocol: ProtocolUsed
    engine: EngineUsed
    plan: PlanSummary | Reason
    dose: DoseSummary | Reason
    structure_set: str | Reason
    image: ImageSummary | None
    structures: tuple[StructureSummary, ...]
    constraints: tuple[ConstraintResult, ...]
    findings: tuple[Finding, ...]
    links: tuple[Link, ...]
    repairs: tuple[Repair, ...]
    files: tuple[SourceFile, ...]
    notes: tuple[str, ...] = ()
    site_values: tuple[Comparison, ...] = ()
    cross_check: tuple[Comparison, ...] = ()
    passed: tuple[Finding, ...] = ()
    site: str = ""
    not_told: tuple[Finding, ...] = ()
    targets: tuple[TargetSummary, ...] = ()
    stated: tuple[str, ...] = ()
    course: Course | None = None
    robustness: Mapping[str, LimitRobustness] = field(default_factory=dict)
    setup: SetupDrawn | None = None
    information: Mapping[str, Mapping[str, Told]] = field(default_factory=dict)
    schema: str = SCHEMA

    def __repr__(self) -> str:
        """Return a short form: case, protocol and verdict."""
        return f"<CaseReview of {self.case!r} under {self.protocol.id}: {self.verdict}>"

    def _repr_html_(self) -> str:
        return html_of(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per limit; of a value that is None the reason says why."""
        return [
            {
                "case": self.case, "subject": self.subject, "id": c.id, "structure": c.structure,
                "metric": c.metric, "value": c.value, "unit": c.unit, "verdict": str(c.verdict),
                "reason": "" if c.reason is None else str(c.reason.detail),
            }
            for c in self.constraints
        ]  # fmt: skip

    def to_dataframe(self) -> Any:  # noqa: ANN401 - of a library that may not be there
        """Return `rows` as a pandas or polars frame.

        Raises
        ------
        UsageError
            Neither library is installed.
        """
        return frame_of(self.rows())

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the versioned JSON form; :meth:`from_json` reads it back exactly."""
        return _FORM.write(self, indent=indent)

    @property
    @remembered
    def sha256(self) -> str:
        """SHA-256 of the JSON form without indentation, which a PDF carries as ``review.json``."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> CaseReview:
        """Read the JSON form.

        Raises
        ------
        ResultError
            The text is not JSON, incomplete, or of another schema version.
        """
        return _FORM.read(text)


def _lead(review: CaseReview) -> dict[str, Any]:
    """Return whether the protocol is a draft, which stands on the first line."""
    return {"draft": review.protocol.draft, "standing": str(review.protocol.standing)}


_FORM: Final = JsonForm(CaseReview, SCHEMA, "review", _lead)


def review_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the versioned form of a review."""
    schema = _FORM.adapter.json_schema(mode="serialization")
    schema["properties"]["schema"] = {"const": SCHEMA}
    told = "Whether nobody has approved the protocol for the trial."
    schema["properties"]["draft"] = {"type": "boolean", "description": told}
    told = "That it is a draft, or who approved it and when."
    schema["properties"]["standing"] = {"type": "string", "description": told}
    schema["properties"]["phrases"] = {
        "type": "object",
        "description": "How sentences are made: place in this document to sentence and values.",
        "additionalProperties": {"type": "array"},
    }
    schema["required"] = [n for n in schema["required"] if n not in LATER] + ["schema"]
    came_later = {
        "ConstraintResult": (
            "borderline_text", "target", "undrawn", "uncertainty", "spread",
            "depends_on_convention", "convention_text", "doubtful_contour"),
        "StructureSummary": ("features",),
        "Finding": ("z_mm",),
    }  # fmt: skip
    for owner, names in came_later.items():
        needed = schema["$defs"][owner]["required"]
        needed[:] = [name for name in needed if name not in names]
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | {"$id": f"urn:{SCHEMA.replace('/', ':')}"} | schema | {"title": SCHEMA}
