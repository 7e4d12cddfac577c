"""``trial freeze``, ``export`` and ``report``: what is derived of a data cut, for whom."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.actors import refuse_nobody
from sbrt_qa.audit.trial_import import check_date, trial_store
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.data_cuts import FrozenCut
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.reports.outcome.outcome_roles import OutcomeRole
    from sbrt_qa.trial.adam import AdamTable
    from sbrt_qa.trial.analysis_set import AnalysisSet
    from sbrt_qa.trial.data_changes import RowChange
    from sbrt_qa.trial.problem import Problem, ProblemName
    from sbrt_qa.trial.treated import PlanVerdict
    from sbrt_qa.trial.trial_data import TrialData

ARMS: Final = ("SBRT", "CONTROL")
MOST_IMPORTS: Final = 12
"""Imports, counted from the last, in which the age of a problem is looked for."""

NEEDS_FREEZE: Final = "Freeze the data cut first: sbrt-qa trial freeze AUDIT --cut DATE"


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """What is asked of a trial.

    Parameters
    ----------
    cut
        The day up to which data count, ISO; that of the last freeze when empty.
    protocol
        Name or file.
    verdicts_of
        Hash of the protocol version that plan verdicts are of; else of each plan's own.
    """

    audit: Path
    cut: str = ""
    protocol: str = "liver_sbrt"
    database: str = ""
    verdicts_of: str = ""
    by: Doing | None = None


def freeze(request: TrialRequest, label: str = "") -> FrozenCut:
    """Freeze the last import as a data cut, with the verdicts of plans as they are.

    Raises
    ------
    UsageError
        No data were imported, or the day is none.
    """
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store import treated_plans
    from sbrt_qa.audit.store.data_cuts import freeze_cut
    from sbrt_qa.audit.store.trial_records import stored_head
    from sbrt_qa.audit.times import now

    with trial_store(request.audit, request.database) as engine:
        imported = stored_head(engine)
        day = request.cut or imported.at[:10]
        check_date(day)
        plans = treated_plans.plan_verdicts(engine, _version(engine, request.verdicts_of))
        made = freeze_cut(engine, imported.id, day, label, plans, now(), request.by)
        write_head(request.audit, engine)
    return made


@dataclass(frozen=True, slots=True)
class DerivedAnalysis:
    """An analysis, and what it stands on."""

    found: AnalysisSet
    protocol: Protocol
    plans: tuple[PlanVerdict, ...]
    hashes: dict[str, str]
    cut: FrozenCut | None


def derived(engine: Database, request: TrialRequest, *, frozen: bool) -> DerivedAnalysis:
    """Return the analysis of a cut.

    Parameters
    ----------
    frozen
        Outcome is joined to verdicts of plans: they must have been frozen before, and still be
        what they were.

    Raises
    ------
    UsageError
        There is no such frozen cut, or verdicts have changed since.
    """
    from sbrt_qa import __version__
    from sbrt_qa.audit.store import treated_plans
    from sbrt_qa.audit.store.records import sha256
    from sbrt_qa.audit.store.trial_records import stored_import
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.trial.analysis_set import analysis_set
    from sbrt_qa.trial.data_cut import data_cut
    from sbrt_qa.trial.treated import frozen_text

    protocol = load_protocol(request.protocol)
    now_plans = treated_plans.plan_verdicts(engine, _version(engine, request.verdicts_of))
    cut = _cut_of(engine, request.cut)
    if frozen and cut is None:
        raise UsageError("this data cut is not frozen", got=request.cut, advice=NEEDS_FREEZE)
    if frozen and cut is not None and sha256(frozen_text(now_plans)) != cut.verdicts_sha256:
        raise UsageError(
            "verdicts of plans have changed since the data cut was frozen",
            advice="Freeze it again; the chain keeps both. " + NEEDS_FREEZE,
        )
    imported = stored_import(engine, cut.import_id if cut else 0)
    day = check_date(request.cut or (cut.cut if cut else imported.head.at[:10]))
    plans = cut.plans if cut else now_plans
    found = analysis_set(data_cut(imported.imported, day), protocol, plans)
    hashes = {
        say("data"): imported.head.canonical_sha256, say("data cut"): day.isoformat(),
        say("rules of the trial"): protocol.trial_hash, say("protocol"): protocol.content_hash,
        say("verdicts of plans"): sha256(frozen_text(plans)), "sbrt_qa": __version__,
        say("analysis"): sha256(found.text()),
    }  # fmt: skip
    return DerivedAnalysis(found, protocol, plans, hashes, cut)


def _version(engine: Database, start: str) -> str:
    """Return the one protocol version of the audit whose hash begins so; empty for none asked."""
    if not start:
        return ""
    from sbrt_qa.audit.store.kept import protocols

    found = [one for one in protocols(engine) if one.startswith(start)]
    if len(found) != 1:
        raise UsageError("not one protocol of this audit has such a hash", got=quoted(start))
    return found[0]


def _cut_of(engine: Database, day: str) -> FrozenCut | None:
    from sbrt_qa.audit.store.data_cuts import frozen_cuts

    mine = [one for one in frozen_cuts(engine) if day in ("", one.cut)]
    return mine[-1] if mine else None


def export_adam(request: TrialRequest) -> tuple[AdamTable, ...]:
    """Return the analysis data sets by arm; that is an event of the chain.

    Raises
    ------
    UsageError
        The cut is not frozen, or nobody is said to export it.
    """
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store.data_cuts import OPENED, record_analysis, tell_of_report
    from sbrt_qa.audit.times import now
    from sbrt_qa.trial.adam import adam_tables

    by = refuse_nobody(request.by)
    with trial_store(request.audit, request.database) as engine:
        made = derived(engine, request, frozen=True)
        if made.cut is not None:
            record_analysis(engine, made.cut.id, made.protocol.trial_hash, made.hashes["sbrt_qa"],
                            made.found.text(), now(), by)  # fmt: skip
        told = {"what": "export by arm", "cut": made.hashes["data cut"],
                "data": made.hashes["data"]}  # fmt: skip
        tell_of_report(engine, OPENED, "export", dict(told), now(), by)
        write_head(request.audit, engine)
    return adam_tables(made.found, made.protocol.trial or made.protocol.id)


def report(
    request: TrialRequest,
    role: OutcomeRole,
    *,
    output_format: str,
    language: str = "en",
    site: str = "",
    key_file: Path | None = None,
    failures: Path | None = None,
) -> bytes:
    """Return the report of a role, as ``html`` or ``pdf``.

    Raises
    ------
    UsageError
        The role needs a site, a key file or a frozen cut that is not there, or the data has no
        such site: a report without problems would tell of a site that nothing is known of.
    """
    from sbrt_qa.audit.failure_files import failure_files
    from sbrt_qa.reports.outcome.asked_report import AskedReport
    from sbrt_qa.reports.outcome.outcome_report import outcome_html, outcome_page, outcome_pdf

    kept, hashes = failure_files(failures) if failures and "failure" in role.screens else ((), {})
    if role.one_site and not site:
        raise UsageError("this role sees one site", advice="Say which: --site CODE")
    arms = _arms(request.audit, role, key_file)
    if role.closed:
        refuse_nobody(request.by)
    with trial_store(request.audit, request.database) as engine:
        made = derived(engine, request, frozen=role.arms != "none")
        if role.one_site:
            refuse_unknown_site(made.found.cut.data, made.found.cut.problems, site)
        if role.closed:
            _told(engine, request, role, made)
        first_seen, changes = _history(engine) if "quality" in role.screens else ({}, ())
    asked = AskedReport(
        made.found, made.protocol, role, arms, site if role.one_site else "", made.plans,
        made.hashes | hashes, first_seen, changes, kept,
    )  # fmt: skip
    page = outcome_page(asked)
    return outcome_pdf(page, language) if output_format == "pdf" else outcome_html(page, language)


def refuse_unknown_site(data: TrialData, problems: Sequence[Problem], site: str) -> None:
    """Refuse a site that the data of a trial and the problems with them do not name.

    Raises
    ------
    UsageError
        There is no such site.
    """
    rows = (*data.of("sites"), *data.of("subjects"))
    known = {one.site for one in problems} | {row.text("site") for row in rows}
    if site not in known:
        expected = ", ".join(map(visible, sorted(known - {""}))) or "none"
        raise UsageError("the data has no such site", got=quoted(site), expected=expected)


def _history(engine: Database) -> tuple[dict[ProblemName, str], tuple[RowChange, ...]]:
    """Return when each problem was first had by an import, and what the last import changed."""
    from sbrt_qa.audit.store.trial_records import import_heads, stored_import, stored_problems
    from sbrt_qa.trial.data_changes import row_changes
    from sbrt_qa.trial.problem import name_of

    first: dict[ProblemName, str] = {}
    heads = import_heads(engine)[-MOST_IMPORTS:]
    for head in heads:
        for problem in stored_problems(engine, head.id):
            first.setdefault(name_of(problem), head.at)
    if len(heads) < 2:
        return first, ()
    before, after = (stored_import(engine, head.id).imported.data for head in heads[-2:])
    return first, row_changes(before, after)


def _told(
    engine: Database, request: TrialRequest, role: OutcomeRole, made: DerivedAnalysis
) -> None:
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store.data_cuts import OPENED, tell_of_report
    from sbrt_qa.audit.times import now

    told: dict[str, object] = {
        "what": "report", "role": role.name, "cut": made.hashes["data cut"],
        "data": made.hashes["data"], "analysis": made.hashes["analysis"],
    }  # fmt: skip
    tell_of_report(engine, OPENED, role.name, told, now(), request.by)
    write_head(request.audit, engine)


def unlock(request: TrialRequest) -> None:
    """Record that the labels of the arms are given to the statistician: a person decides that.

    Raises
    ------
    UsageError
        Nobody is said to decide it.
    """
    from sbrt_qa.audit.head import write_head
    from sbrt_qa.audit.store.data_cuts import UNLOCKED, tell_of_report
    from sbrt_qa.audit.times import now

    by = refuse_nobody(request.by)
    with trial_store(request.audit, request.database) as engine:
        told: dict[str, object] = {"what": "labels of the arms", "role": by.actor.role}
        if (cut := _cut_of(engine, request.cut)) is not None:
            told |= {"cut": cut.cut, "verdicts": cut.verdicts_sha256}
        tell_of_report(engine, UNLOCKED, "", told, now(), by)
        write_head(request.audit, engine)


def _arms(audit: Path, role: OutcomeRole, key_file: Path | None) -> dict[str, str]:
    if role.arms == "real":
        return {arm: arm for arm in ARMS}
    if role.arms != "blind":
        return {}
    if key_file is None:
        advice = "Give a file for the labels outside the audit: --labels FILE; it is made once."
        raise UsageError("this role sees the arms as A and B", advice=advice)
    if key_file.resolve().is_relative_to(audit.resolve()):
        raise UsageError("the labels lie in the audit's own folder", got=quoted(key_file.name))
    return _labels(key_file)


def _labels(key_file: Path) -> dict[str, str]:
    """Return the random labels of a key file, which is made when it is not there."""
    try:
        if not key_file.exists():
            first = secrets.choice((0, 1))
            made = {arm: "AB"[number ^ first] for number, arm in enumerate(ARMS)}
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(json.dumps(made) + "\n")
        found = json.loads(key_file.read_text(encoding="utf-8"))
        if {str(found[arm]) for arm in ARMS} == {"A", "B"}:
            return {arm: str(found[arm]) for arm in ARMS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("the labels cannot be used", got=quoted(key_file.name)) from error
    raise UsageError("the labels cannot be used", got=quoted(key_file.name))
