"""What the user, or the trial office in a manifest, stated of a plan, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.stated import DoseIs, UserStatements


def words_of(stated: UserStatements, mapping: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what was stated of a plan, one sentence each; it says where the office stated it.

    Parameters
    ----------
    stated
        Statements on doses, prescriptions, targets, organs, and plans beside each other.
    mapping
        Names in the plan with those of the protocol that they stand for.
    """
    told = _sentences(stated, mapping or {})
    if not stated.by_office:
        return tuple(told)
    return tuple(say("{0} (the trial office, in the manifest)", one) for one in told)


def _sentences(stated: UserStatements, mapping: Mapping[str, str]) -> Iterator[str]:
    match stated.dose_is:
        case DoseIs.PLAN:
            yield say("the dose is that of the whole course")
        case DoseIs.FRACTION:
            yield say("the dose is that of one fraction")
    for one in stated.rx:
        yield say("prescribed is {0}", one.text)
    if stated.course:
        yield say("one course: {0}; no other plan counts", stated.course)
    if stated.alternatives:
        yield say("plans beside each other are alternatives: one of them treats")
    for name, reason in stated.not_targets:
        yield say("{0} is no target of this plan ({1})", name, reason or say("no reason given"))
    for name in stated.far:
        yield say("{0} lies far from the beams", name)
    for text in stated.masks:
        file, _, names = text.replace("\\", "/").rpartition("/")[2].partition("=")
        yield say("structures of the mask {0} belong to this plan ({1})", file, names or "-")
    if stated.body.height_cm is not None:
        yield say("the patient is {0} cm tall", f"{stated.body.height_cm:g}")
    if stated.body.weight_kg is not None:
        yield say("the patient weighs {0} kg", f"{stated.body.weight_kg:g}")
    for name, to in mapping.items():
        yield say("{0} in the plan is {1} of the protocol", name, to)
