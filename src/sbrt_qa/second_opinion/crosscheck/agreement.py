"""Every metric from dicompyler-core beside ours; where a known fault of it explains more, said so.

What the engine says itself, volume, mean, extremes, ``D`` and ``V``, is taken from it. Every other
metric is our formula on its histogram, on that of its body where an index needs one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Elsewhere
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, meaning_of, metric_of
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome
from sbrt_qa.dosimetry.surroundings import Surroundings, edge_max_gy
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.course import CourseDecision
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf, Tree, fold, has_margin, leaves
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.plan_targets import lesions_of, matcher_of
from sbrt_qa.protocol.tree_doses import dvh_source, volume_source
from sbrt_qa.protocol.tree_regions import tree_key
from sbrt_qa.protocol.trees import body_of, named, trees_of
from sbrt_qa.second_opinion.crosscheck.child import PLANES_APART
from sbrt_qa.second_opinion.crosscheck.faults import ENGINE, fault
from sbrt_qa.second_opinion.crosscheck.process import Answers, Asked, Request, ask
from sbrt_qa.second_opinion.second_opinion import Comparison, held, with_causes
from sbrt_qa.second_opinion.site_values import WHOLE

FORMULA: Final = f"{ENGINE}, our formula on its histogram"
"""Source of a value that the engine does not compute itself."""

NO_ANSWER: Final = {
    Elsewhere.NO_DISTANCE: Reason(
        ReasonCode.METRIC_UNKNOWN, say("{0} measures no distance from a structure", ENGINE)
    ),
    Elsewhere.NO_VOXELS: Reason(
        ReasonCode.METRIC_UNKNOWN,
        say("{0} sees the dose on contour planes only and may miss the hottest voxel", ENGINE),
    ),
}
"""Metrics that follow from nothing the engine says, and why."""


@dataclass(frozen=True, slots=True)
class ComparedSubject:
    """One structure, or several combined, and the limits on it by metric."""

    name: str
    tree: Tree[Structure]
    limits: Mapping[str, ConstraintResult]

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        """What is compared: volume, mean and maximum of everything, and what limits ask for."""
        asked = [parse_metric(text) for text in self.limits]
        return tuple({spec.text: spec for spec in (*WHOLE, *asked)}.values())


def cross_check(
    case: Case,
    protocol: Protocol,
    limits: Sequence[ConstraintResult],
    paths: Sequence[Path],
    mapping: Mapping[str, str] | None = None,
) -> tuple[Comparison, ...]:
    """Compare every metric that limits ask for and that has a value.

    Parameters
    ----------
    protocol, mapping
        Those that the limits were held against the case with.
    paths
        Where the files of the case lie.

    Raises
    ------
    UsageError
        dicompyler-core is not installed.
    InputError
        Its process fails as a whole.
    """
    if case.course is not None and case.course.decision is CourseDecision.PARTS:
        text = say("{0} knows no course of several plans", ENGINE)
        return (nothing_compared(Reason(ReasonCode.NOT_APPLICABLE, text)),)
    doses, names = CaseDoses(case), mapping or {}
    lesions = lesions_of(protocol, case, names, volume_source(doses))
    everything = _subjects(case, protocol, names, limits, lesions)
    voxels = {key: one for key, one in everything.items() if _is_segmented(one)}
    subjects = {key: one for key, one in everything.items() if key not in voxels}
    unread = tuple(_unread(one.name) for one in voxels.values())
    files = _files(case, paths)
    if files is None or not subjects:
        return (*unread, nothing_compared(_why_nothing(has_files=files is not None)))
    others = dict(_others(case, protocol, names, subjects, lesions))
    second = _Second(doses, subjects, others, _ask(doses, files, subjects, others))
    rows = [row for key in subjects for row in second.rows(key)]
    plan, rx_gy = case.plan, doses.metric_context.prescription_gy
    fractions = plan.fractions if isinstance(plan, Plan) else None
    compared = with_causes(
        rows,
        prescription_gy=rx_gy if isinstance(rx_gy, float | int) else None,
        fractions=fractions if isinstance(fractions, int) else None,
        same_file=True,
    )
    return (*compared, *unread)


def _is_segmented(subject: ComparedSubject) -> bool:
    return any(s.voxels is not None for s in leaves(subject.tree))


def _unread(name: str) -> Comparison:
    why = say("{0} reads no segmentations", ENGINE)
    reason = Reason(ReasonCode.NOT_APPLICABLE, why)
    return Comparison(name, "all", "", None, None, ENGINE, reason=reason)


def nothing_compared(reason: Reason) -> Comparison:
    """Return the one row that says why nothing was compared."""
    return Comparison("all", "all", "", None, None, ENGINE, reason=reason)


def _why_nothing(*, has_files: bool) -> Reason:
    if has_files:
        why = say("no limit uses a structure with contours")
    else:
        why = say("{0} needs one RTSTRUCT and one RTDOSE as files outside an archive", ENGINE)
    return Reason(ReasonCode.NOT_APPLICABLE, why)


def _subjects(
    case: Case,
    protocol: Protocol,
    mapping: Mapping[str, str],
    limits: Sequence[ConstraintResult],
    lesions: Lesions,
) -> dict[str, ComparedSubject]:
    """Return what limits use, by the key of its histogram."""
    keys = {s.roi_number: key for key, s in structures_of(case).items()}
    found: dict[str, ComparedSubject] = {}
    matcher = matcher_of(protocol, case, mapping, lesions)
    for limit, tree in dict(trees_of(case, protocol, matcher, limits)).values():
        if not all(s.contours for s in leaves(tree)) or has_margin(tree):
            continue  # the engine lays no margins
        own = keys.get(tree.value.roi_number) if isinstance(tree, Leaf) else None
        name = own or limit.structure
        known = found.setdefault(tree_key(tree), ComparedSubject(name, tree, {}))
        if limit.value is not None:
            limits_now = {limit.metric: limit, **known.limits}
            found[tree_key(tree)] = dataclasses.replace(known, limits=limits_now)
    return found


def _others(
    case: Case,
    protocol: Protocol,
    mapping: Mapping[str, str],
    subjects: Mapping[str, ComparedSubject],
    lesions: Lesions,
) -> Iterator[tuple[str, Tree[Structure]]]:
    """Yield what metrics refer to, by its name in the protocol; the body by no name."""
    if (body := body_of(case, protocol, mapping)) is not None:
        yield "", body
    for name in {spec.relative_to for s in subjects.values() for spec in s.specs} - {""}:
        if (tree := named(case, protocol, mapping, name, lesions)) is not None:
            yield name, tree


def _ask(
    doses: CaseDoses,
    files: tuple[Path, Path],
    subjects: Mapping[str, ComparedSubject],
    others: Mapping[str, Tree[Structure]],
) -> Answers:
    asked: dict[str, Asked] = {tree_key(tree): (_plain(tree), ()) for tree in others.values()}
    for key, subject in subjects.items():
        requests = [r for spec in subject.specs if (r := _request(spec, doses))]
        asked[key] = (_plain(subject.tree), tuple(requests))
    return ask(*files, asked)


def _plain(tree: Tree[Structure]) -> Any:  # noqa: ANN401 - as JSON holds it
    return fold(tree, lambda s: s.roi_number, lambda sign, a, b: [str(sign), a, b])


def _request(spec: MetricSpec, doses: CaseDoses) -> Request | None:
    """Return what to ask the engine itself; None for what follows from its histogram."""
    itself = meaning_of(spec).elsewhere
    if spec.argument is None or spec.relative_to or spec.conversion:
        return None
    if itself is Elsewhere.DOSE_AT_VOLUME:
        return "dose", spec.argument, spec.argument_unit
    if itself is not Elsewhere.VOLUME_AT_DOSE:
        return None
    if spec.argument_unit == "Gy":
        return "volume", spec.argument, "Gy"
    rx_gy = doses.metric_context.prescription_gy
    return ("volume", spec.argument / 100 * rx_gy, "Gy") if isinstance(rx_gy, float | int) else None


@dataclass(frozen=True, slots=True)
class _Second:
    """What the second engine says of a case."""

    doses: CaseDoses
    subjects: Mapping[str, ComparedSubject]
    others: Mapping[str, Tree[Structure]]
    answers: Answers

    def rows(self, key: str) -> Iterator[Comparison]:
        """Yield the comparisons of one subject."""
        subject, answer = self.subjects[key], self.answers.get(key, {})
        dvh = dvh_source(self.doses)(subject.tree)
        own = iter(answer.get("values", ()))
        for spec in subject.specs:
            asked = _request(spec, self.doses) is not None
            number = next(own, None) if asked else None
            other = self._value(spec, answer, number)
            ours, context = self._ours(spec, subject, dvh), self._our_context(spec)
            itself = asked or spec in WHOLE
            source = ENGINE if itself else FORMULA
            volume_cc = dvh.volume_cc if isinstance(dvh, DVH) else None
            row = held(subject.name, spec, ours, other, source, volume_cc, context)
            if row.agrees is False:
                contours = [c for s in leaves(subject.tree) for c in s.contours]
                known = fault(row, spec, contours, dvh, answer, self.doses)
                row = dataclasses.replace(row, cause=known)
            yield row

    def _ours(self, spec: MetricSpec, subject: ComparedSubject, dvh: DVH | Reason) -> Outcome:
        """Return our value: that of the limit, so that both stand for the same number."""
        limit = subject.limits.get(spec.text)
        if limit is not None and limit.value is not None:
            return Measured(limit.value, spec.unit)
        return dvh if isinstance(dvh, Reason) else evaluate(spec, dvh, self.doses.metric_context)

    def _value(self, spec: MetricSpec, answer: Mapping[str, Any], own: float | None) -> Outcome:
        """Return what the engine says, or what follows from its histogram."""
        if answer.get("volume_cc") == 0 and not metric_of(spec).needs_dose:
            return Measured(0.0, spec.unit)
        dvh = _histogram(answer)
        if isinstance(dvh, Reason):
            return dvh
        known = meaning_of(spec).elsewhere
        if known in NO_ANSWER:
            return NO_ANSWER[known]
        if own is None:
            return evaluate(spec, dvh, self._context(spec))
        if known is Elsewhere.DOSE_AT_VOLUME:
            return dose_outcome(own, spec, self.doses.metric_context)
        return Measured(100 * own / dvh.volume_cc if spec.unit == "%" else own, spec.unit)

    def _our_context(self, spec: MetricSpec) -> MetricContext:
        tree = self.others.get(spec.relative_to) if spec.relative_to else None
        whole = None if tree is None else dvh_source(self.doses)(tree)
        volumes = {spec.relative_to: whole.volume_cc} if isinstance(whole, DVH) else {}
        return dataclasses.replace(self.doses.metric_context, volumes_cc=volumes)

    def _context(self, spec: MetricSpec) -> MetricContext:
        """Return what a metric needs to know, as far as the engine knows it."""
        tree = self.others.get(spec.relative_to) if spec.relative_to else None
        whole = None if tree is None else self._of(tree)
        return dataclasses.replace(
            self.doses.metric_context,
            volumes_cc={spec.relative_to: whole.volume_cc} if isinstance(whole, DVH) else {},
            surroundings=self._surroundings,
        )

    def _of(self, tree: Tree[Structure]) -> DVH | Reason:
        return _histogram(self.answers.get(tree_key(tree), {}))

    def _surroundings(self) -> Surroundings | Reason:
        dose = self.doses.case.dose
        if "" not in self.others:
            return Reason(ReasonCode.REFERENCE_MISSING, say("there is no outline of the body"))
        body = self._of(self.others[""])
        if isinstance(body, Reason):
            return body
        if isinstance(dose, Reason):
            return dose
        return Surroundings(body, edge_max_gy(dose), lambda _: NO_ANSWER[Elsewhere.NO_DISTANCE])


def _histogram(answer: Mapping[str, Any]) -> DVH | Reason:
    """Return the engine's histogram as one of ours, or why there is none."""
    error = answer.get("error", "" if "volume_cc" in answer else "no answer")
    if error == PLANES_APART:
        text = say(
            "{0} combines structures plane by plane; these are drawn on different planes", ENGINE
        )
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, text)
    if error:
        text = say(
            "{0} fails on this structure ({1}); known of absolute frame offsets", ENGINE, error
        )
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, text)
    if not answer["volume_cc"] > 0:
        return Reason(
            ReasonCode.STRUCTURE_EMPTY, say("{0} finds no volume in this structure", ENGINE)
        )
    volumes = np.minimum.accumulate(np.array([answer["volume_cc"], *answer["volume_at_cc"][1:]]))
    low, mean, high = (answer[f"{name}_gy"] for name in ("min", "mean", "max"))
    edges = np.array(answer["dose_gy"])[: volumes.size]
    low, high = min(low, mean), max(mean, high)
    return DVH(answer["volume_cc"], 0.0, edges, volumes, low, mean, high)


def _files(case: Case, paths: Sequence[Path]) -> tuple[Path, Path] | None:
    """Return structure set and dose of a case; None where there is not exactly one of each."""
    wanted = {kind: _hashes(case, kind) for kind in ("RTSTRUCT", "RTDOSE")}
    if any(len(hashes) != 1 for hashes in wanted.values()):
        return None
    listed = (f for p in paths for f in ([p] if p.is_file() else sorted(p.rglob("*"))))
    names = {file.name for file in case.provenance.files}
    at = {_sha256(file): file for file in listed if file.name in names and file.is_file()}
    found = [at.get(hashes[0]) for hashes in wanted.values()]
    structures, dose = found
    return None if structures is None or dose is None else (structures, dose)


def _hashes(case: Case, modality: str) -> list[str]:
    return [file.sha256 for file in case.provenance.files if file.modality == modality]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
