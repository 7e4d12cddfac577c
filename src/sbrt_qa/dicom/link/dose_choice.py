"""Which of a plan's doses is the dose of the plan, and every decision on the way, in words.

What can be read in Gy comes before what is relative, physical dose before other types; then what
the doses are sums of decides: the plan, all its beams, its only fraction group. What the user
states by hand comes before the last of these. Nothing is taken because it is the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.link.dose_agreement import held_to_beams, is_loose, planes_that_differ
from sbrt_qa.dicom.read.fraction_dose import not_the_plans, taken_as_stated
from sbrt_qa.dicom.read.planar import Part, parts_of, read_part, same_values
from sbrt_qa.dicom.read.regrid import GRIDS, addable, same_grid
from sbrt_qa.dicom.read.rtdose import summation
from sbrt_qa.errors import DicomError, quoted
from sbrt_qa.i18n.phrase import joined, said, say
from sbrt_qa.model.grid import DoseGrid, DoseType, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements

Read = Callable[[FoundObject], DoseGrid]

_TYPES: Final = (DoseType.PHYSICAL, "", DoseType.EFFECTIVE)
"""Dose Types in the order in which they are taken; limits hold for physical dose."""

_KINDS: Final = (Summation.PLAN, Summation.BEAM, Summation.MULTI_PLAN, Summation.FRACTION)


@dataclass(frozen=True, slots=True, eq=False)
class DoseChoice:
    """The dose of a plan, from which files, and what was decided.

    Parameters
    ----------
    files
        All files that the dose is made of; none where there is no dose.
    dose
        The grid, or why there is none.
    decisions
        One sentence each, where there was something to decide.
    against_file
        Whether the user's word is against what a file states.
    doubts
        One sentence each, where the files of one dose contradict each other.
    """

    files: tuple[FoundObject, ...]
    dose: DoseGrid | Reason
    decisions: tuple[str, ...] = ()
    against_file: bool = False
    doubts: tuple[str, ...] = ()


def choose_dose(
    doses: Sequence[FoundObject],
    plan: Plan | None,
    read: Read,
    stated: UserStatements = NOTHING_STATED,
    orphans: Sequence[FoundObject] = (),
    peek: Read | None = None,
) -> DoseChoice:
    """Choose and read the dose of a plan.

    Parameters
    ----------
    plan
        The plan that the doses belong to; without it beam doses cannot be known to be complete.
    read
        Reads one file.
    stated
        What the user states of the dose.
    peek
        Reads a file that is only compared, and keeps nothing; as `read` where it is not given.
    orphans
        Doses that name a plan which is not here; none of them is taken, but they are told.
    """
    if not doses:
        text = say("no dose among the files belongs to this case")
        if orphans:
            names = joined(", ", (quoted(one.name) for one in orphans))
            text = say(
                "{0}; {1} lies in its frame of reference and names a plan that is not here: is it "
                "the dose of this plan? Export plan and dose once more together",
                text,
                names,
            )
        return DoseChoice((), Reason(ReasonCode.NO_DOSE, text))
    decisions: list[str] = []
    left = _of_best_type(_in_gy(doses, decisions), decisions)
    kinds: dict[Summation, list[Part]] = {}
    for part in parts_of(left):
        kinds.setdefault(_summation(part[0]), []).append(part)
    try:
        loose = _set_apart_loose(kinds)
        choice = _chosen(kinds, plan, read, stated, decisions)
        choice = _with_planes(choice, loose, read if stated.dose_is is None else None)
        if Summation.PLAN in kinds and Summation.BEAM in kinds and stated.dose_is is None:
            choice = _with_beams(choice, kinds[Summation.BEAM], plan, peek or read)
    except DicomError as error:
        relative = any(_code(one, "DoseUnits") == "RELATIVE" for one in left)
        code = ReasonCode.DOSE_UNUSABLE if relative else ReasonCode.DOSE_UNREADABLE
        files = next((p for kind in _KINDS for p in kinds.get(kind, [])), ())
        choice = DoseChoice(files, Reason(code, said(error)))
    return replace(choice, decisions=(*decisions, *choice.decisions))


def _code(one: FoundObject, keyword: str) -> str:
    """Return a code of a dose; empty where the file is cut off before it."""
    try:
        return one.root.code(keyword)
    except DicomError:
        return ""


def _summation(one: FoundObject) -> Summation:
    """Return what a dose sums; a file cut off before it says so may hold the whole plan."""
    try:
        return summation(one.root)
    except DicomError:
        return Summation.PLAN


def _in_gy(doses: Sequence[FoundObject], decisions: list[str]) -> list[FoundObject]:
    """Return the doses that have values in Gy; all, where none has."""
    relative = [one for one in doses if _code(one, "DoseUnits") == "RELATIVE"]
    left = [one for one in doses if _code(one, "DoseUnits") != "RELATIVE"]
    if left and relative:
        decisions.append(say("the dose in Gy is used, not the relative one: {0}", _names(relative)))
    return left or list(doses)


def _of_best_type(doses: Sequence[FoundObject], decisions: list[str]) -> list[FoundObject]:
    """Return the doses of the first Dose Type in `_TYPES` that is there; all, where none is."""
    for kind in _TYPES:
        left = [one for one in doses if _code(one, "DoseType") == kind]
        others = [one for one in doses if _code(one, "DoseType") != kind]
        if left and others:
            types = ", ".join(dict.fromkeys(_code(o, "DoseType") or "–" for o in others))
            shown = kind or say("not stated")
            decisions.append(
                say(
                    "of Dose Types {0} and {1} the first is used; not used: {2}",
                    shown,
                    types,
                    _names(others),
                )
            )
        if left:
            return left
    return list(doses)


def _chosen(
    kinds: dict[Summation, list[Part]],
    plan: Plan | None,
    read: Read,
    stated: UserStatements,
    decisions: list[str],
) -> DoseChoice:
    if stated.dose_is is not None:
        return _stated(kinds, plan, read, stated)
    if Summation.PLAN in kinds:
        if len(kinds) > 1:
            others = [
                o for k, parts in kinds.items() if k is not Summation.PLAN for p in parts for o in p
            ]
            text = say(
                "the dose of the whole plan is used, not those of parts or of several plans: {0}",
                _names(others),
            )
            decisions.append(text)
        return _of_whole_plan(_one_of(kinds[Summation.PLAN], Summation.PLAN, read), plan)
    if Summation.BEAM in kinds:
        return _beams(kinds[Summation.BEAM], plan, read)
    multi = kinds.get(Summation.MULTI_PLAN, [])
    if multi and (len(multi) > 1 or len(multi[0][0].plan_uids) == 1):
        return _one_of(multi, Summation.MULTI_PLAN, read)
    if Summation.FRACTION in kinds:
        return _fraction(kinds[Summation.FRACTION], plan, read)
    parts = [part for same in kinds.values() for part in same]
    if not any(part[0].root.code("DoseSummationType") for part in parts):
        return _unusable(say("no Dose Summation Type is stated"), parts)
    types = ", ".join(dict.fromkeys(part[0].root.shown("DoseSummationType") for part in parts))
    return _unusable(say("no dose of the whole plan, only Dose Summation Type {0}", types), parts)


def _set_apart_loose(kinds: dict[Summation, list[Part]]) -> list[Part]:
    """Take loose planes out of the doses of a kind that is there as a whole grid, too."""
    loose: list[Part] = []
    for kind, parts in kinds.items():
        whole = [part for part in parts if not is_loose(part)]
        if not whole or kind is Summation.BEAM:
            continue
        loose += [part for part in parts if is_loose(part)]
        kinds[kind] = whole
    return loose


def _with_planes(choice: DoseChoice, loose: Sequence[Part], read: Read | None) -> DoseChoice:
    """Hold a dose to the loose planes of the same plan that lie beside it."""
    files = [one for part in loose for one in part]
    if not files or isinstance(choice.dose, Reason):
        return choice
    if read is None:
        text = say("planes beside the dose were not compared with it: {0}", _names(files))
        return replace(choice, decisions=(*choice.decisions, text))
    differ = planes_that_differ(loose, choice.dose, read)
    if differ:
        text = say(
            "separate dose planes of the plan differ from its dose grid, and nothing says which is "
            "meant"
        )
        return _unusable(text, [choice.files, tuple(differ)])
    text = say(
        "{0} separate dose planes hold the same dose as the grid and are not used: {1}",
        len(files),
        _names(files),
    )
    return replace(choice, decisions=(*choice.decisions, text))


def _with_beams(
    choice: DoseChoice, beams: Sequence[Part], plan: Plan | None, peek: Read
) -> DoseChoice:
    """Hold the dose of a plan to the sum of the doses of its beams."""
    if isinstance(choice.dose, Reason):
        return choice
    found = held_to_beams(choice.dose, beams, plan, peek)
    told = [found.decision] if found.decision else []
    doubts = [found.doubt] if found.doubt else []
    return replace(
        choice,
        decisions=(*choice.decisions, *told),
        doubts=(*choice.doubts, *doubts),
    )


def _one_of(parts: Sequence[Part], kind: Summation, read: Read) -> DoseChoice:
    """Return the one dose of a kind; several that hold the same are one."""
    first = read_part(parts[0], read)
    for part in parts[1:]:
        other = read_part(part, read)
        if not (same_grid((first, other)) and same_values(first, other)):
            what = say(
                "several {0} doses, and it is not stated which is meant (maximum {1} and {2} Gy)",
                kind, f"{first.max_gy:.2f}", f"{other.max_gy:.2f}",
            )  # fmt: skip
            return _unusable(what, parts)
    copies = [one for part in parts[1:] for one in part]
    told = [say("{0} hold the same dose and count as one", _names([*parts[0], *copies]))]
    planes = [say("{0} files of one plane each make up one dose grid", len(parts[0]))]
    decisions = (*(planes if len(parts[0]) > 1 else ()), *(told if copies else ()))
    return DoseChoice(parts[0], first, decisions)


def _delivering(plan: Plan) -> list[int]:
    return sorted(beam.number for beam in plan.beams if beam.meterset != 0)


def _of_whole_plan(choice: DoseChoice, plan: Plan | None) -> DoseChoice:
    """Refuse a dose that calls itself the plan's and names only some of the plan's beams."""
    named = sorted({number for one in choice.files for number in one.beam_numbers})
    if isinstance(choice.dose, Reason) or plan is None or not named:
        return choice
    missing = sorted(set(_delivering(plan)) - set(named))
    if not missing:
        return choice
    text = say(
        "the dose is called that of the plan and names beam {0} only, not beam {1}; say what it "
        "holds: --dose-is plan",
        joined(", ", map(str, named)),
        joined(", ", map(str, missing)),
    )
    return _unusable(text, [choice.files])


def _beams(parts: Sequence[Part], plan: Plan | None, read: Read) -> DoseChoice:
    """Add up beam doses, if they hold each treatment beam of the plan exactly once."""
    if plan is None:
        return _unusable(say("only beam doses, and no plan to tell whether they are all"), parts)
    wanted = _delivering(plan)
    present = sorted(number for part in parts for number in part[0].beam_numbers)
    if present != wanted or not all(part[0].beam_numbers for part in parts):
        text = say(
            "beam doses are not those of the plan: beams {0}, expected {1}, each once",
            present or say("unstated"),
            wanted,
        )
        return _unusable(text, parts)
    files = tuple(one for part in parts for one in part)
    grids = tuple(read_part(part, read) for part in parts)
    if len(grids) == 1:
        return DoseChoice(files, grids[0])
    grids = GRIDS.mend(grids, " + ".join(part[0].name for part in parts), files[0].root.log)
    if not (addable(grids) and same_grid(grids)):
        return _unusable(say("beam doses lie on grids that cannot be brought onto one"), parts)
    total_gy = np.sum([grid.dose_gy for grid in grids], axis=0)
    return DoseChoice(files, replace(grids[0], dose_gy=total_gy, summation=Summation.SUMMED_BEAMS))


def _fraction(parts: Sequence[Part], plan: Plan | None, read: Read) -> DoseChoice:
    """Take the dose of the only fraction group for the plan's, where the beam doses say so."""
    choice = _one_of(parts, Summation.FRACTION, read)
    if isinstance(choice.dose, Reason):
        return choice
    why, decision = not_the_plans(choice.dose, plan)
    if why:
        return replace(_unusable(why, parts), files=choice.files)
    grid = replace(choice.dose, stands_for_plan=True)
    return DoseChoice(choice.files, grid, (*choice.decisions, decision))


def _stated(
    kinds: dict[Summation, list[Part]], plan: Plan | None, read: Read, stated: UserStatements
) -> DoseChoice:
    """Take the dose for what the user states: the whole course, or one fraction."""
    kind = next((k for k in (*_KINDS, *kinds) if k in kinds), Summation.PLAN)
    choice = (
        _beams(kinds[kind], plan, read) if kind is Summation.BEAM and len(kinds[kind]) > 1
        else _one_of(kinds[kind], kind, read)
    )  # fmt: skip
    if isinstance(choice.dose, Reason) or stated.dose_is is None:
        return choice
    taken, decision, against = taken_as_stated(choice.dose, plan, stated.dose_is)
    return DoseChoice(choice.files, taken, (*choice.decisions, decision), against)


def _names(files: Sequence[FoundObject]) -> str:
    return ", ".join(quoted(one.name) for one in files)


def _unusable(what: str, parts: Sequence[Part]) -> DoseChoice:
    names = _names([one for part in parts for one in part])
    return DoseChoice((), Reason(ReasonCode.DOSE_UNUSABLE, f"{what}: {names}"))
