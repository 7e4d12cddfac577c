"""Whether the structures that a protocol needs are there, once, whole and sensibly named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.errors import quoted
from sbrt_qa.geometry.parts.find import parts_of
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.matching import ABSENT
from sbrt_qa.protocol.tg263 import is_name, nearest_name, respelled

LONGEST_NAME: Final = 16
"""Characters that TG-263 allows."""

NAMED_BY_SYSTEM: Final = ("SUPPORT", "FIXATION", "MARKER", "ISOCENTER", "CONTROL")
"""Types of structures whose names the planning system gives."""

CONTOUR_IT: Final = say("Ask the site to contour it, or name the structure with --map.")
CONTOUR_THEM: Final = say("Ask the site to contour them, or name the structures with --map.")

SHOWN: Final = 8
"""Names that one finding lists."""


def listed(names: list[str]) -> str:
    """Return names for a message, cut after `SHOWN`."""
    shown = joined(", ", names[:SHOWN])
    return say("{0} and {1} more", shown, len(names) - SHOWN) if len(names) > SHOWN else shown


@check(
    "REQUIRED_MISSING",
    title="Required structures",
    group=Group.STRUCTURES,
    severity=Severity.BLOCK,
    source="protocol",
    rows=(19,),
)
def required_missing(context: CheckContext) -> Iterator[Outcome]:
    """Find structures that the protocol requires and the plan lacks, or has without a contour.

    What was not drawn cannot be judged: the case is not evaluable, rather than a deviation. A
    structure that can be derived from others (Liver-GTV, Kidneys) counts as there. Structures that
    are required under a condition are told by their limits.
    """
    if context.protocol is None or isinstance(context.case.structures, Reason):
        return
    there: list[str] = []
    missing: dict[str, str] = {}
    for wanted in context.protocol.structures:
        if wanted.need.when != "always":
            continue
        found = context.look(wanted.name)
        if not isinstance(found, Reason):
            there.append(wanted.name)
        elif found.code in ABSENT:
            missing[wanted.name] = found.detail
    if len(missing) == 1:
        ((name, why),) = missing.items()
        yield Found(name, why, CONTOUR_IT, say("missing"), say("contoured"))
    elif missing:
        text = say("{0} missing", counted(len(missing), "required structure"))
        yield Found(
            ", ".join(missing),
            text,
            CONTOUR_THEM,
            say("{0} missing", len(missing)),
            say("contoured"),
        )
    if there:
        yield Passed(say("structures"), ", ".join(there), say("contoured"))


@check(
    "ORGANS_UNJUDGED",
    title="Limits of organs that are not drawn",
    group=Group.STRUCTURES,
    severity=Severity.BLOCK,
    milder=(Severity.INFO,),
    source="protocol",
    rows=(19,),
)
def organs_unjudged(context: CheckContext) -> Iterator[Outcome]:
    """Name the organs that have limits and are not drawn, where the protocol lets them be absent.

    A table of limits for any site of the body cannot require every organ, so an organ that is
    absent leaves its limits unjudged and the verdict as it is; the reviewer has to know which. When
    no limit of any organ could be judged, the case is not evaluable.
    """
    if context.protocol is None or isinstance(context.case.structures, Reason):
        return
    organs = {s.name for s in context.protocol.structures if s.kind == "organ"}
    limits = [
        r for r in context.results if r.structure in organs and r.op != "report" and not r.wherever
    ]
    counting = {r.structure for r in limits if r.counts}  # told by what decides
    absent = dict.fromkeys(
        r.structure
        for r in limits
        if r.reason and r.reason.code in ABSENT and r.structure not in counting
    )
    if absent and all(r.reason and not r.counts for r in limits):
        text = say("no limit of an organ could be judged: the organs are not drawn")
        yield Found(say("structures"), text, CONTOUR_THEM)
    elif absent:
        text = say("not drawn, so their limits were not judged: {0}", joined(", ", absent))
        advice = say("Make sure that none of them lies near the beams.")
        yield Found(say("structures"), text, advice, severity=Severity.INFO)
    elif limits:
        yield Passed(say("structures"), say("all are drawn"))


@check("STRUCTURE_EMPTY", title="Empty structures", group=Group.STRUCTURES, rows=(19,))
def empty(context: CheckContext) -> Iterator[Outcome]:
    """Tell of structures without any closed contour."""
    names = [
        quoted(key) for key, s in context.structures.items() if not s.contours and s.problem is None
    ]
    if names:
        yield Found(say("structures"), say("without a closed contour: {0}", listed(names)))
    elif context.structures:
        yield Passed(say("structures"), say("none"), say("none"))


@check(
    "NAME_DUPLICATE",
    title="Duplicate names",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    source="AAPM TG-263",
    rows=(21,),
)
def duplicate_names(context: CheckContext) -> Iterator[Outcome]:
    """Find contoured structures of the same name.

    Names that differ in case or blanks only are told. A limit whose structure has two candidates is
    not evaluable, whatever this check says.
    """
    solid = [s for s in context.structures.values() if s.contours]
    by_fold: dict[str, list[str]] = {}
    for s in solid:
        by_fold.setdefault(folded(s.name), []).append(s.name)
    alike = {key: names for key, names in by_fold.items() if len(names) > 1}
    for names in alike.values():
        same = len(set(names)) < len(names)
        text = (
            say("{0} structures of one name", len(names))
            if same
            else say("names that differ in spelling only")
        )
        severity = None if same else Severity.INFO
        where = ", ".join(quoted(n) for n in dict.fromkeys(names))
        yield Found(where, text, say("Say with --map which one is meant."), severity=severity)
    if solid and not alike:
        yield Passed(say("structures"), counted(len(solid), "name"), say("all different"))


@check(
    "NAME_NOT_TG263",
    title="Names of TG-263",
    group=Group.STRUCTURES,
    source="AAPM TG-263",
    rows=(21,),
)
def names_not_tg263(context: CheckContext) -> Iterator[Outcome]:
    """Tell of names that are not in the list of TG-263, with the nearest in it, or break its form.

    In the list are the 718 names of its worksheet (2017-08-15) in either order, and what its rules
    make of them: planning risk volumes, parts, one less another, targets. The form is at most 16
    characters, no blanks, plain letters. Information only: the limits find their structures by many
    more names. Left out are names that the protocol itself uses, names that begin with ``z`` or
    ``_``, which are not for evaluation, and the couch and other equipment.
    """
    names = [
        s.name
        for s in context.structures.values()
        if s.contours and s.interpreted_type not in NAMED_BY_SYSTEM
    ]
    own = {s.name for s in context.protocol.structures} if context.protocol else set()
    asked = [n for n in names if not n.startswith(("z", "_")) and n not in own]
    aliases = _names_of_aliases(context.protocol)
    unlisted = [
        _with_nearest(n, respelled(n) or aliases.get(folded(n)) or nearest_name(n))
        for n in asked
        if not is_name(n)
    ]
    misshapen = [quoted(n) for n in asked if is_name(n) and not _is_well_formed(n)]
    told = []
    if unlisted:
        told.append(say("not in the list of TG-263: {0}", listed(unlisted)))
    if misshapen:
        told.append(say("longer than {0} characters: {1}", LONGEST_NAME, listed(misshapen)))
    if told:
        found = say("{0} of {1}", len(unlisted) + len(misshapen), counted(len(names), "name"))
        expected = say("a name of TG-263, at most {0} characters", LONGEST_NAME)
        yield Found(say("structures"), joined("; ", told), found=found, expected=expected)
    elif names:
        yield Passed(say("structures"), counted(len(names), "name"), "TG-263")


def _names_of_aliases(protocol: Protocol | None) -> dict[str, str]:
    """Return the listed name by the folded aliases under which a protocol knows a structure."""
    if protocol is None:
        return {}
    unclear = {folded(name) for name in protocol.unclear_names}
    return {
        folded(alias): s.name
        for s in protocol.structures
        if is_name(s.name)
        for aliases in s.aliases.values()
        for alias in aliases
        if alias not in s.partial and folded(alias) not in unclear
    }


def _with_nearest(name: str, nearest: str | None) -> str:
    return quoted(name) if nearest is None else say("{0} (nearest: {1})", quoted(name), nearest)


def _is_well_formed(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and " " not in name


@check(
    "STRAY_PARTS",
    title="Stray contours",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(20,),
)
def stray_parts(
    context: CheckContext,
    least_cc: float = 0.1,
    least_percent: float = 1.0,
    speck_cc: float = 0.001,
) -> Iterator[Outcome]:
    """Find small parts that lie apart from the rest of a structure: a slip of the brush.

    Parts hang together from plane to plane. One below both bounds is stray. Looked at are the
    structures that limits use.

    Parameters
    ----------
    least_cc, least_percent
        Volume, and part of the structure's volume, from which a part is meant.
    speck_cc
        Volume below which stray parts are information only: what Boolean operations and rounding
        leave behind. A cubic millimetre moves no limit; the smallest volume of one is 0.03 cc.
    """
    sound = 0
    for key, structure in context.evaluated_structures.items():
        region = context.doses.region(structure)
        if isinstance(region, Reason):
            continue
        parts = [part for solid in region.solids for part in parts_of(solid)]
        parts.sort(key=lambda part: -part.volume_cc)
        bound = min(least_cc, least_percent / 100 * sum(p.volume_cc for p in parts))
        stray = [p for p in parts[1:] if p.volume_cc < bound]
        if not stray:
            sound += 1
            continue
        first = stray[0]
        at = ", ".join(f"{c:.0f}" for c in first.centre_mm)
        is_speck = first.volume_cc < speck_cc
        found = say("below {0} cc", f"{speck_cc:g}") if is_speck else f"{first.volume_cc:.3f} cc"
        text = say(
            "{0} of {1} parts stray; the largest, {2}, at ({3}) mm",
            len(stray),
            len(parts),
            found,
            at,
        )
        advice, expected = (
            say("Ask the site to remove the stray contours."),
            say("at least {0} cc", f"{bound:.2g}"),
        )
        severity = Severity.INFO if is_speck else None
        yield Found(key, text, advice, found, expected, severity=severity)
    if sound:
        yield Passed(counted(sound, "structure"), say("none"), say("no stray parts"))
