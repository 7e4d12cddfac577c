"""What changed between two versions of a submission: the result, and its JSON form."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.outcome import Finding, Reason, Verdict, worst
from sbrt_qa.review.case_review import EngineUsed, ProtocolUsed
from sbrt_qa.review.json_form import JsonForm

SCHEMA: Final = "sbrt_qa.comparison/1"
"""Name and version of the JSON form; another version is refused, not guessed at."""


class Area(enum.StrEnum):
    """Part of a submission in which something may change; what ``--expect`` names."""

    IDENTIFIERS = "identifiers"
    """UIDs, labels and names of the objects: every export has new ones."""
    PLAN = "plan"
    """Intent, approval, patient position, machine type."""
    PRESCRIPTION = "prescription"
    """Total dose, fractions, level of the protocol, description, doses of each target."""
    BEAMS = "beams"
    """Number, energies, angles, isocentres, openings, meterset of treatment and setup beams."""
    STRUCTURES = "structures"
    """Contours, by structure; structures that came, went or got another name, type or density."""
    DOSE = "dose"
    """The dose grid and its values."""
    IMAGE = "image"
    """The planning image and the frame of reference."""
    DELIVERY = "delivery"
    """What treatment records say."""


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the two versions: label, UIDs, files, and the verdict of its review.

    ``subject`` is the trial's subject code, empty where none is known.
    """

    case: str
    subject: str
    verdict: Verdict
    protocol: ProtocolUsed
    plan_uid: str = ""
    files: tuple[SourceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    Parameters
    ----------
    area, item
        Where: the area, and the beam, structure or object within it; may be empty.
    what
        The property, in words with its unit.
    before, after
        Both values as text; empty where that version has none.
    expected
        Whether the request covers it; None where no request was stated.
    """

    area: Area
    item: str
    what: str
    before: str
    after: str
    expected: bool | None = None


class StructureState(enum.StrEnum):
    """What became of a structure."""

    SAME = "same"
    """The same contours, or contours that enclose the same region."""
    CHANGED = "changed"
    """Its region is another one."""
    RENAMED = "renamed"
    """The same contours under another name."""
    ADDED = "added"
    """Only the later version has it."""
    REMOVED = "removed"
    """Only the earlier version has it."""
    NOT_COMPARED = "not_compared"
    """It cannot be told; `StructureChange.reason` says why."""


@dataclass(frozen=True, slots=True)
class StructureChange:
    """One structure in both versions; what is not known is None, and `reason` says why.

    Parameters
    ----------
    name, renamed_from
        Display key (see `StructureSet.keys`) in the later version, else in the only one; the
        earlier key where that differs.
    before_cc, after_cc
        Volumes.
    dice
        Twice the common volume over the sum of both volumes: 1 for equal regions, 0 for apart.
    mean_mm, p95_mm, max_mm
        Distance between the two surfaces: mean of both directions by area, the larger of both 95th
        percentiles, and the largest (Hausdorff).
    """

    name: str
    state: StructureState
    renamed_from: str = ""
    before_cc: float | None = None
    after_cc: float | None = None
    dice: float | None = None
    mean_mm: float | None = None
    p95_mm: float | None = None
    max_mm: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class GammaSummary:
    """Gamma of the later dose against the earlier one, over voxels of the earlier grid.

    Parameters
    ----------
    dose_percent, distance_mm, cutoff_percent
        Criteria; both per cent are of the earlier maximum.
    points, candidates
        Voxels evaluated, and voxels above the cutoff from which they were evenly selected.
    pass_percent
        Part of them with gamma up to 1.
    mean, highest
        Of gamma. Values are cut off at `capped_at`: `highest` equal to it means "or more".
    beyond
        Voxels above the cutoff that lie beyond the later grid, of which nothing is known; None in
        comparisons stored before they were counted.
    """

    dose_percent: float
    distance_mm: float
    cutoff_percent: float
    points: int
    candidates: int
    pass_percent: float
    mean: float
    highest: float
    capped_at: float
    beyond: int | None = None


@dataclass(frozen=True, slots=True)
class DoseChange:
    """The two doses; differences are later minus earlier, in Gy.

    Parameters
    ----------
    same_grid
        Whether both have voxels at the same places; otherwise the later dose is interpolated to
        the earlier voxels, as far as both grids reach.
    max_before_gy, max_after_gy
        Highest voxels.
    voxels
        Voxels compared: those with at least `threshold_gy` in either dose.
    mean_gy, rms_gy, p95_abs_gy
        Mean, root mean square, and the size that 95 % of the differences do not exceed.
    largest_rise_gy, largest_fall_gy
        Largest differences upwards and downwards, 0 where there is none.
    gamma
        None where it was not asked for, or a Reason.
    """

    same_grid: bool
    max_before_gy: float
    max_after_gy: float
    threshold_gy: float
    voxels: int
    mean_gy: float
    rms_gy: float
    p95_abs_gy: float
    largest_rise_gy: float
    largest_fall_gy: float
    gamma: GammaSummary | Reason | None = None

    @property
    def is_same(self) -> bool:
        """Whether the voxels lie at the same places and have the same doses."""
        return self.same_grid and self.largest_rise_gy == self.largest_fall_gy == 0


class Trend(enum.StrEnum):
    """What became of a verdict."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    OTHER_LIMITS = "other limits"
    """The limit applies to one version only."""


def trend_of(before: Verdict | None, after: Verdict | None) -> Trend:
    """Return what became of a verdict; None stands for a version in which there is none."""
    if before is None or after is None:
        return Trend.OTHER_LIMITS
    if before is after:
        return Trend.SAME
    return Trend.BETTER if after.rank < before.rank else Trend.WORSE


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One limit of the protocol in both versions.

    ``before``, ``after`` are values in ``unit``, None where there is none; the verdict is None
    where the limit does not apply to that version.
    """

    id: str
    structure: str
    metric: str
    unit: str
    before: float | None
    after: float | None
    before_verdict: Verdict | None
    after_verdict: Verdict | None
    before_reason: Reason | None = None
    after_reason: Reason | None = None

    @property
    def difference(self) -> float | None:
        """Later minus earlier value, None where one of them is missing."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def trend(self) -> Trend:
        """What became of the verdict."""
        return trend_of(self.before_verdict, self.after_verdict)


class FindingState(enum.StrEnum):
    """What became of a finding, worst first."""

    NEW = "new"
    """Only the later version has it."""
    WORSE = "worse"
    """Both have it, and it weighs more in the later one."""
    CHANGED = "changed"
    """Both have it, and it says something else."""
    SAME = "same"
    BETTER = "better"
    """Both have it, and it weighs less in the later one."""
    GONE = "gone"
    """Only the earlier version has it."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """One finding of a review in both versions; None in a version that does not have it.

    ``expected`` tells whether the request covers it; None where no request was stated.
    """

    before: Finding | None
    after: Finding | None
    expected: bool | None = None

    def __post_init__(self) -> None:
        if self.before is None and self.after is None:
            msg = "a finding is in one version at least"
            raise ValueError(msg)

    @property
    def shown(self) -> Finding:
        """The later finding, else the earlier."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - held at construction
        return found

    @property
    def state(self) -> FindingState:
        """What became of it."""
        if self.before is None:
            return FindingState.NEW
        if self.after is None:
            return FindingState.GONE
        one, other = self.before.weight, self.after.weight
        if one != other:
            return FindingState.WORSE if other > one else FindingState.BETTER
        return FindingState.SAME if self.before == self.after else FindingState.CHANGED


@dataclass(frozen=True, slots=True)
class CaseComparison:
    """Two versions of a submission side by side.

    Parameters
    ----------
    before, after
        The versions.
    changes
        Everything that differs, in the order of `Area`; nothing for two equal versions.
    structures
        Every structure of either version, changed ones first.
    dose
        The doses, or the Reason why they cannot be compared.
    metrics
        Every limit that applies to either version, in the order of the later review.
    engine
        What computed the numbers.
    findings
        What a reviewer should know of the comparison itself: unexpected changes, requests that were
        not carried out, other content under the same UID.
    checks
        Every finding of the two reviews, such as those of the plan checks: new and worse ones
        first.
    expect
        The request as it was stated; empty where there was none.
    """

    before: ComparedSide
    after: ComparedSide
    changes: tuple[Change, ...]
    structures: tuple[StructureChange, ...]
    dose: DoseChange | Reason
    metrics: tuple[MetricChange, ...]
    engine: EngineUsed
    findings: tuple[Finding, ...] = ()
    expect: str = ""
    checks: tuple[FindingChange, ...] = ()
    schema: str = SCHEMA

    @property
    def verdict(self) -> Verdict:
        """Worst of `findings`; per protocol where none decides anything.

        It is about the step from one version to the other. How the versions themselves are judged
        stands in `before` and `after`.
        """
        return worst([Verdict.PER_PROTOCOL, *(f.verdict for f in self.findings if f.verdict)])

    @property
    def only_expected_changed(self) -> bool | None:
        """Whether only requested things changed; None where no request was stated.

        A deviation that is new or worse counts as a thing, too.
        """
        if not self.expect:
            return None
        expected = [*(c.expected for c in self.changes), *(c.expected for c in self.checks)]
        return False not in expected

    @property
    def trend(self) -> Trend:
        """What became of the verdict of the case."""
        return trend_of(self.before.verdict, self.after.verdict)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the versioned JSON form; :meth:`from_json` reads it back exactly."""
        return _FORM.write(self, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> CaseComparison:
        """Read the JSON form.

        Raises
        ------
        ResultError
            The text is not JSON, incomplete, or of another schema version.
        """
        return _FORM.read(text)


def _lead(found: CaseComparison) -> dict[str, Any]:
    """Return whether the protocol is a draft, which stands on the first line."""
    protocol = found.after.protocol
    return {"draft": protocol.draft, "standing": str(protocol.standing)}


_FORM: Final = JsonForm(CaseComparison, SCHEMA, "comparison", _lead)
