"""Objects to cases: which dose, structures and images belong to which plan, and how surely.

References by UID decide. Where an object refers to nothing, or a structure set to nothing that is
here, the only candidate in the same frame of reference (or of the same patient and study, when a
frame is not stated) is taken, and the link says that it is a guess. Several candidates are a
Reason that names them. A dose that refers to a plan that is not here is never given to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sbrt_qa.dicom.files.collect import Collection, FoundObject
from sbrt_qa.dicom.link.image_choice import choose_images
from sbrt_qa.dicom.link.segmentations import SEGMENTATION, left_out, segmentations_of
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Link, LinkKind
from sbrt_qa.model.outcome import Reason, ReasonCode

_IMAGES: Final = (
    "MR",
    "PT",
    "CT Image",
    "Enhanced CT Image",
    "Enhanced MR Image",
    "NM",
    "US",
    "XA",
)
"""Kinds of images that are not read, as `collect` names them."""

_Links = dict[tuple[str, str], Link]
"""How a dose was joined to a plan, by their UIDs; the plan's is empty where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkedCase:
    """The objects of one case before they are read.

    Parameters
    ----------
    plan
        None for a dose or a structure set on its own.
    doses
        All doses that belong to the plan; which of them is its dose is decided later.
    images
        The slices of one series, or none.
    records
        Treatment records of the plan.
    links
        How each object was found, by the names of the files.
    orphans
        Doses of the plan's frame of reference that name a plan which is not here, beside a plan
        that has no dose.
    segmentations
        Objects that hold structures as voxels.
    """

    plan: FoundObject | None
    doses: tuple[FoundObject, ...]
    structures: FoundObject | Reason
    images: tuple[FoundObject, ...] = ()
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()
    records: tuple[FoundObject, ...] = ()
    orphans: tuple[FoundObject, ...] = ()
    segmentations: tuple[FoundObject, ...] = ()


def link(collection: Collection) -> tuple[LinkedCase, ...]:
    """Group a collection into cases: one per plan, then doses and structure sets on their own."""
    doses, links = _doses_of_plans(collection)
    cases = [_case(collection, plan, doses[plan.uid], links) for plan in collection.of("RTPLAN")]
    given = {dose.uid for dose_list in doses.values() for dose in dose_list}
    left = [d for d in collection.of("RTDOSE") if d.uid not in given]
    cases = [_with_orphans(case, left) for case in cases]
    cases += [_case(collection, None, group, links) for group in _groups(left)]
    mentioned = {s.uid for case in cases for s in _candidates_of(collection, case)}
    cases += [
        _with_images(collection, LinkedCase(None, (), structures))
        for structures in collection.of("RTSTRUCT")
        if structures.uid not in mentioned
    ]
    return tuple(_with_all_segmentations(collection, cases))


def _with_all_segmentations(
    collection: Collection, cases: Sequence[LinkedCase]
) -> list[LinkedCase]:
    """Add to each case its segmentations; where there is no case at all, they are one."""
    found = collection.of(SEGMENTATION)
    if not cases and found:
        missing = Reason(ReasonCode.STRUCTURE_MISSING, say("no structure set"))
        frames = dict.fromkeys((s.patient_key, s.frame_uid) for s in found)
        groups = [[s for s in found if (s.patient_key, s.frame_uid) == key] for key in frames]
        return [
            _with_images(collection, LinkedCase(None, (), missing, segmentations=tuple(group)))
            for group in groups
        ]
    made = []
    for case in cases:
        drawn = case.structures if isinstance(case.structures, FoundObject) else None
        owners = [one for one in (case.plan, *case.doses, drawn) if one is not None]
        mine, links = segmentations_of(found, owners, _belong_together)
        made.append(replace(case, segmentations=mine, links=(*case.links, *links)))
    notes = left_out(found, [one for case in made for one in case.segmentations])
    return [replace(case, notes=(*case.notes, *notes)) for case in made]


def _doses_of_plans(collection: Collection) -> tuple[dict[str, list[FoundObject]], _Links]:
    """Doses by plan UID, and how each was found."""
    plans = {plan.uid: plan for plan in collection.of("RTPLAN")}
    doses: dict[str, list[FoundObject]] = {uid: [] for uid in plans}
    links: _Links = {}
    unreferenced = []
    for dose in collection.of("RTDOSE"):
        for uid in dose.plan_uids:
            if uid in plans:
                doses[uid].append(dose)
                links[dose.uid, uid] = Link(dose.name, plans[uid].name, LinkKind.BY_UID)
        if not dose.plan_uids:
            unreferenced.append(dose)
    free = [plan for plan in plans.values() if not doses[plan.uid]]
    for dose in unreferenced:
        candidates = [plan for plan in free if _belong_together(dose, plan)]
        if len(candidates) == 1:
            doses[candidates[0].uid].append(dose)
            links[dose.uid, candidates[0].uid] = _guess(
                dose, candidates[0], say("it refers to no plan")
            )
        else:
            note = say("it refers to no plan; {0} plans here would fit", len(candidates))
            links[dose.uid, ""] = Link(dose.name, "RTPLAN", LinkKind.UNLINKED, note)
    return doses, links


def _with_orphans(case: LinkedCase, left: Sequence[FoundObject]) -> LinkedCase:
    """Return a case with the doses that may be its own, although they name another plan."""
    plan = case.plan
    if plan is None or case.doses:
        return case
    orphans = (d for d in left if d.plan_uids and _belong_together(d, plan))
    return replace(case, orphans=tuple(orphans))


def _groups(doses: Iterable[FoundObject]) -> list[tuple[FoundObject, ...]]:
    """Doses without their plan, put together where they refer to the same one."""
    groups: dict[object, list[FoundObject]] = {}
    for dose in doses:
        key = dose.plan_uids or (dose.patient_key, dose.study_uid, dose.frame_uid)
        groups.setdefault(key, []).append(dose)
    return [tuple(group) for group in groups.values()]


def _belong_together(one: FoundObject, other: FoundObject) -> bool:
    """Tell whether two objects lie in one frame of reference and stem from one patient.

    The frame alone is not enough, because some de-identifiers give all patients the same one; but
    a shared study will do where names differ. Without frames both patient and study must agree.
    """
    same_study = bool(one.study_uid) and one.study_uid == other.study_uid
    same_patient = one.patient_key == other.patient_key
    if one.frame_uid and other.frame_uid:
        return one.frame_uid == other.frame_uid and (same_patient or same_study)
    return same_patient and same_study


def _guess(source: FoundObject, target: FoundObject, why: str) -> Link:
    framed = source.frame_uid and target.frame_uid
    basis = say("frame of reference") if framed else say("patient and study")
    note = say(
        "a guess: {0}; {1} is the only {2} of the same {3}",
        why,
        target.name,
        target.modality,
        basis,
    )
    return Link(source.name, target.name, LinkKind.BY_FRAME_OF_REFERENCE, note)


def _case(
    collection: Collection,
    plan: FoundObject | None,
    doses: Sequence[FoundObject],
    links: _Links,
) -> LinkedCase:
    owners = [*([plan] if plan else []), *doses]
    structures, structure_link = _structures(collection, owners)
    pairs = [(dose.uid, plan.uid if plan else "") for dose in doses]
    own_links = [links[pair] for pair in pairs if pair in links]
    records = [r for r in collection.of("RTRECORD") if plan and plan.uid in r.plan_uids]
    own_links += [Link(r.name, plan.name, LinkKind.BY_UID) for r in records if plan]
    case = LinkedCase(
        plan, tuple(doses), structures, (), (*own_links, *structure_link), (), tuple(records)
    )
    return _with_images(collection, case)


def _structures(
    collection: Collection, owners: Sequence[FoundObject]
) -> tuple[FoundObject | Reason, tuple[Link, ...]]:
    """Structure set of a plan and its doses: what they refer to, else the only one that fits."""
    sets = {s.uid: s for s in collection.of("RTSTRUCT")}
    for owner in owners:
        for uid in owner.structure_set_uids:
            if uid in sets:
                return sets[uid], (Link(owner.name, sets[uid].name, LinkKind.BY_UID),)
    candidates = _fitting_sets(collection, owners)
    dangling = any(owner.structure_set_uids for owner in owners)
    why = (
        say("the structure set it refers to is not here") if dangling else say("it refers to none")
    )
    if len(candidates) == 1:
        fitting = [o for o in owners if _belong_together(o, candidates[0])]
        return candidates[0], (_guess(fitting[0], candidates[0], why),)
    if candidates:
        names = " and ".join(quoted(c.name) for c in candidates)
        detail = say(
            "{0}, and {1} would both fit: say which is meant by giving only that one", why, names
        )
        return Reason(ReasonCode.STRUCTURE_AMBIGUOUS, detail), ()
    detail = say("no structure set: {0}", why) if owners else say("no structure set")
    return Reason(ReasonCode.STRUCTURE_MISSING, detail), ()


def _fitting_sets(collection: Collection, owners: Sequence[FoundObject]) -> tuple[FoundObject, ...]:
    fitting = [
        s
        for s in collection.of("RTSTRUCT")
        if any(_belong_together(owner, s) for owner in owners)
        and all(o.frame_uid in ("", s.frame_uid) or not s.frame_uid for o in owners)
    ]
    return tuple(fitting)


def _candidates_of(collection: Collection, case: LinkedCase) -> tuple[FoundObject, ...]:
    """Structure sets that a case uses or names."""
    if isinstance(case.structures, FoundObject):
        return (case.structures,)
    return _fitting_sets(collection, [*([case.plan] if case.plan else []), *case.doses])


def _with_images(collection: Collection, case: LinkedCase) -> LinkedCase:
    """Add the image series of the structure set, or of the dose or plan where there is none."""
    structures = case.structures if isinstance(case.structures, FoundObject) else None
    others = (*case.segmentations, *case.doses, *([case.plan] if case.plan else []))
    anchor = structures or next(iter(others), None)
    if anchor is None:
        return case
    beside = [(kind, len(names)) for kind in _IMAGES if (names := collection.others(kind))]
    chosen = choose_images(collection.of("CT"), anchor, _belong_together, beside)
    return replace(
        case,
        images=chosen.images,
        links=(*case.links, *([chosen.link] if chosen.link else [])),
        notes=(*case.notes, *([chosen.note] if chosen.note else [])),
    )
