"""Exports in the form of CDISC ADaM: ADSL, ADTTE, ADAE and ADTL, as CSV or SAS transport.

``AVAL`` is ADT - STARTDT + 1, the usual convention; this program's own times are ADT - STARTDT.
``CNSR`` is 0 for an event, the opposite of R's status; 8 is a competing death.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.anchor_days import cycle_days, fraction_days
from sbrt_qa.trial.cells import canonical_text
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import Censored, EndpointTime
from sbrt_qa.trial.plan_doses import BODY, EDIC, INTEGRAL, MEAN, SPLEEN, V5
from sbrt_qa.trial.sas_transport import EPOCH, XptTable, XptValue, XptVariable, write_xpt
from sbrt_qa.trial.toxicity_events import toxic_events
from sbrt_qa.trial.treated import PlanVerdict
from sbrt_qa.trial.trial_data import TrialRow

Cell = str | int | float | dt.date | None

CONVENTION: Final = "AVAL = ADT - STARTDT + 1 days; CNSR 0 = event, 8 = competing death"
"""What every export says of its times."""


@dataclass(frozen=True, slots=True)
class AdamTable:
    """One data set: its name, and rows that all have the same columns.

    `labels` are what the columns mean.
    """

    name: str
    labels: Mapping[str, str]
    rows: tuple[Mapping[str, Cell], ...]


def adam_tables(
    found: AnalysisSet, study: str, *, arms: Mapping[str, str] | None = None
) -> tuple[AdamTable, ...]:
    """Return the data sets of an analysis.

    Parameters
    ----------
    arms
        Other labels of the arms, of whom must not know them; then what tells treatments apart is
        left out.
    """
    blind = arms is not None
    names = arms or {"SBRT": "SBRT", "CONTROL": "CONTROL"}
    tables = [_adsl(found, study, names, blind=blind), _adtte(found, study, names)]
    if not blind:
        tables += [_adae(found, study), _adtl(found, study)]
    return tuple(tables)


# --- subjects -------------------------------------------------------------------------------------

_ADSL: Final = {
    "STUDYID": "Study", "USUBJID": "Subject", "SITEID": "Site", "ARM": "Planned arm",
    "ARMCD": "Planned arm code", "ACTARM": "Actual arm", "RANDDT": "Date of randomisation",
    "ITTFL": "Randomised", "SAFFL": "Safety population", "PPROTFL": "Per protocol (U: open)",
    "STRAT1": "Stratum of randomisation", "TRTSDT": "First dose of treatment",
    "TRTEDT": "Last dose of treatment", "DTHDT": "Date of death, where complete",
    "DTHFL": "Died", "DEVCLASS": "Verdict of the treated plan", "DEVSRC": "What deviates",
    "EDIC": "Dose to immune cells EDIC, Gy", "ITDGYCC": "Integral dose, Gy cc",
    "SPLMEAN": "Mean dose of the spleen, Gy", "SPLV5": "Spleen at 5 Gy or more, %",
}  # fmt: skip


def _adsl(found: AnalysisSet, study: str, arms: Mapping[str, str], *, blind: bool) -> AdamTable:
    rows = []
    for subject in found.cut.randomised:
        code = subject.subject
        member = found.lists.by_subject[code]
        doses = [*cycle_days(found.cut, code), *fraction_days(found.cut, code)]
        death = found.cut.death(code)
        plan = found.treated.get(code)
        strata = found.cut.data.of_subject("strata", code)
        row: dict[str, Cell] = {
            "STUDYID": study, "USUBJID": code, "SITEID": member.site,
            "ARM": arms.get(member.arm, ""), "ARMCD": arms.get(member.arm, ""),
            "ACTARM": "" if blind else member.treated, "RANDDT": randomised_on(subject),
            "ITTFL": "Y", "SAFFL": "Y" if member.safety else "N",
            "PPROTFL": "" if blind else member.per_protocol, "STRAT1": _stratum(strata),
            "TRTSDT": None if blind else min((d.first for d in doses), default=None),
            "TRTEDT": None if blind else max((d.last for d in doses), default=None),
            "DTHDT": death.first if death and death.exact else None,
            "DTHFL": "Y" if death else "N",
            "DEVCLASS": "" if blind or plan is None else str(plan.verdict),
            "DEVSRC": "" if blind or plan is None or plan.plan is None
            else " ".join(plan.plan.sources)[:200],
            **_covariates(None if blind or plan is None else plan.plan),
        }  # fmt: skip
        rows.append(row)
    return AdamTable("ADSL", _ADSL, tuple(rows))


_COVARIATES: Final = {
    "EDIC": (BODY, EDIC), "ITDGYCC": (BODY, INTEGRAL), "SPLMEAN": (SPLEEN, MEAN),
    "SPLV5": (SPLEEN, V5),
}  # fmt: skip


def _covariates(plan: PlanVerdict | None) -> dict[str, Cell]:
    """Return doses of the treated plan beside its limits; missing where not evaluable."""
    found = {
        name: plan.doses.of(structure, measure) if plan else None
        for name, (structure, measure) in _COVARIATES.items()
    }
    return {name: one.value if one else None for name, one in found.items()}


def _stratum(rows: tuple[TrialRow, ...]) -> str:
    """Return the levels of a subject, those of the randomisation system before those of forms."""
    levels: dict[str, str] = {}
    for row in rows:
        if row.text("factor") not in levels or row.text("source") == "IVRS":
            levels[row.text("factor")] = row.text("level")
    return " ".join(f"{factor}={level}" for factor, level in levels.items())


# --- times to event -------------------------------------------------------------------------------

_ADTTE: Final = {
    "STUDYID": "Study", "USUBJID": "Subject", "ARM": "Planned arm", "PARAMCD": "Endpoint",
    "AVAL": "Days, ADT - STARTDT + 1", "STARTDT": "Randomisation", "ADT": "Date of event or end",
    "ADTF": "Imputed part of ADT", "CNSR": "0 event, else why censored", "EVNTDESC": "Event",
    "CNSDTDSC": "Why censored", "SRCDOM": "Source table", "SRCVAR": "Source column",
    "SRCSEQ": "Source number", "NOTEVAL": "Why not evaluable",
}  # fmt: skip


def _adtte(found: AnalysisSet, study: str, arms: Mapping[str, str]) -> AdamTable:
    rows = []
    for times in found.endpoints.values():
        for one in times:
            arm = found.lists.by_subject[one.subject].arm
            rows.append(_time_row(one, study, arms.get(arm, "")))
    rows += [
        _follow_up(one, study, arms.get(found.lists.by_subject[one.subject].arm, ""))
        for one in found.times_of("overall_survival")
    ]
    return AdamTable("ADTTE", _ADTTE, tuple(rows))


def _time_row(one: EndpointTime, study: str, arm: str) -> dict[str, Cell]:
    happened = one.code in (Censored.EVENT, Censored.COMPETING_DEATH)
    return {
        "STUDYID": study, "USUBJID": one.subject, "ARM": arm, "PARAMCD": one.endpoint,
        "AVAL": None if one.end is None or one.start is None else (one.end - one.start).days + 1,
        "STARTDT": one.start, "ADT": one.end, "ADTF": one.imputed,
        "CNSR": None if one.code is None else int(one.code),
        "EVNTDESC": str(one.what) if happened else "",
        "CNSDTDSC": "" if happened else str(one.what),
        "SRCDOM": one.table, "SRCVAR": one.column, "SRCSEQ": one.number, "NOTEVAL": one.reason,
    }  # fmt: skip


def _follow_up(one: EndpointTime, study: str, arm: str) -> dict[str, Cell]:
    """Return the time of follow-up: as survival, with event and censoring exchanged."""
    row = _time_row(one, study, arm)
    ended = one.code is not None and one.code is not Censored.EVENT
    return row | {
        "PARAMCD": "FUPTIME", "CNSR": None if one.code is None else int(not ended),
        "EVNTDESC": "end of follow-up" if ended else "",
        "CNSDTDSC": "death" if one.event else "",
    }  # fmt: skip


# --- adverse events -------------------------------------------------------------------------------

_ADAE: Final = {
    "STUDYID": "Study", "USUBJID": "Subject", "AESEQ": "Number", "AEDECOD": "Term",
    "AEBODSYS": "System organ class", "ATOXGRN": "Grade", "AREL1": "Related to chemotherapy",
    "AREL2": "Related to SBRT", "AREL3": "Related to immunotherapy", "TRTEMFL": "Emergent",
    "AOCCPFL": "First at the highest grade of its term", "ASTDT": "Start", "AENDT": "End",
    "ASTDTF": "Imputed part of the start",
}  # fmt: skip


def _adae(found: AnalysisSet, study: str) -> AdamTable:
    rows: list[dict[str, Cell]] = []
    for subject in found.cut.randomised:
        events = found.cut.data.of_subject("adverse_events", subject.subject)
        emergent = {one.number for one in toxic_events(found.cut, subject) if one.counts}
        mine = [_event_row(subject, row, study, emergent) for row in events]
        highest: dict[str, dict[str, Cell]] = {}
        for row in mine:
            term = str(row["AEDECOD"])
            if term not in highest or int(str(row["ATOXGRN"])) > int(str(highest[term]["ATOXGRN"])):
                highest[term] = row
        for row in highest.values():
            row["AOCCPFL"] = "Y"
        rows += mine
    return AdamTable("ADAE", _ADAE, tuple(rows))


def _event_row(
    subject: TrialRow, row: TrialRow, study: str, emergent: Collection[int]
) -> dict[str, Cell]:
    code = subject.subject
    start, end = row.days("start"), row.days("end")
    origin = randomised_on(subject)
    shifted = start.not_before(origin) if start and origin and not start.exact else start
    day = (shifted or start).first if start else None
    return {
        "STUDYID": study, "USUBJID": code, "AESEQ": row.whole("ae"), "AEDECOD": row.text("term"),
        "AEBODSYS": row.text("soc"), "ATOXGRN": int(row.text("grade")),
        "AREL1": row.text("rel_chemo"), "AREL2": row.text("rel_sbrt"), "AREL3": row.text("rel_io"),
        "TRTEMFL": "Y" if row.whole("ae") in emergent else "N", "AOCCPFL": "", "ASTDT": day,
        "AENDT": end.first if end and end.exact else None,
        "ASTDTF": start.missing_part if start else "",
    }  # fmt: skip


# --- timeline -------------------------------------------------------------------------------------

_ADTL: Final = {
    "STUDYID": "Study", "USUBJID": "Subject", "PARAMCD": "Rule", "KIND": "Timeline or eligibility",
    "VERDICT": "Verdict", "ALOW": "Least value", "AHIGH": "Most value", "AVALU": "Unit",
    "REASON": "Why there is no verdict",
}  # fmt: skip


def _adtl(found: AnalysisSet, study: str) -> AdamTable:
    rows = []
    for one in found.results:
        lows, highs = ([value[i] for value in one.values] for i in (0, 1))
        rows.append({
            "STUDYID": study, "USUBJID": one.subject, "PARAMCD": one.rule, "KIND": one.kind,
            "VERDICT": str(one.verdict), "ALOW": min(lows, default=None),
            "AHIGH": max(highs, default=None), "AVALU": one.unit, "REASON": str(one.reason)[:200],
        })  # fmt: skip
    return AdamTable("ADTL", _ADTL, tuple(rows))


# --- files ----------------------------------------------------------------------------------------


def adam_csv(table: AdamTable) -> str:
    """Return a data set as CSV, dates in ISO form."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.labels)
    writer.writerows([_plain(row.get(name)) for name in table.labels] for row in table.rows)
    return out.getvalue()


def _plain(value: Cell) -> str:
    if value is None:
        return ""
    text = canonical_text(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "@", "\t") else text


def adam_xpt(table: AdamTable) -> bytes:
    """Return a data set as SAS transport file; dates are numbers of the format DATE."""
    variables = tuple(_variables(table))
    rows = tuple(
        tuple(_value(variable, row.get(variable.name)) for variable in variables)
        for row in table.rows
    )
    return write_xpt(XptTable(table.name, variables, rows))


def _variables(table: AdamTable) -> Iterator[XptVariable]:
    for name, label in table.labels.items():
        values = [row.get(name) for row in table.rows if row.get(name) is not None]
        if name.endswith("DT"):
            yield XptVariable(name, label, numeric=True, length=8, form="DATE")
        elif values and all(isinstance(value, int | float) for value in values):
            yield XptVariable(name, label, numeric=True, length=8)
        else:
            length = max((len(str(value).encode()) for value in values), default=1)
            yield XptVariable(name, label, numeric=False, length=min(max(length, 1), 200))


def _value(variable: XptVariable, value: Cell) -> XptValue:
    if value is None:
        return None
    if isinstance(value, dt.date):
        return float((value - EPOCH).days)
    if variable.numeric:
        return float(value)
    return str(value).encode()[:200].decode("utf-8", "ignore")
