"""The synthetic trial as files: five forms of the same data, and the truth beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.testing.outcomes.form_writers import as_csv, as_excel, as_odm, as_redcap, as_sas
from sbrt_qa.testing.outcomes.latent_trial import CUT, LatentSubject, LatentTrial, latent_trial
from sbrt_qa.testing.outcomes.planted_courses import PLANTED
from sbrt_qa.testing.outcomes.planted_faults import PlantedFault, Times
from sbrt_qa.testing.outcomes.sample_failures import sample_failures, write_failures
from sbrt_qa.testing.outcomes.sample_plans import sample_plan, submission_of, write_plans
from sbrt_qa.testing.outcomes.sample_records import write_treatment_records
from sbrt_qa.testing.outcomes.true_endpoints import anniversary, true_times
from sbrt_qa.testing.outcomes.written_trial import Tables, written_trial

SEED: Final = 2024


@dataclass(frozen=True, slots=True)
class SampleTrial:
    """A synthetic trial: what happened, what was written, and which faults are in it.

    `times` are those endpoints by subject that a fault made other than what happened.
    """

    latent: LatentTrial
    tables: Tables
    planted: tuple[tuple[str, PlantedFault], ...]
    times: Mapping[str, Times] = field(default_factory=dict)


def sample_trial(seed: int = SEED, size: int = 80, *, faults: bool = True) -> SampleTrial:
    """Return the trial of a seed, with its faults or without any."""
    latent = latent_trial(seed, size)
    tables = written_trial(latent)
    planted: list[tuple[str, PlantedFault]] = []
    times: dict[str, Times] = {}
    if faults:
        planted, times = _plant(latent, tables)
    return SampleTrial(latent, tables, tuple(planted), times)


def _plant(
    latent: LatentTrial, tables: Tables
) -> tuple[list[tuple[str, PlantedFault]], dict[str, Times]]:
    """Put each fault into a subject of its own, or into that of the faults it shares it with."""
    by_code = {one.code: one for one in latent.subjects}
    free = _long_followed(latent)
    shared: dict[str, str] = {}
    planted: list[tuple[str, PlantedFault]] = []
    times: dict[str, Times] = {}
    for fault in sorted(PLANTED, key=lambda one: (not one.alive, not one.arm)):
        code = shared.get(fault.shares) if fault.shares else None
        if code is None:
            fits = (c for c in free if fault.arm in ("", by_code[c].arm)
                    and (not fault.alive or _ends_at_cut(by_code[c])))  # fmt: skip
            code = next(fits, None)
            if code is None:
                continue  # a small trial has not enough subjects for all
            free.remove(code)
        if fault.shares:
            shared[fault.shares] = code
        changed = fault.spoil(tables, code)
        if changed:
            times[code] = changed
        planted.append((code, fault))
    return planted, times


def _ends_at_cut(one: LatentSubject) -> bool:
    """Tell whether nothing happens to a subject until the cut, which comes before the horizon."""
    followed = (CUT - one.randomised).days
    first = min(one.death, one.lost, one.local, one.elsewhere)
    return first > followed and anniversary(one.randomised, 3) > CUT


def _long_followed(latent: LatentTrial) -> list[str]:
    """Return subjects without an event in the first 500 days, who can be spoiled unambiguously."""
    random = np.random.default_rng(latent.seed + 1)
    quiet = [
        one.code for one in latent.subjects
        if min(one.local, one.elsewhere, one.death, one.lost) > 500
        and (CUT - one.randomised).days > 500
    ]  # fmt: skip
    return [quiet[int(i)] for i in random.permutation(len(quiet))]


def _plans_of(sample: SampleTrial) -> list[dict[str, object]]:
    """Return what a review has to find in the plan of each subject of the SBRT arm."""
    made = [(one, sample_plan(one)) for one in sample.latent.subjects if one.deviation]
    return [
        {"submission": submission_of(one), "verdict": plan.verdict, "limits": list(plan.limits),
         "organ_driven": plan.organ_driven, "mean_liver_gy": round(one.mean_liver_gy, 3),
         "covered": round(plan.plan.covered(), 4)}
        for one, plan in made
    ]  # fmt: skip


def _failures_of(sample: SampleTrial) -> list[dict[str, object]]:
    return [
        {"folder": one.name, "subject": one.subject, "rec": one.rec, "submission": one.submission,
         "inside_95": round(one.share, 4), "class": one.failure_class}
        for one in sample_failures(sample.latent, sample.tables)
    ]  # fmt: skip


def truth_of(sample: SampleTrial) -> dict[str, object]:
    """Return everything that is true of a trial, as JSON."""
    planted = [
        {"case": one.case, "subject": code, "what": one.what, "problems": dict(one.codes),
         "rules": dict(one.rules), "not_evaluable": list(one.endpoints),
         "blocks_subject": one.blocks_subject}
        for code, one in sample.planted
    ]  # fmt: skip
    subjects = []
    for one in sample.latent.subjects:
        times = {name: asdict(time) for name, time in true_times(one).items()}
        for name, (days, code) in sample.times.get(one.code, {}).items():
            times[name] = {"days": days, "code": code}
        subjects.append({
            "subject": one.code, "site": one.site, "arm": one.arm, "deviation": one.deviation,
            "mean_liver_gy": round(one.mean_liver_gy, 3), "hepatic": one.hepatic,
            "latent_days": {name: round(float(getattr(one, name)), 3)
                            for name in ("local", "elsewhere", "death", "lost")},
            "endpoints": times,
        })  # fmt: skip
    return {
        "schema": "sbrt_qa.outcome_truth/1", "seed": sample.latent.seed, "cut": CUT.isoformat(),
        "planted": planted, "subjects": subjects, "plans": _plans_of(sample),
        "failures": _failures_of(sample),
    }  # fmt: skip


def write_outcomes(out: Path, seed: int = SEED, size: int = 80) -> tuple[str, ...]:
    """Write the sample into a folder; return the forms that had to be left out.

    Beside the data lie plans of the SBRT arm, treatment records of one site, and recurrences in the
    liver on follow-up scans with their registration, all as DICOM.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    sample = sample_trial(seed, size)
    left_out: list[str] = []
    files = {**as_csv(sample.tables), **as_redcap(sample.tables), **as_odm(sample.tables),
             **as_sas(sample.tables)}  # fmt: skip
    try:
        files |= as_excel(sample.tables)
    except ModuleNotFoundError:
        left_out.append("xlsx")
    text = json.dumps(truth_of(sample), indent=1, sort_keys=True) + "\n"
    files["truth.json"] = text.encode()
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    twice = tuple(code for code, fault in sample.planted if fault.two_plans)
    write_plans(sample.latent, out, twice)
    write_treatment_records(sample.latent, sample.tables, out)
    write_failures(sample.latent, sample.tables, out)
    return tuple(left_out)
