"""Whether all that states the prescription states the same, and whether the protocol allows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target
from sbrt_qa.protocol.applicability import RX_NOT_IN_PROTOCOL, levels_told
from sbrt_qa.protocol.name_dose import dose_in_name
from sbrt_qa.units import GY_PER_CGY, gy_text

_GY: Final = r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(c?gy)"
_DOSE_TIMES_N: Final = re.compile(_GY + r"\s*(?:[x×*])\s*(\d{1,2})(?!\d|\s*c?gy)", re.IGNORECASE)
_N_TIMES_DOSE: Final = re.compile(r"(?<![\d.])(\d{1,2})\s*[x×*]\s*" + _GY, re.IGNORECASE)
_DOSE_IN_N: Final = re.compile(_GY + r"\s*(?:/|in)\s*(\d{1,2})(?!\d)", re.IGNORECASE)
SAME: Final = 0.005
"""Relative difference up to which two doses are the same."""


class _Said(NamedTuple):
    """A dose and a number of fractions as a text puts them."""

    dose_gy: float
    fractions: int
    each: bool

    @property
    def text(self) -> str:
        if self.each:
            return f"{self.fractions} x {gy_text(self.dose_gy)} Gy"
        return f"{gy_text(self.dose_gy)} Gy in {counted(self.fractions, 'fraction')}"

    def agrees(self, total_gy: float, fractions: int) -> bool:
        total = self.dose_gy * self.fractions if self.each else self.dose_gy
        return self.fractions == fractions and _same(total, total_gy)


def _same(a_gy: float, b_gy: float) -> bool:
    return abs(a_gy - b_gy) <= SAME * b_gy


@check(
    RX_NOT_IN_PROTOCOL,
    title="Prescription and protocol",
    group=Group.PRESCRIPTION,
    severity=Severity.BLOCK,
    source="protocol",
    rows=(6,),
)
def allowed(context: CheckContext) -> Iterator[Outcome]:
    """Find a total dose or number of fractions that the protocol does not have.

    Limits that depend on the prescription are then not applied, so that the case is not evaluable.
    Doses within 0.5 % are the same level.
    """
    told = [f for f in context.told if f.code == RX_NOT_IN_PROTOCOL]
    levels = context.protocol.prescriptions if context.protocol else ()
    expected = levels_told(context.protocol) if context.protocol else ""
    for f in told:
        yield Found(f.where, f.message, f.advice)
    rx_gy, fractions = context.prescription_gy, context.fractions
    if context.plan is not None and (rx_gy is None or fractions is None):
        stated = context.plan.prescription if rx_gy is None else context.plan.fractions
        why = stated.detail if isinstance(stated, Reason) else say("the plan does not state it")
        yield Untold("RTPLAN", why, say("Ask the site what was prescribed."))
    if not told and levels and rx_gy is not None and fractions is not None:
        yield Passed(
            "RTPLAN",
            say("{0} Gy in {1}", gy_text(rx_gy), counted(fractions, "fraction")),
            expected,
            "0.5 %",
        )


@check(
    "RX_STATEMENTS_DIFFER",
    title="Statements of the prescription",
    group=Group.PRESCRIPTION,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    rows=(6,),
)
def statements(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan that states its prescription several times, and not always the same.

    Dose per fraction times fractions must be the total. Compared are the prescription that limits
    use, the doses of the fraction groups, and texts such as ``5 x 10 Gy`` or ``50 Gy/5`` in the
    prescription's description, plan label and name, and descriptions of target doses. A text that
    disagrees is a minor deviation: texts are written by hand.
    """
    plan, rx_gy, fractions = context.plan, context.prescription_gy, context.fractions
    if plan is None or rx_gy is None or fractions is None:
        return
    expected = say("{0} Gy in {1}", gy_text(rx_gy), counted(fractions, "fraction"))
    advice = say("Ask the site which one is meant.")
    for group in plan.fraction_groups:
        if group.prescription_gy is not None and not _same(group.prescription_gy, rx_gy):
            found = f"{gy_text(group.prescription_gy)} Gy"
            message = say("fraction group {0} prescribes {1}", group.number, found)
            yield Found(say("plan"), message, advice, found, expected, "0.5 %")
    agreeing = []
    for where, text in _texts(plan):
        for said in said_in(text):
            if said.agrees(rx_gy, fractions):
                agreeing.append(said.text)
            else:
                message = say("{0} {1} says {2}", where, quoted(text), said.text)
                yield Found(
                    say("plan"), message, advice, said.text, expected, "0.5 %", Severity.MINOR
                )
    given = ", ".join(dict.fromkeys(agreeing))
    yield Passed(
        say("plan"),
        say("{0}{1}", expected, say("; texts: {0}", given) if given else ""),
        expected,
        "0.5 %",
    )


def _texts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield say("the prescription's description"), plan.prescription_text
    yield say("the plan's label"), plan.label
    yield say("the plan's name"), plan.name
    for reference in plan.dose_references:
        yield say("a target's description"), reference.description


def said_in(text: str) -> tuple[_Said, ...]:
    """Return every dose with a number of fractions that a text states."""
    found = [_said(m[1], m[2], m[3], each=True) for m in _DOSE_TIMES_N.finditer(text)]
    found += [_said(m[2], m[3], m[1], each=True) for m in _N_TIMES_DOSE.finditer(text)]
    found += [_said(m[1], m[2], m[3], each=False) for m in _DOSE_IN_N.finditer(text)]
    return tuple(s for s in found if s.dose_gy > 0 and s.fractions > 0)


def _said(dose: str, unit: str, fractions: str, *, each: bool) -> _Said:
    factor = GY_PER_CGY if unit.casefold() == "cgy" else 1.0
    return _Said(float(dose.replace(",", ".")) * factor, int(fractions), each)


@check(
    "TARGET_NAME_DOSE",
    title="Doses in target names",
    group=Group.PRESCRIPTION,
    severity=Severity.MINOR,
    source="AAPM TG-263",
    rows=(6, 21),
)
def target_names(context: CheckContext) -> Iterator[Outcome]:
    """Find a target whose name carries another dose than was prescribed.

    ``PTV_4500`` in a plan of 50 Gy is a target of another plan, or the plan is wrong. Any spelling
    counts: ``ptv4500``, ``PTV 45Gy``, ``PTV45/5``, ``PTV_5x9Gy`` (`sbrt_qa.protocol.name_dose`).
    With fractions and no unit (``PTV_1000x5``) the dose is that of one fraction, as in TG-263, or
    the total, as many write. Where the plan prescribes a dose to the target's own ROI number, the
    name must carry that; else a dose of any target that the plan prescribes to is accepted.
    """
    rx_gy, plan = context.prescription_gy, context.plan
    if rx_gy is None or plan is None:
        return
    by_roi: dict[int | None, set[float]] = {}
    for reference in plan.dose_references:
        if reference.target_prescription_gy:
            by_roi.setdefault(reference.roi_number, set()).add(reference.target_prescription_gy)
    anywhere = {rx_gy}.union(*by_roi.values())
    for key, structure in context.structures.items():
        carried = dose_in_name(structure.name) if _is_target(context, structure) else None
        if carried is None:
            continue
        doses = by_roi.get(structure.roi_number, anywhere)
        expected = ", ".join(f"{d:g} Gy" for d in sorted(doses, reverse=True))
        if any(carried.agrees(d, SAME) for d in doses):
            yield Passed(key, quoted(carried.text), expected)
        else:
            readings = joined(" or ", [f"{d:g} Gy" for d in carried.totals_gy])
            text = say("the name carries {0}, read as {1}", quoted(carried.text), readings)
            advice = say("Check that the target and the prescription are of the same plan.")
            yield Found(key, text, advice, readings, expected, "0.5 %")


def _is_target(context: CheckContext, structure: Structure) -> bool:
    """Tell whether a structure with contours is a target by its name, its type or the protocol."""
    if not structure.contours:
        return False
    if is_target(structure):
        return True
    known = context.protocol.structures if context.protocol else ()
    return any(context.one(s.name) is structure for s in known if s.kind == "target")
